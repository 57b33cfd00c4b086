/*
 * reset: tells a client that its session is forgotten, in a way that only this server, or its
 * successor with the same store, can: a MAC of the session's number under a key that is kept
 * (wire/wire.h, FORGETTING).
 *
 * The token stands in WELCOME, masked; whoever has not seen inside that handshake cannot make it.
 * A RESET is 32 bytes, and every packet that may cause one has more. One thread; time is an
 * argument.
 */
#ifndef PEN_PEER_RESET_H
#define PEN_PEER_RESET_H

#include "base/mac.h"
#include "peer/packet.h"

/* RESETs a second of one core: all sessions of a restarted server ask once or twice. */
#define PEN_RESET_PER_S 1000u

struct pen_resets {
	struct pen_mac_key key; /* static */
	int64_t full_ns; /* when the bucket will have filled up again */
	uint64_t refused; /* beyond the rate, ever */
};

/* `key` is 32 secret bytes that outlive the process, as the sessions' clients do. */
void pen_resets_init(struct pen_resets *resets, const uint8_t key[32]);

/* The token of a session. */
void pen_resets_token(
	const struct pen_resets *resets, uint64_t session, uint8_t out[PEN_WIRE_RESET_BYTES]);

/* A packet came for a session that is not there: *answer is a RESET, or nothing if it may not
 * cause one, or the rate is used up. */
void pen_resets_answer(struct pen_resets *resets, const struct pen_packet *packet, int64_t now_ns,
	struct pen_answer *answer);

/* Whether a RESET that came carries this token. */
bool pen_reset_fits(const struct pen_wire_head *head, const uint8_t token[PEN_WIRE_RESET_BYTES]);

#endif
