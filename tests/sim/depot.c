#include "sim/depot.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "store/file.h"
#include "store/layout.h"

/* Streams of the world's chance: disks and sinks. */
#define STREAM_DEPOTS 3000u
#define DEPOT_FILES (2 * PLAN_PARTS_MAX + 8)
#define DEPOT_FILE_BYTES (DEPOT_BLOCKS_MAX * PEN_BLOCK_BYTES)
/* Of a read that fails by chance. */
#define DEPOT_TRIES 1000u
#define SYNC_TAG UINT64_MAX

static const char *name_of(const struct depot *depot, unsigned k, char name[PEN_NAME_BYTES])
{
	if (depot->object->raw)
		return pen_raw_path(&depot->object->root, name);
	snprintf(name, PEN_NAME_BYTES, "parts/%u", k);
	return name;
}

static const char *temp_of(unsigned k, char name[PEN_NAME_BYTES])
{
	snprintf(name, PEN_NAME_BYTES, "tmp/%u", k);
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

void depot_open(struct depot *depot, struct world *world, const struct plan *plan, unsigned host,
	const struct object *object)
{
	const struct pen_sim_disk_ask ask = {.clock = &world->clock,
		.stream = STREAM_DEPOTS + 2 * host,
		.habits = plan->hosts[host].habits,
		.files = DEPOT_FILES,
		.file_bytes_max = DEPOT_FILE_BYTES,
		.bytes_max = 2 * (uint64_t)DEPOT_FILE_BYTES};
	*depot = (struct depot){.object = object, .file = -1};
	PEN_CHECK(!pen_sim_disk_open(&depot->disk, &ask));
	if (object->raw)
		crate_open(&depot->crate, &depot->disk, object);
	ledger_open(
		&depot->ledger, &world->clock, ask.stream + 1, object, plan->hosts[host].apply_ns);
}

void depot_close(struct depot *depot)
{
	ledger_close(&depot->ledger);
	pen_sim_disk_close(&depot->disk);
}

/* What the medium has, as the world sees it: every name stands for its part, and every part that
 * was acknowledged is there. */
static void disk_judge(struct depot *depot)
{
	const struct pen_sim_files *files = &depot->disk.files;
	for (unsigned k = 0; k < depot->object->n; k++) {
		char name[PEN_NAME_BYTES];
		int file = pen_sim_files_find(files, name_of(depot, k, name));
		if (file < 0 && depot->owed >> k & 1)
			wrong(depot, "part %u was acknowledged and is not on the disk", k);
		if (file < 0)
			continue;
		const struct pen_sim_file *there = &files->files[file];
		struct pen_bytes bytes = {pen_sim_file_at(there), (size_t)there->bytes};
		if (!object_right(depot->object, k, bytes))
			wrong(depot, "the disk has other bytes under the name of part %u", k);
	}
}

/* Read part k, if it is there. */
static bool part_read(struct depot *depot, unsigned k, struct pen_buf *bytes)
{
	char name[PEN_NAME_BYTES];
	int err = -EIO;
	name_of(depot, k, name);
	for (unsigned i = 0; err == -EIO && i < DEPOT_TRIES; i++)
		err = pen_file_read(&depot->disk.disk, name, DEPOT_FILE_BYTES, bytes, NULL);
	PEN_CHECK(err == 0 || err == -ENOENT);
	return err == 0;
}

uint32_t depot_start(struct depot *depot, struct pen_buf *bytes[PLAN_PARTS_MAX])
{
	PEN_CHECK(depot->state == DEPOT_IDLE);
	disk_judge(depot);
	depot->waiting = depot->kept = 0;
	for (unsigned k = 0; k < depot->object->n; k++) {
		bytes[k]->len = 0;
		if (!part_read(depot, k, bytes[k]))
			continue;
		depot->kept |= 1u << k;
		depot->parts[k] = pen_buf_bytes(bytes[k]);
		depot->resumed++;
	}
	if (depot->object->raw)
		crate_start(&depot->crate);
	ledger_start(&depot->ledger);
	if (depot->ledger.applied & ~depot->kept)
		wrong(depot, "parts %x are applied and not on the disk",
			depot->ledger.applied & ~depot->kept);
	if (depot->forgetful)
		depot->kept = 0;
	return depot->kept;
}

void depot_keep(struct depot *depot, unsigned k, struct pen_bytes bytes)
{
	PEN_CHECK(!((depot->waiting | depot->kept) >> k & 1));
	PEN_CHECK(ledger_blocks(bytes) <= DEPOT_BLOCKS_MAX);
	depot->waiting |= 1u << k;
	depot->parts[k] = bytes;
}

void depot_came(struct depot *depot, unsigned k, uint32_t unit)
{
	if (depot->object->raw)
		crate_came(&depot->crate, unit);
	if (depot->owed >> k & 1)
		wrong(depot, "part %u was acknowledged and is fetched again", k);
}

static void write_begin(struct depot *depot)
{
	struct pen_disk *disk = &depot->disk.disk;
	char temp[PEN_NAME_BYTES];
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
	unsigned blocks = ledger_blocks(depot->parts[depot->k]), count = 0;
	for (unsigned i = depot->asked; i < blocks; i++) {
		struct pen_bytes block = ledger_block(depot->parts[depot->k], i);
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
			: (int64_t)ledger_block(part, (unsigned)done.tag).len;
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
	char temp[PEN_NAME_BYTES], last[PEN_NAME_BYTES];
	uint32_t part = 1u << depot->k;
	PEN_CHECK(
		!disk->ops->rename(disk, temp_of(depot->k, temp), name_of(depot, depot->k, last)));
	write_end(depot);
	depot->waiting &= ~part;
	depot->kept |= part;
	depot->owed |= part;
	return part;
}

/* The same of a raw object. */
static uint32_t store_raw(struct depot *depot)
{
	crate_turn(&depot->crate);
	if (!depot->waiting || crate_end(&depot->crate))
		return 0;
	depot->waiting = 0;
	depot->kept = depot->owed = 1;
	return 1;
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
	bool written = depot->asked == ledger_blocks(depot->parts[depot->k]);
	if (depot->state == DEPOT_SYNCING || (depot->hasty && written))
		return name(depot);
	if (written)
		sync_ask(depot);
	return 0;
}

uint32_t depot_turn(struct depot *depot)
{
	reap(depot, 0);
	uint32_t durable = depot->object->raw ? store_raw(depot) : store(depot);
	ledger_turn(&depot->ledger, depot->kept, depot->parts);
	return durable;
}

int64_t depot_wait_ns(const struct depot *depot)
{
	if (depot->object->raw ? crate_ready(&depot->crate) : !depot->flying && depot->waiting)
		return 0;
	return ledger_wait_ns(&depot->ledger, depot->kept);
}

bool depot_done(const struct depot *depot)
{
	return ledger_done(&depot->ledger);
}

void depot_stop(struct depot *depot)
{
	reap(depot, 1);
	PEN_CHECK(depot->flying == 0);
	write_end(depot);
	if (depot->object->raw)
		crate_stop(&depot->crate);
	ledger_stop(&depot->ledger);
}

void depot_judge(struct depot *depot, bool all)
{
	struct pen_why why = {0};
	disk_judge(depot);
	if (depot->crate.err)
		wrong(depot, "%s", depot->crate.why.text);
	if (all && ledger_judge(&depot->ledger, &why))
		wrong(depot, "%s", why.text);
}
