/*
 * A live server over fake ports, and whatever comes: the input is a list of things that happen,
 * each a byte that says what, and its arguments. Strangers send any bytes; a guest with a session
 * sends any body under its tag, and now and then something that makes sense, so that there is a
 * state to be disturbed; disk and port do what they like. What may never happen, whatever comes: a
 * bug, more for strangers than three times what they sent, a packet beyond the grant, a byte that
 * is not the piece's, memory that is not given back.
 */
#include "fuzz.h"

#include <errno.h>
#include <limits.h>

#include "fakes/caller.h"
#include "fakes/disk.h"
#include "serve/serve.h"

#define BLOCKS 3u
#define PART_BYTES 70000u
#define GRANT_MAX 4000u

struct world {
	struct fake_disk disk;
	struct fake_net net;
	struct pen_arena arena;
	struct pen_block_pool pool;
	struct pen_catalog catalog;
	struct pen_listing listing;
	struct pen_serve serve;
	struct caller caller;
	int64_t now_ns;
	uint64_t granted; /* the highest grant of any PULL of the caller */
	uint64_t stranger_sent, stranger_got; /* bytes on the wire */
	unsigned looked; /* packets of net.sent that were checked */
};

static uint8_t part[PART_BYTES];

static void fill_part(void)
{
	for (uint32_t i = 0; i < PART_BYTES; i++)
		part[i] = (uint8_t)(i * 2654435761u >> 24);
}

static void add_part(struct world *world, enum pen_form form, const char *dir, uint32_t n)
{
	static char names[2][PEN_CATALOG_PATH_BYTES];
	struct pen_catalog_file file = {.root = {{form + 1}},
		.memory_usage = PART_BYTES,
		.form = form,
		.n = n,
		.bytes = PART_BYTES,
		.mtime_ns = 1};
	PEN_CHECK(pen_catalog_dir(&world->catalog, dir, &file.dir) == 0);
	PEN_CHECK(pen_catalog_add(&world->catalog, &file) == 0);
	char *name = names[form == PEN_FORM_LEAN];
	pen_catalog_path(&world->catalog, &file, name);
	fake_disk_add(&world->disk, name, (struct pen_bytes){part, PART_BYTES}, 1);
}

static void open_world(struct world *world)
{
	uint8_t own[PEN_KEYS_BYTES] = {1};
	/* Tens of megabytes that no run need find fresh. */
	static struct fake_net net;
	if (!net.sent)
		fake_net_init(&net);
	*world = (struct world){.net = net, .now_ns = 1000000000};
	fake_disk_init(&world->disk, 8, 512);
	fill_part();
	add_part(world, PEN_FORM_NEARCORE, "near", 3);
	/* No lean part at all, but called one. */
	add_part(world, PEN_FORM_LEAN, "lean", 3);
	PEN_CHECK(pen_catalog_settle(&world->catalog) == 0);
	PEN_CHECK(pen_listing_make(&world->listing, &world->catalog, 1) == 0);
	struct pen_arena_ask ask = {.bytes = (BLOCKS + 1) * PEN_BLOCK_BYTES, .node = PEN_NODE_ANY};
	PEN_CHECK(pen_arena_open(&world->arena, &ask, NULL) == 0);
	PEN_CHECK(pen_block_pool_init(&world->pool, &world->arena, BLOCKS + 1) == 0);
	struct pen_serve_config config = {.net = &world->net.net,
		.disk = &world->disk.disk,
		.side = &world->disk.disk,
		.side_prefix = "",
		.pool = &world->pool,
		.blocks = BLOCKS,
		.files = 2,
		.guests = 2,
		.greet = {.size = PEN_WIRE_SIZE_8192, .slots = 4, .idle_s = 5}};
	pen_identity_init(&config.greet.identity, own);
	PEN_CHECK(pen_serve_open(&world->serve, &config, world->now_ns) == 0);
	pen_serve_list(&world->serve, &world->listing);
}

static void close_world(struct world *world)
{
	pen_serve_close(&world->serve);
	PEN_CHECK(world->pool.free == world->pool.count);
	for (unsigned i = 0; i < FAKE_DISK_FILES; i++)
		PEN_CHECK(world->disk.files[i].opens == 0);
	pen_block_pool_fini(&world->pool);
	pen_arena_close(&world->arena);
	pen_listing_fini(&world->listing);
	pen_catalog_fini(&world->catalog);
}

/* DATA to the caller: granted, and its payload is of the part. */
static void check_data(const struct world *world, const struct fake_packet *packet)
{
	const struct pen_wire_data *data = (const void *)packet->at;
	uint32_t bytes = packet->bytes - PEN_WIRE_HEAD_BYTES;
	PEN_CHECK(data->seq < world->granted);
	PEN_CHECK(bytes > 0);
	/* Its size is in the nonce: that is how this guest asks. */
	uint64_t at = (uint64_t)data->index * pen_wire_size_bytes(data->nonce % PEN_WIRE_SIZES);
	if (data->slot == 1)
		PEN_CHECK(at + bytes <= PART_BYTES && !memcmp(packet->at + 32, part + at, bytes));
}

static void look(struct world *world)
{
	for (; world->looked < world->net.sent_count; world->looked++) {
		const struct fake_packet *packet = &world->net.sent[world->looked];
		bool caller = pen_net_path_equal(&packet->path, &world->caller.path);
		if (!caller)
			world->stranger_got += packet->bytes + PEN_WIRE_OVERHEAD_V4;
		if (packet->at[0] == PEN_WIRE_DATA) {
			PEN_CHECK(caller);
			check_data(world, packet);
		}
	}
	PEN_CHECK(world->stranger_got <= 3 * world->stranger_sent);
	caller_look_all(&world->caller, world->now_ns);
	if (world->net.sent_count > FAKE_NET_SENT / 2) {
		fake_net_clear(&world->net);
		world->looked = 0;
		world->caller.looked = 0;
	}
}

static void turn(struct world *world)
{
	pen_serve_poll(&world->serve, world->now_ns);
	look(world);
}

/* The next bytes of the input; fewer at its end. */
static struct pen_bytes take(struct pen_bytes *input, size_t len)
{
	struct pen_bytes out = {input->at, len < input->len ? len : input->len};
	input->at += out.len;
	input->len -= out.len;
	return out;
}

static uint32_t number(struct pen_bytes *input, size_t len)
{
	uint32_t out = 0;
	struct pen_bytes bytes = take(input, len);
	for (size_t i = 0; i < bytes.len; i++)
		out = out << 8 | bytes.at[i];
	return out;
}

static void stranger(struct world *world, struct pen_bytes *input)
{
	struct pen_net_path path = world->caller.path;
	path.remote[14] = (uint8_t)number(input, 1);
	path.remote_port = (uint16_t)number(input, 2);
	struct pen_bytes bytes = take(input, number(input, 2) % 1300);
	if (bytes.len == 0 || pen_net_path_equal(&path, &world->caller.path))
		return;
	world->stranger_sent += bytes.len + PEN_WIRE_OVERHEAD_V4;
	fake_net_come(&world->net, &path, bytes.at, bytes.len);
}

static void sealed(struct world *world, struct pen_bytes *input)
{
	enum pen_wire_type type = number(input, 1) % PEN_WIRE_TO_CLIENT;
	struct pen_bytes body = take(input, number(input, 2) % (PEN_WIRE_BODY_BYTES_MAX + 1));
	struct pen_wire_pulled pulled;
	if (body.len == 0)
		return;
	/* What it grants counts, and is kept below what a caller remembers. */
	if (type == PEN_WIRE_PULL && pen_wire_pull_decode(body, &pulled)) {
		if (pulled.pull->grant > GRANT_MAX)
			return;
		if (world->granted < pulled.pull->grant)
			world->granted = pulled.pull->grant;
	}
	caller_send(&world->caller, type, body.at, body.len);
}

static void pull(struct world *world, struct pen_bytes *input)
{
	struct pen_wire_pull fields = {.grant = number(input, 2) % GRANT_MAX,
		.lease_ms = (uint16_t)number(input, 2) | 1,
		.pace = number(input, 1),
		.time_us = 1,
		.echo_us = number(input, 1)};
	uint8_t bits[8 * PEN_WIRE_MISSING_WORDS_MAX] = {0};
	struct pen_bytes named = take(input, number(input, 1) % sizeof bits);
	struct pen_wire_gap gap = {1, PEN_WIRE_MISSING_WORDS_MAX, bits};
	if (named.len)
		memcpy(bits, named.at, named.len);
	if (world->granted < fields.grant)
		world->granted = fields.grant;
	caller_pull_as(&world->caller, &fields, named.len ? &gap : NULL, 0);
}

static void ask_slot(struct world *world, struct pen_bytes *input, bool near)
{
	uint32_t size = number(input, 1) % PEN_WIRE_SIZES;
	struct pen_wire_object object = {.root = {near ? 1 : 2},
		.n = 3,
		.form = near ? PEN_WIRE_FORM_NEARCORE : PEN_WIRE_FORM_LEAN,
		.kind = PEN_WIRE_KIND_PIECE};
	caller_open(&world->caller, &object, near ? 1 : number(input, 1) % 20,
		number(input, 1) * PEN_WIRE_SIZES + size, size);
}

static void happen(struct world *world, struct pen_bytes *input)
{
	switch (number(input, 1) % 12) {
	case 0: stranger(world, input); break;
	case 1: sealed(world, input); break;
	case 2: pull(world, input); break;
	case 3: ask_slot(world, input, true); break;
	case 4: ask_slot(world, input, false); break;
	case 5: caller_close(&world->caller, number(input, 1) % 20, number(input, 1)); break;
	case 6: world->now_ns += (int64_t)number(input, 2) * 1000000; break;
	case 7: world->net.allowed = number(input, 1) % 40; break;
	case 8: world->net.keep = number(input, 1) & 1; break;
	case 9: world->disk.allowed = number(input, 1) & 1 ? UINT_MAX : 0; break;
	case 10: world->disk.err = number(input, 1) & 1 ? -EIO : 0; break;
	default:
		pen_serve_list(&world->serve,
			number(input, 1) & 1 ? &world->listing : &world->serve.nothing);
	}
	turn(world);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct world world;
	struct pen_bytes input = {data, len};
	open_world(&world);
	caller_init(&world.caller, &world.net, 1, world.now_ns);
	for (int i = 0; i < 6; i++)
		turn(&world);
	PEN_CHECK(world.caller.open);
	/* One after another, until the session is over: the rest would be strangers' talk. */
	for (unsigned i = 0; i < 500 && input.len && world.caller.open; i++) {
		happen(&world, &input);
		world.caller.open = world.caller.visit.state == PEN_VISIT_OPEN;
	}
	for (int i = 0; i < 3; i++)
		turn(&world);
	close_world(&world);
	return 0;
}
