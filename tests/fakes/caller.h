/*
 * caller: a client for tests of a server on a fake port: it opens a session, asks for slots, and
 * PULLs exactly what the test says. It keeps what came, so that its proofs are right unless the
 * test makes them wrong.
 */
#ifndef PEN_FAKES_CALLER_H
#define PEN_FAKES_CALLER_H

#include "fakes/net.h"
#include "peer/visit.h"
#include "wire/decode.h"
#include "wire/piece.h"

#define CALLER_SEQS 4096u

struct caller {
	struct pen_net_path path; /* as the server sees it */
	struct pen_visit visit;
	struct pen_draw draw;
	struct fake_net *net; /* that the server is on */
	unsigned looked; /* packets of net->sent that this caller has looked at */
	uint64_t seqs; /* numbers that came are below this */
	uint64_t came; /* DATA packets that came */
	uint8_t bits[CALLER_SEQS / 8]; /* by number: it came */
	uint16_t tokens[CALLER_SEQS];
	struct pen_wire_data last; /* header of the newest DATA */
	struct pen_answer heard; /* the newest packet that is no DATA, of `heard_type` */
	uint8_t heard_type;
	size_t heard_bytes; /* of its body */
	bool open, over; /* a session is; one was, and the server said so */
};

/* A client at 10.0.0.`host`, that calls. */
void caller_init(struct caller *caller, struct fake_net *net, uint8_t host, int64_t now_ns);

/* Send what is due of the handshake. */
void caller_poll(struct caller *caller, int64_t now_ns);

/*
 * Look at the next packet that the server sent here; NULL if there is none. Its DATA is counted
 * (unless `lost`), anything else is in `heard`.
 */
const struct fake_packet *caller_look(struct caller *caller, bool lost, int64_t now_ns);

/* Look at all. How many DATA there were. */
unsigned caller_look_all(struct caller *caller, int64_t now_ns);

/* Send a body under the session's tag. */
void caller_send(
	struct caller *caller, enum pen_wire_type type, const void *body, size_t body_bytes);

/* Ask for one slot. */
void caller_open(struct caller *caller, const struct pen_wire_object *object, uint32_t slot,
	uint64_t nonce, enum pen_wire_size size);

/* Close it. */
void caller_close(struct caller *caller, uint32_t slot, uint64_t nonce);

/* PULL up to `grant`, with a proof of all that came of the last 2,048 numbers; `missing` (NULL:
 * none) names packets of one slot. */
void caller_pull(struct caller *caller, uint64_t grant, const struct pen_wire_gap *missing);

/* The same with fields of the test's own; `proof` is added to the right one. */
void caller_pull_as(struct caller *caller, const struct pen_wire_pull *pull,
	const struct pen_wire_gap *missing, uint16_t proof);

#endif
