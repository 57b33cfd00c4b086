#include "set.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

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
			return pen_fail(why, PEN_EUSAGE,
				"there is no part %llu of %llu; they begin with 0",
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

static bool bit_of(const uint8_t *bits, uint64_t k)
{
	return bits[k >> 3] >> (k & 7) & 1;
}

/* Add one stretch; false if it does not fit beside what says so. */
static bool stretch_print(char *text, size_t *len, uint64_t first, uint64_t last)
{
	char word[48];
	int bytes = snprintf(word, sizeof word, first == last ? "%s%llu" : "%s%llu-%llu",
		text[*len - 1] == ' ' ? "" : ",", (unsigned long long)first,
		(unsigned long long)last);
	if (*len + (size_t)bytes + sizeof ",..." > SET_TEXT_BYTES) {
		strcpy(text + *len, ",...");
		return false;
	}
	strcpy(text + *len, word);
	*len += (size_t)bytes;
	return true;
}

const char *set_text(const uint8_t *bits, uint64_t count, char text[SET_TEXT_BYTES])
{
	uint64_t members = 0;
	for (uint64_t k = 0; k < count; k++)
		members += bit_of(bits, k);
	strcpy(text, members == 1 ? "part " : members ? "parts " : "no part");
	size_t len = strlen(text);
	for (uint64_t k = 0, end; k < count; k = end + 1) {
		end = k;
		if (!bit_of(bits, k))
			continue;
		while (end + 1 < count && bit_of(bits, end + 1))
			end++;
		if (!stretch_print(text, &len, k, end))
			break;
	}
	return text;
}
