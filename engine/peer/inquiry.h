/*
 * inquiry: asks a server, under its tag, what it holds of a piece whose bytes failed their proof,
 * and says whose fault that is (wire/wire.h, BEFORE A BAN).
 *
 * DATA is not tagged: whoever sees a nonce can put bytes of his own into an honest server's piece.
 * So bytes alone convict nobody. What the server says it holds is compared with what came:
 *   the same, and the proof failed: it lied;
 *   another digest: the bytes were changed on the way, or it lies now and did not then, which looks
 *   the same; after PEN_INQUIRY_ASIDE_MAX of them, if it sends more than one in
 *   PEN_INQUIRY_ASIDE_SHARE so, it is left aside, never banned;
 *   it does not hold it any more, or does not answer: nothing is known.
 * Of a piece of several blocks any may have been changed, so each is asked for before it lied.
 *
 * A whole part that came from one server, and fails its proof, is asked for in the same way, block
 * by block from its first piece on: if all of them are held as they came, no path changed any, and
 * the part is a lie. What came and what is held are each summed up in a chain of SHA-256, so that a
 * part of any length takes no more memory here; so it is known at the end only, and says no more
 * than that something was changed.
 *
 * One question at a time and server. Decides only: what is to be sent comes out of poll. No memory
 * of its own; one thread; time is an argument.
 */
#ifndef PEN_PEER_INQUIRY_H
#define PEN_PEER_INQUIRY_H

#include "base/sha.h"
#include "peer/channel.h"
#include "peer/packet.h"

/* A question is asked again after so long, if it is not answered, or the server was busy. */
#define PEN_INQUIRY_WAIT_NS INT64_C(1500000000)
/* The next one so long after one that was: a server reads for a session only so often
 * (serve/attest.h), and one that comes a little too soon finds it busy. */
#define PEN_INQUIRY_NEXT_NS INT64_C(300000000)
/* Questions without an answer until nothing is known. */
#define PEN_INQUIRY_TRIES 5u
/* Pieces that came otherwise than they are held, at least, and one in how many: a path, or a
 * server, that is good for nothing. Who sends two good ones for each bad one is worth having, and
 * perhaps nobody else has the part. */
#define PEN_INQUIRY_ASIDE_MAX 3u
#define PEN_INQUIRY_ASIDE_SHARE 3u

/* Blocks of a piece that are asked for one after the other: of a lean frame. */
#define PEN_INQUIRY_BLOCKS_MAX 5u

/* Of one server, over all questions. */
struct pen_inquiry_record {
	uint32_t lies; /* attested, and failed its proof: one is enough for a ban */
	uint32_t changed; /* attested otherwise than it came */
	uint32_t unknown; /* not held any more, or no answer */
};

struct pen_inquiry {
	struct pen_wire_object object; /* the block that is asked for now */
	struct pen_hash came[PEN_INQUIRY_BLOCKS_MAX]; /* SHA-256 of what came as each block */
	uint32_t came_bytes; /* of this block and those behind it */
	unsigned block; /* of those that came, the one that is asked for */
	unsigned tries; /* questions sent */
	int64_t due_ns; /* when the next one leaves; after the verdict, when another may */
	bool open; /* no verdict yet */
	uint32_t left; /* of a whole part: blocks that are still to be asked for; of a piece 0 */
	struct pen_hash came_sum,
		said_sum; /* of a whole part: chains of all, and of those so far */
};

enum pen_inquiry_verdict {
	PEN_INQUIRY_NONE, /* not yet, or not ours */
	PEN_INQUIRY_LIE, /* ban it; the reason can be shown */
	PEN_INQUIRY_CHANGED, /* corruption on the path */
	PEN_INQUIRY_UNKNOWN,
};

/* Was the last question of one that is over left without an answer? */
static inline bool pen_inquiry_unheard(const struct pen_inquiry *inquiry)
{
	return !inquiry->open && inquiry->tries == PEN_INQUIRY_TRIES;
}

/* Go on, after a while, with one that was not answered: with the block that it stands at. */
static inline void pen_inquiry_renew(struct pen_inquiry *inquiry)
{
	inquiry->tries = 0;
	inquiry->open = true;
}

/* Begin to ask about a block, or about a piece of several, which lied only if it holds all of them
 * as they came: the first block, and the bytes that came (borrowed for the call). */
void pen_inquiry_init(struct pen_inquiry *inquiry, const struct pen_wire_object *object,
	struct pen_bytes came, int64_t now_ns);

/* Add a block with this digest, and so many bytes, to a chain, which begins as zeros. */
void pen_inquiry_sum(struct pen_hash *chain, const uint8_t *digest, uint32_t bytes);

/* Begin to ask about a whole part of so many `blocks` (more than 0), whose chain is *came; the
 * object is its first block. */
void pen_inquiry_init_part(struct pen_inquiry *inquiry, const struct pen_wire_object *object,
	uint32_t blocks, const struct pen_hash *came, int64_t now_ns);

/*
 * What is due: *answer is ATTEST, or 0 bytes. When the last question was in vain, the verdict is
 * PEN_INQUIRY_UNKNOWN, else PEN_INQUIRY_NONE.
 */
enum pen_inquiry_verdict pen_inquiry_poll(struct pen_inquiry *inquiry, struct pen_channel *channel,
	int64_t now_ns, struct pen_answer *answer);

/* When pen_inquiry_poll has something to do; INT64_MAX after the verdict. */
int64_t pen_inquiry_due_ns(const struct pen_inquiry *inquiry);

/* ATTESTED came, with a good tag of that server; decoded, borrowed. */
enum pen_inquiry_verdict pen_inquiry_hear(
	struct pen_inquiry *inquiry, const struct pen_wire_attested *attested);

/* Count a verdict; `pieces` came whole from the server so far, good or not. True if the server is
 * to be left aside, or after a lie banned. */
bool pen_inquiry_count(
	struct pen_inquiry_record *record, enum pen_inquiry_verdict verdict, uint64_t pieces);

#endif
