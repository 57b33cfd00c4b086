/*
 * line: a slow line to a server on this machine: each connection is carried to it, and brings back
 * so many bytes a second, so that a test finds parts in the middle of their way.
 * usage: line PORT BYTES_PER_SECOND
 * Prints its own port and works until killed, at most an hour.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "listener.h"

/* Pieces a second. */
#define PIECES 50
/* What a socket holds at most, so that the rest waits in the server and dies with it. */
#define HELD_BYTES 16384

static struct sockaddr_in server = {.sin_family = AF_INET};
static size_t piece;

/* Carry what is there, at most `most` bytes. False at the end. */
static int carry(int from, int to, char *bytes, size_t most)
{
	ssize_t got = recv(from, bytes, most, 0);
	for (ssize_t sent, at = 0; at < got; at += sent) {
		sent = send(to, bytes + at, (size_t)(got - at), MSG_NOSIGNAL);
		if (sent <= 0)
			return 0;
	}
	return got > 0;
}

static int dial(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), held = HELD_BYTES;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &held, sizeof held);
	if (connect(fd, (struct sockaddr *)&server, sizeof server) == 0)
		return fd;
	close(fd);
	return -1;
}

static void *connection(void *argument)
{
	int near = (int)(long)argument, far = dial(), open = far >= 0;
	char *bytes = malloc(piece + HELD_BYTES);
	while (open && bytes) {
		struct pollfd ends[] = {
			{.fd = near, .events = POLLIN}, {.fd = far, .events = POLLIN}};
		poll(ends, 2, -1);
		if (ends[0].revents)
			open = carry(near, far, bytes, HELD_BYTES);
		if (open && ends[1].revents) {
			open = carry(far, near, bytes, piece);
			usleep(1000000 / PIECES);
		}
	}
	free(bytes);
	close(near);
	if (far >= 0)
		close(far);
	return NULL;
}

int main(int argc, char **argv)
{
	if (argc != 3 || atol(argv[2]) < PIECES) {
		fprintf(stderr, "usage: line PORT BYTES_PER_SECOND\n");
		return 2;
	}
	server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	server.sin_port = htons((uint16_t)atoi(argv[1]));
	piece = (size_t)atol(argv[2]) / PIECES;
	return listener_run("line", connection);
}
