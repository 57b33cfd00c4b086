/* What the network does to packets: each fault is shown to happen, and to be counted. */
#include "drivers/sim/network.h"

#include "sim_pair.h"

static struct pair pair;

static void weather(const struct pen_sim_weather *both)
{
	pen_sim_weather_set(&pair.network, 0, 1, both);
	pen_sim_weather_set(&pair.network, 1, 0, both);
}

static unsigned seen_at_least(unsigned count, unsigned often)
{
	unsigned found = 0;
	for (unsigned i = 0; i < count; i++)
		found += pair.seen[i] >= often;
	return found;
}

Test(sim_network, delivers_whole_and_in_order)
{
	for (uint64_t seed = 0; seed < 2; seed++) {
		pair_open(&pair, seed, 2, NULL, NULL);
		struct pen_sim_weather calm = {.delay_ns = 5000000, .jitter_ns = 3000000};
		weather(&calm);
		cr_assert_eq(pair_run(&pair, 3000), 3000);
		cr_assert_eq(seen_at_least(3000, 1), 3000);
		cr_assert_eq(pair.order_breaks, 0);
		cr_assert_eq(pair.wrong, 0);
		cr_assert_eq(pair.network.packets.used, 0);
		cr_assert_eq(pair.nets[1]->counters[0].rx_packets, 3000);
		cr_assert_eq(pair.nets[1]->counters[0].rx_bytes, 3000 * PAIR_BYTES);
		cr_assert_eq(pair.nets[0]->counters[0].tx_packets, 3000);
		pair_close(&pair);
	}
}

Test(sim_network, takes_its_time)
{
	struct pen_sim_host_ask slow = {
		.up_bits_per_s = 10000000, .down_bits_per_s = 10000000, .queue_bytes = 1 << 20};
	pair_open(&pair, 1, 2, &slow, NULL);
	struct pen_sim_weather far = {.delay_ns = 100000000};
	weather(&far);
	uint32_t wire = pen_sim_wire_bytes(&pair.network, PAIR_BYTES);
	cr_assert_eq(wire, PAIR_BYTES + 86);
	int64_t each_ns = wire * 800, due_ns = 64 * each_ns + 100000000 + each_ns;
	cr_assert_eq(pair_send(&pair, 0, 1, 64), 64);
	unsigned came = 0;
	while (pair.clock.now_ns < due_ns - 1) {
		int64_t next_ns = pen_sim_network_next_ns(&pair.network);
		next_ns = next_ns < due_ns - 1 ? next_ns : due_ns - 1;
		pen_sim_network_run(&pair.network, next_ns);
		came += pair_drain(&pair, 1);
	}
	cr_assert_eq(came, 63);
	pen_sim_network_run(&pair.network, due_ns);
	cr_assert_eq(pair.network.ready, 2);
	cr_assert_eq(pair_drain(&pair, 1), 1);
	cr_assert_eq(pair.network.ready, 0);
	pair_close(&pair);
}

Test(sim_network, fills_queues)
{
	struct pen_sim_host_ask slow = {
		.up_bits_per_s = 1000000000, .down_bits_per_s = 10000000, .queue_bytes = 20000};
	pair_open(&pair, 2, 2, &slow, NULL);
	unsigned came = pair_run(&pair, 3000);
	cr_assert(came < 3000);
	cr_assert_gt(pair.network.lost[PEN_SIM_BY_DOWNLINK], 100);
	cr_assert_gt(pair.network.lost[PEN_SIM_BY_UPLINK], 0);
	cr_assert_eq(came + pair.network.lost[PEN_SIM_BY_DOWNLINK] +
			pair.network.lost[PEN_SIM_BY_UPLINK],
		3000);
	pair_close(&pair);
}

Test(sim_network, loses_doubles_reorders)
{
	pair_open(&pair, 3, 2, NULL, NULL);
	struct pen_sim_weather bad = {.delay_ns = 1000000,
		.loss = PEN_SIM_PPM(50000),
		.reorder = PEN_SIM_PPM(50000),
		.late_ns = 20000000,
		.twice = PEN_SIM_PPM(50000)};
	weather(&bad);
	unsigned came = pair_run(&pair, 4000), doubles = seen_at_least(4000, 2);
	cr_assert_gt(pair.network.lost[PEN_SIM_BY_WEATHER], 100);
	uint64_t met = 0, lost = 0;
	for (unsigned i = 0; i < pair.network.host_max * pair.network.host_max; i++) {
		met += pair.network.ways[i].met;
		lost += pair.network.ways[i].lost;
	}
	cr_assert_eq(met, 4000);
	cr_assert_eq(lost, pair.network.lost[PEN_SIM_BY_WEATHER]);
	cr_assert_gt(pair.order_breaks, 100);
	cr_assert_gt(doubles, 100);
	cr_assert_eq(doubles, pair.network.duplicated);
	cr_assert_eq(came, 4000 - pair.network.lost[PEN_SIM_BY_WEATHER] + doubles);
	cr_assert_eq(pair.wrong, 0);
	pair_close(&pair);
}

Test(sim_network, corrupts_so_that_only_sly_ones_pass)
{
	struct pen_sim_manners manners = pen_sim_manners_tame;
	struct pen_sim_weather bad = {.corrupt = PEN_SIM_PPM(100000)};
	for (unsigned round = 0; round < 4; round++) {
		/* Checked by the device or by us; the checksum sees it, or cannot. */
		manners.unchecked = round & 1 ? PEN_SIM_SURE : 0;
		bad.sly = round & 2 ? PEN_SIM_SURE : 0;
		pair_open(&pair, round, 2, NULL, &manners);
		weather(&bad);
		unsigned came = pair_run(&pair, 4000);
		uint64_t corrupted = pair.network.corrupted;
		cr_assert_gt(corrupted, 200);
		if (round & 2)
			cr_assert(pair.wrong > corrupted / 2 && pair.wrong <= corrupted,
				"%lu of %lu", pair.wrong, corrupted);
		else
			cr_assert_eq(pair.wrong, 0);
		cr_assert_eq(pair.nets[1]->counters[0].rx_bad, round ? 0 : corrupted);
		cr_assert_eq(came, round ? 4000 : 4000 - corrupted);
		pair_close(&pair);
	}
}

Test(sim_network, swallows_what_is_too_large)
{
	pair_open(&pair, 4, 2, NULL, NULL);
	struct pen_sim_weather narrow = {.payload_bytes = PAIR_BYTES - 1};
	weather(&narrow);
	cr_assert_eq(pair_run(&pair, 100), 0);
	cr_assert_eq(pair.network.lost[PEN_SIM_BY_MTU], 100);
	cr_assert_eq(pair.nets[0]->counters[0].tx_large, 0, "nobody says so");
	narrow.payload_bytes = PAIR_BYTES;
	weather(&narrow);
	cr_assert_eq(pair_run(&pair, 200), 100);
	uint32_t epoch = pair.nets[0]->epoch;
	pen_sim_host_payload_set(&pair.network, 0, PAIR_BYTES - 1);
	pair_run(&pair, 300);
	cr_assert_eq(pair.nets[0]->counters[0].tx_large, 100);
	pair_drain(&pair, 0);
	cr_assert_eq(pair.nets[0]->epoch, epoch + 1);
	cr_assert_eq(pair.nets[0]->caps.payload_bytes, PAIR_BYTES - 1);
	pair_close(&pair);
}

Test(sim_network, moves_hosts)
{
	pair_open(&pair, 5, 2, NULL, NULL);
	struct pen_sim_weather far = {.delay_ns = 10000000};
	weather(&far);
	pair_send(&pair, 0, 1, 10);
	pen_sim_host_move(&pair.network, 1);
	struct pen_net_path fresh = pen_sim_path(&pair.network, 0, 1);
	cr_assert(!memcmp(fresh.remote, pair.network.hosts[1].address, 16));
	pair_drain(&pair, 1);
	cr_assert_eq(pair.nets[1]->epoch, 1);
	cr_assert(!memcmp(fresh.remote, pair.nets[1]->locals[0], 16));
	cr_assert_eq(pair_run(&pair, 30), 20);
	cr_assert_eq(pair.network.lost[PEN_SIM_BY_ADDRESS], 10, "those to the old address");
	pair_close(&pair);
}

Test(sim_network, rebinds_behind_a_nat)
{
	pair_open(&pair, 6, 2, NULL, NULL);
	struct pen_slice slice;
	struct pen_net *there = pair.nets[0], *inside = pair.nets[1];
	pen_sim_host_rebind(&pair.network, 1);
	cr_assert_eq(inside->epoch, 0);
	pair_send(&pair, 1, 0, 1);
	pen_sim_network_run(&pair.network, 1000);
	cr_assert_eq(there->ops->rx_burst(there, 0, 1000, &slice, 1), 1);
	cr_assert(memcmp(slice.path.remote, inside->locals[0], 16));
	cr_assert_neq(slice.path.remote_port, inside->local_port);
	struct pen_frame back = {.path = &slice.path, .header_bytes = 2};
	cr_assert_eq(there->ops->tx_burst(there, 0, 1000, &back, 1), 1);
	pen_sim_network_run(&pair.network, 2000);
	struct pen_slice answer;
	cr_assert_eq(inside->ops->rx_burst(inside, 0, 2000, &answer, 1), 1);
	cr_assert(!memcmp(answer.path.local, inside->locals[0], 16));
	cr_assert_eq(answer.path.local_port, inside->local_port);
	cr_assert(pen_slice_sum_fits(&answer));
	pair_close(&pair);
}

Test(sim_network, kills_and_revives)
{
	pair_open(&pair, 7, 2, NULL, NULL);
	struct pen_sim_weather far = {.delay_ns = 10000000};
	weather(&far);
	pair_send(&pair, 0, 1, 10);
	pen_sim_network_run(&pair.network, 10000000);
	pair_send(&pair, 0, 1, 10);
	pen_sim_host_kill(&pair.network, 1);
	cr_assert_eq(pair_run(&pair, 100), 0);
	cr_assert_eq(pair.network.lost[PEN_SIM_BY_DEATH], 100);
	cr_assert(!pair.nets[1]->link);
	pair_send(&pair, 1, 0, 1);
	cr_assert_eq(pair.nets[1]->counters[0].tx_lost, 1);
	pen_net_close(pair.nets[1]);
	pen_sim_host_revive(&pair.network, 1);
	cr_assert_eq(
		pen_sim_port_open(&pair.network, 1, 1, &pen_sim_manners_tame, &pair.nets[1]), 0);
	cr_assert_eq(pair.nets[1]->ops->start(pair.nets[1], NULL, 0, NULL), 0);
	cr_assert_eq(pair_run(&pair, 200), 200 - 101);
	pair_close(&pair);
}

Test(sim_network, forges)
{
	pair_open(&pair, 9, 2, NULL, NULL);
	struct pen_net_path path = pen_sim_path(&pair.network, 1, 0);
	struct pen_slice slice;
	memset(path.remote, 0x77, 16);
	pen_sim_network_forge(&pair.network, &path, "hello", 5, 1000);
	pen_sim_network_run(&pair.network, 999);
	cr_assert_eq(pair.nets[1]->ops->rx_burst(pair.nets[1], 0, 999, &slice, 1), 0);
	pen_sim_network_run(&pair.network, 1000);
	cr_assert_eq(pair.nets[1]->ops->rx_burst(pair.nets[1], 0, 1000, &slice, 1), 1);
	cr_assert_eq(slice.bytes, 5);
	cr_assert(!memcmp(slice.head, "hello", 5));
	cr_assert(pen_net_path_equal(&slice.path, &path));
	pair_close(&pair);
}

static bool tap(void *context, unsigned from, unsigned to, uint8_t *at, uint32_t bytes)
{
	unsigned *count = context;
	cr_assert(from == 0 && to == 1 && bytes == PAIR_BYTES);
	at[100]++;
	return (*count)++ % 4 != 0;
}

Test(sim_network, lets_a_test_look_and_change)
{
	unsigned count = 0;
	pair_open(&pair, 10, 2, NULL, NULL);
	pair.network.tap = tap;
	pair.network.tap_context = &count;
	cr_assert_eq(pair_run(&pair, 100), 75);
	cr_assert_eq(count, 100);
	cr_assert_eq(pair.wrong, 75);
	cr_assert_eq(pair.network.lost[PEN_SIM_BY_TAP], 25);
	pair_close(&pair);
}

/* A world in which everything is at work. */
static uint64_t storm(uint64_t seed)
{
	struct pen_rng rng = {seed};
	struct pen_sim_manners manners = pen_sim_manners_draw(&rng);
	struct pen_sim_host_ask host = {
		.up_bits_per_s = 100000000, .down_bits_per_s = 50000000, .queue_bytes = 100000};
	manners.own_pages = false;
	pair_open(&pair, seed, 2, &host, &manners);
	struct pen_sim_weather bad = {.delay_ns = 3000000,
		.jitter_ns = 1000000,
		.turn_bad = PEN_SIM_PPM(10000),
		.turn_good = PEN_SIM_PPM(50000),
		.loss_bad = PEN_SIM_PPM(500000),
		.reorder = PEN_SIM_PPM(10000),
		.late_ns = 5000000,
		.twice = PEN_SIM_PPM(10000),
		.corrupt = PEN_SIM_PPM(10000)};
	weather(&bad);
	pair_run(&pair, 2000);
	uint64_t trace = pair.clock.trace;
	cr_assert_gt(pair.clock.traced, 2000);
	cr_assert_eq(pair.network.packets.used, 0, "seed %lu", seed);
	pair_close(&pair);
	return trace;
}

Test(sim_network, is_the_same_for_the_same_seed)
{
	for (uint64_t seed = 1; seed <= 20; seed++) {
		uint64_t trace = storm(seed);
		cr_assert_eq(trace, storm(seed), "seed %lu", seed);
		cr_assert_neq(trace, storm(seed + 100));
	}
}
