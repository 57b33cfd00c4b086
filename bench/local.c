#include "bench/local.h"

#include <errno.h>
#include <stdlib.h>

#include "base/check.h"
#include "part/node.h"

#define SLAB_BYTES ((size_t)1 << 20)

/* A run of a key's nibbles. */
struct run {
	const uint8_t *key;
	uint32_t from, to;
};

struct bench_local_node {
	enum pen_node_kind kind;
	struct run run; /* leaf, extension */
	const struct bench_local_value *value; /* leaf, branch with value */
	struct bench_local_node **children; /* sixteen of a branch, one of an extension */
};

void bench_local_fini(struct bench_local *local)
{
	uint8_t **slabs = (uint8_t **)(void *)local->memory.at;
	for (size_t i = 0; i < local->memory.len / sizeof *slabs; i++)
		free(slabs[i]);
	pen_buf_fini(&local->memory);
	pen_batch_fini(&local->batch);
	*local = (struct bench_local){0};
}

void bench_local_reset(struct bench_local *local)
{
	local->root = NULL;
	local->slab = 0;
	local->used = SLAB_BYTES;
	pen_batch_reset(&local->batch);
}

static int next_slab(struct bench_local *local)
{
	if (local->slab == local->memory.len / sizeof(uint8_t *)) {
		uint8_t *slab = malloc(SLAB_BYTES);
		if (!slab || pen_buf_append(&local->memory, &slab, sizeof slab)) {
			free(slab);
			return -ENOMEM;
		}
	}
	local->slab++;
	local->used = 0;
	return 0;
}

/* Zeroed memory, or NULL. */
static void *take(struct bench_local *local, size_t bytes)
{
	if ((local->slab == 0 || SLAB_BYTES - local->used < bytes) && next_slab(local))
		return NULL;
	uint8_t *at = ((uint8_t **)(void *)local->memory.at)[local->slab - 1] + local->used;
	local->used += bytes;
	return memset(at, 0, bytes);
}

static uint8_t nibble(const uint8_t *key, uint32_t i)
{
	return i % 2 ? key[i / 2] & 15 : key[i / 2] >> 4;
}

static uint32_t common(const struct run *a, const struct run *b)
{
	uint32_t most = a->to - a->from, i = 0;
	most = b->to - b->from < most ? b->to - b->from : most;
	while (i < most && nibble(a->key, a->from + i) == nibble(b->key, b->from + i))
		i++;
	return i;
}

static struct bench_local_node *new_node(
	struct bench_local *local, enum pen_node_kind kind, struct run run)
{
	size_t children = kind == PEN_BRANCH ? 16 : kind == PEN_EXTENSION ? 1 : 0;
	struct bench_local_node *node = take(
		local, sizeof *node + children * sizeof(struct bench_local_node *));
	if (!node)
		return NULL;
	node->kind = kind;
	node->run = run;
	node->children = (struct bench_local_node **)(void *)(node + 1);
	return node;
}

static void set_value(struct bench_local_node *branch, const struct bench_local_value *value)
{
	branch->kind = PEN_BRANCH_VALUE;
	branch->value = value;
}

/* Hang a key's rest below a branch that has no child there. */
static int hang(struct bench_local *local, struct bench_local_node *branch, struct run run,
	const struct bench_local_value *value)
{
	if (run.from == run.to) {
		set_value(branch, value);
		return 0;
	}
	struct bench_local_node *leaf = new_node(
		local, PEN_LEAF, (struct run){run.key, run.from + 1, run.to});
	if (!leaf)
		return -ENOMEM;
	leaf->value = value;
	branch->children[nibble(run.key, run.from)] = leaf;
	return 0;
}

/* Hang an extension's rest, behind its first `same` nibbles, below a branch. */
static void hang_rest(
	struct bench_local_node *branch, struct bench_local_node *extension, uint32_t same)
{
	struct run *run = &extension->run;
	uint8_t at = nibble(run->key, run->from + same);
	run->from += same + 1;
	branch->children[at] = run->from == run->to ? extension->children[0] : extension;
}

/* A leaf or an extension parts from the key after `same` nibbles: a branch stands there now. */
static int split(struct bench_local *local, struct bench_local_node **slot, uint32_t same,
	const struct run *run, const struct bench_local_value *value)
{
	struct bench_local_node *old = *slot,
				*branch = new_node(local, PEN_BRANCH, (struct run){0});
	if (!branch)
		return -ENOMEM;
	*slot = branch;
	if (same) {
		struct run shared = {run->key, run->from, run->from + same};
		struct bench_local_node *extension = new_node(local, PEN_EXTENSION, shared);
		if (!extension)
			return -ENOMEM;
		extension->children[0] = branch;
		*slot = extension;
	}
	int err = 0;
	if (old->kind == PEN_EXTENSION)
		hang_rest(branch, old, same);
	else
		err = hang(local, branch,
			(struct run){old->run.key, old->run.from + same, old->run.to}, old->value);
	if (err)
		return err;
	return hang(local, branch, (struct run){run->key, run->from + same, run->to}, value);
}

int bench_local_insert(
	struct bench_local *local, struct pen_bytes key, const struct bench_local_value *value)
{
	struct run run = {key.at, 0, (uint32_t)key.len * 2};
	struct bench_local_node **slot = &local->root;
	for (struct bench_local_node *node; (node = *slot);) {
		if (node->kind == PEN_LEAF || node->kind == PEN_EXTENSION) {
			uint32_t same = common(&node->run, &run);
			if (node->kind == PEN_LEAF || same < node->run.to - node->run.from)
				return split(local, slot, same, &run, value);
			run.from += same;
			slot = &node->children[0];
			continue;
		}
		if (run.from == run.to) {
			set_value(node, value);
			return 0;
		}
		slot = &node->children[nibble(run.key, run.from++)];
	}
	*slot = new_node(local, PEN_LEAF, run);
	if (!*slot)
		return -ENOMEM;
	(*slot)->value = value;
	return 0;
}

static size_t encode_run(const struct run *run, bool leaf, uint8_t *out)
{
	uint8_t nibbles[PEN_KEY_NIBBLES_MAX];
	for (uint32_t i = run->from; i < run->to; i++)
		nibbles[i - run->from] = nibble(run->key, i);
	return pen_hpe_encode(nibbles, run->to - run->from, leaf, out);
}

/* A node in the batch. */
struct placed {
	uint32_t node;
	uint64_t memory_usage;
};

/* Encode a node whose children are placed; their hashes are filled in when the batch runs. */
static int place(struct bench_local *local, const struct bench_local_node *node,
	const struct placed *children, size_t count, struct placed *out)
{
	static const uint8_t unknown[16 * PEN_HASH_BYTES];
	uint8_t key[PEN_HPE_BYTES_MAX], *room = pen_batch_room(&local->batch, PEN_NODE_BYTES_MAX);
	struct pen_node encoded = {.kind = node->kind, .key = {key, 0}, .children = unknown};
	uint32_t level = 0;
	if (!room)
		return -ENOMEM;
	if (node->kind == PEN_LEAF || node->kind == PEN_EXTENSION)
		encoded.key.len = encode_run(&node->run, node->kind == PEN_LEAF, key);
	if (node->value) {
		encoded.value_len = node->value->len;
		encoded.value_hash = node->value->hash.bytes;
	}
	for (unsigned i = 0; node->kind != PEN_LEAF && node->kind != PEN_EXTENSION && i < 16; i++)
		encoded.mask |= (uint16_t)((node->children[i] != NULL) << i);
	encoded.memory_usage = pen_node_cost(&encoded);
	for (size_t i = 0; i < count; i++) {
		uint32_t above = pen_batch_level(&local->batch, children[i].node) + 1;
		level = above > level ? above : level;
		encoded.memory_usage += children[i].memory_usage;
	}
	size_t len = pen_node_encode(&encoded, room);
	out->memory_usage = encoded.memory_usage;
	out->node = pen_batch_add(&local->batch, len, level);
	if (out->node == PEN_BATCH_NONE)
		return -ENOMEM;
	size_t at = pen_batch_offset(&local->batch) - 8 - count * PEN_HASH_BYTES;
	for (size_t i = 0; i < count; i++)
		pen_batch_bind(&local->batch, children[i].node, at + i * PEN_HASH_BYTES);
	return 0;
}

/* Children first. Recursion is as deep as the trie, at most two a nibble of a key. */
static int place_all(
	struct bench_local *local, const struct bench_local_node *node, struct placed *out)
{
	struct placed children[16];
	size_t count = 0, most = node->kind == PEN_LEAF ? 0 : node->kind == PEN_EXTENSION ? 1 : 16;
	for (size_t i = 0; i < most; i++) {
		if (!node->children[i])
			continue;
		int err = place_all(local, node->children[i], &children[count++]);
		if (err)
			return err;
	}
	return place(local, node, children, count, out);
}

int bench_local_nodes(struct bench_local *local, pen_batch_fn fn, void *context)
{
	struct placed root;
	int err = local->root ? place_all(local, local->root, &root) : 0;
	return err ? err : pen_batch_run(&local->batch, fn, context);
}
