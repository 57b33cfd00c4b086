/*
 * line: a slow line to a server on this machine: each connection is carried to it, and brings back
 * so many bytes a second, so that a test finds parts in the middle of their way.
 * usage: line PORT BYTES_PER_SECOND
 * Prints its own port and works until killed, at most an hour.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Nothing here lives longer, whatever becomes of the test that started it. */
#define SECONDS_MAX 3600
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
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof address;
	if (argc != 3 || atol(argv[2]) < PIECES) {
		fprintf(stderr, "usage: line PORT BYTES_PER_SECOND\n");
		return 2;
	}
	alarm(SECONDS_MAX);
	server.sin_addr = address.sin_addr;
	server.sin_port = htons((uint16_t)atoi(argv[1]));
	piece = (size_t)atol(argv[2]) / PIECES;
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(listener, (struct sockaddr *)&address, len) || listen(listener, 64) ||
		getsockname(listener, (struct sockaddr *)&address, &len)) {
		perror("line");
		return 1;
	}
	printf("%d\n", ntohs(address.sin_port));
	fflush(stdout);
	for (;;) {
		int fd = accept(listener, NULL, NULL);
		pthread_t thread;
		if (fd < 0)
			continue;
		if (pthread_create(&thread, NULL, connection, (void *)(long)fd) == 0)
			pthread_detach(thread);
		else
			close(fd);
	}
}
