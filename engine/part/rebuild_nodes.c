#include "part/rebuild_inner.h"

#include <errno.h>

#include "base/check.h"
#include "base/text.h"

/* A proof node while only these are there: each must be the next that is read. */
static int fetch_proof(void *context, const struct pen_hash *hash, struct pen_fetched *out)
{
	struct pen_rebuild *rebuild = context;
	int err = pen_rebuild_fetch(context, hash, out);
	if (err)
		return err;
	struct pen_entry *entry = pen_entries_at(&rebuild->entries, out->index);
	if (entry->visited)
		return 0;
	if (out->index != rebuild->visited)
		return PEN_EEXTRA;
	entry->visited = true;
	rebuild->visited++;
	return 0;
}

static int fail_extra(struct pen_rebuild *rebuild, uint32_t i)
{
	char text[PEN_HASH_TEXT_BYTES];
	return pen_fail(rebuild->why, PEN_EEXTRA,
		"ExtraProofNode: number %u, %s, does not belong in its place", i,
		pen_base58(pen_entries_hash(&rebuild->entries, i), text));
}

/* Hash the proof nodes and enter them, in their order. */
static int load_nodes(struct pen_rebuild *rebuild)
{
	uint32_t count = rebuild->head.proof_nodes;
	struct pen_bytes left = rebuild->head.proof;
	if (pen_buf_reserve(&rebuild->messages, count * sizeof(struct pen_bytes)) ||
		pen_buf_reserve(&rebuild->digests, count * sizeof(struct pen_hash)))
		return pen_rebuild_fail_memory(rebuild);
	struct pen_bytes *nodes = (struct pen_bytes *)(void *)rebuild->messages.at;
	struct pen_hash *hashes = (struct pen_hash *)rebuild->digests.at;
	for (uint32_t i = 0; i < count; i++)
		nodes[i] = pen_lean_node(&left);
	pen_sha256_many(nodes, count, hashes);
	for (uint32_t i = 0; i < count; i++) {
		int err = pen_entries_add(&rebuild->entries, &hashes[i], nodes[i]);
		if (err == 0)
			return pen_fail(rebuild->why, PEN_EEXTRA,
				"ExtraProofNode: number %u stands there twice", i);
		if (err < 0)
			return pen_rebuild_fail_memory(rebuild);
	}
	return 0;
}

static int check_root(struct pen_rebuild *rebuild)
{
	struct pen_fetched fetched;
	struct pen_node root;
	if (pen_rebuild_fetch(rebuild, &rebuild->head.id.root, &fetched) ||
		pen_node_decode(fetched.bytes, &root))
		return pen_fail(
			rebuild->why, PEN_EMISSING, "MissingTrieValue: the root is no proof node");
	if (root.memory_usage != rebuild->head.memory_usage)
		return pen_rebuild_fail_head(rebuild, "its memory_usage is not that of the root");
	return 0;
}

/* Where the part begins, by the proof nodes, and where its head says that it ends. */
static int find_bounds(struct pen_rebuild *rebuild)
{
	const struct pen_lean_head *head = &rebuild->head;
	const struct pen_part_id *id = &head->id;
	struct pen_reader reader = {fetch_proof, rebuild};
	int err = pen_trie_bound(&reader, &id->root, id->k, id->n, &rebuild->begin, rebuild->why);
	if (err)
		return err;
	pen_frontier_begin(&rebuild->begin);
	rebuild->end.none = head->endless;
	rebuild->end.path.len = 0;
	if (head->endless)
		return 0;
	pen_path_of_key(&rebuild->end.path, head->end);
	if (pen_path_compare(&rebuild->begin.path, &rebuild->end.path) > 0)
		return pen_rebuild_fail_head(rebuild, "it ends before it begins");
	return 0;
}

static void use_node(void *context, const struct pen_fetched *fetched, bool belongs)
{
	struct pen_rebuild *rebuild = context;
	pen_entries_at(&rebuild->entries, fetched->index)->refs += belongs;
	rebuild->nodes += belongs;
}

/* Walk the frontier once without pairs: all of its nodes must be there, and no other. */
static int walk_frontier(struct pen_rebuild *rebuild)
{
	const struct pen_reader reader = {fetch_proof, rebuild};
	struct pen_frontier *frontier = &rebuild->frontier;
	struct pen_frontier_piece piece;
	int got;
	pen_frontier_init(
		frontier, &reader, &rebuild->head.id.root, &rebuild->begin, &rebuild->end);
	frontier->fn = use_node;
	frontier->context = rebuild;
	while ((got = pen_frontier_next(frontier, &piece, rebuild->why)) > 0) {
	}
	return got;
}

int pen_rebuild_nodes(struct pen_rebuild *rebuild)
{
	if (rebuild->head.proof_nodes == 0) {
		rebuild->begin = (struct pen_bound){.none = rebuild->head.id.k > 0};
		pen_frontier_begin(&rebuild->begin);
		rebuild->end = (struct pen_bound){.none = true};
		return 0;
	}
	int err = load_nodes(rebuild);
	if (!err)
		err = check_root(rebuild);
	if (err)
		return err;
	err = find_bounds(rebuild);
	if (!err)
		err = walk_frontier(rebuild);
	if (err == PEN_EEXTRA || (!err && rebuild->visited < rebuild->entries.count))
		return fail_extra(rebuild, rebuild->visited);
	/* From here on the mark says that an entry stands as a value that may be named. */
	for (uint32_t i = 0; i < rebuild->entries.count; i++)
		pen_entries_at(&rebuild->entries, i)->visited = false;
	return err;
}
