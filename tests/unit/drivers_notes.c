#include <criterion/criterion.h>

#include <errno.h>
#include <string.h>

#include "base/check.h"
#include "drivers/notes.h"

Test(drivers_notes, each_is_said_once_and_they_are_bounded)
{
	struct pen_notes notes = {0};
	pen_notes_add(NULL, "nobody listens");
	for (unsigned i = 0; i < 3; i++)
		pen_notes_add(&notes, "the same %d", 7);
	cr_assert_eq(notes.count, 1);
	cr_assert_str_eq(notes.text[0], "the same 7");
	for (unsigned i = 0; i < 2 * PEN_NOTES_MAX; i++)
		pen_notes_add(&notes, "%0400u", i);
	/* Cut to equal beginnings. */
	cr_assert_eq(notes.count, 2);
	cr_assert_eq(strlen(notes.text[1]), PEN_NOTE_BYTES - 1);
	for (unsigned i = 0; i < 2 * PEN_NOTES_MAX; i++)
		pen_notes_add(&notes, "%u", i);
	cr_assert_eq(notes.count, PEN_NOTES_MAX);
}

Test(drivers_notes, io_uring_is_mended_by_what_it_says)
{
	static const struct {
		int err;
		const char *mends;
	} rows[] = {{-EPERM, "kernel.io_uring_disabled=0"}, {-EACCES, "seccomp=unconfined"},
		{-ENOMEM, "ulimit -l unlimited"}, {-ENOSYS, "Linux 6.0 or newer"},
		{-EINVAL, "Linux 6.0 or newer"}};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_notes notes = {0};
		pen_notes_add_ring(&notes, "it is slow", rows[i].err, "6.0");
		cr_assert_eq(notes.count, 1);
		cr_expect_neq(strstr(notes.text[0], "it is slow"), NULL);
		cr_expect_neq(strstr(notes.text[0], rows[i].mends), NULL, "%s", notes.text[0]);
		cr_expect_lt(strlen(notes.text[0]), PEN_NOTE_BYTES - 1, "not cut");
	}
}
