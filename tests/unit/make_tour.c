/* A survey by any number of workers finds the same, and the first wrong record. */
#include "make_util.h"

#include "base/check.h"

static int tour(struct shop *shop, unsigned jobs, const struct pen_survey_watch *watch,
	struct pen_survey *survey, struct pen_why *why)
{
	struct pen_make_hand hands[8] = {0};
	struct pen_make_time time = {0};
	struct pen_make make = {.from = shop->from, .hands = hands, .jobs = jobs};
	for (unsigned i = 0; i < jobs; i++)
		cr_assert_eq(
			pen_disk_open_dir(shop->scratch.path, false, &hands[i].source, NULL), 0);
	int err = pen_make_survey(&make, watch, survey, &time, why);
	for (unsigned i = 0; i < jobs; i++)
		pen_disk_shut(hands[i].source);
	return err;
}

Test(make_tour, any_number_of_workers)
{
	static const unsigned jobs[] = {1, 2, 5};
	struct shop shop = shop_open("golden/small.kv.zst");
	for (size_t i = 0; i < PEN_COUNT(jobs); i++) {
		struct pen_survey survey = {0};
		struct pen_why why = {0};
		cr_assert_eq(tour(&shop, jobs[i], NULL, &survey, &why), 0, "%s", why.text);
		cr_expect(pen_hash_equal(&survey.sum.root, &shop.state.sum.root));
		cr_expect_eq(survey.sum.memory_usage, shop.state.sum.memory_usage);
		pen_survey_fini(&survey);
	}
	shop_close(&shop);
}

/* Several stretches, the third and the last of which are wrong: the third is named. */
Test(make_tour, the_first_wrong_record_is_named, .timeout = 60)
{
	struct shop shop = shop_open(NULL);
	struct pen_survey survey = {0};
	struct pen_why why = {0};
	FILE *file = fopen(scratch_at(&shop.scratch, "state"), "wb");
	static uint8_t record[8 + 4 + 100000] = {4, 0, 0, 0, 0xa0, 0x86, 1, 0};
	for (uint32_t i = 0; i < 120; i++) {
		uint32_t key = __builtin_bswap32(i == 50 || i == 119 ? 1 : i);
		memcpy(record + 8, &key, 4);
		cr_assert_eq(fwrite(record, sizeof record, 1, file), 1);
	}
	cr_assert_eq(fclose(file), 0);
	shop.from.format = PEN_PAIRS_KV;
	cr_expect_eq(tour(&shop, 3, NULL, &survey, &why), PEN_EINPUT);
	cr_expect_not_null(strstr(why.text, "record 51 "), "%s", why.text);
	pen_survey_fini(&survey);
	shop_close(&shop);
}
