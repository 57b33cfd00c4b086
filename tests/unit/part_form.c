#include <criterion/criterion.h>

#include "base/check.h"
#include "base/err.h"
#include "part/form.h"

Test(part_form, has_a_word)
{
	static const char *const rows[PEN_FORMS] = {"nearcore", "lean", "raw"};
	for (unsigned i = 0; i < PEN_FORMS; i++) {
		enum pen_form form = PEN_FORMS;
		cr_assert_str_eq(pen_form_text((enum pen_form)i), rows[i]);
		cr_assert_eq(pen_form_parse(rows[i], &form), 0);
		cr_assert_eq(form, i);
	}
}

Test(part_form, refuses_other_words)
{
	static const char *const rows[] = {"", "Lean", "lean ", "nearcor", "both", "any"};
	for (unsigned i = 0; i < PEN_COUNT(rows); i++) {
		enum pen_form form;
		cr_assert_eq(pen_form_parse(rows[i], &form), PEN_EINPUT, "%s", rows[i]);
	}
}
