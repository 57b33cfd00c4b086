#include "sim/crate.h"

#include <errno.h>
#include <string.h>

#include "base/check.h"
#include "store/file.h"
#include "store/partial.h"

/* Of something that fails by chance. */
#define CRATE_TRIES 1000u

void crate_open(struct crate *crate, struct pen_sim_disk *disk, const struct object *object)
{
	*crate = (struct crate){.disk = disk, .object = object, .file = -1};
}

static uint32_t all_of(const struct crate *crate)
{
	return (1u << crate->object->blocks) - 1;
}

/* The true bytes of a block. */
static struct pen_bytes block_of(const struct crate *crate, uint32_t unit)
{
	return (struct pen_bytes){crate->object->bytes.at + (size_t)unit * PEN_RAW_BLOCK_BYTES,
		pen_raw_block_bytes(crate->object->bytes.len, unit)};
}

/* Blocks that are right on the medium, as the world sees it; *torn: how many others it has some of.
 */
static uint32_t there_of(const struct crate *crate, unsigned *torn)
{
	const struct pen_sim_files *files = &crate->disk->files;
	char name[PEN_ASIDE_NAME_BYTES];
	uint32_t there = 0;
	*torn = 0;
	int file = pen_sim_files_find(files, pen_partial_name(&crate->object->root, name));
	if (file < 0)
		return 0;
	const struct pen_sim_file *has = &files->files[file];
	for (uint32_t i = 0; i * PEN_RAW_BLOCK_BYTES < has->bytes; i++) {
		struct pen_bytes want = block_of(crate, i);
		size_t at = i * PEN_RAW_BLOCK_BYTES;
		bool right = at + want.len <= has->bytes &&
			!memcmp(pen_sim_file_at(has) + at, want.at, want.len);
		there |= (uint32_t)right << i;
		*torn += !right;
	}
	return there;
}

void crate_start(struct crate *crate)
{
	unsigned torn;
	PEN_CHECK(crate->file < 0);
	PEN_CHECK(!crate->flying);
	crate->there = there_of(crate, &torn);
	uint32_t lost = crate->owed & ~crate->there;
	if (lost && crate->cuts == crate->disk->cuts)
		pen_sim_breach(crate->disk->clock, "block %u was written and is gone",
			(unsigned)__builtin_ctz(lost));
	crate->cuts = crate->disk->cuts;
	crate->owed = crate->there;
	crate->torn += torn;
	crate->waiting = crate->written = 0;
	crate->looked = false;
}

/* See that the file is there, and open it. */
static uint64_t file_open(struct crate *crate)
{
	struct pen_disk *disk = &crate->disk->disk;
	char name[PEN_ASIDE_NAME_BYTES];
	uint64_t bytes = 0;
	PEN_CHECK(!pen_partial_begin(disk, &crate->object->root, &bytes, NULL));
	pen_partial_name(&crate->object->root, name);
	crate->file = disk->ops->open(disk, name, PEN_DISK_UPDATE, NULL);
	PEN_CHECK(crate->file >= 0);
	return bytes;
}

/* Read a block to its place: what is there of it. */
static struct pen_bytes block_read(
	struct crate *crate, uint32_t unit, uint64_t end, struct pen_buf *bytes)
{
	uint64_t at = (uint64_t)unit * PEN_RAW_BLOCK_BYTES, left = end - at;
	const struct pen_disk_op op = {.kind = PEN_DISK_READ,
		.file = crate->file,
		.offset = at,
		.at = bytes->at + at,
		.bytes = (uint32_t)(left < PEN_RAW_BLOCK_BYTES ? left : PEN_RAW_BLOCK_BYTES)};
	int64_t moved = -EIO;
	for (unsigned i = 0; moved == -EIO && i < CRATE_TRIES; i++)
		moved = pen_file_op(&crate->disk->disk, &op);
	PEN_CHECK(moved == op.bytes);
	return (struct pen_bytes){op.at, op.bytes};
}

uint32_t crate_look(struct crate *crate, const struct pen_hash *leaves, struct pen_buf *bytes)
{
	PEN_CHECK(!crate->looked);
	crate->looked = true;
	uint64_t end = file_open(crate);
	for (uint32_t i = 0; i * PEN_RAW_BLOCK_BYTES < end && !crate->forgetful; i++) {
		struct pen_bytes block = block_read(crate, i, end, bytes);
		struct pen_hash leaf;
		pen_raw_leaf(block, &leaf);
		if (!pen_hash_equal(&leaf, &leaves[i]) && !crate->trusting)
			continue;
		crate->written |= 1u << i;
		/* The last block says where the object ends. */
		if (i == crate->object->blocks - 1)
			bytes->len = (size_t)end;
	}
	uint32_t wrong = crate->written & ~crate->there;
	if (wrong)
		pen_sim_breach(crate->disk->clock, "block %u is wrong on the disk, and was trusted",
			(unsigned)__builtin_ctz(wrong));
	crate->resumed += (unsigned)__builtin_popcount(crate->written);
	return crate->written;
}

void crate_put(struct crate *crate, uint32_t unit, struct pen_bytes block)
{
	PEN_CHECK(crate->looked);
	PEN_CHECK(unit < OBJECT_BLOCKS_MAX);
	PEN_CHECK(!((crate->waiting | crate->flying | crate->written) >> unit & 1));
	crate->waiting |= 1u << unit;
	crate->blocks[unit] = block;
}

void crate_came(struct crate *crate, uint32_t unit)
{
	PEN_CHECK(unit < OBJECT_BLOCKS_MAX);
	struct pen_why why = {0};
	if (!(crate->there >> unit & 1))
		return;
	pen_fail(&why, PEN_EVERIFY, "block %u lay on the disk and is fetched again", unit);
	pen_fail_first(&crate->err, &crate->why, PEN_EVERIFY, &why);
}

/* What fails is written once more. */
static void reap(struct crate *crate, int64_t wait_ns)
{
	struct pen_disk *disk = &crate->disk->disk;
	struct pen_disk_done done;
	while (crate->flying && disk->ops->reap(disk, &done, 1, wait_ns)) {
		uint32_t bit = 1u << done.tag;
		bool good = done.result == (int64_t)crate->blocks[done.tag].len;
		crate->flying &= ~bit;
		crate->written |= good ? bit : 0;
		crate->owed |= good ? bit : 0;
		crate->waiting |= good ? 0 : bit;
	}
}

void crate_turn(struct crate *crate)
{
	struct pen_disk *disk = &crate->disk->disk;
	reap(crate, 0);
	if (crate->hasty) {
		crate->written |= crate->waiting;
		crate->owed |= crate->waiting;
		crate->waiting = 0;
	}
	for (uint32_t left = crate->waiting; left; left &= left - 1) {
		unsigned unit = (unsigned)__builtin_ctz(left);
		struct pen_bytes block = crate->blocks[unit];
		/* A write does not change the memory; the port says so. */
		const struct pen_disk_op op = {PEN_DISK_WRITE, crate->file,
			(uint64_t)unit * PEN_RAW_BLOCK_BYTES, (void *)(uintptr_t)block.at,
			(uint32_t)block.len, unit};
		if (!disk->ops->submit(disk, &op, 1))
			return;
		crate->waiting &= ~(1u << unit);
		crate->flying |= 1u << unit;
	}
}

bool crate_ready(const struct crate *crate)
{
	return crate->file >= 0 && !crate->flying &&
		(crate->waiting || crate->written == all_of(crate));
}

int crate_end(struct crate *crate)
{
	struct pen_disk *disk = &crate->disk->disk;
	if (!crate->looked || crate->written != all_of(crate))
		return -EAGAIN;
	disk->ops->close(disk, crate->file);
	crate->file = -1;
	struct pen_why why = {0};
	int err = pen_partial_end(disk, &crate->object->root, crate->object->bytes.len, &why);
	if (err == PEN_EINPUT)
		pen_sim_breach(crate->disk->clock, "all blocks are written, and %s", why.text);
	if (err)
		file_open(crate);
	/* It has another name now. */
	else
		crate->owed = 0;
	return err;
}

void crate_stop(struct crate *crate)
{
	reap(crate, 1);
	PEN_CHECK(!crate->flying);
	crate->disk->disk.ops->close(&crate->disk->disk, crate->file);
	crate->file = -1;
}
