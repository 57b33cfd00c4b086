/* What must reach the disk before a call returns, seen at the system calls: kill -9 leaves the
 * kernel's cache alone, so no test that kills can tell. */
#include <criterion/criterion.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>

#include "drivers/table.h"
#include "part/column.h"
#include "rocks_dir.h"
#include "store/store.h"

/* Of the whole program, libraries included: these names stand before those of the C library. */
static atomic_uint syncs, renames, syncs_at_rename;

int fdatasync(int fd)
{
	syncs++;
	return ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(fd);
}

int fsync(int fd)
{
	syncs++;
	return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(fd);
}

int renameat(int from_dir, const char *from, int to_dir, const char *to)
{
	typedef int (*renameat_fn)(int, const char *, int, const char *);
	renames++;
	syncs_at_rename = syncs;
	return ((renameat_fn)dlsym(RTLD_NEXT, "renameat"))(from_dir, from, to_dir, to);
}

static const struct pen_sink_state shard = {
	.shard_version = 3, .shard_id = 7, .root = {{1}}, .parts = 3};

/* Apply part k with one entry; how many syncs its close made. */
static unsigned part_close(struct pen_sink *sink, uint32_t k, bool commit)
{
	struct pen_why why = {0};
	struct pen_batch *batch = NULL;
	uint8_t value[] = {(uint8_t)k};
	struct pen_hash hash;
	pen_sha256((struct pen_bytes){value, 1}, &hash);
	struct pen_row row = {.column = PEN_COLUMN_STATE,
		.key = {hash.bytes, PEN_HASH_BYTES},
		.value = {value, 1},
		.refs = 1};
	cr_assert_eq(sink->ops->open(sink, &shard, k, &batch, &why), 0, "%s", why.text);
	cr_assert_eq(sink->ops->put(sink, batch, &row, 1, &why), 0, "%s", why.text);
	unsigned before = syncs;
	cr_assert_eq(sink->ops->close(sink, batch, commit, &why), 0, "%s", why.text);
	return syncs - before;
}

Test(rocks_synced, each_part_is_on_disk_before_it_counts)
{
	char dir[64];
	struct pen_why why = {0};
	struct pen_sink *sink = NULL;
	struct pen_sink_state have;
	int err = pen_sink_open_rocks(rocks_dir_make(dir), true, &sink, &why);
	cr_assert_eq(err, 0, "%s", why.text);
	cr_assert_eq(sink->ops->begin(sink, &shard, &have, NULL, &why), 0, "%s", why.text);
	cr_expect_eq(part_close(sink, 0, false), 0, "what is dropped needs no disk");
	for (uint32_t k = 0; k < shard.parts; k++)
		cr_expect_geq(part_close(sink, k, true), 1, "part %u", k);
	unsigned before = syncs;
	cr_assert_eq(sink->ops->finish(sink, &shard, &why), 0, "%s", why.text);
	cr_expect_gt(syncs, before);
	sink->ops->shut(sink);
	rocks_dir_remove(dir);
}

Test(rocks_synced, a_stored_file_is_on_disk_before_it_has_its_name)
{
	char dir[64];
	struct pen_why why = {0};
	struct pen_disk *disk;
	struct pen_writer writer;
	cr_assert_eq(pen_disk_open_dir(rocks_dir_make(dir), true, &disk, &why), 0, "%s", why.text);
	pen_writer_init(&writer, disk, "tmp");
	for (unsigned i = 1; i <= 2; i++) {
		unsigned before = syncs;
		struct pen_bytes bytes = {(const uint8_t *)"part", 4};
		cr_assert_eq(pen_writer_put(&writer, "a/b", bytes, NULL, &why), 0, "%s", why.text);
		cr_expect_eq(renames, i);
		cr_expect_gt(syncs_at_rename, before, "the bytes");
		cr_expect_gt(syncs, syncs_at_rename, "the name");
	}
	pen_disk_shut(disk);
	rocks_dir_remove(dir);
}
