/*
 * rebuild: is this lean part (part/lean.h) exactly part k of n of the state with this root? The
 * pairs are built into the subtrees that they must be, and each must have the hash that the node
 * above it names; so the walk from the root visits exactly the pairs that are listed, in order,
 * key and value, and every proof node. Nothing of a part may be used before pen_rebuild_close said
 * 0; then there is what part/prove.h gives for nearcore's form: entries with their uses, and a
 * visit of all keys and values in order.
 *
 * Order: open; for each frame, in order, its raw bytes written to pen_rebuild_room, then
 * pen_rebuild_take; close. pen_rebuild_check does it all. What is wrong is said as soon as it can
 * be known: about proof nodes at open, about a subtree when its last pair went by.
 *
 * Memory is kept from part to part, and bounded by what the head says and by the limits, which are
 * looked at first: the frames and the rebuilt nodes (without `keep` one frame, and the scratch), 4
 * bytes a pair, PEN_REBUILD_ENTRY_BYTES for every distinct entry, the head twice, and some MB for
 * the records of a frame and a batch of nodes. One thread at a time, but that frames may be opened
 * into their rooms by any thread if `keep`.
 */
#ifndef PEN_PART_REBUILD_H
#define PEN_PART_REBUILD_H

#include "base/chunks.h"
#include "part/build.h"
#include "part/entries.h"
#include "part/frontier.h"
#include "part/lean_frame.h"
#include "part/prove.h"

/* An entry's record, hash and slots; the tables may have room for twice the entries there are. */
#define PEN_REBUILD_ENTRY_BYTES (24u + 32u + 16u)

/* What one part may take; beyond it, PEN_ELARGE. Zeroed: the limits of the format, nothing kept. */
struct pen_rebuild_limits {
	bool keep; /* nodes and values stay: needed to visit, for entries, and for the content */
	size_t kept_bytes; /* raw bytes of all frames, and rebuilt nodes; 0: PEN_PART_BYTES_MAX */
	size_t scratch_bytes; /* of values that may be named, if not; 0: PEN_PART_BYTES_MAX */
	uint32_t pairs; /* 0: no limit but the memory_usage of the root */
	uint32_t entries; /* distinct nodes and values that stay; 0: no limit but the others */
};

/* The memory of one prover. Zeroed is valid. */
struct pen_rebuild {
	struct pen_rebuild_limits limits;
	struct pen_lean_head head; /* borrows head_bytes */
	struct pen_buf head_bytes; /* copied */
	struct pen_bound begin, end; /* of the part */
	struct pen_entries
		entries; /* by hash; proof nodes come first; refs = uses inside the part */
	uint32_t visited; /* proof nodes, while the bounds are walked */
	struct pen_chunks memory; /* of rebuilt nodes, and of values without `keep` */
	size_t node_bytes; /* of rebuilt nodes kept */
	struct pen_buf raw; /* all frames, or room for one */
	uint32_t frame; /* the next one to take */
	uint32_t pair; /* number of the next one */
	uint64_t raw_at; /* where that frame begins */
	uint64_t scratch_bytes; /* met so far */
	struct pen_buf uses; /* uint32_t a pair: entry of its value */
	struct pen_buf records; /* struct pen_record of the frame under way */
	struct pen_buf messages, digests; /* of its values */
	uint8_t key[PEN_KEY_BYTES_MAX]; /* the last one */
	uint32_t key_len;
	struct pen_reader reader; /* of everything that is there */
	struct pen_frontier frontier;
	struct pen_frontier_piece piece; /* of the frontier, that the next pair is of */
	bool has_piece;
	struct pen_build build; /* of that piece */
	uint64_t nodes; /* that belong to the part: visits */
	struct pen_zstd zstd;
	struct pen_why *why; /* of the call under way */
	bool proved;
};

/* Give the memory back; zeroed and NULL are fine. It is zeroed. */
void pen_rebuild_fini(struct pen_rebuild *rebuild);

/*
 * Begin with the head, at the beginning of `bytes` (borrowed for the call), of the part `id`.
 * Checks all that can be known without the pairs. 0; PEN_EHEAD (also: the head of another part);
 * PEN_ELARGE; PEN_EMISSING, PEN_EINCONSISTENT (proof nodes); PEN_EEXTRA; -ENOMEM.
 */
int pen_rebuild_open(struct pen_rebuild *rebuild, const struct pen_part_id *id,
	struct pen_bytes bytes, const struct pen_rebuild_limits *limits, struct pen_why *why);

/* Where the raw bytes of frame i belong (part/lean_frame.h, pen_lean_frame_open): of any frame if
 * `keep`, else only of the one that is taken next. Valid until close. */
uint8_t *pen_rebuild_room(struct pen_rebuild *rebuild, uint32_t i);

/*
 * Prove the next frame, which lies in its room. 0; PEN_EFRAME; PEN_EOUTSIDE; PEN_EUNVISITED;
 * PEN_ESUBTREE; PEN_ELARGE; -ENOMEM. After an error only open or fini may be called.
 */
int pen_rebuild_take(struct pen_rebuild *rebuild, struct pen_why *why);

/* All frames were taken. 0: the part is proved. Else as take; PEN_EHEAD: it promised otherwise. */
int pen_rebuild_close(struct pen_rebuild *rebuild, struct pen_why *why);

/* Prove a whole part: head and stored frames. Errors of all the calls above. */
int pen_rebuild_check(struct pen_rebuild *rebuild, const struct pen_part_id *id,
	struct pen_bytes part, const struct pen_rebuild_limits *limits, struct pen_why *why);

/* Counts of the part just proved; entries, bytes and proof_nodes are those of nearcore's form
 * with `keep`, else 0. */
void pen_rebuild_counts(const struct pen_rebuild *rebuild, struct pen_part_counts *out);

/*
 * Visit each key and value of the part just proved with `keep`, in key order, as pen_proof_visit
 * does; fetched.index is in rebuild->entries, where every entry with refs > 0 belongs to the part
 * and is used that often in it. Returns what `fn` returned, or 0.
 */
int pen_rebuild_visit(
	struct pen_rebuild *rebuild, pen_item_fn fn, void *context, struct pen_why *why);

/*
 * Append the part just proved with `keep` to `out` as nearcore's sorted PartialState, byte for
 * byte. 0; PEN_EREFUSED (over nearcore's limits); -ENOMEM.
 */
int pen_rebuild_content(struct pen_rebuild *rebuild, struct pen_buf *out, struct pen_why *why);

#endif
