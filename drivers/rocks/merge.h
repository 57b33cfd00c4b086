/*
 * merge: nearcore's merge operator for reference-counted columns, `refcount merge`
 * (nearcore core/store/src/db/refcount.rs), byte for byte.
 *
 * A value is payload | i64 count, or nothing at all for a count of 0. Counts are added; a result
 * of 0 is stored as an empty value, one below 0 as the count alone. The payload is that of the
 * first operand that has one. A value of 1 to 7 bytes, or a sum that leaves 64 bits, is no such
 * value: the merge fails and RocksDB calls the entry corrupt. Pure, any thread.
 */
#ifndef PEN_ROCKS_MERGE_H
#define PEN_ROCKS_MERGE_H

#include <rocksdb/c.h>

/* The name that nearcore's databases carry. */
#define PEN_ROCKS_MERGE_NAME "refcount merge"

/* A new operator; the options that it is given to own it. */
rocksdb_mergeoperator_t *pen_rocks_merge_operator(void);

#endif
