#include "supply.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"

/* How often it is looked whether a source has answered. */
#define SUPPLY_LOOK_NS (10 * PEN_NS_PER_MS)

/* The gravest failure so far, and how to go on with another source. */
struct worst {
	int code;
	struct pen_why why;
};

int supply_open(struct supply *supply, const struct supply_ask *ask, struct pen_why *why)
{
	supply->ask = *ask;
	supply->queries = calloc(ask->count, sizeof *supply->queries);
	if (!supply->queries)
		return pen_fail(why, -ENOMEM, "no memory for the sources");
	for (unsigned s = 0; s < ask->count; s++) {
		supply->queries[s].supply = supply;
		int err = supply_query_open(&supply->queries[s], ask->words[s], why);
		if (err)
			return err;
	}
	return 0;
}

unsigned supply_peers(const struct supply *supply, struct endpoint *ends, unsigned max)
{
	unsigned count = 0;
	for (unsigned s = 0; s < supply->ask.count; s++) {
		if (supply->queries[s].origin)
			continue;
		if (count < max)
			ends[count] = supply->queries[s].peer.end;
		count++;
	}
	return count;
}

void supply_close(struct supply *supply)
{
	atomic_store(&supply->quit, true);
	for (unsigned s = 0; supply->queries && s < supply->ask.count; s++)
		supply_query_close(&supply->queries[s]);
	pen_buf_fini(&supply->reversed);
	free(supply->queries);
	supply->queries = NULL;
	supply->count = 0;
}

static void worst_note(struct worst *worst, int code, const struct pen_why *why)
{
	if (worst->code && pen_gravity(code) <= pen_gravity(worst->code))
		return;
	worst->code = code;
	worst->why = *why;
}

static void left_out(const struct supply *supply, const struct pen_why *why)
{
	if (supply->ask.count > 1)
		fprintf(stderr, "left out: %s\n", why->text);
}

/* Ask all at once, until all have answered or one has and the others had their time. */
static int ask_all(struct supply *supply, uint32_t n, struct pen_why *why)
{
	int64_t until = INT64_MAX;
	unsigned count = supply->ask.count, over = 0;
	for (unsigned s = 0; s < count; s++) {
		int err = supply_query_start(&supply->queries[s], s, why);
		if (err)
			return err;
	}
	while (over < count && pen_clock_ns() < until) {
		bool useful = false;
		pen_clock_sleep_ns(SUPPLY_LOOK_NS);
		if (supply->ask.stop())
			atomic_store(&supply->quit, true);
		over = 0;
		for (unsigned s = 0; s < count; s++) {
			over += supply_query_over(&supply->queries[s]);
			useful |= supply_query_useful(&supply->queries[s], n);
		}
		if (useful && until == INT64_MAX)
			until = pen_clock_ns() + SUPPLY_GRACE_NS;
	}
	return atomic_load(&supply->quit) ? pen_fail(why, PEN_EINTERRUPTED, "interrupted") : 0;
}

/* The forms that are asked for, those with fewer bytes first. */
static const enum pen_form by_rank[] = {PEN_FORM_LEAN, PEN_FORM_NEARCORE};
#define RANKS (sizeof by_rank / sizeof by_rank[0])

/* Room for a source in each of these forms. */
static void sources_add(struct supply *supply, struct supply_query *query, unsigned forms)
{
	query->source = supply->count;
	for (unsigned rank = 0; rank < RANKS; rank++) {
		if (!query->origin || !(forms >> by_rank[rank] & 1))
			continue;
		PEN_CHECK(supply->count < PEN_SOURCES_MAX);
		supply->ranks[supply->count] = (uint8_t)rank;
		supply->sources[supply->count++] = (struct pen_source){
			.origin = query->origin, .form = by_rank[rank]};
	}
	query->sources = supply->count - query->source;
}

static void source_fill(struct pen_source *source, const struct locate_offer *offer)
{
	memcpy(source->prefix, offer->prefix, sizeof source->prefix);
}

/*
 * Of sources that have both forms: the parts that are smaller in nearcore form at each of them, or
 * there in no other. Without memory for it they are asked for in lean form first.
 */
static void reversed_note(
	struct supply *supply, const struct supply_query *query, const struct locate_offer *offer)
{
	const uint8_t *bits = locate_smaller(&query->offers, offer);
	size_t bytes = ((size_t)supply->n + 7) / 8;
	bool first = supply->reversed.len == 0;
	bool both = offer->forms == (1u << PEN_FORM_NEARCORE | 1u << PEN_FORM_LEAN);
	if (!both || pen_buf_reserve(&supply->reversed, bytes))
		return;
	supply->reversed.len = bytes;
	for (size_t i = 0; i < bytes; i++) {
		uint8_t here = bits ? bits[i] : 0;
		supply->reversed.at[i] = first ? here : supply->reversed.at[i] & here;
	}
}

/*
 * Those that can take part, and all others as absent: one that has failed leaves again at once, so
 * that its reason counts where nobody else has a part. False if there is nobody to begin with.
 */
static bool sources_take(struct supply *supply, struct worst *worst)
{
	bool useful = false;
	for (unsigned s = 0; s < supply->ask.count; s++) {
		struct supply_query *query = &supply->queries[s];
		struct pen_why why;
		int err = query->seen ? supply_query_check(query, supply->n, &why) : 0;
		if (err)
			worst_note(worst, err, &why);
		if (query->seen && !err) {
			struct locate_offer offer = supply_query_offer(query);
			sources_add(supply, query, offer.forms);
			for (unsigned i = 0; i < query->sources; i++)
				source_fill(&supply->sources[query->source + i], &offer);
			reversed_note(supply, query, &offer);
			useful = true;
			continue;
		}
		query->seen = false;
		sources_add(supply, query, supply->ask.forms);
		for (unsigned i = 0; i < query->sources; i++)
			supply->absent |= UINT32_C(1) << (query->source + i);
	}
	return useful;
}

static int agree(struct supply *supply, struct worst *worst, struct pen_why *why)
{
	for (unsigned s = 0; s < supply->ask.count; s++)
		supply->queries[s].seen = supply_query_over(&supply->queries[s]);
	int err = supply_agree(supply, why);
	if (err)
		return err;
	/* Without an N nobody has anything, and the check says why for each. */
	if (sources_take(supply, worst))
		return 0;
	for (unsigned s = 0; s < supply->ask.count; s++) {
		struct pen_why reason;
		if (supply_query_check(&supply->queries[s], supply->n, &reason))
			left_out(supply, &reason);
	}
	return pen_fail(why, worst->code, "%s", worst->why.text);
}

int supply_locate(
	struct supply *supply, const struct pen_hash *root, uint32_t *n, struct pen_why *why)
{
	struct worst worst = {0};
	supply->root = *root;
	supply->n = supply->asked_n = *n;
	int err = ask_all(supply, *n, why);
	if (!err)
		err = agree(supply, &worst, why);
	*n = supply->n;
	return err;
}

/* A source in one form joins, if it is offered. */
static void source_join(struct supply *supply, struct pen_plan *plan, unsigned index,
	const struct locate_offer *offer)
{
	struct pen_source *source = &supply->sources[index];
	struct pen_why why;
	if (offer->forms >> source->form & 1) {
		source_fill(source, offer);
		pen_plan_join(plan, index);
		return;
	}
	pen_fail(&why, PEN_ENOTFOUND, "%s: offers no part in %s form", source->origin->label,
		pen_form_text(source->form));
	pen_plan_leave(plan, index, PEN_ENOTFOUND, &why);
}

void supply_turn(struct supply *supply, struct pen_plan *plan)
{
	for (unsigned s = 0; supply->absent && s < supply->ask.count; s++) {
		struct supply_query *query = &supply->queries[s];
		struct pen_why why;
		if (query->seen || !supply_query_over(query))
			continue;
		query->seen = true;
		int err = supply_query_check(query, supply->n, &why);
		struct locate_offer offer = supply_query_offer(query);
		if (err)
			left_out(supply, &why);
		for (unsigned i = query->source; i < query->source + query->sources; i++) {
			supply->absent &= ~(UINT32_C(1) << i);
			if (err)
				pen_plan_leave(plan, i, err, &why);
			else
				source_join(supply, plan, i, &offer);
		}
	}
}

const struct pen_labels *supply_labels(const struct supply *supply, unsigned source)
{
	PEN_CHECK(source < supply->count);
	for (unsigned s = 0; s < supply->ask.count; s++) {
		const struct supply_query *query = &supply->queries[s];
		if (source - query->source < query->sources)
			return supply_query_labels(query);
	}
	return NULL;
}

const struct pen_labels *supply_peer_labels(const struct supply *supply, unsigned peer)
{
	unsigned at = 0;
	for (unsigned s = 0; s < supply->ask.count; s++) {
		if (!supply->queries[s].origin && at++ == peer)
			return supply_query_labels(&supply->queries[s]);
	}
	return NULL;
}

bool supply_has_form(const struct supply *supply, enum pen_form form)
{
	for (unsigned s = 0; s < supply->ask.count; s++) {
		const struct supply_query *query = &supply->queries[s];
		struct locate_offer offer;
		if (query->seen && !query->result &&
			locate_find(&query->offers, supply->n, &offer) && offer.forms >> form & 1)
			return true;
	}
	return false;
}
