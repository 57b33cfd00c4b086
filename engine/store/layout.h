/*
 * layout: the names of the objects in a store, which are nearcore's own (chain/client/src/sync/
 * external.rs), so that its tools, rclone and curl read a store as it stands:
 *
 *   chain_id=C/epoch_height=H/epoch_id=E/shard_id=S/state_part_000005_of_000143
 *   chain_id=C/epoch_height=H/epoch_id=E/headers/shard_id=S/header
 *
 * Labels say where a state came from; nothing is trusted because of them. They are checked so that
 * a label from outside cannot become any other name. Pure functions, any thread.
 */
#ifndef PEN_STORE_LAYOUT_H
#define PEN_STORE_LAYOUT_H

#include <stdbool.h>

#include "base/text.h"

#define PEN_CHAIN_BYTES_MAX 64
/* The longest name that is formatted here, with its end: 64 of chain, two u64 of 20 digits, 44 of
 * epoch id, 33 of part name, 60 of words, and room. */
#define PEN_NAME_BYTES 384
/* "state_part_000005_of_000143" and the end. */
#define PEN_PART_NAME_BYTES 28
/* Six digits. */
#define PEN_PART_NAME_MAX 999999u

struct pen_labels {
	char chain[PEN_CHAIN_BYTES_MAX + 1]; /* [a-z0-9_-]{1,64} */
	uint64_t epoch_height;
	struct pen_hash epoch_id;
	uint64_t shard; /* nearcore ShardId */
};

/* True if `text` may be a chain label. */
bool pen_chain_valid(const char *text);

/* Write the directory of a shard's parts; returns `name`. The chain must be valid. */
const char *pen_labels_dir(const struct pen_labels *labels, char name[PEN_NAME_BYTES]);

/* Write the name of the shard's state header; returns `name`. */
const char *pen_labels_header(const struct pen_labels *labels, char name[PEN_NAME_BYTES]);

/* Read the directory of a shard's parts, the whole of `dir`. 0 or PEN_EINPUT. */
int pen_labels_parse(const char *dir, struct pen_labels *out);

/* Write the file name of part k of n, both at most PEN_PART_NAME_MAX; returns `name`. */
const char *pen_part_name(uint64_t k, uint64_t n, char name[PEN_PART_NAME_BYTES]);

/*
 * Read a file name as nearcore's regex does, ^state_part_(\d{6})_of_(\d{6})$; whether such a part
 * can exist (k < n, n within limits) is the caller's to ask. 0 or PEN_EINPUT.
 */
int pen_part_name_parse(const char *name, uint32_t *k, uint32_t *n);

/* Write the whole name of part k of n of a shard; returns `name`. */
const char *pen_part_path(
	const struct pen_labels *labels, uint64_t k, uint64_t n, char name[PEN_NAME_BYTES]);

#endif
