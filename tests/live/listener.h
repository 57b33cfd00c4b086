/* listener: a helper program that takes connections on a port of its own, each in a thread, until
 * it is killed. */
#ifndef PEN_TESTS_LISTENER_H
#define PEN_TESTS_LISTENER_H

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* Nothing here lives longer, whatever becomes of the test that started it. */
#define LISTENER_SECONDS_MAX 3600

/* Print the port, and serve: `serve` has each connection as its argument, and closes it. Returns
 * only what main is to return if it cannot. */
static inline int listener_run(const char *program, void *(*serve)(void *connection))
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof address;
	alarm(LISTENER_SECONDS_MAX);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(listener, (struct sockaddr *)&address, len) || listen(listener, 64) ||
		getsockname(listener, (struct sockaddr *)&address, &len)) {
		perror(program);
		return 1;
	}
	printf("%d\n", ntohs(address.sin_port));
	fflush(stdout);
	for (;;) {
		int fd = accept(listener, NULL, NULL);
		pthread_t thread;
		if (fd < 0)
			continue;
		if (pthread_create(&thread, NULL, serve, (void *)(long)fd) == 0)
			pthread_detach(thread);
		else
			close(fd);
	}
}

#endif
