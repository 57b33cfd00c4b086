#include "part/build.h"

#include <errno.h>

#include "base/check.h"

/* A finished subtree, and its place below an open branch. */
struct subtree {
	uint32_t waiting; /* node of the batch; PEN_BATCH_NONE: the hash is known */
	uint64_t memory_usage;
	struct pen_hash hash; /* once it is known */
	struct pen_held held; /* its node's encoding, of a stretch, once the hash is known */
};

/* A branch on the path to the last key. */
struct branch {
	uint32_t depth; /* nibbles of the path to it */
	uint16_t mask;
	bool has_value;
	uint8_t count; /* children */
	uint32_t value_len;
	struct pen_hash value_hash;
	uint64_t memory_usage; /* of the children so far */
	struct subtree children[16]; /* ascending, without gaps */
};

void pen_build_init(struct pen_build *build, pen_batch_fn fn, void *context)
{
	*build = (struct pen_build){.fn = fn, .context = context, .floor = -1};
}

void pen_build_fini(struct pen_build *build)
{
	if (!build)
		return;
	pen_batch_fini(&build->batch);
	pen_buf_fini(&build->branches);
	pen_limb_queue_fini(&build->limbs);
	*build = (struct pen_build){0};
}

void pen_build_reset(struct pen_build *build)
{
	pen_batch_reset(&build->batch);
	build->batch.hash_ns = 0;
	pen_limb_queue_reset(&build->limbs);
	build->branches.len = 0;
	build->open = 0;
	build->limb_fn = NULL;
	build->limb_context = NULL;
	build->floor = -1;
	build->known = (struct pen_build_known){0};
	build->sum = (struct pen_trie_sum){0};
}

void pen_build_know(struct pen_build *build, const struct pen_build_known *known)
{
	build->known = *known;
}

void pen_build_open(struct pen_build *build, int64_t left, pen_limb_fn fn, void *context)
{
	PEN_CHECK(build->sum.keys == 0);
	build->floor = left;
	build->limb_fn = fn;
	build->limb_context = context;
}

/* The deepest open branch; those above it stand before it. */
static struct branch *top(const struct pen_build *build)
{
	PEN_DCHECK(build->open > 0);
	return (struct branch *)(void *)build->branches.at + build->open - 1;
}

/* Depth of the deepest branch that the next node can hang from and that is there already: an open
 * one, or one that reaches to the left of the stretch. -1 if there is none. */
static int64_t anchor_depth(const struct pen_build *build)
{
	return build->open ? (int64_t)top(build)->depth : build->floor;
}

static uint8_t key_nibble(const struct pen_build *build, uint32_t i)
{
	uint8_t byte = build->key[i / 2];
	return i % 2 ? byte & 15 : byte >> 4;
}

static int open_branch(struct pen_build *build, uint32_t depth)
{
	PEN_DCHECK((int64_t)depth > anchor_depth(build));
	if (pen_buf_grow(&build->branches, sizeof(struct branch)))
		return -ENOMEM;
	build->branches.len += sizeof(struct branch);
	build->open++;
	struct branch *branch = top(build);
	branch->depth = depth;
	branch->mask = 0;
	branch->count = 0;
	branch->has_value = false;
	branch->memory_usage = 0;
	branch->value_len = 0;
	return 0;
}

/* Encode the last key's nibbles [from, to); returns the bytes. */
static size_t encode_key(
	const struct pen_build *build, uint32_t from, uint32_t to, bool leaf, uint8_t *out)
{
	uint32_t count = to - from, odd = count & 1;
	out[0] = (uint8_t)((leaf ? 0x20 : 0) | (odd ? 0x10 | key_nibble(build, from) : 0));
	from += odd;
	/* A leaf's nibbles end where a byte ends, so they are whole bytes from here on. */
	if (from % 2 == 0) {
		memcpy(out + 1, build->key + from / 2, count / 2);
	} else {
		for (uint32_t i = 0; i < count / 2; i++)
			out[1 + i] = (uint8_t)(build->key[from / 2 + i] << 4 |
				build->key[from / 2 + i + 1] >> 4);
	}
	return 1 + count / 2;
}

/* Room for a node of any kind at the end of the batch. */
static uint8_t *node_room(struct pen_build *build)
{
	return pen_batch_room(&build->batch, PEN_NODE_BYTES_MAX);
}

/* The hash of the node finished now, if it is known; else NULL. */
static const struct pen_hash *next_known(struct pen_build *build)
{
	if (!build->known.count)
		return NULL;
	build->known.count--;
	return build->known.at++;
}

/* The node in the room has this hash and waits for no child: it is handed out at once. */
static int finish_known(
	struct pen_build *build, size_t len, const struct pen_hash *hash, struct subtree *out)
{
	struct pen_bytes bytes = {build->batch.arena.at + pen_batch_offset(&build->batch), len};
	out->waiting = PEN_BATCH_NONE;
	out->hash = *hash;
	return build->fn ? build->fn(build->context, hash, bytes) : 0;
}

/* The room holds a node up to `end`, where its memory_usage goes; it becomes the subtree. */
static int finish_node(struct pen_build *build, uint8_t *end, uint32_t level, struct subtree *out)
{
	size_t len = (size_t)(end - build->batch.arena.at) - pen_batch_offset(&build->batch);
	pen_put_le64(end, out->memory_usage);
	out->held = (struct pen_held){0};
	build->sum.nodes++;
	const struct pen_hash *known = next_known(build);
	if (known && level == 0)
		return finish_known(build, len + 8, known, out);
	out->waiting = pen_batch_add(&build->batch, len + 8, level);
	return out->waiting == PEN_BATCH_NONE ? -ENOMEM : 0;
}

/* Write a key and its length; returns its end. */
static uint8_t *put_key(
	const struct pen_build *build, uint32_t from, uint32_t to, bool leaf, uint8_t *at)
{
	size_t len = encode_key(build, from, to, leaf, at + 4);
	pen_put_le32(at, (uint32_t)len);
	return at + 4 + len;
}

static uint8_t *put_value(uint8_t *at, uint32_t len, const struct pen_hash *hash)
{
	pen_put_le32(at, len);
	memcpy(at + 4, hash->bytes, PEN_HASH_BYTES);
	return at + 4 + PEN_HASH_BYTES;
}

/* Write a child's hash, or leave the place to be filled; `level` rises above the child's. */
static uint8_t *put_child(
	struct pen_build *build, const struct subtree *child, uint8_t *at, uint32_t *level)
{
	if (child->waiting == PEN_BATCH_NONE) {
		memcpy(at, child->hash.bytes, PEN_HASH_BYTES);
		return at + PEN_HASH_BYTES;
	}
	uint32_t above = pen_batch_level(&build->batch, child->waiting) + 1;
	*level = above > *level ? above : *level;
	pen_batch_bind(&build->batch, child->waiting, (size_t)(at - build->batch.arena.at));
	return at + PEN_HASH_BYTES;
}

/* What stands at the last key, as a subtree whose path has path_len nibbles. */
static int finish_last(struct pen_build *build, uint32_t path_len, struct subtree *out)
{
	if (!build->last.is_value) {
		/* A limb hangs from the branch right above it, whose other children came along. */
		PEN_CHECK(path_len == build->key_len);
		*out = (struct subtree){PEN_BATCH_NONE, build->last.memory_usage, build->last.hash};
		return 0;
	}
	PEN_DCHECK(path_len <= build->key_len);
	uint8_t *room = node_room(build);
	if (!room)
		return -ENOMEM;
	room[0] = PEN_LEAF;
	uint8_t *key_end = put_key(build, path_len, build->key_len, true, room + 1);
	uint64_t key_bytes = (uint64_t)(key_end - room) - 5;
	uint8_t *end = put_value(key_end, build->last.value_len, &build->last.hash);
	out->memory_usage = 2 * PEN_COST_NODE + key_bytes * PEN_COST_KEY_BYTE +
		(uint64_t)build->last.value_len * PEN_COST_VALUE_BYTE;
	return finish_node(build, end, 0, out);
}

/* An extension over the last key's nibbles [from, to) above `child`, which becomes the subtree. */
static int finish_extension(
	struct pen_build *build, uint32_t from, uint32_t to, struct subtree *child)
{
	uint32_t level = 0;
	uint8_t *room = node_room(build);
	if (!room)
		return -ENOMEM;
	room[0] = PEN_EXTENSION;
	uint8_t *key_end = put_key(build, from, to, false, room + 1);
	uint64_t key_bytes = (uint64_t)(key_end - room) - 5;
	uint8_t *end = put_child(build, child, key_end, &level);
	child->memory_usage += PEN_COST_NODE + key_bytes * PEN_COST_KEY_BYTE;
	return finish_node(build, end, level, child);
}

/* The last open branch as a node. */
static int finish_branch(struct pen_build *build, const struct branch *branch, struct subtree *out)
{
	uint32_t level = 0;
	uint8_t *at = node_room(build);
	if (!at)
		return -ENOMEM;
	out->memory_usage = branch->memory_usage + PEN_COST_NODE;
	*at++ = branch->has_value ? PEN_BRANCH_VALUE : PEN_BRANCH;
	if (branch->has_value) {
		at = put_value(at, branch->value_len, &branch->value_hash);
		out->memory_usage += PEN_COST_NODE +
			(uint64_t)branch->value_len * PEN_COST_VALUE_BYTE;
	}
	pen_put_le16(at, branch->mask);
	at += 2;
	for (unsigned i = 0; i < branch->count; i++)
		at = put_child(build, &branch->children[i], at, &level);
	return finish_node(build, at, level, out);
}

/* Close the last open branch; its subtree begins right below parent_depth (-1: it is the root). */
static int close_branch(struct pen_build *build, int64_t parent_depth, struct subtree *out)
{
	const struct branch *branch = top(build);
	uint32_t depth = branch->depth, from = (uint32_t)(parent_depth + 1);
	int err = finish_branch(build, branch, out);
	build->branches.len -= sizeof *branch;
	build->open--;
	return err || from == depth ? err : finish_extension(build, from, depth, out);
}

/* Hang a subtree below the last open branch, at the last key's nibble there. */
static void adopt(struct pen_build *build, const struct subtree *subtree)
{
	struct branch *parent = top(build);
	uint8_t nibble = key_nibble(build, parent->depth);
	PEN_CHECK(parent->mask >> nibble == 0);
	struct subtree *child = &parent->children[parent->count++];
	child->waiting = subtree->waiting;
	child->memory_usage = subtree->memory_usage;
	child->held = subtree->held;
	/* Field by field: a copy in one piece would wait until the fields just written have left
	 * the store buffer. */
	if (subtree->waiting == PEN_BATCH_NONE)
		child->hash = subtree->hash;
	parent->mask |= (uint16_t)(1u << nibble);
	parent->memory_usage += subtree->memory_usage;
}

/* A subtree leaves the stretch. Its path is the last key's first path_len nibbles, but for `last`
 * if that is not negative. */
static int give_away(
	struct pen_build *build, uint32_t path_len, int last, const struct subtree *subtree)
{
	struct pen_limb_new limb = {
		.limb = {.path_len = path_len,
			.memory_usage = subtree->memory_usage,
			.hash = subtree->hash},
		.waiting = subtree->waiting,
		.held = subtree->held,
		.key = build->key,
		.last = last,
	};
	return pen_limb_queue_push(&build->limbs, &limb);
}

static int64_t deeper(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* Put a subtree where it belongs: below a branch at depth `fork`, opened if it is not there; below
 * the last open branch if that is deeper; or out, if its parent reaches beyond the stretch. */
static int place(struct pen_build *build, int64_t fork, const struct subtree *subtree)
{
	if (build->open == 0 && fork <= build->floor) {
		int err = give_away(build, (uint32_t)(build->floor + 1), -1, subtree);
		build->floor = fork;
		return err;
	}
	if (fork > anchor_depth(build)) {
		int err = open_branch(build, (uint32_t)fork);
		if (err)
			return err;
	}
	adopt(build, subtree);
	return 0;
}

/* The last key is a prefix of the next: its value sits in a branch of its own. */
static int open_value_branch(struct pen_build *build)
{
	PEN_CHECK(build->last.is_value);
	int err = open_branch(build, build->key_len);
	if (err)
		return err;
	struct branch *branch = top(build);
	branch->has_value = true;
	branch->value_len = build->last.value_len;
	branch->value_hash = build->last.hash;
	return 0;
}

/* The next key parts from the last after `fork` nibbles: what lies deeper is finished. */
static int fold(struct pen_build *build, int64_t fork)
{
	struct subtree subtree;
	if (fork == (int64_t)build->key_len && build->last.is_value)
		return open_value_branch(build);
	int err = finish_last(build, (uint32_t)(deeper(fork, anchor_depth(build)) + 1), &subtree);
	if (!err)
		err = place(build, fork, &subtree);
	while (!err && build->open && (int64_t)top(build)->depth > fork) {
		int64_t above = build->open > 1 ? (int64_t)top(build)[-1].depth : build->floor;
		err = close_branch(build, deeper(fork, above), &subtree);
		if (!err)
			err = place(build, fork, &subtree);
	}
	return err;
}

/* A child's hash is known now. Of a stretch its encoding stays too: it may turn out a limb. */
static int settle_child(struct pen_build *build, struct subtree *child)
{
	struct pen_bytes bytes = pen_batch_bytes(&build->batch, child->waiting);
	child->hash = *pen_batch_hash(&build->batch, child->waiting);
	child->waiting = PEN_BATCH_NONE;
	if (!build->limb_fn)
		return 0;
	return pen_limb_queue_hold(&build->limbs, bytes, &child->held);
}

/* The hashes of a batch reach the open branches that wait for them. */
static int settle(struct pen_build *build)
{
	struct branch *branches = (struct branch *)(void *)build->branches.at;
	int err = 0;
	for (size_t i = 0; i < build->open; i++) {
		for (unsigned at = 0; at < branches[i].count && !err; at++) {
			if (branches[i].children[at].waiting != PEN_BATCH_NONE)
				err = settle_child(build, &branches[i].children[at]);
		}
	}
	return err;
}

/* Hash what waits and hand it out. */
static int flush(struct pen_build *build)
{
	int err = pen_batch_run(&build->batch, build->fn, build->context);
	if (err)
		return err;
	err = settle(build);
	if (!err)
		err = pen_limb_queue_give(
			&build->limbs, &build->batch, build->limb_fn, build->limb_context);
	pen_batch_reset(&build->batch);
	return err;
}

/* What stands at the last key parts from a key of these bytes and nibbles. */
static int part_from(struct pen_build *build, struct pen_bytes key, uint32_t nibbles)
{
	struct pen_bytes last = {build->key, (build->key_len + 1) / 2};
	uint32_t fork = pen_key_common(last, key);
	/* The byte that an odd path ends in holds one nibble of it, and a zero. */
	if (fork > build->key_len)
		fork = build->key_len;
	if (fork >= nibbles)
		return PEN_EINPUT;
	if (fork < build->key_len) {
		uint8_t byte = key.at[fork / 2];
		if ((fork % 2 ? byte & 15 : byte >> 4) < key_nibble(build, fork))
			return PEN_EINPUT;
	} else if (!build->last.is_value) {
		return PEN_EINPUT;
	}
	return fold(build, fork);
}

/* Take a key of whole bytes, or of an odd number of nibbles and a zero. */
static int take(struct pen_build *build, struct pen_bytes key, uint32_t nibbles)
{
	if (build->sum.keys) {
		int err = part_from(build, key, nibbles);
		if (err)
			return err;
		if (build->batch.count >= PEN_BUILD_BATCH_NODES && (err = flush(build)))
			return err;
	}
	if (key.len)
		memcpy(build->key, key.at, key.len);
	build->key_len = nibbles;
	build->sum.keys++;
	return 0;
}

int pen_build_push(struct pen_build *build, struct pen_bytes key, uint32_t value_len,
	const struct pen_hash *value_hash)
{
	if (key.len > PEN_KEY_BYTES_MAX)
		return PEN_EINPUT;
	int err = take(build, key, (uint32_t)key.len * 2);
	build->last.is_value = true;
	build->last.value_len = value_len;
	build->last.hash = *value_hash;
	build->known = (struct pen_build_known){0};
	return err;
}

int pen_build_push_limb(struct pen_build *build, const struct pen_limb *limb)
{
	uint8_t key[PEN_KEY_BYTES_MAX] = {0};
	if (limb->path_len > PEN_KEY_NIBBLES_MAX)
		return PEN_EINPUT;
	for (uint32_t i = 0; i < limb->path_len; i++)
		key[i / 2] |= (uint8_t)(i % 2 ? limb->path[i] : limb->path[i] << 4);
	int err = take(build, (struct pen_bytes){key, (limb->path_len + 1) / 2}, limb->path_len);
	build->last = *limb;
	build->known = (struct pen_build_known){0};
	return err;
}

/* The last subtree hangs from nothing: it is the root. */
static int take_root(void *context, const struct pen_limb *limb)
{
	struct pen_trie_sum *sum = context;
	sum->root = limb->hash;
	sum->memory_usage = limb->memory_usage;
	return 0;
}

int pen_build_finish(struct pen_build *build, struct pen_trie_sum *out)
{
	PEN_CHECK(build->floor == -1);
	PEN_CHECK(build->limb_fn == NULL);
	build->limb_fn = take_root;
	build->limb_context = &build->sum;
	return pen_build_close(build, -1, out);
}

/* All that hangs from a branch which reaches to the right of the stretch. */
static int dismember(struct pen_build *build, const struct branch *branch)
{
	struct pen_limb_new value = {
		.limb = {.path_len = branch->depth,
			.is_value = true,
			.value_len = branch->value_len,
			.hash = branch->value_hash},
		.waiting = PEN_BATCH_NONE,
		.key = build->key,
		.last = -1,
	};
	int err = branch->has_value ? pen_limb_queue_push(&build->limbs, &value) : 0;
	for (int nibble = 0, at = 0; !err && nibble < 16; nibble++) {
		if (branch->mask >> nibble & 1)
			err = give_away(build, branch->depth + 1, nibble, &branch->children[at++]);
	}
	return err;
}

int pen_build_close(struct pen_build *build, int64_t right, struct pen_trie_sum *out)
{
	int err = build->sum.keys ? fold(build, right) : 0;
	const struct branch *branches = (const struct branch *)(void *)build->branches.at;
	for (uint32_t i = 0; !err && i < build->open; i++)
		err = dismember(build, &branches[i]);
	build->branches.len = 0;
	build->open = 0;
	if (!err)
		err = flush(build);
	if (!err && out)
		*out = build->sum;
	return err;
}
