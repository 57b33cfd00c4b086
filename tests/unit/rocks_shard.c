/* The record of a shard and the markers of its parts, in a real database. */
#include <criterion/criterion.h>

#include "base/check.h"
#include "drivers/rocks/keys.h"
#include "drivers/rocks/shard.h"
#include "rocks_dir.h"

static struct pen_why why;

static const struct pen_sink_state want = {
	.shard_version = 3, .shard_id = 7, .root = {{0xaa}}, .parts = 20};

struct bench {
	char dir[64];
	struct pen_rocks_db db;
};

static void bench_open(struct bench *bench)
{
	cr_assert_eq(pen_rocks_db_open(&bench->db, rocks_dir_make(bench->dir), true, &why), 0, "%s",
		why.text);
}

static void bench_close(struct bench *bench)
{
	pen_rocks_db_close(&bench->db);
	rocks_dir_remove(bench->dir);
}

static void write_record(struct bench *bench, const struct pen_sink_state *state)
{
	rocksdb_writebatch_t *batch = rocksdb_writebatch_create();
	pen_rocks_shard_put(batch, state);
	cr_assert_eq(pen_rocks_db_write(&bench->db, batch, "cannot write", &why), 0);
	rocksdb_writebatch_destroy(batch);
}

static void write_key(struct bench *bench, struct pen_rocks_key key, const char *value, size_t len)
{
	rocksdb_writebatch_t *batch = rocksdb_writebatch_create();
	rocksdb_writebatch_put(batch, key.at, key.len, value, len);
	cr_assert_eq(pen_rocks_db_write(&bench->db, batch, "cannot write", &why), 0);
	rocksdb_writebatch_destroy(batch);
}

Test(rocks_shard, a_record_is_read_back)
{
	struct bench bench;
	struct pen_sink_state have = {.shard_version = 3, .shard_id = 7};
	bench_open(&bench);
	cr_expect_eq(pen_rocks_shard_read(&bench.db, &have, &why), 0);
	write_record(&bench, &want);
	cr_assert_eq(pen_rocks_shard_read(&bench.db, &have, &why), 1);
	cr_expect(pen_rocks_shard_is(&have, &want));
	cr_expect_not(have.done);
	/* Another shard's is none of this one's business. */
	struct pen_sink_state other = {.shard_version = 3, .shard_id = 8};
	cr_expect_eq(pen_rocks_shard_read(&bench.db, &other, &why), 0);
	write_key(&bench, pen_rocks_state_key(&want), "junk", 4);
	cr_expect_eq(pen_rocks_shard_read(&bench.db, &have, &why), PEN_EVERIFY);
	cr_expect(strstr(why.text, "shard s7.v3 cannot be read"), "%s", why.text);
	bench_close(&bench);
}

Test(rocks_shard, markers_are_counted)
{
	static const uint32_t marked[] = {0, 3, 8, 19};
	struct bench bench;
	struct pen_sink_state have = want, other = want;
	uint8_t bits[3] = {0};
	bench_open(&bench);
	other.shard_id = 8;
	write_key(&bench, pen_rocks_part_key(&other, 4), "", 0);
	for (size_t i = 0; i < PEN_COUNT(marked); i++)
		write_key(&bench, pen_rocks_part_key(&want, marked[i]), "", 0);
	cr_assert_eq(pen_rocks_shard_markers(&bench.db, &have, bits, &why), 0);
	cr_expect_eq(have.applied, 4);
	cr_expect_eq(bits[0], 0x09);
	cr_expect_eq(bits[1], 0x01);
	cr_expect_eq(bits[2], 0x08);
	cr_expect_eq(pen_rocks_shard_marked(&bench.db, &want, 8, &why), 1);
	cr_expect_eq(pen_rocks_shard_marked(&bench.db, &want, 4, &why), 0);
	/* One behind the last part. */
	write_key(&bench, pen_rocks_part_key(&want, 20), "", 0);
	cr_expect_eq(pen_rocks_shard_markers(&bench.db, &have, bits, &why), PEN_EVERIFY);
	cr_expect(strstr(why.text, "cut into 20"), "%s", why.text);
	bench_close(&bench);
}

Test(rocks_shard, another_state_is_refused)
{
	struct bench bench;
	bench_open(&bench);
	struct pen_sink_state have = want;
	cr_expect_eq(pen_rocks_shard_same(&bench.db, &want, &have, &why), 0);
	have.parts = 21;
	cr_expect_eq(pen_rocks_shard_same(&bench.db, &want, &have, &why), PEN_EREFUSED);
	have = want;
	have.root.bytes[31] = 1;
	cr_expect_eq(pen_rocks_shard_same(&bench.db, &want, &have, &why), PEN_EREFUSED);
	cr_expect(strstr(why.text, "use another database"), "%s", why.text);
	bench_close(&bench);
}
