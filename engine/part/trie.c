#include "part/trie.h"

#include <errno.h>

#include "base/check.h"
#include "base/text.h"

/* An open branch: its children are visited one after the other. */
struct frame {
	struct pen_node node;
	uint32_t path_len; /* nibbles of the path to this branch */
	uint8_t next; /* child to look at next, 16 when done */
	enum pen_relation begin, end; /* how that path lies to the interval */
};

static int fail_inconsistent(const struct pen_hash *hash, const char *what, struct pen_why *why)
{
	char text[PEN_HASH_TEXT_BYTES];
	return pen_fail(why, PEN_EINCONSISTENT, "StorageInconsistentState: %s, at node %s", what,
		pen_base58(hash, text));
}

static int fetch(const struct pen_reader *reader, const struct pen_hash *hash,
	struct pen_fetched *out, struct pen_why *why)
{
	char text[PEN_HASH_TEXT_BYTES];
	int err = reader->fetch(reader->context, hash, out);
	if (err == PEN_EMISSING)
		return pen_fail(why, err, "MissingTrieValue %s", pen_base58(hash, text));
	if (err)
		return pen_fail(why, err, "cannot read trie node %s: %s", pen_base58(hash, text),
			pen_err_text(err));
	return 0;
}

static int fetch_node(const struct pen_reader *reader, const struct pen_hash *hash,
	struct pen_fetched *fetched, struct pen_node *node, struct pen_why *why)
{
	int err = fetch(reader, hash, fetched, why);
	if (err)
		return err;
	if (pen_node_decode(fetched->bytes, node))
		return fail_inconsistent(hash, "not a trie node", why);
	return 0;
}

/* The search for a bound: where it stands and how much memory_usage lies before it. */
struct search {
	const struct pen_reader *reader;
	struct pen_hash hash; /* of `node` */
	struct pen_node node;
	uint64_t threshold, skipped;
	struct pen_path *path;
	struct pen_why *why;
};

static int search_load(struct search *search, const struct pen_hash *hash)
{
	struct pen_fetched fetched;
	struct pen_hash copy = *hash; /* `hash` may lie in the bytes that a fetch replaces */
	search->hash = copy;
	return fetch_node(search->reader, &copy, &fetched, &search->node, search->why);
}

static int search_skip(struct search *search, uint64_t memory)
{
	if (__builtin_add_overflow(search->skipped, memory, &search->skipped))
		return fail_inconsistent(&search->hash, "memory_usage overflows", search->why);
	return 0;
}

/* Read the children in order up to the one in which the threshold lies, and step into it. */
static int search_child(struct search *search)
{
	const struct pen_node branch = search->node;
	const struct pen_hash hash = search->hash;
	for (unsigned i = 0; i < 16; i++) {
		if (!(branch.mask >> i & 1))
			continue;
		int err = search_load(search, pen_node_child(&branch, i));
		if (err)
			return err;
		uint64_t end;
		if (__builtin_add_overflow(search->skipped, search->node.memory_usage, &end))
			return fail_inconsistent(&hash, "memory_usage overflows", search->why);
		if (end > search->threshold) {
			if (pen_path_append(search->path, (uint8_t)i))
				return fail_inconsistent(&hash, "a key too long", search->why);
			return 0;
		}
		search->skipped = end;
	}
	return fail_inconsistent(&hash, "memory_usage is less than its children's", search->why);
}

/* One node of the descent: 1 the bound is found, 0 go on with search->node, or an error. */
static int search_step(struct search *search)
{
	int err = search_skip(search, pen_node_cost(&search->node));
	if (err)
		return err;
	switch (search->node.kind) {
	case PEN_LEAF:
		if (pen_path_append_hpe(search->path, search->node.key))
			return fail_inconsistent(&search->hash, "a key too long", search->why);
		return 1;
	case PEN_EXTENSION:
		if (pen_hpe_count(search->node.key) == 0 ||
			pen_path_append_hpe(search->path, search->node.key))
			return fail_inconsistent(&search->hash, "a bad extension", search->why);
		return search_load(search, (const struct pen_hash *)search->node.children);
	case PEN_BRANCH_VALUE:
		if (search->skipped > search->threshold)
			return 1;
		return search_child(search);
	case PEN_BRANCH: return search_child(search);
	}
	PEN_CHECK(false);
	return PEN_EBUG;
}

int pen_trie_bound(const struct pen_reader *reader, const struct pen_hash *root, uint64_t k,
	uint64_t n, struct pen_bound *out, struct pen_why *why)
{
	if (k > n)
		return pen_fail(why, PEN_EINTERNAL,
			"StorageInternalError: %llu parts have no bound %llu, parts count from 0",
			(unsigned long long)n, (unsigned long long)k);
	out->none = k == n && k > 0;
	out->path.len = 0;
	if (k == 0 || k == n)
		return 0;
	if (pen_hash_is_zero(root)) {
		out->none = true;
		return 0;
	}
	struct search search = {.reader = reader, .path = &out->path, .why = why};
	int err = search_load(&search, root);
	if (err)
		return err;
	uint64_t memory = search.node.memory_usage;
	search.threshold = memory / n * k + (k < memory % n ? k : memory % n);
	out->none = memory <= search.threshold;
	while (!out->none && (err = search_step(&search)) == 0) {
	}
	return err < 0 ? err : 0;
}

void pen_walk_fini(struct pen_walk *walk)
{
	if (!walk)
		return;
	pen_buf_fini(&walk->frames);
	*walk = (struct pen_walk){0};
}

/* What stays the same during one walk. */
struct visit {
	struct pen_walk *walk;
	const struct pen_reader *reader;
	const struct pen_bound *end;
	struct pen_path begin;
	pen_item_fn fn;
	void *context;
	struct pen_why *why;
};

static struct frame *frames_of(const struct pen_walk *walk)
{
	return (struct frame *)(void *)walk->frames.at;
}

static bool inside(enum pen_relation begin, enum pen_relation end)
{
	return begin >= PEN_EQUAL && end <= PEN_PREFIX;
}

/* Append one nibble to the path and to how it lies to both bounds. */
static int step(struct visit *visit, struct frame *at, uint8_t nibble)
{
	struct pen_path *path = &visit->walk->path;
	at->begin = pen_path_step(at->begin, &visit->begin, path->len, nibble);
	if (!visit->end->none)
		at->end = pen_path_step(at->end, &visit->end->path, path->len, nibble);
	return pen_path_append(path, nibble);
}

static int step_key(struct visit *visit, struct frame *at, struct pen_bytes key)
{
	uint32_t count = pen_hpe_count(key);
	for (uint32_t i = 0; i < count; i++) {
		if (step(visit, at, pen_hpe_at(key, i)))
			return PEN_EINCONSISTENT;
	}
	return 0;
}

static int give(struct visit *visit, bool value, const struct pen_fetched *fetched)
{
	if (++visit->walk->items > PEN_WALK_ITEMS_MAX)
		return pen_fail(visit->why, PEN_EREFUSED,
			"the part names more than %llu nodes and values: its subtrees repeat "
			"without end",
			(unsigned long long)PEN_WALK_ITEMS_MAX);
	if (!visit->fn)
		return 0;
	struct pen_item item = {value, &visit->walk->path, *fetched};
	return visit->fn(visit->context, &item);
}

/* The value of the node in `at`, whose key the path spells. */
static int visit_value(struct visit *visit, const struct frame *at)
{
	struct pen_fetched fetched;
	if (!inside(at->begin, at->end))
		return 0;
	int err = fetch(
		visit->reader, (const struct pen_hash *)at->node.value_hash, &fetched, visit->why);
	return err ? err : give(visit, true, &fetched);
}

/*
 * Visit the node `hash` at the current path, and extensions' children with it, down to a leaf or a
 * branch; a branch is pushed. Nodes whose path lies before the interval and is no prefix of its
 * beginning, or behind it, are not fetched.
 */
static int descend(struct visit *visit, struct frame at, struct pen_hash hash)
{
	struct pen_fetched fetched;
	for (;;) {
		bool belongs = inside(at.begin, at.end);
		if (at.begin == PEN_BEFORE || (at.begin == PEN_BEHIND && !belongs))
			return 0;
		int err = fetch_node(visit->reader, &hash, &fetched, &at.node, visit->why);
		if (err)
			return err;
		if (belongs && (err = give(visit, false, &fetched)))
			return err;
		if (at.node.kind == PEN_BRANCH || at.node.kind == PEN_BRANCH_VALUE)
			break;
		if (at.node.kind == PEN_EXTENSION && pen_hpe_count(at.node.key) == 0)
			return fail_inconsistent(&hash, "an empty extension", visit->why);
		if (step_key(visit, &at, at.node.key))
			return fail_inconsistent(&hash, "a key too long", visit->why);
		if (at.node.kind == PEN_LEAF)
			return visit_value(visit, &at);
		memcpy(hash.bytes, at.node.children, PEN_HASH_BYTES);
	}
	at.next = 0;
	at.path_len = visit->walk->path.len;
	if (pen_buf_append(&visit->walk->frames, &at, sizeof at))
		return pen_fail(visit->why, -ENOMEM, "no memory to walk a trie");
	return at.node.kind == PEN_BRANCH_VALUE ? visit_value(visit, &at) : 0;
}

/* Visit the next child of the last open branch, or close it. */
static int advance(struct visit *visit)
{
	struct pen_walk *walk = visit->walk;
	struct frame *top = frames_of(walk) + walk->frames.len / sizeof *top - 1;
	while (top->next < 16 && !(top->node.mask >> top->next & 1))
		top->next++;
	walk->path.len = top->path_len;
	if (top->next == 16) {
		walk->frames.len -= sizeof *top;
		return 0;
	}
	unsigned child = top->next++;
	struct frame at = {.begin = top->begin, .end = top->end};
	const struct pen_hash hash = *pen_node_child(&top->node, child);
	if (step(visit, &at, (uint8_t)child))
		return fail_inconsistent(&hash, "a key too long", visit->why);
	return descend(visit, at, hash);
}

int pen_trie_walk(struct pen_walk *walk, const struct pen_reader *reader,
	const struct pen_hash *root, const struct pen_bound *begin, const struct pen_bound *end,
	pen_item_fn fn, void *context, struct pen_why *why)
{
	struct visit visit = {walk, reader, end, begin->path, fn, context, why};
	if (begin->none)
		visit.begin = (struct pen_path){.len = 2, .at = {1, 0}};
	walk->frames.len = 0;
	walk->path.len = 0;
	walk->items = 0;
	if (pen_hash_is_zero(root))
		return 0;
	struct frame at = {
		.begin = visit.begin.len ? PEN_PREFIX : PEN_EQUAL,
		.end = end->none || end->path.len ? PEN_PREFIX : PEN_EQUAL,
	};
	int err = descend(&visit, at, *root);
	while (!err && walk->frames.len)
		err = advance(&visit);
	return err;
}
