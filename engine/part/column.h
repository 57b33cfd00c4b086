/*
 * column: how applied state lies in nearcore's columns, to the byte (nearcore
 * core/store/src/columns.rs, adapter/flat_store.rs; core/primitives/src/state.rs FlatStateValue).
 *
 *   State      key = ShardUId (8) | SHA-256 (32)   value = payload | i64 reference count
 *   FlatState  key = ShardUId (8) | trie key       value = 0 | u32 length | SHA-256 of the value
 *                                                    or    1 | u32 length | the value
 *
 * A value of at most PEN_INLINE_BYTES_MAX bytes is inlined in FlatState.
 */
#ifndef PEN_PART_COLUMN_H
#define PEN_PART_COLUMN_H

#include "base/err.h"
#include <stdbool.h>

#include "part/id.h"

/* nearcore FlatStateValue::INLINE_DISK_VALUE_THRESHOLD. */
#define PEN_INLINE_BYTES_MAX 4000u
/* The longest head of a FlatState value: tag, length and hash. */
#define PEN_FLAT_HEAD_BYTES_MAX 37
#define PEN_REFS_BYTES 8

/* A FlatState value, decoded in place. */
struct pen_flat {
	uint32_t value_len; /* bytes of the trie value */
	bool inlined;
	struct pen_bytes value; /* the value itself; inlined only */
	struct pen_hash hash; /* its SHA-256; only if not inlined */
};

/*
 * Write the bytes that stand before an inlined value, or the whole reference to a long one, into
 * `head`; *len says how many. Returns true if `value` itself follows them.
 */
bool pen_flat_head(struct pen_bytes value, const struct pen_hash *hash,
	uint8_t head[PEN_FLAT_HEAD_BYTES_MAX], size_t *len);

/* Read a FlatState value; `out` borrows `bytes`. 0 or PEN_EVERIFY. */
int pen_flat_decode(struct pen_bytes bytes, struct pen_flat *out);

/*
 * Split a State value into its payload (borrowed) and its count. 0, or PEN_EVERIFY when it is too
 * short to hold a count.
 */
int pen_refs_decode(struct pen_bytes bytes, struct pen_bytes *payload, int64_t *refs);

#endif
