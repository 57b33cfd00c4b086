/* Numbers, sizes, ShardUIds, forms and hex as people type them: what is taken says the same when
 * printed.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "fuzz.h"
#include "part/form.h"
#include "part/id.h"

/* Longer texts are no different. */
#define TEXT_BYTES_MAX 64

static void check_number(const char *text)
{
	uint64_t value, size;
	char back[32];
	if (pen_number_parse(text, UINT64_MAX, &value))
		return;
	while (text[0] == '0' && text[1])
		text++;
	snprintf(back, sizeof back, "%llu", (unsigned long long)value);
	PEN_CHECK(!strcmp(text, back));
	PEN_CHECK(pen_number_parse(text, value, &value) == 0);
	PEN_CHECK(value == 0 || pen_number_parse(text, value - 1, &size) < 0);
	PEN_CHECK(pen_size_parse(text, &size) == 0);
	PEN_CHECK(size == value);
}

static void check_shard(const char *text)
{
	struct pen_shard shard, back;
	char out[PEN_SHARD_TEXT_BYTES];
	if (pen_shard_parse(text, &shard))
		return;
	PEN_CHECK(pen_shard_parse(pen_shard_text(shard, out), &back) == 0);
	PEN_CHECK(back.id == shard.id);
	PEN_CHECK(back.version == shard.version);
}

static void check_form(const char *text)
{
	enum pen_form form;
	if (pen_form_parse(text, &form) == 0)
		PEN_CHECK(!strcmp(pen_form_text(form), text));
}

static void check_hex(struct pen_bytes text)
{
	uint8_t bytes[TEXT_BYTES_MAX / 2];
	char back[TEXT_BYTES_MAX + 1];
	if (pen_hex_decode((const char *)text.at, text.len, bytes))
		return;
	PEN_CHECK(text.len % 2 == 0);
	pen_hex((struct pen_bytes){bytes, text.len / 2}, back);
	for (size_t i = 0; i < text.len; i++)
		PEN_CHECK(back[i] == tolower(text.at[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char text[TEXT_BYTES_MAX + 1] = {0};
	uint64_t size;
	if (len > TEXT_BYTES_MAX)
		return 0;
	memcpy(text, data, len);
	check_hex((struct pen_bytes){data, len});
	check_number(text);
	check_shard(text);
	check_form(text);
	pen_size_parse(text, &size);
	pen_rate_parse(text, &size);
	return 0;
}
