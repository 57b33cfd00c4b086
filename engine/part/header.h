/*
 * header: what a mover of parts needs from a nearcore state header
 * (ShardStateSyncResponseHeader, core/primitives/src/state_sync.rs): the root node.
 *
 * The header ends in state_root_node { Vec<u8> data, u64 memory_usage }; the fields before it
 * (chunk, receipts, their proofs) vary in length and are not parsed. The root node is accepted
 * only if it decodes, carries the same memory_usage, and its SHA-256 is the root: the one that the
 * caller trusts or, without one, a hash that stands in the header before it, where the chunk names
 * the state it starts from. Nothing else of the header is checked (not the chunk's own proofs, not
 * the receipts, not that the chain knows the block), and the caller should say so.
 */
#ifndef PEN_PART_HEADER_H
#define PEN_PART_HEADER_H

#include "base/err.h"
#include "part/node.h"

/* Bound on a header that is read into memory: receipts of one block for one shard, with room. */
#define PEN_HEADER_BYTES_MAX ((size_t)256 << 20)

struct pen_header {
	unsigned version; /* of the enum: 1, 2 or 3 (tag 0, 1, 2) */
	struct pen_hash root; /* SHA-256 of root_node */
	struct pen_bytes root_node; /* borrowed from the header */
	uint64_t memory_usage;
	uint64_t parts; /* nearcore's number of parts for it */
};

/*
 * Find the root node at the end of `bytes` (borrowed). If `root` is not NULL the node must hash
 * to it, else its hash must stand in the header. 0, or PEN_EINPUT with a sentence (unknown
 * version, no node at the end, another root).
 */
int pen_header_decode(struct pen_bytes bytes, const struct pen_hash *root, struct pen_header *out,
	struct pen_why *why);

#endif
