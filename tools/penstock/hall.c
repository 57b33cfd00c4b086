#include "hall.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/rng.h"
#include "drivers/table.h"
#include "mem/block.h"
#include "serve/serve.h"

/* Blocks of the cache: 128 MiB, what 10 Gb/s send in a tenth of a second. */
#define HALL_BLOCKS 128u
#define HALL_GUESTS 256u
#define HALL_FILES 64u
#define HALL_IDLE_S 30
/* How soon what the shelf finds is offered, and a signal obeyed. */
#define HALL_LOOK_NS (250 * PEN_NS_PER_MS)
/* How soon to look at the disk again, whose reads wake nobody. */
#define HALL_READ_NS INT64_C(50000)
/* Farewells leave within so long, or are lost. */
#define HALL_LEAVE_NS (50 * PEN_NS_PER_MS)

struct hall {
	struct hall_config config;
	struct pen_arena arena;
	struct pen_block_pool pool;
	struct pen_net *net;
	struct pen_disk *disk, *side; /* `side` only if it is not `disk` */
	struct pen_serve serve;
	bool opened; /* serve is */
	struct pen_listing listing;
	const struct shelf_view *view; /* that is listed */
	uint32_t generation;
	pthread_t thread;
	bool started;
	_Atomic bool stop;
};

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Offer what the shelf has now. */
static void look(struct hall *hall)
{
	const struct shelf_view *view = shelf_get(hall->config.shelf);
	struct pen_listing fresh = {0};
	if (view == hall->view || pen_listing_make(&fresh, &view->catalog, hall->generation + 1)) {
		shelf_put(hall->config.shelf, view);
		return;
	}
	struct pen_listing old = hall->listing;
	hall->generation++;
	hall->listing = fresh;
	pen_serve_list(&hall->serve, &hall->listing);
	pen_listing_fini(&old);
	if (hall->view)
		shelf_put(hall->config.shelf, hall->view);
	hall->view = view;
}

static void sleep_until(struct hall *hall, int64_t until_ns, int64_t now_ns)
{
	struct pollfd fd = {.events = POLLIN};
	int64_t wait_ns = until_ns - now_ns;
	if (wait_ns <= 0)
		return;
	switch (hall->net->ops->arm(hall->net, 0, &fd.fd)) {
	case PEN_NET_ARM_WORK: return;
	case PEN_NET_ARM_BLIND: pen_clock_sleep_ns(least(wait_ns, PEN_NET_BLIND_NS)); return;
	case PEN_NET_ARM_FD: break;
	}
	const struct timespec wait = {wait_ns / PEN_NS_PER_S, wait_ns % PEN_NS_PER_S};
	ppoll(&fd, 1, &wait, NULL);
}

/* One turn. When the next is due. */
static int64_t turn(struct hall *hall, int64_t now_ns)
{
	int64_t due_ns = pen_serve_poll(&hall->serve, now_ns);
	return pen_serve_reads(&hall->serve) ? least(due_ns, now_ns + HALL_READ_NS) : due_ns;
}

static void *run(void *context)
{
	struct hall *hall = context;
	int64_t look_ns = 0;
	while (!atomic_load(&hall->stop)) {
		int64_t now_ns = pen_clock_ns();
		if (now_ns >= look_ns) {
			look_ns = now_ns + HALL_LOOK_NS;
			look(hall);
		}
		sleep_until(hall, least(turn(hall, now_ns), look_ns), now_ns);
	}
	int64_t end_ns = pen_clock_ns() + HALL_LEAVE_NS;
	pen_serve_leave(&hall->serve);
	for (int64_t now_ns; (now_ns = pen_clock_ns()) < end_ns;) {
		sleep_until(hall, least(turn(hall, now_ns), end_ns), now_ns);
	}
	return NULL;
}

static int memory_open(struct hall *hall, struct pen_why *why)
{
	const struct pen_arena_ask ask = {
		.bytes = (HALL_BLOCKS + 1) * PEN_BLOCK_BYTES, .node = PEN_NODE_ANY};
	int err = pen_arena_open(&hall->arena, &ask, why);
	if (!err && pen_block_pool_init(&hall->pool, &hall->arena, HALL_BLOCKS + 1))
		err = pen_fail(why, -ENOMEM, "no memory for a server");
	return err;
}

static int disks_open(struct hall *hall, struct pen_notes *notes, struct pen_why *why)
{
	const struct pen_arena *arenas[] = {&hall->arena};
	const struct pen_disk_options options = {arenas, 1, notes, 0};
	int err = pen_disk_open_queued(hall->config.store, false, &options, &hall->disk, why);
	if (!err && hall->config.index)
		err = pen_disk_open_queued(hall->config.index, false, &options, &hall->side, why);
	return err;
}

static int net_open(struct hall *hall, struct pen_notes *notes, struct pen_why *why)
{
	const struct endpoint *at = &hall->config.at;
	const struct pen_arena *arenas[] = {&hall->arena};
	struct pen_udp_options options = {.scope = at->scope, .port = at->port, .notes = notes};
	memcpy(options.address, at->address, sizeof options.address);
	int err = pen_net_open_udp(&options, &hall->net, why);
	return err ? err : hall->net->ops->start(hall->net, arenas, 1, why);
}

static int serve_open(struct hall *hall, struct pen_why *why)
{
	const struct hall_config *from = &hall->config;
	struct pen_serve_config config = {.net = hall->net,
		.core = from->core,
		.disk = hall->disk,
		.side = hall->side ? hall->side : hall->disk,
		.side_prefix = hall->side ? "" : ".penstock/",
		.pool = &hall->pool,
		.blocks = HALL_BLOCKS,
		.files = HALL_FILES,
		.guests = HALL_GUESTS,
		.greet = {.identity = from->identity->peer,
			.size = pen_wire_size_most(hall->net->caps.payload_bytes),
			.sum_absent_ok = hall->net->caps.sum_absent_ok,
			.slots = PEN_WIRE_SLOTS_MAX,
			.idle_s = HALL_IDLE_S}};
	memcpy(config.greet.reset_key, from->identity->reset_key, sizeof config.greet.reset_key);
	pen_rng_secret(config.seed, sizeof config.seed);
	if (pen_serve_open(&hall->serve, &config, pen_clock_ns()))
		return pen_fail(why, -ENOMEM, "no memory for a server");
	hall->opened = true;
	return 0;
}

static int thread_start(struct hall *hall, struct pen_why *why)
{
	int err = -pthread_create(&hall->thread, NULL, run, hall);
	hall->started = !err;
	return err ? pen_fail(why, err, "cannot start a thread: %s", strerror(-err)) : 0;
}

int hall_open(struct hall_config *config, struct hall **out, struct pen_why *why)
{
	struct pen_notes notes = {0};
	struct hall *hall = calloc(1, sizeof *hall);
	if (!hall)
		return pen_fail(why, -ENOMEM, "no memory for a server");
	hall->config = *config;
	int err = memory_open(hall, why);
	if (!err)
		err = disks_open(hall, &notes, why);
	if (!err)
		err = net_open(hall, &notes, why);
	if (!err)
		err = serve_open(hall, why);
	if (!err)
		err = thread_start(hall, why);
	if (err) {
		hall_close(hall);
		return err;
	}
	for (unsigned i = 0; i < notes.count && config->core == 0; i++)
		fprintf(stderr, "penstock serve: %s\n", notes.text[i]);
	config->at.port = hall->net->local_port;
	*out = hall;
	return 0;
}

/* Reads that are under way end before their memory goes. */
static void disk_drain(struct pen_disk *disk)
{
	struct pen_disk_done done[16];
	while (disk && disk->ops->reap(disk, done, 16, PEN_NS_PER_S))
		continue;
}

void hall_close(struct hall *hall)
{
	if (!hall)
		return;
	atomic_store(&hall->stop, true);
	if (hall->started)
		pthread_join(hall->thread, NULL);
	pen_net_close(hall->net);
	disk_drain(hall->disk);
	disk_drain(hall->side);
	if (hall->opened)
		pen_serve_close(&hall->serve);
	pen_listing_fini(&hall->listing);
	if (hall->view)
		shelf_put(hall->config.shelf, hall->view);
	pen_disk_shut(hall->side);
	pen_disk_shut(hall->disk);
	pen_block_pool_fini(&hall->pool);
	pen_arena_close(&hall->arena);
	free(hall);
}
