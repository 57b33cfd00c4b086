#include "catch_web.h"

#include <errno.h>
#include <stdlib.h>

#include "base/bits.h"
#include "base/check.h"
#include "base/clock.h"
#include "catch_web_from.h"
#include "store/partial.h"

/* Of a wait for several sources. */
#define SHARE_NS INT64_C(5000000)

void catch_web_open(struct catch_web *web, const struct catch_web_ask *ask)
{
	PEN_CHECK(ask->gets >= 1);
	PEN_CHECK(ask->gets <= CATCH_WEB_GETS_MAX);
	*web = (struct catch_web){.ask = *ask, .object.root = ask->root};
	for (unsigned i = 0; i < ask->gets; i++)
		web->get[i].get.owner = web;
}

void catch_web_close(struct catch_web *web)
{
	if (!catch_web_is_open(web))
		return;
	/* No origin may append to what is freed here. */
	for (unsigned i = 0; i < web->ask.gets; i++) {
		const struct catch_web_get *at = &web->get[i];
		if (at->get.state == CATCH_GET_FLYING)
			catch_web_origin(web, at->word)
				->ops->cancel(catch_web_origin(web, at->word), i);
	}
	for (unsigned i = 0; i < web->ask.gets; i++)
		pen_buf_fini(&web->get[i].get.bytes);
	free(web->leaves);
	free(web->taken);
	*web = (struct catch_web){0};
}

static void fail(struct catch_web *web, int err, const struct pen_why *why)
{
	pen_fail_first(&web->err, &web->why, err, why);
}

/* Begin a round: the first block, of whoever is there. Nothing is under way. */
static void round_begin(struct catch_web *web)
{
	web->renew = false;
	web->bytes = 0;
	web->blocks = web->here = web->kept = web->kept_end = 0;
	free(web->leaves);
	free(web->taken);
	web->leaves = NULL;
	web->taken = NULL;
	web->object.file++;
	web->next = 1;
	unsigned sources = catch_web_from_begin(web);
	web->over = sources == 0;
	for (unsigned i = 0; i < sources && i < web->ask.gets; i++)
		catch_get_want(&web->get[i].get, 0);
}

void catch_web_begin(struct catch_web *web)
{
	PEN_CHECK(catch_web_is_open(web));
	PEN_CHECK(!web->begun);
	web->begun = true;
	round_begin(web);
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
		pen_partial_drop(web->ask.stash->disk, &web->ask.root);
		catch_web_from_refuted(web);
		return;
	}
	web->object.bytes = web->bytes;
	web->end = (struct errand){
		.kind = ERRAND_END, .back = ended, .owner = web, .object = &web->object};
	workshop_put(web->ask.workshop, &web->end);
}

static void came_back(struct errand *errand, int64_t now_ns)
{
	struct catch_web_get *at = errand->owner;
	struct catch_get *get = &at->get;
	struct catch_web *web = get->owner;
	get->state = CATCH_GET_FREE;
	if (errand->verdict == ERRAND_BROKEN) {
		fail(web, errand->err, &errand->why);
	} else if (errand->verdict == ERRAND_WRONG) {
		/* It was not written whole: it is got after all. */
		pen_bits_put(web->taken, get->unit, 1, false);
		get->state = CATCH_GET_DUE;
		get->again_ns = now_ns;
	} else {
		bool kept = errand->kind == ERRAND_KEPT;
		web->leaves[get->unit] = errand->leaf;
		web->kept += kept;
		web->gave[at->word] |= !kept;
		if (++web->here == web->blocks && !web->renew)
			whole(web);
	}
}

/* Let a worker hash a block: one that came, or one that is in the file. */
static void block_send(struct catch_web *web, struct catch_web_get *at, bool kept)
{
	struct catch_get *get = &at->get;
	pen_bits_put(web->taken, get->unit, 1, true);
	get->state = CATCH_GET_AWAY;
	get->errand = (struct errand){.kind = kept ? ERRAND_KEPT : ERRAND_BLOCK,
		.back = came_back,
		.owner = at,
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
	web->taken = calloc(web->blocks / 64 + 1, sizeof *web->taken);
	if (!web->leaves || !web->taken)
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

/* A get ended well. If its block is not taken, it is still due. */
static void block_take(
	struct catch_web *web, struct catch_web_get *at, const struct pen_origin_done *done)
{
	struct pen_why why;
	const char *label = catch_web_origin(web, at->word)->label;
	struct catch_web_source *source = &web->source[at->word];
	uint64_t bytes = done->object_bytes, before = source->bytes;
	int err = catch_get_size_check(bytes, label, &why);
	if (err) {
		catch_web_from_out(web, at->word, err, &why);
		return;
	}
	if ((before && bytes != before) ||
		at->get.bytes.len != pen_raw_block_bytes(bytes, at->get.unit)) {
		catch_web_from_out(web, at->word, catch_get_changed(&at->get, label, &why), &why);
		return;
	}
	if (!web->bytes && (err = size_take(web, bytes, &why))) {
		fail(web, err, &why);
		return;
	}
	source->bytes = bytes;
	source->fails = 0;
	catch_pace_note(&source->pace, 1, web->now_ns - at->begun_ns);
	if (bytes == web->bytes && !catch_web_from_taken(web, at->get.unit))
		block_send(web, at, false);
}

static void get_ended(
	struct catch_web *web, struct catch_web_get *at, const struct pen_origin_done *done)
{
	web->ask.sources->list[at->word].bytes += done->bytes_wire;
	at->get.state = CATCH_GET_DUE;
	at->get.again_ns = web->now_ns;
	if (done->result == -ENOMEM)
		fail(web, done->result, &done->why);
	if (web->renew || web->err || !catch_web_from_can(web, at->word))
		return;
	if (!done->result)
		block_take(web, at, done);
	else if (done->result != -ECANCELED)
		catch_web_from_failed(web, at->word, done);
}

static void reap(struct catch_web *web)
{
	struct pen_origin_done done[CATCH_WEB_GETS_MAX];
	for (unsigned s = 0; s < web->ask.supply->ask.count; s++) {
		struct pen_origin *origin = catch_web_origin(web, s);
		unsigned flights = catch_web_from_flights(web, s);
		unsigned count = flights ? origin->ops->reap(origin, done, flights, 0) : 0;
		for (unsigned i = 0; i < count; i++) {
			struct catch_web_get *at = &web->get[done[i].tag];
			PEN_CHECK(at->get.state == CATCH_GET_FLYING);
			get_ended(web, at, &done[i]);
		}
	}
}

/* Has nothing come of it for too long? */
static void stall_look(struct catch_web *web, struct catch_web_get *at)
{
	struct pen_why why;
	if (catch_get_stalled(&at->get, web->ask.stall_ns, web->now_ns,
		    catch_web_origin(web, at->word)->label, &why))
		catch_web_from_out(web, at->word, PEN_ESTALL, &why);
}

/* A free get brings the next block, if that is not in the file already, or what is slow elsewhere.
 */
static void get_next(struct catch_web *web, struct catch_web_get *at)
{
	uint32_t unit = web->next;
	if (unit >= web->blocks) {
		if (catch_web_from_twin(web, &unit))
			catch_get_want(&at->get, unit);
		return;
	}
	web->next++;
	catch_get_want(&at->get, unit);
	if (unit < web->kept_end)
		block_send(web, at, true);
}

static void get_begin(struct catch_web *web, struct catch_web_get *at, unsigned word)
{
	at->word = word;
	at->begun_ns = web->now_ns;
	catch_get_begin(&at->get, catch_web_origin(web, word), &web->ask.root,
		(uint64_t)(at - web->get), web->now_ns);
}

/* Move a get on. */
static void get_turn(struct catch_web *web, struct catch_web_get *at)
{
	struct catch_get *get = &at->get;
	unsigned word;
	bool vain = web->renew || catch_web_from_taken(web, get->unit);
	/* Who has said nothing yet tells his size by it. */
	bool mute = !web->renew && !web->source[at->word].bytes;
	if (get->state == CATCH_GET_FLYING && !web->renew)
		stall_look(web, at);
	if (get->state == CATCH_GET_FLYING &&
		((vain && !mute) || !catch_web_from_can(web, at->word)))
		catch_web_origin(web, at->word)
			->ops->cancel(catch_web_origin(web, at->word), (uint64_t)(at - web->get));
	if (get->state == CATCH_GET_DUE && vain)
		get->state = CATCH_GET_FREE;
	if (get->state == CATCH_GET_FREE && !web->renew && web->bytes)
		get_next(web, at);
	if (get->state == CATCH_GET_DUE && web->now_ns >= get->again_ns &&
		catch_web_from_next(web, &word))
		get_begin(web, at, word);
}

/* Is anything still to be asked for? */
static bool lacks(const struct catch_web *web)
{
	bool due = web->next < web->blocks;
	for (unsigned i = 0; i < web->ask.gets; i++)
		due |= web->get[i].get.state == CATCH_GET_DUE &&
			!catch_web_from_taken(web, web->get[i].get.unit);
	return due;
}

/* True if nothing is under way. */
static bool is_idle(const struct catch_web *web)
{
	bool idle = true;
	for (unsigned i = 0; i < web->ask.gets; i++)
		idle &= web->get[i].get.state == CATCH_GET_FREE;
	return idle;
}

void catch_web_turn(struct catch_web *web, int64_t now_ns)
{
	if (!web->begun || web->over || web->done || web->err)
		return;
	web->now_ns = now_ns;
	reap(web);
	web->renew |= lacks(web) && !catch_web_from_any(web);
	for (unsigned i = 0; i < web->ask.gets && !web->err; i++)
		get_turn(web, &web->get[i]);
	if (web->renew && !web->err && is_idle(web))
		round_begin(web);
}

bool catch_web_wait(struct catch_web *web, int64_t ns)
{
	unsigned busy[SUPPLY_WORDS_MAX], count = 0;
	for (unsigned s = 0; s < web->ask.supply->ask.count; s++) {
		if (catch_web_from_flights(web, s))
			busy[count++] = s;
	}
	if (!count || web->over || web->err)
		return false;
	/* None can be waited for together with another. */
	if (count > 1 && ns > SHARE_NS)
		ns = SHARE_NS;
	for (unsigned i = 0; i < count; i++) {
		struct pen_origin *origin = catch_web_origin(web, busy[i]);
		origin->ops->reap(origin, NULL, 0, ns);
	}
	return true;
}
