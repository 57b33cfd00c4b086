#include "part/form.h"

#include <string.h>

#include "base/check.h"
#include "base/err.h"

static const char *const words[PEN_FORMS] = {"nearcore", "lean", "raw"};

const char *pen_form_text(enum pen_form form)
{
	PEN_CHECK(form < PEN_FORMS);
	return words[form];
}

int pen_form_parse(const char *text, enum pen_form *out)
{
	for (unsigned i = 0; i < PEN_FORMS; i++) {
		if (!strcmp(text, words[i])) {
			*out = (enum pen_form)i;
			return 0;
		}
	}
	return PEN_EINPUT;
}
