#include "catch_web_from.h"

#include "base/check.h"
#include "base/clock.h"

static bool is_left(const struct catch_web *web, unsigned word)
{
	return catch_web_origin(web, word) && !web->ask.sources->list[word].out;
}

unsigned catch_web_from_begin(struct catch_web *web)
{
	unsigned left = 0;
	for (unsigned s = 0; s < web->ask.supply->ask.count; s++) {
		web->source[s] = (struct catch_web_source){.pace = web->source[s].pace};
		web->gave[s] = false;
		if (!is_left(web, s))
			continue;
		if (!left++)
			web->word = s;
		catch_web_origin(web, s)->wake = web->ask.wake->fd;
	}
	return left && web->alone ? 1 : left;
}

bool catch_web_from_can(const struct catch_web *web, unsigned word)
{
	uint64_t said = web->source[word].bytes;
	return is_left(web, word) && (!web->alone || word == web->word) &&
		(!said || said == web->bytes);
}

bool catch_web_from_any(const struct catch_web *web)
{
	bool any = false;
	for (unsigned s = 0; s < web->ask.supply->ask.count; s++)
		any |= catch_web_from_can(web, s);
	return any;
}

unsigned catch_web_from_flights(const struct catch_web *web, unsigned word)
{
	unsigned flights = 0;
	for (unsigned i = 0; i < web->ask.gets; i++)
		flights += web->get[i].get.state == CATCH_GET_FLYING && web->get[i].word == word;
	return flights;
}

bool catch_web_from_next(const struct catch_web *web, unsigned *word)
{
	int64_t least_ns = INT64_MAX;
	for (unsigned s = 0; s < web->ask.supply->ask.count; s++) {
		const struct catch_web_source *source = &web->source[s];
		unsigned flights = catch_web_from_flights(web, s);
		/* The first one shows how large its object is, and how fast it comes. */
		if (!catch_web_from_can(web, s) || web->now_ns < source->again_ns ||
			(flights && !source->bytes))
			continue;
		int64_t left_ns = catch_pace_left_ns(&source->pace, flights + 1, 0);
		if (left_ns >= least_ns)
			continue;
		least_ns = left_ns;
		*word = s;
	}
	return least_ns < INT64_MAX;
}

void catch_web_from_out(struct catch_web *web, unsigned word, int code, const struct pen_why *why)
{
	catch_sources_out(web->ask.sources, word, code, why);
	catch_web_origin(web, word)->wake = -1;
}

void catch_web_from_failed(struct catch_web *web, unsigned word, const struct pen_origin_done *done)
{
	struct catch_web_source *source = &web->source[word];
	/* What failed together with another counts once. */
	if (done->result == PEN_ENET && web->now_ns < source->again_ns)
		return;
	if (done->result != PEN_ENET || ++source->fails >= web->ask.tries) {
		catch_web_from_out(web, word, done->result, &done->why);
		return;
	}
	source->again_ns = web->now_ns + catch_get_rest_ns(source->fails, done->retry_after_ns);
}

bool catch_web_from_taken(const struct catch_web *web, uint32_t unit)
{
	return web->taken && web->taken[unit / 64] >> unit % 64 & 1;
}

static int64_t left_ns(const struct catch_web *web, const struct catch_web_get *at)
{
	return catch_pace_left_ns(&web->source[at->word].pace, 1, web->now_ns - at->begun_ns);
}

/* Does another get bring the block of this one? */
static bool is_twin(const struct catch_web *web, const struct catch_web_get *at)
{
	bool twin = false;
	for (unsigned i = 0; i < web->ask.gets; i++) {
		const struct catch_web_get *other = &web->get[i];
		twin |= other != at && other->get.state != CATCH_GET_FREE &&
			other->get.unit == at->get.unit;
	}
	return twin;
}

bool catch_web_from_twin(const struct catch_web *web, uint32_t *unit)
{
	const struct catch_web_get *slowest = NULL;
	unsigned word;
	for (unsigned i = 0; i < web->ask.gets; i++) {
		const struct catch_web_get *at = &web->get[i];
		if (at->get.state == CATCH_GET_FLYING && !is_twin(web, at) &&
			(!slowest || left_ns(web, at) > left_ns(web, slowest)))
			slowest = at;
	}
	if (!slowest || !catch_web_from_next(web, &word) || word == slowest->word ||
		!catch_pace_helps(&web->source[word].pace, catch_web_from_flights(web, word),
			left_ns(web, slowest)))
		return false;
	*unit = slowest->get.unit;
	return true;
}

/* Who gave all the blocks. False: there are several. */
static bool only_giver(const struct catch_web *web, unsigned *word)
{
	unsigned givers = 0;
	for (unsigned s = 0; s < web->ask.supply->ask.count; s++) {
		if (!web->gave[s])
			continue;
		givers++;
		*word = s;
	}
	PEN_CHECK(givers > 0);
	return givers == 1;
}

void catch_web_from_refuted(struct catch_web *web)
{
	struct pen_why why;
	char root[PEN_HASH_TEXT_BYTES];
	unsigned word = 0;
	web->renew = true;
	/* Perhaps it was what we had, which is gone now. */
	if (web->kept)
		return;
	if (!only_giver(web, &word)) {
		web->alone = true;
		return;
	}
	web->ask.sources->list[word].bad++;
	pen_fail(&why, PEN_EVERIFY, "%s: raw/%s has other bytes than its name says",
		catch_web_origin(web, word)->label, pen_base58(&web->ask.root, root));
	catch_web_from_out(web, word, PEN_EVERIFY, &why);
}
