/* Names of a store's files and directories: what is read is written the same, and never leaves it.
 */
#include "fuzz.h"
#include "store/layout.h"

static void check_labels(const char *text)
{
	struct pen_labels labels;
	char name[PEN_NAME_BYTES];
	if (pen_labels_parse(text, &labels))
		return;
	PEN_CHECK(pen_chain_valid(labels.chain));
	PEN_CHECK(!strstr(text, ".."));
	PEN_CHECK(!strcmp(pen_labels_dir(&labels, name), text));
}

static void check_part(const char *text)
{
	enum pen_form form;
	uint32_t k, n;
	char name[PEN_PART_NAME_BYTES];
	if (pen_part_name_parse(text, &form, &k, &n))
		return;
	PEN_CHECK(!strcmp(pen_part_name(form, k, n, name), text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char text[PEN_NAME_BYTES + 16] = {0};
	if (len >= sizeof text)
		return 0;
	memcpy(text, data, len);
	check_labels(text);
	check_part(text);
	return 0;
}
