/*
 * header: what a mover of parts needs from a nearcore state header
 * (ShardStateSyncResponseHeader V2, core/primitives/src/state_sync.rs): the root node.
 *
 * The header ends in state_root_node { Vec<u8> data, u64 memory_usage }; the fields before it
 * (chunk, receipts, their proofs) vary in length and are not read. The root node is accepted only
 * if its bytes hash to the root that the caller trusts, decode as a node, and carry the same
 * memory_usage. Nothing else of the header is checked, and the caller should say so.
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
 * to it; without one the only node that decodes at the end and carries the trailing memory_usage
 * is taken. 0, or PEN_EINPUT with a sentence (unknown version, no such node, several).
 */
int pen_header_decode(struct pen_bytes bytes, const struct pen_hash *root, struct pen_header *out,
	struct pen_why *why);

#endif
