/* A disk in virtual time: what port/disk.h promises, each trouble, and what a cut leaves. */
#include "drivers/sim/disk.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>

#include "base/check.h"
#include "base/clock.h"

#define MIB ((uint64_t)1 << 20)

static struct pen_sim_clock simclock;
static struct pen_sim_disk sim;
static struct pen_disk *disk = &sim.disk;

static void open_disk(uint64_t seed, const struct pen_sim_habits *habits)
{
	pen_sim_clock_init(&simclock, seed);
	const struct pen_sim_disk_ask ask = {.clock = &simclock,
		.stream = 1,
		.habits = *habits,
		.files = 32,
		.file_bytes_max = 2 * MIB,
		.bytes_max = 4 * MIB};
	cr_assert_eq(pen_sim_disk_open(&sim, &ask), 0);
}

/* One operation, waited for. */
static int64_t run(enum pen_disk_kind kind, int file, uint64_t offset, void *at, uint32_t bytes)
{
	struct pen_disk_done done;
	struct pen_disk_op op = {kind, file, offset, at, bytes, 77};
	while (!disk->ops->submit(disk, &op, 1))
		;
	cr_assert_eq(disk->ops->reap(disk, &done, 1, 1), 1);
	cr_assert_eq(done.tag, 77);
	return done.result;
}

/* The power fails and comes back. */
static void cut(void)
{
	struct pen_disk_done done;
	pen_sim_disk_cut(&sim);
	cr_assert_eq(disk->ops->open(disk, "any", PEN_DISK_CREATE, NULL), -EIO);
	cr_assert_eq(disk->ops->rename(disk, "any", "other"), -EIO);
	while (disk->ops->reap(disk, &done, 1, 1))
		cr_assert_eq(done.result, -EIO);
	pen_sim_disk_revive(&sim);
}

static int create(const char *name, const char *text, bool sync)
{
	int file = disk->ops->open(disk, name, PEN_DISK_CREATE, NULL);
	uint32_t len = (uint32_t)strlen(text);
	cr_assert_geq(file, 0);
	cr_assert_eq(run(PEN_DISK_WRITE, file, 0, (void *)(uintptr_t)text, len), len);
	if (sync)
		cr_assert_eq(run(PEN_DISK_SYNC, file, 0, NULL, 0), 0);
	disk->ops->close(disk, file);
	return file;
}

/* The file's text, or "" if it is not there. */
static const char *text_of(const char *name)
{
	static char text[1024];
	int file = disk->ops->open(disk, name, 0, NULL);
	int64_t len = 0;
	if (file >= 0)
		len = run(PEN_DISK_READ, file, 0, text, sizeof text - 1);
	disk->ops->close(disk, file);
	cr_assert_geq(len, 0);
	text[len] = 0;
	return text;
}

Test(sim_disk, writes_reads_renames)
{
	struct pen_disk_stat stat;
	uint8_t out[16];
	open_disk(1, &pen_sim_habits_tame);
	int file = disk->ops->open(disk, "x/y/z", PEN_DISK_CREATE, NULL);
	char hello[] = "hello";
	cr_assert_eq(run(PEN_DISK_WRITE, file, 2, hello, 5), 5);
	disk->ops->close(disk, file);
	cr_assert_eq(
		disk->ops->open(disk, "x/y/z", PEN_DISK_CREATE | PEN_DISK_EXCL, NULL), -EEXIST);
	cr_assert_eq(disk->ops->rename(disk, "x/y/z", "new/place/z"), 0);
	cr_assert_eq(disk->ops->open(disk, "x/y/z", 0, NULL), -ENOENT);
	file = disk->ops->open(disk, "new/place/z", 0, &stat);
	cr_assert_eq(stat.bytes, 7);
	cr_assert_eq(run(PEN_DISK_READ, file, 2, out, 16), 5, "short only at the end");
	cr_assert_eq(memcmp(out, "hello", 5), 0);
	cr_assert_eq(run(PEN_DISK_READ, file, 100, out, 16), 0);
	cr_assert_eq(run(PEN_DISK_WRITE, file, 0, out, 1), -EBADF);
	disk->ops->close(disk, file);
	file = disk->ops->open(disk, "new/place/z", PEN_DISK_UPDATE, &stat);
	cr_assert_geq(file, 0);
	cr_assert_eq(stat.bytes, 7, "what is there stays");
	cr_assert_eq(run(PEN_DISK_WRITE, file, 6, hello, 1), 1);
	disk->ops->close(disk, file);
	cr_assert_eq(disk->ops->open(disk, "new/none", PEN_DISK_UPDATE, NULL), -ENOENT);
	cr_assert_eq(disk->ops->unlink(disk, "new/place"), -ENOTEMPTY);
	cr_assert_eq(disk->ops->unlink(disk, "new/place/z"), 0);
	cr_assert_eq(disk->ops->unlink(disk, "new/place"), 0);
	cr_assert_eq(disk->ops->unlink(disk, "new/place"), -ENOENT);
	cr_assert_eq(sim.files.bytes, 0);
	pen_sim_disk_close(&sim);
	pen_sim_disk_close(&sim);
	pen_sim_disk_close(NULL);
}

Test(sim_disk, names_never_leave_the_root)
{
	static const struct {
		const char *name;
		int err;
	} rows[] = {{"/etc/passwd", -EXDEV}, {"../x", -EXDEV}, {"a/../../x", -EXDEV},
		{"a//b", -EACCES}, {"./a", -EACCES}, {"a/", -EACCES}, {"a/.", -EACCES}};
	open_disk(1, &pen_sim_habits_tame);
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		cr_expect_eq(disk->ops->open(disk, rows[i].name, 0, NULL), rows[i].err, "%zu", i);
		cr_expect_eq(disk->ops->open(disk, rows[i].name, PEN_DISK_CREATE, NULL),
			rows[i].err, "%zu", i);
	}
	pen_sim_disk_close(&sim);
}

static int note(void *context, const char *name, const struct pen_disk_stat *stat)
{
	char *names = context;
	strcat(names, name);
	strcat(names, stat->directory ? "/ " : " ");
	return 0;
}

Test(sim_disk, lists_a_directory)
{
	char names[100] = "";
	open_disk(1, &pen_sim_habits_tame);
	create("d/e/f", "1", false);
	create("d/g", "1", false);
	create("dd", "1", false);
	cr_assert_eq(disk->ops->list(disk, "d", note, names), 0);
	cr_assert_str_eq(names, "e/ g ");
	names[0] = 0;
	cr_assert_eq(disk->ops->list(disk, "", note, names), 0);
	cr_assert_str_eq(names, "d/ dd ");
	cr_assert_eq(disk->ops->list(disk, "none", note, names), -ENOENT);
	cr_assert_eq(disk->ops->list(disk, "dd", note, names), -ENOTDIR);
	pen_sim_disk_close(&sim);
}

Test(sim_disk, takes_its_time_and_its_own_order)
{
	enum { OPS = 64 };
	static uint8_t at[OPS][512];
	struct pen_sim_habits habits = {.depth_max = 32,
		.delay_ns = 100000,
		.jitter_ns = 900000,
		.refuse = PEN_SIM_PPM(300000)};
	struct pen_disk_op ops[OPS];
	struct pen_disk_done done[OPS];
	open_disk(1, &habits);
	int file = disk->ops->open(disk, "f", PEN_DISK_CREATE, NULL);
	for (unsigned i = 0; i < OPS; i++)
		ops[i] = (struct pen_disk_op){PEN_DISK_WRITE, file, i * 512, at[i], 512, i};
	unsigned taken = 0, reaped = 0, disorder = 0, partial = 0;
	uint64_t last = 0;
	cr_assert_leq(disk->ops->submit(disk, ops, 0), 0);
	while (reaped < OPS) {
		unsigned more = disk->ops->submit(disk, ops + taken, OPS - taken);
		partial += more > 0 && more < OPS - taken;
		taken += more;
		cr_assert_leq(taken - reaped, 32, "as deep as it says");
		unsigned count = disk->ops->reap(disk, done, OPS, 0);
		for (unsigned i = 0; i < count; i++) {
			disorder += done[i].tag < last;
			last = done[i].tag;
			cr_assert_eq(done[i].result, 512);
		}
		reaped += count;
		cr_assert_geq(pen_sim_disk_next_ns(&sim), simclock.now_ns);
		pen_sim_clock_move(&simclock, simclock.now_ns + 50000);
	}
	cr_assert(disorder > 5 && partial > 0, "%u %u", disorder, partial);
	cr_assert_geq(simclock.now_ns, 1000000);
	cr_assert_eq(pen_sim_disk_next_ns(&sim), INT64_MAX);
	disk->ops->close(disk, file);
	pen_sim_disk_close(&sim);
}

Test(sim_disk, has_a_rate)
{
	static uint8_t at[1 << 20];
	struct pen_sim_habits habits = {.depth_max = 4, .bits_per_s = 8 * MIB};
	struct pen_disk_done done;
	open_disk(1, &habits);
	int file = disk->ops->open(disk, "f", PEN_DISK_CREATE, NULL);
	struct pen_disk_op op = {PEN_DISK_WRITE, file, 0, at, 1 << 20, 1};
	cr_assert_eq(disk->ops->submit(disk, &op, 1), 1);
	cr_assert_eq(pen_sim_disk_next_ns(&sim), PEN_NS_PER_S);
	pen_sim_clock_move(&simclock, PEN_NS_PER_S - 1);
	cr_assert_eq(disk->ops->reap(disk, &done, 1, 0), 0);
	pen_sim_clock_move(&simclock, PEN_NS_PER_S);
	cr_assert_eq(disk->ops->reap(disk, &done, 1, 0), 1);
	disk->ops->close(disk, file);
	pen_sim_disk_close(&sim);
}

Test(sim_disk, fails_as_often_as_asked_and_when_full)
{
	static uint8_t at[1 << 20];
	struct pen_sim_habits habits = {.depth_max = 4,
		.bad_read = PEN_SIM_PPM(200000),
		.bad_write = PEN_SIM_PPM(200000),
		.bad_sync = PEN_SIM_PPM(200000)};
	unsigned bad[3] = {0};
	open_disk(1, &habits);
	int file = disk->ops->open(disk, "f", PEN_DISK_CREATE, NULL);
	for (unsigned i = 0; i < 300; i++) {
		bad[0] += run(PEN_DISK_WRITE, file, 0, at, 100) == -EIO;
		bad[1] += run(PEN_DISK_READ, file, 0, at, 1) == -EIO;
		bad[2] += run(PEN_DISK_SYNC, file, 0, NULL, 0) == -EIO;
	}
	for (unsigned i = 0; i < 3; i++)
		cr_assert(bad[i] > 30 && bad[i] < 90, "%u", bad[i]);
	cr_assert_eq(sim.failed, bad[0] + bad[1] + bad[2]);
	sim.habits.bad_write = 0;
	cr_assert_eq(run(PEN_DISK_WRITE, file, 2 * MIB - 1, at, 2), -EFBIG);
	int other = disk->ops->open(disk, "g", PEN_DISK_CREATE, NULL);
	int third = disk->ops->open(disk, "h", PEN_DISK_CREATE, NULL);
	cr_assert_eq(run(PEN_DISK_WRITE, file, MIB, at, MIB), MIB);
	cr_assert_eq(run(PEN_DISK_WRITE, other, MIB, at, MIB), MIB);
	cr_assert_eq(run(PEN_DISK_WRITE, third, 0, at, 1), -ENOSPC);
	disk->ops->close(disk, file), disk->ops->close(disk, other);
	disk->ops->close(disk, third);
	pen_sim_disk_close(&sim);
}

Test(sim_disk, keeps_over_a_cut_what_was_renamed)
{
	for (uint64_t seed = 0; seed < 50; seed++) {
		open_disk(seed, &pen_sim_habits_tame);
		create("tmp", "durable", true);
		cr_assert_eq(disk->ops->rename(disk, "tmp", "d/name"), 0);
		create("old", "old text", true);
		cr_assert_eq(disk->ops->rename(disk, "old", "old"), 0);
		create("tmp", "new text", true);
		cr_assert_eq(disk->ops->rename(disk, "tmp", "old"), 0);
		cut();
		cr_assert_str_eq(text_of("d/name"), "durable");
		cr_assert_str_eq(text_of("old"), "new text");
		cr_assert_str_eq(text_of("tmp"), "");
		cr_assert_eq(sim.files.bytes, 15);
		pen_sim_disk_close(&sim);
	}
}

Test(sim_disk, may_lose_at_a_cut_what_was_not_durable)
{
	unsigned name_lost = 0, bytes_lost = 0, bytes_kept = 0, back = 0, mixed = 0;
	for (uint64_t seed = 0; seed < 100; seed++) {
		static char sectors[1024], out[1024];
		open_disk(seed, &pen_sim_habits_tame);
		create("synced", "text", true);
		create("gone", "text", true);
		cr_assert_eq(disk->ops->rename(disk, "gone", "gone"), 0);
		cr_assert_eq(disk->ops->unlink(disk, "gone"), 0);
		int file = disk->ops->open(disk, "loose", PEN_DISK_CREATE, NULL);
		memset(sectors, 'a', sizeof sectors);
		cr_assert_eq(run(PEN_DISK_WRITE, file, 0, sectors, 1024), 1024);
		cr_assert_eq(run(PEN_DISK_SYNC, file, 0, NULL, 0), 0);
		cr_assert_eq(disk->ops->rename(disk, "loose", "loose"), 0);
		memset(sectors, 'b', sizeof sectors);
		cr_assert_eq(run(PEN_DISK_WRITE, file, 0, sectors, 1024), 1024);
		cut();
		name_lost += !text_of("synced")[0];
		back += text_of("gone")[0] != 0;
		file = disk->ops->open(disk, "loose", 0, NULL);
		cr_assert_eq(run(PEN_DISK_READ, file, 0, out, 1024), 1024);
		for (unsigned i = 0; i < 1024; i++)
			cr_assert_eq(out[i], out[i / 512 * 512], "sectors are whole");
		bytes_lost += out[0] == 'a';
		bytes_kept += out[0] == 'b';
		mixed += out[0] != out[512];
		disk->ops->close(disk, file);
		pen_sim_disk_close(&sim);
	}
	cr_assert(name_lost > 20 && name_lost < 80);
	cr_assert(back > 20 && back < 80);
	cr_assert(bytes_lost > 20 && bytes_kept > 20 && mixed > 20);
}

Test(sim_disk, does_at_a_cut_a_part_of_what_was_in_flight)
{
	unsigned part = 0;
	for (uint64_t seed = 0; seed < 100; seed++) {
		static char sectors[4096], out[4096];
		struct pen_sim_habits habits = {.depth_max = 4, .delay_ns = 1000};
		open_disk(seed, &habits);
		create("f", "", true);
		cr_assert_eq(disk->ops->rename(disk, "f", "f"), 0);
		int file = disk->ops->open(disk, "f", PEN_DISK_CREATE, NULL);
		memset(sectors, 'x', sizeof sectors);
		struct pen_disk_op op = {PEN_DISK_WRITE, file, 0, sectors, sizeof sectors, 1};
		cr_assert_eq(disk->ops->submit(disk, &op, 1), 1);
		cut();
		file = disk->ops->open(disk, "f", 0, NULL);
		int64_t len = run(PEN_DISK_READ, file, 0, out, sizeof out);
		part += len > 0 && len < (int64_t)sizeof out;
		disk->ops->close(disk, file);
		pen_sim_disk_close(&sim);
	}
	cr_assert_gt(part, 20);
}

Test(sim_disk, places_and_rots)
{
	open_disk(1, &pen_sim_habits_tame);
	cr_assert_eq(pen_sim_disk_place(&sim, "a/b", "text", 4), 0);
	cut();
	cr_assert_str_eq(text_of("a/b"), "text");
	pen_sim_disk_rot(&sim, "a/b", 2);
	const char *text = text_of("a/b");
	cr_assert(text[0] == 't' && text[1] == 'e' && text[2] != 'x' && text[3] == 't');
	pen_sim_disk_close(&sim);
}

/* Lent bytes are a durable file like any other, and never written. */
Test(sim_disk, lends_until_it_is_changed)
{
	static const char lent[] = "lent";
	const char *text;
	open_disk(1, &pen_sim_habits_tame);
	cr_assert_eq(pen_sim_disk_lend(&sim, "a/b", lent, 4), 0);
	cut();
	cr_assert_str_eq(text_of("a/b"), "lent");
	cr_assert_eq(sim.files.bytes, 4);
	pen_sim_disk_rot(&sim, "a/b", 0);
	text = text_of("a/b");
	cr_assert(text[0] != 'l' && !strcmp(text + 1, "ent"));
	cr_assert_eq(pen_sim_disk_lend(&sim, "c", lent, 4), 0);
	create("c", "own", true);
	cut();
	cr_assert_str_eq(text_of("c"), "own");
	cr_assert_eq(pen_sim_disk_lend(&sim, "d", lent, 3 * MIB), -EFBIG);
	cr_assert_str_eq(lent, "lent");
	pen_sim_disk_close(&sim);
}

Test(sim_disk, aborts_when_a_file_is_closed_too_early, .signal = SIGABRT)
{
	uint8_t byte = 1;
	open_disk(1, &pen_sim_habits_tame);
	int file = disk->ops->open(disk, "f", PEN_DISK_CREATE, NULL);
	struct pen_disk_op op = {PEN_DISK_WRITE, file, 0, &byte, 1, 1};
	cr_assert_eq(disk->ops->submit(disk, &op, 1), 1);
	disk->ops->close(disk, file);
}

Test(sim_disk, aborts_when_memory_changes_under_a_write, .signal = SIGABRT)
{
	uint8_t byte = 1;
	struct pen_disk_done done;
	open_disk(1, &pen_sim_habits_tame);
	int file = disk->ops->open(disk, "f", PEN_DISK_CREATE, NULL);
	struct pen_disk_op op = {PEN_DISK_WRITE, file, 0, &byte, 1, 1};
	cr_assert_eq(disk->ops->submit(disk, &op, 1), 1);
	byte = 2;
	disk->ops->reap(disk, &done, 1, 0);
}
