#include "drivers/uring/receive.h"

#include <errno.h>
#include <linux/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "base/check.h"

#define ECN_BITS 3

static uint8_t *buffer_at(const struct pen_udp_receiver *receiver, uint32_t buffer)
{
	return receiver->memory + (size_t)buffer * receiver->buffer_bytes;
}

static void ring_open(struct pen_udp_receiver *receiver, const struct pen_udp_options *options)
{
	const struct pen_udp_ring_ask ask = {.socket = receiver->fd,
		.memory = receiver->memory,
		.buffers = receiver->buffers,
		.buffer_bytes = receiver->buffer_bytes};
	bool may = !(options->without & PEN_WITHOUT_MULTISHOT);
	int err = may ? pen_udp_ring_open(&receiver->ring, &ask) : -ENOSYS;
	receiver->multishot = !err;
	if (err)
		pen_notes_add_ring(options->notes, "one call for each batch of packets that comes",
			err, "6.0");
}

int pen_udp_receiver_open(struct pen_udp_receiver *receiver, const struct pen_udp_socket *socket,
	const struct pen_udp_options *options, struct pen_why *why)
{
	*receiver = (struct pen_udp_receiver){.fd = socket->fd, .port = socket->port};
	receiver->buffers = options->rx_buffers ? options->rx_buffers : PEN_UDP_BUFFERS;
	receiver->buffer_bytes = options->rx_buffer_bytes ? options->rx_buffer_bytes
							  : PEN_UDP_BUFFER_BYTES;
	PEN_CHECK(receiver->buffers <= PEN_UDP_BUFFERS_MAX);
	PEN_CHECK(receiver->buffer_bytes > PEN_UDP_FRONT_BYTES);
	PEN_CHECK(receiver->buffer_bytes % PEN_UDP_WORD_BYTES == 0);
	size_t bytes = (size_t)receiver->buffers * receiver->buffer_bytes;
	void *memory = mmap(
		NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	receiver->memory = memory == MAP_FAILED ? NULL : memory;
	receiver->lent = calloc(receiver->buffers, sizeof *receiver->lent);
	receiver->spare = calloc(receiver->buffers, sizeof *receiver->spare);
	if (!receiver->memory || !receiver->lent || !receiver->spare) {
		pen_udp_receiver_close(receiver);
		return pen_fail(why, -ENOMEM, "udp: no memory for %zu MiB of buffers", bytes >> 20);
	}
	for (uint32_t i = 0; i < receiver->buffers; i++)
		receiver->spare[i] = i;
	ring_open(receiver, options);
	return 0;
}

void pen_udp_receiver_close(struct pen_udp_receiver *receiver)
{
	pen_udp_ring_close(&receiver->ring);
	if (receiver->memory)
		munmap(receiver->memory, (size_t)receiver->buffers * receiver->buffer_bytes);
	free(receiver->lent);
	free(receiver->spare);
	*receiver = (struct pen_udp_receiver){.fd = -1};
}

/* A batch by recvmsg, laid out in the buffer as the ring does. */
static bool plain_next(struct pen_udp_receiver *receiver, struct pen_udp_came *came)
{
	if (receiver->held == receiver->buffers)
		return false;
	came->buffer = receiver->spare[receiver->buffers - receiver->held - 1];
	uint8_t *at = buffer_at(receiver, came->buffer) + PEN_UDP_WORD_BYTES;
	struct iovec payload = {
		at + PEN_UDP_NAME_BYTES + PEN_UDP_CONTROL_BYTES,
		receiver->buffer_bytes - PEN_UDP_FRONT_BYTES,
	};
	struct msghdr ask = {.msg_name = at,
		.msg_namelen = PEN_UDP_NAME_BYTES,
		.msg_iov = &payload,
		.msg_iovlen = 1,
		.msg_control = at + PEN_UDP_NAME_BYTES,
		.msg_controllen = PEN_UDP_CONTROL_BYTES};
	ssize_t got = recvmsg(receiver->fd, &ask, MSG_DONTWAIT | MSG_TRUNC);
	receiver->dry = got < 0;
	if (got < 0)
		return false;
	came->control_bytes = (uint32_t)ask.msg_controllen;
	came->sent_bytes = (uint32_t)got;
	came->bytes = got < (ssize_t)payload.iov_len ? (uint32_t)got : (uint32_t)payload.iov_len;
	return true;
}

static bool next(struct pen_udp_receiver *receiver, struct pen_udp_came *came)
{
	if (!receiver->multishot)
		return plain_next(receiver, came);
	return pen_udp_ring_next(&receiver->ring, receiver->held < receiver->buffers, came);
}

/* What the control messages of a batch say. */
struct said {
	uint8_t local[16];
	uint32_t each; /* bytes of a datagram; 0: there is one */
	uint32_t dropped;
	uint8_t ecn;
};

static void read_one(const struct cmsghdr *one, struct said *said)
{
	int level = one->cmsg_level, type = one->cmsg_type, number = 0;
	const uint8_t *data = CMSG_DATA(one);
	size_t bytes = one->cmsg_len - CMSG_LEN(0);
	memcpy(&number, data, bytes < sizeof number ? bytes : sizeof number);
	if (level == IPPROTO_IP && type == IP_PKTINFO && bytes >= sizeof(struct in_pktinfo)) {
		struct in_pktinfo info;
		memcpy(&info, data, sizeof info);
		pen_address_map(info.ipi_addr, said->local);
	} else if (level == IPPROTO_IPV6 && type == IPV6_PKTINFO && bytes >= 16) {
		memcpy(said->local, data, 16);
	} else if ((level == IPPROTO_IP && type == IP_TOS) ||
		(level == IPPROTO_IPV6 && type == IPV6_TCLASS)) {
		said->ecn = (uint8_t)(number & ECN_BITS);
	} else if (level == IPPROTO_UDP && type == UDP_GRO && number > 0) {
		said->each = (uint32_t)number;
	} else if (level == SOL_SOCKET && type == SO_RXQ_OVFL) {
		said->dropped = (uint32_t)number;
	}
}

static void read_control(uint8_t *control, uint32_t bytes, struct said *said)
{
	struct msghdr all = {.msg_control = control, .msg_controllen = bytes};
	for (struct cmsghdr *one = CMSG_FIRSTHDR(&all); one; one = CMSG_NXTHDR(&all, one)) {
		if (one->cmsg_len >= CMSG_LEN(0))
			read_one(one, said);
	}
}

static uint32_t pieces(uint32_t bytes, uint32_t each)
{
	return (bytes + each - 1) / each;
}

/* Begin to cut. What a buffer was too small for, or may not be cut into, is lost. */
static void begin(struct pen_udp_receiver *receiver, const struct pen_udp_came *came,
	const struct said *said, struct pen_net_counters *counters)
{
	struct pen_udp_batch *batch = &receiver->batch;
	uint32_t each = said->each ? said->each : came->sent_bytes;
	uint32_t sent = each ? pieces(came->sent_bytes, each) : 1;
	batch->each = each;
	batch->like.ecn = said->ecn;
	batch->bytes = came->bytes;
	/* A datagram that was cut is not the one that was sent. */
	if (came->bytes < came->sent_bytes)
		batch->bytes = came->bytes / each * each;
	batch->room = each ? pieces(batch->bytes, each) : 1;
	if (batch->room > PEN_SLICE_SHARERS_MAX) {
		batch->room = PEN_SLICE_SHARERS_MAX;
		batch->bytes = batch->room * each;
	}
	counters->rx_lost += sent - batch->room;
	/* The count of the kernel is of 32 bits, and comes with the first batch after a loss. */
	if (said->dropped) {
		counters->rx_lost += (uint32_t)(said->dropped - receiver->dropped);
		receiver->dropped = said->dropped;
	}
}

static void buffer_free(struct pen_udp_receiver *receiver, uint32_t buffer, uint32_t nth)
{
	PEN_CHECK(receiver->held > 0);
	receiver->held--;
	if (receiver->multishot)
		pen_udp_ring_put(&receiver->ring, buffer, nth);
	else
		receiver->spare[receiver->buffers - receiver->held - 1] = buffer;
}

/* So many users of the buffer less; whether it is free now. */
static bool release(
	struct pen_udp_receiver *receiver, uint32_t buffer, unsigned users, uint32_t nth)
{
	PEN_CHECK(buffer < receiver->buffers);
	PEN_CHECK(receiver->lent[buffer] >= users);
	receiver->lent[buffer] = (uint16_t)(receiver->lent[buffer] - users);
	if (receiver->lent[buffer])
		return false;
	buffer_free(receiver, buffer, nth);
	return true;
}

static void batch_end(struct pen_udp_receiver *receiver)
{
	if (release(receiver, receiver->batch.buffer, 1, 0) && receiver->multishot)
		pen_udp_ring_show(&receiver->ring, 1);
}

/* The next batch that has a datagram in it; false: none is here. */
static bool batch_begin(struct pen_udp_receiver *receiver, struct pen_net_counters *counters)
{
	struct pen_udp_batch *batch = &receiver->batch;
	struct pen_udp_came came;
	while (next(receiver, &came)) {
		struct said said = {0};
		union pen_address from;
		uint8_t *at = buffer_at(receiver, came.buffer) + PEN_UDP_WORD_BYTES;
		receiver->batches++;
		receiver->held++;
		receiver->lent[came.buffer] = 1;
		memcpy(&from, at, sizeof from);
		read_control(at + PEN_UDP_NAME_BYTES, came.control_bytes, &said);
		*batch = (struct pen_udp_batch){.buffer = came.buffer,
			.at = at + PEN_UDP_NAME_BYTES + PEN_UDP_CONTROL_BYTES,
			.like = {.handle = came.buffer,
				.pins = receiver->buffer_bytes,
				.flags = PEN_SLICE_SUM_GOOD,
				.path.local_port = receiver->port}};
		struct pen_net_path *path = &batch->like.path;
		memcpy(path->local, said.local, sizeof said.local);
		begin(receiver, &came, &said, counters);
		if (!pen_address_take(&from, path->remote, &path->remote_port, &path->scope) ||
			!path->remote_port) {
			counters->rx_bad += batch->room;
			batch->room = 0;
		}
		if (batch->room)
			return true;
		batch_end(receiver);
	}
	return false;
}

/* The next slices of the batch, `max` at most. Returns how many. */
static unsigned cut(struct pen_udp_receiver *receiver, struct pen_slice *out, unsigned max)
{
	struct pen_udp_batch *batch = &receiver->batch;
	unsigned count = batch->room < max ? batch->room : max;
	for (unsigned i = 0; i < count; i++) {
		uint32_t bytes = batch->bytes < batch->each ? batch->bytes : batch->each;
		/* Out of memory: put together for each, it would wait for its own stores. */
		out[i] = batch->like;
		out[i].head = batch->at;
		out[i].tail = batch->at + PEN_SLICE_HEAD_BYTES;
		out[i].bytes = (uint16_t)bytes;
		batch->at += bytes;
		batch->bytes -= bytes;
	}
	receiver->lent[batch->buffer] = (uint16_t)(receiver->lent[batch->buffer] + count);
	batch->room -= count;
	if (!batch->room)
		batch_end(receiver);
	return count;
}

/* The core that makes the first call is the one that the ring belongs to. */
static void make_ready(struct pen_udp_receiver *receiver)
{
	if (receiver->ready)
		return;
	receiver->ready = true;
	if (receiver->multishot && pen_udp_ring_begin(&receiver->ring) < 0)
		receiver->multishot = false;
}

unsigned pen_udp_receive(struct pen_udp_receiver *receiver, struct pen_slice *out, unsigned max,
	struct pen_net_counters *counters)
{
	unsigned count = 0;
	make_ready(receiver);
	while (count < max && (receiver->batch.room || batch_begin(receiver, counters))) {
		uint32_t bytes = receiver->batch.bytes;
		count += cut(receiver, &out[count], max - count);
		counters->rx_bytes += bytes - receiver->batch.bytes;
	}
	receiver->fresh += count;
	counters->rx_packets += count;
	counters->rx_bursts += count > 0;
	return count;
}

void pen_udp_give_back(
	struct pen_udp_receiver *receiver, const struct pen_slice *slices, unsigned count)
{
	uint32_t freed = 0;
	for (unsigned i = 0, end; i < count; i = end) {
		for (end = i + 1; end < count && slices[end].handle == slices[i].handle;)
			end++;
		freed += release(receiver, (uint32_t)slices[i].handle, end - i, freed);
	}
	if (freed && receiver->multishot)
		pen_udp_ring_show(&receiver->ring, freed);
}

/* Is nothing here, as far as can be known without a call? */
static bool is_idle(const struct pen_udp_receiver *receiver)
{
	if (receiver->batch.room)
		return false;
	return receiver->multishot ? pen_udp_ring_idle(&receiver->ring) : receiver->dry;
}

enum pen_net_arm pen_udp_receiver_arm(struct pen_udp_receiver *receiver, int *fd, int64_t *blind_ns)
{
	make_ready(receiver);
	/* With every buffer lent, what comes waits for rx_put, which no descriptor tells of. */
	if (!receiver->batch.room && receiver->held == receiver->buffers) {
		*blind_ns = PEN_NET_BLIND_NS;
		return PEN_NET_ARM_BLIND;
	}
	if (!is_idle(receiver))
		return PEN_NET_ARM_WORK;
	bool streams = receiver->fresh >= PEN_UDP_STREAM_PACKETS;
	receiver->fresh = 0;
	if (streams) {
		*blind_ns = PEN_UDP_NAP_NS;
		return PEN_NET_ARM_BLIND;
	}
	if (!receiver->multishot) {
		*fd = receiver->fd;
		return PEN_NET_ARM_FD;
	}
	if (!pen_udp_ring_sleep(&receiver->ring))
		return PEN_NET_ARM_WORK;
	*fd = receiver->ring.fd;
	return PEN_NET_ARM_FD;
}
