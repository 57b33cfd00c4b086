/*
 * packets: the memory of everything that is on its way. A fixed number of cells of two sizes, taken
 * at start; a packet is copied into one when it is sent, and is lent to its receiver from there.
 * Under ASan the bytes of a free cell are poisoned; elsewhere its first ones are overwritten.
 */
#ifndef PEN_SIM_PACKETS_H
#define PEN_SIM_PACKETS_H

#include <stdbool.h>

#include "mem/frame.h"

/* Payload that a small cell takes: more than any path of 1,500 bytes carries. */
#define PEN_SIM_SMALL_BYTES 1536u
/* And a large one: a path of 9,000. */
#define PEN_SIM_LARGE_BYTES 9216u
#define PEN_SIM_NO_PACKET UINT32_MAX

enum pen_sim_state {
	PEN_SIM_FREE,
	PEN_SIM_FLYING, /* between the links */
	PEN_SIM_WAITING, /* in the receiver's queue */
	PEN_SIM_LENT_OUT, /* a slice of it is with the user */
	PEN_SIM_PUT_BACK, /* no more, but others of its buffer are */
};

/* One packet. Links are numbers of packets, PEN_SIM_NO_PACKET at the end. */
struct pen_sim_packet {
	struct pen_net_path path; /* as the receiver sees it */
	int64_t due_ns; /* when it is at the receiver's link; then, when that has it whole */
	uint32_t next; /* behind it on its way, in a queue, in a buffer, or among the free */
	uint32_t order; /* on its way: its event's */
	uint32_t buffer; /* lent: the first packet of the buffer it is in */
	uint32_t planned, lent, put; /* of a first packet: slices in the buffer, lent and back */
	uint32_t pins; /* bytes that the slice said it pins */
	uint32_t turn; /* how often this cell was freed: part of handles */
	uint16_t bytes;
	uint16_t content; /* corrupt: pen_inet_sum of the bytes as they were */
	uint16_t host; /* that it goes to */
	uint8_t ecn;
	uint8_t state; /* enum pen_sim_state */
	bool summed; /* it was sent with a UDP checksum */
	bool corrupt, sly; /* its bytes are not what was sent; the checksum does not show it */
	bool head_apart; /* lent: in two pieces */
};

struct pen_sim_packets {
	struct pen_sim_packet *packets;
	uint8_t *cells; /* small ones, then large ones */
	uint8_t *heads; /* PEN_SLICE_HEAD_BYTES a packet, for slices in two pieces */
	uint32_t small, large; /* how many there are */
	uint32_t free_small, free_large; /* the first free ones of those that were used before */
	uint32_t fresh_small,
		fresh_large; /* so many of each were used: the others are not written */
	uint32_t used, used_max; /* packets in use, and the most that were */
	uint64_t bytes; /* of memory taken */
};

/* Take memory for so many packets, not both 0. 0 or -ENOMEM. */
int pen_sim_packets_init(struct pen_sim_packets *packets, uint32_t small, uint32_t large);

/* NULL and zeroed are fine. */
void pen_sim_packets_fini(struct pen_sim_packets *packets);

/* A packet with a cell for `bytes` bytes, FLYING, or PEN_SIM_NO_PACKET if there is none left. */
uint32_t pen_sim_packet_take(struct pen_sim_packets *packets, uint32_t bytes);

/* Give it back. */
void pen_sim_packet_free(struct pen_sim_packets *packets, uint32_t index);

/* Nobody may look at the bytes any more, though the packet is still in use. */
void pen_sim_packet_hide(struct pen_sim_packets *packets, uint32_t index);

/* Move the first bytes to a place of their own, and spoil them where they were; returns where. */
uint8_t *pen_sim_packet_split(struct pen_sim_packets *packets, uint32_t index);

/* Which packet a slice's head belongs to, whole or split; PEN_SIM_NO_PACKET if none. */
uint32_t pen_sim_packet_of(const struct pen_sim_packets *packets, const uint8_t *head);

/* Its bytes. */
static inline uint8_t *pen_sim_packet_at(const struct pen_sim_packets *packets, uint32_t index)
{
	if (index < packets->small)
		return packets->cells + (size_t)index * PEN_SIM_SMALL_BYTES;
	return packets->cells + (size_t)packets->small * PEN_SIM_SMALL_BYTES +
		(size_t)(index - packets->small) * PEN_SIM_LARGE_BYTES;
}

#endif
