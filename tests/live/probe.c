/*
 * probe: how soon a server answers a stranger: HELLO out, COOKIE in, again and again with pauses.
 *
 *     live_probe ADDR PORT COUNT PAUSE_MIN_MS PAUSE_MAX_MS
 *
 * Prints "median_us N p99_us N max_us N lost N"; exits 1 if nothing was answered.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/rng.h"
#include "peer/visit.h"
#include "wire/decode.h"

#define COUNT_MAX 100000u
#define LOST_MS 1000
#define NS_PER_US 1000

static int connect_to(const char *address, const char *port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (inet_pton(AF_INET, address, &to.sin_addr) != 1 ||
		connect(fd, (struct sockaddr *)&to, sizeof to) < 0) {
		perror(address);
		exit(2);
	}
	return fd;
}

/* A HELLO of a client that was never here. */
static void hello_make(struct pen_draw *draw, struct pen_answer *hello)
{
	struct pen_visit visit;
	struct pen_visit_config config = {.tries = 1};
	uint8_t own[PEN_KEYS_BYTES];
	pen_draw_bytes(draw, own, sizeof own);
	pen_identity_init(&config.identity, own);
	pen_visit_init(&visit, &config, draw, 0);
	pen_visit_poll(&visit, 0, hello);
}

/* Nanoseconds until the COOKIE came, or -1. */
static int64_t probe(int fd, const struct pen_answer *hello)
{
	uint8_t packet[2048];
	int64_t since_ns = pen_clock_ns();
	if (send(fd, &hello->packet, hello->bytes, 0) != (ssize_t)hello->bytes)
		return -1;
	struct pollfd wait = {.fd = fd, .events = POLLIN};
	while (poll(&wait, 1, LOST_MS) == 1) {
		ssize_t got = recv(fd, packet, sizeof packet, 0);
		int64_t took_ns = pen_clock_ns() - since_ns;
		if (got < 0)
			return -1;
		struct pen_bytes bytes = {packet, (size_t)got};
		const struct pen_wire_head *head = pen_wire_head_decode(bytes, bytes.len);
		/* A late answer to the one before is for another number. */
		const struct pen_wire_hello *asked = (const void *)hello->packet.body;
		if (head && head->type == PEN_WIRE_COOKIE && head->session == asked->client)
			return took_ns;
	}
	return -1;
}

static int compare(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
	return (left > right) - (left < right);
}

int main(int argc, char **argv)
{
	static int64_t took[COUNT_MAX];
	uint8_t seed[PEN_DRAW_SEED_BYTES];
	struct pen_draw draw;
	unsigned count = argc == 6 ? (unsigned)atoi(argv[3]) : 0, got = 0;
	if (!count || count > COUNT_MAX) {
		fprintf(stderr, "usage: live_probe ADDR PORT COUNT PAUSE_MIN_MS PAUSE_MAX_MS\n");
		return 2;
	}
	int fd = connect_to(argv[1], argv[2]);
	int64_t least_ns = atoi(argv[4]) * PEN_NS_PER_MS, most_ns = atoi(argv[5]) * PEN_NS_PER_MS;
	pen_rng_secret(seed, sizeof seed);
	pen_draw_init(&draw, seed);
	struct pen_rng rng = {.state = 7};
	for (unsigned i = 0; i < count; i++) {
		struct pen_answer hello = {.bytes = 0};
		hello_make(&draw, &hello);
		uint64_t spread = (uint64_t)(most_ns - least_ns) + 1;
		pen_clock_sleep_ns(least_ns + (int64_t)pen_rng_below(&rng, spread));
		int64_t one_ns = probe(fd, &hello);
		if (one_ns >= 0)
			took[got++] = one_ns;
	}
	close(fd);
	if (!got)
		return 1;
	qsort(took, got, sizeof *took, compare);
	printf("median_us %lld p99_us %lld max_us %lld lost %u\n",
		(long long)took[got / 2] / NS_PER_US,
		(long long)took[((uint64_t)got * 99 + 99) / 100 - 1] / NS_PER_US,
		(long long)took[got - 1] / NS_PER_US, count - got);
	return 0;
}
