#include <criterion/criterion.h>

#include <string.h>

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
