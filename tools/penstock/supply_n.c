/* Into how many parts the state of a supply is cut, as its sources say. */
#include <errno.h>
#include <stdlib.h>

#include "supply.h"

static bool anybody(const struct supply *supply)
{
	for (unsigned s = 0; s < supply->ask.count; s++) {
		if (supply->queries[s].seen && supply->queries[s].offers.any)
			return true;
	}
	return false;
}

/* The first N of a source that another has not, of those that have answered; 0 if all agree. */
static uint32_t odd_n(const struct supply *supply, unsigned *who)
{
	for (unsigned s = 0; s < supply->ask.count; s++) {
		const struct supply_query *query = &supply->queries[s];
		for (unsigned i = 0; query->seen && i < query->offers.count; i++) {
			uint32_t n = query->offers.list[i].n;
			for (*who = 0; *who < supply->ask.count; ++*who) {
				const struct supply_query *other = &supply->queries[*who];
				if (other->seen && !other->result && !supply_query_has(other, n))
					return n;
			}
		}
	}
	return 0;
}

/* The N that all who have answered offer, if there is just one. 0, or PEN_EUSAGE naming two. */
static int agree_n(struct supply *supply, struct pen_why *why)
{
	uint32_t common = 0, other = 0;
	unsigned who;
	for (unsigned s = 0; s < supply->ask.count; s++) {
		const struct supply_query *query = &supply->queries[s];
		for (unsigned i = 0; query->seen && i < query->offers.count; i++) {
			uint32_t n = query->offers.list[i].n;
			other = common && n != common ? n : other;
			common = common ? common : n;
		}
	}
	supply->n = common;
	if (!other)
		return 0;
	uint32_t odd = odd_n(supply, &who);
	if (odd)
		return pen_fail(why, PEN_EUSAGE,
			"the sources cut the state into different numbers of parts: %u and %u (%s "
			"has not %u); say which with --of N",
			common, other, supply->ask.words[who], odd);
	return pen_fail(why, PEN_EUSAGE,
		"the sources offer the state in %u and in %u parts; say which with --of N", common,
		other);
}

/* The N of those that have answered. */
static uint32_t choose(const struct supply *supply)
{
	uint32_t n = 0;
	struct locate_offers *offers = calloc(supply->ask.count, sizeof *offers);
	for (unsigned s = 0; offers && s < supply->ask.count; s++) {
		if (supply->queries[s].seen)
			offers[s] = supply->queries[s].offers;
	}
	if (offers)
		n = locate_choose(offers, supply->ask.count);
	free(offers);
	return n;
}

int supply_agree(struct supply *supply, struct pen_why *why)
{
	int err = 0;
	if (supply->n == 0 && supply->ask.one_n)
		err = agree_n(supply, why);
	else if (supply->n == 0)
		supply->n = choose(supply);
	if (err)
		return err;
	if (supply->n == 0 && anybody(supply))
		return pen_fail(why, PEN_EUSAGE,
			"a plain web server does not say into how many parts the state is cut: "
			"--of N is required");
	return 0;
}
