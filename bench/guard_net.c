/*
 * guard_net: what can be counted of a transfer between a server and a client on simulated machines
 * (sim/transfer.h), for bench/guard.
 *
 *   bench_guard_net server    what the server's turns cost; counting is on in guard_server
 *   bench_guard_net client    the same of the client's, in guard_client
 *   bench_guard_net feedback  what the client sends for what it gets, 64 MiB at 100 Mb/s, without
 *                             loss and with 1 %
 *
 * Prints "name value" lines. Instructions are counted from outside, by callgrind. What the devices
 * do, and the caller with pieces that came, happens in functions named guard_aside_, in which
 * neither counts; only the side that is counted has them.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "bench/counted.h"
#include "sim/transfer.h"

#define MIB (UINT32_C(1) << 20)

static struct transfer transfer;
static const struct pen_net_ops *net_ops;
static const struct pen_disk_ops *disk_ops;

/* Named for callgrind. */
int64_t guard_server(struct transfer *moved, int64_t now_ns);
int64_t guard_client(struct transfer *moved, int64_t now_ns);
unsigned guard_aside_receive(
	struct pen_net *net, unsigned queue, int64_t now_ns, struct pen_slice *out, unsigned max);
void guard_aside_put(
	struct pen_net *net, unsigned queue, const struct pen_slice *slices, unsigned count);
unsigned guard_aside_send(struct pen_net *net, unsigned queue, int64_t now_ns,
	const struct pen_frame *frames, unsigned count);
unsigned guard_aside_reap(struct pen_net *net, unsigned queue, uint64_t *tags, unsigned max);
unsigned guard_aside_submit(struct pen_disk *disk, const struct pen_disk_op *ops, unsigned count);
unsigned guard_aside_done(
	struct pen_disk *disk, struct pen_disk_done *done, unsigned max, int64_t wait_ns);
void guard_aside_compare(struct transfer *moved, const struct pen_client_piece *piece);

static bool pause(void)
{
	bool was = counted.on;
	counted.on = false;
	return was;
}

__attribute__((noinline)) unsigned guard_aside_receive(
	struct pen_net *net, unsigned queue, int64_t now_ns, struct pen_slice *out, unsigned max)
{
	bool was = pause();
	unsigned count = net_ops->rx_burst(net, queue, now_ns, out, max);
	counted.on = was;
	return count;
}

__attribute__((noinline)) void guard_aside_put(
	struct pen_net *net, unsigned queue, const struct pen_slice *slices, unsigned count)
{
	bool was = pause();
	net_ops->rx_put(net, queue, slices, count);
	counted.on = was;
}

__attribute__((noinline)) unsigned guard_aside_send(struct pen_net *net, unsigned queue,
	int64_t now_ns, const struct pen_frame *frames, unsigned count)
{
	bool was = pause();
	count = net_ops->tx_burst(net, queue, now_ns, frames, count);
	counted.on = was;
	return count;
}

__attribute__((noinline)) unsigned guard_aside_reap(
	struct pen_net *net, unsigned queue, uint64_t *tags, unsigned max)
{
	bool was = pause();
	unsigned count = net_ops->tx_reap(net, queue, tags, max);
	counted.on = was;
	return count;
}

__attribute__((noinline)) unsigned guard_aside_submit(
	struct pen_disk *disk, const struct pen_disk_op *ops, unsigned count)
{
	bool was = pause();
	count = disk_ops->submit(disk, ops, count);
	counted.on = was;
	return count;
}

__attribute__((noinline)) unsigned guard_aside_done(
	struct pen_disk *disk, struct pen_disk_done *done, unsigned max, int64_t wait_ns)
{
	bool was = pause();
	unsigned count = disk_ops->reap(disk, done, max, wait_ns);
	counted.on = was;
	return count;
}

__attribute__((noinline)) void guard_aside_compare(
	struct transfer *moved, const struct pen_client_piece *piece)
{
	bool was = pause();
	transfer_compare(moved, piece);
	counted.on = was;
}

__attribute__((noinline)) int64_t guard_server(struct transfer *moved, int64_t now_ns)
{
	counted.on = true;
	int64_t due_ns = transfer_server_turn(moved, now_ns);
	counted.on = false;
	return due_ns;
}

__attribute__((noinline)) int64_t guard_client(struct transfer *moved, int64_t now_ns)
{
	counted.on = true;
	int64_t due_ns = transfer_client_turn(moved, now_ns);
	counted.on = false;
	return due_ns;
}

static void stand_before(struct pen_net *net)
{
	static struct pen_net_ops ops;
	net_ops = net->ops;
	ops = *net_ops;
	ops.rx_burst = guard_aside_receive;
	ops.rx_put = guard_aside_put;
	ops.tx_burst = guard_aside_send;
	ops.tx_reap = guard_aside_reap;
	net->ops = &ops;
}

static void stand_before_disk(struct pen_disk *disk)
{
	static struct pen_disk_ops ops;
	disk_ops = disk->ops;
	ops = *disk_ops;
	ops.submit = guard_aside_submit;
	ops.reap = guard_aside_done;
	disk->ops = &ops;
}

/* At a rate at which many packets come and go in a turn. */
static int count_turns(bool server)
{
	const struct transfer_ask ask = {.seed = 1,
		.bytes = 32 * MIB,
		.bits_per_s = UINT64_C(10000000000),
		.rtt_ns = PEN_NS_PER_MS,
		.server_turn = server ? guard_server : transfer_server_turn,
		.client_turn = server ? transfer_client_turn : guard_client,
		.server_opened = server ? stand_before : NULL,
		.client_opened = server ? NULL : stand_before,
		.compare = server ? transfer_compare : guard_aside_compare};
	if (transfer_init(&transfer, &ask))
		return 1;
	if (server)
		stand_before_disk(&transfer.disk.disk);
	bool fine = transfer_run(&transfer);
	printf("packets %llu\n", (unsigned long long)transfer.from_server.data);
	printf("copied_per_byte %.4f\n", (double)counted.copied / ask.bytes);
	printf("allocations %llu\n", (unsigned long long)counted.allocations);
	transfer_fini(&transfer);
	return fine ? 0 : 1;
}

static int count_feedback(const char *name, uint32_t loss_ppm)
{
	const struct transfer_ask ask = {.seed = 1,
		.bytes = 64 * MIB,
		.bits_per_s = UINT64_C(100000000),
		.rtt_ns = 20 * PEN_NS_PER_MS,
		.loss_ppm = loss_ppm,
		.server_turn = transfer_server_turn,
		.client_turn = transfer_client_turn,
		.compare = transfer_compare};
	if (transfer_init(&transfer, &ask))
		return 1;
	bool fine = transfer_run(&transfer);
	const struct transfer_side *server = &transfer.from_server, *client = &transfer.from_client;
	printf("packets_per_data%s %.5f\n", name, (double)client->packets / (double)server->data);
	printf("percent_of_bytes%s %.4f\n", name,
		100.0 * (double)client->bytes / (double)server->bytes);
	transfer_fini(&transfer);
	return fine ? 0 : 1;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "server"))
		return count_turns(true);
	if (argc == 2 && !strcmp(argv[1], "client"))
		return count_turns(false);
	if (argc == 2 && !strcmp(argv[1], "feedback"))
		return count_feedback("", 0) || count_feedback("_lossy", 10000);
	fprintf(stderr, "usage: %s server|client|feedback\n", argv[0]);
	return 2;
}
