/*
 * A state's file read in stretches of any length gives the pairs that it gives read at once, in
 * both formats, or fails; so cutting stretches off never changes what a file says. The first byte
 * picks the format and the length of a stretch, the rest is the file, read through a disk in
 * memory.
 */
#include "fuzz.h"
#include "make/feed.h"

struct memory_disk {
	struct pen_disk disk;
	struct pen_bytes file;
	struct pen_disk_done done;
};

static int memory_open(
	struct pen_disk *disk, const char *name, unsigned flags, struct pen_disk_stat *stat)
{
	(void)name, (void)flags;
	if (stat)
		*stat = (struct pen_disk_stat){.bytes = ((struct memory_disk *)disk)->file.len};
	return 0;
}

static void memory_close(struct pen_disk *disk, int file)
{
	(void)disk, (void)file;
}

static unsigned memory_submit(struct pen_disk *disk, const struct pen_disk_op *ops, unsigned count)
{
	struct memory_disk *self = (struct memory_disk *)disk;
	size_t left = ops->offset < self->file.len ? self->file.len - ops->offset : 0;
	size_t bytes = ops->bytes < left ? ops->bytes : left;
	(void)count;
	if (bytes)
		memcpy(ops->at, self->file.at + ops->offset, bytes);
	self->done = (struct pen_disk_done){ops->tag, (int64_t)bytes};
	return 1;
}

static unsigned memory_reap(
	struct pen_disk *disk, struct pen_disk_done *done, unsigned max, int64_t wait_ns)
{
	(void)max, (void)wait_ns;
	*done = ((struct memory_disk *)disk)->done;
	return 1;
}

static const struct pen_disk_ops memory_ops = {
	.open = memory_open, .close = memory_close, .submit = memory_submit, .reap = memory_reap};

/* What a file amounts to: a hash over its pairs, how many, and how it ended. */
struct reading {
	struct pen_hash sum;
	uint64_t count;
	int err;
};

static void add(struct reading *reading, struct pen_bytes bytes)
{
	uint8_t both[2 * PEN_HASH_BYTES];
	memcpy(both, reading->sum.bytes, PEN_HASH_BYTES);
	pen_sha256(bytes, (struct pen_hash *)(both + PEN_HASH_BYTES));
	pen_sha256((struct pen_bytes){both, sizeof both}, &reading->sum);
}

static struct reading read_file(const struct pen_pairs_from *from, size_t stretch_bytes)
{
	struct reading reading = {0};
	struct pen_feed feed;
	struct pen_stretch stretch = {0};
	reading.err = pen_feed_open(&feed, from, NULL);
	if (reading.err)
		return reading;
	feed.stretch_bytes = stretch_bytes;
	while (!reading.err && (reading.err = pen_feed_next(&feed, &stretch, NULL)) > 0) {
		reading.err = pen_stretch_decode(&feed, &stretch, NULL);
		for (uint32_t i = 0; !reading.err && i < stretch.count; i++) {
			add(&reading, pen_stretch_pairs(&stretch)[i].key);
			add(&reading, pen_stretch_pairs(&stretch)[i].value);
			reading.count++;
		}
	}
	pen_stretch_fini(&stretch);
	pen_feed_close(&feed);
	return reading;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (!len)
		return 0;
	struct memory_disk disk = {
		.disk = {.ops = &memory_ops, .root = "memory"}, .file = {data + 1, len - 1}};
	struct pen_pairs_from from = {
		data[0] & 1 ? PEN_PAIRS_HEX : PEN_PAIRS_KV, &disk.disk, "file", "file"};
	struct reading whole = read_file(&from, PEN_STRETCH_BYTES);
	struct reading pieces = read_file(&from, 1 + data[0] / 2u);
	PEN_CHECK((whole.err < 0) == (pieces.err < 0));
	if (whole.err < 0)
		return 0;
	PEN_CHECK(whole.count == pieces.count);
	PEN_CHECK(pen_hash_equal(&whole.sum, &pieces.sum));
	return 0;
}
