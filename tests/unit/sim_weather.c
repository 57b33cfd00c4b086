/* Weather and links, by count and by arithmetic. */
#include "drivers/sim/weather.h"

#include <criterion/criterion.h>

#include "base/clock.h"

#define PACKETS 100000

/* How often of so many packets something happened. */
struct tally {
	unsigned lost, corrupt, sly, late, twice, runs;
	int64_t delay_min, delay_max;
};

static struct tally count(const struct pen_sim_weather *weather)
{
	struct tally tally = {.delay_min = INT64_MAX};
	struct pen_rng rng = {5};
	bool bad = false, before = false;
	for (unsigned i = 0; i < PACKETS; i++) {
		struct pen_sim_fate fate = pen_sim_weather_fate(weather, &bad, &rng);
		tally.lost += fate.lost;
		tally.runs += fate.lost && !before;
		before = fate.lost;
		tally.corrupt += fate.corrupt;
		tally.sly += fate.sly;
		tally.late += fate.late;
		tally.twice += fate.again_ns >= 0;
		if (fate.lost)
			continue;
		tally.delay_min = fate.delay_ns < tally.delay_min ? fate.delay_ns : tally.delay_min;
		tally.delay_max = fate.delay_ns > tally.delay_max ? fate.delay_ns : tally.delay_max;
	}
	return tally;
}

static void near(const char *what, unsigned got, double share)
{
	double expected = share * PACKETS;
	cr_expect(got > expected * 0.9 && got < expected * 1.1, "%s: %u of %u, expected %.0f", what,
		got, PACKETS, expected);
}

Test(sim_weather, does_nothing_by_itself)
{
	struct pen_sim_weather fine = {.delay_ns = 1000};
	struct tally tally = count(&fine);
	cr_assert_eq(tally.lost + tally.corrupt + tally.late + tally.twice, 0);
	cr_assert_eq(tally.delay_min, 1000);
	cr_assert_eq(tally.delay_max, 1000);
}

Test(sim_weather, does_each_thing_as_often_as_asked)
{
	struct pen_sim_weather all = {.delay_ns = 1000,
		.jitter_ns = 500,
		.loss = PEN_SIM_PPM(100000),
		.reorder = PEN_SIM_PPM(50000),
		.late_ns = 100000,
		.twice = PEN_SIM_PPM(20000),
		.corrupt = PEN_SIM_PPM(200000),
		.sly = PEN_SIM_PPM(500000)};
	struct tally tally = count(&all);
	near("lost", tally.lost, 0.1);
	near("late", tally.late, 0.05 * 0.9);
	near("twice", tally.twice, 0.02 * 0.9);
	near("corrupt", tally.corrupt, 0.2 * 0.9);
	near("sly", tally.sly, 0.1 * 0.9);
	cr_expect_eq(tally.delay_min, 1000);
	cr_expect(tally.delay_max > 90000 && tally.delay_max <= 101500);
	struct pen_sim_weather none = {.loss = PEN_SIM_SURE};
	cr_expect_eq(count(&none).lost, PACKETS);
}

Test(sim_weather, loses_in_bursts)
{
	/* Bad one packet in 1,000, for 100 packets, which lose half. */
	struct pen_sim_weather bursts = {.turn_bad = PEN_SIM_PPM(1000),
		.turn_good = PEN_SIM_PPM(10000),
		.loss_bad = PEN_SIM_PPM(500000)};
	struct tally tally = count(&bursts);
	double share = (double)tally.lost / PACKETS;
	cr_assert(share > 0.03 && share < 0.06, "%f", share);
	/* At random, 95 of 100 losses would begin a run of their own. */
	cr_assert(tally.runs < tally.lost * 0.6, "%u runs of %u", tally.runs, tally.lost);
}

Test(sim_weather, links_have_a_rate_and_a_queue)
{
	struct pen_sim_link link = {.bits_per_s = 8000000, .queue_bytes = 2500}; /* 1 byte/us */
	cr_assert_eq(pen_sim_link_send(&link, 0, 1000), 1000000);
	cr_assert_eq(pen_sim_link_send(&link, 0, 1000), 2000000);
	cr_assert_eq(pen_sim_link_send(&link, 0, 1000), 3000000);
	cr_assert_eq(pen_sim_link_send(&link, 0, 1000), -1, "3,000 bytes wait");
	cr_assert_eq(pen_sim_link_send(&link, 500000, 1000), 4000000, "2,500 do");
	cr_assert_eq(pen_sim_link_send(&link, 9000000, 1000), 10000000, "idle again");
	pen_sim_link_set(&link, 9500000, 16000000);
	cr_assert_eq(link.free_ns, 9750000, "half the time for what waits");
	struct pen_sim_link endless = {0};
	cr_assert_eq(pen_sim_link_send(&endless, 77, 1 << 30), 77);
}
