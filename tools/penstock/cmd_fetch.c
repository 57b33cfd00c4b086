/* penstock fetch: parts or a raw object from servers of our protocol into a store. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/rng.h"
#include "catch.h"
#include "cli.h"
#include "drivers/table.h"
#include "drivers/uring/udp.h"
#include "endpoint.h"
#include "fetch/stuck.h"
#include "identity.h"
#include "set.h"
#include "stop.h"
#include "store/layout.h"

/* Memory for pieces on their way and for parts that are put together: 256 MiB, which is also the
 * largest part in nearcore form that can be fetched. */
#define FETCH_BLOCKS 256u
/* Pieces of a raw object: 64 GiB. */
#define FETCH_RAW_UNITS 65536u
#define FETCH_PLACES 64u
/* HELLOs until a server is given up: a few seconds. */
#define FETCH_TRIES 5u
/* How long the silence lasts until we say why: what nobody has, and what nobody sends. */
#define FETCH_NOBODY_NS (5 * PEN_NS_PER_S)
#define FETCH_STALL_S 30u
/* While packets wait for the kernel to take them. */
#define FETCH_RETRY_NS (PEN_NS_PER_MS / 4)
#define FETCH_LOOK_NS (200 * PEN_NS_PER_MS)

struct flags {
	const char *from[PEN_HAUL_PEERS];
	unsigned from_count;
	struct pen_hash root;
	uint64_t of, stall_s;
	const char *parts, *store;
	bool has_root, raw;
};

enum { FLAG_FROM = 1, FLAG_ROOT, FLAG_OF, FLAG_PARTS, FLAG_FORM, FLAG_STORE, FLAG_STALL };

static const struct argp_option options[] = {
	{"from", FLAG_FROM, "HOST:PORT", 0,
		"a server (penstock serve --listen), port " ENDPOINT_PORT
		" if it is left out; may be repeated",
		0},
	{"root", FLAG_ROOT, "R", 0, "state root, or root of the raw object; base58 or hex", 0},
	{"of", FLAG_OF, "N", 0, "number of parts in all", 0},
	{"parts", FLAG_PARTS, "SET", 0, "only these parts, 0-9,17", 0},
	{"form", FLAG_FORM, "FORM", 0, "nearcore (the default) or raw", 0},
	{"store", FLAG_STORE, "DIR", 0, "the store to fetch into; made if it is missing", 0},
	{"stall", FLAG_STALL, "SECONDS", 0, "give up after so long without a byte (30)", 0},
	{0},
};

static void parse_form(struct argp_state *state, struct flags *flags, const char *text)
{
	enum pen_form form;
	if (pen_form_parse(text, &form) || form == PEN_FORM_LEAN)
		argp_error(state, "--form is '%s': expected nearcore or raw", text);
	flags->raw = form == PEN_FORM_RAW;
}

static void check(struct argp_state *state, struct flags *flags)
{
	if (!flags->from_count || !flags->has_root || !flags->store)
		argp_error(state, "--from, --root and --store are required");
	if (!flags->raw && !flags->of)
		argp_error(state, "--of is required for parts");
	if (flags->raw && (flags->of || flags->parts))
		argp_error(state, "a raw object has no --of and --parts");
	if (flags->raw)
		flags->of = 1;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct flags *flags = state->input;
	switch (key) {
	case FLAG_FROM:
		if (flags->from_count == PEN_HAUL_PEERS)
			argp_error(state, "at most %u times --from", PEN_HAUL_PEERS);
		flags->from[flags->from_count++] = arg;
		return 0;
	case FLAG_ROOT:
		flags->root = cli_hash(state, "--root", arg);
		flags->has_root = true;
		return 0;
	case FLAG_OF: flags->of = cli_number(state, "--of", arg, 1, PEN_WIRE_PARTS_MAX); return 0;
	case FLAG_PARTS: flags->parts = arg; return 0;
	case FLAG_FORM: parse_form(state, flags, arg); return 0;
	case FLAG_STORE: flags->store = arg; return 0;
	case FLAG_STALL: flags->stall_s = cli_number(state, "--stall", arg, 1, 86400); return 0;
	case ARGP_KEY_ARG: argp_error(state, "'%s' is not a flag", arg); return 0;
	case ARGP_KEY_END: check(state, flags); return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

struct fetch {
	const struct flags *flags;
	struct endpoint ends[PEN_HAUL_PEERS];
	struct pen_disk *disk;
	struct pen_store store;
	struct identity identity;
	struct pen_arena arena;
	struct pen_block_pool pool;
	struct pen_net *net;
	struct pen_client *client;
	struct catch catch;
	struct pen_buf skip; /* bitmap of parts that are not wanted, or here */
	uint32_t wanted; /* parts */
	bool caught; /* catch is open */
};

static int store_open(struct fetch *fetch, struct pen_why *why)
{
	int err = pen_disk_open_dir(fetch->flags->store, true, &fetch->disk, why);
	const struct pen_store_config config = {.disk = fetch->disk, .write = true};
	if (!err)
		err = pen_store_open(&fetch->store, &config, why);
	if (!err)
		err = identity_load(fetch->flags->store, NULL, &fetch->identity, why);
	return err;
}

static bool is_here(const struct fetch *fetch, uint32_t k)
{
	const struct flags *flags = fetch->flags;
	char name[PEN_NAME_BYTES];
	if (flags->raw)
		pen_raw_path(&flags->root, name);
	else
		catch_part_path(&flags->root, k, (uint32_t)flags->of, name);
	/* What has its name was proved before it got it. */
	int file = fetch->disk->ops->open(fetch->disk, name, PEN_DISK_RDONLY, NULL);
	fetch->disk->ops->close(fetch->disk, file);
	return file >= 0;
}

/* What is not asked for, and what is in the store. */
static int skip_make(struct fetch *fetch, struct pen_why *why)
{
	const struct flags *flags = fetch->flags;
	struct pen_buf *skip = &fetch->skip;
	size_t bytes = (size_t)(flags->of + 7) / 8;
	int err = 0;
	if (flags->parts)
		err = set_parse(flags->parts, flags->of, skip, why);
	else if (pen_buf_reserve(skip, bytes))
		err = pen_fail(why, -ENOMEM, "no memory for %" PRIu64 " parts", flags->of);
	if (err)
		return err;
	if (!flags->parts)
		memset(skip->at, 0xff, skip->len = bytes);
	for (uint32_t k = 0; k < flags->of; k++) {
		uint8_t bit = (uint8_t)(1 << k % 8);
		bool want = skip->at[k / 8] & bit && !is_here(fetch, k);
		skip->at[k / 8] = (uint8_t)((skip->at[k / 8] & ~bit) | (want ? 0 : bit));
		fetch->wanted += want;
	}
	return 0;
}

static int net_open(struct fetch *fetch, struct pen_why *why)
{
	struct pen_notes notes = {0};
	const struct pen_udp_options port = {.notes = &notes};
	int err = pen_net_open_udp(&port, &fetch->net, why);
	for (unsigned i = 0; i < notes.count; i++)
		fprintf(stderr, "penstock fetch: %s\n", notes.text[i]);
	return err;
}

static int memory_open(struct fetch *fetch, struct pen_why *why)
{
	unsigned blocks = FETCH_BLOCKS + pen_post_blocks(fetch->net->caps.tx_lag);
	const struct pen_arena_ask ask = {.bytes = blocks * PEN_BLOCK_BYTES, .node = PEN_NODE_ANY};
	const struct pen_arena *arenas[] = {&fetch->arena};
	int err = pen_arena_open(&fetch->arena, &ask, why);
	if (!err && pen_block_pool_init(&fetch->pool, &fetch->arena, blocks))
		err = pen_fail(why, -ENOMEM, "no memory for pieces");
	return err ? err : fetch->net->ops->start(fetch->net, arenas, 1, why);
}

static int client_open(struct fetch *fetch, struct pen_why *why)
{
	const struct flags *flags = fetch->flags;
	struct pen_client_config config = {.n = (uint32_t)flags->of,
		.form = flags->raw ? PEN_WIRE_FORM_RAW : PEN_WIRE_FORM_NEARCORE,
		.skip = fetch->skip.at,
		.identity = fetch->identity.peer,
		.pool = &fetch->pool,
		.tx_lag = fetch->net->caps.tx_lag,
		/* The kernel counts what packets cost it, about twice their bytes. */
		.rx_bytes = pen_udp_state_of(fetch->net).rx_bytes / 2,
		.size_max = pen_wire_size_most(fetch->net->caps.payload_bytes),
		.sum_absent_ok = fetch->net->caps.sum_absent_ok,
		.held = !flags->raw,
		.units_max = flags->raw ? FETCH_RAW_UNITS : FETCH_BLOCKS,
		.places = FETCH_PLACES,
		.tries = FETCH_TRIES};
	memcpy(config.root, flags->root.bytes, sizeof config.root);
	pen_rng_secret(config.seed, sizeof config.seed);
	int err = pen_client_open(&fetch->client, &config, why);
	if (err)
		return err;
	const struct catch_ask ask = {.client = fetch->client,
		.store = &fetch->store,
		.root = flags->root,
		.n = (uint32_t)flags->of,
		.units_max = config.units_max,
		.raw = flags->raw};
	err = catch_open(&fetch->catch, &ask, why);
	fetch->caught = !err;
	if (!err && flags->raw)
		err = pen_client_want(fetch->client, PEN_WIRE_KIND_TABLE, 0);
	for (unsigned i = 0; !err && i < flags->from_count; i++) {
		struct pen_client_whom whom = {.path.remote_port = fetch->ends[i].port,
			.path.scope = fetch->ends[i].scope};
		memcpy(whom.path.remote, fetch->ends[i].address, sizeof whom.path.remote);
		PEN_CHECK(pen_client_add(fetch->client, &whom, pen_clock_ns()) == (int)i);
	}
	return err;
}

static void receive(struct fetch *fetch, int64_t now_ns)
{
	struct pen_slice slices[PEN_NET_BURST_MAX];
	struct pen_net *net = fetch->net;
	unsigned count = net->ops->rx_burst(net, 0, now_ns, slices, PEN_NET_BURST_MAX);
	for (unsigned i = 0; i < count; i++)
		pen_client_hear(fetch->client, &slices[i], now_ns);
	net->ops->rx_put(net, 0, slices, count);
}

static void reap(struct fetch *fetch)
{
	uint64_t tags[PEN_NET_BURST_MAX];
	struct pen_net *net = fetch->net;
	unsigned count;
	while ((count = net->ops->tx_reap(net, 0, tags, PEN_NET_BURST_MAX))) {
		for (unsigned i = 0; i < count; i++)
			PEN_CHECK(pen_post_reaped(&fetch->client->post, tags[i]));
	}
}

static void turn(struct fetch *fetch, int64_t now_ns)
{
	struct pen_client_piece piece;
	reap(fetch);
	receive(fetch, now_ns);
	pen_client_turn(fetch->client, now_ns);
	while (pen_client_next(fetch->client, &piece, now_ns))
		catch_piece(&fetch->catch, &piece, now_ns);
	pen_client_turn(fetch->client, now_ns);
	pen_post_flush(&fetch->client->post, fetch->net, 0, now_ns);
}

static void rest(struct fetch *fetch, int64_t until_ns, int64_t now_ns)
{
	struct pollfd fd = {.events = POLLIN};
	if (fetch->client->post.waiting && until_ns > now_ns + FETCH_RETRY_NS)
		until_ns = now_ns + FETCH_RETRY_NS;
	int64_t wait_ns = until_ns - now_ns;
	if (wait_ns <= 0 || fetch->net->ops->arm(fetch->net, 0, &fd.fd) != PEN_NET_ARM_FD)
		return;
	const struct timespec wait = {wait_ns / PEN_NS_PER_S, wait_ns % PEN_NS_PER_S};
	ppoll(&fd, 1, &wait, NULL);
}

/* Why it does not go on, if that has lasted too long. `since_ns`: of the last byte. */
static int patience(
	const struct fetch *fetch, int64_t since_ns, int64_t now_ns, struct pen_why *why)
{
	struct pen_stuck stuck;
	int64_t quiet_ns = now_ns - since_ns;
	if (quiet_ns < FETCH_NOBODY_NS)
		return 0;
	pen_stuck_look(fetch->client, now_ns, &stuck);
	if (stuck.reason == PEN_STUCK_GONE)
		return pen_fail(why, PEN_ENET, "%s", pen_stuck_text(stuck.reason));
	if (stuck.reason == PEN_STUCK_NOBODY && !fetch->catch.refuted)
		return pen_fail(why, PEN_ENOTFOUND, "%s", pen_stuck_text(stuck.reason));
	if (quiet_ns < (int64_t)fetch->flags->stall_s * PEN_NS_PER_S)
		return 0;
	return pen_fail(why, fetch->catch.refuted ? PEN_EVERIFY : PEN_ESTALL,
		"nothing came for %" PRIu64 " s: %s", fetch->flags->stall_s,
		pen_stuck_text(stuck.reason));
}

static int work(struct fetch *fetch, struct pen_why *why)
{
	int64_t now_ns = pen_clock_ns(), moved_ns = now_ns;
	uint64_t placed = 0;
	int err = 0;
	while (!err && !pen_client_done(fetch->client)) {
		now_ns = pen_clock_ns();
		turn(fetch, now_ns);
		if (fetch->client->counters.placed != placed)
			moved_ns = now_ns;
		placed = fetch->client->counters.placed;
		err = patience(fetch, moved_ns, now_ns, why);
		if (fetch->catch.err) {
			*why = fetch->catch.why;
			err = fetch->catch.err;
		} else if (!err && stop_asked()) {
			err = pen_fail(why, PEN_EINTERRUPTED,
				"interrupted; what was proved is in the store");
		}
		int64_t due_ns = pen_client_due_ns(fetch->client, now_ns);
		if (!err && !pen_client_done(fetch->client))
			rest(fetch,
				due_ns < now_ns + FETCH_LOOK_NS ? due_ns : now_ns + FETCH_LOOK_NS,
				now_ns);
	}
	pen_client_leave(fetch->client, now_ns);
	pen_post_flush(&fetch->client->post, fetch->net, 0, now_ns);
	return err;
}

static void fetch_close(struct fetch *fetch)
{
	pen_net_close(fetch->net);
	if (fetch->caught)
		catch_close(&fetch->catch);
	pen_client_close(fetch->client);
	pen_block_pool_fini(&fetch->pool);
	pen_arena_close(&fetch->arena);
	pen_store_close(&fetch->store);
	pen_disk_shut(fetch->disk);
	pen_buf_fini(&fetch->skip);
}

static int run(struct fetch *fetch, struct pen_why *why)
{
	const struct flags *flags = fetch->flags;
	int64_t start_ns = pen_clock_ns();
	int err = 0;
	for (unsigned i = 0; !err && i < flags->from_count; i++)
		err = endpoint_parse(flags->from[i], false, &fetch->ends[i], why);
	if (!err)
		err = store_open(fetch, why);
	if (!err)
		err = skip_make(fetch, why);
	if (!err && !fetch->wanted) {
		fprintf(stderr, "penstock fetch: it is all in the store already\n");
		return 0;
	}
	if (!err)
		err = net_open(fetch, why);
	if (!err)
		err = memory_open(fetch, why);
	if (!err)
		err = client_open(fetch, why);
	if (!err)
		err = work(fetch, why);
	if (!err)
		fprintf(stderr,
			"penstock fetch: %" PRIu64 " %s, %" PRIu64 " bytes, proved and stored in "
			"%.1f s\n",
			fetch->catch.proved, flags->raw ? "object" : "parts",
			fetch->catch.proved_bytes,
			(double)(pen_clock_ns() - start_ns) / PEN_NS_PER_S);
	return err;
}

int cmd_fetch(int argc, char **argv)
{
	static const struct argp argp = {options, parse, NULL,
		"Fetch the parts of a state in nearcore form, or a raw object, from servers of our "
		"protocol, prove them and put them into a store. What is there already stays.",
		NULL, NULL, NULL};
	struct flags flags = {.stall_s = FETCH_STALL_S};
	struct pen_why why = {0};
	cli_parse(&argp, "penstock fetch", argc, argv, &flags);
	stop_install();
	struct fetch *fetch = calloc(1, sizeof *fetch);
	int err = -ENOMEM;
	if (fetch) {
		fetch->flags = &flags;
		err = run(fetch, &why);
		fetch_close(fetch);
	}
	free(fetch);
	return cli_end("fetch", err, &why);
}
