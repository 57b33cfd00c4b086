/*
 * The origin behind http:// and https://: libcurl's multi interface, driven from reap. Bytes go
 * from curl's receive buffer straight behind the caller's. Connections are kept and used again by
 * the multi handle; easy handles live as long as the origin.
 */
#include "drivers/http/http.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "drivers/http/answer.h"
#include "drivers/http/place.h"

/* Gets in flight: more connections than this to one server are an attack, not a transfer. */
#define HTTP_DEPTH_MAX 64u
/* A mirror may name another host, and that one its https side; more is a loop. */
#define HTTP_REDIRECTS_MAX 3L
/* Seconds until a TCP and TLS handshake must be through. */
#define HTTP_CONNECT_S 10L
/* curl's receive buffer: the largest it takes, fewer calls a part. */
#define HTTP_BUFFER_BYTES 524288L
/* One sleep at most: what a poll in milliseconds can surely hold. */
#define HTTP_DOZE_NS_MAX (60 * PEN_NS_PER_S)

/* Under a cap: bytes of so small a part of a second may come at once, and who waits is looked at so
 * often. */
#define HTTP_RATE_SLICES 20u
#define HTTP_PAUSE_NS (5 * PEN_NS_PER_MS)

struct http;

struct http_get {
	struct http *http; /* whose it is */
	CURL *easy; /* made at the first use of the slot */
	bool busy;
	bool paused; /* until the cap lets it take more */
	struct pen_origin_get get; /* as submitted */
	struct http_answer answer;
	char *url;
	char range[48]; /* of a piece: FIRST-LAST */
	char error[CURL_ERROR_SIZE];
};

struct http {
	struct pen_origin origin; /* first: the port's view */
	CURLM *multi;
	struct http_place place;
	char *cacert; /* PEM file to trust, NULL for the system's */
	uint64_t rate; /* bytes a second of all gets; 0: no cap */
	int64_t may; /* bytes that may be taken now, under a cap; a chunk may go beyond it */
	int64_t may_ns; /* when that was so */
	struct http_get gets[HTTP_DEPTH_MAX];
	struct pen_origin_done done[HTTP_DEPTH_MAX]; /* ended, not yet reaped; oldest first */
	unsigned busy_count, done_count;
};

static struct http *self(struct pen_origin *origin)
{
	return (struct http *)origin;
}

static size_t on_body(char *at, size_t size, size_t count, void *context)
{
	struct http_get *get = context;
	struct http *http = get->http;
	if (http->rate && http->may <= 0) {
		get->paused = true;
		return CURL_WRITEFUNC_PAUSE;
	}
	http->may -= (int64_t)(size * count);
	if (!get->answer.judged)
		http_answer_judge(&get->answer, get->easy);
	return http_answer_take(&get->answer, at, size * count) ? 0 : size * count;
}

/* Time has passed: more may be taken, and those that waited for it go on. */
static void rate_refill(struct http *http)
{
	int64_t now = pen_clock_ns(), most = (int64_t)(http->rate / HTTP_RATE_SLICES) + 1;
	double more = (double)(now - http->may_ns) / PEN_NS_PER_S * (double)http->rate;
	if (more < 1)
		return;
	http->may_ns = now;
	http->may = more < (double)(most - http->may) ? http->may + (int64_t)more : most;
	for (unsigned i = 0; i < HTTP_DEPTH_MAX && http->may > 0; i++) {
		struct http_get *get = &http->gets[i];
		if (!get->busy || !get->paused)
			continue;
		get->paused = false;
		curl_easy_pause(get->easy, CURLPAUSE_CONT);
	}
}

static bool is_paused(const struct http *http)
{
	for (unsigned i = 0; i < HTTP_DEPTH_MAX; i++) {
		if (http->gets[i].busy && http->gets[i].paused)
			return true;
	}
	return false;
}

static void options_set(struct http *http, struct http_get *get)
{
	CURL *easy = get->easy;
	curl_easy_reset(easy);
	curl_easy_setopt(easy, CURLOPT_URL, get->url);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, get);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, get->error);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "penstock");
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, HTTP_CONNECT_S);
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, HTTP_BUFFER_BYTES);
	/* Several gets over one HTTP/2 connection would share its one window: parts want many. */
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(easy, CURLOPT_MAXREDIRS, HTTP_REDIRECTS_MAX);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(
		easy, CURLOPT_REDIR_PROTOCOLS_STR, http->place.secure ? "https" : "http,https");
	/* The usual proxy variables hold, but never for this machine itself. */
	if (http->place.loopback)
		curl_easy_setopt(easy, CURLOPT_PROXY, "");
	if (http->cacert)
		curl_easy_setopt(easy, CURLOPT_CAINFO, http->cacert);
	if (get->get.piece)
		curl_easy_setopt(easy, CURLOPT_RANGE, get->range);
	else if (get->get.offset)
		curl_easy_setopt(easy, CURLOPT_RESUME_FROM_LARGE, (curl_off_t)get->get.offset);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, get);
}

static void get_end(struct http *http, struct http_get *get)
{
	curl_multi_remove_handle(http->multi, get->easy);
	free(get->url);
	get->url = NULL;
	get->busy = false;
	http->busy_count--;
}

/* The slot for the next result; there is one for every get that can be in flight. */
static struct pen_origin_done *done_add(struct http *http, uint64_t tag)
{
	PEN_CHECK(http->done_count < HTTP_DEPTH_MAX);
	struct pen_origin_done *done = &http->done[http->done_count++];
	memset(done, 0, sizeof *done);
	done->tag = tag;
	return done;
}

static bool get_start(struct http *http, const struct pen_origin_get *wanted)
{
	struct http_get *get = http->gets;
	while (get->busy)
		get++;
	if (!get->easy)
		get->easy = curl_easy_init();
	get->url = http_place_url(&http->place, wanted->name);
	if (!get->easy || !get->url)
		goto refuse;
	get->http = http;
	get->paused = false;
	get->get = *wanted;
	get->error[0] = 0;
	get->answer = (struct http_answer){.into = wanted->into,
		.ranged = wanted->offset > 0 || wanted->piece,
		.piece = wanted->piece,
		.bytes_max = wanted->bytes_max,
		.announced = -1};
	snprintf(get->range, sizeof get->range, "%llu-%llu", (unsigned long long)wanted->offset,
		(unsigned long long)(wanted->offset + wanted->bytes_max - 1));
	options_set(http, get);
	if (curl_multi_add_handle(http->multi, get->easy) != CURLM_OK)
		goto refuse;
	get->busy = true;
	http->busy_count++;
	return true;
refuse:
	free(get->url);
	get->url = NULL;
	return false;
}

static unsigned http_submit(
	struct pen_origin *origin, const struct pen_origin_get *gets, unsigned count)
{
	struct http *http = self(origin);
	unsigned taken = 0;
	for (; taken < count; taken++) {
		if (http->busy_count + http->done_count == HTTP_DEPTH_MAX)
			break;
		if (get_start(http, &gets[taken]))
			continue;
		struct pen_origin_done *done = done_add(http, gets[taken].tag);
		done->result = pen_fail(&done->why, -ENOMEM, "%s/%s: no memory for the request",
			origin->label, gets[taken].name);
	}
	return taken;
}

static void on_ended(struct http *http, struct http_get *get, CURLcode code)
{
	struct pen_origin_done *done = done_add(http, get->get.tag);
	struct http_ending ending = {.code = code, .error = get->error, .easy = get->easy};
	done->result = http_answer_end(&get->answer, &ending, &done->why);
	done->retry_after_ns = ending.retry_after_ns;
	done->bytes_wire = get->answer.bytes_wire;
	done->object_bytes = done->result ? 0 : get->answer.object_bytes;
	if (done->result)
		pen_fail_prefix(
			&done->why, done->result, "%s/%s", http->origin.label, get->get.name);
	get_end(http, get);
}

static void collect(struct http *http)
{
	int running, left;
	if (http->rate)
		rate_refill(http);
	curl_multi_perform(http->multi, &running);
	for (CURLMsg *message; (message = curl_multi_info_read(http->multi, &left));) {
		if (message->msg != CURLMSG_DONE)
			continue;
		CURLcode code = message->data.result;
		struct http_get *get;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&get);
		on_ended(http, get, code);
	}
}

/* Wait for sockets, for `wake` and for time, whichever is first. True: `wake` is readable. */
static bool doze(struct http *http, int64_t ns)
{
	struct curl_waitfd wake = {.fd = http->origin.wake, .events = CURL_WAIT_POLLIN};
	int64_t most = http->rate && is_paused(http) ? HTTP_PAUSE_NS : HTTP_DOZE_NS_MAX;
	ns = ns < most ? ns : most;
	int ms = (int)((ns + PEN_NS_PER_MS - 1) / PEN_NS_PER_MS);
	curl_multi_poll(http->multi, wake.fd >= 0 ? &wake : NULL, wake.fd >= 0, ms, NULL);
	return wake.revents != 0;
}

static unsigned http_reap(
	struct pen_origin *origin, struct pen_origin_done *done, unsigned max, int64_t wait_ns)
{
	struct http *http = self(origin);
	int64_t until = wait_ns > 0 ? pen_clock_ns() + wait_ns : 0;
	collect(http);
	while (http->done_count == 0 && wait_ns > 0) {
		bool woken = doze(http, wait_ns);
		collect(http);
		if (woken)
			break;
		wait_ns = until - pen_clock_ns();
	}
	unsigned count = http->done_count < max ? http->done_count : max;
	if (count == 0)
		return 0;
	memcpy(done, http->done, count * sizeof *done);
	http->done_count -= count;
	memmove(http->done, http->done + count, http->done_count * sizeof *done);
	return count;
}

static void http_cancel(struct pen_origin *origin, uint64_t tag)
{
	struct http *http = self(origin);
	for (unsigned i = 0; i < HTTP_DEPTH_MAX; i++) {
		struct http_get *get = &http->gets[i];
		if (!get->busy || get->get.tag != tag)
			continue;
		struct pen_origin_done *done = done_add(http, tag);
		done->bytes_wire = get->answer.bytes_wire;
		done->result = pen_fail(
			&done->why, -ECANCELED, "%s/%s: given up", origin->label, get->get.name);
		get_end(http, get);
		return;
	}
}

static int http_list(struct pen_origin *origin, const char *prefix, pen_origin_list_fn fn,
	void *context, struct pen_why *why)
{
	(void)prefix, (void)fn, (void)context;
	return pen_fail(why, -ENOSYS, "%s: an http server cannot be listed", origin->label);
}

static int http_put(
	struct pen_origin *origin, const char *name, struct pen_bytes object, struct pen_why *why)
{
	(void)object;
	return pen_fail(why, -ENOSYS, "%s/%s: http sources are read only", origin->label, name);
}

static void http_free(struct http *http)
{
	curl_multi_cleanup(http->multi);
	http_place_fini(&http->place);
	free(http->cacert);
	free(http);
}

static void http_close(struct pen_origin *origin)
{
	struct http *http = self(origin);
	if (!http)
		return;
	for (unsigned i = 0; i < HTTP_DEPTH_MAX; i++) {
		if (http->gets[i].busy)
			get_end(http, &http->gets[i]);
		curl_easy_cleanup(http->gets[i].easy);
	}
	http_free(http);
}

static const struct pen_origin_ops http_ops = {
	.submit = http_submit,
	.reap = http_reap,
	.cancel = http_cancel,
	.list = http_list,
	.put = http_put,
	.close = http_close,
};

static void curl_start(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* A file that cannot be read is told now, by its own name, and not as a failure of the network. */
static int cacert_set(struct http *http, const char *path, struct pen_why *why)
{
	if (access(path, R_OK)) {
		int err = -errno;
		return pen_fail(why, err, "--cacert %s: %s", path, pen_err_text(err));
	}
	http->cacert = strdup(path);
	return http->cacert ? 0 : pen_fail(why, -ENOMEM, "no memory for an http source");
}

int pen_origin_open_http(const char *source, const struct pen_origin_options *options,
	struct pen_origin **origin, struct pen_why *why)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, curl_start);
	struct http *http = calloc(1, sizeof *http);
	if (!http)
		return pen_fail(why, -ENOMEM, "no memory for an http source");
	int err = http_place_init(&http->place, source, why);
	http->rate = options->rate < INT64_MAX ? options->rate : 0;
	if (!err && options->cacert)
		err = cacert_set(http, options->cacert, why);
	if (!err && !(http->multi = curl_multi_init()))
		err = pen_fail(why, -ENOMEM, "no memory for an http source");
	if (err) {
		http_free(http);
		return err;
	}
	curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, (long)HTTP_DEPTH_MAX);
	http->origin = (struct pen_origin){.ops = &http_ops,
		.label = http->place.label,
		.depth_max = HTTP_DEPTH_MAX,
		.wake = -1};
	*origin = &http->origin;
	return 0;
}
