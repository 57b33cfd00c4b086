/*
 * object: what is moved in a simulated world: bytes that follow from a seed (sim/quarry.h). Either
 * a raw object with its root and digests; or the parts of a state in nearcore's form, as far as the
 * network sees them: opaque bytes under a name, of which the test knows what is right; or the parts
 * of a small state in lean form, each as several makers store it (tests/sim/state.c); or those of a
 * state of the golden profile in either form (sim/golden.h).
 */
#ifndef PEN_TESTS_SIM_OBJECT_H
#define PEN_TESTS_SIM_OBJECT_H

#include "base/rng.h"
#include "part/raw_page.h"
#include "sim/plan.h"
#include "store/catalog.h"

/* Blocks of a raw object, or of a part, at most. */
#define OBJECT_BLOCKS_MAX 16u

/* Pieces of a lean part at most: a head, and of 4 MiB every other frame closes at the cut. */
#define OBJECT_PIECES_MAX 64u
/* Where a file in nearcore's form has a bit that changes nothing of what it says: Unused_bit of its
 * frame's Frame_Header_Descriptor (RFC 8878, 3.1.1.1.1). */
#define OBJECT_SPARE_AT 9u
#define OBJECT_SPARE_BIT 0x10u
/* Who makes lean parts: each compresses in its own way. */
#define OBJECT_MAKERS 3u

/* One part; a raw object is part 0 of 1. */
struct object_part {
	struct pen_bytes bytes; /* in the object's; of a lean part all its raw frames */
	uint8_t blob[PEN_BLOB_BYTES];
	/* lean; `forged` also where a golden state's are in nearcore's: */
	struct pen_buf made[OBJECT_MAKERS]; /* as each maker stores it */
	struct pen_buf forged; /* a frame or entry is another, and all lengths and sums fit */
	struct pen_buf raw; /* frames */
};

struct golden;
struct fake_state;

struct object {
	struct pen_bytes bytes; /* the quarry's; in lean form `own`'s; of a golden state so many */
	struct pen_buf own;
	bool raw, lean;
	bool spares; /* golden, nearcore's form: some servers have parts with that bit changed */
	const struct golden *golden; /* whose parts it has; or NULL */
	unsigned n; /* parts */
	struct object_part parts[PLAN_PARTS_MAX];
	struct pen_hash root;
	/* raw: */
	struct pen_hash leaves[OBJECT_BLOCKS_MAX];
	uint32_t blocks;
	struct pen_buf page; /* the digests, as they travel */
};

/* Make what a plan moves. Zeroed, or one that was made before, whose memory is used again. */
void object_make(struct object *object, const struct plan *plan);

/* The same for the parts of a state in lean form; the object has `n`, and bytes like any. */
void object_make_lean(struct object *object, const struct plan *plan, struct pen_rng *rng);

/* Part k of n of this state, as each maker stores it and as a liar tells it. */
void object_make_part(struct object_part *part, struct fake_state *state, unsigned k, unsigned n,
	struct pen_rng *rng);

/* Are these bytes, as a client's disk has them, part k? Of a golden state other bytes may be: those
 * of another maker, or with a bit changed that says nothing. */
bool object_right(const struct object *object, unsigned k, struct pen_bytes bytes);

void object_fini(struct object *object);

#endif
