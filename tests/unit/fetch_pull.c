#include "fetch/pull.h"

#include <criterion/criterion.h>

#include "base/clock.h"
#include "fakes/origin.h"

static void script(void *context, uint32_t k, unsigned before, struct fake_answer *answer)
{
	(void)context, (void)before;
	answer->body = (struct pen_bytes){(const uint8_t *)"abcdefgh", 1 + k % 8};
	answer->piece_ns = PEN_NS_PER_MS * (1 + k % 3);
}

/* Slots bound what is begun: nothing is fetched while all are full or taken. */
Test(fetch_pull, slots_close_the_tap)
{
	static struct fake_origin fake;
	static struct pen_plan plan;
	int64_t now = 0;
	struct pen_wake wake = PEN_WAKE_NONE;
	struct pen_pull pull;
	fake_origin_init(&fake, "fake", &now);
	fake.script = script;
	struct pen_source source = {.origin = &fake.origin, .prefix = "x/"};
	struct pen_plan_config config = {.parts = 20,
		.sources = 1,
		.tries = 1,
		.connections = 4,
		.stall_ns = 30 * PEN_NS_PER_S};
	cr_assert_eq(pen_wake_open(&wake), 0);
	cr_assert_eq(pen_plan_init(&plan, &config), 0);
	cr_assert_eq(pen_pull_open(&pull, &plan,
			     &(struct pen_pull_config){.sources = &source,
				     .slots = 6,
				     .part_bytes = 100,
				     .alone_bytes = 1000,
				     .limit = "",
				     .wake = &wake}),
		0);
	for (int i = 0; i < 10; i++, now += 10 * PEN_NS_PER_MS)
		pen_pull_turn(&pull, now);
	cr_expect_eq(fake.asked_all, 6);
	cr_expect_eq(fake.gets_max, 4);
	uint32_t order = 0;
	for (unsigned taken = 0; taken < 20; taken++) {
		struct pen_slot *slot = pen_pull_take(&pull);
		cr_assert_not_null(slot);
		pen_pull_untake(slot);
		cr_expect_eq(pen_pull_take(&pull), slot);
		cr_expect_eq(slot->bytes.len, 1 + slot->part % 8);
		order |= 1u << slot->part;
		pen_plan_applied(&plan, slot->part);
		pen_pull_give(&pull, slot);
		for (int i = 0; i < 3; i++, now += 10 * PEN_NS_PER_MS)
			pen_pull_turn(&pull, now);
	}
	cr_expect_eq(order, (1u << 20) - 1);
	cr_expect_null(pen_pull_take(&pull));
	cr_expect_eq(pen_pull_turn(&pull, now).act, PEN_PLAN_END);
	cr_expect_eq(pull.fetched, 20);
	pen_wake_signal(&wake);
	pen_pull_wait(&pull, PEN_NS_PER_S);
	pen_pull_close(&pull);
	pen_pull_close(&pull);
	pen_plan_fini(&plan);
	pen_wake_close(&wake);
}

/* A part beyond what is ordinary is asked again alone; what is beyond that, too, says what to do.
 */
Test(fetch_pull, large_parts_go_alone)
{
	static struct fake_origin fake;
	static struct pen_plan plan;
	int64_t now = 0;
	struct pen_wake wake = PEN_WAKE_NONE;
	struct pen_pull pull;
	struct pen_why why;
	fake_origin_init(&fake, "fake", &now);
	fake.script = script;
	struct pen_source source = {.origin = &fake.origin, .prefix = "x/"};
	struct pen_plan_config config = {.parts = 8,
		.sources = 1,
		.tries = 1,
		.connections = 4,
		.stall_ns = 30 * PEN_NS_PER_S};
	struct pen_pull_config pulls = {.sources = &source,
		.slots = 6,
		.part_bytes = 5,
		.alone_bytes = 7,
		.limit = "give more",
		.wake = &wake};
	cr_assert_eq(pen_wake_open(&wake), 0);
	cr_assert_eq(pen_plan_init(&plan, &config), 0);
	cr_assert_eq(pen_pull_open(&pull, &plan, &pulls), 0);
	uint32_t seen = 0;
	for (int i = 0; i < 200; i++, now += 10 * PEN_NS_PER_MS) {
		if (pen_pull_turn(&pull, now).act == PEN_PLAN_END)
			break;
		struct pen_slot *slot = pen_pull_take(&pull);
		if (!slot)
			continue;
		cr_expect_eq(slot->alone, slot->part >= 5, "part k has 1 + k bytes");
		seen |= 1u << slot->part;
		pen_plan_applied(&plan, slot->part);
		pen_pull_give(&pull, slot);
	}
	cr_expect_eq(seen, 0x7f);
	cr_expect_eq(fake.asked_all, 8 + 3);
	cr_expect_eq(pen_plan_result(&plan, &why), PEN_ELARGE);
	cr_expect(strstr(why.text, "over 7 bytes: give more"), "%s", why.text);
	pen_pull_close(&pull);
	pen_plan_fini(&plan);
	pen_wake_close(&wake);
}

static void silent(void *context, uint32_t k, unsigned before, struct fake_answer *answer)
{
	(void)context;
	answer->body = (struct pen_bytes){(const uint8_t *)"abcdefgh", 8};
	answer->silent = k == 1 && before == 0;
}

/* A get that is given up for another way is no failure, and may be begun again. */
Test(fetch_pull, abandons)
{
	static struct fake_origin fake;
	static struct pen_plan plan;
	int64_t now = 0;
	struct pen_wake wake = PEN_WAKE_NONE;
	struct pen_pull pull;
	fake_origin_init(&fake, "fake", &now);
	fake.script = silent;
	struct pen_source source = {.origin = &fake.origin};
	struct pen_plan_config config = {.parts = 2,
		.sources = 1,
		.tries = 1,
		.connections = 2,
		.stall_ns = 30 * PEN_NS_PER_S};
	const struct pen_pull_config slots = {.sources = &source,
		.slots = 2,
		.part_bytes = 100,
		.alone_bytes = 1000,
		.limit = "",
		.wake = &wake};
	cr_assert_eq(pen_wake_open(&wake), 0);
	cr_assert_eq(pen_plan_init(&plan, &config), 0);
	cr_assert_eq(pen_pull_open(&pull, &plan, &slots), 0);
	for (int i = 0; i < 5; i++, now += 10 * PEN_NS_PER_MS)
		pen_pull_turn(&pull, now);
	cr_expect(pen_plan_has(&plan, 1));
	pen_pull_abandon(&pull, 1);
	pen_pull_abandon(&pull, 0); /* it is here already */
	for (int i = 0; i < 5; i++, now += 10 * PEN_NS_PER_MS)
		pen_pull_turn(&pull, now);
	for (unsigned i = 0; i < 2; i++) {
		struct pen_slot *slot = pen_pull_take(&pull);
		cr_assert_not_null(slot);
		pen_plan_applied(&plan, slot->part);
		pen_pull_give(&pull, slot);
	}
	cr_expect_eq(fake.asked_all, 3);
	cr_expect_eq(plan.source[0].failures, 0);
	cr_expect_eq(pen_pull_turn(&pull, now).act, PEN_PLAN_END);
	pen_pull_close(&pull);
	pen_plan_fini(&plan);
	pen_wake_close(&wake);
}
