/* Proof nodes of lean parts: every lie about every one, what the head says, and the limits. */
#include <criterion/criterion.h>

#include "fakes/lean.h"
#include "part/rebuild.h"

/* What one case needs, kept from case to case. */
struct bench {
	struct pen_rebuild rebuild;
	struct pen_buf told;
	struct pen_why why;
};

static int prove(struct bench *bench, const struct fake_part *part)
{
	bench->told.len = 0;
	bench->why.text[0] = 0;
	fake_part_write(part, &bench->told);
	return pen_rebuild_check(
		&bench->rebuild, &part->id, pen_buf_bytes(&bench->told), NULL, &bench->why);
}

static void bench_fini(struct bench *bench)
{
	pen_rebuild_fini(&bench->rebuild);
	pen_buf_fini(&bench->told);
}

#define PAIRS_MAX 8

/* Small tries with shared subtrees, prefixes, an empty key and an empty value. */
static const char *const tries[][2 * PAIRS_MAX] = {
	{"after", "\1", "alley", "\2", "berry", "\3", "brave", "\4"},
	{"a", "one", "aa", "two", "aaa", "three", "aaaa", "four"},
	{"do", "verb", "docu", "value", "dog", "puppy", "doge", "coin", "h", "value"},
	{"", "x", "a", ""},
	{"only", "key"},
	{"ax", "same", "ay", "same", "bx", "same", "by", "same"},
};

#define TRIES (sizeof tries / sizeof *tries)

static void load(struct fake_state *state, size_t which)
{
	size_t count = 0;
	while (count < PAIRS_MAX && tries[which][2 * count])
		count++;
	fake_state_text(state, tries[which], count);
}

static struct pen_bytes *nodes_of(const struct fake_part *part)
{
	return (struct pen_bytes *)(void *)part->nodes.at;
}

static size_t nodes_count(const struct fake_part *part)
{
	return part->nodes.len / sizeof(struct pen_bytes);
}

static bool is_about_nodes(int err)
{
	return err == PEN_EEXTRA || err == PEN_EMISSING;
}

/* Node i is not there; there twice; elsewhere; other in each of its bits. */
static void lie_about(struct bench *bench, struct fake_part *part, size_t i)
{
	size_t last = nodes_count(part) - 1;
	struct pen_bytes *nodes = nodes_of(part), node = nodes[i], tail = nodes[last];
	nodes[i] = tail;
	part->nodes.len -= sizeof node;
	int err = prove(bench, part);
	cr_expect(is_about_nodes(err) || (last == 0 && err == PEN_EHEAD), "%s", bench->why.text);
	nodes[i] = node;
	fake_append(&part->nodes, &tail, sizeof tail);
	fake_append(&part->nodes, &node, sizeof node);
	cr_expect_eq(prove(bench, part), PEN_EEXTRA);
	cr_expect_not_null(strstr(bench->why.text, "ExtraProofNode: number"));
	part->nodes.len -= sizeof node;
	nodes = nodes_of(part);
	for (size_t bit = 0; bit < node.len * 8; bit++) {
		nodes[i] = fake_copy(&part->memory, node);
		((uint8_t *)(uintptr_t)nodes[i].at)[bit / 8] ^= (uint8_t)(1u << bit % 8);
		cr_expect(is_about_nodes(prove(bench, part)), "%s", bench->why.text);
	}
	nodes[i] = node;
	if (i == last)
		return;
	nodes[i] = nodes[i + 1];
	nodes[i + 1] = node;
	cr_expect_eq(prove(bench, part), PEN_EEXTRA, "%s", bench->why.text);
	nodes[i + 1] = nodes[i];
	nodes[i] = node;
}

/* A node of nowhere, first, in the middle and last. */
static void lie_around(struct bench *bench, struct fake_part *part)
{
	const struct pen_bytes stranger = {(const uint8_t *)"hash me if you can", 18};
	size_t count = nodes_count(part);
	fake_append(&part->nodes, &stranger, sizeof stranger);
	struct pen_bytes *nodes = nodes_of(part);
	for (size_t i = count;; i--) {
		cr_expect_eq(prove(bench, part), PEN_EEXTRA, "%s", bench->why.text);
		if (i == 0)
			break;
		nodes[i] = nodes[i - 1];
		nodes[i - 1] = stranger;
	}
	memmove(nodes, nodes + 1, count * sizeof *nodes);
	part->nodes.len = count * sizeof *nodes;
	cr_expect_eq(prove(bench, part), 0, "%s", bench->why.text);
}

Test(part_rebuild_nodes, every_lie_about_every_node_is_refused)
{
	struct bench bench = {0};
	for (size_t which = 0; which < TRIES; which++) {
		struct fake_state state;
		load(&state, which);
		for (uint64_t n = 1; n < 6; n += 2) {
			for (uint64_t k = 0; k < n; k++) {
				struct fake_part part;
				fake_part_open(&part, &state, k, n);
				cr_assert_eq(prove(&bench, &part), 0, "%s", bench.why.text);
				for (size_t i = 0; i < nodes_count(&part); i++)
					lie_about(&bench, &part, i);
				lie_around(&bench, &part);
				fake_part_fini(&part);
			}
		}
		fake_state_fini(&state);
	}
	bench_fini(&bench);
}

/* What the head says against what is so, and the code. */
Test(part_rebuild_nodes, the_head_is_held_to_what_it_says)
{
	struct bench bench = {0};
	struct fake_state state;
	struct fake_part part;
	load(&state, 2);
	fake_part_open(&part, &state, 1, 3);
	struct pen_part_id id = part.id;
	cr_assert_eq(prove(&bench, &part), 0);
	part.memory_usage++;
	cr_expect_eq(prove(&bench, &part), PEN_EHEAD);
	cr_expect_not_null(strstr(bench.why.text, "memory_usage is not that of the root"));
	part.memory_usage--;
	part.end_len = 0;
	cr_expect_eq(prove(&bench, &part), PEN_EHEAD);
	cr_expect_not_null(strstr(bench.why.text, "ends before it begins"));
	part.id.root.bytes[3] ^= 4;
	part.endless = true;
	cr_expect_eq(prove(&bench, &part), PEN_EMISSING);
	cr_expect_not_null(strstr(bench.why.text, "the root is no proof node"));
	/* Right in itself, but of another part than was asked for. */
	for (int i = 0; i < 3; i++) {
		struct pen_part_id other = id;
		other.root.bytes[9] ^= i == 0;
		other.k -= i == 1;
		other.n += i == 2;
		fake_part_fini(&part);
		fake_part_open(&part, &state, 1, 3);
		cr_assert_eq(prove(&bench, &part), 0);
		cr_expect_eq(pen_rebuild_check(&bench.rebuild, &other, pen_buf_bytes(&bench.told),
				     NULL, &bench.why),
			PEN_EHEAD);
		cr_expect_not_null(strstr(bench.why.text, "of another part"));
	}
	fake_part_fini(&part);
	fake_state_fini(&state);
	bench_fini(&bench);
}

/* A state of some values that may be named. */
static void load_wide(struct fake_state *state)
{
	struct pen_pair pairs[64];
	uint8_t keys[64], values[64][100] = {{0}};
	for (size_t i = 0; i < 64; i++) {
		keys[i] = (uint8_t)(i * 4);
		values[i][0] = (uint8_t)i;
		pairs[i] = (struct pen_pair){{&keys[i], 1}, {values[i], 100}};
	}
	fake_state_of(state, pairs, 64);
}

Test(part_rebuild_nodes, limits_come_before_memory)
{
	struct fake_state state;
	struct fake_part part;
	struct pen_buf told = {0};
	struct pen_part_counts counts;
	struct pen_rebuild rebuild = {0};
	load_wide(&state);
	fake_part_open(&part, &state, 0, 1);
	fake_part_write(&part, &told);
	cr_assert_eq(pen_rebuild_check(&rebuild, &part.id, pen_buf_bytes(&told),
			     &(struct pen_rebuild_limits){.keep = true}, NULL),
		0);
	pen_rebuild_counts(&rebuild, &counts);
	const struct pen_rebuild_limits just = {.keep = true,
		.kept_bytes = rebuild.head.raw_bytes + rebuild.node_bytes,
		.scratch_bytes = 6400,
		.pairs = 64,
		.entries = (uint32_t)counts.entries};
	for (int i = -1; i < 6; i++) {
		struct pen_rebuild fresh = {0};
		struct pen_why why = {0};
		struct pen_rebuild_limits limits = just;
		limits.kept_bytes -= i == 0 ? rebuild.node_bytes + 1 : i == 1;
		limits.entries -= i == 2;
		limits.scratch_bytes -= i == 3;
		limits.pairs -= i == 4;
		limits.keep = i < 3;
		int err = pen_rebuild_check(&fresh, &part.id, pen_buf_bytes(&told), &limits, &why);
		cr_expect_eq(err, i >= 0 && i < 5 ? PEN_ELARGE : 0, "%d: %s", i, why.text);
		if (i == 0 || i == 3 || i == 4)
			cr_expect_eq(fresh.raw.cap + fresh.uses.cap + fresh.memory.bytes, 0);
		pen_rebuild_fini(&fresh);
	}
	pen_buf_fini(&told);
	pen_rebuild_fini(&rebuild);
	fake_part_fini(&part);
	fake_state_fini(&state);
}

/* A head may only promise as many pairs as the memory_usage of the root has room for. */
Test(part_rebuild_nodes, counts_without_bound_take_no_memory)
{
	struct fake_state state;
	struct fake_part part;
	struct bench bench = {0};
	load(&state, 0);
	fake_part_open(&part, &state, 0, 1);
	part.memory_usage = UINT64_MAX;
	cr_expect_eq(prove(&bench, &part), PEN_EHEAD);
	cr_expect_eq(bench.rebuild.raw.cap + bench.rebuild.uses.cap, 0);
	fake_part_fini(&part);
	fake_state_fini(&state);
	bench_fini(&bench);
}

Test(part_rebuild_nodes, the_empty_state)
{
	struct fake_state state = {0};
	struct bench bench = {0};
	for (uint64_t k = 0; k < 3; k++) {
		struct fake_part part;
		fake_part_open(&part, &state, k, 3);
		cr_expect_eq(prove(&bench, &part), 0, "%s", bench.why.text);
		part.memory_usage = 100;
		cr_expect_eq(prove(&bench, &part), PEN_EHEAD);
		fake_part_fini(&part);
	}
	bench_fini(&bench);
}
