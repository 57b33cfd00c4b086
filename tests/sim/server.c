#include "sim/server.h"

#include <string.h>

#include "base/check.h"

/* Blocks of the cache: fewer than an object may have and clients may want, so that they are used
 * in turn; and one for control packets. */
#define SERVER_BLOCKS 6u
#define SERVER_GUESTS 16u
#define SERVER_FILES 8u

static struct server *self(struct actor *actor)
{
	return (struct server *)actor;
}

static void start(struct actor *actor, int64_t now_ns)
{
	struct server *server = self(actor);
	struct pen_rng rng = pen_sim_clock_rng(&actor->world->clock, 5000 + actor->host);
	for (unsigned life = 0; life < actor->lives; life++)
		pen_rng_next(&rng);
	world_arena(actor, &server->arena, SERVER_BLOCKS + 1);
	PEN_CHECK(!pen_block_pool_init(&server->pool, &server->arena, SERVER_BLOCKS + 1));
	struct pen_serve_config config = {.net = actor->net,
		.disk = &server->disk.disk,
		.side = &server->disk.disk,
		.side_prefix = ".penstock/",
		.pool = &server->pool,
		.blocks = SERVER_BLOCKS,
		.files = SERVER_FILES,
		.guests = SERVER_GUESTS,
		.greet = {.identity = server->identity,
			.size = world_size(actor),
			.sum_absent_ok = actor->net->caps.sum_absent_ok,
			.slots = PEN_WIRE_SLOTS_MAX,
			.idle_s = 30}};
	memcpy(config.greet.reset_key, server->reset_key, sizeof config.greet.reset_key);
	pen_rng_bytes(&rng, config.seed, sizeof config.seed);
	PEN_CHECK(!pen_serve_open(&server->serve, &config, now_ns));
	pen_serve_list(&server->serve, &server->listing);
	/* Whoever calls is told to come back later. */
	if (server->lie == PLAN_BUSY)
		pen_serve_leave(&server->serve);
}

static int64_t turn(struct actor *actor, int64_t now_ns)
{
	return pen_serve_poll(&self(actor)->serve, now_ns);
}

static void stop(struct actor *actor)
{
	struct server *server = self(actor);
	pen_net_close(actor->net);
	pen_serve_close(&server->serve);
	if (server->pool.free != server->pool.count)
		pen_sim_breach(&actor->world->clock, "server %u: %u blocks leaked", actor->host,
			server->pool.count - server->pool.free);
	pen_block_pool_fini(&server->pool);
	pen_arena_close(&server->arena);
}

static const struct actor_ops server_ops = {"server", start, turn, stop};

/* The object as this server has it, under its right name. */
static void object_place(struct server *server, const struct object *object)
{
	char name[PEN_NAME_BYTES], page[PEN_ASIDE_NAME_BYTES];
	struct pen_sim_disk *disk = &server->disk;
	enum plan_lie lie = server->lie;
	const struct pen_bytes bytes = pen_buf_bytes(&object->bytes);
	pen_raw_path(&object->root, name);
	PEN_CHECK(!pen_sim_disk_place(disk, name, bytes.at, (uint32_t)bytes.len));
	pen_pages_name(".penstock/", &object->root, page);
	PEN_CHECK(!pen_sim_disk_place(disk, page, object->page.at, (uint32_t)object->page.len));
	if (lie == PLAN_BAD_BYTES)
		pen_sim_disk_rot(disk, name, pen_rng_below(&disk->rng, bytes.len));
	for (size_t at = 0; lie == PLAN_OTHER_BYTES && at < bytes.len; at += 4096)
		pen_sim_disk_rot(disk, name, at);
	/* Of the digests, or of the whole. */
	bool digests = pen_rng_below(&disk->rng, 2);
	if (lie == PLAN_BAD_CATALOG && digests)
		pen_sim_disk_rot(disk, page, 0);
	int file = pen_sim_files_find(&disk->files, name);
	struct pen_catalog_file entry = {.root = object->root,
		.memory_usage = bytes.len,
		.form = PEN_FORM_RAW,
		.n = 1,
		.bytes = bytes.len,
		.mtime_ns = disk->files.files[file].mtime_ns};
	pen_blob_id(bytes, entry.blob);
	if (lie == PLAN_BAD_CATALOG && !digests)
		entry.blob[0] ^= 1;
	PEN_CHECK(!pen_catalog_note(&server->catalog, PEN_RAW_DIR, &entry));
	PEN_CHECK(!pen_catalog_settle(&server->catalog));
	PEN_CHECK(!pen_listing_make(&server->listing, &server->catalog, 1));
}

void server_open(struct server *server, struct world *world, const struct plan_host *host,
	const struct object *object, uint64_t stream)
{
	const struct pen_sim_disk_ask ask = {.clock = &world->clock,
		.stream = stream,
		.habits = host->habits,
		.files = 8,
		.file_bytes_max = PLAN_BYTES_MAX,
		.bytes_max = 2 * (uint64_t)PLAN_BYTES_MAX,
		.read_only = false};
	uint8_t own[PEN_KEYS_BYTES];
	*server = (struct server){0};
	PEN_CHECK(!pen_sim_disk_open(&server->disk, &ask));
	server->actor = (struct actor){.ops = &server_ops,
		.disk = &server->disk,
		.manners = host->manners,
		.poll_ns = host->poll_ns};
	struct pen_rng rng = pen_sim_clock_rng(&world->clock, stream + 1);
	pen_rng_bytes(&rng, own, sizeof own);
	pen_identity_init(&server->identity, own);
	pen_rng_bytes(&rng, server->reset_key, sizeof server->reset_key);
	server->lie = host->lie;
	object_place(server, object);
}

void server_close(struct server *server)
{
	pen_listing_fini(&server->listing);
	pen_catalog_fini(&server->catalog);
	pen_sim_disk_close(&server->disk);
}
