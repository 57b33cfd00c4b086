#include "fetch/trouble.h"

#include <stddef.h>

unsigned pen_gravity(int code)
{
	switch (pen_err_exit(code)) {
	case PEN_EXIT_OK: return 0;
	case PEN_EXIT_NOTFOUND: return 1;
	case PEN_EXIT_NET: return 3;
	case PEN_EXIT_STALL: return 4;
	case PEN_EXIT_PROOF: return 5;
	default: return 2;
	}
}

static unsigned index_of(const struct pen_troubles *troubles, uint32_t part)
{
	unsigned i = 0;
	while (i < troubles->count && troubles->list[i].part != part)
		i++;
	return i;
}

void pen_troubles_note(
	struct pen_troubles *troubles, uint32_t part, int code, const struct pen_why *why)
{
	unsigned i = index_of(troubles, part);
	if (i == PEN_TROUBLES_MAX)
		return;
	struct pen_trouble *trouble = &troubles->list[i];
	if (i == troubles->count) {
		troubles->count++;
		*trouble = (struct pen_trouble){.part = part};
	}
	if (pen_gravity(code) < pen_gravity(trouble->code))
		return;
	trouble->code = code;
	if (why)
		trouble->why = *why;
	else
		pen_fail(&trouble->why, code, "%s", pen_err_text(code));
}

const struct pen_trouble *pen_troubles_find(const struct pen_troubles *troubles, uint32_t part)
{
	unsigned i = index_of(troubles, part);
	return i < troubles->count ? &troubles->list[i] : NULL;
}

void pen_troubles_forget(struct pen_troubles *troubles, uint32_t part)
{
	unsigned i = index_of(troubles, part);
	if (i < troubles->count)
		troubles->list[i] = troubles->list[--troubles->count];
}
