#include "drivers/sim/disk.h"

#include <errno.h>
#include <string.h>
#include <xxhash.h>

#include "base/check.h"

/* Virtual time begins on a day after all of nearcore's. */
#define EPOCH_NS INT64_C(1800000000000000000)
/* What stands in memory that is being read into. */
#define SPOILT 0xdb

const struct pen_sim_habits pen_sim_habits_tame = {.depth_max = 64};

struct pen_sim_habits pen_sim_habits_draw(struct pen_rng *rng, bool faults)
{
	static const unsigned depths[] = {1, 4, 32, 256};
	static const uint64_t rates[] = {0, 800000000, 4000000000, 24000000000};
	static const int64_t delays[] = {0, 20000, 100000, 8000000};
	uint32_t chance = faults ? PEN_SIM_PPM(5000) : 0;
	struct pen_sim_habits habits = {
		.bad_read = chance, .bad_write = chance, .bad_sync = chance};
	/* One by one: C leaves the order within an initialiser open. */
	habits.depth_max = depths[pen_rng_below(rng, PEN_COUNT(depths))];
	habits.align = pen_rng_below(rng, 2) ? 4096 : 512;
	habits.bits_per_s = rates[pen_rng_below(rng, PEN_COUNT(rates))];
	habits.delay_ns = delays[pen_rng_below(rng, PEN_COUNT(delays))];
	habits.jitter_ns = delays[pen_rng_below(rng, PEN_COUNT(delays))];
	habits.refuse = pen_rng_below(rng, 2) ? PEN_SIM_PPM(200000) : 0;
	return habits;
}

static struct pen_sim_disk *self(struct pen_disk *disk)
{
	return (struct pen_sim_disk *)disk;
}

static int64_t today_ns(const struct pen_sim_disk *disk)
{
	return EPOCH_NS + disk->clock->now_ns;
}

/* As port/disk.h says of names from outside. */
static int name_check(const char *name)
{
	if (name[0] == '/')
		return -EXDEV;
	for (const char *at = name; *at;) {
		size_t len = strcspn(at, "/");
		if (len == 2 && !memcmp(at, "..", 2))
			return -EXDEV;
		if (!len || (len == 1 && at[0] == '.') || (at[len] && !at[len + 1]))
			return -EACCES;
		at += len + (at[len] == '/');
	}
	return strlen(name) < PEN_SIM_NAME_BYTES ? 0 : -ENAMETOOLONG;
}

static int handle_find(const struct pen_sim_disk *disk)
{
	for (unsigned i = 0; i < PEN_SIM_HANDLES_MAX; i++)
		if (disk->handles[i].file < 0)
			return (int)i;
	return -EMFILE;
}

static int file_create(struct pen_sim_disk *disk, const char *name, unsigned flags)
{
	int file = pen_sim_files_find(&disk->files, name);
	if (disk->disk.read_only)
		return -EROFS;
	if (file < 0)
		return pen_sim_files_make(&disk->files, name, false, today_ns(disk));
	if (flags & PEN_DISK_EXCL)
		return -EEXIST;
	if (disk->files.files[file].directory)
		return -EISDIR;
	pen_sim_files_truncate(&disk->files, file, today_ns(disk));
	return file;
}

static void stat_fill(struct pen_disk_stat *stat, const struct pen_sim_file *file)
{
	*stat = (struct pen_disk_stat){
		.bytes = file->bytes, .mtime_ns = file->mtime_ns, .directory = file->directory};
}

static int disk_open(
	struct pen_disk *base, const char *name, unsigned flags, struct pen_disk_stat *stat)
{
	struct pen_sim_disk *disk = self(base);
	int err = disk->dead ? -EIO : name_check(name), handle = handle_find(disk);
	if (err || handle < 0)
		return err ? err : handle;
	int file = flags & PEN_DISK_CREATE ? file_create(disk, name, flags)
					   : pen_sim_files_find(&disk->files, name);
	if (file < 0)
		return flags & PEN_DISK_CREATE ? file : -ENOENT;
	disk->files.files[file].opens++;
	disk->handles[handle] = (struct pen_sim_handle){
		.file = file, .writable = flags & (PEN_DISK_CREATE | PEN_DISK_UPDATE)};
	if (stat)
		stat_fill(stat, &disk->files.files[file]);
	return handle;
}

/* The file behind a handle, or NULL. */
static struct pen_sim_handle *handle_at(struct pen_sim_disk *disk, int handle)
{
	if (handle < 0 || (unsigned)handle >= PEN_SIM_HANDLES_MAX || disk->handles[handle].file < 0)
		return NULL;
	return &disk->handles[handle];
}

static void disk_close(struct pen_disk *base, int number)
{
	struct pen_sim_disk *disk = self(base);
	if (number < 0)
		return;
	struct pen_sim_handle *handle = handle_at(disk, number);
	if (!handle && disk->dead)
		return;
	if (!handle)
		pen_sim_breach(disk->clock, "disk: close of file %d, which is not open", number);
	if (handle->flights)
		pen_sim_breach(disk->clock, "disk: close of file %d with %u operations in flight",
			number, handle->flights);
	disk->files.files[handle->file].opens--;
	handle->file = -1;
}

static void op_check(const struct pen_sim_disk *disk, const struct pen_disk_op *op)
{
	if (op->kind != PEN_DISK_SYNC && !op->at && op->bytes)
		pen_sim_breach(disk->clock, "disk: an operation without memory");
	if (op->kind == PEN_DISK_READ && op->bytes)
		memset(op->at, SPOILT, op->bytes < 64 ? op->bytes : 64);
}

static int64_t finish_ns(struct pen_sim_disk *disk, const struct pen_disk_op *op)
{
	int64_t now_ns = disk->clock->now_ns;
	int64_t through_ns = pen_sim_link_send(&disk->link, now_ns, op->bytes);
	int64_t jitter_ns = disk->habits.jitter_ns;
	PEN_CHECK(through_ns >= 0);
	if (jitter_ns)
		through_ns += (int64_t)pen_rng_below(&disk->rng, (uint64_t)jitter_ns);
	return through_ns + disk->habits.delay_ns;
}

static unsigned submit(struct pen_disk *base, const struct pen_disk_op *ops, unsigned count)
{
	struct pen_sim_disk *disk = self(base);
	if (count > disk->free_count)
		count = disk->free_count;
	if (count && pen_sim_chance(disk->habits.refuse, &disk->rng))
		count = (unsigned)pen_rng_below(&disk->rng, count);
	for (unsigned i = 0; i < count; i++) {
		unsigned number = disk->free_ops[--disk->free_count];
		struct pen_sim_handle *handle = handle_at(disk, ops[i].file);
		op_check(disk, &ops[i]);
		if (handle)
			handle->flights++;
		disk->ops[number] = (struct pen_sim_flight_op){.op = ops[i]};
		if (ops[i].kind == PEN_DISK_WRITE)
			disk->ops[number].hash = XXH3_64bits(ops[i].at, ops[i].bytes);
		pen_sim_queue_push(&disk->queue, finish_ns(disk, &ops[i]), number);
	}
	return count;
}

static int64_t write_do(struct pen_sim_disk *disk, const struct pen_sim_flight_op *flight)
{
	const struct pen_disk_op *op = &flight->op;
	const struct pen_sim_handle *handle = handle_at(disk, op->file);
	if (XXH3_64bits(op->at, op->bytes) != flight->hash)
		pen_sim_breach(disk->clock, "disk: memory of a write changed before it was reaped");
	if (!handle->writable)
		return -EBADF;
	disk->writes++;
	if (pen_sim_chance(disk->habits.bad_write, &disk->rng))
		return -EIO;
	int64_t moved = pen_sim_files_write(
		&disk->files, handle->file, op->offset, op->at, op->bytes, today_ns(disk));
	disk->written_bytes += moved > 0 ? (uint64_t)moved : 0;
	return moved;
}

static int64_t read_do(struct pen_sim_disk *disk, const struct pen_disk_op *op)
{
	int file = handle_at(disk, op->file)->file;
	disk->reads++;
	if (disk->files.files[file].directory)
		return -EISDIR;
	if (pen_sim_chance(disk->habits.bad_read, &disk->rng))
		return -EIO;
	int64_t moved = pen_sim_files_read(&disk->files, file, op->offset, op->at, op->bytes);
	disk->read_bytes += (uint64_t)moved;
	return moved;
}

static int64_t op_do(struct pen_sim_disk *disk, const struct pen_sim_flight_op *flight)
{
	const struct pen_sim_handle *handle = handle_at(disk, flight->op.file);
	if (!handle || disk->dead)
		return disk->dead ? -EIO : -EBADF;
	switch (flight->op.kind) {
	case PEN_DISK_READ: return read_do(disk, &flight->op);
	case PEN_DISK_WRITE: return write_do(disk, flight);
	case PEN_DISK_SYNC: break;
	}
	disk->syncs++;
	if (pen_sim_chance(disk->habits.bad_sync, &disk->rng))
		return -EIO;
	pen_sim_files_sync(&disk->files, handle->file);
	return 0;
}

static void finish(struct pen_sim_disk *disk, unsigned number, struct pen_disk_done *done)
{
	const struct pen_sim_flight_op *flight = &disk->ops[number];
	struct pen_sim_handle *handle = handle_at(disk, flight->op.file);
	*done = (struct pen_disk_done){.tag = flight->op.tag, .result = op_do(disk, flight)};
	disk->failed += done->result < 0;
	if (handle)
		handle->flights--;
	disk->free_ops[disk->free_count++] = number;
	pen_sim_trace(disk->clock, PEN_SIM_STORED, (uint64_t)done->result ^ flight->op.offset << 8);
}

static unsigned reap(
	struct pen_disk *base, struct pen_disk_done *done, unsigned max, int64_t wait_ns)
{
	struct pen_sim_disk *disk = self(base);
	struct pen_sim_event event;
	unsigned count = 0;
	while (count < max && pen_sim_queue_pop(&disk->queue, disk->clock->now_ns, &event))
		finish(disk, event.what, &done[count++]);
	if (!count && max && wait_ns > 0 && pen_sim_queue_pop(&disk->queue, INT64_MAX, &event))
		finish(disk, event.what, &done[count++]);
	return count;
}

static int disk_rename(struct pen_disk *base, const char *from, const char *to)
{
	struct pen_sim_disk *disk = self(base);
	int err = disk->dead ? -EIO : name_check(from);
	err = err ? err : name_check(to);
	if (err || disk->disk.read_only)
		return err ? err : -EROFS;
	return pen_sim_files_rename(&disk->files, from, to, today_ns(disk));
}

static int disk_unlink(struct pen_disk *base, const char *name)
{
	struct pen_sim_disk *disk = self(base);
	int err = disk->dead ? -EIO : name_check(name);
	if (err || disk->disk.read_only)
		return err ? err : -EROFS;
	return pen_sim_files_unlink(&disk->files, name);
}

static int disk_list(struct pen_disk *base, const char *name, pen_disk_list_fn fn, void *context)
{
	struct pen_sim_disk *disk = self(base);
	size_t len = strlen(name);
	int err = disk->dead ? -EIO : name_check(name);
	int at = pen_sim_files_find(&disk->files, name);
	if (err || (len && at < 0))
		return err ? err : -ENOENT;
	if (len && !disk->files.files[at].directory)
		return -ENOTDIR;
	for (unsigned i = 0; !err && i < disk->files.count; i++) {
		const struct pen_sim_file *file = &disk->files.files[i];
		const char *rest = file->name + (len ? len + 1 : 0);
		struct pen_disk_stat stat;
		if (file->state != PEN_SIM_FILE_NAMED || strncmp(file->name, name, len) ||
			(len && file->name[len] != '/') || strchr(rest, '/'))
			continue;
		stat_fill(&stat, file);
		err = fn(context, rest, &stat);
	}
	return err;
}

static int disk_watch(struct pen_disk *base, const char *name)
{
	(void)base, (void)name;
	return -ENOSYS;
}

static const struct pen_disk_ops ops = {.open = disk_open,
	.close = disk_close,
	.submit = submit,
	.reap = reap,
	.rename = disk_rename,
	.unlink = disk_unlink,
	.list = disk_list,
	.watch = disk_watch};

static void handles_clear(struct pen_sim_disk *disk)
{
	for (unsigned i = 0; i < PEN_SIM_HANDLES_MAX; i++)
		disk->handles[i] = (struct pen_sim_handle){.file = -1};
}

int pen_sim_disk_open(struct pen_sim_disk *disk, const struct pen_sim_disk_ask *ask)
{
	const struct pen_sim_habits *habits = &ask->habits;
	PEN_CHECK(habits->depth_max > 0);
	PEN_CHECK(habits->depth_max <= PEN_SIM_DEPTH_MAX);
	*disk = (struct pen_sim_disk){.clock = ask->clock,
		.rng = pen_sim_clock_rng(ask->clock, ask->stream),
		.habits = *habits,
		.disk = {.ops = &ops,
			.root = "sim",
			.depth_max = habits->depth_max,
			.align = habits->align ? habits->align : 1,
			.read_only = ask->read_only},
		.link = {.bits_per_s = habits->bits_per_s, .queue_bytes = UINT64_MAX >> 34}};
	if (pen_sim_queue_init(&disk->queue, habits->depth_max))
		return -ENOMEM;
	int err = pen_sim_files_init(&disk->files, ask->files, ask->file_bytes_max, ask->bytes_max);
	if (err)
		pen_sim_queue_fini(&disk->queue);
	handles_clear(disk);
	disk->free_count = habits->depth_max;
	for (unsigned i = 0; i < disk->free_count; i++)
		disk->free_ops[i] = i;
	return err;
}

void pen_sim_disk_close(struct pen_sim_disk *disk)
{
	if (!disk || !disk->disk.ops)
		return;
	PEN_CHECK(disk->queue.count == 0);
	pen_sim_queue_fini(&disk->queue);
	pen_sim_files_fini(&disk->files);
	disk->disk.ops = NULL;
}

/* Of a write that was in flight, the first bytes may be there. */
static void half_done(struct pen_sim_disk *disk, const struct pen_disk_op *op)
{
	const struct pen_sim_handle *handle = handle_at(disk, op->file);
	uint32_t bytes = (uint32_t)pen_rng_below(&disk->rng, (uint64_t)op->bytes + 1);
	if (op->kind == PEN_DISK_WRITE && handle && handle->writable)
		(void)pen_sim_files_write(
			&disk->files, handle->file, op->offset, op->at, bytes, today_ns(disk));
}

void pen_sim_disk_cut(struct pen_sim_disk *disk)
{
	PEN_CHECK(!disk->dead);
	for (uint32_t i = 0; i < disk->queue.count; i++)
		half_done(disk, &disk->ops[disk->queue.events[i].what].op);
	pen_sim_files_cut(&disk->files, &disk->rng);
	handles_clear(disk);
	disk->dead = true;
	disk->cuts++;
	pen_sim_trace(disk->clock, PEN_SIM_CHANGED, disk->cuts);
}

void pen_sim_disk_revive(struct pen_sim_disk *disk)
{
	PEN_CHECK(disk->dead);
	PEN_CHECK(disk->queue.count == 0);
	disk->dead = false;
	disk->link.free_ns = 0;
}

int pen_sim_disk_place(struct pen_sim_disk *disk, const char *name, const void *at, uint32_t bytes)
{
	int file = pen_sim_files_find(&disk->files, name);
	if (file < 0)
		file = pen_sim_files_make(&disk->files, name, false, today_ns(disk));
	if (file < 0)
		return file;
	pen_sim_files_truncate(&disk->files, file, today_ns(disk));
	int64_t moved = pen_sim_files_write(&disk->files, file, 0, at, bytes, today_ns(disk));
	if (moved < 0)
		return (int)moved;
	pen_sim_files_sync(&disk->files, file);
	return pen_sim_files_rename(&disk->files, name, name, today_ns(disk));
}

int pen_sim_disk_lend(struct pen_sim_disk *disk, const char *name, const void *at, uint32_t bytes)
{
	int file = pen_sim_files_make(&disk->files, name, false, today_ns(disk));
	if (file < 0)
		return file;
	int64_t lent = pen_sim_files_lend(&disk->files, file, at, bytes, today_ns(disk));
	if (lent < 0)
		return (int)lent;
	return pen_sim_files_rename(&disk->files, name, name, today_ns(disk));
}

void pen_sim_disk_rot(struct pen_sim_disk *disk, const char *name, uint64_t offset)
{
	int number = pen_sim_files_find(&disk->files, name);
	PEN_CHECK(number >= 0);
	struct pen_sim_file *file = &disk->files.files[number];
	PEN_CHECK(offset < file->bytes);
	uint8_t bit = (uint8_t)(1u << pen_rng_below(&disk->rng, 8));
	pen_sim_files_own(file);
	file->live[offset] ^= bit;
	file->medium[offset] ^= bit;
}
