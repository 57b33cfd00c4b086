/*
 * answer: what an HTTP response means for a get: which status lets the body in, how much of it may
 * come, and which code and sentence its end amounts to.
 */
#ifndef PEN_DRIVERS_HTTP_ANSWER_H
#define PEN_DRIVERS_HTTP_ANSWER_H

#include <curl/curl.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

struct http_answer {
	struct pen_buf *into; /* the caller's; appended to while the status is the one wanted */
	uint64_t bytes_max; /* of the body */
	bool ranged; /* a part of the object was asked for: 206, not 200 */
	bool piece; /* of that, its end was given too: it is known then how large the object is: */
	uint64_t object_bytes; /* 0: it is not */
	bool judged; /* status and announced length are known */
	bool wanted; /* the body is what was asked for, else it is read and dropped */
	long status; /* 0 before the first response */
	int64_t announced; /* Content-Length, -1 if there was none */
	uint64_t bytes_wire; /* body bytes that came, dropped ones too */
	uint64_t bytes_taken; /* of them, what `into` has */
	int err; /* why the body was cut off: PEN_EINPUT, -ENOMEM, or 0 */
};

/* How the transfer ended, as curl sees it. */
struct http_ending {
	CURLcode code;
	const char *error; /* curl's own words, may be empty */
	CURL *easy;
	int64_t retry_after_ns; /* set by http_answer_end */
};

/* Read the status and length once the first byte of the final body (or its end) is there. */
void http_answer_judge(struct http_answer *answer, CURL *easy);

/* Take body bytes. 0, or the error that cuts the body off. */
int http_answer_take(struct http_answer *answer, const char *at, size_t len);

/* The result of the get as port/origin.h defines it, and the sentence (without the URL). */
int http_answer_end(struct http_answer *answer, struct http_ending *ending, struct pen_why *why);

#endif
