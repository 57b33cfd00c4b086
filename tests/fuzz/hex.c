/* Lines of a hex state: a line that is taken says the same when it is written again. */
#include <ctype.h>
#include <stdlib.h>

#include "base/text.h"
#include "fuzz.h"
#include "make/hex.h"

/* The field as it would be written, at `out`; returns its length. */
static size_t field_write(struct pen_bytes bytes, char *out)
{
	if (bytes.len == 0) {
		*out = '-';
		return 1;
	}
	pen_hex(bytes, out);
	return 2 * bytes.len;
}

static void check_line(struct pen_bytes line)
{
	struct pen_pair pair;
	uint8_t *plain = malloc(line.len / 2 + 1);
	char *again = malloc(line.len + 8);
	PEN_CHECK(plain);
	PEN_CHECK(again);
	if (pen_hex_decode_line(line, plain, &pair, NULL) == 0) {
		size_t len = field_write(pair.key, again);
		again[len++] = ' ';
		len += field_write(pair.value, again + len);
		PEN_CHECK(len == line.len);
		for (size_t i = 0; i < len; i++)
			PEN_CHECK(again[i] == tolower(line.at[i]));
	}
	free(plain);
	free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	while (len) {
		const uint8_t *end = memchr(data, '\n', len);
		size_t line = end ? (size_t)(end - data) : len;
		check_line((struct pen_bytes){data, line});
		data += end ? line + 1 : line;
		len -= end ? line + 1 : line;
	}
	return 0;
}
