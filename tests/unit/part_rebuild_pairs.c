/* Lies about lean parts: each is refused, and an honest part is never. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "fakes/liar.h"
#include "part/rebuild.h"

/* What one case needs, kept from case to case. */
struct bench {
	struct pen_rebuild rebuild;
	struct pen_buf honest, told;
	unsigned lies, truths; /* so far */
	unsigned told_of[LIAR_LIES];
};

static void bench_fini(struct bench *bench)
{
	pen_rebuild_fini(&bench->rebuild);
	pen_buf_fini(&bench->honest);
	pen_buf_fini(&bench->told);
}

static bool is_reason(int err)
{
	static const int reasons[] = {PEN_EHEAD, PEN_EFRAME, PEN_ESUBTREE, PEN_EOUTSIDE,
		PEN_EUNVISITED, PEN_EEXTRA, PEN_EMISSING, PEN_EINCONSISTENT};
	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
		if (err == reasons[i])
			return true;
	}
	return false;
}

/* What was told must be accepted if it is the truth, and else refused with a reason. */
static void judge(struct bench *bench, const struct pen_part_id *id, enum liar_lie lie, bool keep)
{
	struct pen_why why = {0};
	const struct pen_rebuild_limits limits = {.keep = keep};
	struct pen_bytes told = pen_buf_bytes(&bench->told);
	bool truth = pen_bytes_compare(told, pen_buf_bytes(&bench->honest)) == 0;
	int err = pen_rebuild_check(&bench->rebuild, id, told, &limits, &why);
	cr_assert(truth ? err == 0 : is_reason(err), "%s: %d %s", liar_words[lie], err, why.text);
	cr_assert(truth || why.text[0], "%s: no sentence", liar_words[lie]);
	bench->lies += !truth;
	bench->truths += truth;
	bench->told_of[lie] += !truth;
}

static void lie_about(struct bench *bench, struct fake_state *state, const struct pen_part_id *id,
	enum liar_lie lie, struct pen_rng *rng)
{
	struct fake_part part;
	fake_part_open(&part, state, id->k, id->n);
	bench->honest.len = bench->told.len = 0;
	fake_part_write(&part, &bench->honest);
	if (liar_lie(&part, state, lie, rng)) {
		fake_part_write(&part, &bench->told);
		judge(bench, id, lie, pen_rng_below(rng, 2));
	}
	fake_part_fini(&part);
}

/* PEN_LONG: more than 60,000 lies, else 6,000. */
Test(part_rebuild_pairs, random_lies_are_refused, .timeout = 600)
{
	struct bench bench = {0};
	struct pen_rng rng = {15};
	unsigned states = getenv("PEN_LONG") ? 3600 : 360;
	for (unsigned i = 0; i < states; i++) {
		struct fake_state state;
		fake_state_random(&state, &rng);
		for (enum liar_lie lie = 0; lie < LIAR_LIES; lie++) {
			struct pen_part_id id;
			fake_part_pick(&state, &rng, &id);
			lie_about(&bench, &state, &id, lie, &rng);
		}
		fake_state_fini(&state);
	}
	printf("%u lies refused, %u truths accepted\n", bench.lies, bench.truths);
	cr_expect_geq(bench.lies, states * 17);
	for (enum liar_lie lie = 0; lie < LIAR_LIES; lie++)
		cr_expect_geq(bench.told_of[lie], states / 40, "%s", liar_words[lie]);
	bench_fini(&bench);
}

/* A state in which what a part holds is easy to tell: a weight on every second key. */
static void load_letters(struct fake_state *state)
{
	static const char *const texts[] = {"aa", "1", "ab", "2", "ba", "3", "bb", "4", "bc", "5",
		"ca", "6", "cb", "7", "da", "8"};
	fake_state_text(state, texts, sizeof texts / sizeof *texts / 2);
}

/* What is said of one lie about part 1 of 3. */
static void expect_reason(struct fake_state *state, enum liar_lie lie, const char *key,
	const char *value, int code, const char *says)
{
	struct fake_part part;
	struct pen_rebuild rebuild = {0};
	struct pen_buf told = {0};
	struct pen_why why = {0};
	fake_part_open(&part, state, 1, 3);
	size_t count = fake_pairs_count(&part.pairs), at = 0;
	struct pen_pair *pairs = fake_pairs(&part.pairs);
	struct pen_pair pair = {{(const uint8_t *)key, strlen(key)},
		{(const uint8_t *)value, value ? strlen(value) : 0}};
	while (at < count && pen_bytes_compare(pairs[at].key, pair.key) < 0)
		at++;
	if (lie == LIAR_PAIR_FORGED) {
		fake_append(&part.pairs, &pair, sizeof pair);
		pairs = fake_pairs(&part.pairs);
		memmove(pairs + at + 1, pairs + at, (count - at) * sizeof *pairs);
		pairs[at] = pair;
	} else if (lie == LIAR_VALUE_ALTERED) {
		pairs[at].value = pair.value;
	} else {
		memmove(pairs + at, pairs + at + 1, (count - at - 1) * sizeof *pairs);
		part.pairs.len -= sizeof *pairs;
	}
	fake_part_write(&part, &told);
	int err = pen_rebuild_check(&rebuild, &part.id, pen_buf_bytes(&told), NULL, &why);
	cr_expect_eq(err, code, "%s %s: %s", liar_words[lie], key, why.text);
	cr_expect_not_null(strstr(why.text, says), "%s %s: '%s'", liar_words[lie], key, why.text);
	pen_buf_fini(&told);
	pen_rebuild_fini(&rebuild);
	fake_part_fini(&part);
}

/* Part 1 of 3 has ba (whose leaf is a proof node), bb, bc and, below the end's path, ca. */
Test(part_rebuild_pairs, every_reason_is_said)
{
	static const struct {
		enum liar_lie lie;
		const char *key, *value;
		int code;
		const char *says;
	} rows[] = {
		{LIAR_PAIR_FORGED, "ab", "2", PEN_EOUTSIDE, "PairOutsidePart: pair 0 lies before"},
		{LIAR_PAIR_FORGED, "da", "8", PEN_EOUTSIDE, "lies behind the part"},
		{LIAR_PAIR_FORGED, "bba", "x", PEN_ESUBTREE, "WrongSubtree 6262: "},
		{LIAR_PAIR_FORGED, "bab", "x", PEN_EUNVISITED,
			"PairNotVisited: pair 1 lies where the state has none"},
		{LIAR_PAIR_FORGED, "b~", "x", PEN_EUNVISITED, "PairNotVisited: pair "},
		{LIAR_VALUE_ALTERED, "ba", "x", PEN_EUNVISITED, "has another value"},
		{LIAR_VALUE_ALTERED, "bb", "x", PEN_ESUBTREE, "WrongSubtree 6262: its pairs"},
		{LIAR_PAIR_DROPPED, "ba", NULL, PEN_EMISSING, "MissingTrieValue 6261: "},
		{LIAR_PAIR_DROPPED, "bc", NULL, PEN_ESUBTREE, "WrongSubtree 6263: no pair"},
	};
	struct fake_state state;
	load_letters(&state);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		expect_reason(&state, rows[i].lie, rows[i].key, rows[i].value, rows[i].code,
			rows[i].says);
	fake_state_fini(&state);
}
