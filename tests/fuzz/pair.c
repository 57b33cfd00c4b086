#include "pair.h"

#include <limits.h>
#include <stdlib.h>

#include "base/rng.h"
#include "pair_object.h"
#include "store/aside.h"
#include "store/layout.h"

#define SERVER_BLOCKS 4u
#define CLIENT_BLOCKS 4u
#define SERVER_PORT 7070

/* ---- what is moved ---- */

static void make_raw(struct pair_object *object)
{
	struct pen_hash leaves[2];
	object->parts = 1;
	object->part[0] = (struct pen_bytes){object->bytes, PAIR_RAW_BYTES};
	for (uint32_t i = 0; i < 2; i++)
		pen_raw_leaf((struct pen_bytes){object->bytes + i * PEN_RAW_BLOCK_BYTES,
				     pen_raw_block_bytes(PAIR_RAW_BYTES, i)},
			&leaves[i]);
	pen_raw_leaves_root(leaves, 2, &object->root);
	PEN_CHECK(pen_raw_page_encode(leaves, 2, 0, &object->page) == 0);
}

const struct pair_object *pair_object(bool raw)
{
	static struct pair_object objects[2];
	struct pair_object *object = &objects[raw];
	struct pen_rng rng = {23};
	if (object->bytes)
		return object;
	object->bytes = malloc(PAIR_RAW_BYTES);
	PEN_CHECK(object->bytes);
	pen_rng_bytes(&rng, object->bytes, PAIR_RAW_BYTES);
	if (raw) {
		make_raw(object);
		return object;
	}
	object->parts = PAIR_PARTS;
	object->root = (struct pen_hash){{0x11}};
	object->part[0] = (struct pen_bytes){object->bytes, 70000};
	object->part[1] = (struct pen_bytes){object->bytes + 70000, 5000};
	return object;
}

/* ---- the path ---- */

static void address_write(uint8_t out[16], uint8_t net, uint8_t host)
{
	const uint8_t address[16] = {
		[10] = 0xff, [11] = 0xff, [12] = 10, [13] = net, [14] = 0, [15] = host};
	memcpy(out, address, sizeof address);
}

struct pair_packet pair_packet(const void *at, size_t bytes, bool to_server, unsigned address)
{
	struct pair_packet out = {
		.at = malloc(bytes ? bytes : 1), .bytes = (uint32_t)bytes, .to_server = to_server};
	struct pen_net_path *path = &out.path;
	PEN_CHECK(out.at && address < PAIR_ADDRESSES);
	if (bytes)
		memcpy(out.at, at, bytes);
	/* Seen from the server; the client sees it the other way round. */
	address_write(to_server ? path->local : path->remote, 9, 1);
	address_write(to_server ? path->remote : path->local, 2, (uint8_t)(address + 1));
	path->local_port = to_server ? SERVER_PORT : 999;
	path->remote_port = to_server ? 999 : SERVER_PORT;
	return out;
}

/* Which address of the other end than the server's it names. */
struct pair_address *pair_address(struct pair *pair, const uint8_t at[16])
{
	PEN_CHECK(at[13] == 2 && at[15] >= 1 && at[15] <= PAIR_ADDRESSES);
	return &pair->address[at[15] - 1];
}

void pair_fly(struct pair *pair, struct pair_packet packet, int64_t delay_ns)
{
	unsigned i = pair->flying;
	if (i == PAIR_FLYING) {
		free(packet.at);
		return;
	}
	packet.at_ns = pair->now_ns + delay_ns;
	for (; i > 0 && pair->packet[i - 1].at_ns > packet.at_ns; i--)
		pair->packet[i] = pair->packet[i - 1];
	pair->packet[i] = packet;
	pair->flying++;
}

/* ---- the ports ---- */

static struct pair *pair_of(struct pen_net *net, bool server)
{
	size_t at = server ? offsetof(struct pair, server_net) : offsetof(struct pair, client_net);
	return (struct pair *)((uint8_t *)net - at);
}

static void no_close(struct pen_net *net)
{
	(void)net;
}

static unsigned server_rx(
	struct pen_net *net, unsigned queue, int64_t now_ns, struct pen_slice *out, unsigned max)
{
	struct pair *pair = pair_of(net, true);
	(void)queue, (void)now_ns;
	PEN_CHECK(pair->coming <= max);
	unsigned count = pair->coming;
	for (unsigned i = 0; i < count; i++)
		out[i] = (struct pen_slice){.head = pair->come[i].at,
			.tail = pair->come[i].at + PEN_SLICE_HEAD_BYTES,
			.bytes = (uint16_t)pair->come[i].bytes,
			.flags = PEN_SLICE_SUM_GOOD,
			.path = pair->come[i].path};
	pair->coming = 0;
	return count;
}

static void server_put(
	struct pen_net *net, unsigned queue, const struct pen_slice *slices, unsigned count)
{
	(void)net, (void)queue;
	for (unsigned i = 0; i < count; i++)
		free((void *)(uintptr_t)slices[i].head);
}

static struct pair_packet packet_of(const struct pen_frame *frame, bool to_server, unsigned address)
{
	uint8_t bytes[PEN_FRAME_HEADER_BYTES_MAX + 8192 + PEN_WIRE_HEAD_BYTES];
	PEN_CHECK(pen_frame_bytes(frame) <= sizeof bytes);
	memcpy(bytes, frame->header, frame->header_bytes);
	if (frame->payload_bytes)
		memcpy(bytes + frame->header_bytes, frame->payload, frame->payload_bytes);
	return pair_packet(bytes, pen_frame_bytes(frame), to_server, address);
}

static unsigned server_tx(struct pen_net *net, unsigned queue, int64_t now_ns,
	const struct pen_frame *frames, unsigned count)
{
	struct pair *pair = pair_of(net, true);
	unsigned taken = 0;
	(void)queue, (void)now_ns;
	for (; taken < count && pair->tag_count < PEN_COUNT(pair->tags); taken++) {
		if (pair->refuse) {
			pair->refuse--;
			break;
		}
		const struct pen_frame *frame = &frames[taken];
		struct pair_address *address = pair_address(pair, frame->path->remote);
		pair->tags[pair->tag_count++] = frame->tag;
		address->got += pen_frame_bytes(frame) + PEN_WIRE_OVERHEAD_V4;
		PEN_CHECK(address->proved || address->got <= 3 * address->sent);
		if (address < &pair->address[PAIR_STRANGERS])
			pair->meet(
				pair, packet_of(frame, false, (unsigned)(address - pair->address)));
	}
	return taken;
}

static unsigned server_reap(struct pen_net *net, unsigned queue, uint64_t *tags, unsigned max)
{
	struct pair *pair = pair_of(net, true);
	unsigned count = 0;
	(void)queue;
	while (count < max && pair->tag_count)
		tags[count++] = pair->tags[--pair->tag_count];
	return count;
}

/* The client's is only sent by, and gives back at once. */
static unsigned client_tx(struct pen_net *net, unsigned queue, int64_t now_ns,
	const struct pen_frame *frames, unsigned count)
{
	struct pair *pair = pair_of(net, false);
	(void)queue, (void)now_ns;
	for (unsigned i = 0; i < count; i++)
		pair->meet(pair, packet_of(&frames[i], true, pair->client_at));
	for (unsigned i = 0; i < count; i++)
		PEN_CHECK(pen_post_reaped(&pair->client->post, frames[i].tag));
	return count;
}

static const struct pen_net_ops server_ops = {.close = no_close,
	.rx_burst = server_rx,
	.rx_put = server_put,
	.tx_burst = server_tx,
	.tx_reap = server_reap};
static const struct pen_net_ops client_ops = {.close = no_close, .tx_burst = client_tx};

/* ---- beginning and end ---- */

static void add_part(struct pair *pair, uint32_t k)
{
	static char names[PAIR_PARTS][PEN_CATALOG_PATH_BYTES];
	const struct pair_object *object = pair_object(pair->raw);
	struct pen_catalog_file file = {.root = object->root,
		.memory_usage = object->part[k].len,
		.form = pair->raw ? PEN_FORM_RAW : PEN_FORM_NEARCORE,
		.n = object->parts,
		.k = k,
		.bytes = object->part[k].len,
		.mtime_ns = 1};
	if (pair->raw)
		memcpy(file.blob, object->root.bytes, sizeof file.blob);
	else
		pen_blob_id(object->part[k], file.blob);
	PEN_CHECK(
		pen_catalog_dir(&pair->catalog, pair->raw ? PEN_RAW_DIR : "near", &file.dir) == 0);
	PEN_CHECK(pen_catalog_add(&pair->catalog, &file) == 0);
	pen_catalog_path(&pair->catalog, &file, names[k]);
	fake_disk_add(&pair->disk, names[k], object->part[k], 1);
}

static void open_server(struct pair *pair)
{
	static char page[PEN_ASIDE_NAME_BYTES];
	const struct pair_object *object = pair_object(pair->raw);
	fake_disk_init(&pair->disk, 8, 512);
	for (uint32_t k = 0; k < object->parts; k++)
		add_part(pair, k);
	pen_pages_name("s/", &object->root, page);
	if (pair->raw)
		fake_disk_add(&pair->disk, page, pen_buf_bytes(&object->page), 1);
	PEN_CHECK(pen_catalog_settle(&pair->catalog) == 0);
	PEN_CHECK(pen_listing_make(&pair->listing, &pair->catalog, 1) == 0);
	struct pen_serve_config config = {.net = &pair->server_net,
		.disk = &pair->disk.disk,
		.side = &pair->disk.disk,
		.side_prefix = "s/",
		.pool = &pair->server_pool,
		.blocks = SERVER_BLOCKS,
		.files = 2,
		.guests = PAIR_GUESTS,
		.greet = {.size = PEN_WIRE_SIZE_8192, .slots = 4, .idle_s = 5}};
	pen_identity_init(&config.greet.identity, (const uint8_t[PEN_KEYS_BYTES]){1});
	PEN_CHECK(pen_serve_open(&pair->serve, &config, pair->now_ns) == 0);
	pen_serve_list(&pair->serve, &pair->listing);
}

static void open_client(struct pair *pair)
{
	const struct pair_object *object = pair_object(pair->raw);
	struct pen_why why = {0};
	struct pen_client_config config = {.n = object->parts,
		.form = pair->raw ? PEN_WIRE_FORM_RAW : PEN_WIRE_FORM_NEARCORE,
		.pool = &pair->client_pool,
		.tag = UINT64_C(7) << 32,
		.rx_bytes = 1 << 20,
		.size_max = PEN_WIRE_SIZE_8192,
		.units_max = PAIR_PIECES,
		.places = 4,
		.tries = 8};
	memcpy(config.root, object->root.bytes, sizeof config.root);
	pen_identity_init(&config.identity, (const uint8_t[PEN_KEYS_BYTES]){2});
	PEN_CHECK(pen_client_open(&pair->client, &config, &why) == 0);
	if (pair->raw)
		PEN_CHECK(pen_client_want(pair->client, PEN_WIRE_KIND_TABLE, 0) == 0);
	struct pen_client_whom whom = {.path = {.remote_port = SERVER_PORT}};
	address_write(whom.path.remote, 9, 1);
	PEN_CHECK(pen_client_add(pair->client, &whom, pair->now_ns) == 0);
}

void pair_open(struct pair *pair, bool raw, pair_meet meet, void *holder)
{
	static uint8_t *bytes;
	unsigned own = CLIENT_BLOCKS + pen_post_blocks(0);
	struct pen_arena_ask ask = {.node = PEN_NODE_ANY};
	ask.bytes = (SERVER_BLOCKS + 1 + own) * PEN_BLOCK_BYTES;
	bytes = bytes ? bytes : malloc((size_t)PAIR_PARTS * PAIR_PIECES * PEN_BLOCK_BYTES);
	PEN_CHECK(bytes);
	*pair = (struct pair){
		.raw = raw, .meet = meet, .holder = holder, .now_ns = 1000000000, .bytes = bytes};
	pair->placed_ns = pair->now_ns;
	pair->server_net = (struct pen_net){.ops = &server_ops,
		.label = "pair",
		.queues = 1,
		.epoch = 1,
		.link = true,
		.local_port = SERVER_PORT,
		.caps = {.payload_bytes = 8256, .run_frames = 64}};
	pair->client_net.ops = &client_ops;
	PEN_CHECK(pen_arena_open(&pair->arena, &ask, NULL) == 0);
	PEN_CHECK(pen_block_pool_init(&pair->server_pool, &pair->arena, SERVER_BLOCKS + 1) == 0);
	PEN_CHECK(pen_block_pool_init(&pair->client_pool, &pair->arena, own) == 0);
	open_server(pair);
	open_client(pair);
}

static void close_server(struct pair *pair)
{
	pen_serve_close(&pair->serve);
	PEN_CHECK(pair->server_pool.free == pair->server_pool.count);
	for (unsigned i = 0; i < FAKE_DISK_FILES; i++)
		PEN_CHECK(pair->disk.files[i].opens == 0);
	pen_block_pool_fini(&pair->server_pool);
	pen_listing_fini(&pair->listing);
	pen_catalog_fini(&pair->catalog);
}

void pair_close(struct pair *pair)
{
	pen_client_leave(pair->client, pair->now_ns);
	pen_post_flush(&pair->client->post, &pair->client_net, 0, pair->now_ns);
	pen_client_close(pair->client);
	PEN_CHECK(pair->client_pool.free == pair->client_pool.count);
	close_server(pair);
	for (unsigned i = 0; i < pair->flying; i++)
		free(pair->packet[i].at);
	for (unsigned i = 0; i < pair->coming; i++)
		free(pair->come[i].at);
	pen_block_pool_fini(&pair->client_pool);
	pen_arena_close(&pair->arena);
}

struct pen_channel *pair_channel(struct pair *pair, bool to_server)
{
	struct pen_visit *visit = &pair->client->server[0].visit;
	if (visit->state != PEN_VISIT_OPEN)
		return NULL;
	if (to_server)
		return &visit->channel;
	struct pen_guest *guest = pen_guests_find(&pair->serve.guests, visit->channel.other);
	return guest ? &guest->session.channel : NULL;
}
