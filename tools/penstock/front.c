#include "front.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "drivers/dir/beneath.h"
#include "front_root.h"
#include "http.h"
#include "reply.h"
#include "store/store.h"

/* Open connections in all: one file and 16 KiB each stay far below any machine's limits. */
#define FRONT_CONNECTIONS_MAX 1024u
/* Of one address: a client with 64 fetches in flight fills any link, and 16 can be served. */
#define FRONT_ADDRESS_MAX 64u
/* A connection on which nothing moves for so long is dead. */
#define FRONT_IDLE_S 30u
/* Threads: a read that waits for the disk holds up only the connections of its own thread. */
#define FRONT_THREADS 4u
/* Of one connection; a longer header is refused. */
#define FRONT_CONNECTION_BYTES ((size_t)16 << 10)
/* How often the end of the last requests is looked for. */
#define FRONT_DRAIN_NS (10 * PEN_NS_PER_MS)

struct front {
	struct MHD_Daemon *daemon;
	int root; /* descriptor of the store */
	struct shelf *shelf;
	int (*metrics)(void *context, struct pen_buf *out);
	void *context; /* of metrics */
	struct reply_counts counts;
};

/* The library would decode names in place and cut them at a NUL; http_name does it instead. */
static size_t leave_escaped(void *context, struct MHD_Connection *connection, char *text)
{
	(void)context, (void)connection;
	return strlen(text);
}

/* True if a component of the name is our own directory. */
static bool is_private(const char *name)
{
	for (const char *at = name; at; at = strchr(at, '/')) {
		at += *at == '/';
		size_t len = strcspn(at, "/");
		if (len == strlen(PEN_STORE_SIDE) && !memcmp(at, PEN_STORE_SIDE, len))
			return true;
	}
	return false;
}

static enum MHD_Result answer_failed(struct reply *reply, int err)
{
	switch (err) {
	case -ENOENT:
	case -ENOTDIR:
	case -EISDIR: return reply_text(reply, MHD_HTTP_NOT_FOUND, "not found\n");
	case -EXDEV:
	case -EACCES:
	case -ELOOP:
	case -ENAMETOOLONG: return reply_text(reply, MHD_HTTP_NOT_FOUND, "no such name\n");
	default: return reply_text(reply, MHD_HTTP_INTERNAL_SERVER_ERROR, "cannot be read now\n");
	}
}

/* Open a file of the store. 0 or -errno; -EISDIR for a directory. */
static int file_open(const struct front *front, const char *name, struct reply_file *file)
{
	struct stat stat;
	int fd = pen_beneath_open(front->root, name, O_RDONLY, &stat);
	if (fd < 0)
		return fd;
	if (S_ISDIR(stat.st_mode)) {
		close(fd);
		return -EISDIR;
	}
	*file = (struct reply_file){fd, (uint64_t)stat.st_size,
		(int64_t)stat.st_mtim.tv_sec * PEN_NS_PER_S + stat.st_mtim.tv_nsec};
	return 0;
}

static enum MHD_Result answer_file(struct front *front, struct reply *reply, const char *name)
{
	struct reply_file file;
	if (!name[0] || is_private(name))
		return reply_text(reply, MHD_HTTP_NOT_FOUND, "not found\n");
	int err = file_open(front, name, &file);
	return err ? answer_failed(reply, err) : reply_file(reply, &file);
}

/* Serve a part that was looked up, if its file is still the one that was proved. */
static enum MHD_Result answer_part(
	struct front *front, struct reply *reply, const struct root_part *part)
{
	struct reply_file file;
	int err = file_open(front, part->path, &file);
	if (err)
		return answer_failed(reply, err);
	if (file.bytes == part->bytes && file.mtime_ns == part->mtime_ns)
		return reply_file(reply, &file);
	close(file.fd);
	return reply_text(reply, MHD_HTTP_SERVICE_UNAVAILABLE, "it has just changed\n");
}

static enum MHD_Result answer_root(struct front *front, struct reply *reply, const char *rest)
{
	struct pen_buf body = {0};
	struct root_part part;
	const struct shelf_view *view = shelf_get(front->shelf);
	unsigned status = root_answer(view, rest, &part, &body);
	shelf_put(front->shelf, view);
	enum MHD_Result result = status == ROOT_IS_PART
		? answer_part(front, reply, &part)
		: reply_body(reply, status, "application/json", pen_buf_bytes(&body));
	pen_buf_fini(&body);
	return result;
}

static enum MHD_Result answer_metrics(struct front *front, struct reply *reply)
{
	struct pen_buf body = {0};
	const struct shelf_view *view = shelf_get(front->shelf);
	int err = root_metrics(view, &front->counts, &body);
	shelf_put(front->shelf, view);
	if (!err)
		err = front->metrics(front->context, &body);
	enum MHD_Result result = err
		? answer_failed(reply, err)
		: reply_body(reply, MHD_HTTP_OK, "text/plain; version=0.0.4", pen_buf_bytes(&body));
	pen_buf_fini(&body);
	return result;
}

static enum MHD_Result answer(struct front *front, struct reply *reply, const char *path)
{
	char name[HTTP_NAME_BYTES];
	if (!http_name(path, name))
		return reply_text(reply, MHD_HTTP_BAD_REQUEST, "bad name\n");
	if (!strcmp(name, "metrics"))
		return answer_metrics(front, reply);
	if (!strncmp(name, "root/", 5))
		return answer_root(front, reply, name + 5);
	return answer_file(front, reply, name);
}

/* A request whose header is there. Whoever is answered now loses the connection, as a body may
 * follow; so only what is refused is. */
static enum MHD_Result begin(
	struct front *front, struct MHD_Connection *connection, const char *method, void **request)
{
	struct reply *reply = calloc(1, sizeof *reply);
	enum MHD_Result result = MHD_YES;
	if (!reply)
		return MHD_NO;
	reply->connection = connection;
	reply->counts = &front->counts;
	*request = reply;
	atomic_fetch_add(&front->counts.begun, 1);
	reply_method(reply, method, &result);
	return result;
}

/* Called for the header of a request, for each piece of its body, which nobody wants, and when it
 * is complete. */
static enum MHD_Result on_request(void *context, struct MHD_Connection *connection,
	const char *path, const char *method, const char *version, const char *data,
	size_t *data_bytes, void **request)
{
	(void)version, (void)data;
	if (!*request)
		return begin(context, connection, method, request);
	if (*data_bytes == 0)
		return answer(context, *request, path);
	*data_bytes = 0;
	return MHD_YES;
}

static void on_completed(void *context, struct MHD_Connection *connection, void **request,
	enum MHD_RequestTerminationCode how)
{
	struct front *front = context;
	struct reply *reply = *request;
	(void)connection;
	if (!reply)
		return;
	if (how == MHD_REQUEST_TERMINATED_COMPLETED_OK)
		atomic_fetch_add(&front->counts.bytes, reply->body_bytes);
	else
		atomic_fetch_add(&front->counts.cut, 1);
	atomic_fetch_add(&front->counts.ended, 1);
	free(reply);
	*request = NULL;
}

static void on_connection(void *context, struct MHD_Connection *connection, void **socket,
	enum MHD_ConnectionNotificationCode what)
{
	struct front *front = context;
	(void)connection, (void)socket;
	if (what == MHD_CONNECTION_NOTIFY_STARTED)
		atomic_fetch_add(&front->counts.accepted, 1);
	else
		atomic_fetch_add(&front->counts.closed, 1);
}

static struct MHD_Daemon *daemon_start(struct front *front, int listener)
{
	/* No error log: nothing that a client sends may write a line. */
	return MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC, 0, NULL, NULL,
		on_request, front, MHD_OPTION_LISTEN_SOCKET, listener, MHD_OPTION_THREAD_POOL_SIZE,
		FRONT_THREADS, MHD_OPTION_CONNECTION_LIMIT, FRONT_CONNECTIONS_MAX,
		MHD_OPTION_PER_IP_CONNECTION_LIMIT, FRONT_ADDRESS_MAX,
		MHD_OPTION_CONNECTION_TIMEOUT, FRONT_IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		FRONT_CONNECTION_BYTES, MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, front, MHD_OPTION_NOTIFY_CONNECTION,
		on_connection, front, MHD_OPTION_END);
}

int front_check(struct pen_why *why)
{
	(void)why;
	return 0;
}

int front_open(const struct front_config *config, struct front **out, struct pen_why *why)
{
	struct front *front = calloc(1, sizeof *front);
	int root = open(config->store, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err = !front ? -ENOMEM : root < 0 ? -errno : 0;
	if (!err) {
		front->root = root;
		front->shelf = config->shelf;
		front->metrics = config->metrics;
		front->context = config->context;
		front->daemon = daemon_start(front, config->listener);
		err = front->daemon ? 0 : errno ? -errno : -ENOMEM;
	}
	if (!err) {
		*out = front;
		return 0;
	}
	close(config->listener);
	if (root >= 0)
		close(root);
	free(front);
	return pen_fail(why, err, "cannot serve %s: %s", config->store, strerror(-err));
}

static bool requests_open(struct front *front)
{
	return atomic_load(&front->counts.begun) != atomic_load(&front->counts.ended);
}

void front_close(struct front *front, int64_t wait_ns)
{
	if (!front)
		return;
	int64_t end_ns = pen_clock_ns() + wait_ns;
	atomic_store(&front->counts.last, true);
	int listener = MHD_quiesce_daemon(front->daemon);
	if (listener >= 0)
		close(listener);
	while (requests_open(front) && pen_clock_ns() < end_ns)
		pen_clock_sleep_ns(FRONT_DRAIN_NS);
	MHD_stop_daemon(front->daemon);
	close(front->root);
	free(front);
}
