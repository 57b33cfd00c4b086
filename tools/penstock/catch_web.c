#include "catch_web.h"

#include <errno.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/clock.h"
#include "store/partial.h"

/* The first wait after a get that failed; it doubles. */
#define WEB_AGAIN_NS PEN_NS_PER_S
#define WEB_DOUBLINGS 6u

void catch_web_open(struct catch_web *web, const struct catch_web_ask *ask)
{
	PEN_CHECK(ask->gets >= 1);
	PEN_CHECK(ask->gets <= CATCH_WEB_GETS_MAX);
	*web = (struct catch_web){.ask = *ask, .object.root = ask->root};
	for (unsigned i = 0; i < ask->gets; i++)
		web->get[i].web = web;
}

static struct pen_origin *origin_of(const struct catch_web *web)
{
	return web->ask.supply->queries[web->word].origin;
}

void catch_web_close(struct catch_web *web)
{
	if (!catch_web_is_open(web))
		return;
	/* No origin may append to what is freed here. */
	for (unsigned i = 0; i < web->ask.gets; i++) {
		if (web->get[i].state == CATCH_WEB_FLYING)
			origin_of(web)->ops->cancel(origin_of(web), i);
	}
	for (unsigned i = 0; i < web->ask.gets; i++)
		pen_buf_fini(&web->get[i].bytes);
	free(web->leaves);
	*web = (struct catch_web){0};
}

static void fail(struct catch_web *web, int err, const struct pen_why *why)
{
	pen_fail_first(&web->err, &web->why, err, why);
}

/* Who is asked next? False if nobody is left. */
static bool source_next(struct catch_web *web)
{
	const struct supply *supply = web->ask.supply;
	for (unsigned s = 0; s < supply->ask.count; s++) {
		if (!supply->queries[s].origin || web->source[s].out)
			continue;
		web->word = s;
		supply->queries[s].origin->wake = web->ask.wake->fd;
		return true;
	}
	web->over = true;
	return false;
}

/* Ask a source for the first block, which tells how large the object is. */
static void source_begin(struct catch_web *web)
{
	web->leaving = false;
	web->bytes = 0;
	web->blocks = web->here = web->kept = web->kept_end = 0;
	free(web->leaves);
	web->leaves = NULL;
	web->object.file++;
	web->next = 1;
	web->get[0].state = CATCH_WEB_DUE;
	web->get[0].unit = 0;
	web->get[0].tries = 0;
	web->get[0].again_ns = 0;
}

void catch_web_begin(struct catch_web *web)
{
	PEN_CHECK(catch_web_is_open(web));
	PEN_CHECK(!web->begun);
	web->begun = true;
	if (source_next(web))
		source_begin(web);
}

/* The source is no good: the next one, as soon as nothing of it is under way. */
static void source_out(struct catch_web *web, int code, const struct pen_why *why)
{
	struct catch_web_source *source = &web->source[web->word];
	if (!source->out) {
		source->out = true;
		source->code = code;
		source->why = *why;
	}
	if (pen_gravity(code) > pen_gravity(web->code)) {
		web->code = code;
		web->code_why = *why;
	}
	web->leaving = true;
}

/* All are here, and are not the object. */
static void refuted(struct catch_web *web)
{
	struct pen_why why;
	char root[PEN_HASH_TEXT_BYTES];
	pen_partial_drop(web->ask.stash->disk, &web->ask.root);
	if (web->kept) {
		/* Perhaps it was what we had, which is gone now. */
		web->leaving = true;
		return;
	}
	web->source[web->word].bad++;
	pen_fail(&why, PEN_EVERIFY, "%s: raw/%s has other bytes than its name says",
		origin_of(web)->label, pen_base58(&web->ask.root, root));
	source_out(web, PEN_EVERIFY, &why);
}

static void ended(struct errand *errand, int64_t now_ns)
{
	struct catch_web *web = errand->owner;
	(void)now_ns;
	if (errand->verdict == ERRAND_BROKEN)
		fail(web, errand->err, &errand->why);
	else
		web->done = true;
}

static void whole(struct catch_web *web)
{
	struct pen_hash root;
	pen_raw_leaves_root(web->leaves, web->blocks, &root);
	if (!pen_hash_equal(&root, &web->ask.root)) {
		refuted(web);
		return;
	}
	web->object.bytes = web->bytes;
	web->end = (struct errand){
		.kind = ERRAND_END, .back = ended, .owner = web, .object = &web->object};
	workshop_put(web->ask.workshop, &web->end);
}

static void came_back(struct errand *errand, int64_t now_ns)
{
	struct catch_web_get *get = errand->owner;
	struct catch_web *web = get->web;
	get->state = CATCH_WEB_FREE;
	if (errand->verdict == ERRAND_BROKEN) {
		fail(web, errand->err, &errand->why);
	} else if (errand->verdict == ERRAND_WRONG) {
		/* It was not written whole: it is got after all. */
		get->state = CATCH_WEB_DUE;
		get->again_ns = now_ns;
	} else {
		web->leaves[get->unit] = errand->leaf;
		web->kept += errand->kind == ERRAND_KEPT;
		if (++web->here == web->blocks && !web->leaving)
			whole(web);
	}
}

/* Let a worker hash a block: one that came, or one that is in the file. */
static void block_send(struct catch_web *web, struct catch_web_get *get, bool kept)
{
	get->state = CATCH_WEB_AWAY;
	get->errand = (struct errand){.kind = kept ? ERRAND_KEPT : ERRAND_BLOCK,
		.back = came_back,
		.owner = get,
		.object = &web->object,
		.unit = get->unit,
		.unproved = true};
	if (kept)
		get->errand.kept_bytes = pen_raw_block_bytes(web->bytes, get->unit);
	else
		get->errand.bytes = pen_buf_bytes(&get->bytes);
	workshop_put(web->ask.workshop, &get->errand);
}

/* The first block came, and with it the size. 0 or a code with a sentence. */
static int size_take(struct catch_web *web, uint64_t bytes, struct pen_why *why)
{
	struct pen_disk *disk = web->ask.stash->disk;
	uint64_t here = 0;
	web->bytes = bytes;
	web->blocks = pen_raw_blocks(bytes);
	web->leaves = calloc(web->blocks, sizeof *web->leaves);
	if (!web->leaves)
		return pen_fail(why, -ENOMEM, "no memory for %u digests", web->blocks);
	int err = pen_partial_begin(disk, &web->ask.root, &here, why);
	/* What is longer cannot be of it. */
	if (!err && here > bytes) {
		pen_partial_drop(disk, &web->ask.root);
		err = pen_partial_begin(disk, &web->ask.root, &here, why);
	}
	uint64_t end = here / PEN_RAW_BLOCK_BYTES + (here == bytes);
	web->kept_end = end < web->blocks ? (uint32_t)end : web->blocks;
	return err;
}

/* A get ended well. */
static void block_take(
	struct catch_web *web, struct catch_web_get *get, const struct pen_origin_done *done)
{
	struct pen_why why;
	const char *label = origin_of(web)->label;
	uint64_t bytes = done->object_bytes;
	int err = 0;
	if (bytes == 0 || bytes > PEN_RAW_BYTES_MAX) {
		pen_fail(&why, PEN_EINPUT, "%s: no object has %llu bytes", label,
			(unsigned long long)bytes);
		source_out(web, PEN_EINPUT, &why);
	} else if (!web->bytes && (err = size_take(web, bytes, &why))) {
		fail(web, err, &why);
	} else if (bytes != web->bytes || get->bytes.len != pen_raw_block_bytes(bytes, get->unit)) {
		pen_fail(&why, PEN_EINPUT, "%s: %s became another while it was read", label,
			get->name);
		source_out(web, PEN_EINPUT, &why);
	} else {
		block_send(web, get, false);
		return;
	}
	get->state = CATCH_WEB_FREE;
}

/* A get failed: once more, or from another. */
static void get_failed(struct catch_web *web, struct catch_web_get *get,
	const struct pen_origin_done *done, int64_t now_ns)
{
	unsigned doublings = get->tries < WEB_DOUBLINGS ? get->tries : WEB_DOUBLINGS;
	int64_t wait_ns = WEB_AGAIN_NS << doublings;
	get->state = CATCH_WEB_FREE;
	if (web->leaving || done->result == -ECANCELED)
		return;
	if (done->result == -ENOMEM) {
		fail(web, done->result, &done->why);
		return;
	}
	if (done->result != PEN_ENET || ++get->tries >= web->ask.tries) {
		source_out(web, done->result, &done->why);
		return;
	}
	get->state = CATCH_WEB_DUE;
	get->again_ns = now_ns + (done->retry_after_ns > wait_ns ? done->retry_after_ns : wait_ns);
}

static void reap(struct catch_web *web, int64_t now_ns)
{
	struct pen_origin_done done[CATCH_WEB_GETS_MAX];
	struct pen_origin *origin = origin_of(web);
	unsigned count = origin->ops->reap(origin, done, CATCH_WEB_GETS_MAX, 0);
	for (unsigned i = 0; i < count; i++) {
		struct catch_web_get *get = &web->get[done[i].tag];
		PEN_CHECK(get->state == CATCH_WEB_FLYING);
		web->source[web->word].bytes += done[i].bytes_wire;
		if (done[i].result || web->leaving || web->err)
			get_failed(web, get, &done[i], now_ns);
		else
			block_take(web, get, &done[i]);
	}
}

/* Nothing came for too long. */
static void stall_look(struct catch_web *web, struct catch_web_get *get, int64_t now_ns)
{
	struct pen_why why;
	if (get->bytes.len != get->seen) {
		get->seen = get->bytes.len;
		get->moved_ns = now_ns;
	}
	if (now_ns - get->moved_ns < web->ask.stall_ns || web->leaving)
		return;
	pen_fail(&why, PEN_ESTALL, "%s/%s: no byte for %lld s", origin_of(web)->label, get->name,
		(long long)(web->ask.stall_ns / PEN_NS_PER_S));
	source_out(web, PEN_ESTALL, &why);
}

static void get_begin(struct catch_web *web, struct catch_web_get *get, int64_t now_ns)
{
	struct pen_origin *origin = origin_of(web);
	pen_raw_path(&web->ask.root, get->name);
	get->bytes.len = get->seen = 0;
	get->moved_ns = now_ns;
	const struct pen_origin_get want = {.name = get->name,
		.offset = (uint64_t)get->unit * PEN_RAW_BLOCK_BYTES,
		.bytes_max = PEN_RAW_BLOCK_BYTES,
		.piece = true,
		.into = &get->bytes,
		.tag = (uint64_t)(get - web->get)};
	if (origin->ops->submit(origin, &want, 1))
		get->state = CATCH_WEB_FLYING;
}

/* The next block goes to a free get, or is in the file already. */
static void get_next(struct catch_web *web, struct catch_web_get *get)
{
	get->unit = web->next++;
	get->tries = 0;
	get->again_ns = 0;
	if (get->unit < web->kept_end)
		block_send(web, get, true);
	else
		get->state = CATCH_WEB_DUE;
}

/* True if nothing is under way. */
static bool is_idle(const struct catch_web *web)
{
	bool idle = true;
	for (unsigned i = 0; i < web->ask.gets; i++)
		idle &= web->get[i].state == CATCH_WEB_FREE;
	return idle;
}

static void leave(struct catch_web *web)
{
	struct pen_origin *origin = origin_of(web);
	for (unsigned i = 0; i < web->ask.gets; i++) {
		if (web->get[i].state == CATCH_WEB_FLYING)
			origin->ops->cancel(origin, i);
		else if (web->get[i].state == CATCH_WEB_DUE)
			web->get[i].state = CATCH_WEB_FREE;
	}
	if (!is_idle(web))
		return;
	origin->wake = -1;
	if (source_next(web))
		source_begin(web);
}

void catch_web_turn(struct catch_web *web, int64_t now_ns)
{
	if (!web->begun || web->over || web->done || web->err)
		return;
	reap(web, now_ns);
	for (unsigned i = 0; i < web->ask.gets && !web->err && !web->leaving; i++) {
		struct catch_web_get *get = &web->get[i];
		if (get->state == CATCH_WEB_FLYING)
			stall_look(web, get, now_ns);
		if (get->state == CATCH_WEB_FREE && web->next < web->blocks)
			get_next(web, get);
		if (get->state == CATCH_WEB_DUE && now_ns >= get->again_ns)
			get_begin(web, get, now_ns);
	}
	if (web->leaving)
		leave(web);
}

bool catch_web_wait(struct catch_web *web, int64_t ns)
{
	bool flies = false;
	for (unsigned i = 0; i < web->ask.gets; i++)
		flies |= web->get[i].state == CATCH_WEB_FLYING;
	if (!flies || web->over || web->err)
		return false;
	origin_of(web)->ops->reap(origin_of(web), NULL, 0, ns);
	return true;
}

uint64_t catch_web_bytes(const struct catch_web *web)
{
	uint64_t bytes = 0;
	for (unsigned s = 0; s < SUPPLY_WORDS_MAX; s++)
		bytes += web->source[s].bytes;
	return bytes;
}
