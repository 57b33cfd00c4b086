/*
 * partial: PartialState, the content of a part (nearcore core/primitives/src/state.rs):
 *
 *   u8 0 | u32 count | count x { u32 len | len bytes }
 *
 * Raw trie nodes and raw values, mixed; unique and, as made, sorted bytewise. Nothing says what
 * an entry is: that follows from who names its hash.
 */
#ifndef PEN_PART_PARTIAL_H
#define PEN_PART_PARTIAL_H

#include "base/buf.h"
#include "base/err.h"
#include "part/id.h"

#define PEN_PARTIAL_HEAD_BYTES 5

/*
 * Read the entries of `bytes` into `entries` as borrowed byte strings (struct pen_bytes, appended
 * from 0; *count says how many). Bounds come before allocation: the tag, the entry limit and that
 * the rest can hold `count` lengths. 0, PEN_EENVELOPE with a sentence, or -ENOMEM.
 */
int pen_partial_decode(
	struct pen_bytes bytes, struct pen_buf *entries, uint32_t *count, struct pen_why *why);

/*
 * Check the first PEN_PARTIAL_HEAD_BYTES of a PartialState: known tag, count within the limit.
 * 0 or PEN_EENVELOPE with a sentence. For decoders that stream.
 */
int pen_partial_head(
	const uint8_t head[PEN_PARTIAL_HEAD_BYTES], uint32_t *count, struct pen_why *why);

/*
 * Sort `count` byte strings bytewise, in place, and append them to `out` as a PartialState. The
 * caller sees to it that they are distinct. 0, PEN_EREFUSED (over the limits of a part), -ENOMEM.
 */
int pen_partial_encode(
	struct pen_bytes *entries, uint32_t count, struct pen_buf *out, struct pen_why *why);

#endif
