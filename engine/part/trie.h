/*
 * trie: reading a state trie by hash: where part k begins, and what lies between two bounds.
 * The same two walks make a part out of a whole state, prove one against its root and apply it;
 * only where the bytes come from differs, and that is one function.
 *
 * Source: nearcore core/store/src/trie/state_parts.rs (find_state_part_boundary,
 * visit_nodes_for_state_part) and trie/iterator.rs.
 */
#ifndef PEN_PART_TRIE_H
#define PEN_PART_TRIE_H

#include "base/buf.h"
#include "base/err.h"
#include "part/node.h"

/* What a fetch returns: bytes that stay valid until the walk ends, and the owner's number for it.
 */
struct pen_fetched {
	struct pen_bytes bytes;
	uint32_t index;
};

/*
 * Where nodes and values come from. `fetch` finds the bytes of a hash: 0, PEN_EMISSING, or another
 * negative code, which ends the walk. Being fetched is what makes an entry part of a proof.
 */
struct pen_reader {
	int (*fetch)(void *context, const struct pen_hash *hash, struct pen_fetched *out);
	void *context;
};

/* A bound between two parts. */
struct pen_bound {
	bool none; /* nothing is as large; `path` is unused */
	struct pen_path path;
};

/* One node or value that belongs to the interval walked over. */
struct pen_item {
	bool value; /* a value; else a node */
	const struct pen_path *path; /* a value's key, or the path to the node; for the call only */
	struct pen_fetched fetched;
};

/* Called for each item in order of path; a node comes before its value, both before the children.
 * 0 to go on; a negative code ends the walk and is returned. */
typedef int (*pen_item_fn)(void *context, const struct pen_item *item);

/* Most nodes and values that one walk may visit, 2^27: a subtree that is named many times makes a
 * small part visit without end. The largest real part has 440,488 entries. */
#define PEN_WALK_ITEMS_MAX (UINT64_C(1) << 27)

/* The memory of a walk, kept from one to the next. Zeroed is valid. */
struct pen_walk {
	struct pen_buf frames; /* open branches, root first: at most one a nibble of the path */
	struct pen_path path;
	uint64_t items; /* visited by the walk under way */
};

/* Give the memory back; zeroed and NULL are fine. It is zeroed. */
void pen_walk_fini(struct pen_walk *walk);

/*
 * Find boundary(k, n) of the trie under `root`: the first key of part k, or none. Every node that
 * is read is fetched through `reader`. 0, PEN_EINTERNAL (k > n), PEN_EINCONSISTENT (a node that
 * does not decode, sums that do not fit), PEN_EMISSING or what fetch returned; the sentence names
 * the hash.
 */
int pen_trie_bound(const struct pen_reader *reader, const struct pen_hash *root, uint64_t k,
	uint64_t n, struct pen_bound *out, struct pen_why *why);

/*
 * Visit every node at path p and every value of key q with begin <= p, q < end, fetching also the
 * nodes on the way down to `begin`, which do not count as items. Iterative; its memory is bounded
 * by PEN_KEY_NIBBLES_MAX open branches. Errors as pen_trie_bound, and PEN_EREFUSED beyond
 * PEN_WALK_ITEMS_MAX. If `begin` is none, the walk starts at nibbles 1, 0, as nearcore's does.
 */
int pen_trie_walk(struct pen_walk *walk, const struct pen_reader *reader,
	const struct pen_hash *root, const struct pen_bound *begin, const struct pen_bound *end,
	pen_item_fn fn, void *context, struct pen_why *why);

#endif
