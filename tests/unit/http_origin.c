/* The http origin against a server of a few lines that says exactly what a row tells it to. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/wake.h"
#include "drivers/table.h"

#define BODY_MAX 100
/* No answer of this server takes so long, however busy the machine is. */
#define GET_NS_MAX (60 * PEN_NS_PER_S)

static const struct row {
	const char *name, *answer; /* the answer as it goes over the wire; NULL: silence */
	int result;
	const char *sentence; /* a part of it */
	const char *body;
	int retry_s;
	bool closes; /* the connection goes with the answer */
} rows[] = {
	{"whole", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody", 0, "", "body"},
	{"chunked",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: "
		"chunked\r\n\r\n2\r\nbo\r\n2\r\ndy\r\n0\r\n\r\n",
		0, "", "body"},
	{"empty", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 0, "", ""},
	{"moved", "HTTP/1.1 302 Found\r\nLocation: /whole\r\nContent-Length: 3\r\n\r\nbye", 0, "",
		"body"},
	{"missing", "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnope", PEN_ENOTFOUND,
		"HTTP 404"},
	{"gone", "HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n", PEN_ENOTFOUND, "HTTP 410"},
	{"forbidden", "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", -EACCES, "HTTP 403"},
	{"broken", "HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\noops", PEN_ENET, "HTTP 500"},
	{"busy", "HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n", PEN_ENET,
		"HTTP 503", NULL, 7},
	{"many", "HTTP/1.1 429 Slow\r\nRetry-After: 2\r\nContent-Length: 0\r\n\r\n", PEN_ENET,
		"HTTP 429", NULL, 2},
	{"nothing", "HTTP/1.1 204 No Content\r\n\r\n", PEN_ENET, "HTTP 204"},
	{"partial",
		"HTTP/1.1 206 Partial\r\nContent-Range: bytes 0-1/4\r\nContent-Length: 2\r\n\r\nbo",
		PEN_ENET, "HTTP 206"},
	{"short", "HTTP/1.1 200 OK\r\nContent-Length: 40\r\nConnection: close\r\n\r\nbody",
		PEN_ENET, "4 bytes of 40 announced", .closes = true},
	{"cut", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20\r\nbo", PEN_ENET,
		"cut off after 2 bytes", .closes = true},
	{"announces", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\nbody", PEN_EINPUT,
		"larger than the 100 bytes", .closes = true},
	{"endless",
		"HTTP/1.1 200 OK\r\n\r\n"
		"0123456789012345678901234567890123456789012345678901234567890123456789"
		"0123456789012345678901234567890123456789012345678901234567890123456789",
		PEN_EINPUT, "larger than the 100 bytes", .closes = true},
	{"circle", "HTTP/1.1 302 Found\r\nLocation: /circle\r\nContent-Length: 0\r\n\r\n", PEN_ENET,
		"edirect"},
	{"astray",
		"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n",
		PEN_ENET, "file"},
	{"junk", "SSH-2.0-OpenSSH_9.2\r\n", PEN_ENET, "", .closes = true},
	{"hangs_up", "", PEN_ENET, "", .closes = true},
	{"silent", NULL, -ECANCELED, "given up"},
	{"unsized",
		"HTTP/1.1 206 Partial\r\nContent-Range: bytes 0-1/*\r\nContent-Length: 2\r\n\r\nbo",
		PEN_ENET, "HTTP 206"},
	{"unranged", "HTTP/1.1 206 Partial\r\nContent-Length: 2\r\n\r\nbo", PEN_ENET, "HTTP 206"},
	{"behind", "HTTP/1.1 416 Behind\r\nContent-Length: 0\r\n\r\n", PEN_ENET, "HTTP 416"},
};

/* The same answers, to who asked for a piece. */
static const struct {
	const char *name, *asked; /* bytes of Range, which the server must have seen */
	uint64_t offset, bytes_max, object_bytes;
	int result;
	const char *sentence;
} pieces[] = {
	{"partial", "bytes=0-1", 0, 2, 4, 0, ""},
	{"partial", "bytes=7-106", 7, 100, 4, 0, ""},
	{"partial", "bytes=0-0", 0, 1, 0, PEN_EINPUT, "larger than the 1 bytes"},
	{"whole", "bytes=0-99", 0, 100, 0, PEN_ENET, "ignores ranges"},
	{"unsized", "bytes=0-99", 0, 100, 0, PEN_ENET, "how large"},
	{"unranged", "bytes=0-99", 0, 100, 0, PEN_ENET, "how large"},
	{"behind", "bytes=900-999", 900, 100, 0, PEN_ENET, "HTTP 416"},
	{"missing", "bytes=0-99", 0, 100, 0, PEN_ENOTFOUND, "HTTP 404"},
};

static char range_seen[64]; /* of the last request that had one */

struct server {
	int listener;
	char url[64];
	atomic_uint connections;
	atomic_bool quit;
	pthread_t thread;
};

/* Answer the requests of one connection; false when it is over. */
static bool answer(int fd)
{
	char request[2048], name[64] = "";
	ssize_t len = recv(fd, request, sizeof request - 1, 0);
	if (len <= 0)
		return false;
	request[len] = 0;
	sscanf(request, "GET /%63[a-z_]", name);
	const char *range = strstr(request, "Range: ");
	if (range)
		sscanf(range, "Range: %63[a-z0-9=-]", range_seen);
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		const char *text = rows[i].answer;
		if (strcmp(rows[i].name, name) || !text)
			continue;
		send(fd, text, strlen(text), MSG_NOSIGNAL);
		return !rows[i].closes;
	}
	return recv(fd, request, sizeof request, 0) > 0;
}

static void *connection_main(void *at)
{
	int fd = (int)(intptr_t)at;
	while (answer(fd))
		;
	close(fd);
	return NULL;
}

static void *server_main(void *at)
{
	struct server *server = at;
	for (;;) {
		int fd = accept(server->listener, NULL, NULL);
		if (fd < 0)
			return NULL;
		server->connections++;
		pthread_t thread;
		pthread_create(&thread, NULL, connection_main, (void *)(intptr_t)fd);
		pthread_detach(thread);
	}
}

static void server_open(struct server *server)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof address;
	memset(server, 0, sizeof *server);
	server->listener = socket(AF_INET, SOCK_STREAM, 0);
	cr_assert_eq(bind(server->listener, (void *)&address, sizeof address), 0);
	cr_assert_eq(listen(server->listener, 16), 0);
	getsockname(server->listener, (void *)&address, &len);
	snprintf(server->url, sizeof server->url, "http://me:secret@127.0.0.1:%u/",
		ntohs(address.sin_port));
	pthread_create(&server->thread, NULL, server_main, server);
}

static void server_close(struct server *server)
{
	shutdown(server->listener, SHUT_RDWR);
	pthread_join(server->thread, NULL);
	close(server->listener);
}

static struct pen_origin_done get_as(
	struct pen_origin *origin, const char *name, const struct pen_origin_get *wanted)
{
	struct pen_origin_done done = {0};
	wanted->into->len = 0;
	cr_assert_eq(origin->ops->submit(origin, wanted, 1), 1);
	/* By the clock: on a busy machine a count of turns is no time at all. */
	int64_t until_ns = pen_clock_ns() + GET_NS_MAX;
	while (pen_clock_ns() < until_ns) {
		if (origin->ops->reap(origin, &done, 1, 20 * PEN_NS_PER_MS))
			return done;
		if (!strcmp(name, "silent"))
			origin->ops->cancel(origin, 9);
	}
	cr_assert(false, "%s never ends", name);
	return done;
}

static struct pen_origin_done get(struct pen_origin *origin, const char *name, struct pen_buf *into)
{
	const struct pen_origin_get wanted = {
		.name = name, .bytes_max = BODY_MAX, .into = into, .tag = 9};
	return get_as(origin, name, &wanted);
}

static void row_check(struct pen_origin *origin, const struct row *row, struct pen_buf *into)
{
	struct pen_origin_done done = get(origin, row->name, into);
	cr_expect_eq(done.result, row->result, "%s: %d %s", row->name, done.result, done.why.text);
	cr_expect_eq(done.tag, 9);
	cr_expect_eq(done.retry_after_ns, row->retry_s * PEN_NS_PER_S, "%s", row->name);
	cr_expect(strstr(done.why.text, row->sentence), "%s: %s", row->name, done.why.text);
	cr_expect(!strstr(done.why.text, "secret"), "%s", done.why.text);
	cr_expect(into->len <= BODY_MAX, "%s", row->name);
	if (row->result) {
		cr_expect(strstr(done.why.text, row->name), "%s", done.why.text);
		return;
	}
	cr_expect_eq(into->len, strlen(row->body), "%s", row->name);
	cr_expect(!memcmp(into->at ? (char *)into->at : "", row->body, into->len), "%s", row->name);
}

/* Open a server, and an origin that asks it. */
static struct pen_origin *origin_to(struct server *server)
{
	struct pen_origin *origin;
	struct pen_why why = {0};
	server_open(server);
	cr_assert_eq(pen_origin_open(server->url, NULL, &origin, &why), 0, "%s", why.text);
	return origin;
}

Test(http_origin, says_what_the_server_said)
{
	struct server server;
	struct pen_origin *origin = origin_to(&server);
	struct pen_buf into = {0};
	cr_expect(!strstr(origin->label, "secret"));
	for (size_t i = 0; i < PEN_COUNT(rows); i++)
		row_check(origin, &rows[i], &into);
	struct pen_why why = {0};
	cr_expect_eq(origin->ops->list(origin, "", NULL, NULL, &why), -ENOSYS);
	origin->ops->close(origin);
	server_close(&server);
	pen_buf_fini(&into);
}

Test(http_origin, asks_for_pieces)
{
	struct server server;
	struct pen_origin *origin = origin_to(&server);
	struct pen_buf into = {0};
	for (size_t i = 0; i < PEN_COUNT(pieces); i++) {
		const struct pen_origin_get wanted = {.name = pieces[i].name,
			.offset = pieces[i].offset,
			.bytes_max = pieces[i].bytes_max,
			.piece = true,
			.into = &into,
			.tag = 9};
		struct pen_origin_done done = get_as(origin, pieces[i].name, &wanted);
		cr_expect_eq(done.result, pieces[i].result, "%zu: %s", i, done.why.text);
		cr_expect_eq(done.object_bytes, pieces[i].object_bytes, "%zu", i);
		cr_expect(strstr(done.why.text, pieces[i].sentence), "%zu: %s", i, done.why.text);
		cr_expect_str_eq(range_seen, pieces[i].asked);
	}
	origin->ops->close(origin);
	server_close(&server);
	pen_buf_fini(&into);
}

Test(http_origin, keeps_connections_and_wakes)
{
	struct server server;
	struct pen_origin *origin = origin_to(&server);
	struct pen_buf into = {0};
	struct pen_wake wake = PEN_WAKE_NONE;
	for (int i = 0; i < 5; i++)
		cr_expect_eq(get(origin, "whole", &into).result, 0);
	cr_expect_eq(server.connections, 1);
	cr_assert_eq(pen_wake_open(&wake), 0);
	pen_wake_signal(&wake);
	origin->wake = wake.fd;
	int64_t before = pen_clock_ns();
	cr_expect_eq(origin->ops->reap(origin, NULL, 0, 20 * PEN_NS_PER_S), 0);
	cr_expect_lt(pen_clock_ns() - before, 10 * PEN_NS_PER_S);
	server_close(&server);
	cr_expect_eq(get(origin, "silent", &into).result, -ECANCELED);
	origin->ops->close(origin);
	pen_wake_close(&wake);
	pen_buf_fini(&into);
}

Test(http_origin, refuses_words_and_dead_hosts)
{
	static const char *const words[] = {"127.0.0.1:7070", "ftp://x/y", "http://",
		"http://h/p?q", "http://h/#f", "", "dirx", "https://"};
	/* What may be written instead, servers too, though another door opens them. */
	static const char *const ways[] = {
		" HOST:PORT", " http(s)://HOST[:PORT][/PATH]", " dir:PATH"};
	struct pen_origin *origin;
	struct pen_why why;
	struct pen_buf into = {0};
	for (size_t i = 0; i < PEN_COUNT(words); i++)
		cr_expect_eq(
			pen_origin_open(words[i], NULL, &origin, &why), PEN_EUSAGE, "%s", words[i]);
	cr_assert_eq(pen_origin_open("ftp://x", NULL, &origin, &why), PEN_EUSAGE);
	for (size_t i = 0; i < PEN_COUNT(ways); i++)
		cr_expect(strstr(why.text, ways[i]), "%s: %s", ways[i], why.text);
	cr_assert_eq(pen_origin_open("http://127.0.0.1:1/a/", NULL, &origin, &why), 0);
	cr_expect_str_eq(origin->label, "http://127.0.0.1:1/a");
	struct pen_origin_done done = get(origin, "x", &into);
	cr_expect_eq(done.result, PEN_ENET);
	cr_expect(strstr(done.why.text, "http://127.0.0.1:1/a/x: "), "%s", done.why.text);
	origin->ops->close(origin);
	pen_buf_fini(&into);
}
