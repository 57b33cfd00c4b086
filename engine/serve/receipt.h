/*
 * receipt: what a session has been sent, what it has proved to have received, and so how much more
 * may be sent to it, whatever it grants.
 *
 * Every DATA packet carries a token, a keyed function of its number that only the server can
 * compute: 16 of the 64 bits of pen_prf of a quarter of the number, so that four packets in a row
 * cost one; a PULL names a set of packets and the XOR of their tokens (wire/wire.h). So nobody can
 * make us send to where nothing arrives: until the first right proof on a path at most
 * PEN_RECEIPT_FREE_BYTES go there, the last quarter of them in small packets one by one, further
 * and further apart, so that a path that lost all the others is not given up; after it, what is on
 * its way (sent, and beyond the last proof) is at most twice what was proved in the last round
 * trip, and PEN_RECEIPT_FREE_BYTES. The last quarter of these is again for small packets: when a
 * path has begun to swallow large ones, small ones get through, and prove it, at once. A second
 * wrong proof means that the peer guesses: the caller closes the session.
 *
 * When proofs of anything new stay out, what is on its way is taken for lost after four round trips
 * (at least PEN_RECEIPT_SILENT_NS), once each such time, so that a path that lost everything is
 * tried again; what the rounds proved is then forgotten too. Then, and when the first three
 * quarters proved nothing, the path is in doubt until something does arrive: it may be one that
 * swallows large packets.
 *
 * Packets are counted as PEN_WIRE_HEAD_BYTES and the slot's size; the numbers of packets to their
 * sizes are remembered in a few eras, of which the oldest go. No memory of its own; one thread;
 * time is an argument.
 */
#ifndef PEN_SERVE_RECEIPT_H
#define PEN_SERVE_RECEIPT_H

#include <stdbool.h>

#include "base/prf.h"
#include "wire/wire.h"

/* Bytes that a path gets on trust. */
#define PEN_RECEIPT_FREE_BYTES UINT64_C(65536)
/* Of them, what may go at once. */
#define PEN_RECEIPT_BURST_BYTES UINT64_C(49152)
/* A small packet, which every path carries, and the longest time between two single ones. */
#define PEN_RECEIPT_SMALL_BYTES UINT64_C(1232)
#define PEN_RECEIPT_SINGLE_NS_MAX INT64_C(4000000000)
/* Whole words of 64 packets whose tokens need not be computed again, of what was sent last: 11 MiB
 * in packets of 1,440. */
#define PEN_RECEIPT_SUMS 128u
/* Changes of size that are remembered. Sizes change when a larger one is tried, and back. */
#define PEN_RECEIPT_ERAS 8u
/* Bounds of a round trip, as far as it matters here: a receiver may say what it likes. */
#define PEN_RECEIPT_RTT_NS_MIN INT64_C(1000000)
#define PEN_RECEIPT_RTT_NS_MAX INT64_C(1000000000)
/* Proofs that stay out for less than this mean nothing. */
#define PEN_RECEIPT_SILENT_NS INT64_C(250000000)
/* Wrong proofs at which a session ends. */
#define PEN_RECEIPT_WRONG_MAX 2u

/* Packets from number `first` on had so many bytes. */
struct pen_receipt_era {
	uint64_t first;
	uint32_t bytes;
};

struct pen_receipt {
	struct pen_prf_key key; /* of the tokens, this session's own */
	uint64_t sent; /* packets so far: the number of the next */
	uint64_t settled; /* packets below are proved, or will not be any more */
	uint64_t proved; /* packets that were proved */
	uint64_t flying_bytes; /* of packets settled..sent */
	uint64_t path_first; /* the first packet that went on the present path */
	uint64_t path_bytes; /* sent on it, while nothing is proved there */
	uint64_t single_bytes; /* path_bytes when the last single packet was seen to have left */
	int64_t single_ns; /* when that was */
	int64_t single_wait_ns; /* from then to the next */
	uint64_t round_bytes, round_before_bytes; /* proved in this round trip and the last */
	int64_t round_ns; /* when this round began */
	int64_t heard_ns; /* last proof of something new, or when flying began anew */
	int64_t rtt_ns; /* smoothed; 0: not known */
	uint32_t wrong; /* proofs */
	uint32_t forgiven; /* times that what was flying was taken for lost */
	bool path_proved;
	bool doubt; /* nothing of what was sent last arrived, as far as is known */
	unsigned eras; /* in use, oldest first */
	struct pen_receipt_era era[PEN_RECEIPT_ERAS];
	/* XOR of the tokens of packets 64 * w and on, as far as they were sent, at w %
	 * PEN_RECEIPT_SUMS: a proof names the same word again and again, and most words whole. */
	uint16_t sums[PEN_RECEIPT_SUMS];
};

/* A set of packets, and what the peer says their tokens come to. */
struct pen_receipt_proof {
	uint64_t first; /* number of bit 0, a multiple of 64 */
	const uint8_t *bits; /* 8 * words bytes, borrowed for the call */
	uint32_t words; /* at most PEN_WIRE_PROOF_WORDS_MAX; 0: no proof */
	uint16_t tokens; /* XOR */
};

/* What a right proof settled. */
struct pen_receipt_news {
	uint32_t settled; /* packets that can no longer be proved */
	uint32_t proved; /* of these, the proved ones */
	uint64_t proved_bytes;
};

void pen_receipt_init(struct pen_receipt *receipt, const struct pen_prf_key *key, int64_t now_ns);

/* The next `count` packets leave, of slots whose packets have `bytes` in all. Their tokens go to
 * `tokens`. The number of the first. */
uint64_t pen_receipt_send(
	struct pen_receipt *receipt, uint32_t bytes, unsigned count, uint16_t *tokens);

/*
 * Look at a proof. True if it is right, which an absent one is: *news says what it settled. False
 * counts as wrong: see PEN_RECEIPT_WRONG_MAX.
 */
bool pen_receipt_prove(struct pen_receipt *receipt, const struct pen_receipt_proof *proof,
	int64_t now_ns, struct pen_receipt_news *news);

/* A round trip was measured: any value. */
void pen_receipt_rtt(struct pen_receipt *receipt, int64_t rtt_ns);

/* From now on packets go to another address, where nothing is proved. */
void pen_receipt_move(struct pen_receipt *receipt);

/* Bytes that may leave now in packets of `bytes` in all, as pen_receipt_send counts them. */
uint64_t pen_receipt_allowed(struct pen_receipt *receipt, uint32_t bytes, int64_t now_ns);

#endif
