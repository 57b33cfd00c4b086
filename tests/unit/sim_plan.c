/* Plans follow from their seed, and the ideal time is what arithmetic says. */
#include "sim/ideal.h"

#include <criterion/criterion.h>
#include <stddef.h>
#include <string.h>

#include "base/clock.h"

static struct plan plan, again;

/* A plan to be compared byte by byte: what lies between two fields may be anything. */
static void draw(struct plan *out, uint64_t seed, const struct plan_ask *ask)
{
	const size_t from = offsetof(struct pen_sim_manners, own_pages) + sizeof(bool);
	const size_t to = offsetof(struct pen_sim_manners, rx_held_bytes);
	plan_draw(out, seed, ask);
	for (unsigned i = 0; i < PLAN_HOSTS_MAX; i++)
		memset((uint8_t *)&out->hosts[i].manners + from, 0, to - from);
}

Test(sim_plan, follows_from_the_seed)
{
	const struct plan_ask ask = {.servers_max = 4,
		.clients_max = 3,
		.awkward = true,
		.faults = true,
		.liars = true,
		.climate = -1};
	unsigned climates[PLAN_CLIMATES] = {0}, lies[PLAN_LIES] = {0}, faults = 0;
	for (uint64_t seed = 1; seed <= 300; seed++) {
		draw(&plan, seed, &ask);
		draw(&again, seed, &ask);
		cr_assert_eq(memcmp(&plan, &again, sizeof plan), 0);
		climates[plan.climate]++;
		faults += plan.fault_count;
		unsigned honest = 0;
		for (unsigned i = 0; i < plan.servers; i++) {
			lies[plan.hosts[i].lie]++;
			honest += plan.hosts[i].lie == PLAN_HONEST;
		}
		cr_assert_gt(honest, 0);
		cr_assert(plan.bytes >= PLAN_BYTES_MIN && plan.bytes <= PLAN_BYTES_MAX);
		for (unsigned i = 0; i < plan.fault_count; i++)
			cr_assert_lt(plan.faults[i].actor, plan.servers + plan.clients);
		cr_assert_gt(ideal_ns(&plan, NULL), 0);
	}
	for (unsigned i = 0; i < PLAN_CLIMATES; i++)
		cr_assert_gt(climates[i], 20);
	for (unsigned i = 0; i < PLAN_LIES; i++)
		cr_assert_gt(lies[i], 10);
	cr_assert_gt(faults, 300);
}

Test(sim_plan, knows_the_ideal_time)
{
	/* 1,200,000 bytes: 1,000 packets of 1,200 and 98 beside them. */
	const uint64_t wire_bits = UINT64_C(8) * 1298 * 1000;
	plan = (struct plan){.servers = 2, .clients = 1, .bytes = 1200000};
	for (unsigned i = 0; i < 3; i++)
		plan.hosts[i].links = (struct pen_sim_host_ask){
			.up_bits_per_s = 10000000, .down_bits_per_s = 15000000};
	cr_assert_eq(ideal_ns(&plan, NULL), wire_bits * 1000 / 15, "the client's link");
	plan.hosts[1].lie = PLAN_SILENT;
	cr_assert_eq(ideal_ns(&plan, NULL), wire_bits * 1000 / 10, "one honest server's link");
	plan.weather[0][2].delay_ns = PEN_NS_PER_MS;
	cr_assert_eq(ideal_ns(&plan, NULL), wire_bits * 100 + 4 * PEN_NS_PER_MS);
	plan.faults[0] = (struct fault){5 * PEN_NS_PER_MS, FAULT_CRASH, 0, 0};
	plan.faults[1] = (struct fault){105 * PEN_NS_PER_MS, FAULT_START, 0, 0};
	plan.fault_count = 2;
	cr_assert_eq(ideal_ns(&plan, NULL), wire_bits * 100 + 104 * PEN_NS_PER_MS);
	plan.hosts[1].lie = PLAN_HONEST;
	/* At 15, 10 and again 15 Mbit/s. */
	cr_assert_eq(ideal_ns(&plan, NULL),
		(wire_bits - 75000 - 1000000) * 1000 / 15 + 109 * PEN_NS_PER_MS,
		"another one was up");
}
