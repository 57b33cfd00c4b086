/*
 * flood: packets that nobody asked for, at one UDP port, from addresses that nobody has.
 * usage: flood IFACE MAC ADDRESS PORT COUNT PER_SECOND SEED FRIEND FRIEND_PORT
 *   IFACE, MAC   where the host is reached, and its Ethernet address
 *   FRIEND...    whom the host talks to: a sixteenth of the packets claims to be from there
 * A third begins as our protocol does: HELLOs with and without a cookie, packets of sessions and
 * slots that nobody opened, answers, each as it should be but for what only the other side knows,
 * and one in four cut short or with a wrong length. The rest is bytes of 0 to 1,472 as they come.
 * Everything but the time follows from the seed. Sends by the clock, stops by itself, and prints
 * "sent N in S s, H hellos": what was sent, how long that took, and HELLOs that deserve a cookie.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ether.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/rng.h"
#include "wire/wire.h"

#define COUNT_MAX 1000000ull
#define PER_SECOND_MAX 1000000ull
/* Packets of one call. */
#define BATCH 32
#define PAYLOAD_MAX 1472
#define S_NS 1000000000ll

struct flood {
	int fd;
	struct ether_header ethernet;
	uint32_t to, friend; /* addresses, as on the wire */
	uint16_t to_port, friend_port;
	struct pen_rng rng;
	uint64_t hellos; /* that deserve a cookie */
};

struct PEN_PACKED frame {
	struct ether_header ethernet;
	struct iphdr ip;
	struct udphdr udp;
	uint8_t payload[PAYLOAD_MAX + 8]; /* and room for the last word of random bytes */
};

static uint64_t draw(struct flood *flood, uint64_t below)
{
	return pen_rng_below(&flood->rng, below);
}

static void noise(struct flood *flood, uint8_t *at, size_t bytes)
{
	for (size_t i = 0; i < bytes; i += 8) {
		uint64_t word = pen_rng_next(&flood->rng);
		memcpy(at + i, &word, 8);
	}
}

static size_t head(struct flood *flood, uint8_t *at, uint8_t type, size_t body)
{
	struct pen_wire_head head = {.type = type, .version = PEN_WIRE_VERSION};
	head.body_bytes = (uint16_t)body;
	noise(flood, at, sizeof head + body);
	if (type != PEN_WIRE_HELLO) {
		/* Of a place that a server has, and perhaps somebody's. */
		head.session = (pen_rng_next(&flood->rng) >> 8 & ~UINT64_C(0xffff)) |
			draw(flood, 256);
		head.counter = draw(flood, 1000);
		head.tag = pen_rng_next(&flood->rng);
	}
	memcpy(at, &head, sizeof head);
	return sizeof head + body;
}

/* Just as a client's, signed by nobody. */
static size_t hello(struct flood *flood, uint8_t *at)
{
	struct pen_wire_hello hello = {.client = pen_rng_next(&flood->rng) | 1, .versions = {1}};
	noise(flood, hello.ephemeral, sizeof hello.ephemeral);
	noise(flood, hello.key, sizeof hello.key);
	if (draw(flood, 2)) {
		noise(flood, (uint8_t *)&hello.cookie, sizeof hello.cookie - 4);
		hello.cookie.zero = 0;
		noise(flood, hello.signature, sizeof hello.signature);
	}
	size_t bytes = head(flood, at, PEN_WIRE_HELLO, sizeof hello);
	memcpy(at + sizeof(struct pen_wire_head), &hello, sizeof hello);
	return bytes;
}

static size_t data(struct flood *flood, uint8_t *at)
{
	static const size_t sizes[] = {1200, 1328, 1408};
	size_t bytes = PEN_WIRE_HEAD_BYTES + sizes[draw(flood, 3)];
	struct pen_wire_data data = {.type = PEN_WIRE_DATA};
	noise(flood, at, bytes);
	memcpy(&data.nonce, at + 8, sizeof data.nonce);
	data.slot = (uint32_t)draw(flood, 1 << 20);
	data.index = (uint32_t)draw(flood, 900);
	data.seq = (uint32_t)draw(flood, 1 << 20);
	data.check = (uint32_t)pen_rng_next(&flood->rng);
	memcpy(at, &data, sizeof data);
	return bytes;
}

static size_t plausible(struct flood *flood, uint8_t *at)
{
	size_t bytes;
	uint64_t kind = draw(flood, 8);
	if (kind < 3)
		bytes = hello(flood, at);
	else if (kind < 5)
		bytes = head(flood, at, (uint8_t)(PEN_WIRE_LIST + draw(flood, 9)),
			8 + draw(flood, PEN_WIRE_BODY_BYTES_MAX - 8));
	else if (kind < 6)
		bytes = head(flood, at, (uint8_t)(PEN_WIRE_COOKIE + draw(flood, 13)),
			draw(flood, PEN_WIRE_BODY_BYTES_MAX));
	else
		bytes = data(flood, at);
	if (draw(flood, 4) == 0)
		return draw(flood, bytes);
	flood->hellos += kind < 3;
	return bytes;
}

/* Any address that a packet may come from; not the test's own 10.0.0.0/8. */
static uint32_t address(struct flood *flood)
{
	for (;;) {
		uint32_t first = 1 + (uint32_t)draw(flood, 223);
		if (first != 10 && first != 127)
			return htonl(first << 24 | (uint32_t)draw(flood, 1 << 24));
	}
}

static uint32_t sum(const void *at, size_t bytes, uint32_t so_far)
{
	const uint8_t *from = at;
	uint64_t total = so_far;
	for (; bytes >= 2; bytes -= 2, from += 2) {
		uint16_t word;
		memcpy(&word, from, 2);
		total += word;
	}
	total += bytes ? *from : 0;
	while (total >> 16)
		total = (total & 0xffff) + (total >> 16);
	return (uint32_t)total;
}

/* Kernel and host see a datagram that is as it should be: what it says is the host's affair. */
static size_t make(struct flood *flood, struct frame *frame)
{
	size_t bytes = draw(flood, PAYLOAD_MAX + 1);
	if (draw(flood, 3) == 0)
		bytes = plausible(flood, frame->payload);
	else
		noise(flood, frame->payload, bytes);
	bool is_friend = draw(flood, 16) == 0;
	frame->ethernet = flood->ethernet;
	frame->ip = (struct iphdr){.version = 4,
		.ihl = sizeof frame->ip / 4,
		.tot_len = htons((uint16_t)(sizeof frame->ip + sizeof frame->udp + bytes)),
		.ttl = 64,
		.protocol = IPPROTO_UDP,
		.saddr = is_friend ? flood->friend : address(flood),
		.daddr = flood->to};
	frame->ip.check = (uint16_t)~sum(&frame->ip, sizeof frame->ip, 0);
	frame->udp = (struct udphdr){.source = is_friend
			? flood->friend_port
			: htons((uint16_t)(1 + draw(flood, 65535))),
		.dest = flood->to_port,
		.len = htons((uint16_t)(sizeof frame->udp + bytes))};
	uint32_t pseudo = sum(&frame->ip.saddr, 8, htons(IPPROTO_UDP) + frame->udp.len);
	uint16_t check = (uint16_t)~sum(&frame->udp, sizeof frame->udp + bytes, pseudo);
	frame->udp.check = check ? check : 0xffff;
	return offsetof(struct frame, payload) + bytes;
}

static int64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * S_NS + now.tv_nsec;
}

static void wait_until(int64_t due_ns)
{
	const struct timespec due = {due_ns / S_NS, due_ns % S_NS};
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL) == EINTR)
		continue;
}

/* All of them leave, or it is over. */
static void post(struct flood *flood, struct mmsghdr *heads, unsigned count)
{
	for (unsigned at = 0; at < count;) {
		int sent = sendmmsg(flood->fd, heads + at, count - at, 0);
		if (sent < 0 && errno != ENOBUFS && errno != EINTR && errno != EAGAIN) {
			perror("flood: sendmmsg");
			exit(1);
		}
		at += sent > 0 ? (unsigned)sent : 0;
	}
}

static void run(struct flood *flood, uint64_t count, uint64_t per_second)
{
	static struct frame frames[BATCH];
	struct iovec pieces[BATCH];
	struct mmsghdr heads[BATCH] = {0};
	int64_t start = now_ns();
	for (uint64_t sent = 0; sent < count;) {
		unsigned batch = count - sent < BATCH ? (unsigned)(count - sent) : BATCH;
		for (unsigned i = 0; i < batch; i++) {
			pieces[i] = (struct iovec){&frames[i], make(flood, &frames[i])};
			heads[i].msg_hdr = (struct msghdr){.msg_iov = &pieces[i], .msg_iovlen = 1};
		}
		wait_until(start + (int64_t)(sent * (uint64_t)S_NS / per_second));
		post(flood, heads, batch);
		sent += batch;
	}
	printf("sent %llu in %.2f s, %llu hellos\n", (unsigned long long)count,
		(double)(now_ns() - start) / S_NS, (unsigned long long)flood->hellos);
}

static int open_link(struct flood *flood, const char *iface, const char *mac)
{
	struct sockaddr_ll link = {.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_IP),
		.sll_ifindex = (int)if_nametoindex(iface)};
	struct ether_addr *to = ether_aton(mac);
	int on = 1;
	/* Protocol 0: it hears nothing. */
	flood->fd = socket(AF_PACKET, SOCK_RAW, 0);
	if (flood->fd < 0 || !to || !link.sll_ifindex ||
		bind(flood->fd, (struct sockaddr *)&link, sizeof link))
		return -1;
	setsockopt(flood->fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof on);
	memcpy(flood->ethernet.ether_dhost, to, ETH_ALEN);
	memset(flood->ethernet.ether_shost, 2, ETH_ALEN);
	flood->ethernet.ether_type = htons(ETH_P_IP);
	return 0;
}

int main(int argc, char **argv)
{
	struct flood flood = {.fd = -1};
	if (argc != 10) {
		fprintf(stderr,
			"usage: flood IFACE MAC ADDRESS PORT COUNT PER_SECOND SEED FRIEND "
			"FRIEND_PORT\n");
		return 2;
	}
	uint64_t count = strtoull(argv[5], NULL, 10), per_second = strtoull(argv[6], NULL, 10);
	flood.to_port = htons((uint16_t)atoi(argv[4]));
	flood.friend_port = htons((uint16_t)atoi(argv[9]));
	flood.rng.state = strtoull(argv[7], NULL, 10);
	if (inet_pton(AF_INET, argv[3], &flood.to) != 1 ||
		inet_pton(AF_INET, argv[8], &flood.friend) != 1 || count > COUNT_MAX ||
		!per_second || per_second > PER_SECOND_MAX) {
		fprintf(stderr, "flood: at most %llu packets, %llu a second, to IPv4\n", COUNT_MAX,
			PER_SECOND_MAX);
		return 2;
	}
	if (open_link(&flood, argv[1], argv[2])) {
		perror("flood: cannot open the link");
		return 1;
	}
	run(&flood, count, per_second);
	return 0;
}
