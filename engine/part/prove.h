/*
 * prove: is this PartialState exactly part k of n of the state with this root? If so, what it
 * adds to the state, item by item. Nothing of a part may be used before pen_proof_check said 0.
 *
 * Source: nearcore Trie::validate_state_part (core/store/src/trie/state_parts.rs): hash every
 * entry, walk from the root over the part's own interval, and require that the walk finds
 * everything that it needs and uses everything that is there.
 */
#ifndef PEN_PART_PROVE_H
#define PEN_PART_PROVE_H

#include "part/entries.h"
#include "part/trie.h"

/* The memory of one prover, kept from part to part. Zeroed is valid. One thread at a time. */
struct pen_proof {
	struct pen_buf list; /* struct pen_bytes: the entries as they stood */
	struct pen_buf digests; /* struct pen_hash of each */
	struct pen_entries entries; /* the same by hash; refs = uses inside the part */
	struct pen_walk walk;
	struct pen_part_id id; /* what was proved last */
	struct pen_bound begin, end; /* its interval */
	bool proved;
};

/* What a proved part holds. */
struct pen_part_counts {
	uint64_t entries; /* distinct nodes and values, proof nodes included */
	uint64_t bytes; /* of them, lengths left out */
	uint64_t nodes; /* that belong to the part: visits, not distinct ones */
	uint64_t values; /* that belong to the part: the flat entries */
	uint64_t proof_nodes; /* distinct entries that only prove */
};

/* Give the memory back; zeroed and NULL are fine. It is zeroed. */
void pen_proof_fini(struct pen_proof *proof);

/*
 * Prove `content` (a PartialState; borrowed until the next check or fini) to be part `id`.
 * 0: pen_proof_visit may be called. Else PEN_EENVELOPE (not a PartialState), PEN_EMISSING,
 * PEN_EUNEXPECTED, PEN_EINCONSISTENT or PEN_EINTERNAL as nearcore would say, with the hash in the
 * sentence where there is one; PEN_EREFUSED beyond our own bound on work; -ENOMEM.
 */
int pen_proof_check(struct pen_proof *proof, const struct pen_part_id *id, struct pen_bytes content,
	struct pen_why *why);

/* Counts of the part just proved; walks over it once more. */
void pen_proof_counts(struct pen_proof *proof, struct pen_part_counts *out);

/*
 * Visit each key and value of the part just proved, in key order, as items (value is set; no
 * nodes). Returns what `fn` returned, or 0. Entries' uses are in proof->entries: every entry with
 * refs > 0 belongs to the part and is used that often in it.
 */
int pen_proof_visit(struct pen_proof *proof, pen_item_fn fn, void *context, struct pen_why *why);

#endif
