#include "drivers/without.h"

#include <string.h>

#include "base/check.h"

static const struct {
	const char *name;
	enum pen_without bit;
} rows[] = {{"io_uring", PEN_WITHOUT_IO_URING}, {"multishot", PEN_WITHOUT_MULTISHOT},
	{"registered", PEN_WITHOUT_REGISTERED}, {"direct", PEN_WITHOUT_DIRECT},
	{"gro", PEN_WITHOUT_GRO}, {"gso", PEN_WITHOUT_GSO}, {"hugepages", PEN_WITHOUT_HUGEPAGES}};

/* The bit of a name of `len` characters; 0: there is none. */
static unsigned bit_of(const char *name, size_t len)
{
	for (size_t i = 0; i < PEN_COUNT(rows); i++)
		if (strlen(rows[i].name) == len && !memcmp(rows[i].name, name, len))
			return rows[i].bit;
	return 0;
}

int pen_without_parse(const char *text, unsigned *without, struct pen_why *why)
{
	*without = 0;
	while (text && *text) {
		size_t len = strcspn(text, ",");
		unsigned bit = bit_of(text, len);
		if (!bit)
			return pen_fail(why, PEN_EUSAGE,
				"cannot do without '%.*s': expected io_uring, multishot, "
				"registered, direct, gro, gso or hugepages",
				(int)len, text);
		*without |= bit;
		text += len;
		text += *text == ',';
	}
	return 0;
}
