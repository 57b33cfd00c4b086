#include "sim/depot.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "store/file.h"

/* Streams of the world's chance: disks and sinks. */
#define STREAM_DEPOTS 3000u
#define DEPOT_FILES (2 * PLAN_PARTS_MAX + 8)
#define DEPOT_FILE_BYTES (DEPOT_BLOCKS_MAX * PEN_BLOCK_BYTES)
/* Of a read that fails by chance. */
#define DEPOT_TRIES 1000u
#define DEPOT_NAME_BYTES 24u
#define SYNC_TAG UINT64_MAX

static const char *name_of(unsigned k, char name[DEPOT_NAME_BYTES])
{
	snprintf(name, DEPOT_NAME_BYTES, "parts/%u", k);
	return name;
}

static const char *temp_of(unsigned k, char name[DEPOT_NAME_BYTES])
{
	snprintf(name, DEPOT_NAME_BYTES, "tmp/%u", k);
	return name;
}

static void wrong(struct depot *depot, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The first thing stays. */
static void wrong(struct depot *depot, const char *format, ...)
{
	va_list arguments;
	if (depot->wrong[0])
		return;
	va_start(arguments, format);
	vsnprintf(depot->wrong, sizeof depot->wrong, format, arguments);
	va_end(arguments);
}

static unsigned blocks_of(struct pen_bytes bytes)
{
	return (unsigned)((bytes.len + PEN_BLOCK_BYTES - 1) / PEN_BLOCK_BYTES);
}

static struct pen_bytes block_of(struct pen_bytes bytes, unsigned block)
{
	size_t at = (size_t)block * PEN_BLOCK_BYTES, left = bytes.len - at;
	PEN_CHECK(at < bytes.len);
	return (struct pen_bytes){bytes.at + at, left < PEN_BLOCK_BYTES ? left : PEN_BLOCK_BYTES};
}

/* The row of a block: its number is the key, `number` the key's memory. */
static struct pen_row row_of(const uint32_t *number, struct pen_bytes block)
{
	return (struct pen_row){.column = PEN_COLUMN_FLAT,
		.key = {(const uint8_t *)number, sizeof *number},
		.value = block};
}

static bool same(struct pen_bytes a, struct pen_bytes b)
{
	return a.len == b.len && (!a.len || !memcmp(a.at, b.at, a.len));
}

/* Whether a row that the sink is given is one of the object's. */
static bool row_right(const void *context, uint32_t k, const struct pen_row *row)
{
	const struct depot *depot = context;
	struct pen_bytes part = depot->object->parts[k].bytes;
	uint32_t block;
	if (row->key.len != sizeof block)
		return false;
	memcpy(&block, row->key.at, sizeof block);
	return block < blocks_of(part) && same(row->value, block_of(part, block));
}

static void expect(struct depot *depot)
{
	for (unsigned k = 0; k < depot->object->n; k++) {
		struct pen_bytes part = depot->object->parts[k].bytes;
		for (uint32_t i = 0; i < blocks_of(part); i++) {
			struct pen_row row = row_of(&i, block_of(part, i));
			pen_sim_digest_add(&depot->expected[k], &row);
		}
	}
}

static struct pen_sink_state shard_of(const struct depot *depot)
{
	return (struct pen_sink_state){.root = depot->object->root, .parts = depot->object->n};
}

void depot_open(struct depot *depot, struct world *world, const struct plan *plan, unsigned host,
	const struct object *object)
{
	static const struct pen_sim_sink_faults faults = {.bad_open = PEN_SIM_PPM(50000),
		.bad_put = PEN_SIM_PPM(50000),
		.bad_commit = PEN_SIM_PPM(50000),
		.torn_commit = PEN_SIM_PPM(50000)};
	const struct pen_sim_disk_ask ask = {.clock = &world->clock,
		.stream = STREAM_DEPOTS + 2 * host,
		.habits = plan->hosts[host].habits,
		.files = DEPOT_FILES,
		.file_bytes_max = DEPOT_FILE_BYTES,
		.bytes_max = 2 * (uint64_t)DEPOT_FILE_BYTES};
	*depot = (struct depot){
		.object = object, .file = -1, .apply_ns = plan->hosts[host].apply_ns};
	PEN_CHECK(!pen_sim_disk_open(&depot->disk, &ask));
	pen_sim_sink_init(&depot->sink, &world->clock, ask.stream + 1, &faults);
	expect(depot);
	depot->sink.expected = depot->expected;
	depot->sink.right = row_right;
	depot->sink.right_context = depot;
}

void depot_close(struct depot *depot)
{
	pen_sim_disk_close(&depot->disk);
}

/* What the medium has, as the world sees it: every name stands for its part, and every part that
 * was acknowledged is there. */
static void disk_judge(struct depot *depot)
{
	const struct pen_sim_files *files = &depot->disk.files;
	for (unsigned k = 0; k < depot->object->n; k++) {
		char name[DEPOT_NAME_BYTES];
		int file = pen_sim_files_find(files, name_of(k, name));
		if (file < 0 && depot->owed >> k & 1)
			wrong(depot, "part %u was acknowledged and is not on the disk", k);
		if (file < 0)
			continue;
		const struct pen_sim_file *there = &files->files[file];
		struct pen_bytes bytes = {pen_sim_file_at(there), (size_t)there->bytes};
		if (!same(bytes, depot->object->parts[k].bytes))
			wrong(depot, "the disk has other bytes under the name of part %u", k);
	}
}

/* Read part k, if it is there. */
static bool part_read(struct depot *depot, unsigned k, struct pen_buf *bytes)
{
	char name[DEPOT_NAME_BYTES];
	int err = -EIO;
	name_of(k, name);
	for (unsigned i = 0; err == -EIO && i < DEPOT_TRIES; i++)
		err = pen_file_read(&depot->disk.disk, name, DEPOT_FILE_BYTES, bytes, NULL);
	PEN_CHECK(err == 0 || err == -ENOENT);
	return err == 0;
}

/* The sink is opened anew: what it has of the object. */
static void sink_reopen(struct depot *depot)
{
	struct pen_sink *sink = &depot->sink.sink;
	const struct pen_sink_state want = shard_of(depot);
	struct pen_sink_state have;
	uint8_t applied[(PLAN_PARTS_MAX + 7) / 8] = {0};
	pen_sim_sink_restart(&depot->sink);
	PEN_CHECK(!sink->ops->begin(sink, &want, &have, applied, NULL));
	depot->applied = 0;
	for (unsigned k = 0; k < depot->object->n; k++)
		depot->applied |= (uint32_t)(applied[k / 8] >> k % 8 & 1) << k;
}

uint32_t depot_start(struct depot *depot, struct pen_buf *bytes[PLAN_PARTS_MAX])
{
	PEN_CHECK(depot->state == DEPOT_IDLE);
	PEN_CHECK(depot->batch == NULL);
	disk_judge(depot);
	depot->waiting = depot->kept = 0;
	depot->free_ns = 0;
	for (unsigned k = 0; k < depot->object->n; k++) {
		bytes[k]->len = 0;
		if (!part_read(depot, k, bytes[k]))
			continue;
		depot->kept |= 1u << k;
		depot->parts[k] = pen_buf_bytes(bytes[k]);
		depot->resumed++;
	}
	sink_reopen(depot);
	if (depot->applied & ~depot->kept)
		wrong(depot, "parts %x are applied and not on the disk",
			depot->applied & ~depot->kept);
	if (depot->forgetful)
		depot->kept = 0;
	return depot->kept;
}

void depot_keep(struct depot *depot, unsigned k, struct pen_bytes bytes)
{
	PEN_CHECK(!((depot->waiting | depot->kept) >> k & 1));
	PEN_CHECK(blocks_of(bytes) <= DEPOT_BLOCKS_MAX);
	depot->waiting |= 1u << k;
	depot->parts[k] = bytes;
}

void depot_came(struct depot *depot, unsigned k)
{
	if (depot->owed >> k & 1)
		wrong(depot, "part %u was acknowledged and is fetched again", k);
}

static void write_begin(struct depot *depot)
{
	struct pen_disk *disk = &depot->disk.disk;
	char temp[DEPOT_NAME_BYTES];
	depot->k = (unsigned)__builtin_ctz(depot->waiting);
	depot->file = disk->ops->open(disk, temp_of(depot->k, temp), PEN_DISK_CREATE, NULL);
	PEN_CHECK(depot->file >= 0);
	depot->asked = 0;
	depot->bad = false;
	depot->state = DEPOT_WRITING;
}

/* Give the disk what it takes of the part's blocks. */
static void write_more(struct depot *depot)
{
	struct pen_disk *disk = &depot->disk.disk;
	struct pen_disk_op ops[DEPOT_BLOCKS_MAX];
	unsigned blocks = blocks_of(depot->parts[depot->k]), count = 0;
	for (unsigned i = depot->asked; i < blocks; i++) {
		struct pen_bytes block = block_of(depot->parts[depot->k], i);
		/* A write does not change the memory; the port says so. */
		ops[count++] = (struct pen_disk_op){PEN_DISK_WRITE, depot->file,
			(uint64_t)i * PEN_BLOCK_BYTES, (void *)(uintptr_t)block.at,
			(uint32_t)block.len, i};
	}
	unsigned taken = count ? disk->ops->submit(disk, ops, count) : 0;
	depot->asked += taken;
	depot->flying += taken;
}

static void sync_ask(struct depot *depot)
{
	struct pen_disk *disk = &depot->disk.disk;
	const struct pen_disk_op op = {.kind = PEN_DISK_SYNC, .file = depot->file, .tag = SYNC_TAG};
	if (!disk->ops->submit(disk, &op, 1))
		return;
	depot->flying++;
	depot->state = DEPOT_SYNCING;
}

static void reap(struct depot *depot, int64_t wait_ns)
{
	struct pen_disk *disk = &depot->disk.disk;
	struct pen_disk_done done;
	while (depot->flying && disk->ops->reap(disk, &done, 1, wait_ns)) {
		struct pen_bytes part = depot->parts[depot->k];
		int64_t want = done.tag == SYNC_TAG
			? 0
			: (int64_t)block_of(part, (unsigned)done.tag).len;
		depot->bad |= done.result != want;
		depot->flying--;
	}
}

static void write_end(struct depot *depot)
{
	struct pen_disk *disk = &depot->disk.disk;
	disk->ops->close(disk, depot->file);
	depot->file = -1;
	depot->state = DEPOT_IDLE;
}

/* It is all there: from now on under its name. */
static uint32_t name(struct depot *depot)
{
	struct pen_disk *disk = &depot->disk.disk;
	char temp[DEPOT_NAME_BYTES], last[DEPOT_NAME_BYTES];
	uint32_t part = 1u << depot->k;
	PEN_CHECK(!disk->ops->rename(disk, temp_of(depot->k, temp), name_of(depot->k, last)));
	write_end(depot);
	depot->waiting &= ~part;
	depot->kept |= part;
	depot->owed |= part;
	return part;
}

/* One step of what lies nearest to being durable. The part that became so, as a set. */
static uint32_t store(struct depot *depot)
{
	if (depot->state == DEPOT_IDLE && depot->waiting)
		write_begin(depot);
	if (depot->state == DEPOT_WRITING && !depot->bad)
		write_more(depot);
	if (depot->flying || depot->state == DEPOT_IDLE)
		return 0;
	if (depot->bad) {
		write_end(depot);
		return 0;
	}
	bool written = depot->asked == blocks_of(depot->parts[depot->k]);
	if (depot->state == DEPOT_SYNCING || (depot->hasty && written))
		return name(depot);
	if (written)
		sync_ask(depot);
	return 0;
}

/* The batch is over, well or not. Nobody knows what became of one that broke the sink. */
static void batch_end(struct depot *depot, bool commit)
{
	struct pen_sink *sink = &depot->sink.sink;
	int err = sink->ops->close(sink, depot->batch, commit, NULL);
	depot->batch = NULL;
	if (commit && !err)
		depot->applied |= 1u << depot->batch_k;
	else if (err == -EIO)
		sink_reopen(depot);
}

/* One step of what is to be applied. */
static void apply(struct depot *depot)
{
	struct pen_sink *sink = &depot->sink.sink;
	const struct pen_sink_state shard = shard_of(depot);
	uint32_t left = depot->kept & ~depot->applied;
	if (!depot->batch) {
		depot->batch_k = (unsigned)__builtin_ctz(left);
		depot->rows = 0;
		if (sink->ops->open(sink, &shard, depot->batch_k, &depot->batch, NULL))
			depot->batch = NULL;
		return;
	}
	struct pen_bytes part = depot->parts[depot->batch_k];
	if (depot->rows == blocks_of(part)) {
		batch_end(depot, true);
		return;
	}
	const uint32_t number = depot->rows++;
	const struct pen_row row = row_of(&number, block_of(part, number));
	if (sink->ops->put(sink, depot->batch, &row, 1, NULL))
		batch_end(depot, false);
}

/* Whether all parts are applied, and the sink does not know it. */
static bool finishes(const struct depot *depot)
{
	return (unsigned)__builtin_popcount(depot->applied) == depot->object->n &&
		!depot_done(depot);
}

uint32_t depot_turn(struct depot *depot)
{
	struct pen_sink *sink = &depot->sink.sink;
	const struct pen_sink_state shard = shard_of(depot);
	int64_t now_ns = depot->disk.clock->now_ns;
	reap(depot, 0);
	uint32_t durable = store(depot);
	if (now_ns >= depot->free_ns && depot->kept & ~depot->applied) {
		apply(depot);
		depot->free_ns = now_ns + depot->apply_ns;
	}
	if (finishes(depot))
		PEN_CHECK(!sink->ops->finish(sink, &shard, NULL));
	return durable;
}

int64_t depot_wait_ns(const struct depot *depot)
{
	int64_t now_ns = depot->disk.clock->now_ns;
	if (!depot->flying && depot->waiting)
		return 0;
	if (depot->kept & ~depot->applied)
		return depot->free_ns > now_ns ? depot->free_ns - now_ns : 0;
	return INT64_MAX;
}

bool depot_done(const struct depot *depot)
{
	return depot->sink.shard.done;
}

void depot_taste(struct depot *depot, unsigned k, uint32_t block, struct pen_bytes bytes)
{
	struct pen_sink *sink = &depot->sink.sink;
	const struct pen_sink_state shard = shard_of(depot);
	const struct pen_row row = row_of(&block, bytes);
	struct pen_batch *batch;
	if (sink->ops->open(sink, &shard, k, &batch, NULL))
		return;
	(void)sink->ops->put(sink, batch, &row, 1, NULL);
	(void)sink->ops->close(sink, batch, false, NULL);
}

void depot_stop(struct depot *depot)
{
	struct pen_sink *sink = &depot->sink.sink;
	reap(depot, 1);
	PEN_CHECK(depot->flying == 0);
	write_end(depot);
	pen_sim_sink_restart(&depot->sink);
	(void)sink->ops->close(sink, depot->batch, false, NULL);
	depot->batch = NULL;
}

void depot_judge(struct depot *depot, bool all)
{
	disk_judge(depot);
	if (all && (!depot->sink.shard.done || depot->sink.commits != depot->object->n))
		wrong(depot, "the sink has %u of %u parts, and is %s",
			(unsigned)depot->sink.commits, depot->object->n,
			depot->sink.shard.done ? "finished" : "not finished");
}
