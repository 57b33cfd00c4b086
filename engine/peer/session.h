/*
 * session: one client at a server: its keys, where it is, and whether it is still there. What the
 * client wants is the business of whoever holds the session (engine/serve).
 *
 * Made by pen_greeter_welcome (peer/greet.h). It is confirmed by the first packet with a good tag,
 * forgotten when none comes for a while, and answers nobody by itself but for path challenges.
 * Everything is in the struct. One thread, the core that its number names.
 */
#ifndef PEN_PEER_SESSION_H
#define PEN_PEER_SESSION_H

#include "peer/channel.h"
#include "peer/packet.h"
#include "peer/route.h"

/* A session that was never confirmed goes first: a client that is there PULLs at once. */
#define PEN_SESSION_UNUSED_NS INT64_C(5000000000)
/* All that a server keeps for one session, slots and windows too, is at most this; */
#define PEN_SESSION_BYTES_MAX 4096
/* of it, what is in this file. */
#define PEN_SESSION_OWN_BYTES_MAX 768

struct pen_session {
	struct pen_channel channel;
	struct pen_route route;
	uint8_t key[PEN_WIRE_KEY_BYTES]; /* Ed25519, proved: who the client is */
	uint8_t size; /* largest enum pen_wire_size that the client takes */
	bool sum_absent_ok; /* UDP checksums may be left out towards it */
	bool confirmed; /* a packet with a good tag came */
	uint16_t idle_s; /* as WELCOME said */
	int64_t heard_ns; /* when the last such packet came, or when it was made */
};
static_assert(sizeof(struct pen_session) <= PEN_SESSION_OWN_BYTES_MAX, "sum in 4 KiB a session");

enum pen_session_heard {
	PEN_SESSION_DROP, /* nothing to do */
	PEN_SESSION_TAKE, /* from the client, new, and from where it lives: decode it by its type */
	PEN_SESSION_ANSWER, /* send *answer to route.candidate */
	PEN_SESSION_MOVED, /* the client lives elsewhere from now on: nothing is proved there */
	PEN_SESSION_CLOSED, /* by the client: forget it, without a word */
};

/* A packet came for this session's number, of a type that goes to servers, but no HELLO. */
enum pen_session_heard pen_session_hear(struct pen_session *session,
	const struct pen_packet *packet, struct pen_draw *draw, int64_t now_ns,
	struct pen_answer *answer);

/* When it is to be forgotten if nothing comes. */
int64_t pen_session_due_ns(const struct pen_session *session);

/* Write CLOSED: the holder ends it. */
void pen_session_close(
	struct pen_session *session, enum pen_wire_close_reason reason, struct pen_answer *answer);

/* Bits of a session's number: who finds it in O(1), and what nobody can guess. */
#define PEN_SESSION_CORE_BITS 8
#define PEN_SESSION_INDEX_BITS 20

/* A number for the session at place `index` (below 2^20) of a core's table; never 0. */
uint64_t pen_session_number(unsigned core, uint32_t index, struct pen_draw *draw);

/* The core and the place that a number names. */
static inline unsigned pen_session_core(uint64_t number)
{
	return (unsigned)(number >> (64 - PEN_SESSION_CORE_BITS));
}

static inline uint32_t pen_session_index(uint64_t number)
{
	return (uint32_t)number & ((1u << PEN_SESSION_INDEX_BITS) - 1);
}

#endif
