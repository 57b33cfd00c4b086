#include "make/hex.h"

#include <ctype.h>

#include "base/check.h"
#include "base/text.h"

/* One field and what may be in it. */
struct field {
	const char *name;
	struct pen_bytes text;
	size_t column; /* of its first character, from 1 */
	size_t bytes_max;
};

static int refuse_digit(const struct field *field, struct pen_why *why)
{
	size_t i = 0;
	while (i < field->text.len && isxdigit(field->text.at[i]))
		i++;
	PEN_CHECK(i < field->text.len);
	unsigned char c = field->text.at[i];
	if (c == '\r')
		return pen_fail(why, PEN_EINPUT,
			"it ends in a carriage return: remove them with tr -d '\\r'");
	return pen_fail(why, PEN_EINPUT,
		isprint(c) ? "'%c' in column %zu of the line is no hex digit of the %s"
			   : "byte 0x%02x in column %zu of the line is no hex digit of the %s",
		c, field->column + i, field->name);
}

static int decode_field(
	const struct field *field, uint8_t *plain, struct pen_bytes *out, struct pen_why *why)
{
	*out = (struct pen_bytes){plain, 0};
	if (!field->text.len)
		return pen_fail(
			why, PEN_EINPUT, "the %s is missing; '-' stands for no bytes", field->name);
	if (field->text.len == 1 && field->text.at[0] == '-')
		return 0;
	if (field->text.len > 2 * field->bytes_max)
		return pen_fail(why, PEN_EINPUT, "the %s is longer than %zu bytes", field->name,
			field->bytes_max);
	/* An odd tail must not hide a character that is no digit: it is the better message. */
	size_t even = field->text.len & ~(size_t)1;
	const char *text = (const char *)field->text.at;
	if (pen_hex_decode(text, even, plain) ||
		(even < field->text.len && !isxdigit(field->text.at[even])))
		return refuse_digit(field, why);
	if (even < field->text.len)
		return pen_fail(why, PEN_EINPUT, "the %s has an odd number of hex digits, %zu",
			field->name, field->text.len);
	out->len = even / 2;
	return 0;
}

int pen_hex_decode_line(
	struct pen_bytes line, uint8_t *plain, struct pen_pair *out, struct pen_why *why)
{
	if (!line.len)
		return pen_fail(why, PEN_EINPUT, "it is empty; '- -' stands for no bytes twice");
	const uint8_t *blank = memchr(line.at, ' ', line.len);
	size_t first = blank ? (size_t)(blank - line.at) : line.len;
	size_t second = blank ? first + 1 : line.len;
	struct field key = {"key", {line.at, first}, 1, PEN_KEY_BYTES_MAX};
	struct field value = {
		"value", {line.at + second, line.len - second}, second + 1, PEN_VALUE_BYTES_MAX};
	int err = decode_field(&key, plain, &out->key, why);
	if (!err)
		err = decode_field(&value, plain + out->key.len, &out->value, why);
	return err;
}
