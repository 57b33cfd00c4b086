/*
 * http: the words of HTTP that a file server must understand exactly: names, ranges, entity tags
 * (RFC 9110). Pure functions over untrusted text, any thread.
 */
#ifndef PEN_TOOLS_HTTP_H
#define PEN_TOOLS_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longest name that is looked for, with its end; longer ones name no file of a store. */
#define HTTP_NAME_BYTES 1024
/* '"', two u64 in hex, '-', '"' and the end. */
#define HTTP_TAG_BYTES 40

enum http_range {
	HTTP_RANGE_WHOLE, /* none asked for, or one that we need not serve: the whole file */
	HTTP_RANGE_PART,
	HTTP_RANGE_NONE, /* cannot be satisfied: 416 */
};

/* A run of bytes of a file. */
struct http_span {
	uint64_t first, bytes;
};

/*
 * Turn the path of a request, "/a%20b", into a name in the store, "a b": percent-decoded once,
 * without the leading slash; a scheme and host before it are left out. False for what names
 * nothing: no leading slash, a bad escape, a NUL, too long.
 */
bool http_name(const char *path, char name[HTTP_NAME_BYTES]);

/*
 * What a Range header (NULL: none) asks of a file of `bytes` bytes; *span is set in any case.
 * Several ranges and other units than bytes are not served: the whole file is.
 */
enum http_range http_range(const char *header, uint64_t bytes, struct http_span *span);

/* The entity tag of a file as it is now; returns `tag`. */
const char *http_tag(uint64_t bytes, int64_t mtime_ns, char tag[HTTP_TAG_BYTES]);

/* True if an If-None-Match header (NULL: none) names this tag or any. */
bool http_tag_listed(const char *header, const char *tag);

#endif
