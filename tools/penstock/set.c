#include "set.h"

#include <errno.h>
#include <stdbool.h>

static bool number(const char **text, uint64_t *out)
{
	const char *at = *text;
	*out = 0;
	for (; *at >= '0' && *at <= '9' && *out < UINT64_MAX / 100; at++)
		*out = *out * 10 + (uint64_t)(*at - '0');
	bool any = at != *text;
	*text = at;
	return any;
}

/* One number or one stretch of them. */
static bool stretch(const char **text, uint64_t *first, uint64_t *last)
{
	if (!number(text, first))
		return false;
	*last = *first;
	if (**text != '-')
		return true;
	++*text;
	return number(text, last) && *last >= *first;
}

int set_parse(const char *text, uint64_t count, struct pen_buf *out, struct pen_why *why)
{
	const char *at = text;
	uint64_t first, last;
	size_t bytes = (size_t)(count + 7) / 8;
	out->len = 0;
	if (pen_buf_reserve(out, bytes + 1))
		return pen_fail(why, -ENOMEM, "no memory for a choice out of %llu parts",
			(unsigned long long)count);
	memset(out->at, 0, bytes + 1);
	out->len = bytes;
	do {
		if (!stretch(&at, &first, &last))
			return pen_fail(why, PEN_EUSAGE,
				"'%s' is no choice of parts: expected numbers and stretches such "
				"as 0-9,17",
				text);
		if (last >= count)
			return pen_fail(why, PEN_EUSAGE, "there is no part %llu of %llu",
				(unsigned long long)last, (unsigned long long)count);
		for (uint64_t k = first; k <= last; k++)
			out->at[k >> 3] |= (uint8_t)(1u << (k & 7));
	} while (*at++ == ',');
	return at[-1]
		? pen_fail(why, PEN_EUSAGE,
			  "'%s' is no choice of parts: expected numbers and stretches such as "
			  "0-9,17",
			  text)
		: 0;
}
