/* Who brings which block. */
#include "base/check.h"
#include "catch_side_share.h"
#include "fetch/sized.h"

#define NO_UNIT UINT32_MAX

/* May the source be asked for blocks, as far as is known? */
bool catch_side_can(const struct catch_side *side, unsigned word)
{
	uint64_t said = side->said[word];
	return catch_side_origin(side, word) && !side->ask.sources->list[word].out &&
		(!said || pen_raw_blocks(said) == side->ask.raw->blocks);
}

/* Is the block of a get still to be had? */
bool catch_side_wants(const struct catch_side *side, const struct catch_side_get *at)
{
	const struct catch_raw *raw = side->ask.raw;
	return catch_raw_asks(raw) && at->round == raw->round &&
		raw->state[at->get.unit] == CATCH_RAW_ABSENT;
}

/* Does any get bring this block? */
bool catch_side_gets(const struct catch_side *side, uint32_t unit)
{
	bool got = false;
	for (unsigned i = 0; i < side->ask.gets; i++)
		got |= side->get[i].get.state != CATCH_GET_FREE && side->get[i].get.unit == unit;
	return got;
}

static bool is_twice(const struct catch_side *side, uint32_t unit)
{
	return side->twice[unit / 64] >> unit % 64 & 1;
}

static void twice_set(struct catch_side *side, uint32_t unit)
{
	side->twice[unit / 64] |= UINT64_C(1) << unit % 64;
}

/* Whom to ask next: who has the fewest gets, and room for one more. False: nobody. */
static bool source_next(const struct catch_side *side, unsigned *word)
{
	unsigned least = UINT32_MAX;
	for (unsigned s = 0; s < side->ask.supply->ask.count; s++) {
		unsigned gets = 0;
		for (unsigned i = 0; i < side->ask.gets; i++)
			gets += side->get[i].get.state != CATCH_GET_FREE && side->get[i].word == s;
		/* The first one shows how large its object is. */
		if (!catch_side_can(side, s) || (gets && !side->said[s]) || gets >= least)
			continue;
		*word = s;
		least = gets;
	}
	return least != UINT32_MAX;
}

/* The last block that is on its way by radio and was not asked of two, or, not `aired`, that nobody
 * brings. */
static uint32_t unit_last(const struct catch_side *side, bool aired)
{
	const struct catch_raw *raw = side->ask.raw;
	for (uint32_t word = (raw->blocks - 1) / 64 + 1; word-- > 0;) {
		uint64_t absent = ~raw->here[word];
		while (absent) {
			unsigned bit = 63 - (unsigned)__builtin_clzll(absent);
			uint32_t unit = word * 64 + bit;
			absent &= ~(UINT64_C(1) << bit);
			if (unit < raw->blocks && raw->state[unit] == CATCH_RAW_ABSENT &&
				!catch_side_gets(side, unit) && !(aired && is_twice(side, unit)) &&
				pen_sized_flies(catch_side_client(side), unit) == aired)
				return unit;
		}
	}
	return NO_UNIT;
}

static int64_t get_left_ns(const struct catch_side *side, const struct catch_side_get *at)
{
	return catch_pace_left_ns(&side->pace[at->word], 1, side->now_ns - at->begun_ns);
}

static int64_t radio_left_ns(const struct catch_side *side)
{
	unsigned flights = pen_sized_flights(catch_side_client(side));
	return flights ? catch_pace_left_ns(&side->radio, flights, side->now_ns - side->aired_ns)
		       : 0;
}

/* The get that will take the longest of those whose block nobody else brings, but for those of this
 * source; or NULL. */
static struct catch_side_get *slowest(struct catch_side *side, unsigned but)
{
	struct catch_side_get *best = NULL;
	for (unsigned i = 0; i < side->ask.gets; i++) {
		struct catch_side_get *at = &side->get[i];
		bool waits = at->get.state == CATCH_GET_FLYING || at->get.state == CATCH_GET_DUE;
		if (!waits || at->word == but || !catch_side_wants(side, at) ||
			is_twice(side, at->get.unit))
			continue;
		if (!best || get_left_ns(side, at) > get_left_ns(side, best))
			best = at;
	}
	return best;
}

/* What somebody else brings, and this source would much sooner. */
static uint32_t unit_twin(struct catch_side *side, unsigned word, bool *shared)
{
	const struct catch_side_get *other = slowest(side, word);
	int64_t get_ns = other ? get_left_ns(side, other) : 0, radio_ns = radio_left_ns(side);
	uint32_t aired = unit_last(side, true);
	*shared = aired != NO_UNIT && radio_ns >= get_ns;
	uint32_t unit = *shared ? aired : other ? other->get.unit : NO_UNIT;
	int64_t left_ns = *shared ? radio_ns : get_ns;
	return catch_pace_helps(&side->pace[word], 0, left_ns) ? unit : NO_UNIT;
}

/* Give a free get something to bring. False if there is nothing, or nobody to ask. */
bool catch_side_next(struct catch_side *side, struct catch_side_get *at)
{
	bool shared = false;
	unsigned word;
	if (!source_next(side, &word))
		return false;
	uint32_t unit = unit_last(side, false);
	if (unit == NO_UNIT) {
		unit = unit_twin(side, word, &shared);
		if (unit == NO_UNIT)
			return false;
		twice_set(side, unit);
	}
	at->get.owner = side;
	at->word = word;
	at->round = side->round;
	at->begun_ns = side->now_ns;
	at->shared = shared;
	catch_get_want(&at->get, unit);
	return true;
}

/* What comes by radio, and how fast. */
void catch_side_listen(struct catch_side *side, int64_t since_ns)
{
	const struct catch_raw *raw = side->ask.raw;
	uint32_t aired = raw->proved - raw->kept - raw->lent_proved;
	bool flies = pen_sized_flights(catch_side_client(side)) > 0;
	catch_pace_note(&side->radio, aired - side->aired, flies ? since_ns : 0);
	if (aired != side->aired || !flies)
		side->aired_ns = side->now_ns;
	side->aired = aired;
	/* Who has nothing to bring is not waited for. */
	if (!flies && !pen_sized_lacks(catch_side_client(side)))
		raw->ask.radio->moved_ns = side->now_ns;
}

/* Let the radio bring, too, what takes too long here, when it has nothing else to do. */
void catch_side_help(struct catch_side *side)
{
	struct pen_client *client = catch_side_client(side);
	struct catch_side_get *at = slowest(side, SUPPLY_WORDS_MAX);
	if (!at || !pen_client_ready(client) || pen_sized_lacks(client) ||
		!catch_pace_helps(&side->radio, pen_sized_flights(client), get_left_ns(side, at)))
		return;
	at->shared = true;
	twice_set(side, at->get.unit);
	pen_sized_miss(client, at->get.unit);
}
