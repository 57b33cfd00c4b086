/*
 * layout: the names of the objects in a store. Those of parts in nearcore form and of headers are
 * nearcore's own (chain/client/src/sync/external.rs), so that its tools, rclone and curl read a
 * store as it stands; ours lie beside them, and its tools pass over them:
 *
 *   chain_id=C/epoch_height=H/epoch_id=E/shard_id=S/state_part_000005_of_000143
 *   chain_id=C/epoch_height=H/epoch_id=E/shard_id=S/lean_part_000005_of_000143
 *   chain_id=C/epoch_height=H/epoch_id=E/headers/shard_id=S/header
 *   raw/ROOT
 *
 * Labels say where a state came from; nothing is trusted because of them. They are checked so that
 * a label from outside cannot become any other name. Pure functions, any thread.
 */
#ifndef PEN_STORE_LAYOUT_H
#define PEN_STORE_LAYOUT_H

#include <stdbool.h>

#include "base/text.h"
#include "part/form.h"
#include "part/id.h"

#define PEN_CHAIN_BYTES_MAX 64
/* The longest name that is formatted here, with its end: 64 of chain, two u64 of 20 digits, 44 of
 * epoch id, 33 of part name, 60 of words, and room. */
#define PEN_NAME_BYTES 384
/* "state_part_000005_of_000143", the longest of them, and the end. */
#define PEN_PART_NAME_BYTES 28
/* Six digits. */
#define PEN_PART_NAME_MAX 999999u
/* The directory of raw objects. */
#define PEN_RAW_DIR "raw"
/* Directories of side files (store/aside.h): pages of raw objects' digests, and root nodes. */
#define PEN_PAGES_DIR "pages"
#define PEN_NODES_DIR "nodes"
/* ".penstock/pages/", a root, and the end. */
#define PEN_ASIDE_NAME_BYTES 80

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

/* Write the file name of part k of n in this form, which is not raw; both are at most
 * PEN_PART_NAME_MAX. Returns `name`. */
const char *pen_part_name(
	enum pen_form form, uint64_t k, uint64_t n, char name[PEN_PART_NAME_BYTES]);

/*
 * Read a file name as nearcore's regex does, ^state_part_(\d{6})_of_(\d{6})$, and the same of a
 * lean part; whether such a part can exist (k < n, n within limits) is the caller's to ask. 0 or
 * PEN_EINPUT.
 */
int pen_part_name_parse(const char *name, enum pen_form *form, uint32_t *k, uint32_t *n);

/* Write the whole name of part id->k of id->n of a shard in this form; returns `name`. */
const char *pen_part_path(const struct pen_labels *labels, enum pen_form form,
	const struct pen_part_id *id, char name[PEN_NAME_BYTES]);

/* Write the whole name of a raw object, whose root is that of its own tree; returns `name`. */
const char *pen_raw_path(const struct pen_hash *root, char name[PEN_NAME_BYTES]);

/* The names of the pages of a raw object, and of the root node of a state, on the disk of side
 * files whose names begin with `prefix` (store/store.h); both return `name`. */
const char *pen_pages_name(
	const char *prefix, const struct pen_hash *root, char name[PEN_ASIDE_NAME_BYTES]);
const char *pen_node_name(
	const char *prefix, const struct pen_hash *root, char name[PEN_ASIDE_NAME_BYTES]);

#endif
