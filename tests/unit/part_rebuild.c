/* Lean parts of many random states: there and back, and the same as nearcore's form in all. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "fakes/lean.h"
#include "part/collect.h"
#include "part/press.h"
#include "part/rebuild.h"

static const struct pen_rebuild_limits keep = {.keep = true};

/* All that one case needs, kept from case to case. */
struct bench {
	struct pen_collect collect;
	struct pen_proof proof;
	struct pen_press press;
	struct pen_rebuild rebuild;
	struct pen_buf content, lean, other;
	struct pen_why why;
};

static void bench_fini(struct bench *bench)
{
	pen_collect_fini(&bench->collect);
	pen_proof_fini(&bench->proof);
	pen_press_fini(&bench->press);
	pen_rebuild_fini(&bench->rebuild);
	pen_buf_fini(&bench->content);
	pen_buf_fini(&bench->lean);
	pen_buf_fini(&bench->other);
}

static bool same(const struct pen_buf *a, const struct pen_buf *b)
{
	return a->len == b->len && (a->len == 0 || memcmp(a->at, b->at, a->len) == 0);
}

/* The part in both forms: nearcore's by the reference way, lean from it, from the state's pairs,
 * and by another encoder, all the same. */
static void make_both(struct bench *bench, struct fake_state *state, const struct pen_part_id *id)
{
	struct fake_part part;
	struct pen_why *why = &bench->why;
	bench->content.len = bench->lean.len = bench->other.len = 0;
	cr_assert_eq(pen_collect_part(&bench->collect, &state->entries, id, &bench->content, why),
		0, "%s", why->text);
	cr_assert_eq(pen_proof_check(&bench->proof, id, pen_buf_bytes(&bench->content), why), 0,
		"%s", why->text);
	cr_assert_eq(pen_press_proof(&bench->press, &bench->proof, 1, &bench->lean, why), 0, "%s",
		why->text);
	fake_part_open(&part, state, id->k, id->n);
	fake_part_write(&part, &bench->other);
	cr_assert(same(&bench->lean, &bench->other));
	fake_part_fini(&part);
}

struct visited {
	struct pen_path path;
	struct pen_bytes bytes;
};

static int note_value(void *context, const struct pen_item *item)
{
	struct visited visited = {*item->path, item->fetched.bytes};
	cr_assert(item->value);
	return pen_buf_append(context, &visited, sizeof visited);
}

/* Both provers visit the same keys and values in the same order. */
static void compare_visits(struct bench *bench)
{
	struct pen_buf ours = {0}, theirs = {0};
	cr_assert_eq(pen_rebuild_visit(&bench->rebuild, note_value, &ours, &bench->why), 0);
	cr_assert_eq(pen_proof_visit(&bench->proof, note_value, &theirs, &bench->why), 0);
	cr_assert_eq(ours.len, theirs.len);
	const struct visited *a = (void *)ours.at, *b = (void *)theirs.at;
	for (size_t i = 0; i < ours.len / sizeof *a; i++) {
		cr_assert_eq(pen_path_compare(&a[i].path, &b[i].path), 0);
		cr_assert_eq(pen_bytes_compare(a[i].bytes, b[i].bytes), 0);
	}
	pen_buf_fini(&ours);
	pen_buf_fini(&theirs);
}

/* Both provers have the same entries with the same uses. */
static void compare_entries(const struct bench *bench)
{
	const struct pen_entries *ours = &bench->rebuild.entries, *theirs = &bench->proof.entries;
	cr_assert_eq(ours->count, theirs->count);
	for (uint32_t i = 0; i < theirs->count; i++) {
		uint32_t at = pen_entries_find(ours, pen_entries_hash(theirs, i));
		cr_assert_neq(at, PEN_ENTRY_NONE);
		cr_assert_eq(pen_entries_at(ours, at)->refs, pen_entries_at(theirs, i)->refs);
	}
}

static void prove_both(struct bench *bench, const struct pen_part_id *id)
{
	struct pen_part_counts ours, theirs;
	struct pen_bytes lean = pen_buf_bytes(&bench->lean);
	cr_assert_eq(pen_rebuild_check(&bench->rebuild, id, lean, NULL, &bench->why), 0, "%s",
		bench->why.text);
	cr_assert_eq(pen_rebuild_check(&bench->rebuild, id, lean, &keep, &bench->why), 0, "%s",
		bench->why.text);
	bench->other.len = 0;
	cr_assert_eq(pen_rebuild_content(&bench->rebuild, &bench->other, &bench->why), 0);
	cr_assert(same(&bench->other, &bench->content));
	pen_rebuild_counts(&bench->rebuild, &ours);
	pen_proof_counts(&bench->proof, &theirs);
	cr_assert_eq(memcmp(&ours, &theirs, sizeof ours), 0);
	compare_visits(bench);
	compare_entries(bench);
}

/* PEN_LONG: 24,000 parts of 8,000 states, else 2,400. */
Test(part_rebuild, random_parts_there_and_back, .timeout = 600)
{
	struct bench bench = {0};
	struct pen_rng rng = {20261126};
	unsigned states = getenv("PEN_LONG") ? 8000 : 800;
	for (unsigned i = 0; i < states; i++) {
		struct fake_state state;
		fake_state_random(&state, &rng);
		for (unsigned part = 0; part < 3; part++) {
			struct pen_part_id id;
			fake_part_pick(&state, &rng, &id);
			make_both(&bench, &state, &id);
			prove_both(&bench, &id);
		}
		fake_state_fini(&state);
	}
	bench_fini(&bench);
}

/* A name must be that of a pair whose own value is inline and long enough to be named. */
Test(part_rebuild, names_of_values)
{
	static const uint8_t value[PEN_LEAN_NAMED_BYTES_MIN];
	const struct pen_pair pairs[] = {
		{{(const uint8_t *)"a", 1}, {value, sizeof value}},
		{{(const uint8_t *)"b", 1}, {value, sizeof value}},
		{{(const uint8_t *)"c", 1}, {value, sizeof value - 1}},
		{{(const uint8_t *)"d", 1}, {value, sizeof value}},
	};
	static const char *const says[] = {NULL, "BadFrame 0: pair 3 names one that has no value",
		"BadFrame 0: pair 3 names", "BadFrame 0: pair 3 repeats a value",
		"BadFrame 0: pair 3: it names a pair that is not before it"};
	struct fake_state state;
	struct fake_part part;
	struct pen_rebuild rebuild = {0};
	fake_state_of(&state, pairs, 4);
	fake_part_open(&part, &state, 0, 1);
	part.repeat = 3;
	for (uint32_t name = 0; name < 10; name++) {
		struct pen_buf told = {0};
		struct pen_why why = {0};
		const struct pen_rebuild_limits limits = {.keep = name % 2};
		part.name = name / 2;
		fake_part_write(&part, &told);
		int err = pen_rebuild_check(
			&rebuild, &part.id, pen_buf_bytes(&told), &limits, &why);
		cr_expect_eq(err, says[name / 2] ? PEN_EFRAME : 0, "%u: %s", name, why.text);
		if (says[name / 2])
			cr_expect_not_null(
				strstr(why.text, says[name / 2]), "%u: %s", name, why.text);
		pen_buf_fini(&told);
	}
	pen_rebuild_fini(&rebuild);
	fake_part_fini(&part);
	fake_state_fini(&state);
}

/* A part of three frames: two values that are frames alone, and the rest. */
static void open_frames(struct fake_state *state, struct fake_part *part)
{
	static uint8_t values[3][PEN_LEAN_CUT_BYTES];
	struct pen_pair pairs[3];
	for (size_t i = 0; i < 3; i++) {
		values[i][0] = (uint8_t)i;
		pairs[i] = (struct pen_pair){{(const uint8_t *)"abc" + i, 1},
			{values[i], i < 2 ? PEN_LEAN_CUT_BYTES : 100}};
	}
	fake_state_of(state, pairs, 3);
	fake_part_open(part, state, 0, 1);
}

Test(part_rebuild, frames_follow_each_other)
{
	struct fake_state state;
	struct fake_part part;
	struct pen_rebuild rebuild = {0};
	open_frames(&state, &part);
	for (size_t i = 0; i < 4; i++) {
		struct pen_buf told = {0};
		struct pen_why why = {0};
		struct pen_pair *pairs = fake_pairs(&part.pairs);
		struct pen_bytes key = pairs[1].key;
		/* As it is; as the one before; before it; behind the next. */
		pairs[1].key = i == 0 ? key : (struct pen_bytes){(const uint8_t *)"-a0d" + i, 1};
		fake_part_write(&part, &told);
		int err = pen_rebuild_check(&rebuild, &part.id, pen_buf_bytes(&told), NULL, &why);
		cr_expect_eq(err, i ? PEN_EFRAME : 0, "%zu: %s", i, why.text);
		if (i)
			cr_expect_not_null(strstr(why.text, "does not follow the frame before"));
		pairs[1].key = key;
		pen_buf_fini(&told);
	}
	pen_rebuild_fini(&rebuild);
	fake_part_fini(&part);
	fake_state_fini(&state);
}

/* Bytes behind the last frame, or none where it should end; read by nobody. */
Test(part_rebuild, a_part_has_the_length_that_it_says)
{
	struct fake_state state;
	struct fake_part part;
	struct pen_rebuild rebuild = {0};
	struct pen_buf told = {0};
	struct pen_why why = {0};
	open_frames(&state, &part);
	fake_part_write(&part, &told);
	size_t len = told.len, head = pen_le32(told.at + 8);
	uint8_t *exact = malloc(len + 1);
	memcpy(exact, told.at, len);
	cr_expect_eq(
		pen_rebuild_check(&rebuild, &part.id, (struct pen_bytes){exact, len}, NULL, NULL),
		0);
	cr_expect_eq(pen_rebuild_check(
			     &rebuild, &part.id, (struct pen_bytes){exact, len + 1}, NULL, &why),
		PEN_EHEAD);
	cr_expect_not_null(strstr(why.text, "bytes of frames, it says that they have"));
	for (; len-- > head; len -= len % 16) {
		uint8_t *shorter = malloc(len);
		memcpy(shorter, exact, len);
		cr_expect_eq(pen_rebuild_check(&rebuild, &part.id, (struct pen_bytes){shorter, len},
				     NULL, NULL),
			PEN_EHEAD);
		free(shorter);
	}
	free(exact);
	pen_buf_fini(&told);
	pen_rebuild_fini(&rebuild);
	fake_part_fini(&part);
	fake_state_fini(&state);
}
