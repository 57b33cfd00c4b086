#include "workshop.h"

#include <errno.h>
#include <stdlib.h>

#include "base/check.h"

static void line_put(struct workshop_line *line, struct errand *errand)
{
	errand->next = NULL;
	if (!line->first)
		line->end = &line->first;
	*line->end = errand;
	line->end = &errand->next;
}

static struct errand *line_take(struct workshop_line *line)
{
	struct errand *errand = line->first;
	if (errand)
		line->first = errand->next;
	return errand;
}

static void run(void *context, unsigned hand, void *thing)
{
	struct workshop *workshop = context;
	errand_run(workshop->benches[hand], thing);
}

int workshop_open(struct workshop *workshop, const struct workshop_ask *ask, struct pen_why *why)
{
	PEN_CHECK(ask->jobs >= 1);
	PEN_CHECK(ask->jobs <= PEN_HANDS_MAX);
	*workshop = (struct workshop){.ask = *ask};
	workshop->benches = calloc(ask->jobs, sizeof(struct errand_bench *));
	if (!workshop->benches)
		return pen_fail(why, -ENOMEM, "no memory for %u workers", ask->jobs);
	for (unsigned i = 0; i < ask->jobs; i++) {
		workshop->benches[i] = errand_bench_open(ask->depot, why);
		if (!workshop->benches[i])
			return -ENOMEM;
	}
	const struct pen_hands_config config = {
		.count = ask->jobs, .depth = WORKSHOP_DEPTH, .run = run, .context = workshop};
	return pen_hands_open(&config, &workshop->hands, why);
}

void workshop_close(struct workshop *workshop)
{
	pen_hands_close(workshop->hands);
	for (unsigned i = 0; workshop->benches && i < workshop->ask.jobs; i++)
		errand_bench_close(workshop->benches[i]);
	free(workshop->benches);
	*workshop = (struct workshop){0};
}

void workshop_put(struct workshop *workshop, struct errand *errand)
{
	PEN_CHECK(errand->back);
	errand->allowance = &workshop->ask.part;
	workshop->count++;
	line_put(&workshop->waiting, errand);
}

/* One that is too large to be proved beside others, when there are no others. */
static void send_large(struct workshop *workshop)
{
	struct errand *errand = line_take(&workshop->large);
	for (unsigned i = 0; i < workshop->ask.jobs; i++)
		errand_bench_trim(workshop->benches[i]);
	errand->allowance = &workshop->ask.alone;
	workshop->alone = true;
	PEN_CHECK(pen_hands_submit(workshop->hands, errand));
}

static void send(struct workshop *workshop)
{
	while (!workshop->alone && !workshop->large.first && workshop->waiting.first) {
		struct errand *errand = workshop->waiting.first, *next = errand->next;
		if (!pen_hands_submit(workshop->hands, errand))
			return;
		/* It is the worker's now, and may be back already. */
		workshop->waiting.first = next;
	}
	if (!workshop->alone && workshop->large.first && !pen_hands_held(workshop->hands))
		send_large(workshop);
}

static void came(struct workshop *workshop, struct errand *errand, int64_t now_ns)
{
	if (errand->verdict == ERRAND_LARGE && errand->allowance == &workshop->ask.part) {
		line_put(&workshop->large, errand);
		return;
	}
	if (errand->allowance == &workshop->ask.alone)
		workshop->alone = false;
	workshop->prove_ns += errand->prove_ns;
	workshop->store_ns += errand->store_ns;
	if (errand->kind == ERRAND_PART && errand->verdict == ERRAND_DONE) {
		workshop->values += errand->counts.values;
		workshop->content_bytes += errand->counts.bytes;
	}
	workshop->count--;
	errand->back(errand, now_ns);
}

bool workshop_turn(struct workshop *workshop, int64_t now_ns)
{
	bool any = false;
	send(workshop);
	for (struct errand *errand; (errand = pen_hands_reap(workshop->hands)); any = true)
		came(workshop, errand, now_ns);
	if (any)
		send(workshop);
	return any;
}

const struct pen_wake *workshop_wake(const struct workshop *workshop)
{
	return pen_hands_wake(workshop->hands);
}
