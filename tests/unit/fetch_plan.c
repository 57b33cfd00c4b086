/* The plan against sources in virtual time: what is asked, how it ends, and when. */
#include "fetch/plan.h"

#include <criterion/criterion.h>
#include <errno.h>

#include "base/check.h"
#include "base/clock.h"

#define PARTS_MAX 200u
#define GET_NS (10 * PEN_NS_PER_MS)
#define TURNS_MAX 100000

/* How a source answers. */
enum manner {
	GOOD,
	MISSING, /* 404 */
	DENIED,
	BROKEN, /* 500 for ever */
	FLAKY, /* each part fails four times, then comes */
	BAD, /* wrong bytes */
	SILENT,
	HALF, /* even parts only */
	ONE_BROKEN, /* part 3 fails for ever */
	AWAY, /* refuses for the first five seconds */
	BUSY, /* the first get is told to come back after 7 s */
	HUGE,
	WIDE, /* every part is larger than an ordinary one */
	BLOATED, /* the same, seen when it is opened */
	WIDE_THIRD, /* every third part is */
	BOTTOMLESS, /* larger than any allowance */
};

struct sim {
	struct pen_plan plan;
	const enum manner *manners;
	int64_t now;
	int64_t due[PARTS_MAX]; /* when the get under way ends; 0: none */
	unsigned source[PARTS_MAX];
	unsigned asked[PEN_SOURCES_MAX][PARTS_MAX];
	unsigned asked_all, flying_max;
	bool alone[PARTS_MAX]; /* how the get was begun */
};

static int outcome(struct sim *sim, uint32_t k, unsigned s, struct pen_plan_event *event)
{
	switch (sim->manners[s]) {
	case MISSING: return PEN_ENOTFOUND;
	case DENIED: return -EACCES;
	case BROKEN: return PEN_ENET;
	case FLAKY: return sim->asked[s][k] <= 4 ? PEN_ENET : 0;
	case HALF: return k % 2 ? PEN_ENOTFOUND : 0;
	case ONE_BROKEN: return k == 3 ? PEN_ENET : 0;
	case AWAY: return sim->now < 5 * PEN_NS_PER_S ? PEN_ENET : 0;
	case BUSY:
		event->retry_after_ns = 7 * PEN_NS_PER_S;
		return sim->now < PEN_NS_PER_S ? PEN_ENET : 0;
	case HUGE: return PEN_EINPUT;
	case WIDE: return sim->alone[k] ? 0 : PEN_ELARGE;
	case WIDE_THIRD: return sim->alone[k] || k % 3 ? 0 : PEN_ELARGE;
	case BOTTOMLESS: return PEN_ELARGE;
	default: return 0;
	}
}

static void get_end(struct sim *sim, uint32_t k)
{
	struct pen_why why;
	struct pen_plan_event event = {.part = k, .source = sim->source[k], .why = &why};
	event.result = outcome(sim, k, event.source, &event);
	pen_fail(&why, 0, "source %u said %s", event.source, pen_err_text(event.result));
	sim->due[k] = 0;
	pen_plan_ended(&sim->plan, &event, sim->now);
	if (event.result)
		return;
	if (sim->manners[event.source] == BAD) {
		event.result = PEN_EMISSING;
		pen_fail(&why, 0, "source %u: MissingTrieValue", event.source);
		pen_plan_bad(&sim->plan, &event);
	} else if (sim->manners[event.source] == BLOATED && !sim->alone[k]) {
		pen_plan_large(&sim->plan, k, event.source);
	} else {
		pen_plan_applied(&sim->plan, k);
	}
}

static void act(struct sim *sim, const struct pen_plan_action *action)
{
	uint32_t k = action->part;
	if (action->act == PEN_PLAN_CANCEL) {
		struct pen_plan_event event = {
			.part = k, .source = action->source, .result = -ECANCELED};
		sim->due[k] = 0;
		pen_plan_ended(&sim->plan, &event, sim->now);
		return;
	}
	cr_assert_eq(sim->due[k], 0);
	sim->source[k] = action->source;
	sim->alone[k] = action->alone;
	cr_assert(!action->alone || sim->plan.flights_count == 1, "alone is alone");
	sim->due[k] = sim->manners[action->source] == SILENT ? INT64_MAX : sim->now + GET_NS;
	sim->asked[action->source][k]++;
	sim->asked_all++;
	if (sim->plan.flights_count > sim->flying_max)
		sim->flying_max = sim->plan.flights_count;
}

/* Let time pass until the next thing happens; false at the end. */
static bool sim_turn(struct sim *sim)
{
	struct pen_plan_action action = pen_plan_next(&sim->plan, true, sim->now);
	if (action.act == PEN_PLAN_END)
		return false;
	if (action.act != PEN_PLAN_WAIT) {
		act(sim, &action);
		return true;
	}
	int64_t next = action.until_ns;
	for (uint32_t k = 0; k < sim->plan.config.parts; k++) {
		if (sim->due[k] && sim->due[k] < next)
			next = sim->due[k];
	}
	cr_assert_lt(next, INT64_MAX, "nothing would ever happen again");
	sim->now = next;
	for (uint32_t k = 0; k < sim->plan.config.parts; k++) {
		if (sim->due[k] && sim->due[k] <= sim->now)
			get_end(sim, k);
	}
	return true;
}

static void sim_run(struct sim *sim, const enum manner *manners, struct pen_plan_config config)
{
	memset(sim, 0, sizeof *sim);
	sim->manners = manners;
	cr_assert_eq(pen_plan_init(&sim->plan, &config), 0);
	int turns = 0;
	while (sim_turn(sim))
		cr_assert_lt(turns++, TURNS_MAX);
}

static const struct pen_plan_config usual = {
	.tries = 5, .connections = 8, .stall_ns = 30 * PEN_NS_PER_S};

Test(fetch_plan, ends_as_it_must)
{
	static const struct {
		const char *name;
		uint32_t parts;
		unsigned sources;
		enum manner manners[3];
		int result;
		const char *says; /* in the sentence */
		uint32_t applied;
		double seconds_min, seconds_max;
		unsigned asks_max;
	} rows[] = {
		{"good", 50, 1, {GOOD}, 0, "", 50, 0, 1, 50},
		{"nothing to do", 0, 1, {GOOD}, 0, "", 0, 0, 0, 0},
		{"two good", 50, 2, {GOOD, GOOD}, 0, "", 50, 0, 1, 50},
		{"404", 10, 1, {MISSING}, PEN_ENOTFOUND, "part 0 of 10: source 0 said not found", 0,
			0, 1, 10},
		{"404 many", 200, 1, {MISSING}, PEN_ENOTFOUND, "and 63 more", 0, 0, 1, 80},
		{"404, then good", 20, 2, {MISSING, GOOD}, 0, "", 20, 0, 1, 40},
		{"half each", 20, 2, {HALF, MISSING}, PEN_ENOTFOUND, "part 1 of 20", 10, 0, 1, 40},
		{"denied", 5, 1, {DENIED}, -EACCES, "part 0 of 5", 0, 0, 1, 5},
		{"broken", 50, 1, {BROKEN}, PEN_ENET, "part 0 of 50", 0, 15, 16, 41},
		{"broken, then good", 50, 2, {BROKEN, GOOD}, 0, "", 50, 0, 1, 60},
		{"flaky", 20, 1, {FLAKY}, 0, "", 20, 15, 60, 100},
		{"one broken", 20, 1, {ONE_BROKEN}, PEN_ENET, "part 3 of 20: source 0", 19, 15, 16,
			24},
		{"away", 100, 1, {AWAY}, 0, "", 100, 7, 8, 140},
		{"busy", 10, 1, {BUSY}, 0, "", 10, 7, 8, 20},
		{"bad", 100, 1, {BAD}, PEN_EMISSING, "source 0: MissingTrieValue", 0, 0, 1, 10},
		{"bad and good", 50, 2, {BAD, GOOD}, 0, "", 50, 0, 1, 60},
		{"bad and missing", 10, 2, {MISSING, BAD}, PEN_EMISSING, "source 1", 0, 0, 1, 20},
		{"bad and silent", 10, 2, {SILENT, BAD}, PEN_EMISSING, "source 1", 0, 30, 61, 40},
		{"huge", 2, 1, {HUGE}, PEN_EINPUT, "source 0", 0, 0, 1, 2},
		{"wide", 20, 1, {WIDE}, 0, "", 20, 0, 1, 40},
		{"bloated", 20, 1, {BLOATED}, 0, "", 20, 0, 1, 40},
		{"wide thirds", 20, 1, {WIDE_THIRD}, 0, "", 20, 0, 1, 27},
		{"wide and silent", 4, 2, {SILENT, WIDE}, 0, "", 4, 30, 32, 12},
		{"bottomless", 100, 1, {BOTTOMLESS}, PEN_ELARGE, "source 0", 0, 0, 1, 12},
		{"bottomless and good", 50, 2, {BOTTOMLESS, GOOD}, 0, "", 50, 0, 1, 100},
		{"silent", 50, 1, {SILENT}, PEN_ESTALL, "from any source for 30 s", 0, 30, 31, 8},
		{"silent, then good", 20, 2, {SILENT, GOOD}, 0, "", 20, 30, 31, 40},
		{"one part, silent first", 1, 2, {SILENT, GOOD}, 0, "", 1, 30, 31, 2},
		{"silent and broken", 20, 2, {SILENT, BROKEN}, PEN_ESTALL, "no byte", 0, 30, 75,
			100},
		{"silent and missing", 20, 2, {MISSING, SILENT}, PEN_ESTALL, "no byte", 0, 30, 31,
			40},
		{"broken and missing", 5, 2, {MISSING, BROKEN}, PEN_ENET, "source 1", 0, 15, 16,
			40},
	};
	static struct sim sim;
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_plan_config config = usual;
		struct pen_why why = {0};
		config.parts = rows[i].parts;
		config.sources = rows[i].sources;
		sim_run(&sim, rows[i].manners, config);
		int result = pen_plan_result(&sim.plan, &why);
		double seconds = (double)sim.now / 1e9;
		cr_expect_eq(result, rows[i].result, "%s: %d %s", rows[i].name, result, why.text);
		cr_expect(strstr(why.text, rows[i].says), "%s: %s", rows[i].name, why.text);
		cr_expect_eq(sim.plan.count[PEN_PART_APPLIED], rows[i].applied, "%s: %u applied",
			rows[i].name, sim.plan.count[PEN_PART_APPLIED]);
		cr_expect(seconds >= rows[i].seconds_min, "%s: %.1f s", rows[i].name, seconds);
		cr_expect(seconds <= rows[i].seconds_max, "%s: %.1f s", rows[i].name, seconds);
		cr_expect(sim.asked_all <= rows[i].asks_max, "%s: %u asks", rows[i].name,
			sim.asked_all);
		cr_expect(sim.flying_max <= 8);
		pen_plan_fini(&sim.plan);
	}
}

Test(fetch_plan, resumes_and_counts_tries)
{
	static struct sim sim;
	static const enum manner flaky[] = {FLAKY}, good[] = {GOOD};
	static const uint8_t applied[] = {0xff, 0x7f};
	struct pen_why why = {0};
	struct pen_plan_config config = usual;
	config.parts = 16;
	config.sources = 1;
	config.applied = applied;
	sim_run(&sim, good, config);
	cr_expect_eq(pen_plan_result(&sim.plan, &why), 0);
	cr_expect_eq(sim.asked_all, 1, "only the part without a marker");
	cr_expect_eq(sim.asked[0][15], 1);
	pen_plan_fini(&sim.plan);
	config.tries = 4;
	sim_run(&sim, flaky, config);
	cr_expect_eq(pen_plan_result(&sim.plan, &why), PEN_ENET);
	cr_expect_eq(sim.asked[0][15], 4);
	pen_plan_fini(&sim.plan);
}

Test(fetch_plan, stops_and_says_why_it_is_stuck)
{
	static struct sim sim;
	static const enum manner silent[] = {SILENT}, broken[] = {BROKEN};
	struct pen_plan_config config = usual;
	struct pen_plan_stuck stuck;
	struct pen_why why = {"interrupted"};
	config.parts = 10;
	config.sources = 1;
	memset(&sim, 0, sizeof sim);
	sim.manners = silent;
	cr_assert_eq(pen_plan_init(&sim.plan, &config), 0);
	for (int i = 0; i < 8; i++)
		cr_assert(sim_turn(&sim));
	pen_plan_progress(&sim.plan, 1, PEN_NS_PER_S);
	pen_plan_stuck(&sim.plan, 3 * PEN_NS_PER_S, &stuck);
	cr_expect_eq(stuck.part, 0);
	cr_expect_eq(stuck.quiet_ns, 3 * PEN_NS_PER_S);
	pen_plan_stop(&sim.plan, PEN_EINTERRUPTED, &why);
	pen_plan_stop(&sim.plan, PEN_ENET, NULL);
	while (sim_turn(&sim))
		;
	cr_expect_eq(sim.now, 0, "a stop does not wait");
	cr_expect_eq(pen_plan_result(&sim.plan, &why), PEN_EINTERRUPTED);
	cr_expect_str_eq(why.text, "interrupted");
	pen_plan_fini(&sim.plan);

	sim_run(&sim, broken, config);
	pen_plan_stuck(&sim.plan, sim.now, &stuck);
	cr_assert_not_null(stuck.trouble);
	cr_expect_eq(stuck.trouble->code, PEN_ENET);
	cr_expect_str_eq(stuck.trouble->why.text, "source 0 said network failure");
	pen_plan_fini(&sim.plan);
}

/* A source that joins late is asked; one that leaves is the reason, if nobody else had the part. */
Test(fetch_plan, sources_that_come_later)
{
	static struct sim sim;
	static const enum manner manners[] = {HALF, GOOD};
	struct pen_plan_config config = usual;
	struct pen_why why = {"source 1 never came"};
	config.parts = 10;
	config.sources = 2;
	for (int joins = 0; joins < 2; joins++) {
		memset(&sim, 0, sizeof sim);
		sim.manners = manners;
		cr_assert_eq(pen_plan_init(&sim.plan, &config), 0);
		pen_plan_absent(&sim.plan, 1);
		for (int i = 0; i < 200; i++) {
			struct pen_plan_action action = pen_plan_next(&sim.plan, true, sim.now);
			cr_assert_neq(action.act, PEN_PLAN_END);
			if (action.act == PEN_PLAN_START)
				act(&sim, &action);
			sim.now += PEN_NS_PER_MS;
			for (uint32_t k = 0; k < 10; k++) {
				if (sim.due[k] && sim.due[k] <= sim.now)
					get_end(&sim, k);
			}
		}
		cr_expect_eq(sim.plan.count[PEN_PART_APPLIED], 5);
		cr_expect_eq(sim.plan.count[PEN_PART_LOST], 0);
		if (joins)
			pen_plan_join(&sim.plan, 1);
		else
			pen_plan_leave(&sim.plan, 1, PEN_ENET, &why);
		while (sim_turn(&sim))
			;
		cr_expect_eq(sim.plan.count[PEN_PART_APPLIED], joins ? 10 : 5);
		cr_expect_eq(pen_plan_result(&sim.plan, &why), joins ? 0 : PEN_ENET);
		cr_expect(joins || strstr(why.text, "part 1 of 10: source 1 never came"), "%s",
			why.text);
		pen_plan_fini(&sim.plan);
	}
}

/* Parts that are had in another way meanwhile: not asked for, not lost, and done when they came. */
static bool even(void *context, uint32_t part, unsigned source)
{
	cr_assert_eq(source, 0);
	return *(bool *)context || part % 2 == 0;
}

Test(fetch_plan, parts_that_come_in_another_way)
{
	static struct sim sim;
	static const enum manner manners[] = {GOOD, MISSING};
	bool all = false;
	struct pen_why why = {0};
	struct pen_plan_config config = usual;
	config.parts = 10;
	config.sources = 1;
	config.may = even;
	config.context = &all;
	for (unsigned m = 0; m < 2; m++) {
		memset(&sim, 0, sizeof sim);
		sim.manners = manners + m;
		cr_assert_eq(pen_plan_init(&sim.plan, &config), 0);
		for (struct pen_plan_action action; sim.asked_all < 5;) {
			action = pen_plan_next(&sim.plan, true, sim.now);
			cr_assert_eq(action.act, PEN_PLAN_START);
			cr_assert_eq(action.part % 2, 0);
			act(&sim, &action);
			cr_expect(pen_plan_has(&sim.plan, action.part));
		}
		for (uint32_t k = 0; k < 10; k += 2)
			get_end(&sim, k);
		struct pen_plan_action action = pen_plan_next(&sim.plan, true, sim.now);
		cr_expect_eq(action.act, PEN_PLAN_WAIT);
		cr_expect_eq(action.until_ns, INT64_MAX, "only an event helps");
		cr_expect_eq(sim.plan.count[PEN_PART_LOST], m ? 5 : 0, "none for that");
		for (uint32_t k = 0; k < 10; k++) {
			cr_expect_eq(pen_plan_hopes(&sim.plan, k, 1, sim.now), k % 2 || !m);
			cr_expect(!pen_plan_hopes(&sim.plan, k, 2, sim.now), "no such source");
			if (k % 2 || m)
				pen_plan_taken(&sim.plan, k);
		}
		cr_expect_eq(pen_plan_next(&sim.plan, true, sim.now).act, PEN_PLAN_END);
		cr_expect_eq(pen_plan_result(&sim.plan, &why), 0, "%s", why.text);
		pen_plan_fini(&sim.plan);
	}
	config.lost_max = 3;
	all = true;
	sim_run(&sim, manners + 1, config);
	cr_expect_eq(sim.plan.count[PEN_PART_LOST], 3);
	all = false;
	pen_plan_fini(&sim.plan);
}
