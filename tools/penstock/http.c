#include "http.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

bool http_name(const char *path, char name[HTTP_NAME_BYTES])
{
	size_t len = 0;
	/* As a proxy asks, and every server must understand (RFC 9112, 3.2.2). */
	if (!strncasecmp(path, "http://", 7))
		path += 7 + strcspn(path + 7, "/");
	if (*path++ != '/')
		return false;
	for (; *path; path++) {
		uint8_t byte = (uint8_t)*path;
		if (byte == '%') {
			size_t left = strnlen(path + 1, 2);
			if (left < 2 || pen_hex_decode(path + 1, 2, &byte) || byte == 0)
				return false;
			path += 2;
		}
		if (len + 1 >= HTTP_NAME_BYTES)
			return false;
		name[len++] = (char)byte;
	}
	name[len] = 0;
	return true;
}

/* Read digits at *at; false if there are none or too many. */
static bool digits(const char **at, uint64_t *out)
{
	char text[24];
	size_t len = strspn(*at, "0123456789");
	if (len == 0 || len >= sizeof text)
		return false;
	memcpy(text, *at, len);
	text[len] = 0;
	*at += len;
	return pen_number_parse(text, INT64_MAX, out) == 0;
}

/* "-n": the last n bytes. */
static enum http_range last_bytes(const char *at, uint64_t bytes, struct http_span *span)
{
	uint64_t count;
	if (!digits(&at, &count) || *at)
		return HTTP_RANGE_WHOLE;
	if (count == 0 || bytes == 0)
		return HTTP_RANGE_NONE;
	if (count > bytes)
		count = bytes;
	*span = (struct http_span){bytes - count, count};
	return HTTP_RANGE_PART;
}

enum http_range http_range(const char *header, uint64_t bytes, struct http_span *span)
{
	uint64_t first, last = UINT64_MAX;
	*span = (struct http_span){0, bytes};
	if (!header || strncmp(header, "bytes=", 6) != 0)
		return HTTP_RANGE_WHOLE;
	const char *at = header + 6;
	if (*at == '-')
		return last_bytes(at + 1, bytes, span);
	if (!digits(&at, &first) || *at++ != '-')
		return HTTP_RANGE_WHOLE;
	if (*at && (!digits(&at, &last) || *at || last < first))
		return HTTP_RANGE_WHOLE;
	if (first >= bytes)
		return HTTP_RANGE_NONE;
	if (last >= bytes)
		last = bytes - 1;
	*span = (struct http_span){first, last - first + 1};
	return HTTP_RANGE_PART;
}

const char *http_tag(uint64_t bytes, int64_t mtime_ns, char tag[HTTP_TAG_BYTES])
{
	snprintf(tag, HTTP_TAG_BYTES, "\"%" PRIx64 "-%" PRIx64 "\"", bytes, (uint64_t)mtime_ns);
	return tag;
}

bool http_tag_listed(const char *header, const char *tag)
{
	/* The tag carries its quotes, so it is found as a whole, with or without W/. */
	return header && (!strcmp(header, "*") || strstr(header, tag));
}
