/* The port over the kernel's UDP where the kernel lacks something. */
#include "udp_util.h"

#include <string.h>

#include "base/check.h"

#define FRAMES 40u

/* As many frames of one size as make a run, there and back. */
static void cross(struct pen_net *from, struct pen_net *to)
{
	static const uint8_t bytes[1200] = {1, 2, 3};
	struct pen_net_path path = udp_path("127.0.0.1", to->local_port);
	struct pen_frame frames[FRAMES];
	struct pen_slice slices[FRAMES];
	for (unsigned i = 0; i < FRAMES; i++)
		frames[i] = udp_frame(&path, i, bytes, sizeof bytes);
	udp_send(from, frames, FRAMES);
	cr_assert_eq(udp_receive(to, slices, FRAMES, UDP_SOON_MS), FRAMES);
	for (unsigned i = 0; i < FRAMES; i++) {
		cr_assert_eq(slices[i].bytes, pen_frame_bytes(&frames[i]));
		cr_assert_eq(memcmp(slices[i].head, frames[i].header, 32), 0);
	}
	to->ops->rx_put(to, 0, slices, FRAMES);
}

/* Each is as on an old kernel: said, and packets cross. */
Test(uring_without, goes_on_and_says_what_mends_it)
{
	static const struct {
		unsigned without;
		const char *note;
	} rows[] = {{PEN_WITHOUT_GRO, "mend it with Linux 5.0"},
		{PEN_WITHOUT_GSO, "mend it with Linux 4.18"},
		{PEN_WITHOUT_MULTISHOT, "mend it with Linux 6.0"},
		{PEN_WITHOUT_GRO | PEN_WITHOUT_GSO | PEN_WITHOUT_MULTISHOT, "no UDP_GRO"}};
	struct pen_udp_options usual = udp_at("127.0.0.1");
	struct pen_net *client = udp_open(&usual);
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_udp_options options = udp_at("127.0.0.1");
		struct pen_notes notes = {0};
		options.without = rows[i].without;
		options.notes = &notes;
		struct pen_net *server = udp_open(&options);
		struct pen_udp_state state = pen_udp_state_of(server);
		cr_expect(!state.batches_in || !(rows[i].without & PEN_WITHOUT_GRO));
		cr_expect(!state.batches_out || !(rows[i].without & PEN_WITHOUT_GSO));
		cr_expect(!state.multishot || !(rows[i].without & PEN_WITHOUT_MULTISHOT));
		cr_expect_eq(server->caps.run_frames, state.batches_out ? 64 : 1);
		bool said = false;
		for (unsigned j = 0; j < notes.count; j++)
			said |= strstr(notes.text[j], rows[i].note) != NULL;
		cr_expect(said, "%s", rows[i].note);
		cross(client, server);
		cross(server, client);
		pen_net_close(server);
	}
	pen_net_close(client);
}
