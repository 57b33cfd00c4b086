#include "sim/server.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"

/* Blocks of the cache: fewer than an object may have and clients may want, so that they are used
 * in turn; and one for control packets. */
#define SERVER_BLOCKS 6u
/* Streams of the world's chance: disks and identities. */
#define STREAM_SERVERS 1000u
#define SERVER_GUESTS 16u
#define SERVER_FILES 8u
/* A part in lean form has keys and a proof too. */
#define SERVER_FILE_BYTES (PLAN_BYTES_MAX + (1u << 20))
/* Of no object. */
#define SERVER_OTHER_FILE "other"
/* Where the parts of a state lie. */
#define SERVER_DIR \
	"chain_id=sim/epoch_height=1/epoch_id=CVDFLCAjXhVWiPXH9nTCTpCgVzmDVoiPzNJYuccr1dqB/" \
	"shard_id=0"

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
	/* Each frame that the device keeps may pin a block of its own. */
	uint32_t blocks = SERVER_BLOCKS + actor->net->caps.tx_lag;
	world_arena(actor, &server->arena, blocks + 1);
	PEN_CHECK(!pen_block_pool_init(&server->pool, &server->arena, blocks + 1));
	struct pen_serve_config config = {.net = actor->net,
		.disk = &server->disk.disk,
		.side = &server->disk.disk,
		.side_prefix = ".penstock/",
		.pool = &server->pool,
		.blocks = blocks,
		.files = server->lie == PLAN_FULL ? 1 : SERVER_FILES,
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
	/* Its one file is another one, so that each slot is refused as busy. */
	struct pen_handle_ask file = {.disk = &server->disk.disk, .name = SERVER_OTHER_FILE};
	if (server->lie == PLAN_FULL)
		PEN_CHECK(pen_handles_get(&server->serve.handles, &file) == 0);
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
	server->sessions += server->serve.counters.sessions;
	if (server->lie == PLAN_FULL)
		pen_handles_put(&server->serve.handles, 0);
	pen_net_close(actor->net);
	pen_serve_close(&server->serve);
	if (server->pool.free != server->pool.count)
		pen_sim_breach(&actor->world->clock, "server %u: %u blocks leaked", actor->host,
			server->pool.count - server->pool.free);
	pen_block_pool_fini(&server->pool);
	pen_arena_close(&server->arena);
}

static const struct actor_ops server_ops = {"server", start, turn, stop};

/* How long part k is, as a liar says: always the same. */
static uint64_t other_bytes(const struct server *server, const struct object *object, unsigned k)
{
	struct pen_rng rng = {pen_rng_mix(object->bytes.len + 64 * k + server->actor.host)};
	uint64_t bytes = object->parts[k].bytes.len;
	uint64_t most = object->blocks * PEN_RAW_BLOCK_BYTES;
	if (!object->raw)
		return bytes > 1 ? 1 + pen_rng_below(&rng, bytes - 1) : 2;
	uint64_t before = most - PEN_RAW_BLOCK_BYTES, kind = pen_rng_below(&rng, 3);
	if (kind == 0 && before)
		return 1 + pen_rng_below(&rng, before);
	if (kind == 1 && object->blocks < OBJECT_BLOCKS_MAX)
		return most + 1 + pen_rng_below(&rng, PEN_RAW_BLOCK_BYTES);
	/* As many blocks, so that the page is right. */
	uint64_t other = before + 1 + pen_rng_below(&rng, PEN_RAW_BLOCK_BYTES);
	return other != bytes ? other : before + 1 + bytes % PEN_RAW_BLOCK_BYTES;
}

/* Part k as it comes to this server, before it rots. */
static struct pen_bytes held_of(
	const struct server *server, const struct object *object, unsigned k)
{
	const struct object_part *part = &object->parts[k];
	if (server->lie == PLAN_OTHER_SIZE)
		return (struct pen_bytes){part->bytes.at, other_bytes(server, object, k)};
	if (!object->lean && object->golden && server->lie == PLAN_OTHER_BYTES)
		return pen_buf_bytes(&part->forged);
	if (!object->lean)
		return part->bytes;
	return pen_buf_bytes(server->lie == PLAN_OTHER_BYTES
			? &part->forged
			: &part->made[server->actor.host % OBJECT_MAKERS]);
}

/* What is known of a lean part. A forged one goes under its own name, or under the right one. */
static void note_lean(struct server *server, const struct object *object, unsigned k,
	struct pen_catalog_file *entry)
{
	struct pen_buf scratch = {0};
	entry->form = PEN_FORM_LEAN;
	PEN_CHECK(!pen_catalog_lean(held_of(server, object, k), &scratch, entry));
	if (pen_rng_below(&server->disk.rng, 2))
		memcpy(entry->blob, object->parts[k].blob, sizeof entry->blob);
	pen_buf_fini(&scratch);
}

/* The catalogue says that part k lies in `dir`. */
static void note(struct server *server, const struct object *object, unsigned k, const char *dir,
	const char *name)
{
	struct pen_sim_files *files = &server->disk.files;
	int file = pen_sim_files_find(files, name);
	struct pen_catalog_file entry = {.root = object->root,
		.memory_usage = object->bytes.len,
		.form = object->raw ? PEN_FORM_RAW : PEN_FORM_NEARCORE,
		.n = object->n,
		.k = k,
		.bytes = held_of(server, object, k).len,
		.mtime_ns = file < 0 ? 1 : files->files[file].mtime_ns};
	memcpy(entry.blob, object->parts[k].blob, sizeof entry.blob);
	if (object->lean)
		note_lean(server, object, k, &entry);
	/* Bytes of its own under a name of their own: what it offers is what it has. */
	else if (server->lie == PLAN_OTHER_BYTES && file >= 0)
		pen_blob_id((struct pen_bytes){pen_sim_file_at(&files->files[file]), entry.bytes},
			entry.blob);
	if (server->lie == PLAN_BAD_CATALOG && pen_rng_below(&server->disk.rng, 2))
		entry.blob[0] ^= 1;
	PEN_CHECK(!pen_catalog_note(&server->catalog, dir, &entry));
}

/* A bit of a part is another. Of some it is one that nobody looks at. */
static void spoil(struct server *server, const struct object *object, const char *name)
{
	struct pen_sim_disk *disk = &server->disk;
	int number = pen_sim_files_find(&disk->files, name);
	PEN_CHECK(number >= 0);
	struct pen_sim_file *file = &disk->files.files[number];
	if (!object->spares || pen_rng_below(&disk->rng, 2)) {
		pen_sim_disk_rot(disk, name, pen_rng_below(&disk->rng, file->bytes));
		return;
	}
	PEN_CHECK(file->bytes > OBJECT_SPARE_AT);
	pen_sim_files_own(file);
	file->live[OBJECT_SPARE_AT] ^= OBJECT_SPARE_BIT;
	file->medium[OBJECT_SPARE_AT] ^= OBJECT_SPARE_BIT;
}

/* Put the bytes of part k there, as this server has them. */
static void put(struct server *server, const struct object *object, unsigned k, const char *name)
{
	struct pen_sim_disk *disk = &server->disk;
	struct pen_bytes part = held_of(server, object, k);
	uint64_t there = object->raw ? object->blocks * PEN_RAW_BLOCK_BYTES : part.len;
	/* Of what is longer it has not all. */
	if (part.len > there)
		part.len = there;
	PEN_CHECK(!pen_sim_disk_lend(disk, name, part.at, (uint32_t)part.len));
	if (server->lie == PLAN_BAD_BYTES)
		spoil(server, object, name);
	bool other = server->lie == PLAN_OTHER_BYTES && !object->lean && !object->golden;
	for (size_t at = 0; other && at < part.len; at += 4096)
		pen_sim_disk_rot(disk, name, at);
}

/* Where the bytes lie of which this is a piece. */
static const char *file_of(
	const struct object *object, const struct pen_piece *piece, char name[PEN_NAME_BYTES])
{
	char base[PEN_PART_NAME_BYTES];
	if (object->raw && piece->kind == PEN_WIRE_KIND_TABLE)
		return pen_pages_name(".penstock/", &object->root, name);
	if (object->raw)
		return pen_raw_path(&object->root, name);
	snprintf(name, PEN_NAME_BYTES, "%s/%s", SERVER_DIR,
		pen_part_name(object->lean ? PEN_FORM_LEAN : PEN_FORM_NEARCORE, piece->part,
			object->n, base));
	return name;
}

bool server_holds(const struct server *server, const struct object *object,
	const struct pen_piece *piece, struct pen_bytes bytes)
{
	const struct pen_sim_files *files = &server->disk.files;
	char name[PEN_NAME_BYTES];
	int file = pen_sim_files_find(files, file_of(object, piece, name));
	if (file < 0 || !bytes.len)
		return false;
	const struct pen_sim_file *there = &files->files[file];
	const uint8_t *at = pen_sim_file_at(there);
	/* Where frames lie only their own table knows. */
	if (object->lean)
		return memmem(at, there->bytes, bytes.at, bytes.len) != NULL;
	uint64_t offset = (uint64_t)piece->piece * PEN_RAW_BLOCK_BYTES;
	return offset + bytes.len <= there->bytes && !memcmp(at + offset, bytes.at, bytes.len);
}

static void raw_place(struct server *server, const struct object *object)
{
	char name[PEN_NAME_BYTES], page[PEN_ASIDE_NAME_BYTES];
	pen_raw_path(&object->root, name);
	pen_pages_name(".penstock/", &object->root, page);
	put(server, object, 0, name);
	struct pen_bytes held = pen_buf_bytes(&object->page);
	uint32_t blocks = pen_raw_blocks(held_of(server, object, 0).len);
	if (blocks < object->blocks && pen_rng_below(&server->disk.rng, 2)) {
		PEN_CHECK(!pen_raw_page_encode(object->leaves, blocks, 0, &server->page));
		held = pen_buf_bytes(&server->page);
	}
	PEN_CHECK(!pen_sim_disk_lend(&server->disk, page, held.at, (uint32_t)held.len));
	if (server->lie == PLAN_BAD_CATALOG && pen_rng_below(&server->disk.rng, 2))
		pen_sim_disk_rot(&server->disk, page, 0);
	note(server, object, 0, PEN_RAW_DIR, name);
}

static void parts_place(struct server *server, const struct object *object, uint32_t holds)
{
	for (unsigned k = 0; k < object->n; k++) {
		char name[PEN_NAME_BYTES], base[PEN_PART_NAME_BYTES];
		/* A liar names some that it does not have. */
		bool lies = server->lie == PLAN_BAD_CATALOG && k % 4 == 0;
		snprintf(name, sizeof name, "%s/%s", SERVER_DIR,
			pen_part_name(object->lean ? PEN_FORM_LEAN : PEN_FORM_NEARCORE, k,
				object->n, base));
		if (holds >> k & 1 && !lies)
			put(server, object, k, name);
		if (holds >> k & 1 || lies)
			note(server, object, k, SERVER_DIR, name);
	}
}

void server_open(struct server *server, struct world *world, const struct plan *plan,
	unsigned number, const struct object *object)
{
	const struct plan_host *host = &plan->hosts[number];
	const uint64_t stream = STREAM_SERVERS + 2 * number;
	const struct pen_sim_disk_ask ask = {.clock = &world->clock,
		.stream = stream,
		.habits = host->habits,
		.files = PLAN_PARTS_MAX + 8,
		.file_bytes_max = SERVER_FILE_BYTES,
		.bytes_max = 2 * (uint64_t)SERVER_FILE_BYTES,
		.read_only = false};
	uint8_t own[PEN_KEYS_BYTES];
	*server = (struct server){0};
	PEN_CHECK(!pen_sim_disk_open(&server->disk, &ask));
	server->actor = (struct actor){.ops = &server_ops,
		.host = number,
		.disk = &server->disk,
		.manners = host->manners,
		.poll_ns = host->poll_ns};
	struct pen_rng rng = pen_sim_clock_rng(&world->clock, stream + 1);
	pen_rng_bytes(&rng, own, sizeof own);
	pen_identity_init(&server->identity, own);
	pen_rng_bytes(&rng, server->reset_key, sizeof server->reset_key);
	server->lie = host->lie;
	PEN_CHECK(!pen_sim_disk_place(&server->disk, SERVER_OTHER_FILE, "other", 5));
	if (object->raw)
		raw_place(server, object);
	else
		parts_place(server, object, plan->holds[number]);
	PEN_CHECK(!pen_catalog_settle(&server->catalog));
	PEN_CHECK(!pen_listing_make(&server->listing, &server->catalog, 1));
}

void server_close(struct server *server)
{
	pen_listing_fini(&server->listing);
	pen_catalog_fini(&server->catalog);
	pen_buf_fini(&server->page);
	pen_sim_disk_close(&server->disk);
}
