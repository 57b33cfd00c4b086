/*
 * build: the trie of a sorted stream of keys, bottom up, with memory by depth.
 *
 * Keys go in strictly ascending; each node comes out once, as soon as no later key can change
 * it: children before their parent, the root last. Only the branches on the path to the last key
 * are open. The trie of a set of keys is unique (nearcore core/store/src/trie/mod.rs: one key is
 * a leaf; more share an extension, if they have a common prefix, and a branch).
 */
#ifndef PEN_PART_BUILD_H
#define PEN_PART_BUILD_H

#include "base/buf.h"
#include "base/err.h"
#include "part/node.h"

/* A finished node. Everything is borrowed for the call. */
struct pen_built {
	const struct pen_node *node;
	const struct pen_hash *hash;
	struct pen_bytes bytes; /* its encoding */
	const uint8_t *path; /* nibbles from the root to the node */
	uint32_t path_len;
};

/* Takes a finished node. 0, or a negative code that ends the build. */
typedef int (*pen_built_fn)(void *context, const struct pen_built *built);

/* What a finished trie amounts to. */
struct pen_trie_sum {
	struct pen_hash root; /* zero for no keys */
	uint64_t memory_usage; /* of the root; 0 for no keys */
	uint64_t keys;
	uint64_t nodes;
};

/* Zeroed and initialised with pen_build_init. One thread at a time. */
struct pen_build {
	pen_built_fn fn; /* may be NULL: only the sum is wanted */
	void *context;
	struct pen_buf branches; /* open branches, shallowest first */
	struct pen_path key; /* the last key */
	uint32_t value_len; /* of the last key */
	struct pen_hash value_hash;
	struct pen_trie_sum sum;
};

/* Start a trie whose finished nodes go to fn(context, ...). */
void pen_build_init(struct pen_build *build, pen_built_fn fn, void *context);

void pen_build_fini(struct pen_build *build);

/*
 * Add a key (borrowed for the call) whose value has this length and hash. 0; PEN_EINPUT if the key
 * is too long or not larger than the last; -ENOMEM; or what fn returned. After an error the build
 * can only be ended.
 */
int pen_build_push(struct pen_build *build, struct pen_bytes key, uint32_t value_len,
	const struct pen_hash *value_hash);

/* No more keys: close the open nodes, root last, and say what it came to. Errors as for push. */
int pen_build_finish(struct pen_build *build, struct pen_trie_sum *out);

#endif
