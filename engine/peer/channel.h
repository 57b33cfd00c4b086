/*
 * channel: the keys and counters of one session, the same on both sides: what makes packets, and
 * says whether packets that came are the other side's, and new (wire/wire.h).
 *
 * Made by a handshake (peer/agree.h). A packet is first checked, which changes nothing, then taken,
 * which uses its counter up; between the two the owner may still refuse it, as one from an address
 * that is not proved. Counters: each is taken once, none that is PEN_CHANNEL_WINDOW below the
 * highest; a PULL also only above every other PULL. Bounded: the struct is all. One thread.
 */
#ifndef PEN_PEER_CHANNEL_H
#define PEN_PEER_CHANNEL_H

#include "base/mac.h"
#include "wire/encode.h"

/* Packets that may arrive behind a later one: a word of bits; only control packets count. */
#define PEN_CHANNEL_WINDOW 64u

struct pen_channel {
	struct pen_mac_key tx, rx; /* of packets to the other side, and from it */
	uint64_t check_seed; /* of DATA */
	uint64_t own, other; /* the numbers that we and the other side chose */
	uint64_t tx_counter; /* last one used; 0: none */
	uint64_t rx_top; /* highest taken; 0: none */
	uint64_t rx_bits; /* bit i: rx_top - i was taken */
	uint64_t pull_top; /* counter of the newest PULL */
	uint64_t forged; /* packets with a wrong tag, ever */
	uint64_t old; /* packets with a used or ancient counter, ever */
	uint8_t version; /* agreed */
};

enum pen_channel_check {
	PEN_CHANNEL_FINE,
	PEN_CHANNEL_FORGED, /* not the other side's */
	PEN_CHANNEL_OLD, /* its counter was used, or is too old */
};

/*
 * Finish a packet whose body (PEN_WIRE_BODY_BYTES_MAX at most) is written: fill in the header, use
 * the next counter up, and tag it. Returns its bytes in all.
 */
size_t pen_channel_seal(struct pen_channel *channel, enum pen_wire_type type,
	struct pen_wire_packet *packet, size_t body_bytes);

/* Look at a packet that came, but for DATA and RESET. Only the counts of bad ones change. */
enum pen_channel_check pen_channel_check(
	struct pen_channel *channel, const struct pen_wire_head *head, struct pen_bytes body);

/* Use up the counter of a packet that was PEN_CHANNEL_FINE. */
void pen_channel_take(struct pen_channel *channel, const struct pen_wire_head *head);

/* Write the checks of `count` DATA headers side by side, the rest of which is written. */
void pen_channel_mark(
	const struct pen_channel *channel, struct pen_wire_data *data, unsigned count);

/* Whether a DATA header is as it was sent. */
bool pen_channel_unharmed(const struct pen_channel *channel, const struct pen_wire_data *data);

#endif
