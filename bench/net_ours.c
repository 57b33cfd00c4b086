#include "bench/net_ours.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/rng.h"
#include "drivers/table.h"
#include "drivers/uring/address.h"
#include "drivers/uring/udp.h"
#include "fetch/client.h"
#include "part/raw_page.h"
#include "serve/serve.h"

#define PORT 17777u
/* As `penstock serve` and `penstock fetch` have them. */
#define GUESTS 256u
#define FILES 64u
#define IDLE_S 30
#define FETCH_BLOCKS 256u
#define FETCH_PLACES 64u
#define FETCH_TRIES 5u
#define RETRY_NS (PEN_NS_PER_MS / 4)

/* Memory and a port, as either end has them. */
struct end {
	struct pen_net *net;
	struct pen_arena arena;
	struct pen_block_pool pool;
};

static int end_open(
	struct end *end, unsigned blocks, const char *at, uint16_t port, struct pen_why *why)
{
	struct pen_udp_options options = {.port = port};
	struct in_addr address;
	PEN_CHECK(inet_pton(AF_INET, at, &address) == 1);
	pen_address_map(address, options.address);
	int err = pen_net_open_udp(&options, &end->net, why);
	if (err)
		return err;
	blocks += pen_post_blocks(end->net->caps.tx_lag);
	const struct pen_arena_ask ask = {.bytes = blocks * PEN_BLOCK_BYTES, .node = PEN_NODE_ANY};
	const struct pen_arena *arenas[] = {&end->arena};
	err = pen_arena_open(&end->arena, &ask, why);
	if (!err && pen_block_pool_init(&end->pool, &end->arena, blocks))
		err = pen_fail(why, -ENOMEM, "no memory for blocks");
	return err ? err : end->net->ops->start(end->net, arenas, 1, why);
}

static void sleep_until(struct pen_net *net, int64_t until_ns, int64_t now_ns)
{
	struct pollfd fd = {.events = POLLIN};
	int64_t wait_ns = until_ns - now_ns;
	if (wait_ns <= 0)
		return;
	switch (net->ops->arm(net, 0, &fd.fd)) {
	case PEN_NET_ARM_WORK: return;
	case PEN_NET_ARM_BLIND:
		pen_clock_sleep_ns(wait_ns < net->blind_ns ? wait_ns : net->blind_ns);
		return;
	case PEN_NET_ARM_FD: break;
	}
	const struct timespec wait = {wait_ns / PEN_NS_PER_S, wait_ns % PEN_NS_PER_S};
	ppoll(&fd, 1, &wait, NULL);
}

static void tell_port(const struct pen_net *net, struct bench_net_did *did)
{
	const struct pen_net_counters *counters = &net->counters[0];
	did->tx_packets = counters->tx_packets;
	did->tx_bytes = counters->tx_bytes;
	did->tx_calls = counters->tx_runs;
	did->rx_packets = counters->rx_packets;
	did->rx_bytes = counters->rx_bytes;
	did->rx_lost = counters->rx_lost;
	did->rx_calls = pen_udp_state_of(net).counters.batches;
}

/* What a scan of the store finds. */
static int catalog_make(
	const struct bench_net_lab *lab, struct pen_disk *disk, struct pen_catalog *catalog)
{
	struct pen_disk_stat stat;
	int file = disk->ops->open(disk, lab->name, PEN_DISK_RDONLY, &stat);
	if (file < 0)
		return file;
	disk->ops->close(disk, file);
	struct pen_catalog_file entry = {.root = lab->root,
		.memory_usage = stat.bytes,
		.form = PEN_FORM_RAW,
		.n = 1,
		.bytes = stat.bytes,
		.mtime_ns = stat.mtime_ns};
	memcpy(entry.blob, lab->root.bytes, PEN_BLOB_BYTES);
	int err = pen_catalog_note(catalog, PEN_RAW_DIR, &entry);
	return err ? err : pen_catalog_settle(catalog);
}

static void identify(struct pen_identity *identity)
{
	uint8_t own[PEN_KEYS_BYTES];
	pen_rng_secret(own, sizeof own);
	pen_identity_init(identity, own);
}

static int serve_open(struct bench_net_lab *lab, struct end *end, struct pen_disk *disk,
	struct pen_serve *serve, struct pen_why *why)
{
	struct pen_serve_config config = {.net = end->net,
		.disk = disk,
		.side = disk,
		.side_prefix = ".penstock/",
		.pool = &end->pool,
		.blocks = lab->blocks + 2,
		.files = FILES,
		.guests = GUESTS,
		.greet = {.size = pen_wire_size_most(end->net->caps.payload_bytes),
			.sum_absent_ok = end->net->caps.sum_absent_ok,
			.slots = PEN_WIRE_SLOTS_MAX,
			.idle_s = IDLE_S}};
	identify(&config.greet.identity);
	pen_rng_secret(config.greet.reset_key, sizeof config.greet.reset_key);
	pen_rng_secret(config.seed, sizeof config.seed);
	int err = pen_serve_open(serve, &config, pen_clock_ns());
	return err ? pen_fail(why, err, "no memory for a server") : 0;
}

void bench_net_serve(struct bench_net_lab *lab, void *context, struct bench_net_did *did)
{
	static struct pen_serve serve;
	struct end end = {.net = NULL};
	struct pen_disk *disk = NULL;
	struct pen_catalog catalog = {.files.at = NULL};
	struct pen_listing listing = {.catalog = NULL};
	struct pen_why why = {0};
	(void)context;
	int err = end_open(&end, lab->blocks + 3, bench_net_address(BENCH_NET_SERVER), PORT, &why);
	const struct pen_arena *arenas[] = {&end.arena};
	const struct pen_disk_options options = {arenas, 1, NULL};
	if (!err)
		err = pen_disk_open_queued(BENCH_NET_DIR, false, &options, &disk, &why);
	if (!err)
		err = catalog_make(lab, disk, &catalog);
	if (!err)
		err = pen_listing_make(&listing, &catalog, 1);
	if (!err)
		err = serve_open(lab, &end, disk, &serve, &why);
	if (err) {
		bench_net_fail(did, "%s", why.text[0] ? why.text : pen_err_text(err));
		return;
	}
	pen_serve_list(&serve, &listing);
	did->port = PORT;
	__atomic_store_n(&did->ready, true, __ATOMIC_RELEASE);
	for (;;) {
		int64_t now_ns = pen_clock_ns();
		int64_t due_ns = pen_serve_poll(&serve, now_ns);
		if (due_ns > now_ns)
			tell_port(end.net, did);
		sleep_until(end.net, due_ns, now_ns);
	}
}

/* A fetch under way. */
struct fetch {
	struct bench_net_lab *lab;
	struct bench_net_did *did;
	enum bench_net_check check;
	struct end end;
	struct pen_client *client;
	uint32_t blocks; /* that came */
	struct pen_hash leaf[BENCH_NET_BLOCKS_MAX], page[BENCH_NET_BLOCKS_MAX];
	bool paged; /* `page` is proved */
};

static int client_open(struct fetch *fetch, struct pen_why *why)
{
	const struct pen_net *net = fetch->end.net;
	struct pen_client_config config = {.n = 1,
		.form = PEN_WIRE_FORM_RAW,
		.pool = &fetch->end.pool,
		.tx_lag = net->caps.tx_lag,
		.rx_bytes = pen_udp_state_of(net).rx_bytes / 2,
		.size_max = pen_wire_size_most(net->caps.payload_bytes),
		.sum_absent_ok = net->caps.sum_absent_ok,
		.units_max = BENCH_NET_BLOCKS_MAX,
		.places = FETCH_PLACES,
		.tries = FETCH_TRIES};
	struct pen_client_whom whom = {.path.remote_port = PORT};
	struct in_addr address;
	PEN_CHECK(inet_pton(AF_INET, bench_net_address(BENCH_NET_SERVER), &address) == 1);
	pen_address_map(address, whom.path.remote);
	memcpy(config.root, fetch->lab->root.bytes, sizeof config.root);
	identify(&config.identity);
	pen_rng_secret(config.seed, sizeof config.seed);
	int err = pen_client_open(&fetch->client, &config, why);
	if (!err && fetch->check == BENCH_NET_PROOF)
		err = pen_client_want(fetch->client, PEN_WIRE_KIND_TABLE, 0);
	if (!err)
		PEN_CHECK(pen_client_add(fetch->client, &whom, pen_clock_ns()) == 0);
	return err;
}

static void take_page(struct fetch *fetch, struct pen_bytes bytes)
{
	const struct pen_raw_page_ask ask = {
		.root = fetch->lab->root, .blocks = fetch->lab->blocks};
	const struct pen_hash *leaves;
	if (pen_raw_page_decode(bytes, &ask, &leaves)) {
		bench_net_fail(fetch->did, "a page of digests is wrong");
		return;
	}
	memcpy(fetch->page, leaves, ask.blocks * sizeof *leaves);
	fetch->paged = true;
	pen_client_proved(fetch->client, PEN_WIRE_KIND_TABLE, 0);
}

static void take_block(struct fetch *fetch, uint32_t unit, struct pen_bytes bytes)
{
	if (fetch->check == BENCH_NET_XXH3)
		fetch->lab->shared->came[unit] = XXH3_64bits(bytes.at, bytes.len);
	else
		pen_raw_leaf(bytes, &fetch->leaf[unit]);
	fetch->did->bytes += bytes.len;
	fetch->blocks++;
}

static void take(struct fetch *fetch, const struct pen_client_piece *piece)
{
	const struct pen_bytes bytes = {piece->block->at, piece->bytes};
	if (piece->piece.kind == PEN_WIRE_KIND_TABLE)
		take_page(fetch, bytes);
	else if (piece->unit < fetch->lab->blocks)
		take_block(fetch, piece->unit, bytes);
	pen_block_put(piece->block);
	if (piece->piece.kind == PEN_WIRE_KIND_PIECE && piece->last)
		pen_client_proved(fetch->client, PEN_WIRE_KIND_PIECE, 0);
}

static void turn(struct fetch *fetch, int64_t now_ns)
{
	struct pen_client_piece piece;
	pen_client_receive(fetch->client, fetch->end.net, 0, now_ns);
	pen_client_turn(fetch->client, now_ns);
	while (pen_client_next(fetch->client, &piece, now_ns))
		take(fetch, &piece);
	pen_client_turn(fetch->client, now_ns);
	pen_post_flush(&fetch->client->post, fetch->end.net, 0, now_ns);
}

static void work(struct fetch *fetch)
{
	double start = bench_net_now(), cpu = bench_net_own_cpu();
	int64_t now_ns = 0;
	while (!pen_client_done(fetch->client) && !fetch->did->why[0]) {
		now_ns = pen_clock_ns();
		turn(fetch, now_ns);
		int64_t due_ns = pen_client_due_ns(fetch->client, now_ns);
		if (fetch->client->post.waiting && due_ns > now_ns + RETRY_NS)
			due_ns = now_ns + RETRY_NS;
		if (!pen_client_done(fetch->client))
			sleep_until(fetch->end.net, due_ns, now_ns);
	}
	fetch->did->seconds = bench_net_now() - start;
	fetch->did->cpu = bench_net_own_cpu() - cpu;
	pen_client_leave(fetch->client, now_ns);
	pen_post_flush(&fetch->client->post, fetch->end.net, 0, now_ns);
}

/* Did every block come whose digest the page has? */
static void compare(struct fetch *fetch)
{
	uint32_t blocks = fetch->lab->blocks;
	if (fetch->blocks != blocks)
		bench_net_fail(fetch->did, "%u blocks came of %u", fetch->blocks, blocks);
	else if (fetch->check == BENCH_NET_PROOF &&
		(!fetch->paged || memcmp(fetch->leaf, fetch->page, blocks * sizeof *fetch->leaf)))
		bench_net_fail(fetch->did, "blocks do not fit the root");
}

void bench_net_fetch(struct bench_net_lab *lab, void *context, struct bench_net_did *did)
{
	static struct fetch fetch;
	struct pen_why why = {0};
	fetch = (struct fetch){
		.lab = lab, .did = did, .check = *(const enum bench_net_check *)context};
	int err = end_open(&fetch.end, FETCH_BLOCKS, bench_net_address(BENCH_NET_CLIENT), 0, &why);
	if (!err)
		err = client_open(&fetch, &why);
	if (err) {
		bench_net_fail(did, "%s", why.text[0] ? why.text : pen_err_text(err));
		return;
	}
	work(&fetch);
	compare(&fetch);
	tell_port(fetch.end.net, did);
	const struct pen_stream *stream = &fetch.client->server[0].stream;
	did->silences = stream->silences;
	did->called_lost = stream->losses;
	did->lowered = stream->rate.lowered;
	did->pulls = fetch.client->counters.pulls;
	did->copied = fetch.client->counters.placed_bytes;
}
