/* Runs of frames that leave in one message, and the sleep beside a stream of packets. */
#include "udp_util.h"

#include "base/check.h"

#define FRAMES 20u

static struct pen_net *open_way(bool plain)
{
	struct pen_udp_options options = udp_at("127.0.0.1");
	options.without = plain ? PEN_WITHOUT_MULTISHOT : 0;
	return udp_open(&options);
}

/* Frames of these lengths of payload in one burst: how many messages? They all arrive as they
 * are. */
static uint64_t runs_of(const uint16_t *payload, unsigned count)
{
	struct pen_net *server = open_way(false), *client = open_way(false);
	struct pen_net_path path = udp_path("127.0.0.1", server->local_port);
	struct pen_frame frames[FRAMES];
	struct pen_slice slices[FRAMES];
	static uint8_t bytes[4096];
	uint64_t sum = 0;
	for (unsigned i = 0; i < count; i++) {
		frames[i] = udp_frame(&path, i, bytes + i, payload[i]);
		sum += pen_frame_bytes(&frames[i]);
	}
	udp_send(client, frames, count);
	cr_assert_eq(udp_receive(server, slices, count, UDP_SOON_MS), count);
	for (unsigned i = 0; i < count; i++) {
		uint8_t got[4096];
		cr_assert_eq(slices[i].bytes, pen_frame_bytes(&frames[i]));
		pen_slice_copy(&slices[i], 0, slices[i].bytes, got);
		cr_assert_eq(got[0], i);
		cr_assert_eq(memcmp(got + 32, frames[i].payload, payload[i]), 0);
	}
	uint64_t runs = client->counters[0].tx_runs;
	cr_assert_eq(client->counters[0].tx_packets, count);
	cr_assert_eq(client->counters[0].tx_bytes, sum);
	server->ops->rx_put(server, 0, slices, count);
	pen_net_close(client);
	pen_net_close(server);
	return runs;
}

Test(uring_runs, the_last_frame_of_a_run_may_be_shorter)
{
	static const struct {
		uint16_t payload[FRAMES];
		unsigned count;
		uint64_t runs;
	} rows[] = {
		{{1408, 1408, 1408, 1024}, 4, 1},
		{{1408, 1024}, 2, 1},
		/* What follows a shorter one begins anew, of whatever length. */
		{{1408, 1024, 1024}, 3, 2},
		{{1408, 1408, 1024, 1408, 1408, 1024}, 6, 2},
		{{1408, 1024, 512, 256}, 4, 2},
		/* A longer one cannot join. */
		{{1024, 1408}, 2, 2},
		{{1024, 1408, 1024}, 3, 2},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++)
		cr_assert_eq(runs_of(rows[i].payload, rows[i].count), rows[i].runs, "row %zu", i);
}

Test(uring_runs, who_receives_a_stream_looks_again_soon_and_then_sleeps)
{
	for (int plain = 0; plain < 2; plain++) {
		struct pen_net *server = open_way(plain), *client = open_way(plain);
		struct pen_net_path path = udp_path("127.0.0.1", server->local_port);
		struct pen_frame frames[FRAMES];
		struct pen_slice slices[FRAMES + 1];
		static uint8_t bytes[64];
		int fd;
		for (unsigned i = 0; i < FRAMES; i++)
			frames[i] = udp_frame(&path, i, bytes, 32);
		for (unsigned round = 0; round < 3; round++) {
			udp_send(client, frames, FRAMES);
			cr_assert_eq(udp_receive(server, slices, FRAMES, UDP_SOON_MS), FRAMES);
			cr_assert_eq(server->ops->rx_burst(server, 0, 0, slices + FRAMES, 1), 0);
			cr_assert_eq(server->ops->arm(server, 0, &fd), PEN_NET_ARM_BLIND);
			cr_assert_gt(server->blind_ns, 0);
			cr_assert_leq(server->blind_ns, PEN_NET_BLIND_NS);
			cr_assert_eq(server->ops->rx_burst(server, 0, 0, slices + FRAMES, 1), 0);
			cr_assert_eq(server->ops->arm(server, 0, &fd), PEN_NET_ARM_FD);
			server->ops->rx_put(server, 0, slices, FRAMES);
		}
		pen_net_close(client);
		pen_net_close(server);
	}
}

/* Some are reaped between bursts, a few at a time: each comes back once. */
Test(uring_runs, tags_come_back_once)
{
	struct pen_net *server = open_way(false), *client = open_way(false);
	struct pen_net_path path = udp_path("127.0.0.1", server->local_port);
	struct pen_frame frames[FRAMES];
	static uint8_t bytes[64];
	unsigned back[4 * FRAMES] = {0}, count = 0;
	uint64_t tags[FRAMES];
	for (unsigned burst = 0; burst < 4; burst++) {
		for (unsigned i = 0; i < FRAMES; i++) {
			frames[i] = udp_frame(&path, i, bytes, 32);
			frames[i].tag = burst * FRAMES + i;
		}
		cr_assert_eq(client->ops->tx_burst(client, 0, 0, frames, FRAMES), FRAMES);
		for (unsigned more = burst < 3 ? 2 : 4 * FRAMES; more; more--) {
			unsigned some = client->ops->tx_reap(client, 0, tags, 7);
			for (unsigned i = 0; i < some; i++)
				back[tags[i]]++;
			count += some;
		}
	}
	cr_assert_eq(count, PEN_COUNT(back));
	for (unsigned i = 0; i < PEN_COUNT(back); i++)
		cr_assert_eq(back[i], 1, "tag %u", i);
	pen_net_close(client);
	pen_net_close(server);
}
