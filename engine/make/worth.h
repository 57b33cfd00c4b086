/*
 * worth: is the lean form of a part worth a file of its own? Where values nearly repeat, nearcore's
 * form may be far smaller: it sorts them next to each other, while a lean part cuts them into
 * frames. Then no lean file is made, and whoever wants the part takes nearcore's.
 *
 * Where nearcore's form is at hand, two lengths are compared. Where only lean is wanted it would
 * have to be made for that, so first its length is bounded from below: every distinct value of the
 * part stands in it by its hash, and so does, in the node above it, the node that has the value:
 * 64 bytes each that no compressor makes shorter.
 */
#ifndef PEN_MAKE_WORTH_H
#define PEN_MAKE_WORTH_H

#include <stdbool.h>

#include "base/buf.h"

/* Bits in which distinct values are counted: 512 KiB, four for each entry of the largest part. */
#define PEN_WORTH_BITS (UINT32_C(1) << 22)
/* Bytes of a distinct value's two hashes that remain at the least; a little is left to chance. */
#define PEN_WORTH_BYTES 60u

/* Distinct values of one part, never more than there are. Zeroed is empty; kept and used again. */
struct pen_worth {
	struct pen_buf bits;
	uint32_t distinct;
};

/* Most bytes that a lean part may have beside nearcore's form of it: 2 % and 4 KiB more. */
static inline uint64_t pen_worth_limit(uint64_t nearcore_bytes)
{
	return nearcore_bytes + nearcore_bytes / 50 + 4096;
}

/* Give the memory back; zeroed and NULL are fine. It is zeroed. */
void pen_worth_fini(struct pen_worth *worth);

/* Begin a part. 0 or -ENOMEM. */
int pen_worth_reset(struct pen_worth *worth);

/* Count a value of the part. */
void pen_worth_add(struct pen_worth *worth, struct pen_bytes value);

/* True if a lean part of this length is certainly within the limit. */
bool pen_worth_sure(const struct pen_worth *worth, uint64_t lean_bytes);

#endif
