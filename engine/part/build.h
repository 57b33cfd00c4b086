/*
 * build: the trie of a sorted stream of keys, bottom up, with memory by depth.
 *
 * Keys go in strictly ascending; each node comes out once, when no later key can change it:
 * children before their parent, the root last. Only the branches on the path to the last key are
 * open. The trie of a set of keys is unique (nearcore core/store/src/trie/mod.rs: one key is a
 * leaf; more share an extension, if they have a common prefix, and a branch).
 *
 * Nodes are hashed in batches (part/batch.h): they come out a batch at a time, at the latest when
 * the build is finished.
 *
 * A stretch of a larger state can be built alone. Subtrees that lie wholly inside come out as
 * ever; what hangs from a branch that reaches beyond the stretch comes out as a limb, and limbs of
 * neighbouring stretches, pushed into another build one after the other, give the nodes above. So
 * a state is built in parallel, and a part without the rest of its state.
 */
#ifndef PEN_PART_BUILD_H
#define PEN_PART_BUILD_H

#include "base/err.h"
#include "part/batch.h"
#include "part/limb.h"
#include "part/node.h"

/* Nodes that wait before they are hashed: enough to fill the lanes, few enough to stay in L2. */
#define PEN_BUILD_BATCH_NODES 1024u

/* One key of a state with its value. */
struct pen_pair {
	struct pen_bytes key; /* the trie key, column byte first */
	struct pen_bytes value; /* may be empty */
};

/* What a finished trie amounts to. */
struct pen_trie_sum {
	struct pen_hash root; /* zero for no keys */
	uint64_t memory_usage; /* of the root; 0 for no keys */
	uint64_t keys;
	uint64_t nodes;
};

/*
 * Hashes of nodes that a build of the same pairs found before: those that were finished at each
 * key, deepest first. A node is finished at the last of the keys below it, so the nodes that any
 * two builds of neighbouring keys finish at one key agree as far as both have them.
 */
struct pen_build_known {
	const struct pen_hash *at; /* of the nodes finished at the last key; borrowed */
	uint32_t count; /* how many there are; nodes beyond are hashed */
};

/* Filled by pen_build_init. One thread at a time. */
struct pen_build {
	pen_batch_fn fn; /* takes finished nodes; may be NULL */
	void *context;
	pen_limb_fn limb_fn; /* takes limbs; may be NULL */
	void *limb_context;
	struct pen_batch batch;
	struct pen_buf branches; /* open branches, shallowest first */
	uint32_t open; /* how many there are */
	struct pen_limb_queue
		limbs; /* that wait for their hashes, and nodes that may become limbs */
	int64_t floor; /* depth above which the branches reach to the left of the stretch, or -1 */
	uint8_t key[PEN_KEY_BYTES_MAX]; /* the last key */
	uint32_t key_len; /* nibbles of it */
	struct pen_limb last; /* what stands at the last key; path and node unused */
	struct pen_build_known known; /* of the last key */
	struct pen_trie_sum sum;
};

/* Start a trie whose finished nodes go to fn(context, hash, bytes). */
void pen_build_init(struct pen_build *build, pen_batch_fn fn, void *context);

/* Free its memory, whatever state it is in. NULL and a zeroed one are fine. */
void pen_build_fini(struct pen_build *build);

/* Forget all keys and start another trie, with the same fn, in the memory that is there. */
void pen_build_reset(struct pen_build *build);

/*
 * Make the build that of a stretch: `left` is the number of nibbles that its first key shares with
 * the key before it, -1 if there is none. Limbs go to fn(context, ...), in order of path. Call it
 * before the first push.
 */
void pen_build_open(struct pen_build *build, int64_t left, pen_limb_fn fn, void *context);

/*
 * Add a key (borrowed for the call) whose value has this length and hash. 0; PEN_EINPUT if the key
 * is too long or not larger than the last; -ENOMEM; or what fn returned. After an error the build
 * can only be ended.
 */
int pen_build_push(struct pen_build *build, struct pen_bytes key, uint32_t value_len,
	const struct pen_hash *value_hash);

/*
 * The nodes that will be finished at the key pushed last have these hashes: they are not hashed
 * again, and come out at once, before others that wait. Until the next push; the hashes are
 * borrowed that long. A limb among them has no `node`.
 */
void pen_build_know(struct pen_build *build, const struct pen_build_known *known);

/* Add a limb that another build gave, instead of a key. The same order and errors. */
int pen_build_push_limb(struct pen_build *build, const struct pen_limb *limb);

/* No more keys: close the open nodes, root last, and say what it came to. Errors as for push. */
int pen_build_finish(struct pen_build *build, struct pen_trie_sum *out);

/*
 * The stretch ends: `right` is the number of nibbles that the last key shares with the key behind
 * it, -1 if there is none. Closes what lies inside and gives out the other limbs; *out (may be
 * NULL) has the counts and no root. Errors as for push.
 */
int pen_build_close(struct pen_build *build, int64_t right, struct pen_trie_sum *out);

#endif
