#include "supply.h"

#include "base/check.h"

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

int supply_query_open(struct supply_query *query, const char *word, struct pen_why *why)
{
	const struct supply_ask *ask = &query->supply->ask;
	if (!ask->identity || !supply_is_peer(word))
		return pen_origin_open(word, &ask->options, &query->origin, why);
	query->peer.identity = *ask->identity;
	return endpoint_parse(word, false, &query->peer.end, why);
}

int supply_query_start(struct supply_query *query, unsigned number, struct pen_why *why)
{
	PEN_CHECK(!supply_query_over(query));
	int err = pen_thread_start(&query->thread, query_run, query, number);
	return err ? pen_fail(why, err, "cannot start a thread: %s", pen_err_text(err)) : 0;
}

void supply_query_close(struct supply_query *query)
{
	pen_thread_join(&query->thread);
	if (query->origin)
		query->origin->ops->close(query->origin);
	locate_offers_fini(&query->offers);
}

int supply_query_check(const struct supply_query *query, uint32_t n, struct pen_why *why)
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
		return pen_fail(why, PEN_ENOTFOUND,
			"%s: offers the state in %u parts%s, not in %u; ask for what is offered",
			label, offers->list[0].n, offers->count > 1 ? " and other numbers" : "", n);
	return 0;
}

bool supply_query_over(const struct supply_query *query)
{
	return atomic_load_explicit(&query->over, memory_order_acquire);
}

bool supply_query_useful(const struct supply_query *query, uint32_t n)
{
	struct pen_why why;
	if (!supply_query_over(query) || query->result)
		return false;
	return n ? supply_query_check(query, n, &why) == 0 : query->offers.count > 0;
}

bool supply_query_has(const struct supply_query *query, uint32_t n)
{
	struct locate_offer offer;
	return locate_find(&query->offers, n, &offer);
}

struct locate_offer supply_query_offer(const struct supply_query *query)
{
	struct locate_offer offer = {0};
	locate_find(&query->offers, query->supply->n, &offer);
	return offer;
}

const struct pen_labels *supply_query_labels(const struct supply_query *query)
{
	const struct locate_offers *offers = &query->offers;
	if (!query->seen || query->result)
		return NULL;
	for (unsigned i = 0; i < offers->count; i++) {
		if (offers->list[i].n == query->supply->n)
			return offers->list[i].labelled ? &offers->list[i].labels : NULL;
	}
	return offers->any_labelled ? &offers->any_labels : NULL;
}
