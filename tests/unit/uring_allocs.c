/* The port over the kernel's UDP takes all of its memory when it is opened and started. */
#include "udp_util.h"

#include "base/check.h"
#include "bench/counted.h"

#define ROUNDS 100
#define FRAMES 64u

static void round_trip(struct pen_net *from, struct pen_net *to, const struct pen_net_path *path)
{
	static const uint8_t payload[1400];
	struct pen_frame frames[FRAMES];
	struct pen_slice slices[FRAMES];
	for (unsigned i = 0; i < FRAMES; i++)
		frames[i] = udp_frame(path, i, payload, sizeof payload);
	counted.on = true;
	udp_send(from, frames, FRAMES);
	unsigned came = udp_receive(to, slices, FRAMES, UDP_SOON_MS);
	to->ops->rx_put(to, 0, slices, came);
	counted.on = false;
	cr_assert_eq(came, FRAMES);
}

Test(uring_allocs, none_after_start)
{
	for (int plain = 0; plain < 2; plain++) {
		struct pen_udp_options options = udp_at("127.0.0.1");
		options.without = plain ? PEN_WITHOUT_MULTISHOT : 0;
		struct pen_net *a = udp_open(&options), *b = udp_open(&options);
		struct pen_net_path to_a = udp_path("127.0.0.1", a->local_port);
		struct pen_net_path to_b = udp_path("127.0.0.1", b->local_port);
		for (int i = 0; i < ROUNDS; i++) {
			round_trip(a, b, &to_b);
			round_trip(b, a, &to_a);
		}
		cr_expect_eq(counted.allocations, 0, "%lu", counted.allocations);
		pen_net_close(a);
		pen_net_close(b);
	}
	/* The counting does. */
	counted.on = true;
	struct pen_net *last = udp_open(&(struct pen_udp_options){.port = 0});
	counted.on = false;
	cr_expect_gt(counted.allocations, 0);
	pen_net_close(last);
}
