/* Cells for packets: all of them can be had, once, and are found again by their bytes. */
#include "drivers/sim/packets.h"

#include <criterion/criterion.h>
#include <string.h>

Test(sim_packets, has_as_many_as_it_says)
{
	struct pen_sim_packets packets;
	uint32_t index[8];
	cr_assert_eq(pen_sim_packets_init(&packets, 5, 3), 0);
	for (unsigned i = 0; i < 8; i++) {
		uint32_t bytes = i < 5 ? PEN_SIM_SMALL_BYTES : PEN_SIM_SMALL_BYTES + 1;
		index[i] = pen_sim_packet_take(&packets, bytes);
		cr_assert_neq(index[i], PEN_SIM_NO_PACKET);
		memset(pen_sim_packet_at(&packets, index[i]), (int)i, bytes);
	}
	cr_assert_eq(pen_sim_packet_take(&packets, 1), PEN_SIM_NO_PACKET);
	cr_assert_eq(pen_sim_packet_take(&packets, PEN_SIM_LARGE_BYTES), PEN_SIM_NO_PACKET);
	cr_assert_eq(packets.used, 8);
	for (unsigned i = 0; i < 8; i++) {
		uint8_t *at = pen_sim_packet_at(&packets, index[i]);
		cr_assert_eq(at[0], i);
		cr_assert_eq(at[PEN_SIM_SMALL_BYTES - 1], i);
		cr_assert_eq(pen_sim_packet_of(&packets, at), index[i]);
		uint8_t *head = pen_sim_packet_split(&packets, index[i]);
		cr_assert_eq(head[0], i);
		cr_assert_eq(head[PEN_SLICE_HEAD_BYTES - 1], i);
		cr_assert_eq(pen_sim_packet_of(&packets, head), index[i]);
		pen_sim_packet_free(&packets, index[i]);
	}
	cr_assert_eq(packets.used, 0);
	cr_assert_eq(packets.used_max, 8);
	cr_assert_eq(pen_sim_packet_of(&packets, (uint8_t *)&packets), PEN_SIM_NO_PACKET);
	pen_sim_packets_fini(&packets);
	pen_sim_packets_fini(&packets);
	pen_sim_packets_fini(NULL);
}

Test(sim_packets, serves_one_size_alone)
{
	struct pen_sim_packets packets;
	cr_assert_eq(pen_sim_packets_init(&packets, 0, 1), 0);
	cr_assert_eq(pen_sim_packet_take(&packets, 100), PEN_SIM_NO_PACKET);
	cr_assert_eq(pen_sim_packet_take(&packets, 9000), 0);
	pen_sim_packets_fini(&packets);
}
