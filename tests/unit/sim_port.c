/* Each awkwardness of a simulated port is shown to happen, and each breach of its contract to end
 * the program. */
#include "drivers/sim/port.h"

#include <signal.h>

#include "sim_pair.h"

static struct pair pair;

/* A pair whose hosts have these manners, and `count` packets that wait at host 1. */
static struct pen_net *waiting(const struct pen_sim_manners *manners, unsigned count)
{
	pair_open(&pair, 1, 2, NULL, manners);
	for (unsigned sent = 0; sent < count;)
		sent += pair_send(&pair, 0, 1, count - sent < 64 ? count - sent : 64);
	pen_sim_network_run(&pair.network, 1000);
	return pair.nets[1];
}

static unsigned receive(struct pen_net *net, struct pen_slice *slices, unsigned max)
{
	return net->ops->rx_burst(net, 0, pair.clock.now_ns, slices, max);
}

Test(sim_port, lends_in_two_pieces)
{
	struct pen_sim_manners manners = pen_sim_manners_tame;
	manners.apart = PEN_SIM_PPM(500000);
	struct pen_slice slices[64];
	struct pen_net *net = waiting(&manners, 64);
	unsigned count = receive(net, slices, 64), apart = 0;
	cr_assert_eq(count, 64);
	for (unsigned i = 0; i < count; i++) {
		apart += slices[i].tail != slices[i].head + PEN_SLICE_HEAD_BYTES;
		pair_see(&pair, &slices[i]);
	}
	cr_assert(apart > 10 && apart < 54, "%u", apart);
	cr_assert_eq(pair.wrong, 0);
	net->ops->rx_put(net, 0, slices, count);
	pair_close(&pair);
}

Test(sim_port, shares_buffers_until_all_slices_are_back)
{
	struct pen_sim_manners manners = pen_sim_manners_tame;
	manners.share_max = PEN_SLICE_SHARERS_MAX;
	struct pen_slice slices[200];
	struct pen_net *net = waiting(&manners, 200);
	/* Bursts end in the middle of a buffer. */
	unsigned count = receive(net, slices, 3), across = 0;
	while (count < 200) {
		unsigned more = receive(net, slices + count, 7);
		across += more && slices[count - 1].handle == slices[count].handle;
		count += more;
	}
	cr_assert_gt(across, 5);
	struct pen_rng rng = {3};
	uint64_t last = 0;
	unsigned handles = 0, pinned = 0;
	for (unsigned i = 0; i < count; i++) {
		handles += !i || slices[i].handle != last;
		last = slices[i].handle;
		pinned += slices[i].pins == 65536;
	}
	cr_assert(handles < 20, "%u buffers of 200 slices", handles);
	cr_assert_gt(pinned, 190);
	cr_assert_eq(pair.network.packets.used, 200);
	for (unsigned left = count; left; left--) {
		unsigned at = (unsigned)pen_rng_below(&rng, left);
		net->ops->rx_put(net, 0, &slices[at], 1);
		slices[at] = slices[left - 1];
	}
	cr_assert_eq(pair.network.packets.used, 0);
	pair_close(&pair);
}

Test(sim_port, starves_who_holds_too_much)
{
	struct pen_sim_manners manners = pen_sim_manners_tame;
	manners.rx_held_bytes = 10 * PEN_SIM_SMALL_BYTES;
	manners.rx_ring = 100;
	struct pen_slice slices[200];
	struct pen_net *net = waiting(&manners, 200);
	cr_assert_eq(net->counters[0].rx_lost, 100);
	unsigned count = receive(net, slices, 64);
	cr_assert_eq(count, 11, "one more than allowed: %u", count);
	cr_assert_eq(receive(net, slices + count, 64), 0);
	cr_assert_eq(net->ops->arm(net, 0, NULL), PEN_NET_ARM_WORK);
	net->ops->rx_put(net, 0, slices, 5);
	cr_assert_eq(receive(net, slices + count, 64), 5);
	pair_close(&pair);
}

Test(sim_port, says_what_it_knows_of_checksums)
{
	struct pen_sim_manners manners = pen_sim_manners_tame;
	manners.unchecked = PEN_SIM_PPM(500000);
	struct pen_slice slices[64];
	struct pen_net *net = waiting(&manners, 64);
	unsigned good = 0, count = receive(net, slices, 64);
	for (unsigned i = 0; i < count; i++) {
		good += slices[i].flags == PEN_SLICE_SUM_GOOD;
		cr_assert(slices[i].flags || slices[i].sum);
		cr_assert(pen_slice_sum_fits(&slices[i]));
	}
	cr_assert(good > 10 && good < 54, "%u", good);
	pair_close(&pair);
}

Test(sim_port, sends_none_and_drops_none)
{
	for (unsigned round = 0; round < 4; round++) {
		struct pen_sim_manners manners = pen_sim_manners_tame;
		manners.sum_absent = round & 1;
		manners.sum_absent_ok = round & 2;
		pair_open(&pair, round, 2, NULL, &manners);
		struct pen_net_path path = pen_sim_path(&pair.network, 0, 1);
		struct pen_frame frame = {
			.path = &path, .header_bytes = 8, .flags = PEN_FRAME_SUM_NONE};
		struct pen_slice slice = {0};
		cr_assert_eq(pair.nets[0]->ops->tx_burst(pair.nets[0], 0, 0, &frame, 1), 1);
		pen_sim_network_run(&pair.network, 1000);
		unsigned count = receive(pair.nets[1], &slice, 1);
		cr_assert_eq(count, round != 1);
		cr_assert_eq(pair.nets[1]->counters[0].rx_bad, round == 1);
		if (count)
			cr_assert_eq(
				slice.flags, round & 1 ? PEN_SLICE_SUM_ABSENT : PEN_SLICE_SUM_GOOD);
		pair_close(&pair);
	}
}

Test(sim_port, takes_only_some_frames)
{
	struct pen_sim_manners manners = pen_sim_manners_tame;
	manners.refuse = PEN_SIM_PPM(500000);
	manners.tx_inflight = 256;
	pair_open(&pair, 1, 2, NULL, &manners);
	unsigned partial = 0, none = 0;
	for (unsigned i = 0; i < 200; i++) {
		unsigned taken = pair_send(&pair, 0, 1, 8);
		partial += taken > 0 && taken < 8;
		none += taken == 0;
		pair_step(&pair, 1);
		while (pair_reap(&pair, 0))
			;
	}
	cr_assert(partial > 50 && none > 5, "%u %u", partial, none);
	/* Nobody reaps: at last it is full. */
	for (unsigned i = 0; i < 200; i++)
		pair_send(&pair, 0, 1, 8);
	const struct pen_sim_port *port = pen_sim_port_of(pair.nets[0]);
	cr_assert_eq(port->taken - port->reaped, 256);
	pair_close(&pair);
}

Test(sim_port, returns_each_tag_once_late_and_in_disorder)
{
	struct pen_sim_manners manners = pen_sim_manners_tame;
	manners.tx_window = 64;
	manners.tx_late_ns = 20 * PEN_NS_PER_MS;
	pair_open(&pair, 2, 2, NULL, &manners);
	static uint8_t returned[1000];
	unsigned count = 0, disorder = 0, early;
	uint64_t tags[16], last = 0;
	while (pair.next < 1000)
		pair_send(&pair, 0, 1, pair.next + 64 < 1000 ? 64 : 1000 - (unsigned)pair.next);
	early = pair.nets[0]->ops->tx_reap(pair.nets[0], 0, tags, 16);
	cr_assert_leq(early, 1);
	for (unsigned i = 0; i < early; i++)
		returned[tags[i]]++;
	for (unsigned step = 0; step < 40; step++) {
		pair_step(&pair, 1);
		unsigned got;
		while ((got = pair.nets[0]->ops->tx_reap(pair.nets[0], 0, tags, 16))) {
			for (unsigned i = 0; i < got; i++) {
				returned[tags[i]]++;
				disorder += tags[i] < last;
				last = tags[i];
			}
			count += got;
		}
	}
	cr_assert_eq(count + early, 1000);
	cr_assert_gt(disorder, 200);
	for (unsigned i = 0; i < 1000; i++)
		cr_assert_eq(returned[i], 1);
	pair_close(&pair);
}

Test(sim_port, keeps_the_last_tags_until_close)
{
	struct pen_sim_manners manners = pen_sim_manners_tame;
	manners.tx_lag = 50;
	pair_open(&pair, 3, 2, NULL, &manners);
	pair_send(&pair, 0, 1, 50);
	pair_step(&pair, 1);
	cr_assert_eq(pair_reap(&pair, 0), 0, "nothing before close");
	pair_send(&pair, 0, 1, 20);
	cr_assert_eq(pair_reap(&pair, 0), 20, "only when more is sent");
	pair_close(&pair);
}

Test(sim_port, spreads_over_queues)
{
	struct pen_sim_manners manners = pen_sim_manners_tame;
	manners.queues = 4;
	pair_open(&pair, 4, 4, NULL, &manners);
	struct pen_net *net = pair.nets[3];
	for (unsigned from = 0; from < 3; from++)
		pair_send(&pair, from, 3, 10);
	pen_sim_network_run(&pair.network, 1000);
	unsigned used = 0, all = 0;
	for (unsigned queue = 0; queue < 4; queue++) {
		struct pen_slice slices[64];
		unsigned count = net->ops->rx_burst(net, queue, pair.clock.now_ns, slices, 64);
		net->ops->rx_put(net, queue, slices, count);
		used += count > 0;
		all += count;
	}
	cr_assert_eq(used, 3);
	cr_assert_eq(all, 30);
	pair_close(&pair);
}

Test(sim_port, has_a_clock_of_its_own)
{
	struct pen_sim_manners manners = pen_sim_manners_tame;
	manners.skew_ns = 123456789;
	pair_open(&pair, 5, 2, NULL, &manners);
	cr_assert_eq(pair_run(&pair, 100), 100);
	pair_close(&pair);
}

Test(sim_port, gives_the_arena_its_pages)
{
	struct pen_sim_manners manners = pen_sim_manners_tame;
	struct pen_net *net;
	struct pen_arena arena;
	struct pen_why why = {0};
	manners.own_pages = true;
	pair_open(&pair, 6, 2, NULL, NULL);
	pen_net_close(pair.nets[1]);
	cr_assert_eq(pen_sim_port_open(&pair.network, 1, 1, &manners, &net), 0);
	pair.nets[1] = net;
	const struct pen_arena *foreign = &pair.arena, *own = &arena;
	cr_assert_eq(net->ops->start(net, &foreign, 1, &why), -EFAULT);
	const struct pen_arena_ask ask = {
		.bytes = PEN_BLOCK_BYTES, .node = PEN_NODE_ANY, .pages = net->pages};
	cr_assert_eq(pen_arena_open(&arena, &ask, &why), 0);
	cr_assert_eq(arena.kind, PEN_ARENA_GIVEN);
	cr_assert_eq(net->ops->start(net, &own, 1, &why), 0);
	pair_close(&pair);
	pen_arena_close(&arena);
}

Test(sim_port, counts_runs)
{
	struct pen_sim_manners manners = pen_sim_manners_tame;
	manners.run_frames = 16;
	waiting(&manners, 64);
	cr_assert_eq(pair.nets[0]->counters[0].tx_runs, 4);
	pair_close(&pair);
}

Test(sim_port, draws_all_sorts_of_devices)
{
	struct pen_rng rng = {1};
	unsigned apart = 0, shared = 0, unchecked = 0, no_hold = 0, lag = 0, refusing = 0,
		 pages = 0;
	for (unsigned i = 0; i < 200; i++) {
		struct pen_sim_manners manners = pen_sim_manners_draw(&rng);
		cr_assert_lt(manners.tx_lag, manners.tx_inflight);
		apart += manners.apart > 0;
		shared += manners.share_max > 1;
		unchecked += manners.unchecked > 0;
		no_hold += manners.rx_held_bytes == 0;
		lag += manners.tx_lag > 0;
		refusing += manners.refuse > 0;
		pages += manners.own_pages;
	}
	cr_assert(apart > 50 && shared > 50 && unchecked > 50 && no_hold > 30);
	cr_assert(lag > 50 && refusing > 50 && pages > 50);
}

/* From here on: what ends the program. */

Test(sim_port, aborts_when_a_slice_is_put_back_twice, .signal = SIGABRT)
{
	struct pen_slice slice;
	struct pen_net *net = waiting(&pen_sim_manners_tame, 1);
	cr_assert_eq(receive(net, &slice, 1), 1);
	net->ops->rx_put(net, 0, &slice, 1);
	net->ops->rx_put(net, 0, &slice, 1);
}

Test(sim_port, aborts_when_a_slice_of_a_shared_buffer_is, .signal = SIGABRT)
{
	struct pen_sim_manners manners = pen_sim_manners_tame;
	manners.share_max = 128;
	struct pen_slice slices[64];
	struct pen_net *net = waiting(&manners, 64);
	cr_assert_eq(receive(net, slices, 64), 64);
	net->ops->rx_put(net, 0, &slices[5], 1);
	net->ops->rx_put(net, 0, &slices[5], 1);
}

Test(sim_port, aborts_when_memory_is_put_back_that_was_not_lent, .signal = SIGABRT)
{
	uint8_t mine[64];
	struct pen_slice slice;
	struct pen_net *net = waiting(&pen_sim_manners_tame, 1);
	cr_assert_eq(receive(net, &slice, 1), 1);
	slice.head = mine;
	net->ops->rx_put(net, 0, &slice, 1);
}

Test(sim_port, aborts_at_another_handle, .signal = SIGABRT)
{
	struct pen_slice slices[2];
	struct pen_net *net = waiting(&pen_sim_manners_tame, 2);
	cr_assert_eq(receive(net, slices, 2), 2);
	slices[0].handle = slices[1].handle;
	net->ops->rx_put(net, 0, slices, 1);
}

Test(sim_port, aborts_when_slices_are_held_that_cannot_be, .signal = SIGABRT)
{
	struct pen_sim_manners manners = pen_sim_manners_tame;
	manners.rx_held_bytes = 0;
	struct pen_slice slices[2];
	struct pen_net *net = waiting(&manners, 2);
	cr_assert_eq(receive(net, slices, 1), 1);
	receive(net, slices, 1);
}

Test(sim_port, aborts_when_a_payload_is_written_too_early, .signal = SIGABRT)
{
	struct pen_sim_manners manners = pen_sim_manners_tame;
	manners.watch = PEN_SIM_SURE;
	waiting(&manners, 10);
	pair_payload(&pair, 4)[1000] ^= 1;
	pair_reap(&pair, 0);
}

Test(sim_port, sees_a_written_payload_at_close_too, .signal = SIGABRT)
{
	struct pen_sim_manners manners = pen_sim_manners_tame;
	manners.watch = PEN_SIM_SURE;
	manners.tx_lag = 64;
	waiting(&manners, 10);
	pair_payload(&pair, 4)[1000] ^= 1;
	pair_close(&pair);
}

/* Send one frame with this payload. */
static void send_one(const uint8_t *payload, uint16_t bytes, uint8_t flags)
{
	struct pen_sim_manners manners = pen_sim_manners_tame;
	manners.watch = PEN_SIM_SURE;
	pair_open(&pair, 1, 2, NULL, &manners);
	struct pen_net_path path = pen_sim_path(&pair.network, 0, 1);
	struct pen_frame frame = {.path = &path,
		.header_bytes = 32,
		.payload = payload ? payload : pair.arena.at + PEN_BLOCK_BYTES - 100,
		.payload_bytes = bytes,
		.flags = flags,
		.sum = 1};
	pair.nets[0]->ops->tx_burst(pair.nets[0], 0, 0, &frame, 1);
}

Test(sim_port, takes_a_payload_up_to_the_block)
{
	send_one(NULL, 100, 0);
	pair_close(&pair);
}

Test(sim_port, aborts_at_a_payload_across_blocks, .signal = SIGABRT)
{
	send_one(NULL, 101, 0);
}

Test(sim_port, aborts_at_a_payload_of_foreign_memory, .signal = SIGABRT)
{
	static uint8_t foreign[100];
	send_one(foreign, 100, 0);
}

Test(sim_port, aborts_at_a_wrong_sum, .signal = SIGABRT)
{
	send_one(NULL, 100, PEN_FRAME_SUM);
}

Test(sim_port, aborts_at_bursts_before_start, .signal = SIGABRT)
{
	struct pen_slice slice;
	pair_open(&pair, 1, 1, NULL, NULL);
	pen_net_close(pair.nets[0]);
	cr_assert_eq(
		pen_sim_port_open(&pair.network, 0, 1, &pen_sim_manners_tame, &pair.nets[0]), 0);
	receive(pair.nets[0], &slice, 1);
}

Test(sim_port, aborts_at_another_time, .signal = SIGABRT)
{
	struct pen_slice slice;
	pair_open(&pair, 1, 1, NULL, NULL);
	pair.nets[0]->ops->rx_burst(pair.nets[0], 0, 1, &slice, 1);
}

Test(sim_port, aborts_at_a_queue_that_is_not, .signal = SIGABRT)
{
	struct pen_slice slice;
	pair_open(&pair, 1, 1, NULL, NULL);
	pair.nets[0]->ops->rx_burst(pair.nets[0], 1, 0, &slice, 1);
}
