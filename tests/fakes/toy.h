/*
 * toy: a server of one raw object, as small as the protocol allows and as bad as a test wants it,
 * to hold a client against. It has the object in memory, answers at once, and sends at the pace it
 * is told. What it sends goes to a function of the test, which is the path.
 */
#ifndef PEN_TESTS_FAKES_TOY_H
#define PEN_TESTS_FAKES_TOY_H

#include "peer/greet.h"
#include "wire/piece.h"

#define TOY_SESSIONS 8u

struct toy;

/* A packet leaves the toy. */
typedef void (*toy_send)(
	void *context, const void *at, size_t bytes, const struct pen_net_path *to);

/* How it is bad. */
struct toy_manners {
	uint64_t rate; /* bytes a second at most */
	uint32_t payload_max; /* larger packets vanish on the path; 0: none do */
	unsigned lie_every; /* each so many-th piece has a wrong byte; 0: none */
	unsigned spoil; /* so many pieces, the first it sends, have a wrong byte that it does not
			   attest: as if the path had done it */
	bool no_attest; /* does not say what it holds */
	bool other_id; /* names bytes of its own, and sends them */
	bool no_data; /* answers, but never sends DATA */
	uint32_t slots; /* open at once that WELCOME allows; 0: the most */
	bool mute; /* is dead */
	bool leaves; /* closes each session at its first packet */
	bool lacks; /* has nothing */
	bool untold; /* does not say which parts it has */
	bool unnamed; /* does not say what bytes those are */
	bool garbles; /* says it, but in no way that the protocol knows */
	uint64_t says; /* bytes that its catalogue claims; 0: what it has */
};

struct toy_slot {
	bool open;
	uint64_t order; /* the smaller, the older */
	uint32_t slot, bytes, piece;
	const uint8_t *at; /* its bytes */
	uint64_t nonce;
	enum pen_wire_size size;
	uint32_t next, end, packets; /* unasked it sends up to end */
	uint64_t again[14];
};

struct toy_guest {
	bool used;
	struct pen_session session;
	struct pen_prf_key tokens;
	uint64_t sent, grant, pace;
	int64_t free_ns;
	uint32_t time_us;
	int64_t pulled_ns;
	bool echo;
	uint64_t opened; /* slots, ever */
	uint64_t pulls, wrong; /* proofs that did not fit */
	struct toy_slot slot[PEN_WIRE_SLOTS_MAX];
};

struct toy {
	struct pen_greeter greeter;
	struct toy_manners manners;
	struct toy_guest guest[TOY_SESSIONS];
	uint8_t root[32];
	const uint8_t *object; /* borrowed */
	uint64_t bytes;
	struct pen_bytes page; /* digests of the object, borrowed; of no bytes: it has none */
	/* A part in lean form: where each piece ends, all within 1 MiB; borrowed. NULL and 0: a raw
	 * object, or a part in nearcore's form. */
	const uint64_t *ends;
	uint32_t pieces;
	const uint8_t *name; /* the id a part is offered under; borrowed. NULL: the root's bytes */
	toy_send send;
	void *context;
	uint64_t attests; /* questions */
	unsigned spoilt; /* pieces */
	uint64_t data, resent; /* packets of DATA, and those that were asked for again */
};

/* Begin; `seed` makes its identity. A toy that forgets its sessions is one that is begun again. */
void toy_init(struct toy *toy, uint8_t seed, int64_t now_ns);

/* A packet came. */
void toy_hear(struct toy *toy, const void *at, size_t bytes, const struct pen_net_path *from,
	int64_t now_ns);

/* Send what may be sent. When to turn again. */
int64_t toy_turn(struct toy *toy, int64_t now_ns);

#endif
