#include "drivers/sim/files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/check.h"

#define MIB ((uint64_t)1 << 20)

static size_t dirty_bytes(const struct pen_sim_files *files)
{
	return files->file_bytes_max / PEN_SIM_SECTOR_BYTES / 8;
}

/* Two contents and a map for each, side by side. */
static size_t slot_bytes(const struct pen_sim_files *files)
{
	return 2 * files->file_bytes_max + MIB;
}

int pen_sim_files_init(
	struct pen_sim_files *files, unsigned count, uint64_t file_bytes_max, uint64_t bytes_max)
{
	PEN_CHECK(count > 0);
	PEN_CHECK(file_bytes_max % MIB == 0);
	*files = (struct pen_sim_files){
		.count = count, .file_bytes_max = file_bytes_max, .bytes_max = bytes_max};
	PEN_CHECK(dirty_bytes(files) <= MIB);
	files->memory_bytes = count * slot_bytes(files);
	files->files = calloc(count, sizeof *files->files);
	void *memory = mmap(NULL, files->memory_bytes, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (!files->files || memory == MAP_FAILED) {
		free(files->files);
		*files = (struct pen_sim_files){0};
		return -ENOMEM;
	}
	files->memory = memory;
	for (unsigned i = 0; i < count; i++) {
		uint8_t *at = files->memory + i * slot_bytes(files);
		files->files[i].live = at;
		files->files[i].medium = at + file_bytes_max;
		files->files[i].dirty = at + 2 * file_bytes_max;
	}
	return 0;
}

void pen_sim_files_fini(struct pen_sim_files *files)
{
	if (!files || !files->files)
		return;
	PEN_CHECK(!munmap(files->memory, files->memory_bytes));
	free(files->files);
	*files = (struct pen_sim_files){0};
}

int pen_sim_files_find(const struct pen_sim_files *files, const char *name)
{
	for (unsigned i = 0; i < files->count; i++)
		if (files->files[i].state == PEN_SIM_FILE_NAMED &&
			!strcmp(files->files[i].name, name))
			return (int)i;
	return -1;
}

/* A slot nobody needs: a free one, else a ghost that nobody has open, which then stays dead. */
static int slot_find(const struct pen_sim_files *files)
{
	int ghost = -ENOSPC;
	for (unsigned i = 0; i < files->count; i++) {
		const struct pen_sim_file *file = &files->files[i];
		if (file->state == PEN_SIM_FILE_FREE)
			return (int)i;
		if (file->state == PEN_SIM_FILE_GHOST && !file->opens && ghost < 0)
			ghost = (int)i;
	}
	return ghost;
}

static void slot_clear(struct pen_sim_files *files, struct pen_sim_file *file)
{
	/* Zeroed pages again, and none of them taken. */
	if (file->used)
		PEN_CHECK(!madvise(file->live, slot_bytes(files), MADV_DONTNEED));
	file->used = false;
	file->lent = NULL;
	file->state = PEN_SIM_FILE_FREE;
	file->directory = file->name_durable = file->durable_once = false;
	file->bytes = file->medium_bytes = 0;
	file->opens = 0;
}

static int parents_make(struct pen_sim_files *files, const char *name, int64_t now_ns)
{
	char parent[PEN_SIM_NAME_BYTES];
	const char *slash = strrchr(name, '/');
	if (!slash)
		return 0;
	size_t len = (size_t)(slash - name);
	memcpy(parent, name, len);
	parent[len] = 0;
	int found = pen_sim_files_find(files, parent);
	if (found >= 0)
		return files->files[found].directory ? 0 : -ENOTDIR;
	int made = pen_sim_files_make(files, parent, true, now_ns);
	return made < 0 ? made : 0;
}

/* Directories are at most as many as a name has components, so this ends. */
int pen_sim_files_make(
	struct pen_sim_files *files, const char *name, bool directory, int64_t now_ns)
{
	PEN_CHECK(pen_sim_files_find(files, name) < 0);
	size_t len = strlen(name);
	if (len >= PEN_SIM_NAME_BYTES)
		return -ENAMETOOLONG;
	int err = parents_make(files, name, now_ns);
	int slot = err ? err : slot_find(files);
	if (slot < 0)
		return slot;
	struct pen_sim_file *file = &files->files[slot];
	slot_clear(files, file);
	memcpy(file->name, name, len + 1);
	file->state = PEN_SIM_FILE_NAMED;
	file->directory = file->name_durable = file->durable_once = directory;
	file->mtime_ns = now_ns;
	return slot;
}

int64_t pen_sim_files_read(
	const struct pen_sim_files *files, int number, uint64_t offset, void *at, uint32_t bytes)
{
	const struct pen_sim_file *file = &files->files[number];
	if (offset >= file->bytes)
		return 0;
	uint64_t left = file->bytes - offset;
	uint32_t moved = bytes < left ? bytes : (uint32_t)left;
	/* The disk's own DMA. */
	memcpy(at, pen_sim_file_at(file) + offset, moved);
	return moved;
}

void pen_sim_files_own(struct pen_sim_file *file)
{
	file->used = true;
	if (!file->lent)
		return;
	PEN_CHECK(file->bytes == file->medium_bytes);
	memcpy(file->live, file->lent, file->bytes);
	memcpy(file->medium, file->lent, file->bytes);
	file->lent = NULL;
}

static void length_set(struct pen_sim_files *files, struct pen_sim_file *file, uint64_t bytes)
{
	if (file->state == PEN_SIM_FILE_NAMED)
		files->bytes = files->bytes - file->bytes + bytes;
	file->bytes = bytes;
}

/* The medium does not know these bytes yet. */
static void dirty_set(struct pen_sim_file *file, uint64_t from, uint64_t to)
{
	for (uint64_t sector = from / PEN_SIM_SECTOR_BYTES; sector * PEN_SIM_SECTOR_BYTES < to;
		sector++)
		file->dirty[sector / 8] |= (uint8_t)(1u << sector % 8);
}

int64_t pen_sim_files_write(struct pen_sim_files *files, int number, uint64_t offset,
	const void *at, uint32_t bytes, int64_t now_ns)
{
	struct pen_sim_file *file = &files->files[number];
	if (offset > files->file_bytes_max || bytes > files->file_bytes_max - offset)
		return -EFBIG;
	uint64_t end = offset + bytes;
	if (end > file->bytes && end - file->bytes > files->bytes_max - files->bytes)
		return -ENOSPC;
	pen_sim_files_own(file);
	memcpy(file->live + offset, at, bytes);
	dirty_set(file, offset, end);
	if (end > file->bytes)
		length_set(files, file, end);
	file->mtime_ns = now_ns;
	return bytes;
}

int64_t pen_sim_files_lend(
	struct pen_sim_files *files, int number, const void *at, uint32_t bytes, int64_t now_ns)
{
	struct pen_sim_file *file = &files->files[number];
	PEN_CHECK(file->bytes == 0 && !file->used);
	if (bytes > files->file_bytes_max)
		return -EFBIG;
	if (bytes > files->bytes_max - files->bytes)
		return -ENOSPC;
	file->lent = at;
	length_set(files, file, bytes);
	file->medium_bytes = bytes;
	file->mtime_ns = now_ns;
	return bytes;
}

void pen_sim_files_truncate(struct pen_sim_files *files, int number, int64_t now_ns)
{
	struct pen_sim_file *file = &files->files[number];
	pen_sim_files_own(file);
	memset(file->live, 0, file->bytes);
	dirty_set(file, 0, file->bytes);
	length_set(files, file, 0);
	file->mtime_ns = now_ns;
}

/* For each sector that may differ: as the medium has it, or as programs saw it. */
static void settle(struct pen_sim_files *files, struct pen_sim_file *file, struct pen_rng *rng)
{
	if (file->lent)
		return;
	uint64_t end = file->bytes > file->medium_bytes ? file->bytes : file->medium_bytes;
	for (uint64_t sector = 0; sector * PEN_SIM_SECTOR_BYTES < end; sector++) {
		size_t at = sector * PEN_SIM_SECTOR_BYTES;
		if (!(file->dirty[sector / 8] & 1u << sector % 8))
			continue;
		bool written = !rng || pen_rng_below(rng, 2);
		memcpy(written ? file->medium + at : file->live + at,
			written ? file->live + at : file->medium + at, PEN_SIM_SECTOR_BYTES);
	}
	memset(file->dirty, 0, dirty_bytes(files));
	bool length = !rng || pen_rng_below(rng, 2);
	if (length)
		file->medium_bytes = file->bytes;
	else
		length_set(files, file, file->medium_bytes);
}

void pen_sim_files_sync(struct pen_sim_files *files, int number)
{
	settle(files, &files->files[number], NULL);
}

/* Off the tree: its bytes count no more, and it may come back at a cut. */
static void bury(struct pen_sim_files *files, struct pen_sim_file *file)
{
	files->bytes -= file->bytes;
	file->state = PEN_SIM_FILE_GHOST;
}

int pen_sim_files_rename(
	struct pen_sim_files *files, const char *from, const char *to, int64_t now_ns)
{
	int number = pen_sim_files_find(files, from), old = pen_sim_files_find(files, to);
	if (number < 0)
		return -ENOENT;
	struct pen_sim_file *file = &files->files[number];
	if (file->directory || (old >= 0 && files->files[old].directory))
		return -EISDIR;
	size_t len = strlen(to);
	if (len >= PEN_SIM_NAME_BYTES)
		return -ENAMETOOLONG;
	int err = parents_make(files, to, now_ns);
	if (err)
		return err;
	if (old >= 0 && old != number) {
		bury(files, &files->files[old]);
		/* Its name was overwritten for good. */
		files->files[old].durable_once = false;
	}
	memcpy(file->name, to, len + 1);
	file->name_durable = file->durable_once = true;
	return 0;
}

static bool is_empty(const struct pen_sim_files *files, const char *name)
{
	size_t len = strlen(name);
	for (unsigned i = 0; i < files->count; i++) {
		const struct pen_sim_file *file = &files->files[i];
		if (file->state == PEN_SIM_FILE_NAMED && !strncmp(file->name, name, len) &&
			file->name[len] == '/')
			return false;
	}
	return true;
}

int pen_sim_files_unlink(struct pen_sim_files *files, const char *name)
{
	int number = pen_sim_files_find(files, name);
	if (number < 0)
		return -ENOENT;
	if (files->files[number].directory && !is_empty(files, name))
		return -ENOTEMPTY;
	bury(files, &files->files[number]);
	return 0;
}

/* Whether the medium still, or already, has the name. */
static bool survives(struct pen_sim_files *files, struct pen_sim_file *file, struct pen_rng *rng)
{
	bool coin = pen_rng_below(rng, 2);
	if (file->state == PEN_SIM_FILE_NAMED)
		return file->name_durable || coin;
	return file->durable_once && !file->directory && coin &&
		pen_sim_files_find(files, file->name) < 0;
}

void pen_sim_files_cut(struct pen_sim_files *files, struct pen_rng *rng)
{
	for (unsigned i = 0; i < files->count; i++) {
		struct pen_sim_file *file = &files->files[i];
		if (file->state == PEN_SIM_FILE_FREE)
			continue;
		bool was_named = file->state == PEN_SIM_FILE_NAMED;
		bool stays = survives(files, file, rng);
		settle(files, file, rng);
		file->opens = 0;
		if (was_named && !stays)
			bury(files, file);
		if (!was_named && stays)
			files->bytes += file->bytes;
		file->state = PEN_SIM_FILE_NAMED;
		if (!stays)
			slot_clear(files, file);
		file->name_durable = stays;
	}
}
