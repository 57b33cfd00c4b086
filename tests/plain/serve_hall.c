/*
 * All threads of a server and of those who fetch from it, in one process, over the loopback: halls
 * (UDP by io_uring, a disk with queues), the shelf, whoever asks for metrics; and receivers that
 * hand what came to a pool of workers, into the null sink and the simulator's. For builds where
 * Criterion cannot run: run it under TSan.
 */
#include <errno.h>
#include <ftw.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apply/pool.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/rng.h"
#include "base/text.h"
#include "drivers/sim/sink.h"
#include "drivers/uring/udp.h"
#include "fakes/null.h"
#include "fetch/client.h"
#include "halls.h"
#include "plain.h"

#define PARTS 7u
#define ROOT "GRqsQiLsteXhPiadvQ3Xkpuop5c87g35UyhpTB8LuMxv"
#define LABELS "chain_id=test/epoch_height=1/epoch_id=CVDFLCAjXhVWiPXH9nTCTpCgVzmDVoiPzNJYuccr1dqB"
#define HALLS 2u
#define BLOCKS 32u
#define SOON_NS (60 * PEN_NS_PER_S)
#define REST_NS (5 * PEN_NS_PER_MS)

/* A server as cmd_serve starts it. */
struct server {
	char store[64];
	FILE *out;
	struct hush hush;
	struct shelf *shelf;
	struct halls halls;
};

/* nearcore's parts, where a dump of nearcore's has them. */
static void store_fill(const char *store)
{
	char command[1024];
	snprintf(command, sizeof command,
		"mkdir -p %s/" LABELS "/shard_id=7 && cp %s/near/golden/small/* %s/" LABELS
		"/shard_id=7",
		store, getenv("PEN_TEST_DATA"), store);
	PEN_CHECK(system(command) == 0);
}

static bool all_offered(struct shelf *shelf)
{
	const struct shelf_view *view = shelf_get(shelf);
	uint32_t count, have = 0;
	const struct pen_catalog_set *sets = pen_catalog_sets(&view->catalog, &count);
	for (uint32_t i = 0; i < count; i++)
		have += sets[i].have;
	shelf_put(shelf, view);
	return have == PARTS;
}

static void server_open(struct server *server)
{
	static const char *const listen[HALLS] = {"127.0.0.1:0", "127.0.0.1:0"};
	struct pen_why why = {0};
	*server = (struct server){.store = "/tmp/penstock-hall-XXXXXX"};
	PEN_CHECK(mkdtemp(server->store));
	store_fill(server->store);
	server->out = tmpfile();
	hush_init(&server->hush, server->out);
	const struct shelf_config config = {.store = server->store, .hush = &server->hush};
	PEN_CHECK(shelf_open(&config, &server->shelf, &why) == 0);
	const struct halls_config halls = {.listen = listen,
		.count = HALLS,
		.store = server->store,
		.shelf = server->shelf,
		.hush = &server->hush,
		.blocks = BLOCKS};
	int err = halls_open(&server->halls, &halls, &why);
	if (err)
		fprintf(stderr, "%s\n", why.text);
	PEN_CHECK(!err);
	int64_t until_ns = pen_clock_ns() + SOON_NS;
	while (!all_offered(server->shelf) && pen_clock_ns() < until_ns)
		pen_clock_sleep_ns(REST_NS);
}

static int removed(const char *path, const struct stat *stat, int kind, struct FTW *walk)
{
	(void)stat, (void)kind, (void)walk;
	return remove(path);
}

static void server_close(struct server *server)
{
	halls_close(&server->halls);
	shelf_close(server->shelf);
	hush_fini(&server->hush);
	fclose(server->out);
	nftw(server->store, removed, 16, FTW_DEPTH | FTW_PHYS);
}

/* One who fetches: a thread, its port, and workers. */
struct receiver {
	const struct server *server;
	unsigned jobs; /* workers */
	struct pen_sink *sink;
	pthread_t thread;
	struct pen_net *net;
	struct pen_arena arena;
	struct pen_block_pool blocks;
	struct pen_client *client;
	struct pen_apply apply;
	struct pen_pool *pool;
	struct pen_task tasks[PARTS];
	struct pen_buf bytes[PARTS];
	bool waits[PARTS]; /* came, and the pool has no room for it yet */
	unsigned applied, failed;
	atomic_bool stop; /* give up */
};

static void receiver_open(struct receiver *receiver)
{
	struct pen_why why = {0};
	struct pen_udp_options options = {.address = {[10] = 0xff, 0xff, 127, 0, 0, 1}};
	PEN_CHECK(pen_net_open_udp(&options, &receiver->net, &why) == 0);
	uint32_t lag = receiver->net->caps.tx_lag;
	unsigned blocks = BLOCKS + pen_post_blocks(lag);
	const struct pen_arena_ask ask = {.bytes = blocks * PEN_BLOCK_BYTES, .node = PEN_NODE_ANY};
	PEN_CHECK(pen_arena_open(&receiver->arena, &ask, &why) == 0);
	PEN_CHECK(pen_block_pool_init(&receiver->blocks, &receiver->arena, blocks) == 0);
	const struct pen_arena *arenas[] = {&receiver->arena};
	PEN_CHECK(receiver->net->ops->start(receiver->net, arenas, 1, &why) == 0);
	struct pen_client_config config = {.n = PARTS,
		.form = PEN_WIRE_FORM_NEARCORE,
		.pool = &receiver->blocks,
		.tx_lag = lag,
		.rx_bytes = pen_udp_state_of(receiver->net).rx_bytes / 2,
		.size_max = pen_wire_size_most(receiver->net->caps.payload_bytes),
		.parts_blocks = blocks / 2,
		.units_max = BLOCKS,
		.places = 8,
		.tries = 20};
	struct pen_hash root;
	uint8_t own[PEN_KEYS_BYTES];
	PEN_CHECK(pen_hash_parse(ROOT, &root) == 0);
	memcpy(config.root, root.bytes, sizeof config.root);
	pen_rng_secret(own, sizeof own);
	pen_identity_init(&config.identity, own);
	pen_rng_secret(config.seed, sizeof config.seed);
	PEN_CHECK(pen_client_open(&receiver->client, &config, &why) == 0);
	for (unsigned i = 0; i < HALLS; i++) {
		struct pen_client_whom whom = {.path.remote = {[10] = 0xff, 0xff, 127, 0, 0, 1}};
		const char *port = strrchr(receiver->server->halls.text[i], ':');
		whom.path.remote_port = (uint16_t)atoi(port + 1);
		PEN_CHECK(pen_client_add(receiver->client, &whom, pen_clock_ns()) == (int)i);
	}
	receiver->apply = (struct pen_apply){
		.sink = receiver->sink, .shard = {.root = root, .parts = PARTS}};
	PEN_CHECK(pen_pool_open(&receiver->apply, receiver->jobs, &receiver->pool, &why) == 0);
}

static void receiver_close(struct receiver *receiver)
{
	pen_pool_close(receiver->pool);
	pen_net_close(receiver->net);
	pen_client_close(receiver->client);
	pen_block_pool_fini(&receiver->blocks);
	pen_arena_close(&receiver->arena);
	for (unsigned k = 0; k < PARTS; k++)
		pen_buf_fini(&receiver->bytes[k]);
}

/* Parts of this state are one piece each. */
static void take(struct receiver *receiver, const struct pen_client_piece *piece)
{
	uint32_t k = piece->piece.part;
	PEN_CHECK(k < PARTS && piece->last && piece->unit == 0);
	receiver->bytes[k].len = 0;
	PEN_CHECK(pen_buf_append(&receiver->bytes[k], piece->block->at, piece->bytes) == 0);
	pen_block_put(piece->block);
	receiver->waits[k] = true;
}

static void workers_turn(struct receiver *receiver)
{
	for (uint32_t k = 0; k < PARTS; k++) {
		struct pen_task *task = &receiver->tasks[k];
		if (!receiver->waits[k])
			continue;
		memset(task, 0, sizeof *task);
		task->k = k;
		task->bytes = &receiver->bytes[k];
		receiver->waits[k] = !pen_pool_submit(receiver->pool, task);
	}
	for (struct pen_task *task; (task = pen_pool_reap(receiver->pool));) {
		receiver->applied += task->result == 0;
		receiver->failed += task->result != 0;
		pen_client_proved(receiver->client, PEN_WIRE_KIND_PIECE, task->k);
	}
}

static void net_turn(struct receiver *receiver, int64_t now_ns)
{
	struct pen_client_piece piece;
	pen_client_receive(receiver->client, receiver->net, 0, now_ns);
	pen_client_turn(receiver->client, now_ns);
	while (pen_client_next(receiver->client, &piece, now_ns))
		take(receiver, &piece);
	pen_client_turn(receiver->client, now_ns);
	pen_post_flush(&receiver->client->post, receiver->net, 0, now_ns);
}

static void *receive(void *context)
{
	struct receiver *receiver = context;
	int64_t until_ns = pen_clock_ns() + SOON_NS, now_ns;
	receiver_open(receiver);
	while (receiver->applied < PARTS && !atomic_load(&receiver->stop) &&
		(now_ns = pen_clock_ns()) < until_ns) {
		struct pollfd fds[] = {{.events = POLLIN},
			{.fd = pen_pool_wake(receiver->pool)->fd, .events = POLLIN}};
		net_turn(receiver, now_ns);
		workers_turn(receiver);
		if (receiver->net->ops->arm(receiver->net, 0, &fds[0].fd) == PEN_NET_ARM_FD)
			poll(fds, 2, 1);
		pen_wake_clear(pen_pool_wake(receiver->pool));
	}
	now_ns = pen_clock_ns();
	pen_client_leave(receiver->client, now_ns);
	pen_post_flush(&receiver->client->post, receiver->net, 0, now_ns);
	receiver_close(receiver);
	return NULL;
}

/* Bytes of all metrics, which somebody asks for all the while. */
static size_t metrics_bytes(struct server *server)
{
	struct pen_buf out = {0};
	PEN_CHECK(halls_metrics(&server->halls, &out) == 0);
	size_t bytes = out.len;
	pen_buf_fini(&out);
	return bytes;
}

static void parts_go_through_all_threads(void)
{
	static struct pen_sim_sink sim;
	static struct receiver receivers[3];
	static const struct pen_sim_sink_faults none;
	struct server server;
	struct pen_sim_clock clock;
	struct pen_sink_state have;
	struct null_sink nulls[2];
	pen_sim_clock_init(&clock, 1);
	pen_sim_sink_init(&sim, &clock, 1, &none);
	server_open(&server);
	for (unsigned i = 0; i < PEN_COUNT(nulls); i++)
		null_sink_init(&nulls[i]);
	receivers[0] = (struct receiver){.jobs = 1, .sink = &sim.sink};
	receivers[1] = (struct receiver){.jobs = 3, .sink = &nulls[0].sink};
	receivers[2] = (struct receiver){.jobs = 2, .sink = &nulls[1].sink};
	struct pen_sink_state want = {.parts = PARTS};
	PEN_CHECK(pen_hash_parse(ROOT, &want.root) == 0);
	PEN_CHECK(sim.sink.ops->begin(&sim.sink, &want, &have, NULL, NULL) == 0);
	for (unsigned i = 0; i < PEN_COUNT(receivers); i++) {
		receivers[i].server = &server;
		PEN_CHECK(!pthread_create(&receivers[i].thread, NULL, receive, &receivers[i]));
	}
	for (unsigned i = 0; i < 20; i++) {
		PLAIN_EXPECT(metrics_bytes(&server) > 0);
		pen_clock_sleep_ns(REST_NS);
	}
	for (unsigned i = 0; i < PEN_COUNT(receivers); i++) {
		pthread_join(receivers[i].thread, NULL);
		PLAIN_EXPECT(receivers[i].applied == PARTS);
		PLAIN_EXPECT(receivers[i].failed == 0);
	}
	PLAIN_EXPECT(sim.commits == PARTS);
	PLAIN_EXPECT(sim.sink.ops->finish(&sim.sink, &want, NULL) == 0);
	PLAIN_EXPECT(nulls[0].commits == PARTS && nulls[1].commits == PARTS);
	server_close(&server);
}

/* The server is told to end while it is fetched from. */
static void a_server_drains_under_load(void)
{
	static struct receiver receivers[2];
	struct null_sink null;
	struct server server;
	null_sink_init(&null);
	server_open(&server);
	for (unsigned i = 0; i < PEN_COUNT(receivers); i++) {
		receivers[i] = (struct receiver){.server = &server, .jobs = 1, .sink = &null.sink};
		PEN_CHECK(!pthread_create(&receivers[i].thread, NULL, receive, &receivers[i]));
	}
	pen_clock_sleep_ns(20 * PEN_NS_PER_MS);
	halls_drain(&server.halls, pen_clock_ns() + 2 * PEN_NS_PER_S);
	int64_t since_ns = pen_clock_ns();
	halls_close(&server.halls);
	PLAIN_EXPECT(pen_clock_ns() - since_ns < 20 * PEN_NS_PER_S);
	for (unsigned i = 0; i < PEN_COUNT(receivers); i++) {
		atomic_store(&receivers[i].stop, true);
		pthread_join(receivers[i].thread, NULL);
		PLAIN_EXPECT(receivers[i].failed == 0);
	}
	server_close(&server);
}

int main(void)
{
	static const struct plain_test tests[] = {
		{"parts go through all threads", parts_go_through_all_threads},
		{"a server drains under load", a_server_drains_under_load},
	};
	if (!getenv("PEN_TEST_DATA")) {
		puts("skipped: PEN_TEST_DATA is not set");
		return 77;
	}
	return plain_main(tests, PEN_COUNT(tests));
}
