#include "drivers/uring/send.h"

#include <errno.h>
#include <linux/udp.h>
#include <string.h>
#include <xxhash.h>

#include "base/check.h"

void pen_udp_sender_init(struct pen_udp_sender *sender, const struct pen_udp_socket *socket)
{
	*sender = (struct pen_udp_sender){.fd = socket->fd,
		.v6 = socket->v6,
		.runs = socket->batches_out,
		.port = socket->port};
}

static struct pen_udp_single *single_of(
	struct pen_udp_sender *sender, const struct pen_net_path *path)
{
	uint64_t hash = XXH3_64bits(path, sizeof *path);
	return &sender->singles[hash % PEN_UDP_SINGLES];
}

static bool refuses_runs(
	struct pen_udp_sender *sender, const struct pen_net_path *path, int64_t now_ns)
{
	const struct pen_udp_single *single = single_of(sender, path);
	return single->until_ns > now_ns && pen_net_path_equal(&single->path, path);
}

static bool same_way(const struct pen_frame *a, const struct pen_frame *b)
{
	return a->ecn == b->ecn && (a->path == b->path || pen_net_path_equal(a->path, b->path));
}

/* How many of these frames leave together. */
static unsigned run_of(
	struct pen_udp_sender *sender, const struct pen_udp_burst *burst, unsigned from)
{
	const struct pen_frame *first = &burst->frames[from];
	const uint32_t bytes = pen_frame_bytes(first);
	PEN_CHECK(bytes > 0);
	unsigned most = PEN_FRAME_BYTES_MAX / bytes, run = 1;
	if (most > PEN_UDP_RUN_FRAMES)
		most = PEN_UDP_RUN_FRAMES;
	if (most > burst->count - from)
		most = burst->count - from;
	if (!sender->runs || refuses_runs(sender, first->path, burst->now_ns))
		most = 1;
	while (run < most && pen_frame_bytes(first + run) == bytes && same_way(first, first + run))
		run++;
	/* A shorter one ends a run, as the last packet of a piece does. */
	if (run < most && same_way(first, first + run)) {
		uint32_t last = pen_frame_bytes(first + run);
		run += last > 0 && last < bytes;
	}
	return run;
}

static void say(struct msghdr *head, int level, int type, const void *data, size_t bytes)
{
	struct cmsghdr *one = (struct cmsghdr *)((uint8_t *)head->msg_control +
		head->msg_controllen);
	PEN_CHECK(head->msg_controllen + CMSG_SPACE(bytes) <= PEN_UDP_SAID_BYTES);
	one->cmsg_level = level;
	one->cmsg_type = type;
	one->cmsg_len = CMSG_LEN(bytes);
	memcpy(CMSG_DATA(one), data, bytes);
	head->msg_controllen += CMSG_SPACE(bytes);
}

/* The address that it leaves from: the one that the other end knows. */
static void say_from(struct msghdr *head, bool v6, const struct pen_net_path *path)
{
	if (pen_address_is_any(path->local))
		return;
	if (v6) {
		struct in6_pktinfo info = {.ipi6_ifindex = path->scope};
		memcpy(&info.ipi6_addr, path->local, sizeof info.ipi6_addr);
		say(head, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
	} else {
		struct in_pktinfo info = {.ipi_spec_dst = pen_address_v4(path->local)};
		say(head, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
	}
}

static void say_ecn(struct msghdr *head, const struct pen_frame *frame)
{
	int ecn = frame->ecn;
	if (!ecn)
		return;
	if (pen_address_is_v4(frame->path->remote))
		say(head, IPPROTO_IP, IP_TOS, &ecn, sizeof ecn);
	else
		say(head, IPPROTO_IPV6, IPV6_TCLASS, &ecn, sizeof ecn);
}

/* The next piece of a message, unless it is empty. Where the one behind it goes. */
static struct iovec *piece(struct iovec *next, const void *at, size_t bytes)
{
	if (bytes == 0)
		return next;
	*next = (struct iovec){(void *)at, bytes};
	return next + 1;
}

/* Write a message of the frames; false: this socket has no such address. */
static bool letter(struct pen_udp_sender *sender, const struct pen_frame *frames, unsigned count)
{
	struct pen_udp_letters *letters = &sender->letters;
	const struct pen_net_path *path = frames->path;
	unsigned i = letters->count;
	PEN_CHECK(i < PEN_NET_BURST_MAX);
	struct msghdr *head = &letters->head[i].msg_hdr;
	socklen_t bytes = pen_address_make(
		&letters->to[i], sender->v6, path->remote, path->remote_port, path->scope);
	if (!bytes || (path->local_port && path->local_port != sender->port))
		return false;
	if (!sender->v6 && !pen_address_is_v4(path->local) && !pen_address_is_any(path->local))
		return false;
	*head = (struct msghdr){.msg_name = &letters->to[i],
		.msg_namelen = bytes,
		.msg_iov = &letters->pieces[letters->piece_count],
		.msg_control = letters->said[i]};
	struct iovec *next = head->msg_iov;
	for (unsigned k = 0; k < count; k++) {
		next = piece(next, frames[k].header, frames[k].header_bytes);
		next = piece(next, frames[k].payload, frames[k].payload_bytes);
	}
	head->msg_iovlen = (size_t)(next - head->msg_iov);
	letters->piece_count += (unsigned)head->msg_iovlen;
	say_from(head, sender->v6, path);
	say_ecn(head, frames);
	uint16_t each = (uint16_t)pen_frame_bytes(frames);
	if (count > 1)
		say(head, IPPROTO_UDP, UDP_SEGMENT, &each, sizeof each);
	if (!head->msg_controllen)
		head->msg_control = NULL;
	letters->frames[i] = count;
	letters->count++;
	return true;
}

static void letters_clear(struct pen_udp_letters *letters)
{
	letters->count = 0;
	letters->piece_count = 0;
}

/* Send messages from `from` on. How many went; 0 or more, or -errno of the first. */
static int post(struct pen_udp_sender *sender, unsigned from)
{
	struct pen_udp_letters *letters = &sender->letters;
	int sent;
	do
		sent = sendmmsg(
			sender->fd, letters->head + from, letters->count - from, MSG_DONTWAIT);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : sent;
}

/* No room just now: what was not taken stays with the caller. */
static bool is_full(int err)
{
	return err == -EAGAIN || err == -ENOBUFS || err == -ENOMEM;
}

/* A message went. */
static void count_sent(
	struct pen_net_counters *counters, const struct pen_udp_letters *letters, unsigned i)
{
	counters->tx_packets += letters->frames[i];
	counters->tx_bytes += letters->head[i].msg_len;
	counters->tx_runs++;
}

static void count_lost(struct pen_net_counters *counters, int err, unsigned count)
{
	if (err == -EMSGSIZE)
		counters->tx_large += count;
	else
		counters->tx_lost += count;
}

/*
 * The kernel refused a run. Frame by frame it shows why: if the first goes, runs are what the path
 * cannot do. How many frames were taken.
 */
static unsigned send_singly(struct pen_udp_sender *sender, const struct pen_frame *frames,
	unsigned count, int64_t now_ns, struct pen_net_counters *counters)
{
	unsigned taken = 0;
	for (; taken < count; taken++) {
		letters_clear(&sender->letters);
		PEN_CHECK(letter(sender, &frames[taken], 1));
		int sent = post(sender, 0);
		if (is_full(sent)) {
			sender->letters.full = true;
			break;
		}
		if (sent == 1) {
			count_sent(counters, &sender->letters, 0);
			continue;
		}
		/* They are of one path and, but for the last, of one size. */
		count_lost(counters, sent, count - taken);
		return count;
	}
	if (taken) {
		*single_of(sender, frames->path) = (struct pen_udp_single){
			*frames->path, now_ns + PEN_UDP_SINGLE_NS};
		sender->singly++;
	}
	return taken;
}

/* Send all messages that are written, of frames from the first on. How many frames were taken. */
static unsigned send_written(struct pen_udp_sender *sender, const struct pen_frame *frames,
	int64_t now_ns, struct pen_net_counters *counters)
{
	struct pen_udp_letters *letters = &sender->letters;
	unsigned done = 0, taken = 0;
	while (done < letters->count) {
		int sent = post(sender, done);
		for (int i = 0; i < sent; i++) {
			count_sent(counters, letters, done);
			taken += letters->frames[done++];
		}
		if (sent > 0)
			continue;
		unsigned run = letters->frames[done];
		if (is_full(sent)) {
			letters->full = true;
			break;
		}
		if (run > 1 && (sent == -EMSGSIZE || sent == -EIO || sent == -EINVAL))
			return taken + send_singly(sender, &frames[taken], run, now_ns, counters);
		count_lost(counters, sent, run);
		taken += run;
		done++;
	}
	return taken;
}

/* Frames from `from` on: as many as one sendmmsg may take, or one that cannot go. How many were
 * taken. */
static unsigned send_some(struct pen_udp_sender *sender, const struct pen_udp_burst *burst,
	unsigned from, struct pen_net_counters *counters)
{
	unsigned next = from;
	letters_clear(&sender->letters);
	while (next < burst->count && pen_frame_bytes(&burst->frames[next]) <= burst->bytes_max) {
		unsigned run = run_of(sender, burst, next);
		if (!letter(sender, &burst->frames[next], run))
			break;
		next += run;
	}
	if (next > from)
		return send_written(sender, &burst->frames[from], burst->now_ns, counters);
	bool large = pen_frame_bytes(&burst->frames[from]) > burst->bytes_max;
	count_lost(counters, large ? -EMSGSIZE : -EADDRNOTAVAIL, 1);
	return 1;
}

unsigned pen_udp_send(struct pen_udp_sender *sender, const struct pen_udp_burst *burst,
	struct pen_net_counters *counters)
{
	struct pen_udp_burst fits = *burst;
	unsigned taken = 0;
	PEN_CHECK(burst->count <= PEN_NET_BURST_MAX);
	if (fits.count > PEN_UDP_TAGS - sender->count)
		fits.count = PEN_UDP_TAGS - sender->count;
	sender->letters.full = false;
	while (taken < fits.count && !sender->letters.full)
		taken += send_some(sender, &fits, taken, counters);
	uint64_t *tags = sender->tags + sender->count;
	for (unsigned i = 0; i < taken; i++)
		tags[i] = burst->frames[i].tag;
	sender->count += taken;
	sender->unsent += burst->count - taken;
	return taken;
}

unsigned pen_udp_reap(struct pen_udp_sender *sender, uint64_t *tags, unsigned max)
{
	unsigned count = sender->count < max ? sender->count : max;
	sender->count -= count;
	memcpy(tags, sender->tags + sender->count, count * sizeof *tags);
	return count;
}
