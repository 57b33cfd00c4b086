/* The words of HTTP that clients send: a name has no end inside, a range lies within its file. */
#include "tools/penstock/http.h"

#include "fuzz.h"

static void check_range(const char *text, uint64_t bytes)
{
	struct http_span span;
	enum http_range range = http_range(text, bytes, &span);
	PEN_CHECK(range == HTTP_RANGE_NONE || span.first <= bytes);
	PEN_CHECK(range == HTTP_RANGE_NONE || span.bytes <= bytes - span.first);
	PEN_CHECK(range != HTTP_RANGE_PART || span.bytes > 0);
	PEN_CHECK(range != HTTP_RANGE_WHOLE || span.bytes == bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char text[2 * HTTP_NAME_BYTES] = {0}, name[HTTP_NAME_BYTES], tag[HTTP_TAG_BYTES];
	if (len >= sizeof text)
		return 0;
	memcpy(text, data, len);
	if (http_name(text, name)) {
		PEN_CHECK(strlen(name) < HTTP_NAME_BYTES);
		PEN_CHECK(strlen(name) < strlen(text));
	}
	check_range(text, 0);
	check_range(text, 1);
	check_range(text, 1000);
	check_range(text, INT64_MAX);
	http_tag_listed(text, http_tag(len, (int64_t)len, tag));
	return 0;
}
