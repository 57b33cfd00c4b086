/* The disk with queues. What it shares with that of plain files is tested there (dir_disk.c). */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/check.h"
#include "base/clock.h"
#include "drivers/uring/disk.h"
#include "drivers/uring/fixed.h"
#include "mem/block.h"
#include "scratch.h"

#define BLOCKS 8u

struct place {
	struct scratch scratch;
	struct pen_arena arena;
	struct pen_notes notes;
	struct pen_disk *disk;
	uint8_t *memory; /* blocks of the arena */
};

static struct place place_open(void)
{
	struct place place = {.scratch = scratch_open()};
	const struct pen_arena_ask ask = {.bytes = BLOCKS * PEN_BLOCK_BYTES, .node = PEN_NODE_ANY};
	struct pen_why why = {0};
	cr_assert_eq(pen_arena_open(&place.arena, &ask, &why), 0, "%s", why.text);
	place.memory = pen_arena_carve(&place.arena, BLOCKS);
	const struct pen_arena *arenas[] = {&place.arena};
	const struct pen_disk_options options = {arenas, 1, &place.notes, 0};
	int err = pen_uring_disk_open(place.scratch.path, true, &options, &place.disk, &why);
	if (err == -ENOSYS || err == -EPERM)
		cr_skip_test("%s", why.text);
	cr_assert_eq(err, 0, "%s", why.text);
	return place;
}

static void place_close(struct place *place)
{
	pen_disk_shut(place->disk);
	pen_arena_close(&place->arena);
	scratch_close(&place->scratch);
}

/* A file of so many bytes, each as its place says. */
static void make_file(const struct place *place, const char *name, size_t bytes)
{
	FILE *file = fopen(scratch_at(&place->scratch, name), "w");
	cr_assert(file != NULL);
	for (size_t i = 0; i < bytes; i++)
		putc((int)(uint8_t)(i * 31 + (i >> 9)), file);
	cr_assert_eq(fclose(file), 0);
}

static bool is_file(const uint8_t *at, uint64_t offset, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		if (at[i] != (uint8_t)((offset + i) * 31 + ((offset + i) >> 9)))
			return false;
	}
	return true;
}

static int64_t run(struct pen_disk *disk, struct pen_disk_op op)
{
	struct pen_disk_done done;
	op.tag = 77;
	cr_assert_eq(disk->ops->submit(disk, &op, 1), 1);
	cr_assert_eq(disk->ops->reap(disk, &done, 1, 10 * PEN_NS_PER_S), 1);
	cr_assert_eq(done.tag, 77);
	return done.result;
}

Test(uring_disk, reads_tails_short_files_and_beyond_the_end)
{
	struct place place = place_open();
	struct pen_disk *disk = place.disk;
	static const size_t sizes[] = {0, 1, 511, 512, 4096, 5000, PEN_BLOCK_BYTES - 1,
		PEN_BLOCK_BYTES, PEN_BLOCK_BYTES + 4096, 2 * PEN_BLOCK_BYTES + 12345};
	uint8_t *loose = aligned_alloc(4096, PEN_BLOCK_BYTES);
	for (size_t i = 0; i < 4 * PEN_COUNT(sizes); i++) {
		size_t bytes = sizes[i / 4];
		uint8_t *at = i & 1 ? place.memory : loose;
		make_file(&place, "file", bytes);
		struct pen_disk_stat stat;
		int file = disk->ops->open(
			disk, "file", i & 2 ? PEN_DISK_DIRECT : PEN_DISK_RDONLY, &stat);
		cr_assert_geq(file, 0);
		cr_assert_eq(stat.bytes, bytes);
		for (uint64_t from = 0; from <= bytes + PEN_BLOCK_BYTES; from += PEN_BLOCK_BYTES) {
			size_t left = from < bytes ? bytes - from : 0;
			int64_t want = (int64_t)(left < PEN_BLOCK_BYTES ? left : PEN_BLOCK_BYTES);
			memset(at, 0xee, PEN_BLOCK_BYTES);
			cr_assert_eq(run(disk,
					     (struct pen_disk_op){PEN_DISK_READ, file, from, at,
						     PEN_BLOCK_BYTES}),
				want, "%zu bytes from %lu", bytes, from);
			cr_assert(is_file(at, from, (size_t)want));
		}
		disk->ops->close(disk, file);
	}
	free(loose);
	place_close(&place);
}

Test(uring_disk, a_direct_file_that_is_asked_for_odd_bytes_goes_through_the_cache)
{
	struct place place = place_open();
	struct pen_disk *disk = place.disk;
	static const struct {
		uint64_t offset;
		unsigned into;
		uint32_t bytes;
	} rows[] = {{0, 0, 4096}, {4096, 0, 100}, {1, 0, 4096}, {0, 3, 4096}, {7, 5, 70000},
		{8192, 0, 8192}};
	make_file(&place, "file", 200000);
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		int file = disk->ops->open(disk, "file", PEN_DISK_DIRECT, NULL);
		uint8_t *at = place.memory + rows[i].into;
		cr_assert_eq(run(disk,
				     (struct pen_disk_op){PEN_DISK_READ, file, rows[i].offset, at,
					     rows[i].bytes}),
			rows[i].bytes, "%zu", i);
		cr_assert(is_file(at, rows[i].offset, rows[i].bytes), "%zu", i);
		disk->ops->close(disk, file);
	}
	place_close(&place);
}

Test(uring_disk, many_at_a_time_come_back_each_once)
{
	struct place place = place_open();
	struct pen_disk *disk = place.disk;
	enum { COUNT = 300, BYTES = 8192 };
	make_file(&place, "file", COUNT * BYTES);
	int file = disk->ops->open(disk, "file", PEN_DISK_DIRECT, NULL);
	struct pen_disk_op ops[COUNT];
	bool seen[COUNT] = {false};
	unsigned submitted = 0, reaped = 0, in_flight_max = 0;
	for (unsigned i = 0; i < COUNT; i++)
		ops[i] = (struct pen_disk_op){
			PEN_DISK_READ, file, i * BYTES, place.memory + i * BYTES, BYTES, i};
	while (reaped < COUNT) {
		struct pen_disk_done done[7];
		submitted += disk->ops->submit(disk, ops + submitted, COUNT - submitted);
		if (submitted - reaped > in_flight_max)
			in_flight_max = submitted - reaped;
		unsigned some = disk->ops->reap(disk, done, 7, 10 * PEN_NS_PER_S);
		cr_assert_gt(some, 0);
		for (unsigned i = 0; i < some; i++) {
			cr_assert_eq(done[i].result, BYTES);
			cr_assert(!seen[done[i].tag]);
			seen[done[i].tag] = true;
		}
		reaped += some;
	}
	cr_assert(is_file(place.memory, 0, COUNT * BYTES));
	cr_assert_eq(in_flight_max, disk->depth_max);
	disk->ops->close(disk, file);
	place_close(&place);
}

Test(uring_disk, writes_syncs_and_renames)
{
	struct place place = place_open();
	struct pen_disk *disk = place.disk;
	for (int direct = 0; direct < 2; direct++) {
		unsigned flags = PEN_DISK_CREATE | (direct ? PEN_DISK_DIRECT : 0);
		for (size_t i = 0; i < 50000; i++)
			place.memory[i] = (uint8_t)(i * 31 + (i >> 9));
		int file = disk->ops->open(disk, "tmp/new", flags, NULL);
		cr_assert_geq(file, 0);
		cr_assert_eq(
			run(disk,
				(struct pen_disk_op){PEN_DISK_WRITE, file, 0, place.memory, 40960}),
			40960);
		/* The tail of a direct file too. */
		cr_assert_eq(run(disk,
				     (struct pen_disk_op){PEN_DISK_WRITE, file, 40960,
					     place.memory + 40960, 9040}),
			9040);
		cr_assert_eq(run(disk, (struct pen_disk_op){PEN_DISK_SYNC, file}), 0);
		disk->ops->close(disk, file);
		cr_assert_eq(disk->ops->rename(disk, "tmp/new", "there/file"), 0);
		struct pen_disk_stat stat;
		file = disk->ops->open(disk, "there/file", 0, &stat);
		cr_assert_eq(stat.bytes, 50000);
		memset(place.memory, 0, 60000);
		cr_assert_eq(
			run(disk,
				(struct pen_disk_op){PEN_DISK_READ, file, 0, place.memory, 60000}),
			50000);
		cr_assert(is_file(place.memory, 0, 50000));
		disk->ops->close(disk, file);
	}
	place_close(&place);
}

Test(uring_disk, errors_come_back_with_their_tag)
{
	struct place place = place_open();
	struct pen_disk *disk = place.disk;
	make_file(&place, "file", 5000);
	int file = disk->ops->open(disk, "file", 0, NULL);
	int full = open("/dev/full", O_WRONLY);
	const struct {
		struct pen_disk_op op;
		int64_t result;
	} rows[] = {{{PEN_DISK_WRITE, file, 0, place.memory, 10}, -EBADF},
		{{PEN_DISK_READ, 1000000, 0, place.memory, 10}, -EBADF},
		{{PEN_DISK_READ, file, UINT64_MAX, place.memory, 10}, -EINVAL},
		{{PEN_DISK_READ, file, 0, (void *)16, 10}, -EFAULT},
		{{PEN_DISK_WRITE, full, 0, place.memory, 10}, -ENOSPC},
		{{PEN_DISK_SYNC, 1000000}, -EBADF},
		{{PEN_DISK_READ, file, 0, place.memory, 10}, 10}};
	for (size_t i = 0; i < PEN_COUNT(rows); i++)
		cr_assert_eq(run(disk, rows[i].op), rows[i].result, "%zu", i);
	close(full);
	disk->ops->close(disk, file);
	cr_assert_eq(disk->ops->open(disk, "../x", PEN_DISK_DIRECT, NULL), -EXDEV);
	place_close(&place);
}

Test(uring_disk, reap_waits_no_longer_than_it_says)
{
	struct place place = place_open();
	struct pen_disk *disk = place.disk;
	struct pen_disk_done done;
	int64_t since_ns = pen_clock_ns();
	cr_assert_eq(disk->ops->reap(disk, &done, 1, 10 * PEN_NS_PER_S), 0);
	cr_assert_lt(pen_clock_ns() - since_ns, 5 * PEN_NS_PER_S);
	/* A pipe that nobody writes to stands for a disk that is slow. */
	int ends[2];
	cr_assert_eq(pipe(ends), 0);
	struct pen_disk_op op = {PEN_DISK_READ, ends[0], 0, place.memory, 10, 5};
	cr_assert_eq(disk->ops->submit(disk, &op, 1), 1);
	cr_assert_eq(disk->ops->reap(disk, &done, 1, 0), 0);
	since_ns = pen_clock_ns();
	cr_assert_eq(disk->ops->reap(disk, &done, 1, 50 * PEN_NS_PER_MS), 0);
	cr_assert_geq(pen_clock_ns() - since_ns, 49 * PEN_NS_PER_MS);
	/* And gives it in two pieces, which are one result. */
	cr_assert_eq(write(ends[1], "abcd", 4), 4);
	cr_assert_eq(disk->ops->reap(disk, &done, 1, 50 * PEN_NS_PER_MS), 0);
	cr_assert_eq(write(ends[1], "efghij", 6), 6);
	cr_assert_eq(disk->ops->reap(disk, &done, 1, 10 * PEN_NS_PER_S), 1);
	cr_assert_eq(done.result, 10);
	cr_assert_eq(memcmp(place.memory, "abcdefghij", 10), 0);
	close(ends[0]);
	close(ends[1]);
	place_close(&place);
}

Test(uring_disk, goes_on_unregistered_and_says_so_once)
{
	struct place place = place_open();
	if (pen_uring_disk_pieces(place.disk)) {
		cr_assert_eq(place.notes.count, 0);
		cr_assert_eq(pen_uring_disk_pieces(place.disk), 1);
	}
	struct rlimit little = {1 << 20, 1 << 20};
	if (geteuid() == 0)
		cr_assert_eq(seteuid(65534), 0);
	cr_assert_eq(setrlimit(RLIMIT_MEMLOCK, &little), 0);
	struct pen_notes notes = {0};
	const struct pen_arena *arenas[] = {&place.arena};
	const struct pen_disk_options options = {arenas, 1, &notes, 0};
	for (unsigned i = 0; i < 2; i++) {
		struct pen_disk *disk;
		struct pen_why why = {0};
		cr_assert_eq(
			pen_disk_open_queued("/", false, &options, &disk, &why), 0, "%s", why.text);
		cr_assert_eq(notes.count, 1);
		cr_assert_neq(strstr(notes.text[0], "ulimit -l"), NULL, "%s", notes.text[0]);
		int file = disk->ops->open(disk, "proc/self/status", PEN_DISK_DIRECT, NULL);
		cr_assert_gt(
			run(disk, (struct pen_disk_op){PEN_DISK_READ, file, 0, place.memory, 4096}),
			0);
		disk->ops->close(disk, file);
		pen_disk_shut(disk);
	}
	if (geteuid() == 65534)
		cr_assert_eq(seteuid(getuid()), 0);
	/* Which the change of user forbade, and the search for leaks needs. */
	cr_assert_eq(prctl(PR_SET_DUMPABLE, 1), 0);
	place_close(&place);
}

/* Each way of going without is said where it costs something, and read all the same. */
Test(uring_disk, says_what_it_has_and_goes_on_without)
{
	struct place place = place_open();
	static const struct {
		unsigned without;
		bool queued, registered, direct;
		const char *note; /* NULL: none */
	} rows[] = {{0, true, true, true, NULL},
		{PEN_WITHOUT_REGISTERED, true, false, true, "ulimit -l unlimited"},
		{PEN_WITHOUT_DIRECT, true, true, false, NULL},
		{PEN_WITHOUT_IO_URING, false, false, false, "Linux 5.6 or newer"}};
	const struct pen_arena *arenas[] = {&place.arena};
	bool can_register = pen_uring_disk_pieces(place.disk) > 0;
	int plain = open(scratch_at(&place.scratch, "file"), O_CREAT | O_RDWR | O_DIRECT, 0600);
	close(plain);
	make_file(&place, "file", 10000);
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_notes notes = {0};
		const struct pen_disk_options options = {arenas, 1, &notes, rows[i].without};
		struct pen_disk *disk;
		cr_assert_eq(
			pen_disk_open_queued(place.scratch.path, false, &options, &disk, NULL), 0);
		int file = disk->ops->open(disk, "file", PEN_DISK_DIRECT, NULL);
		for (uint64_t from = 0; from < 10000; from += 4096) {
			struct pen_disk_op op = {PEN_DISK_READ, file, from, place.memory, 4096};
			cr_assert_eq(run(disk, op), from < 8192 ? 4096 : 10000 - 8192);
			cr_assert(is_file(place.memory, from, from < 8192 ? 4096 : 1808));
		}
		disk->ops->close(disk, file);
		struct pen_disk_state state = pen_disk_state_of(disk);
		bool registered = can_register && rows[i].registered;
		bool direct = plain >= 0 && rows[i].direct;
		cr_expect_eq(state.queued, rows[i].queued, "%zu", i);
		cr_expect_eq(state.reads, rows[i].queued ? 3 : 0, "%zu", i);
		cr_expect_eq(state.read_bytes, rows[i].queued ? 10000 : 0, "%zu", i);
		cr_expect_eq(state.fixed_reads, registered ? 3 : 0, "%zu", i);
		cr_expect_eq(state.registered_bytes, registered ? BLOCKS * PEN_BLOCK_BYTES : 0);
		cr_expect_eq(state.direct_reads, direct ? 3 : 0, "%zu", i);
		cr_expect_eq(state.buffered_files, rows[i].queued && !direct, "%zu", i);
		if (rows[i].note)
			cr_expect_neq(
				strstr(notes.text[0], rows[i].note), NULL, "%s", notes.text[0]);
		else
			cr_expect_eq(notes.count, !registered);
		pen_disk_shut(disk);
	}
	place_close(&place);
}

/* Memory that nobody touches is not there until the kernel pins it. */
static int take_lazily(void *context, size_t bytes, int node, void **at, struct pen_why *why)
{
	(void)context, (void)node, (void)why;
	void *wide = mmap(NULL, bytes + PEN_BLOCK_BYTES, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	*at = (uint8_t *)wide + PEN_BLOCK_BYTES - (uintptr_t)wide % PEN_BLOCK_BYTES;
	return wide == MAP_FAILED ? -ENOMEM : 0;
}

static void give_lazily(void *context, void *at, size_t bytes)
{
	(void)context;
	munmap(at, bytes);
}

/* One block more than the kernel takes at once: two pieces, and no block in both. Takes a GiB. */
Test(uring_disk, registers_large_arenas_in_pieces)
{
	static const size_t blocks[] = {0, 1023, 1024};
	struct pen_arena arena;
	struct pen_notes notes = {0};
	if (!getenv("PEN_LONG"))
		cr_skip_test("takes a GiB of memory; PEN_LONG is not set");
	struct place place = place_open();
	const struct pen_arena_ask ask = {.bytes = PEN_URING_PIECE_BYTES + PEN_BLOCK_BYTES,
		.node = PEN_NODE_ANY,
		.pages = {take_lazily, give_lazily, NULL}};
	cr_assert_eq(pen_arena_open(&arena, &ask, NULL), 0);
	const struct pen_arena *arenas[] = {&arena};
	const struct pen_disk_options options = {arenas, 1, &notes, 0};
	struct pen_disk *disk;
	cr_assert_eq(pen_uring_disk_open(place.scratch.path, false, &options, &disk, NULL), 0);
	if (notes.count)
		cr_skip_test("%s", notes.text[0]);
	cr_assert_eq(pen_uring_disk_pieces(disk), 2);
	make_file(&place, "file", PEN_BLOCK_BYTES);
	int file = disk->ops->open(disk, "file", PEN_DISK_DIRECT, NULL);
	for (size_t i = 0; i < PEN_COUNT(blocks); i++) {
		uint8_t *at = arena.at + blocks[i] * PEN_BLOCK_BYTES;
		struct pen_disk_op op = {PEN_DISK_READ, file, 0, at, PEN_BLOCK_BYTES};
		cr_assert_eq(run(disk, op), PEN_BLOCK_BYTES);
		cr_assert(is_file(at, 0, PEN_BLOCK_BYTES));
	}
	cr_assert_eq(pen_disk_state_of(disk).fixed_reads, 3);
	disk->ops->close(disk, file);
	pen_disk_shut(disk);
	pen_arena_close(&arena);
	place_close(&place);
}
