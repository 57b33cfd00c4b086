/*
 * hostile: a web server of one directory that misbehaves for one object.
 * usage: hostile DIR MODE [NAME]      NAME: the object to misbehave for; all if left out
 *   ok, 404, 500     as they say
 *   truncated        announces everything, sends half, closes
 *   other            the body of another file of the directory
 *   garbage          as many bytes as announced, all wrong
 *   slow             a byte every 100 ms
 *   silent           takes the request and says nothing
 *   reset            closes at once
 *   endless          a body without announced length that does not end
 * Prints its port and serves until killed, at most 120 s.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "listener.h"

static const char *dir, *mode, *only;

static int put(int fd, const void *bytes, size_t len)
{
	const char *at = bytes;
	while (len) {
		ssize_t sent = send(fd, at, len, MSG_NOSIGNAL);
		if (sent <= 0)
			return -1;
		at += sent;
		len -= (size_t)sent;
	}
	return 0;
}

static int put_head(int fd, const char *status, long len)
{
	char head[256];
	int n = len < 0
		? snprintf(head, sizeof head, "HTTP/1.1 %s\r\nConnection: close\r\n\r\n", status)
		: snprintf(head, sizeof head,
			  "HTTP/1.1 %s\r\nContent-Length: %ld\r\nConnection: close\r\n\r\n", status,
			  len);
	return put(fd, head, (size_t)n);
}

/* The file of this name, or of any other name in the directory. */
static char *load(const char *name, int other, size_t *len)
{
	char path[2048];
	DIR *listing = other ? opendir(dir) : NULL;
	snprintf(path, sizeof path, "%s/%s", dir, name);
	for (struct dirent *entry; listing && (entry = readdir(listing));) {
		if (strcmp(entry->d_name, name) && !strncmp(entry->d_name, "state_part_", 11))
			snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
	}
	if (listing)
		closedir(listing);
	int fd = open(path, O_RDONLY);
	struct stat stat;
	if (fd < 0 || fstat(fd, &stat) || !S_ISREG(stat.st_mode)) {
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	char *bytes = malloc((size_t)stat.st_size + 1);
	*len = (size_t)read(fd, bytes, (size_t)stat.st_size);
	close(fd);
	return bytes;
}

static void answer_body(int fd, const char *what, char *body, size_t len)
{
	if (!strcmp(what, "garbage"))
		memset(body, 0x5a, len);
	if (!strcmp(what, "endless")) {
		put_head(fd, "200 OK", -1);
		while (put(fd, body, len) == 0) {
		}
		return;
	}
	put_head(fd, "200 OK", (long)len);
	if (!strcmp(what, "slow")) {
		for (size_t i = 0; i < len && put(fd, body + i, 1) == 0; i++)
			usleep(100000);
		return;
	}
	put(fd, body, strcmp(what, "truncated") ? len : len / 2);
}

static void answer(int fd, const char *name)
{
	const char *what = !only || !strcmp(only, name) ? mode : "ok";
	size_t len = 0;
	if (!strcmp(what, "reset"))
		return;
	if (!strcmp(what, "silent")) {
		sleep(LISTENER_SECONDS_MAX);
		return;
	}
	char *body = load(name, !strcmp(what, "other"), &len);
	if (!body || !strcmp(what, "404"))
		put_head(fd, "404 Not Found", 0);
	else if (!strcmp(what, "500"))
		put_head(fd, "500 Internal Server Error", 0);
	else
		answer_body(fd, what, body, len);
	free(body);
}

static void *serve(void *argument)
{
	int fd = (int)(long)argument;
	char request[4096] = "", name[1024];
	size_t len = 0;
	ssize_t got = 1;
	while (got > 0 && !strstr(request, "\r\n\r\n") && len < sizeof request - 1) {
		got = recv(fd, request + len, sizeof request - 1 - len, 0);
		len += got > 0 ? (size_t)got : 0;
		request[len] = 0;
	}
	if (sscanf(request, "GET %1023s", name) == 1)
		answer(fd, strrchr(name, '/') ? strrchr(name, '/') + 1 : name);
	shutdown(fd, SHUT_WR);
	close(fd);
	return NULL;
}

int main(int argc, char **argv)
{
	if (argc < 3) {
		fprintf(stderr, "usage: hostile DIR MODE [NAME]\n");
		return 2;
	}
	dir = argv[1];
	mode = argv[2];
	only = argv[3];
	return listener_run("hostile", serve);
}
