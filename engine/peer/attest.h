/*
 * attest: asks a server, under its tag, what it holds of a piece whose bytes failed their proof,
 * and says whose fault that is (wire/wire.h, BEFORE A BAN).
 *
 * DATA is not tagged: whoever sees a nonce can put bytes of his own into an honest server's piece.
 * So bytes alone convict nobody. What the server says it holds is compared with what came:
 *   the same, and the proof failed: it lied;
 *   another digest: the bytes were changed on the way, or it lies now and did not then, which looks
 *   the same; after PEN_ATTEST_ASIDE_MAX of them it is left aside, never banned;
 *   it does not hold it any more, or does not answer: nothing is known.
 *
 * One question at a time and server. Decides only: what is to be sent comes out of poll. No memory
 * of its own; one thread; time is an argument.
 */
#ifndef PEN_PEER_ATTEST_H
#define PEN_PEER_ATTEST_H

#include "base/sha.h"
#include "peer/channel.h"
#include "peer/packet.h"

/* A server reads for it at most once a second. */
#define PEN_ATTEST_WAIT_NS INT64_C(1500000000)
/* Questions without an answer until nothing is known. */
#define PEN_ATTEST_TRIES 5u
/* Pieces that came otherwise than they are held: a path, or a server, that is good for nothing. */
#define PEN_ATTEST_ASIDE_MAX 3u

/* Of one server, over all questions. */
struct pen_attest_record {
	uint32_t lies; /* attested, and failed its proof: one is enough for a ban */
	uint32_t changed; /* attested otherwise than it came */
	uint32_t unknown; /* not held any more, or no answer */
};

struct pen_attest {
	struct pen_wire_object object; /* the block that is asked for */
	struct pen_hash came; /* SHA-256 of the bytes that came as this block */
	uint32_t came_bytes;
	unsigned tries; /* questions sent */
	int64_t due_ns; /* when the next one leaves */
	bool open; /* no verdict yet */
};

enum pen_attest_verdict {
	PEN_ATTEST_NONE, /* not yet, or not ours */
	PEN_ATTEST_LIE, /* ban it; the reason can be shown */
	PEN_ATTEST_CHANGED, /* corruption on the path */
	PEN_ATTEST_UNKNOWN,
};

/* Begin to ask about a block: where it is from, and what came of it (borrowed for the call). */
void pen_attest_init(struct pen_attest *attest, const struct pen_wire_object *object,
	struct pen_bytes came, int64_t now_ns);

/*
 * What is due: *answer is ATTEST, or 0 bytes. When the last question was in vain, the verdict is
 * PEN_ATTEST_UNKNOWN, else PEN_ATTEST_NONE.
 */
enum pen_attest_verdict pen_attest_poll(struct pen_attest *attest, struct pen_channel *channel,
	int64_t now_ns, struct pen_answer *answer);

/* When pen_attest_poll has something to do; INT64_MAX after the verdict. */
int64_t pen_attest_due_ns(const struct pen_attest *attest);

/* ATTESTED came, with a good tag of that server; decoded, borrowed. */
enum pen_attest_verdict pen_attest_hear(
	struct pen_attest *attest, const struct pen_wire_attested *attested);

/* Count a verdict. True if the server is to be left aside, or after a lie banned. */
bool pen_attest_count(struct pen_attest_record *record, enum pen_attest_verdict verdict);

#endif
