/*
 * press: makes a lean part (part/lean.h) out of sorted pairs, or out of a part in nearcore's form.
 * Only what lies on the bounds is read from the trie; nothing is built.
 *
 * Order: open finds the bounds (press->begin, press->end); push every pair with begin <= key <
 * end, ascending; close makes the head. Frames are sealed as they close and lie in press->body; or,
 * with press->fn set before the first push, raw frames go there, so that others can seal them
 * (part/lean_frame.h), and their rows come back by pen_press_row before close. One thread at a
 * time.
 */
#ifndef PEN_PART_PRESS_H
#define PEN_PART_PRESS_H

#include "part/lean_frame.h"
#include "part/pack.h"
#include "part/prove.h"
#include "part/trie.h"

/* Zeroed is valid; kept from part to part. */
struct pen_press {
	struct pen_part_id id;
	int level; /* of zstd */
	struct pen_bound begin, end; /* of the part; begin is a bound of keys even if k has none */
	uint64_t memory_usage; /* of the root */
	struct pen_buf proof; /* proof nodes with their lengths */
	uint32_t proof_nodes;
	struct pen_entries seen; /* the same by hash, without bytes */
	struct pen_pack pack;
	pen_pack_fn fn; /* takes raw frames; NULL: they are sealed into body */
	void *context;
	struct pen_zstd zstd;
	struct pen_buf rows; /* struct pen_lean_row */
	struct pen_buf body; /* stored frames */
	struct pen_why *why; /* of the call under way */
};

/* Give the memory back; zeroed and NULL are fine. It is zeroed. */
void pen_press_fini(struct pen_press *press);

/*
 * Begin part `id`, k < n, both at most 2^32 - 1, and read the proof nodes through `reader` (only
 * during the call). 0; what pen_trie_bound says; PEN_EREFUSED: it has no lean form.
 */
int pen_press_open(struct pen_press *press, const struct pen_part_id *id,
	const struct pen_reader *reader, int level, struct pen_why *why);

/* Add a pair: see pen_pack_push. */
int pen_press_push(struct pen_press *press, const struct pen_pair *pair,
	const struct pen_hash *hash, struct pen_why *why);

/* Frame i, that was given to fn, is sealed: its row, without pairs. */
void pen_press_row(struct pen_press *press, uint32_t i, const struct pen_lean_row *row);

/* The last frame goes out. With fn, the rows may come after it; pen_press_head needs them all. */
int pen_press_flush(struct pen_press *press, struct pen_why *why);

/* Append the head to `out`; the stored frames come behind it. 0, -ENOMEM, PEN_EREFUSED. */
int pen_press_head(struct pen_press *press, struct pen_buf *out, struct pen_why *why);

/* flush, head and body, appended to `out`. */
int pen_press_close(struct pen_press *press, struct pen_buf *out, struct pen_why *why);

/*
 * Append the lean form of a part just proved in nearcore's form. 0; PEN_EREFUSED: it has none;
 * -ENOMEM.
 */
int pen_press_proof(struct pen_press *press, struct pen_proof *proof, int level,
	struct pen_buf *out, struct pen_why *why);

#endif
