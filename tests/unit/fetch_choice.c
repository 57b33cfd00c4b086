/* Who is asked next for one part, as rows: what the sources said before, and what follows. */
#include "fetch/choice.h"

#include <criterion/criterion.h>
#include <errno.h>

#include "base/check.h"
#include "base/clock.h"

#define NOW (100 * PEN_NS_PER_S)

/* What one source said of the part before, or is like. */
enum said {
	NOTHING,
	FAILED, /* once, a moment ago */
	FAILED_LONG_AGO,
	USED_UP, /* all its tries */
	FINAL, /* not there */
	ASIDE,
	DOUBTED, /* failed other parts twice in a row, just now */
	BUSY, /* has gets under way */
	LARGE, /* the part was larger than an ordinary one */
	LARGE_FAILED, /* and the get alone failed a moment ago */
	ABSENT, /* may still join */
	GONE, /* did not join */
};

static void source_set(struct pen_plan *plan, unsigned s, enum said said)
{
	struct pen_plan_event event = {.source = s};
	struct pen_why why = {"it is gone"};
	switch (said) {
	case NOTHING: break;
	case FAILED: pen_choice_fail(plan, &event, PEN_ENET, NOW); break;
	case FAILED_LONG_AGO: pen_choice_fail(plan, &event, PEN_ENET, 0); break;
	case USED_UP:
		for (unsigned i = 0; i < plan->config.tries; i++)
			pen_choice_fail(plan, &event, PEN_ENET, 0);
		break;
	case FINAL: pen_choice_finish(plan, 0, s, PEN_ENOTFOUND); break;
	case ASIDE:
		for (unsigned i = 0; i < PEN_PLAN_BAD_MAX; i++)
			pen_choice_bad(plan, s);
		break;
	case DOUBTED:
		event.part = 1;
		for (unsigned i = 0; i < 2; i++)
			pen_choice_fail(plan, &event, PEN_ENET, NOW);
		pen_choice_finish(plan, 1, s, PEN_ENET);
		break;
	case BUSY: plan->source[s].flying = 3; break;
	case LARGE_FAILED: pen_choice_fail(plan, &event, PEN_ENET, NOW); /* fall through */
	case LARGE: pen_choice_try(plan, 0, s)->large = true; break;
	case ABSENT: pen_plan_absent(plan, s); break;
	case GONE:
		pen_plan_absent(plan, s);
		pen_plan_leave(plan, s, PEN_ENET, &why);
		break;
	}
}

Test(fetch_choice, who_is_asked_next)
{
	static const struct {
		const char *name;
		enum said said[2];
		struct pen_choice choice;
		double wait_s; /* until it is worth looking again; 0: not before an event */
	} rows[] = {
		{"the first of equals", {NOTHING, NOTHING}, {true, true, false, 0}, 0},
		{"the less busy one", {BUSY, NOTHING}, {true, true, false, 1}, 0},
		{"the one that failed less", {FAILED_LONG_AGO, BUSY}, {true, true, false, 1}, 0},
		{"a failure waits", {FAILED, FINAL}, {true, false, false, 0}, 1},
		{"a failure waits, another goes", {FAILED, NOTHING}, {true, true, false, 1}, 1},
		{"the only one left", {FAILED_LONG_AGO, FINAL}, {true, true, false, 0}, 0},
		{"nobody has it", {FINAL, FINAL}, {false, false, false, 0}, 0},
		{"nobody is left", {USED_UP, ASIDE}, {false, false, false, 0}, 0},
		{"large here, not yet asked there", {LARGE, NOTHING}, {true, true, false, 1}, 0},
		{"large here, failed there", {LARGE, FAILED}, {true, true, true, 0}, 1},
		{"large everywhere", {LARGE, LARGE}, {true, true, true, 0}, 0},
		{"large and nobody else", {FINAL, LARGE}, {true, true, true, 1}, 0},
		{"large, waits", {FINAL, LARGE_FAILED}, {true, false, true, 0}, 1},
		{"who is absent is hope", {FINAL, ABSENT}, {true, false, false, 0}, 0},
		{"who is absent is waited for", {LARGE, ABSENT}, {true, false, false, 0}, 0},
		{"who has left is none", {GONE, ABSENT}, {true, false, false, 0}, 0},
		{"all have left", {GONE, GONE}, {false, false, false, 0}, 0},
		{"one in doubt gets no new part", {DOUBTED, FINAL}, {true, false, false, 0}, 2},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_plan plan;
		struct pen_plan_config config = {
			.parts = 2, .sources = 2, .tries = 3, .connections = 8, .stall_ns = 1};
		int64_t until = INT64_MAX;
		cr_assert_eq(pen_plan_init(&plan, &config), 0);
		for (unsigned s = 0; s < 2; s++)
			source_set(&plan, s, rows[i].said[s]);
		struct pen_choice choice = pen_choice_make(&plan, 0, NOW, &until);
		cr_expect_eq(choice.hope, rows[i].choice.hope, "%s", rows[i].name);
		cr_expect_eq(choice.found, rows[i].choice.found, "%s", rows[i].name);
		cr_expect(!choice.hope || choice.alone == rows[i].choice.alone, "%s", rows[i].name);
		cr_expect(!choice.found || choice.source == rows[i].choice.source, "%s",
			rows[i].name);
		double wait = until == INT64_MAX ? 0 : (double)(until - NOW) / 1e9;
		cr_expect_float_eq(wait, rows[i].wait_s, 1e-6, "%s: %f", rows[i].name, wait);
		pen_plan_fini(&plan);
	}
}

/* A place with two forms is two sources: the one with fewer bytes is asked first, busy or not. */
Test(fetch_choice, lower_ranks_first)
{
	static const struct {
		uint8_t ranks[2];
		uint8_t reversed; /* bit 0: for the part that is asked for */
		enum said said[2];
		unsigned source;
	} rows[] = {
		{{0, 1}, 0, {NOTHING, NOTHING}, 0},
		{{1, 0}, 0, {NOTHING, NOTHING}, 1},
		{{1, 0}, 0, {NOTHING, BUSY}, 1},
		{{0, 1}, 0, {FAILED_LONG_AGO, NOTHING}, 1},
		{{0, 1}, 0, {FINAL, NOTHING}, 1},
		{{0, 1}, 1, {NOTHING, NOTHING}, 1},
		{{1, 0}, 1, {BUSY, NOTHING}, 0},
		{{0, 1}, 2, {NOTHING, NOTHING}, 0},
		{{1, 1}, 1, {BUSY, NOTHING}, 1},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_plan plan;
		struct pen_plan_config config = {.parts = 2,
			.sources = 2,
			.tries = 3,
			.connections = 8,
			.stall_ns = 1,
			.ranks = {rows[i].ranks[0], rows[i].ranks[1]},
			.reversed = rows[i].reversed ? &rows[i].reversed : NULL};
		int64_t until = INT64_MAX;
		cr_assert_eq(pen_plan_init(&plan, &config), 0);
		for (unsigned s = 0; s < 2; s++)
			source_set(&plan, s, rows[i].said[s]);
		struct pen_choice choice = pen_choice_make(&plan, 0, NOW, &until);
		cr_expect(choice.found, "row %zu", i);
		cr_expect_eq(choice.source, rows[i].source, "row %zu", i);
		pen_plan_fini(&plan);
	}
}
