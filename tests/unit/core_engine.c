#include "engine.h"

#include <criterion/criterion.h>
#include <stdio.h>

/* That it is the project's own version is told by the test of pkg-config. */
Test(core_engine, has_a_version_of_three_numbers)
{
	unsigned major, minor, patch;
	int end = 0;
	const char *text = pen_version();
	cr_assert_eq(sscanf(text, "%u.%u.%u%n", &major, &minor, &patch, &end), 3, "%s", text);
	cr_expect_eq(text[end], 0, "%s", text);
	cr_expect_eq(pen_version(), text, "the same text each time");
}
