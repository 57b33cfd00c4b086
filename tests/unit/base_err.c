#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"

Test(base_err, every_code_has_a_class)
{
	static const struct {
		int code;
		enum pen_exit exit;
	} rows[] = {
		{0, 0},
		{PEN_EBUG, 1},
		{PEN_EUSAGE, 2},
		{PEN_EREFUSED, 2},
		{PEN_ENOTFOUND, 3},
		{PEN_EMISSING, 4},
		{PEN_EUNEXPECTED, 4},
		{PEN_EINCONSISTENT, 4},
		{PEN_EINTERNAL, 4},
		{PEN_EENVELOPE, 4},
		{PEN_EINPUT, 4},
		{PEN_EVERIFY, 4},
		{PEN_ESTALL, 5},
		{PEN_ENET, 6},
		{-ECONNREFUSED, 6},
		{-ECONNRESET, 6},
		{PEN_EINTERRUPTED, 7},
		{-ENOSPC, 8},
		{-EDQUOT, 8},
		{-EACCES, 9},
		{-EROFS, 9},
		{-ENOENT, 9},
		{-EADDRINUSE, 9},
		{PEN_ELOCKED, 9},
		{PEN_ELATE, 10},
		{PEN_ELARGE, 4},
		{PEN_EHEAD, 4},
		{PEN_EFRAME, 4},
		{PEN_ESUBTREE, 4},
		{PEN_EOUTSIDE, 4},
		{PEN_EUNVISITED, 4},
		{PEN_EEXTRA, 4},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		cr_expect_eq(pen_err_exit(rows[i].code), rows[i].exit, "row %zu", i);
		cr_expect_gt(strlen(pen_err_text(rows[i].code)), 0);
	}
	cr_expect_str_eq(pen_err_text(PEN_EMISSING), "MissingTrieValue");
	cr_expect_str_eq(pen_err_text(-ENOENT), strerror(ENOENT));
}

Test(base_err, sentences)
{
	struct pen_why why = {0};
	cr_expect_eq(pen_fail(&why, PEN_EINPUT, "record %d is short", 7), PEN_EINPUT);
	cr_expect_str_eq(why.text, "record 7 is short");
	cr_expect_eq(pen_fail_prefix(&why, -EIO, "part %d", 3), -EIO);
	cr_expect_str_eq(why.text, "part 3: record 7 is short");
	cr_expect_eq(pen_fail(NULL, PEN_EINPUT, "nobody asks"), PEN_EINPUT);
	cr_expect_eq(pen_fail_prefix(NULL, PEN_EINPUT, "nobody asks"), PEN_EINPUT);
}

Test(base_err, the_first_failure_is_kept)
{
	static const struct {
		const char *text; /* NULL: no sentence at all */
		int code, wanted;
		const char *said;
	} rows[] = {
		{"a part is wrong", PEN_EVERIFY, PEN_EVERIFY, "a part is wrong"},
		{"", -ENOSPC, -ENOSPC, "No space left on device"},
		{NULL, -ENOSPC, -ENOSPC, "No space left on device"},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_why why = {0}, said = {0};
		int kept = 0;
		pen_fail(&why, 0, "%s", rows[i].text ? rows[i].text : "");
		pen_fail_first(&kept, &said, rows[i].code, rows[i].text ? &why : NULL);
		pen_fail(&why, 0, "later");
		pen_fail_first(&kept, &said, -EIO, &why);
		cr_expect_eq(kept, rows[i].wanted, "%zu", i);
		cr_expect_str_eq(said.text, rows[i].said, "%zu", i);
	}
}

Test(base_err, long_sentences_are_cut)
{
	static char big[2 * PEN_WHY_BYTES];
	struct pen_why why;
	memset(big, 'x', sizeof big - 1);
	pen_fail(&why, PEN_EINPUT, "%s", big);
	cr_expect_eq(strlen(why.text), PEN_WHY_BYTES - 1);
	pen_fail_prefix(&why, PEN_EINPUT, "front");
	cr_expect_eq(strlen(why.text), PEN_WHY_BYTES - 1);
	cr_expect_eq(strncmp(why.text, "front: xxx", 10), 0);
	pen_fail_prefix(&why, PEN_EINPUT, "%s", big);
	cr_expect_eq(strlen(why.text), PEN_WHY_BYTES - 1);
}
