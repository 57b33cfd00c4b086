#include <criterion/criterion.h>

#include <stdlib.h>

#include "apply/suspects.h"
#include "base/check.h"
#include "base/rng.h"

static struct pen_tally *tally_new(void)
{
	struct pen_tally *tally = calloc(1, sizeof *tally);
	memset(tally->secret, 7, sizeof tally->secret);
	return tally;
}

Test(apply_suspects, names_what_differs)
{
	static const struct {
		int64_t used, stored;
		uint64_t used_len, stored_len;
		bool excused;
		int kind; /* -1: nothing to name */
	} rows[] = {
		{1, 1, 50, 50, false, -1},
		{2, 1, 50, 50, false, PEN_FINDING_COUNT},
		{2, 0, 50, 0, false, PEN_FINDING_MISSING},
		{0, 5, 0, 50, false, PEN_FINDING_EXTRA},
		{1, 1, 50, 51, false, PEN_FINDING_LENGTH},
		{1, 0, 50, 0, true, -1},
	};
	struct pen_tally *tally = tally_new();
	struct pen_suspects suspects;
	struct pen_findings findings = {0};
	unsigned range = 0;
	tally->ranges[0xabc].sum = 1;
	cr_assert_eq(pen_suspects_init(&suspects, tally->secret), 0);
	cr_assert(pen_suspects_choose(&suspects, tally, &range));
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_hash hash = {{0xab, 0xc0, (uint8_t)i}};
		if (rows[i].stored)
			pen_suspects_store(&suspects, &hash, rows[i].stored_len, rows[i].stored);
		for (int64_t n = 0; n < rows[i].used; n++)
			pen_suspects_use(&suspects, &hash, rows[i].used_len);
		if (rows[i].excused)
			pen_suspects_excuse(&suspects, &hash);
		/* A range that was not chosen is passed over. */
		struct pen_hash elsewhere = {{0xab, 0xd0, (uint8_t)i}};
		pen_suspects_use(&suspects, &elsewhere, 1);
	}
	cr_assert_eq(suspects.count, PEN_COUNT(rows));
	pen_suspects_name(&suspects, &findings);
	cr_assert_eq(findings.total, 4);
	cr_assert(!findings.cut);
	for (size_t i = 0, at = 0; i < PEN_COUNT(rows); i++) {
		if (rows[i].kind < 0)
			continue;
		cr_assert_eq((int)findings.first[at].kind, rows[i].kind, "row %zu", i);
		cr_assert_eq(findings.first[at].key[2], i);
		at++;
	}
	cr_assert(!pen_suspects_choose(&suspects, tally, &range));
	pen_suspects_fini(&suspects);
	free(tally);
}

Test(apply_suspects, ranges_come_in_groups_that_fit)
{
	struct pen_tally *tally = tally_new();
	struct pen_suspects suspects;
	unsigned range = 0, groups = 0;
	/* Four ranges fit a group, one alone is over the limit, even ones are passed over. */
	for (unsigned i = 0; i < 9; i++)
		tally->ranges[i * 2] = (struct pen_tally_range){
			.sum = 1, .used = PEN_SUSPECTS_MAX / 8, .stored = PEN_SUSPECTS_MAX / 8};
	tally->ranges[8].used = PEN_SUSPECTS_MAX + 1;
	cr_assert_eq(pen_suspects_init(&suspects, tally->secret), 0);
	static const unsigned behind[] = {8, 10, PEN_TALLY_RANGES};
	while (pen_suspects_choose(&suspects, tally, &range)) {
		cr_assert_lt(groups, PEN_COUNT(behind));
		cr_assert_eq(range, behind[groups], "group %u ends at %u", groups, range);
		groups++;
	}
	cr_assert_eq(groups, PEN_COUNT(behind));
	pen_suspects_fini(&suspects);
	free(tally);
}

Test(apply_suspects, what_does_not_fit_is_said)
{
	struct pen_tally *tally = tally_new();
	struct pen_suspects suspects;
	struct pen_findings findings = {0};
	struct pen_rng rng = {1};
	unsigned range = 0;
	tally->ranges[0].sum = 1;
	cr_assert_eq(pen_suspects_init(&suspects, tally->secret), 0);
	cr_assert(pen_suspects_choose(&suspects, tally, &range));
	for (uint32_t i = 0; i < PEN_SUSPECTS_MAX + 10; i++) {
		struct pen_hash hash = {{0}};
		pen_put_le64(hash.bytes + 8, pen_rng_next(&rng));
		pen_suspects_use(&suspects, &hash, 1);
	}
	pen_suspects_name(&suspects, &findings);
	cr_assert_eq(findings.total, PEN_SUSPECTS_MAX);
	cr_assert(findings.cut);
	pen_suspects_fini(&suspects);
	free(tally);
}
