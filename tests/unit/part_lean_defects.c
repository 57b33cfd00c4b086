/*
 * Defects that verifiers of pairs with a boundary proof were shipped with (ava-labs firewood, range
 * and change proofs, 2026): each a lie that was accepted, or a truth that was refused. By name, on
 * states made for them.
 */
#include <criterion/criterion.h>

#include "fakes/lean.h"
#include "part/rebuild.h"

/* A state of text, and a part of it, to be changed. */
struct bench {
	struct fake_state state;
	struct fake_part part;
	struct pen_rebuild rebuild;
	struct pen_why why;
};

static void bench_open(
	struct bench *bench, const char *const *texts, size_t count, uint64_t k, uint64_t n)
{
	*bench = (struct bench){0};
	fake_state_text(&bench->state, texts, count);
	fake_part_open(&bench->part, &bench->state, k, n);
}

static void bench_fini(struct bench *bench)
{
	fake_part_fini(&bench->part);
	fake_state_fini(&bench->state);
	pen_rebuild_fini(&bench->rebuild);
}

/* The part again, as it honestly is. */
static void bench_again(struct bench *bench, uint64_t k, uint64_t n)
{
	fake_part_fini(&bench->part);
	fake_part_open(&bench->part, &bench->state, k, n);
}

static int prove(struct bench *bench)
{
	struct pen_buf told = {0};
	const struct pen_rebuild_limits keep = {.keep = true};
	bench->why.text[0] = 0;
	fake_part_write(&bench->part, &told);
	int err = pen_rebuild_check(
		&bench->rebuild, &bench->part.id, pen_buf_bytes(&told), &keep, &bench->why);
	pen_buf_fini(&told);
	return err;
}

static struct pen_pair *pairs_of(const struct bench *bench)
{
	return fake_pairs(&bench->part.pairs);
}

static size_t count_of(const struct bench *bench)
{
	return fake_pairs_count(&bench->part.pairs);
}

static struct pen_bytes text_of(const char *text)
{
	return (struct pen_bytes){(const uint8_t *)text, strlen(text)};
}

static bool has_key(const struct pen_buf *pairs, struct pen_bytes key)
{
	for (size_t i = 0; i < fake_pairs_count(pairs); i++) {
		if (pen_bytes_compare(fake_pairs(pairs)[i].key, key) == 0)
			return true;
	}
	return false;
}

/* Put a pair among those of the part, in order. */
static void forge(struct bench *bench, struct pen_bytes key, struct pen_bytes value)
{
	struct pen_pair pair = {fake_copy(&bench->part.memory, key), value};
	size_t at = 0;
	while (at < count_of(bench) && pen_bytes_compare(pairs_of(bench)[at].key, key) < 0)
		at++;
	fake_append(&bench->part.pairs, &pair, sizeof pair);
	memmove(pairs_of(bench) + at + 1, pairs_of(bench) + at,
		(count_of(bench) - 1 - at) * sizeof pair);
	pairs_of(bench)[at] = pair;
}

static void drop(struct bench *bench, size_t i)
{
	memmove(pairs_of(bench) + i, pairs_of(bench) + i + 1,
		(count_of(bench) - 1 - i) * sizeof(struct pen_pair));
	bench->part.pairs.len -= sizeof(struct pen_pair);
}

static size_t find(const struct bench *bench, const char *key)
{
	size_t at = 0;
	while (pen_bytes_compare(pairs_of(bench)[at].key, text_of(key)))
		cr_assert_lt(++at, count_of(bench), "%s is not in the part", key);
	return at;
}

/* Values are that long so that bounds fall where the tests want them. */
#define LONG "a value of more than just a few bytes, so that it has some weight in its trie...."

static const char *const animals[] = {"a", LONG, "d", "1", "do", "verb", "dog", LONG, "doge",
	"coin", "dogs", LONG, "h", "value", "horse", LONG};

#define ANIMALS (sizeof animals / sizeof *animals / 2)

/* The part of so many in which this key lies, the first of the part or not. */
static uint64_t part_with(struct bench *bench, const char *key, bool first, uint64_t *n)
{
	for (*n = 2; *n < 40; ++*n) {
		for (uint64_t k = 0; k < *n; k++) {
			bench_again(bench, k, *n);
			if (!has_key(&bench->part.pairs, text_of(key)))
				continue;
			if ((find(bench, key) == 0) == first && !bench->part.endless)
				return k;
		}
	}
	cr_assert_fail("no part has %s there", key);
	return 0;
}

/* 1. Right proof nodes, and a wrong pair in the middle of the path that they prove. */
Test(part_lean_defects, a_wrong_pair_in_the_middle_of_the_path)
{
	struct bench bench;
	uint64_t n;
	bench_open(&bench, animals, ANIMALS, 0, 1);
	uint64_t k = part_with(&bench, "do", false, &n);
	/* The value of a branch on the way to the end. */
	pairs_of(&bench)[find(&bench, "do")].value = text_of("lies");
	cr_expect_eq(prove(&bench), PEN_EUNVISITED, "%s", bench.why.text);
	bench_again(&bench, k, n);
	drop(&bench, find(&bench, "do"));
	cr_expect_eq(prove(&bench), PEN_EMISSING, "%s", bench.why.text);
	/* A value where the path has a branch without one. */
	bench_again(&bench, k, n);
	forge(&bench, text_of(""), text_of("lies"));
	cr_expect_neq(prove(&bench), 0);
	bench_fini(&bench);
}

/* A part without keys: its proof says that there is nothing between its bounds. */
static void open_absent(struct bench *bench)
{
	for (uint64_t n = 2; n < 200; n++) {
		for (uint64_t k = 1; k + 1 < n; k++) {
			bench_again(bench, k, n);
			if (count_of(bench) == 0 &&
				bench->part.nodes.len > 2 * sizeof(struct pen_bytes))
				return;
		}
	}
	cr_assert_fail("every part has keys");
}

/* 2. The path of another branch is no proof of absence here. */
Test(part_lean_defects, the_path_of_another_branch)
{
	struct bench bench;
	bench_open(&bench, animals, ANIMALS, 0, 1);
	open_absent(&bench);
	const struct pen_part_id id = bench.part.id;
	cr_expect_eq(prove(&bench), 0, "%s", bench.why.text);
	struct pen_buf honest = {0}, told = {0};
	fake_part_write(&bench.part, &honest);
	for (uint64_t k = 0; k < id.n; k++) {
		bench_again(&bench, k, id.n);
		bench.part.pairs.len = 0;
		bench.part.id = id;
		told.len = 0;
		fake_part_write(&bench.part, &told);
		if (pen_bytes_compare(pen_buf_bytes(&told), pen_buf_bytes(&honest)))
			cr_expect_neq(prove(&bench), 0, "part %lu", (unsigned long)k);
	}
	pen_buf_fini(&honest);
	pen_buf_fini(&told);
	bench_fini(&bench);
}

/* 3. A proof of absence that was cut short. */
Test(part_lean_defects, a_truncated_proof_of_absence)
{
	struct bench bench;
	bench_open(&bench, animals, ANIMALS, 0, 1);
	open_absent(&bench);
	cr_expect_eq(prove(&bench), 0, "%s", bench.why.text);
	while (bench.part.nodes.len) {
		bench.part.nodes.len -= sizeof(struct pen_bytes);
		cr_expect_neq(prove(&bench), 0);
	}
	bench_fini(&bench);
}

/* 4. The pair at the left edge is missing: its value stands by hash alone, in a proof node. */
Test(part_lean_defects, the_pair_at_the_left_edge_dropped)
{
	struct bench bench;
	uint64_t n;
	bench_open(&bench, animals, ANIMALS, 0, 1);
	part_with(&bench, "dogs", true, &n);
	cr_expect_eq(prove(&bench), 0, "%s", bench.why.text);
	drop(&bench, 0);
	cr_expect_eq(prove(&bench), PEN_EMISSING, "%s", bench.why.text);
	forge(&bench, text_of("dogs"), text_of("lies"));
	cr_expect_eq(prove(&bench), PEN_EUNVISITED, "%s", bench.why.text);
	bench_fini(&bench);
}

/* 5. A pair forged where the right edge is empty, and where it is a prefix of the end. */
Test(part_lean_defects, a_pair_forged_at_the_right_edge)
{
	struct bench bench;
	bench_open(&bench, animals, ANIMALS, 1, 2);
	cr_expect(bench.part.endless);
	cr_expect_eq(prove(&bench), 0, "%s", bench.why.text);
	forge(&bench, text_of("i"), text_of("lies"));
	cr_expect_eq(prove(&bench), PEN_EUNVISITED, "%s", bench.why.text);
	bench_again(&bench, 1, 2);
	forge(&bench, text_of("horsefly"), text_of("lies"));
	cr_expect_neq(prove(&bench), 0);
	for (uint64_t n = 2; n < 12; n++) {
		for (uint64_t k = 0; k < n; k++) {
			bench_again(&bench, k, n);
			for (size_t len = 0; len < bench.part.end_len; len++) {
				struct pen_bytes prefix = {bench.part.end, len};
				if (has_key(&bench.state.pairs, prefix))
					continue;
				forge(&bench, prefix, text_of("lies"));
				cr_expect_neq(prove(&bench), 0);
				bench_again(&bench, k, n);
			}
		}
	}
	bench_fini(&bench);
}

/* 6. Which child lies outside is for the proof to say, not for the list that was sent. */
Test(part_lean_defects, the_list_does_not_say_what_lies_outside)
{
	struct bench bench;
	bench_open(&bench, animals, ANIMALS, 0, 2);
	size_t count = count_of(&bench);
	cr_assert_gt(count, 1);
	/* As if the part ended earlier: pairs and end agree, and the proof nodes of that end too.
	 */
	for (size_t left = 0; left < count; left++) {
		struct pen_bytes end = fake_pairs(&bench.state.pairs)[left].key;
		bench.part.end_len = end.len;
		memcpy(bench.part.end, end.at, end.len);
		bench.part.pairs.len = left * sizeof(struct pen_pair);
		cr_expect_neq(prove(&bench), 0);
		for (uint64_t n = 2; n < 40; n++) {
			struct pen_bytes other;
			bench_again(&bench, 0, n);
			other = (struct pen_bytes){bench.part.end, bench.part.end_len};
			bench.part.id.n = 2;
			if (count_of(&bench) == left && pen_bytes_compare(other, end) == 0)
				cr_expect_neq(prove(&bench), 0);
		}
		bench_again(&bench, 0, 2);
	}
	bench_fini(&bench);
}

/* 7. No end is not the empty key, and the empty key is one. */
Test(part_lean_defects, an_empty_end_is_a_key)
{
	static const char *const texts[] = {"", "the value of the empty key", "a", "1", "b", "2"};
	struct bench bench;
	bool met = false;
	bench_open(&bench, texts, 3, 0, 1);
	cr_expect_eq(prove(&bench), 0, "%s", bench.why.text);
	bench.part.endless = false;
	cr_expect_neq(prove(&bench), 0);
	for (uint64_t n = 2; n < 600; n++) {
		bench_again(&bench, 0, n);
		if (bench.part.endless || bench.part.end_len)
			continue;
		met = true;
		cr_expect_eq(count_of(&bench), 0);
		cr_expect_eq(prove(&bench), 0, "%s", bench.why.text);
		bench.part.endless = true;
		cr_expect_neq(prove(&bench), 0);
	}
	cr_expect(met);
	bench_fini(&bench);
}

/* A state of keys of two bytes that part inside bytes and between them. */
static void open_nibbles(struct bench *bench)
{
	static const uint8_t keys[][2] = {{0x10, 0x00}, {0x10, 0x01}, {0x10, 0x0f}, {0x10, 0x10},
		{0x11, 0x00}, {0x1f, 0xff}, {0x20, 0x00}, {0x21, 0x10}, {0x21, 0x1f}};
	enum { COUNT = sizeof keys / sizeof *keys };
	struct pen_pair pairs[COUNT];
	for (size_t i = 0; i < COUNT; i++)
		pairs[i] = (struct pen_pair){{keys[i], 2}, text_of(i % 3 ? "v" : LONG)};
	*bench = (struct bench){0};
	fake_state_of(&bench->state, pairs, COUNT);
	fake_part_open(&bench->part, &bench->state, 0, 1);
}

/* 8. Truths: bounds inside bytes, a key just behind a bound, one bound or none. */
Test(part_lean_defects, no_truth_is_refused)
{
	struct bench bench;
	open_nibbles(&bench);
	uint64_t memory = bench.state.sum.memory_usage;
	for (uint64_t n = 1; n < memory + 3; n += n < 64 ? 1 : 61) {
		for (uint64_t k = 0; k < n; k += n < 64 || k + 3 > n ? 1 : n / 7) {
			bench_again(&bench, k, n);
			cr_expect_eq(prove(&bench), 0, "part %lu of %lu: %s", (unsigned long)k,
				(unsigned long)n, bench.why.text);
		}
	}
	bench_fini(&bench);
}

/* 9. Parts go on where the one before ended: each key is in one of them, however many there are. */
Test(part_lean_defects, parts_go_on_and_end)
{
	struct bench bench;
	open_nibbles(&bench);
	for (uint64_t n = 1; n < 60; n++) {
		size_t keys = 0;
		for (uint64_t k = 0; k < n; k++) {
			bench_again(&bench, k, n);
			keys += count_of(&bench);
		}
		cr_expect_eq(keys, fake_pairs_count(&bench.state.pairs));
	}
	/* And frames: the next begins behind the last key, not at it. */
	bench_again(&bench, 0, 1);
	bench.part.cut = 20;
	pairs_of(&bench)[1].key = pairs_of(&bench)[0].key;
	cr_expect_neq(prove(&bench), 0);
	bench_fini(&bench);
}

/* 10. Counts that nobody can have meant take no memory. */
Test(part_lean_defects, counts_are_checked_before_memory_is_taken)
{
	static const size_t counts[] = {20, 24, 28, 32, 36, 40, 48, 56};
	struct bench bench;
	struct pen_buf told = {0};
	bench_open(&bench, animals, ANIMALS, 0, 2);
	fake_part_write(&bench.part, &told);
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		struct pen_rebuild rebuild = {0};
		struct pen_lean_head head;
		uint8_t was[4];
		cr_assert_eq(pen_lean_decode(pen_buf_bytes(&told), &head, NULL), 0);
		memcpy(was, told.at + counts[i], 4);
		memcpy(told.at + counts[i], "\xfe\xff\xff\xff", 4);
		fake_part_mend(&told, head.bytes);
		cr_expect_neq(pen_rebuild_check(
				      &rebuild, &bench.part.id, pen_buf_bytes(&told), NULL, NULL),
			0);
		cr_expect_eq(rebuild.raw.cap + rebuild.uses.cap + rebuild.memory.bytes, 0);
		memcpy(told.at + counts[i], was, 4);
		fake_part_mend(&told, head.bytes);
		pen_rebuild_fini(&rebuild);
	}
	pen_buf_fini(&told);
	bench_fini(&bench);
}

/* 11. Paths of an odd number of nibbles are compared by nibbles: every key of one byte and of two
 * with the state's halves that the state has not got is refused, in every part. */
Test(part_lean_defects, odd_paths_are_no_bytes)
{
	static const uint8_t halves[] = {0x00, 0x01, 0x0f, 0x10, 0x11, 0x1f, 0x20, 0x21, 0xff};
	struct bench bench;
	open_nibbles(&bench);
	for (uint64_t n = 1; n < 6; n++) {
		for (uint64_t k = 0; k < n; k++) {
			for (size_t i = 0; i < sizeof halves * (sizeof halves + 1); i++) {
				uint8_t key[2] = {halves[i % sizeof halves],
					halves[i / sizeof halves % sizeof halves]};
				struct pen_bytes forged = {
					key, i / sizeof halves < sizeof halves ? 2 : 1};
				if (has_key(&bench.state.pairs, forged))
					continue;
				bench_again(&bench, k, n);
				forge(&bench, forged, text_of("v"));
				cr_expect_neq(prove(&bench), 0);
			}
		}
	}
	bench_fini(&bench);
}
