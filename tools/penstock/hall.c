#include "hall.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/rng.h"
#include "base/thread.h"
#include "mem/block.h"

#define HALL_FILES 64u
#define HALL_IDLE_S 30
/* How soon what the shelf finds is offered, counts are shown, and a signal is obeyed. */
#define HALL_LOOK_NS (250 * PEN_NS_PER_MS)
/* How soon to look at the disk again, whose reads wake nobody. */
#define HALL_READ_NS INT64_C(50000)
/* Farewells leave within so long, or are lost. */
#define HALL_LEAVE_NS (50 * PEN_NS_PER_MS)

struct hall {
	struct hall_config config;
	char text[ENDPOINT_TEXT_BYTES];
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
	struct pen_thread pinned; /* instead, if it is to be pinned */
	bool started; /* thread is */
	_Atomic int64_t until_ns; /* when to end at the latest; INT64_MAX: not yet */
	pthread_mutex_t mutex; /* for the counts */
	struct hall_counts counts;
};

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Offer what the shelf has now. */
static void offer(struct hall *hall)
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

/* Say what went wrong between two counts. */
static void complain(const struct hall *hall, const struct hall_counts *now,
	const struct hall_counts *then, int64_t now_ns)
{
	struct hush *hush = hall->config.hush;
	const char *at = hall->text;
	hush_say(hush, HUSH_FULL, now->serve.sessions_refused - then->serve.sessions_refused,
		now_ns,
		"udp %s has no place for one more client: it takes %u; another --listen makes as "
		"many more",
		at, HALL_GUESTS);
	hush_say(hush, HUSH_HELLOS,
		now->hellos_over_all + now->hellos_over_prefix - then->hellos_over_all -
			then->hellos_over_prefix,
		now_ns,
		"udp %s asked a client to come back later: it takes %u handshakes a second, %u "
		"from one network",
		at, PEN_LIMIT_HELLOS_PER_S, PEN_LIMIT_PREFIX_PER_S);
	hush_say(hush, HUSH_DISK, now->cache_failed - then->cache_failed, now_ns,
		"a file of %s became shorter or cannot be read: look with 'penstock verify store "
		"%s', and at the disk with dmesg",
		hall->config.store, hall->config.store);
	hush_say(hush, HUSH_LOST_IN, now->net.rx_lost - then->net.rx_lost, now_ns,
		"udp %s lost a packet, because more came than it takes: another --listen on a core "
		"of its own (--cpus), or as root: sysctl -w net.core.rmem_max=8388608",
		at);
	hush_say(hush, HUSH_LOST_OUT, now->net.tx_lost - then->net.tx_lost, now_ns,
		"udp %s could not send a packet: no route to a client, or a firewall (ip route "
		"get ADDR)",
		at);
}

static void look(struct hall *hall, int64_t now_ns)
{
	struct hall_counts now, then;
	offer(hall);
	hall_counts_take(&now, &hall->serve);
	pthread_mutex_lock(&hall->mutex);
	then = hall->counts;
	hall->counts = now;
	pthread_mutex_unlock(&hall->mutex);
	complain(hall, &now, &then, now_ns);
}

static void sleep_until(struct hall *hall, int64_t until_ns, int64_t now_ns)
{
	struct pollfd fd = {.events = POLLIN};
	int64_t wait_ns = until_ns - now_ns;
	if (wait_ns <= 0 || hall->config.busy)
		return;
	switch (hall->net->ops->arm(hall->net, 0, &fd.fd)) {
	case PEN_NET_ARM_WORK: return;
	case PEN_NET_ARM_BLIND: pen_clock_sleep_ns(least(wait_ns, hall->net->blind_ns)); return;
	case PEN_NET_ARM_FD: break;
	}
	const struct timespec wait = {wait_ns / PEN_NS_PER_S, wait_ns % PEN_NS_PER_S};
	ppoll(&fd, 1, &wait, NULL);
}

static int64_t stop_ns(struct hall *hall)
{
	return atomic_load(&hall->until_ns);
}

/* One turn. When the next is due. */
static int64_t turn(struct hall *hall, int64_t now_ns)
{
	int64_t due_ns = pen_serve_poll(&hall->serve, now_ns);
	return pen_serve_reads(&hall->serve) ? least(due_ns, now_ns + HALL_READ_NS) : due_ns;
}

static void run(void *context)
{
	struct hall *hall = context;
	int64_t look_ns = 0, now_ns = pen_clock_ns();
	while (now_ns < stop_ns(hall)) {
		bool drains = stop_ns(hall) != INT64_MAX;
		if (drains && !pen_serve_drain(&hall->serve))
			break;
		if (now_ns >= look_ns) {
			look_ns = now_ns + HALL_LOOK_NS;
			look(hall, now_ns);
		}
		int64_t due_ns = least(turn(hall, now_ns), look_ns);
		sleep_until(hall, least(due_ns, stop_ns(hall)), now_ns);
		now_ns = pen_clock_ns();
	}
	int64_t end_ns = now_ns + HALL_LEAVE_NS;
	pen_serve_leave(&hall->serve);
	for (; now_ns < end_ns; now_ns = pen_clock_ns()) {
		sleep_until(hall, least(turn(hall, now_ns), end_ns), now_ns);
	}
	look(hall, now_ns);
}

static void *run_anywhere(void *context)
{
	run(context);
	return NULL;
}

static int memory_open(struct hall *hall, struct pen_why *why)
{
	const struct hall_config *config = &hall->config;
	uint32_t blocks = config->blocks + 1;
	const struct pen_arena_ask ask = {.bytes = blocks * PEN_BLOCK_BYTES,
		.node = config->pinned ? pen_cpu_node(config->core) : PEN_NODE_ANY,
		.small = config->without & PEN_WITHOUT_HUGEPAGES};
	int err = pen_arena_open(&hall->arena, &ask, why);
	if (!err && pen_block_pool_init(&hall->pool, &hall->arena, blocks))
		err = pen_fail(why, -ENOMEM, "no memory for a server");
	return err;
}

static int disks_open(struct hall *hall, struct pen_why *why)
{
	const struct hall_config *config = &hall->config;
	const struct pen_arena *arenas[] = {&hall->arena};
	struct pen_disk_options options = {arenas, 1, config->notes, config->without};
	int err = pen_disk_open_queued(config->store, false, &options, &hall->disk, why);
	/* Side files are small, and read through the page cache. */
	options.arena_count = 0;
	if (!err && config->index)
		err = pen_disk_open_queued(config->index, false, &options, &hall->side, why);
	return err;
}

static int net_open(struct hall *hall, struct pen_why *why)
{
	struct hall_config *config = &hall->config;
	const struct pen_arena *arenas[] = {&hall->arena};
	struct pen_udp_options options = {.scope = config->at.scope,
		.port = config->at.port,
		.without = config->without,
		.notes = config->notes};
	memcpy(options.address, config->at.address, sizeof options.address);
	int err = pen_net_open_udp(&options, &hall->net, why);
	if (err)
		return err;
	config->at.port = hall->net->local_port;
	endpoint_text(&config->at, hall->text);
	return hall->net->ops->start(hall->net, arenas, 1, why);
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
		.blocks = from->blocks,
		.files = HALL_FILES,
		.guests = HALL_GUESTS,
		.rate = from->rate,
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
	int err = hall->config.pinned
		? pen_thread_start(&hall->pinned, run, hall, hall->config.core)
		: -pthread_create(&hall->thread, NULL, run_anywhere, hall);
	hall->started = !err && !hall->config.pinned;
	return err ? pen_fail(why, err, "cannot start a thread: %s", strerror(-err)) : 0;
}

int hall_open(struct hall_config *config, struct hall **out, struct pen_why *why)
{
	struct hall *hall = calloc(1, sizeof *hall);
	if (!hall)
		return pen_fail(why, -ENOMEM, "no memory for a server");
	hall->config = *config;
	atomic_init(&hall->until_ns, INT64_MAX);
	pthread_mutex_init(&hall->mutex, NULL);
	/* The port first: that it is busy is the likeliest to fail. */
	int err = memory_open(hall, why);
	if (!err)
		err = net_open(hall, why);
	if (!err)
		err = disks_open(hall, why);
	if (!err)
		err = serve_open(hall, why);
	if (!err)
		err = thread_start(hall, why);
	if (err) {
		hall_close(hall);
		return err;
	}
	config->at.port = hall->config.at.port;
	*out = hall;
	return 0;
}

void hall_counts(struct hall *hall, struct hall_counts *counts)
{
	pthread_mutex_lock(&hall->mutex);
	*counts = hall->counts;
	pthread_mutex_unlock(&hall->mutex);
}

const struct pen_arena *hall_arena(const struct hall *hall)
{
	return &hall->arena;
}

void hall_drain(struct hall *hall, int64_t until_ns)
{
	atomic_store(&hall->until_ns, until_ns);
}

void hall_close(struct hall *hall)
{
	if (!hall)
		return;
	if (stop_ns(hall) == INT64_MAX)
		hall_drain(hall, 0);
	if (hall->started)
		pthread_join(hall->thread, NULL);
	pen_thread_join(&hall->pinned);
	pen_net_close(hall->net);
	/* Its cache waits for reads that are under way, before their memory goes. */
	if (hall->opened)
		pen_serve_close(&hall->serve);
	pen_listing_fini(&hall->listing);
	if (hall->view)
		shelf_put(hall->config.shelf, hall->view);
	pen_disk_shut(hall->side);
	pen_disk_shut(hall->disk);
	pen_block_pool_fini(&hall->pool);
	pen_arena_close(&hall->arena);
	pthread_mutex_destroy(&hall->mutex);
	free(hall);
}
