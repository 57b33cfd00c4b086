/* The edge of a part: its pieces are the part, no more and no less. */
#include <criterion/criterion.h>

#include "fakes/lean.h"
#include "part/frontier.h"

/* Where the key lies to a piece. */
static bool is_of(const struct pen_path *key, const struct pen_path *path, bool value)
{
	if (value ? key->len != path->len : key->len < path->len)
		return false;
	return memcmp(key->at, path->at, path->len) == 0;
}

/* All pairs of the part, in order: walk the pieces, and take off the pairs of each. */
static void check_pieces(struct fake_state *state, const struct pen_part_id *id)
{
	const struct pen_reader reader = fake_state_reader(state);
	struct pen_bound begin, end;
	struct pen_frontier frontier = {0};
	struct pen_frontier_piece piece;
	size_t at = 0, count = fake_pairs_count(&state->pairs);
	struct pen_path key;
	cr_assert_eq(pen_trie_bound(&reader, &id->root, id->k, id->n, &begin, NULL), 0);
	cr_assert_eq(pen_trie_bound(&reader, &id->root, id->k + 1, id->n, &end, NULL), 0);
	pen_frontier_begin(&begin);
	pen_frontier_init(&frontier, &reader, &id->root, &begin, &end);
	for (; at < count; at++) {
		pen_path_of_key(&key, fake_pairs(&state->pairs)[at].key);
		if (pen_path_compare(&key, &begin.path) >= 0)
			break;
	}
	while (pen_frontier_next(&frontier, &piece, NULL) > 0) {
		size_t pairs = 0;
		for (; at < count; at++, pairs++) {
			pen_path_of_key(&key, fake_pairs(&state->pairs)[at].key);
			if (!is_of(&key, &frontier.path, piece.value))
				break;
		}
		cr_assert(piece.value ? pairs == 1 : pairs > 0);
		cr_assert_neq(pen_entries_find(&state->entries, &piece.hash), PEN_ENTRY_NONE);
	}
	if (at < count) {
		cr_assert(!end.none);
		cr_assert_geq(pen_path_compare(&key, &end.path), 0);
	}
	pen_frontier_fini(&frontier);
}

Test(part_frontier, pieces_are_the_part)
{
	struct pen_rng rng = {7};
	for (unsigned i = 0; i < 2000; i++) {
		struct fake_state state;
		struct pen_part_id id;
		fake_state_random(&state, &rng);
		fake_part_pick(&state, &rng, &id);
		check_pieces(&state, &id);
		fake_state_fini(&state);
	}
}

static bool is_prefix(const struct pen_path *path, const struct pen_bound *bound)
{
	return !bound->none && path->len <= bound->path.len &&
		memcmp(path->at, bound->path.at, path->len) == 0;
}

/* What is read lies on the way to a bound, and belongs if it lies between them. */
static void check_node(void *context, const struct pen_fetched *fetched, bool belongs)
{
	const struct pen_frontier *frontier = context;
	const struct pen_path *path = &frontier->path;
	bool begun = pen_path_compare(path, &frontier->begin->path) >= 0;
	bool ended = !frontier->end->none && pen_path_compare(path, &frontier->end->path) >= 0;
	cr_assert_gt(fetched->bytes.len, 0);
	cr_assert(is_prefix(path, frontier->begin) || is_prefix(path, frontier->end));
	cr_assert_eq(belongs, begun && !ended);
}

Test(part_frontier, path_nodes_are_what_is_read)
{
	struct pen_rng rng = {8};
	for (unsigned i = 0; i < 1000; i++) {
		struct fake_state state;
		struct pen_part_id id;
		struct pen_bound begin, end;
		struct pen_frontier frontier = {0};
		struct pen_frontier_piece piece;
		fake_state_random(&state, &rng);
		fake_part_pick(&state, &rng, &id);
		const struct pen_reader reader = fake_state_reader(&state);
		pen_trie_bound(&reader, &id.root, id.k, id.n, &begin, NULL);
		pen_trie_bound(&reader, &id.root, id.k + 1, id.n, &end, NULL);
		pen_frontier_begin(&begin);
		pen_frontier_init(&frontier, &reader, &id.root, &begin, &end);
		frontier.fn = check_node;
		frontier.context = &frontier;
		while (pen_frontier_next(&frontier, &piece, NULL) > 0) {
		}
		pen_frontier_fini(&frontier);
		fake_state_fini(&state);
	}
}

Test(part_frontier, a_missing_or_wrong_node_is_named)
{
	static const char *const texts[] = {"do", "verb", "dog", "puppy"};
	struct fake_state state;
	struct pen_why why = {0};
	struct pen_frontier_piece piece;
	struct pen_bound begin = {0}, end = {.none = true};
	struct pen_frontier frontier = {0};
	fake_state_text(&state, texts, 2);
	const struct pen_reader reader = fake_state_reader(&state);
	struct pen_hash root = state.sum.root;
	root.bytes[0] ^= 1;
	pen_frontier_init(&frontier, &reader, &root, &begin, &end);
	cr_expect_eq(pen_frontier_next(&frontier, &piece, &why), PEN_EMISSING);
	cr_expect_not_null(strstr(why.text, "MissingTrieValue"));
	pen_sha256(fake_pairs(&state.pairs)[0].value, &root);
	pen_frontier_init(&frontier, &reader, &root, &begin, &end);
	cr_expect_eq(pen_frontier_next(&frontier, &piece, &why), PEN_EINCONSISTENT);
	cr_expect_not_null(strstr(why.text, "not a trie node"));
	pen_frontier_fini(&frontier);
	fake_state_fini(&state);
}

Test(part_frontier, the_empty_state_has_no_pieces)
{
	struct fake_state state = {0};
	struct pen_frontier_piece piece;
	struct pen_bound begin = {0}, end = {.none = true};
	struct pen_frontier frontier = {0};
	const struct pen_reader reader = fake_state_reader(&state);
	const struct pen_hash root = {{0}};
	pen_frontier_init(&frontier, &reader, &root, &begin, &end);
	cr_expect_eq(pen_frontier_next(&frontier, &piece, NULL), 0);
	pen_frontier_fini(&frontier);
}
