#include "catch_side.h"

#include <errno.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/clock.h"
#include "catch_side_share.h"
#include "fetch/sized.h"

void catch_side_open(struct catch_side *side, const struct catch_side_ask *ask)
{
	PEN_CHECK(ask->gets >= 1);
	PEN_CHECK(ask->gets <= CATCH_SIDE_GETS_MAX);
	*side = (struct catch_side){.ask = *ask};
}

void catch_side_close(struct catch_side *side)
{
	/* No origin may append to what is freed here. */
	for (unsigned i = 0; i < side->ask.gets; i++) {
		struct catch_side_get *at = &side->get[i];
		if (at->get.state == CATCH_GET_FLYING)
			catch_side_origin(side, at->word)
				->ops->cancel(catch_side_origin(side, at->word), i);
		pen_buf_fini(&at->get.bytes);
	}
	free(side->twice);
	*side = (struct catch_side){0};
}

bool catch_side_busy(const struct catch_side *side)
{
	bool busy = false;
	for (unsigned i = 0; i < side->ask.gets; i++)
		busy |= side->get[i].get.state != CATCH_GET_FREE;
	return busy;
}

bool catch_side_hopes(const struct catch_side *side)
{
	bool can = false;
	if (!catch_side_is_open(side) || !catch_raw_asks(side->ask.raw))
		return false;
	for (unsigned s = 0; s < side->ask.supply->ask.count; s++)
		can |= catch_side_can(side, s);
	return can;
}

/* The get does not bring its block; if nobody else does, it is missing. */
static void give_up(struct catch_side *side, struct catch_side_get *at)
{
	at->get.state = CATCH_GET_FREE;
	if (catch_side_wants(side, at) && !catch_side_gets(side, at->get.unit))
		pen_sized_miss(catch_side_client(side), at->get.unit);
}

static void came_back(struct errand *errand, int64_t now_ns)
{
	struct catch_side_get *at = errand->owner;
	struct catch_side *side = at->get.owner;
	struct catch_raw *raw = side->ask.raw;
	struct pen_why why;
	char root[PEN_HASH_TEXT_BYTES];
	bool stale = at->round != raw->round;
	catch_raw_back(raw, errand, stale);
	if (!stale && errand->verdict == ERRAND_DONE)
		pen_sized_hold(catch_side_client(side), errand->unit, now_ns);
	if (errand->verdict == ERRAND_WRONG) {
		side->ask.sources->list[at->word].bad++;
		pen_fail(&why, PEN_EVERIFY, "%s: block %u of raw/%s is another than its name says",
			catch_side_origin(side, at->word)->label, errand->unit,
			pen_base58(&raw->ask.root, root));
		catch_sources_out(side->ask.sources, at->word, PEN_EVERIFY, &why);
	}
	give_up(side, at);
}

static void block_send(struct catch_side *side, struct catch_side_get *at)
{
	struct catch_raw *raw = side->ask.raw;
	at->get.state = CATCH_GET_AWAY;
	at->get.errand = (struct errand){.kind = ERRAND_BLOCK,
		.back = came_back,
		.owner = at,
		.bytes = pen_buf_bytes(&at->get.bytes)};
	catch_raw_lend(raw, &at->get.errand, at->get.unit);
	workshop_put(side->ask.workshop, &at->get.errand);
}

/* A get ended well, and what it brings is wanted. */
static void block_take(
	struct catch_side *side, struct catch_side_get *at, const struct pen_origin_done *done)
{
	struct pen_why why;
	const struct catch_get *get = &at->get;
	const char *label = catch_side_origin(side, at->word)->label;
	uint64_t bytes = done->object_bytes, before = side->said[at->word];
	int err = catch_get_size_check(bytes, label, &why);
	if (err) {
		catch_sources_out(side->ask.sources, at->word, err, &why);
	} else if (pen_raw_blocks(bytes) == side->ask.raw->blocks &&
		((before && bytes != before) ||
			get->bytes.len != pen_raw_block_bytes(bytes, get->unit))) {
		catch_sources_out(
			side->ask.sources, at->word, catch_get_changed(get, label, &why), &why);
	} else {
		side->said[at->word] = bytes;
	}
	if (catch_side_can(side, at->word))
		block_send(side, at);
	else
		give_up(side, at);
}

static void get_ended(
	struct catch_side *side, struct catch_side_get *at, const struct pen_origin_done *done)
{
	bool wanted = catch_side_wants(side, at) && catch_side_can(side, at->word);
	side->ask.sources->list[at->word].bytes += done->bytes_wire;
	if (wanted && !done->result) {
		catch_pace_note(&side->pace[at->word], 1, side->now_ns - at->begun_ns);
		block_take(side, at, done);
		return;
	}
	at->get.state = CATCH_GET_FREE;
	if (wanted && done->result != -ECANCELED &&
		catch_get_again(&at->get, done, side->ask.tries, side->now_ns))
		return;
	if (wanted && done->result != -ECANCELED)
		catch_sources_out(side->ask.sources, at->word, done->result, &done->why);
	give_up(side, at);
}

static void reap(struct catch_side *side)
{
	struct pen_origin_done done[CATCH_SIDE_GETS_MAX];
	for (unsigned s = 0; s < side->ask.supply->ask.count; s++) {
		struct pen_origin *origin = catch_side_origin(side, s);
		unsigned flying = 0;
		for (unsigned i = 0; i < side->ask.gets; i++)
			flying += side->get[i].get.state == CATCH_GET_FLYING &&
				side->get[i].word == s;
		unsigned count = flying ? origin->ops->reap(origin, done, flying, 0) : 0;
		for (unsigned i = 0; i < count; i++) {
			PEN_CHECK(side->get[done[i].tag].get.state == CATCH_GET_FLYING);
			get_ended(side, &side->get[done[i].tag], &done[i]);
		}
	}
}

static void stall_look(struct catch_side *side, struct catch_side_get *at)
{
	struct pen_why why;
	if (catch_get_stalled(&at->get, side->ask.stall_ns, side->now_ns,
		    catch_side_origin(side, at->word)->label, &why))
		catch_sources_out(side->ask.sources, at->word, PEN_ESTALL, &why);
}

/* Move a get on. */
static void get_turn(struct catch_side *side, struct catch_side_get *at)
{
	struct catch_get *get = &at->get;
	unsigned tag = (unsigned)(at - side->get);
	struct pen_origin *origin = catch_side_origin(side, at->word);
	bool vain = !catch_raw_asks(side->ask.raw) || at->round != side->ask.raw->round ||
		side->ask.raw->state[get->unit] == CATCH_RAW_PROVED;
	if (get->state == CATCH_GET_FLYING)
		stall_look(side, at);
	bool out = vain || !catch_side_can(side, at->word);
	if (get->state == CATCH_GET_FLYING && out)
		origin->ops->cancel(origin, tag);
	else if (get->state == CATCH_GET_DUE && out)
		give_up(side, at);
	else if (get->state == CATCH_GET_DUE && side->now_ns >= get->again_ns)
		catch_get_begin(get, origin, &side->ask.raw->ask.root, tag, side->now_ns);
	if (!vain && !at->shared && get->state != CATCH_GET_FREE)
		pen_sized_hold(catch_side_client(side), get->unit, side->now_ns);
}

/* Blocks are asked for from now on, in another round. */
static void round_begin(struct catch_side *side)
{
	struct catch_raw *raw = side->ask.raw;
	free(side->twice);
	side->twice = calloc(raw->blocks / 64 + 1, sizeof *side->twice);
	if (!side->twice)
		catch_raw_fail(raw, -ENOMEM, NULL);
	side->round = raw->round;
	side->aired = raw->proved - raw->kept - raw->lent_proved;
	side->aired_ns = side->now_ns;
	side->radio = (struct catch_pace){0};
}

void catch_side_judge(struct catch_side *side)
{
	const struct catch_raw *raw = side->ask.raw;
	for (unsigned s = 0; raw && s < side->ask.supply->ask.count; s++) {
		struct pen_why why;
		struct catch_source *source = &side->ask.sources->list[s];
		if (!side->said[s] || source->out || side->said[s] == raw->bytes)
			continue;
		source->bad++;
		pen_fail(&why, PEN_EVERIFY, "%s: it has %llu bytes for an object of %llu",
			catch_side_origin(side, s)->label, (unsigned long long)side->said[s],
			(unsigned long long)raw->bytes);
		catch_sources_out(side->ask.sources, s, PEN_EVERIFY, &why);
	}
}

void catch_side_turn(struct catch_side *side, int64_t now_ns)
{
	struct catch_raw *raw = side->ask.raw;
	int64_t since_ns = now_ns - side->now_ns;
	if (!catch_side_is_open(side) || since_ns < CATCH_SIDE_NS)
		return;
	side->now_ns = now_ns;
	reap(side);
	for (unsigned i = 0; i < side->ask.gets; i++) {
		if (side->get[i].get.state != CATCH_GET_FREE)
			get_turn(side, &side->get[i]);
	}
	if (!catch_raw_asks(raw))
		return;
	if (!side->twice || side->round != raw->round)
		round_begin(side);
	if (!side->twice)
		return;
	catch_side_listen(side, since_ns);
	for (unsigned i = 0; i < side->ask.gets; i++) {
		struct catch_side_get *at = &side->get[i];
		if (at->get.state != CATCH_GET_FREE)
			continue;
		if (!catch_side_next(side, at))
			break;
		get_turn(side, at);
	}
	catch_side_help(side);
}
