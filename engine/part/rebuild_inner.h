/*
 * rebuild_inner: what the files of rebuild share and nobody else calls: the entries (rebuild.c),
 * the proof nodes (rebuild_nodes.c) and the pairs as pieces of the frontier (rebuild_pairs.c). All
 * say why in rebuild->why.
 */
#ifndef PEN_PART_REBUILD_INNER_H
#define PEN_PART_REBUILD_INNER_H

#include "part/rebuild.h"

/* In `uses`: the pair names an earlier one; no entry is kept for its value. */
#define PEN_USE_NAMED (UINT32_C(1) << 31)
#define PEN_USE_NONE (PEN_USE_NAMED - 1)

/* Returns -ENOMEM. */
int pen_rebuild_fail_memory(struct pen_rebuild *rebuild);

/* Returns PEN_EHEAD. */
int pen_rebuild_fail_head(struct pen_rebuild *rebuild, const char *what);

/* For a pen_reader over any node or value that is there. */
int pen_rebuild_fetch(void *context, const struct pen_hash *hash, struct pen_fetched *out);

/*
 * The entry of these bytes, entered if it is new, as a copy if `copy`: its index; PEN_ELARGE,
 * -ENOMEM.
 */
int64_t pen_rebuild_enter(struct pen_rebuild *rebuild, const struct pen_hash *hash,
	struct pen_bytes bytes, bool copy);

/*
 * Enter the proof nodes of the head, find the bounds, and see that all nodes are read and in their
 * order, and none is missing. 0, PEN_EEXTRA, PEN_EMISSING, PEN_EINCONSISTENT, PEN_EHEAD, -ENOMEM.
 */
int pen_rebuild_nodes(struct pen_rebuild *rebuild);

/* Begin at the first piece, after pen_rebuild_nodes. */
void pen_rebuild_begin(struct pen_rebuild *rebuild);

/*
 * The next pair: its key is rebuild->key, its value has this length and hash. 0, PEN_EOUTSIDE,
 * PEN_EUNVISITED, PEN_ESUBTREE, PEN_EMISSING, PEN_ELARGE, -ENOMEM.
 */
int pen_rebuild_pair(struct pen_rebuild *rebuild, uint32_t len, const struct pen_hash *hash);

/* No more pairs: no piece may be left, and the part must end where its head says. As above, and
 * PEN_EHEAD. */
int pen_rebuild_end(struct pen_rebuild *rebuild);

#endif
