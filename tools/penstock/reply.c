#include "reply.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "http.h"

/* "bytes u64-u64/u64" and the end. */
#define CONTENT_RANGE_BYTES 80
/* How soon to ask again for what may turn up while the store is still being read. */
#define RETRY_AFTER_S "1"

/* Queue a response and give it back. A header that could not be added for lack of memory makes the
 * answer poorer, not wrong, but for those that the callers check. */
static enum MHD_Result queue(
	struct reply *reply, unsigned status, struct MHD_Response *response, uint64_t bytes)
{
	if (!response)
		return MHD_NO;
	if (atomic_load(&reply->counts->last))
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
	if (status == MHD_HTTP_SERVICE_UNAVAILABLE)
		MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, RETRY_AFTER_S);
	enum MHD_Result result = MHD_queue_response(reply->connection, status, response);
	MHD_destroy_response(response);
	if (result != MHD_YES)
		return result;
	reply->body_bytes = reply->head ? 0 : bytes;
	atomic_fetch_add(&reply->counts->by_class[status / 100 % 6], 1);
	return MHD_YES;
}

static struct MHD_Response *copy(struct pen_bytes body)
{
	return MHD_create_response_from_buffer(
		body.len, (void *)(uintptr_t)body.at, MHD_RESPMEM_MUST_COPY);
}

enum MHD_Result reply_body(
	struct reply *reply, unsigned status, const char *type, struct pen_bytes body)
{
	struct MHD_Response *response = copy(body);
	if (response)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	return queue(reply, status, response, body.len);
}

enum MHD_Result reply_text(struct reply *reply, unsigned status, const char *text)
{
	return reply_body(reply, status, "text/plain",
		(struct pen_bytes){(const uint8_t *)text, strlen(text)});
}

bool reply_method(struct reply *reply, const char *method, enum MHD_Result *result)
{
	static const char text[] = "only GET and HEAD\n";
	reply->head = !strcmp(method, MHD_HTTP_METHOD_HEAD);
	if (reply->head || !strcmp(method, MHD_HTTP_METHOD_GET))
		return true;
	struct MHD_Response *response = copy(
		(struct pen_bytes){(const uint8_t *)text, sizeof text - 1});
	if (response)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	*result = queue(reply, MHD_HTTP_METHOD_NOT_ALLOWED, response, sizeof text - 1);
	return false;
}

static const char *header(const struct reply *reply, const char *name)
{
	return MHD_lookup_connection_value(reply->connection, MHD_HEADER_KIND, name);
}

static enum MHD_Result without_body(
	struct reply *reply, unsigned status, const char *tag, const char *range)
{
	struct MHD_Response *response = copy((struct pen_bytes){(const uint8_t *)"", 0});
	if (response)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ETAG, tag);
	if (response && range)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_RANGE, range);
	return queue(reply, status, response, 0);
}

/* The descriptor belongs to the response from here on. */
static enum MHD_Result with_span(struct reply *reply, const struct reply_file *file,
	const struct http_span *span, const char *tag, const char *range)
{
	struct MHD_Response *response = MHD_create_response_from_fd_at_offset64(
		span->bytes, file->fd, span->first);
	if (!response) {
		close(file->fd);
		return MHD_NO;
	}
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/octet-stream");
	MHD_add_response_header(response, MHD_HTTP_HEADER_ETAG, tag);
	MHD_add_response_header(response, MHD_HTTP_HEADER_ACCEPT_RANGES, "bytes");
	/* A part without its range would pass for the whole file. */
	if (range &&
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_RANGE, range) !=
			MHD_YES) {
		MHD_destroy_response(response);
		return MHD_NO;
	}
	return queue(reply, range ? MHD_HTTP_PARTIAL_CONTENT : MHD_HTTP_OK, response, span->bytes);
}

enum MHD_Result reply_file(struct reply *reply, const struct reply_file *file)
{
	char tag[HTTP_TAG_BYTES], range[CONTENT_RANGE_BYTES];
	struct http_span span;
	http_tag(file->bytes, file->mtime_ns, tag);
	if (http_tag_listed(header(reply, MHD_HTTP_HEADER_IF_NONE_MATCH), tag)) {
		close(file->fd);
		return without_body(reply, MHD_HTTP_NOT_MODIFIED, tag, NULL);
	}
	/* A range of a file that has changed since would be glued to the old one; and only for GET
	 * is there such a thing (RFC 9110, 14.2). */
	const char *same = header(reply, MHD_HTTP_HEADER_IF_RANGE);
	const char *asked = reply->head || (same && strcmp(same, tag) != 0)
		? NULL
		: header(reply, MHD_HTTP_HEADER_RANGE);
	switch (http_range(asked, file->bytes, &span)) {
	case HTTP_RANGE_WHOLE: return with_span(reply, file, &span, tag, NULL);
	case HTTP_RANGE_PART:
		snprintf(range, sizeof range, "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, span.first,
			span.first + span.bytes - 1, file->bytes);
		return with_span(reply, file, &span, tag, range);
	case HTTP_RANGE_NONE: break;
	}
	close(file->fd);
	snprintf(range, sizeof range, "bytes */%" PRIu64, file->bytes);
	return without_body(reply, MHD_HTTP_RANGE_NOT_SATISFIABLE, tag, range);
}
