#include "catch_web.h"

#include <errno.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/clock.h"
#include "store/partial.h"

void catch_web_open(struct catch_web *web, const struct catch_web_ask *ask)
{
	PEN_CHECK(ask->gets >= 1);
	PEN_CHECK(ask->gets <= CATCH_WEB_GETS_MAX);
	*web = (struct catch_web){.ask = *ask, .object.root = ask->root};
	for (unsigned i = 0; i < ask->gets; i++)
		web->get[i].owner = web;
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
		if (web->get[i].state == CATCH_GET_FLYING)
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
		if (!supply->queries[s].origin || web->ask.sources->list[s].out)
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
	catch_get_want(&web->get[0], 0);
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
	catch_sources_out(web->ask.sources, web->word, code, why);
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
	web->ask.sources->list[web->word].bad++;
	pen_fail(&why, PEN_EVERIFY, "%s: raw/%s has other bytes than its name says",
		origin_of(web)->label, pen_base58(&web->ask.root, root));
	source_out(web, PEN_EVERIFY, &why);
}

static void ended(struct errand *errand, int64_t now_ns)
{
	struct catch_web *web = errand->owner;
	(void)now_ns;
	if (errand->verdict == ERRAND_BROKEN) {
		fail(web, errand->err, &errand->why);
		return;
	}
	stash_keep(web->ask.stash, web->bytes, web->leaves);
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
	struct catch_get *get = errand->owner;
	struct catch_web *web = get->owner;
	get->state = CATCH_GET_FREE;
	if (errand->verdict == ERRAND_BROKEN) {
		fail(web, errand->err, &errand->why);
	} else if (errand->verdict == ERRAND_WRONG) {
		/* It was not written whole: it is got after all. */
		get->state = CATCH_GET_DUE;
		get->again_ns = now_ns;
	} else {
		web->leaves[get->unit] = errand->leaf;
		web->kept += errand->kind == ERRAND_KEPT;
		if (++web->here == web->blocks && !web->leaving)
			whole(web);
	}
}

/* Let a worker hash a block: one that came, or one that is in the file. */
static void block_send(struct catch_web *web, struct catch_get *get, bool kept)
{
	get->state = CATCH_GET_AWAY;
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
	struct catch_web *web, struct catch_get *get, const struct pen_origin_done *done)
{
	struct pen_why why;
	const char *label = origin_of(web)->label;
	uint64_t bytes = done->object_bytes;
	int err = catch_get_size_check(bytes, label, &why);
	if (err) {
		source_out(web, err, &why);
	} else if (!web->bytes && (err = size_take(web, bytes, &why))) {
		fail(web, err, &why);
	} else if (bytes != web->bytes || get->bytes.len != pen_raw_block_bytes(bytes, get->unit)) {
		source_out(web, catch_get_changed(get, label, &why), &why);
	} else {
		block_send(web, get, false);
		return;
	}
	get->state = CATCH_GET_FREE;
}

/* A get failed: once more, or from another. */
static void get_failed(struct catch_web *web, struct catch_get *get,
	const struct pen_origin_done *done, int64_t now_ns)
{
	get->state = CATCH_GET_FREE;
	if (web->leaving || done->result == -ECANCELED)
		return;
	if (done->result == -ENOMEM) {
		fail(web, done->result, &done->why);
		return;
	}
	if (!catch_get_again(get, done, web->ask.tries, now_ns))
		source_out(web, done->result, &done->why);
}

static void reap(struct catch_web *web, int64_t now_ns)
{
	struct pen_origin_done done[CATCH_WEB_GETS_MAX];
	struct pen_origin *origin = origin_of(web);
	unsigned count = origin->ops->reap(origin, done, CATCH_WEB_GETS_MAX, 0);
	for (unsigned i = 0; i < count; i++) {
		struct catch_get *get = &web->get[done[i].tag];
		PEN_CHECK(get->state == CATCH_GET_FLYING);
		web->ask.sources->list[web->word].bytes += done[i].bytes_wire;
		if (done[i].result || web->leaving || web->err)
			get_failed(web, get, &done[i], now_ns);
		else
			block_take(web, get, &done[i]);
	}
}

/* Nothing came for too long. */
static void stall_look(struct catch_web *web, struct catch_get *get, int64_t now_ns)
{
	struct pen_why why;
	if (!web->leaving &&
		catch_get_stalled(get, web->ask.stall_ns, now_ns, origin_of(web)->label, &why))
		source_out(web, PEN_ESTALL, &why);
}

/* The next block goes to a free get, or is in the file already. */
static void get_next(struct catch_web *web, struct catch_get *get)
{
	catch_get_want(get, web->next++);
	if (get->unit < web->kept_end)
		block_send(web, get, true);
}

/* True if nothing is under way. */
static bool is_idle(const struct catch_web *web)
{
	bool idle = true;
	for (unsigned i = 0; i < web->ask.gets; i++)
		idle &= web->get[i].state == CATCH_GET_FREE;
	return idle;
}

static void leave(struct catch_web *web)
{
	struct pen_origin *origin = origin_of(web);
	for (unsigned i = 0; i < web->ask.gets; i++) {
		if (web->get[i].state == CATCH_GET_FLYING)
			origin->ops->cancel(origin, i);
		else if (web->get[i].state == CATCH_GET_DUE)
			web->get[i].state = CATCH_GET_FREE;
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
		struct catch_get *get = &web->get[i];
		if (get->state == CATCH_GET_FLYING)
			stall_look(web, get, now_ns);
		if (get->state == CATCH_GET_FREE && web->next < web->blocks)
			get_next(web, get);
		if (get->state == CATCH_GET_DUE && now_ns >= get->again_ns)
			catch_get_begin(get, origin_of(web), &web->ask.root, i, now_ns);
	}
	if (web->leaving)
		leave(web);
}

bool catch_web_wait(struct catch_web *web, int64_t ns)
{
	bool flies = false;
	for (unsigned i = 0; i < web->ask.gets; i++)
		flies |= web->get[i].state == CATCH_GET_FLYING;
	if (!flies || web->over || web->err)
		return false;
	origin_of(web)->ops->reap(origin_of(web), NULL, 0, ns);
	return true;
}
