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

static bool must_quit(void *context)
{
	return atomic_load(&((struct supply *)context)->quit);
}

static void query_run(void *context)
{
	struct supply_query *query = context;
	struct supply *supply = query->supply;
	struct locate_ask ask = {.word = supply->ask.words[query - supply->queries],
		.origin = query->origin,
		.peer = query->origin ? NULL : &query->peer,
		.n = supply->asked_n,
		.root = &supply->root,
		.forms = supply->ask.forms,
		.tries = supply->ask.tries,
		.stall_ns = supply->ask.stall_ns,
		.stop = must_quit,
		.context = supply};
	query->result = locate(&ask, &query->offers, &query->why);
	if (query->result)
		locate_offers_fini(&query->offers);
	atomic_store_explicit(&query->over, true, memory_order_release);
}

static int query_open(struct supply_query *query, const char *word, struct pen_why *why)
{
	const struct supply_ask *ask = &query->supply->ask;
	if (!ask->identity || !supply_is_peer(word))
		return pen_origin_open(word, &ask->options, &query->origin, why);
	query->peer.identity = *ask->identity;
	return endpoint_parse(word, false, &query->peer.end, why);
}

int supply_open(struct supply *supply, const struct supply_ask *ask, struct pen_why *why)
{
	supply->ask = *ask;
	supply->queries = calloc(ask->count, sizeof *supply->queries);
	if (!supply->queries)
		return pen_fail(why, -ENOMEM, "no memory for the sources");
	for (unsigned s = 0; s < ask->count; s++) {
		supply->queries[s].supply = supply;
		int err = query_open(&supply->queries[s], ask->words[s], why);
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
	for (unsigned s = 0; supply->queries && s < supply->ask.count; s++) {
		struct supply_query *query = &supply->queries[s];
		pen_thread_join(&query->thread);
		if (query->origin)
			query->origin->ops->close(query->origin);
		locate_offers_fini(&query->offers);
	}
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

/* Whether a source can deliver the state in n parts; if not, why. */
static int query_check(const struct supply_query *query, uint32_t n, struct pen_why *why)
{
	struct locate_offer offer;
	const struct locate_offers *offers = &query->offers;
	const char *label = query->supply->ask.words[query - query->supply->queries];
	if (query->result)
		return pen_fail(why, query->result, "%s", query->why.text);
	if (offers->memory_usage && n > pen_part_count_max(offers->memory_usage))
		return pen_fail(why, PEN_EREFUSED,
			"%s: a state of memory_usage %llu is not cut into %u parts: at most %llu",
			label, (unsigned long long)offers->memory_usage, n,
			(unsigned long long)pen_part_count_max(offers->memory_usage));
	if (!locate_find(offers, n, &offer))
		return pen_fail(why, PEN_ENOTFOUND, "%s: offers the state in %u parts%s, not in %u",
			label, offers->list[0].n, offers->count > 1 ? " and other numbers" : "", n);
	return 0;
}

static bool is_over(const struct supply_query *query)
{
	return atomic_load_explicit(&query->over, memory_order_acquire);
}

/* An answer that is enough to begin with; n is 0 while it is open. */
static bool is_useful(const struct supply_query *query, uint32_t n)
{
	struct pen_why why;
	if (!is_over(query) || query->result)
		return false;
	return n ? query_check(query, n, &why) == 0 : query->offers.count > 0;
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
		struct supply_query *query = &supply->queries[s];
		int err = pen_thread_start(&query->thread, query_run, query, s);
		if (err)
			return pen_fail(why, err, "cannot start a thread: %s", pen_err_text(err));
	}
	while (over < count && pen_clock_ns() < until) {
		bool useful = false;
		pen_clock_sleep_ns(SUPPLY_LOOK_NS);
		if (supply->ask.stop())
			atomic_store(&supply->quit, true);
		over = 0;
		for (unsigned s = 0; s < count; s++) {
			over += is_over(&supply->queries[s]);
			useful |= is_useful(&supply->queries[s], n);
		}
		if (useful && until == INT64_MAX)
			until = pen_clock_ns() + SUPPLY_GRACE_NS;
	}
	return must_quit(supply) ? pen_fail(why, PEN_EINTERRUPTED, "interrupted") : 0;
}

static bool anybody(const struct supply *supply)
{
	for (unsigned s = 0; s < supply->ask.count; s++) {
		if (supply->queries[s].seen && supply->queries[s].offers.any)
			return true;
	}
	return false;
}

/* Does a source offer the state in n parts, as far as it knows? */
static bool offers_n(const struct supply_query *query, uint32_t n)
{
	struct locate_offer offer;
	return locate_find(&query->offers, n, &offer);
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
				if (other->seen && !other->result && !offers_n(other, n))
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

/* The offer of a query that can take part. */
static struct locate_offer offer_of(const struct supply *supply, const struct supply_query *query)
{
	struct locate_offer offer = {0};
	locate_find(&query->offers, supply->n, &offer);
	return offer;
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
		int err = query->seen ? query_check(query, supply->n, &why) : 0;
		if (err)
			worst_note(worst, err, &why);
		if (query->seen && !err) {
			struct locate_offer offer = offer_of(supply, query);
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
		supply->queries[s].seen = is_over(&supply->queries[s]);
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
	/* Without an N nobody has anything, and the check says why for each. */
	if (sources_take(supply, worst))
		return 0;
	for (unsigned s = 0; s < supply->ask.count; s++) {
		struct pen_why reason;
		if (query_check(&supply->queries[s], supply->n, &reason))
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
		if (query->seen || !is_over(query))
			continue;
		query->seen = true;
		int err = query_check(query, supply->n, &why);
		struct locate_offer offer = offer_of(supply, query);
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

/* The labels in what a query was answered, once that was taken into account. */
static const struct pen_labels *labels_of(
	const struct supply *supply, const struct supply_query *query)
{
	const struct locate_offers *offers = &query->offers;
	if (!query->seen || query->result)
		return NULL;
	for (unsigned i = 0; i < offers->count; i++) {
		if (offers->list[i].n == supply->n)
			return offers->list[i].labelled ? &offers->list[i].labels : NULL;
	}
	return offers->any_labelled ? &offers->any_labels : NULL;
}

const struct pen_labels *supply_labels(const struct supply *supply, unsigned source)
{
	PEN_CHECK(source < supply->count);
	for (unsigned s = 0; s < supply->ask.count; s++) {
		const struct supply_query *query = &supply->queries[s];
		if (source - query->source < query->sources)
			return labels_of(supply, query);
	}
	return NULL;
}

const struct pen_labels *supply_peer_labels(const struct supply *supply, unsigned peer)
{
	unsigned at = 0;
	for (unsigned s = 0; s < supply->ask.count; s++) {
		if (!supply->queries[s].origin && at++ == peer)
			return labels_of(supply, &supply->queries[s]);
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
