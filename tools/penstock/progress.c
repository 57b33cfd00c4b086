#include "progress.h"

#include <stdio.h>

#include "base/clock.h"

/* A get that is quiet for longer is worth a word. */
#define PROGRESS_QUIET_NS (3 * PEN_NS_PER_S)
/* Parts in trouble that are named at a time. */
#define PROGRESS_TROUBLES_MAX 4u

void progress_init(
	struct progress *progress, const struct pen_sync *sync, bool quiet, int64_t now_ns)
{
	*progress = (struct progress){
		.sync = sync, .begin_applied = sync->plan.count[PEN_PART_APPLIED]};
	meter_begin(&progress->meter, quiet, now_ns);
}

uint64_t progress_bytes(const struct pen_sync *sync)
{
	uint64_t bytes = sync->pull.bytes_wire;
	for (unsigned i = 0; sync->pull.slots && i < sync->pull.config.slots; i++) {
		if (sync->pull.slots[i].state == PEN_SLOT_FLYING)
			bytes += sync->pull.slots[i].bytes.len;
	}
	return bytes;
}

/* What is left, at the pace of parts applied so far. */
static void eta_print(const struct progress *progress, FILE *out, int64_t now_ns)
{
	const struct pen_plan *plan = &progress->sync->plan;
	uint32_t applied = plan->count[PEN_PART_APPLIED] - progress->begin_applied;
	uint32_t left = plan->config.parts - plan->count[PEN_PART_APPLIED];
	meter_eta(&progress->meter, out, applied, left, now_ns);
}

static const char *phase(const struct pen_plan *plan)
{
	if (plan->stopping)
		return "stopping";
	if (plan->flights_count)
		return "fetching";
	return plan->count[PEN_PART_HELD] ? "applying" : "waiting";
}

/* True if a get is quiet for so long that no end can be foretold. */
static bool quiet_print(const struct progress *progress, FILE *out, int64_t now_ns)
{
	struct pen_plan_stuck stuck;
	pen_plan_stuck(&progress->sync->plan, now_ns, &stuck);
	if (stuck.part == PEN_PART_NONE || stuck.quiet_ns < PROGRESS_QUIET_NS)
		return false;
	fprintf(out, "; part %u quiet %lld s: %s", stuck.part,
		(long long)(stuck.quiet_ns / PEN_NS_PER_S),
		progress->sync->config.sources[stuck.source].origin->label);
	return true;
}

static void troubles_print(const struct progress *progress)
{
	const struct pen_troubles *troubles = &progress->sync->plan.troubles;
	for (unsigned i = 0; i < troubles->count && i < PROGRESS_TROUBLES_MAX; i++)
		fprintf(stderr, "  part %u: %s\n", troubles->list[i].part,
			troubles->list[i].why.text);
	if (troubles->count > PROGRESS_TROUBLES_MAX)
		fprintf(stderr, "  and %u more parts in trouble\n",
			troubles->count - PROGRESS_TROUBLES_MAX);
}

static void line_print(const void *context, FILE *out, int64_t now_ns)
{
	const struct progress *progress = context;
	const struct pen_plan *plan = &progress->sync->plan;
	fprintf(out, "%s: %u of %u parts, %.1f MB, %.1f MB/s, %u in flight", phase(plan),
		plan->count[PEN_PART_APPLIED], plan->config.parts,
		(double)progress->meter.shown_bytes / 1e6, progress->meter.rate / 1e6,
		plan->flights_count);
	if (plan->count[PEN_PART_HELD])
		fprintf(out, ", %u applying", plan->count[PEN_PART_HELD]);
	if (plan->count[PEN_PART_LOST])
		fprintf(out, ", %u lost", plan->count[PEN_PART_LOST]);
	if (!quiet_print(progress, out, now_ns))
		eta_print(progress, out, now_ns);
	if (progress->meter.terminal && plan->troubles.count)
		fprintf(out, "; %s", plan->troubles.list[0].why.text);
}

void progress_turn(struct progress *progress, int64_t now_ns)
{
	if (!meter_due(&progress->meter, now_ns))
		return;
	meter_count(&progress->meter, progress_bytes(progress->sync), now_ns);
	meter_show(&progress->meter, line_print, progress, now_ns);
	if (!progress->meter.terminal)
		troubles_print(progress);
}

void progress_end(struct progress *progress)
{
	meter_end(&progress->meter);
}
