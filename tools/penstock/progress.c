#include "progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"

#define PROGRESS_TERMINAL_NS (250 * PEN_NS_PER_MS)
#define PROGRESS_LINE_NS (10 * PEN_NS_PER_S)
/* A get that is quiet for longer is worth a word. */
#define PROGRESS_QUIET_NS (3 * PEN_NS_PER_S)
/* Parts in trouble that are named at a time. */
#define PROGRESS_TROUBLES_MAX 4u

void progress_init(
	struct progress *progress, const struct pen_sync *sync, bool quiet, int64_t now_ns)
{
	*progress = (struct progress){.sync = sync,
		.terminal = isatty(STDERR_FILENO),
		.muted = quiet,
		.begin_ns = now_ns,
		.shown_ns = now_ns,
		.begin_applied = sync->plan.count[PEN_PART_APPLIED]};
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

static void rate_update(struct progress *progress, uint64_t bytes, int64_t now_ns)
{
	double seconds = (double)(now_ns - progress->shown_ns) / PEN_NS_PER_S;
	/* A get that failed takes its bytes with it. */
	uint64_t more = bytes > progress->shown_bytes ? bytes - progress->shown_bytes : 0;
	double rate = seconds > 0 ? (double)more / seconds : 0;
	progress->rate = progress->rate > 0 ? 0.7 * progress->rate + 0.3 * rate : rate;
	progress->shown_bytes = bytes;
	progress->shown_ns = now_ns;
}

/* What is left, at the pace of parts applied so far. */
static void eta_print(const struct progress *progress, FILE *out, int64_t now_ns)
{
	const struct pen_plan *plan = &progress->sync->plan;
	uint32_t applied = plan->count[PEN_PART_APPLIED] - progress->begin_applied;
	uint32_t left = plan->config.parts - plan->count[PEN_PART_APPLIED];
	if (applied == 0)
		return;
	double seconds = (double)(now_ns - progress->begin_ns) / PEN_NS_PER_S * left / applied;
	if (seconds < 120)
		fprintf(out, ", %.0f s left", seconds);
	else
		fprintf(out, ", %.0f min left", seconds / 60);
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

static void line_print(const struct progress *progress, FILE *out, int64_t now_ns)
{
	const struct pen_plan *plan = &progress->sync->plan;
	fprintf(out, "%s: %u of %u parts, %.1f MB, %.1f MB/s, %u in flight", phase(plan),
		plan->count[PEN_PART_APPLIED], plan->config.parts,
		(double)progress->shown_bytes / 1e6, progress->rate / 1e6, plan->flights_count);
	if (plan->count[PEN_PART_HELD])
		fprintf(out, ", %u applying", plan->count[PEN_PART_HELD]);
	if (plan->count[PEN_PART_LOST])
		fprintf(out, ", %u lost", plan->count[PEN_PART_LOST]);
	if (!quiet_print(progress, out, now_ns))
		eta_print(progress, out, now_ns);
}

/* One row of the terminal, and no more: what wraps cannot be drawn over. */
static void row_draw(const struct progress *progress, int64_t now_ns)
{
	struct winsize size = {0};
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	if (!out)
		return;
	line_print(progress, out, now_ns);
	if (progress->sync->plan.troubles.count)
		fprintf(out, "; %s", progress->sync->plan.troubles.list[0].why.text);
	fclose(out);
	int width = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1
		? size.ws_col - 1
		: 79;
	fprintf(stderr, "\r%.*s\033[K", width, text);
	fflush(stderr);
	free(text);
}

void progress_turn(struct progress *progress, int64_t now_ns)
{
	int64_t interval = progress->terminal ? PROGRESS_TERMINAL_NS : PROGRESS_LINE_NS;
	if (progress->muted || now_ns - progress->shown_ns < interval)
		return;
	rate_update(progress, progress_bytes(progress->sync), now_ns);
	if (progress->terminal) {
		row_draw(progress, now_ns);
		return;
	}
	line_print(progress, stderr, now_ns);
	fprintf(stderr, "\n");
	troubles_print(progress);
}

void progress_end(struct progress *progress)
{
	if (progress->terminal && !progress->muted)
		fprintf(stderr, "\r\033[K");
}
