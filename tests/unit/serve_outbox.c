#include "serve_util.h"

#include "fakes/net.h"
#include "serve/outbox.h"

#define OWNER 5

static struct house house;
static struct fake_net net;
static struct pen_outbox outbox;
static struct pen_net_path path = {.remote = {1}, .remote_port = 9};

static void setup(void)
{
	house_open(&house, 2, 1);
	fake_net_init(&net);
	struct pen_outbox_config config = {&net.net, 0, OWNER, &house.cache, &house.pool};
	cr_assert_eq(pen_outbox_open(&outbox, &config), 0);
}

static void teardown(void)
{
	pen_outbox_close(&outbox);
	pen_outbox_close(NULL);
	fake_net_fini(&net);
	house_close(&house);
}

TestSuite(serve_outbox, .init = setup, .fini = teardown);

/* The first piece of a part, held. */
static uint32_t hold(uint32_t part)
{
	struct pen_reach reach;
	struct pen_wire_object object = house_object(
		&house, PEN_WIRE_FORM_NEARCORE, PEN_WIRE_KIND_PIECE, part, 0, 0);
	cr_assert_eq(pen_reach_begin(&house.reacher, &object, false, &reach), PEN_REACH_FOUND);
	struct pen_cache_ask ask = {reach.handle, 0, 100};
	int entry = pen_cache_get(&house.cache, &ask);
	pen_cache_poll(&house.cache);
	pen_reach_end(&house.reacher, &reach);
	cr_assert_geq(entry, 0);
	return (uint32_t)entry;
}

/* Packets first..first + count - 1 to `to`: each is one of eight, of a piece of 75 bytes in 100. */
static void put_run(const struct pen_net_path *to, uint32_t entry, uint32_t first, unsigned count)
{
	struct pen_wire_data heads[64] = {{0}};
	cr_assert_leq(count, PEN_COUNT(heads));
	for (unsigned i = 0; i < count; i++)
		heads[i] = (struct pen_wire_data){
			.slot = first, .seq = first + i, .index = (first + i) % 8};
	struct pen_outbox_run run = {.path = to,
		.heads = heads,
		.piece = pen_cache_at(&house.cache, entry, 3, 75),
		.piece_bytes = 75,
		.payload_bytes = 10,
		.entry = entry,
		.flags = PEN_FRAME_SUM_NONE,
		.count = count};
	pen_outbox_data(&outbox, &run);
}

static void put_data(uint32_t entry, uint32_t first, unsigned count)
{
	put_run(&path, entry, first, count);
}

Test(serve_outbox, sends_in_order_and_holds_what_it_sends)
{
	struct pen_wire_packet packet = {.body = "hello"};
	uint32_t entry = hold(0);
	put_data(entry, 0, 3);
	cr_expect(pen_outbox_packet(&outbox, &path, &packet, 40));
	pen_cache_put(&house.cache, entry);
	cr_expect_eq(house.cache.entries[entry].refs, 1);
	net.keep = true;
	net.allowed = 2;
	cr_expect_eq(pen_outbox_flush(&outbox, 1), 2);
	cr_expect_eq(pen_outbox_flush(&outbox, 1), 0);
	net.allowed = UINT_MAX;
	put_data(entry, 3, 1);
	cr_expect_eq(pen_outbox_flush(&outbox, 1), 3);
	cr_expect_eq(net.sent_count, 5);
	for (uint32_t i = 0; i < 3; i++) {
		cr_expect_eq(net.sent[i].at[offsetof(struct pen_wire_data, index)], i);
		cr_expect_eq(net.sent[i].bytes, 42);
		cr_expect_eq(memcmp(net.sent[i].at + 32, house.bytes + 3 + 10 * i, 10), 0);
		cr_expect_eq(net.sent[i].flags, PEN_FRAME_SUM_NONE);
		cr_expect(pen_net_path_equal(&net.sent[i].path, &path));
		cr_expect(pen_outbox_owns(&outbox, net.sent[i].tag));
	}
	cr_expect_eq(net.sent[3].bytes, 40);
	cr_expect_eq(memcmp(net.sent[3].at, &packet, 40), 0);
	cr_expect(!pen_outbox_owns(&outbox, net.sent[0].tag ^ UINT64_C(1) << 56));
	cr_expect_eq(pen_outbox_reap(&outbox), 0);
	cr_expect_eq(house.cache.entries[entry].refs, 1);
	net.keep = false;
	cr_expect_eq(pen_outbox_reap(&outbox), 5);
	cr_expect_eq(house.cache.entries[entry].refs, 0);
	cr_expect_eq(outbox.cells.free, outbox.cells.count);
}

/* Six runs of 45 do not fit a burst: it ends with the fifth, and the device is asked once more. */
Test(serve_outbox, bursts_end_with_a_run)
{
	uint32_t entry = hold(0);
	for (uint32_t run = 0; run < 6; run++)
		put_data(entry, 45 * run, 45);
	pen_cache_put(&house.cache, entry);
	net.allowed = 226;
	cr_expect_eq(pen_outbox_flush(&outbox, 1), 226);
	cr_expect_eq(net.bursts, 2);
}

Test(serve_outbox, is_bounded)
{
	struct pen_wire_packet packet = {.body = "x"};
	unsigned packets = 0;
	net.allowed = 0;
	while (pen_outbox_packet(&outbox, &path, &packet, sizeof packet))
		packets++;
	cr_expect_eq(packets, PEN_OUTBOX_FRAMES);
	cr_expect_eq(pen_outbox_room(&outbox), 0);
	/* Cells are fewer than the device may keep. */
	net.allowed = UINT_MAX;
	net.keep = true;
	pen_outbox_flush(&outbox, 1);
	while (pen_outbox_packet(&outbox, &path, &packet, 1))
		packets++;
	cr_expect_eq(packets, outbox.cells.count);
	cr_expect_eq(outbox.no_cell, 2);
	pen_outbox_flush(&outbox, 1);
	net.keep = false;
	pen_outbox_reap(&outbox);
	cr_expect(pen_outbox_packet(&outbox, &path, &packet, 1));
}

/* Frames wrap round the end of the array, with their paths. */
Test(serve_outbox, keeps_order_whatever_the_device_takes)
{
	struct pen_rng rng = {9};
	uint32_t entry = hold(0), put = 0;
	struct pen_net_path other = path;
	for (int i = 0; i < 300; i++) {
		for (uint64_t more = pen_rng_below(&rng, 8); more; more--) {
			unsigned count = 1 + (unsigned)pen_rng_below(&rng, 9);
			if (count > pen_outbox_room(&outbox))
				break;
			/* All of a run have one path, which is the caller's no more. */
			other.remote_port = (uint16_t)(put + 1);
			put_run(&other, entry, put, count);
			put += count;
			other.remote_port = 0;
		}
		net.allowed = (unsigned)pen_rng_below(&rng, 30);
		pen_outbox_flush(&outbox, 1);
		pen_outbox_reap(&outbox);
	}
	net.allowed = UINT_MAX;
	pen_outbox_flush(&outbox, 1);
	pen_outbox_reap(&outbox);
	pen_cache_put(&house.cache, entry);
	for (unsigned i = 0; i < net.sent_count; i++) {
		const struct pen_wire_data *data = (const void *)net.sent[i].at;
		cr_assert_eq(data->seq, i);
		cr_assert_eq(net.sent[i].path.remote_port, data->slot + 1);
		uint32_t at = 10 * data->index, bytes = at < 70 ? 10 : 5;
		cr_assert_eq(net.sent[i].bytes, 32 + bytes);
		cr_assert_eq(memcmp(net.sent[i].at + 32, house.bytes + 3 + at, bytes), 0);
	}
	cr_expect_eq(net.sent_count, put < FAKE_NET_SENT ? put : FAKE_NET_SENT);
	cr_expect_eq(house.cache.entries[entry].refs, outbox.count > 0);
}

/* What the device never gave back, and what it never took. */
Test(serve_outbox, closes_with_packets_under_way)
{
	uint32_t entry = hold(0);
	net.keep = true;
	put_data(entry, 0, 20);
	net.allowed = 7;
	pen_outbox_flush(&outbox, 1);
	pen_cache_put(&house.cache, entry);
	pen_outbox_close(&outbox);
	cr_expect_eq(house.cache.entries[entry].refs, 0);
}

/* Tags of runs and of packets, side by side and mixed: each is taken back once. */
Test(serve_outbox, takes_tags_back_in_any_mixture)
{
	struct pen_rng rng = {11};
	struct pen_wire_packet packet = {.body = "x"};
	const uint32_t entries[] = {hold(0), hold(1)};
	for (int i = 0; i < 400; i++) {
		unsigned which = (unsigned)pen_rng_below(&rng, 3);
		if (which == 2)
			pen_outbox_packet(&outbox, &path, &packet, 40);
		else
			put_data(entries[which], 0, 1 + (unsigned)pen_rng_below(&rng, 40));
		fake_net_clear(&net);
		pen_outbox_flush(&outbox, 1);
		net.keep = pen_rng_below(&rng, 16) > 0;
		uint32_t cells = outbox.cells.count - outbox.cells.free;
		cr_assert_eq(outbox.flying[entries[0]] + outbox.flying[entries[1]] + cells,
			net.unreaped_count);
		pen_outbox_reap(&outbox);
		cr_assert_eq(outbox.taken, net.unreaped_count);
		for (unsigned k = 0; k < 2; k++)
			cr_assert_eq(house.cache.entries[entries[k]].refs,
				1 + (outbox.flying[entries[k]] > 0));
		cr_assert(net.keep || outbox.cells.free == outbox.cells.count);
		cr_assert(net.keep || outbox.flying[entries[0]] + outbox.flying[entries[1]] == 0);
	}
	pen_cache_put(&house.cache, entries[0]);
	pen_cache_put(&house.cache, entries[1]);
}
