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
