#include "bench/net_blast.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/udp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <xxhash.h>

#ifdef PEN_BENCH_URING
#include <liburing.h>
#endif

#include "base/check.h"
#include "wire/piece.h"

#define PORT 17778u
#define PORT_PIECES 17781u
#define PORT_UNCOPIED 17780u
#define BATCH_BYTES 65507u
#define BATCH_PACKETS 64u
/* A blaster that still ends its last blast hears nobody: it is called again. */
#define CALL_US 50000
#define SOCKET_BYTES (8 << 20)
/* Headers of IPv4 and UDP. */
#define HEAD_BYTES 28u

/* The length of our packets on such a cable, and how many bytes a batch has of them. */
static uint32_t packet_bytes(const struct bench_net_lab *lab)
{
	return PEN_WIRE_HEAD_BYTES +
		pen_wire_size_bytes(pen_wire_size_most(lab->cable.mtu - HEAD_BYTES));
}

static uint32_t batch_bytes(uint32_t packet)
{
	uint32_t packets = BATCH_BYTES / packet;
	return packet * (packets < BATCH_PACKETS ? packets : BATCH_PACKETS);
}

static struct sockaddr_in address_of(enum bench_net_end end, uint16_t port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
	PEN_CHECK(inet_pton(AF_INET, bench_net_address(end), &at.sin_addr) == 1);
	return at;
}

static int socket_open(enum bench_net_end end, uint16_t port, struct bench_net_did *did)
{
	struct sockaddr_in at = address_of(end, port);
	int bytes = SOCKET_BYTES;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&at, sizeof at) ||
		setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) ||
		setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes)) {
		bench_net_fail(did, "a socket: %s", strerror(errno));
		return -1;
	}
	return fd;
}

/* The object, as the server of ours has it: in memory of its own. */
static const uint8_t *object_read(const struct bench_net_lab *lab)
{
	size_t bytes = lab->blocks * BENCH_NET_BLOCK;
	uint8_t *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	char path[sizeof BENCH_NET_DIR + PEN_NAME_BYTES] = BENCH_NET_DIR "/";
	int fd = open(strcat(path, lab->name), O_RDONLY | O_CLOEXEC);
	if (at == MAP_FAILED || fd < 0)
		return NULL;
	for (size_t done = 0; done < bytes;) {
		ssize_t got = read(fd, at + done, bytes - done);
		if (got <= 0)
			return NULL;
		done += (size_t)got;
	}
	close(fd);
	return at;
}

/* A blast at one receiver. */
struct blast {
	struct bench_net_lab *lab;
	struct bench_net_did *did;
	const uint8_t *object;
	int fd;
	uint32_t packet, batch; /* bytes */
	size_t at; /* of the next batch in the object */
	uint32_t over; /* of the lab, when it began */
};

/* Has its receiver enough? */
static bool is_over(const struct blast *blast)
{
	return blast->lab->shared->over != blast->over;
}

/* Round and round the object. */
static const uint8_t *next_batch(struct blast *blast)
{
	const uint8_t *at = blast->object + blast->at;
	size_t bytes = blast->lab->blocks * BENCH_NET_BLOCK;
	blast->at = blast->at + 2 * blast->batch <= bytes ? blast->at + blast->batch : 0;
	return at;
}

static void count(struct blast *blast, ssize_t sent)
{
	if (sent != (ssize_t)blast->batch)
		return;
	blast->did->tx_calls++;
	blast->did->tx_packets += blast->batch / blast->packet;
	blast->did->tx_bytes += blast->batch;
}

static void send_plain(struct blast *blast)
{
	while (!is_over(blast))
		count(blast, send(blast->fd, next_batch(blast), blast->batch, 0));
}

/* What a sender of our protocol hands to the kernel: each packet's header lies by itself. */
static void send_pieces(struct blast *blast)
{
	static uint8_t heads[BATCH_PACKETS][PEN_WIRE_HEAD_BYTES];
	struct iovec pieces[2 * BATCH_PACKETS];
	uint32_t packets = blast->batch / blast->packet;
	PEN_CHECK(packets <= BATCH_PACKETS);
	while (!is_over(blast)) {
		const uint8_t *at = next_batch(blast);
		for (uint32_t i = 0; i < packets; i++) {
			const uint8_t *payload = at + i * blast->packet + PEN_WIRE_HEAD_BYTES;
			pieces[2 * i] = (struct iovec){heads[i], PEN_WIRE_HEAD_BYTES};
			pieces[2 * i + 1] = (struct iovec){
				(void *)payload, blast->packet - PEN_WIRE_HEAD_BYTES};
		}
		const struct msghdr batch = {.msg_iov = pieces, .msg_iovlen = 2 * packets};
		count(blast, sendmsg(blast->fd, &batch, 0));
	}
}

#ifdef PEN_BENCH_URING
#define FLYING 32u

/* Each batch completes twice: it was sent; its memory is free again. */
static void send_uncopied(struct blast *blast)
{
	struct io_uring ring;
	unsigned flying = 0;
	const struct iovec memory = {(void *)blast->object, blast->lab->blocks * BENCH_NET_BLOCK};
	int err = io_uring_queue_init(2 * FLYING, &ring, 0);
	if (!err)
		err = io_uring_register_buffers(&ring, &memory, 1);
	if (err) {
		bench_net_fail(blast->did, "no io_uring to send by: %s", strerror(-err));
		return;
	}
	while (!is_over(blast) || flying) {
		struct io_uring_cqe *cqe;
		while (flying < FLYING && !is_over(blast)) {
			io_uring_prep_send_zc_fixed(io_uring_get_sqe(&ring), blast->fd,
				next_batch(blast), blast->batch, 0, 0, 0);
			flying++;
		}
		io_uring_submit_and_wait(&ring, 1);
		while (!io_uring_peek_cqe(&ring, &cqe)) {
			if (!(cqe->flags & IORING_CQE_F_NOTIF))
				count(blast, cqe->res);
			flying -= !(cqe->flags & IORING_CQE_F_MORE);
			io_uring_cqe_seen(&ring, cqe);
		}
	}
	io_uring_queue_exit(&ring);
}
#else
static void send_uncopied(struct blast *blast)
{
	bench_net_fail(blast->did, "built without io_uring");
}
#endif

/* Answer one receiver after the other. */
static void answer(struct bench_net_lab *lab, struct bench_net_did *did, uint16_t port,
	void (*send_all)(struct blast *))
{
	const struct sockaddr none = {.sa_family = AF_UNSPEC};
	struct blast blast = {.lab = lab, .did = did, .packet = packet_bytes(lab)};
	int each = (int)blast.packet;
	blast.batch = batch_bytes(blast.packet);
	blast.object = object_read(lab);
	blast.fd = socket_open(BENCH_NET_SERVER, port, did);
	if (!blast.object)
		bench_net_fail(did, "no object: %s", strerror(errno));
	else if (setsockopt(blast.fd, IPPROTO_UDP, UDP_SEGMENT, &each, sizeof each))
		bench_net_fail(did, "the kernel sends no batches: %s", strerror(errno));
	did->port = port;
	__atomic_store_n(&did->ready, !did->why[0], __ATOMIC_RELEASE);
	while (!did->why[0]) {
		struct sockaddr_in from;
		socklen_t bytes = sizeof from;
		char word;
		if (recvfrom(blast.fd, &word, 1, 0, (struct sockaddr *)&from, &bytes) != 1)
			continue;
		blast.over = lab->shared->over;
		if (!connect(blast.fd, (const struct sockaddr *)&from, sizeof from))
			send_all(&blast);
		connect(blast.fd, &none, sizeof none);
		/* Who called meanwhile, or twice, calls again. */
		while (recv(blast.fd, &word, 1, MSG_DONTWAIT) > 0)
			continue;
	}
}

void bench_net_blast(struct bench_net_lab *lab, void *context, struct bench_net_did *did)
{
	(void)context;
	answer(lab, did, PORT, send_plain);
}

void bench_net_blast_pieces(struct bench_net_lab *lab, void *context, struct bench_net_did *did)
{
	(void)context;
	answer(lab, did, PORT_PIECES, send_pieces);
}

void bench_net_blast_uncopied(struct bench_net_lab *lab, void *context, struct bench_net_did *did)
{
	(void)context;
	answer(lab, did, PORT_UNCOPIED, send_uncopied);
}

/* Ask for a blast. */
static bool call(int fd, const struct sockaddr_in *to)
{
	return sendto(fd, "!", 1, 0, (const struct sockaddr *)to, sizeof *to) == 1;
}

void bench_net_bear(struct bench_net_lab *lab, void *context, struct bench_net_did *did)
{
	static uint8_t buffer[1 << 16];
	struct sockaddr_in to = address_of(BENCH_NET_SERVER, *(const uint16_t *)context);
	uint64_t wanted = (uint64_t)lab->blocks * BENCH_NET_BLOCK, sum = 0;
	int fd = socket_open(BENCH_NET_CLIENT, 0, did), on = 1;
	if (fd < 0)
		return;
	const struct timeval again = {.tv_usec = CALL_US};
	if (setsockopt(fd, IPPROTO_UDP, UDP_GRO, &on, sizeof on) ||
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &again, sizeof again) || !call(fd, &to)) {
		bench_net_fail(did, "the blaster is not to be had: %s", strerror(errno));
		return;
	}
	double start = 0, cpu = 0;
	while (did->bytes < wanted) {
		ssize_t got = recv(fd, buffer, sizeof buffer, 0);
		if (got < 0 && errno == EAGAIN && !did->rx_calls && call(fd, &to))
			continue;
		if (got <= 0) {
			bench_net_fail(did, "recv: %s", strerror(errno));
			break;
		}
		if (!did->rx_calls++) {
			start = bench_net_now();
			cpu = bench_net_own_cpu();
		}
		sum ^= XXH3_64bits(buffer, (size_t)got);
		did->bytes += (uint64_t)got;
	}
	did->seconds = bench_net_now() - start;
	did->cpu = bench_net_own_cpu() - cpu;
	lab->shared->over++;
	did->rx_bytes = did->bytes;
	did->rx_packets = did->bytes / packet_bytes(lab);
	lab->shared->came[0] = sum;
	close(fd);
}
