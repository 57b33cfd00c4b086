#include "drivers/http/answer.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"

/* An error page is read to its end, so that the connection can be used again; no longer. */
#define ANSWER_DROPPED_BYTES_MAX 65536u
/* Memory that a mere announcement may reserve; beyond it the buffer grows with what comes. */
#define ANSWER_RESERVE_BYTES_MAX ((int64_t)64 << 20)
/* Longest wait that is believed: a day; policy cuts it further. */
#define ANSWER_RETRY_S_MAX 86400

/* The buffer never holds more than the bytes that may come, not even as a reserve. */
static int answer_grow(struct http_answer *answer, size_t more)
{
	uint64_t rest = answer->bytes_max - answer->bytes_taken;
	size_t room = SIZE_MAX - answer->into->len;
	size_t cap_max = answer->into->len + (rest < room ? (size_t)rest : room);
	return pen_buf_grow_within(answer->into, more, cap_max);
}

/* Content-Range: bytes FIRST-LAST/ALL. 0 if that is not said. */
static uint64_t all_bytes(CURL *easy)
{
	struct curl_header *header;
	uint64_t bytes;
	if (curl_easy_header(easy, "Content-Range", 0, CURLH_HEADER, -1, &header))
		return 0;
	const char *all = strchr(header->value, '/');
	return all && !pen_number_parse(all + 1, INT64_MAX, &bytes) ? bytes : 0;
}

void http_answer_judge(struct http_answer *answer, CURL *easy)
{
	curl_off_t announced = -1;
	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &answer->status);
	curl_easy_getinfo(easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
	answer->announced = announced;
	answer->wanted = answer->status == (answer->ranged ? 206 : 200);
	answer->judged = true;
	if (answer->piece && answer->wanted)
		answer->object_bytes = all_bytes(easy);
	if (!answer->wanted || announced <= 0)
		return;
	if ((uint64_t)announced > answer->bytes_max)
		answer->err = PEN_EINPUT;
	else
		answer->err = answer_grow(answer,
			(size_t)(announced < ANSWER_RESERVE_BYTES_MAX ? announced
								      : ANSWER_RESERVE_BYTES_MAX));
}

int http_answer_take(struct http_answer *answer, const char *at, size_t len)
{
	answer->bytes_wire += len;
	if (!answer->wanted) {
		if (answer->bytes_wire > ANSWER_DROPPED_BYTES_MAX)
			answer->err = PEN_ENET;
	} else if (!answer->err && answer->bytes_wire > answer->bytes_max) {
		answer->err = PEN_EINPUT;
	} else if (!answer->err) {
		answer->err = answer_grow(answer, len);
		if (answer->err)
			return answer->err;
		/* The one copy on this path: curl owns its receive buffer. */
		answer->err = pen_buf_append(answer->into, at, len);
		answer->bytes_taken += len;
	}
	return answer->err;
}

static int status_fail(const struct http_answer *answer, struct pen_why *why)
{
	long status = answer->status;
	switch (status) {
	case 404:
	case 410: return pen_fail(why, PEN_ENOTFOUND, "HTTP %ld: not there", status);
	case 401:
	case 403: return pen_fail(why, -EACCES, "HTTP %ld: not allowed to read it", status);
	case 200: return pen_fail(why, PEN_ENET, "HTTP 200: the server ignores ranges");
	case 416: return pen_fail(why, PEN_ENET, "HTTP 416: it ends before the byte asked for");
	}
	if (status < 300)
		return pen_fail(why, PEN_ENET,
			"HTTP %ld: success, but not the whole object that was asked for", status);
	return pen_fail(why, PEN_ENET, "HTTP %ld", status);
}

static int cut_fail(const struct http_answer *answer, struct pen_why *why)
{
	if (answer->err == -ENOMEM)
		return pen_fail(why, -ENOMEM, "no memory after %llu bytes",
			(unsigned long long)answer->bytes_wire);
	return pen_fail(why, PEN_EINPUT, "larger than the %llu bytes that such an object can have",
		(unsigned long long)answer->bytes_max);
}

/* No body counts before its status: a broken connection is told from a short body here. */
static int curl_fail(
	const struct http_answer *answer, const struct http_ending *ending, struct pen_why *why)
{
	const char *text = ending->error[0] ? ending->error : curl_easy_strerror(ending->code);
	if (ending->code == CURLE_OUT_OF_MEMORY)
		return pen_fail(why, -ENOMEM, "%s", text);
	if (answer->wanted && answer->announced >= 0)
		return pen_fail(why, PEN_ENET, "body cut off: %llu bytes of %lld announced (%s)",
			(unsigned long long)answer->bytes_wire, (long long)answer->announced, text);
	if (answer->wanted)
		return pen_fail(why, PEN_ENET, "body cut off after %llu bytes (%s)",
			(unsigned long long)answer->bytes_wire, text);
	if (ending->code == CURLE_PEER_FAILED_VERIFICATION)
		return pen_fail(why, PEN_ENET,
			"its certificate is not trusted: %s; if it should be, name the authority "
			"that signed it with --cacert FILE",
			text);
	if (ending->code == CURLE_SSL_CACERT_BADFILE)
		return pen_fail(
			why, PEN_ENET, "the file of --cacert holds no certificate (%s)", text);
	if (ending->code == CURLE_UNSUPPORTED_PROTOCOL)
		return pen_fail(
			why, PEN_ENET, "redirected to a scheme that is not followed (%s)", text);
	return pen_fail(why, PEN_ENET, "%s", text);
}

static int64_t retry_after(CURL *easy)
{
	curl_off_t seconds = 0;
	curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &seconds);
	if (seconds <= 0)
		return 0;
	return (seconds < ANSWER_RETRY_S_MAX ? seconds : ANSWER_RETRY_S_MAX) * PEN_NS_PER_S;
}

int http_answer_end(struct http_answer *answer, struct http_ending *ending, struct pen_why *why)
{
	if (!answer->judged && ending->code == CURLE_OK)
		http_answer_judge(answer, ending->easy);
	ending->retry_after_ns = retry_after(ending->easy);
	if (answer->judged && !answer->wanted)
		return status_fail(answer, why);
	if (answer->err)
		return cut_fail(answer, why);
	if (ending->code != CURLE_OK)
		return curl_fail(answer, ending, why);
	if (answer->announced >= 0 && (uint64_t)answer->announced != answer->bytes_wire)
		return curl_fail(answer, ending, why);
	if (answer->piece && !answer->object_bytes)
		return pen_fail(why, PEN_ENET, "HTTP 206: it does not say how large the object is");
	return 0;
}
