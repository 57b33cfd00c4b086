#include "hush.h"

#include <criterion/criterion.h>
#include <string.h>

#define SECOND INT64_C(1000000000)

Test(tools_hush, a_line_a_cause_and_minute)
{
	static char said[65536];
	struct hush hush;
	FILE *out = fmemopen(said, sizeof said, "w");
	hush_init(&hush, out);
	int64_t now_ns = 5 * SECOND;
	cr_expect(hush_say(&hush, HUSH_DISK, 1, now_ns, "the disk of %s", "x"));
	cr_expect(!hush_say(&hush, HUSH_DISK, 1, now_ns, "not said"));
	cr_expect(hush_say(&hush, HUSH_FULL, 7, now_ns, "full"), "another cause");
	for (unsigned i = 0; i < 10000; i++)
		cr_expect(!hush_say(&hush, HUSH_DISK, 3, now_ns + HUSH_NS - 1, "not said"));
	cr_expect(!hush_say(&hush, HUSH_LOST_IN, 0, now_ns, "nothing happened"));
	cr_expect(hush_say(&hush, HUSH_DISK, 0, now_ns + HUSH_NS, "later"), "what was kept");
	cr_expect(!hush_say(&hush, HUSH_DISK, 0, now_ns + 3 * HUSH_NS, "nothing more"));
	fclose(out);
	cr_expect_str_eq(said,
		"penstock serve: the disk of x\n"
		"penstock serve: full (and 6 times more)\n"
		"penstock serve: later (and 30000 times more)\n");
	hush_fini(&hush);
}

Test(tools_hush, a_long_line_is_cut)
{
	static char said[8192], word[4096];
	struct hush hush;
	FILE *out = fmemopen(said, sizeof said, "w");
	memset(word, 'x', sizeof word - 1);
	hush_init(&hush, out);
	cr_expect(hush_say(&hush, HUSH_FILE, 1, 0, "%s", word));
	fclose(out);
	cr_expect_eq(strlen(said), strlen("penstock serve: \n") + HUSH_LINE_BYTES - 1);
	hush_fini(&hush);
}
