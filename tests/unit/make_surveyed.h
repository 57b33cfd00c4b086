/* make_surveyed: a state in memory and in a file, for tests of what reads the file by a survey. */
#ifndef PEN_TESTS_MAKE_SURVEYED_H
#define PEN_TESTS_MAKE_SURVEYED_H

#include <criterion/criterion.h>

#include "drivers/table.h"
#include "make/kv.h"
#include "make/survey.h"
#include "scratch.h"
#include "util.h"

/* A state in a file and in memory. */
struct surveyed {
	struct scratch scratch;
	struct pen_disk *disk;
	struct test_state state;
	struct pen_pairs_from from;
};

static inline void surveyed_open(struct surveyed *of)
{
	*of = (struct surveyed){.scratch = scratch_open()};
	cr_assert_eq(pen_disk_open_dir(of->scratch.path, false, &of->disk, NULL), 0);
}

static inline void surveyed_close(struct surveyed *of)
{
	test_state_fini(&of->state);
	pen_disk_shut(of->disk);
	scratch_close(&of->scratch);
}

/* Put the state into its file. */
static inline void surveyed_write(struct surveyed *of, bool hex)
{
	test_state_write(&of->state, scratch_at(&of->scratch, "state"), hex);
	of->from = (struct pen_pairs_from){
		hex ? PEN_PAIRS_HEX : PEN_PAIRS_KV, of->disk, "state", "x:state"};
}

/* How it is surveyed. */
struct surveyed_way {
	size_t stretch_bytes;
	uint64_t hashes; /* the survey keeps those of so many records, about; 0: of all */
};

static inline void surveyed_survey(
	struct surveyed *of, const struct surveyed_way *way, struct pen_survey *survey)
{
	struct pen_feed feed;
	struct pen_stretch stretch = {0};
	struct pen_limbs limbs = {0};
	struct pen_make_time time = {0};
	struct pen_why why = {0};
	int got;
	cr_assert_eq(pen_feed_open(&feed, &of->from, &why), 0, "%s", why.text);
	feed.stretch_bytes = way->stretch_bytes;
	pen_survey_init(survey);
	while ((got = pen_feed_next(&feed, &stretch, &why)) > 0) {
		cr_assert_eq(pen_stretch_decode(&feed, &stretch, &why), 0, "%s", why.text);
		cr_assert_eq(pen_survey_build(&stretch, &limbs, &time), 0);
		survey->full = way->hashes && survey->keys >= way->hashes;
		cr_assert_eq(pen_survey_add(survey, &limbs), 0);
	}
	cr_assert_eq(got, 0, "%s", why.text);
	cr_assert_eq(pen_survey_finish(survey), 0);
	pen_limbs_fini(&limbs);
	pen_stretch_fini(&stretch);
	pen_feed_close(&feed);
}

/* The pairs of the state, in order. */
static inline const struct test_pair *surveyed_pairs(const struct surveyed *of)
{
	return (const struct test_pair *)(const void *)of->state.pairs.at;
}

/* Change the last byte of pair `i` in a file in kv format; again, and it is as before. */
static inline void surveyed_spoil(struct surveyed *of, size_t i)
{
	const struct test_pair *pairs = surveyed_pairs(of);
	size_t at = 0;
	for (size_t before = 0; before <= i; before++)
		at += PEN_KV_HEAD_BYTES + pairs[before].key.len + pairs[before].value.len;
	FILE *file = fopen(scratch_at(&of->scratch, "state"), "r+b");
	cr_assert_not_null(file);
	fseek(file, (long)at - 1, SEEK_SET);
	int byte = fgetc(file);
	fseek(file, (long)at - 1, SEEK_SET);
	fputc(byte ^ 1, file);
	cr_assert_eq(fclose(file), 0);
}

#endif
