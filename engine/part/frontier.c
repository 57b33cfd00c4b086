#include "part/frontier.h"

#include <errno.h>

#include "base/check.h"
#include "base/text.h"

/* An open branch: what hangs from it is looked at in order. */
struct open {
	struct pen_node node;
	uint32_t path_len; /* nibbles of the path to it */
	uint8_t next; /* child to look at next, 16 when done */
	enum pen_relation begin, end; /* how that path lies to the part */
};

void pen_frontier_begin(struct pen_bound *begin)
{
	if (!begin->none)
		return;
	/* nearcore state_parts.rs: the nibble 16, taken for a byte, is 1 and 0. */
	*begin = (struct pen_bound){.path = {.len = 2, .at = {1, 0}}};
}

void pen_frontier_init(struct pen_frontier *frontier, const struct pen_reader *reader,
	const struct pen_hash *root, const struct pen_bound *begin, const struct pen_bound *end)
{
	PEN_CHECK(!begin->none);
	PEN_CHECK(end->none || pen_path_compare(&begin->path, &end->path) <= 0);
	frontier->reader = reader;
	frontier->begin = begin;
	frontier->end = end;
	frontier->fn = NULL;
	frontier->context = NULL;
	frontier->root = *root;
	frontier->started = false;
	frontier->frames.len = 0;
	frontier->path.len = 0;
}

void pen_frontier_fini(struct pen_frontier *frontier)
{
	if (!frontier)
		return;
	pen_buf_fini(&frontier->frames);
	*frontier = (struct pen_frontier){0};
}

static int fail_inconsistent(const struct pen_hash *hash, const char *what, struct pen_why *why)
{
	char text[PEN_HASH_TEXT_BYTES];
	return pen_fail(why, PEN_EINCONSISTENT, "StorageInconsistentState: %s, at node %s", what,
		pen_base58(hash, text));
}

static bool inside(const struct open *at)
{
	return at->begin >= PEN_EQUAL && at->end <= PEN_PREFIX;
}

static bool is_path_node(const struct open *at)
{
	return at->begin == PEN_PREFIX || at->begin == PEN_EQUAL || at->end == PEN_PREFIX ||
		at->end == PEN_EQUAL;
}

static int step(struct pen_frontier *frontier, struct open *at, uint8_t nibble)
{
	struct pen_path *path = &frontier->path;
	at->begin = pen_path_step(at->begin, &frontier->begin->path, path->len, nibble);
	at->end = pen_path_step(at->end, &frontier->end->path, path->len, nibble);
	return pen_path_append(path, nibble);
}

static int step_key(struct pen_frontier *frontier, struct open *at, struct pen_bytes key)
{
	uint32_t count = pen_hpe_count(key);
	for (uint32_t i = 0; i < count; i++) {
		if (step(frontier, at, pen_hpe_at(key, i)))
			return PEN_EINCONSISTENT;
	}
	return 0;
}

/* Read the path node `hash` at the path. */
static int read_node(struct pen_frontier *frontier, const struct pen_hash *hash, struct open *at,
	struct pen_why *why)
{
	char text[PEN_HASH_TEXT_BYTES];
	struct pen_fetched fetched;
	int err = frontier->reader->fetch(frontier->reader->context, hash, &fetched);
	if (err == PEN_EMISSING)
		return pen_fail(why, err, "MissingTrieValue %s", pen_base58(hash, text));
	if (err)
		return pen_fail(why, err, "%s: trie node %s cannot be read", pen_err_text(err),
			pen_base58(hash, text));
	if (pen_node_decode(fetched.bytes, &at->node))
		return fail_inconsistent(hash, "not a trie node", why);
	if (at->node.kind == PEN_EXTENSION && pen_hpe_count(at->node.key) == 0)
		return fail_inconsistent(hash, "an empty extension", why);
	if (frontier->fn)
		frontier->fn(frontier->context, &fetched, inside(at));
	return 0;
}

/* The value of the node in `at`, whose key the path spells: 1 if it is a piece. */
static int give_value(const struct open *at, struct pen_frontier_piece *piece)
{
	if (!inside(at))
		return 0;
	piece->value = true;
	piece->value_len = at->node.value_len;
	memcpy(piece->hash.bytes, at->node.value_hash, PEN_HASH_BYTES);
	return 1;
}

/* What hangs at the path, named by `hash`: 1 if there is a piece at once. A branch is pushed. */
static int descend(struct pen_frontier *frontier, struct open at, struct pen_hash hash,
	struct pen_frontier_piece *piece, struct pen_why *why)
{
	for (;;) {
		if (at.begin == PEN_BEFORE || at.end == PEN_BEHIND)
			return 0;
		if (!is_path_node(&at)) {
			*piece = (struct pen_frontier_piece){.hash = hash};
			return 1;
		}
		int err = read_node(frontier, &hash, &at, why);
		if (err)
			return err;
		if (at.node.kind == PEN_BRANCH || at.node.kind == PEN_BRANCH_VALUE)
			break;
		if (step_key(frontier, &at, at.node.key))
			return fail_inconsistent(&hash, "a key too long", why);
		if (at.node.kind == PEN_LEAF)
			return give_value(&at, piece);
		memcpy(hash.bytes, at.node.children, PEN_HASH_BYTES);
	}
	at.next = 0;
	at.path_len = frontier->path.len;
	if (pen_buf_append(&frontier->frames, &at, sizeof at))
		return pen_fail(why, -ENOMEM, "no memory to walk a trie");
	return at.node.kind == PEN_BRANCH_VALUE ? give_value(&at, piece) : 0;
}

/* Look at the next child of the deepest open branch, or close it. */
static int advance(
	struct pen_frontier *frontier, struct pen_frontier_piece *piece, struct pen_why *why)
{
	struct open *top = (struct open *)(void *)(frontier->frames.at + frontier->frames.len) - 1;
	while (top->next < 16 && !(top->node.mask >> top->next & 1))
		top->next++;
	frontier->path.len = top->path_len;
	if (top->next == 16) {
		frontier->frames.len -= sizeof *top;
		return 0;
	}
	unsigned child = top->next++;
	struct open at = {.begin = top->begin, .end = top->end};
	const struct pen_hash hash = *pen_node_child(&top->node, child);
	if (step(frontier, &at, (uint8_t)child))
		return fail_inconsistent(&hash, "a key too long", why);
	return descend(frontier, at, hash, piece, why);
}

int pen_frontier_next(
	struct pen_frontier *frontier, struct pen_frontier_piece *piece, struct pen_why *why)
{
	int got = 0;
	if (!frontier->started) {
		const struct pen_bound *end = frontier->end;
		struct open at = {.begin = frontier->begin->path.len ? PEN_PREFIX : PEN_EQUAL};
		/* Without an end everything lies before it. */
		at.end = end->none ? PEN_BEFORE : end->path.len ? PEN_PREFIX : PEN_EQUAL;
		frontier->started = true;
		if (!pen_hash_is_zero(&frontier->root))
			got = descend(frontier, at, frontier->root, piece, why);
	}
	while (got == 0 && frontier->frames.len)
		got = advance(frontier, piece, why);
	return got;
}
