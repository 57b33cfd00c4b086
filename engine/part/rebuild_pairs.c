#include "part/rebuild_inner.h"

#include <errno.h>

#include "base/check.h"

/* Nibbles of a path that a sentence shows. */
#define PATH_SHOWN 128u

static size_t most(size_t limit)
{
	return limit ? limit : PEN_PART_BYTES_MAX;
}

/* A rebuilt node. Its bytes lie in a batch that is used again, so what stays is a copy. */
static int take_node(void *context, const struct pen_hash *hash, struct pen_bytes bytes)
{
	struct pen_rebuild *rebuild = context;
	rebuild->nodes++;
	if (!rebuild->limits.keep)
		return 0;
	uint32_t before = rebuild->entries.count;
	int64_t at = pen_rebuild_enter(rebuild, hash, bytes, true);
	if (at < 0)
		return (int)at;
	rebuild->node_bytes += rebuild->entries.count > before ? bytes.len : 0;
	if (rebuild->head.raw_bytes + rebuild->node_bytes > most(rebuild->limits.kept_bytes))
		return pen_fail(rebuild->why, PEN_ELARGE, "rebuilt it has more than %zu bytes",
			most(rebuild->limits.kept_bytes));
	/* PEN_WALK_ITEMS_MAX is far above the pairs that there are. */
	pen_entries_at(&rebuild->entries, (uint32_t)at)->refs++;
	return 0;
}

static void expect_node(void *context, const struct pen_hash *hash)
{
	const struct pen_rebuild *rebuild = context;
	pen_entries_expect(&rebuild->entries, hash);
}

static int fail_piece(struct pen_rebuild *rebuild, int code, const char *what)
{
	static const char digits[] = "0123456789abcdef";
	const struct pen_path *path = &rebuild->frontier.path;
	char text[PATH_SHOWN + 4];
	uint32_t len = path->len < PATH_SHOWN ? path->len : PATH_SHOWN;
	for (uint32_t i = 0; i < len; i++)
		text[i] = digits[path->at[i]];
	strcpy(text + len, len < path->len ? "..." : "");
	return pen_fail(rebuild->why, code, "%s %s: %s", pen_err_text(code), text, what);
}

/* The subtree is whole: its root, for the search for the end, if it is the one that hangs there. */
static int take_root(void *context, const struct pen_limb *limb)
{
	struct pen_rebuild *rebuild = context;
	PEN_CHECK(!limb->is_value && limb->path_len == rebuild->frontier.path.len);
	if (!pen_hash_equal(&limb->hash, &rebuild->piece.hash))
		return fail_piece(rebuild, PEN_ESUBTREE, "its pairs do not have the hash it must");
	int64_t at = pen_rebuild_enter(rebuild, &limb->hash, limb->node, true);
	return at < 0 ? (int)at : 0;
}

/* The next piece that pairs must be of. 1, 0: no more; or an error. */
static int next_piece(struct pen_rebuild *rebuild)
{
	struct pen_frontier *frontier = &rebuild->frontier;
	int got = pen_frontier_next(frontier, &rebuild->piece, rebuild->why);
	rebuild->has_piece = got > 0;
	if (got <= 0 || rebuild->piece.value)
		return got;
	PEN_CHECK(frontier->path.len > 0);
	pen_build_reset(&rebuild->build);
	rebuild->build.fn = take_node;
	rebuild->build.batch.ahead = rebuild->limits.keep ? expect_node : NULL;
	rebuild->build.context = rebuild;
	pen_build_open(&rebuild->build, (int64_t)frontier->path.len - 1, take_root, rebuild);
	return got;
}

/* No pair of the piece comes any more. */
static int end_piece(struct pen_rebuild *rebuild)
{
	int64_t right = (int64_t)rebuild->frontier.path.len - 1;
	rebuild->has_piece = false;
	if (rebuild->piece.value)
		return fail_piece(rebuild, PEN_EMISSING, "the pair of this path is not there");
	if (rebuild->build.sum.keys == 0)
		return fail_piece(rebuild, PEN_ESUBTREE, "no pair of it is there");
	int err = pen_build_close(&rebuild->build, right, NULL);
	return err == -ENOMEM ? pen_rebuild_fail_memory(rebuild) : err;
}

/* <0: the key lies before the path; 0: on it or below; >0: behind it. */
static int compare_path(const uint8_t *key, uint32_t key_len, const struct pen_path *path)
{
	for (uint32_t i = 0; i < path->len; i++) {
		if (i / 2 == key_len)
			return -1;
		uint8_t nibble = i % 2 ? key[i / 2] & 15 : key[i / 2] >> 4;
		if (nibble != path->at[i])
			return nibble < path->at[i] ? -1 : 1;
	}
	return 0;
}

static int fail_pair(struct pen_rebuild *rebuild, int code, const char *what)
{
	return pen_fail(
		rebuild->why, code, "%s: pair %u %s", pen_err_text(code), rebuild->pair, what);
}

/* Is the pair between the part's bounds? */
static int check_inside(struct pen_rebuild *rebuild)
{
	const struct pen_lean_head *head = &rebuild->head;
	struct pen_bytes key = {rebuild->key, rebuild->key_len};
	if (compare_path(key.at, rebuild->key_len, &rebuild->begin.path) < 0)
		return fail_pair(rebuild, PEN_EOUTSIDE, "lies before the part");
	if (!head->endless && pen_bytes_compare(key, head->end) >= 0)
		return fail_pair(rebuild, PEN_EOUTSIDE, "lies behind the part");
	return 0;
}

/* The key lies on the path of the piece or below it. */
static int take_in_piece(struct pen_rebuild *rebuild, uint32_t len, const struct pen_hash *hash)
{
	const struct pen_frontier_piece *piece = &rebuild->piece;
	if (!piece->value) {
		struct pen_bytes key = {rebuild->key, rebuild->key_len};
		int err = pen_build_push(&rebuild->build, key, len, hash);
		PEN_CHECK(err != PEN_EINPUT);
		return err == -ENOMEM ? pen_rebuild_fail_memory(rebuild) : err;
	}
	if (rebuild->key_len * 2 != rebuild->frontier.path.len)
		return end_piece(rebuild);
	if (len != piece->value_len || !pen_hash_equal(hash, &piece->hash))
		return fail_pair(rebuild, PEN_EUNVISITED, "has another value than the state");
	rebuild->has_piece = false;
	return 0;
}

/* The pair with the key at hand must be of the next piece. */
int pen_rebuild_pair(struct pen_rebuild *rebuild, uint32_t len, const struct pen_hash *hash)
{
	int err = check_inside(rebuild);
	while (!err) {
		if (!rebuild->has_piece) {
			int got = next_piece(rebuild);
			if (got <= 0)
				return got ? got
					   : fail_pair(rebuild, PEN_EUNVISITED,
						     "lies where the state has none");
		}
		int order = compare_path(rebuild->key, rebuild->key_len, &rebuild->frontier.path);
		if (order < 0)
			return fail_pair(rebuild, PEN_EUNVISITED, "lies where the state has none");
		if (order == 0)
			return take_in_piece(rebuild, len, hash);
		err = end_piece(rebuild);
	}
	return err;
}

/* The frontier that pairs are measured by; after all nodes of it were seen to be there. */
void pen_rebuild_begin(struct pen_rebuild *rebuild)
{
	rebuild->reader = (struct pen_reader){pen_rebuild_fetch, rebuild};
	pen_frontier_init(&rebuild->frontier, &rebuild->reader, &rebuild->head.id.root,
		&rebuild->begin, &rebuild->end);
}

/* No piece may be left without its pairs. */
static int end_pieces(struct pen_rebuild *rebuild)
{
	int got = 1;
	if (rebuild->head.frames == 0)
		pen_rebuild_begin(rebuild);
	while (got > 0) {
		int err = rebuild->has_piece ? end_piece(rebuild) : 0;
		if (err)
			return err;
		got = next_piece(rebuild);
	}
	return got;
}

/* With all of its nodes there, does the part end where its head said? */
static int check_end(struct pen_rebuild *rebuild)
{
	const struct pen_part_id *id = &rebuild->head.id;
	struct pen_bound end;
	int err = pen_trie_bound(&rebuild->reader, &id->root, id->k + 1, id->n, &end, rebuild->why);
	if (err)
		return err;
	if (end.none != rebuild->end.none ||
		(!end.none && pen_path_compare(&end.path, &rebuild->end.path)))
		return pen_rebuild_fail_head(rebuild, "its end key is not where the part ends");
	return 0;
}

int pen_rebuild_end(struct pen_rebuild *rebuild)
{
	int err = end_pieces(rebuild);
	return err ? err : check_end(rebuild);
}
