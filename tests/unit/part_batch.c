#include <criterion/criterion.h>

#include "part/batch.h"

/* Three levels: two messages, one that holds both hashes, one that holds that one's. */
static void fill(struct pen_batch *batch, uint32_t nodes[4])
{
	static const size_t lens[4] = {5, 70, 64, 40};
	static const uint32_t levels[4] = {0, 0, 1, 2};
	for (int i = 0; i < 4; i++) {
		uint8_t *room = pen_batch_room(batch, 100);
		cr_assert_not_null(room);
		memset(room, i + 1, lens[i]);
		size_t at = pen_batch_offset(batch);
		nodes[i] = pen_batch_add(batch, lens[i], levels[i]);
		cr_assert_eq(pen_batch_level(batch, nodes[i]), levels[i]);
		if (i == 2) {
			pen_batch_bind(batch, nodes[0], at);
			pen_batch_bind(batch, nodes[1], at + 32);
		} else if (i == 3) {
			pen_batch_bind(batch, nodes[2], at + 8);
		}
	}
}

static int expect_in_order(void *context, const struct pen_hash *hash, struct pen_bytes bytes)
{
	struct pen_hash wanted;
	unsigned *seen = context;
	pen_sha256(bytes, &wanted);
	cr_assert(pen_hash_equal(hash, &wanted));
	static const size_t lens[4] = {5, 70, 64, 40};
	cr_assert_eq(bytes.len, lens[*seen]);
	++*seen;
	return 0;
}

Test(part_batch, hashes_children_before_parents)
{
	struct pen_batch batch = {0};
	uint32_t nodes[4];
	for (int round = 0; round < 2; round++) {
		unsigned seen = 0;
		fill(&batch, nodes);
		cr_assert_eq(pen_batch_run(&batch, expect_in_order, &seen), 0);
		cr_assert_eq(seen, 4);
		struct pen_bytes parent = pen_batch_bytes(&batch, nodes[2]);
		cr_expect_eq(memcmp(parent.at, pen_batch_hash(&batch, nodes[0]), 32), 0);
		cr_expect_eq(memcmp(parent.at + 32, pen_batch_hash(&batch, nodes[1]), 32), 0);
		struct pen_bytes root = pen_batch_bytes(&batch, nodes[3]);
		cr_expect_eq(memcmp(root.at + 8, pen_batch_hash(&batch, nodes[2]), 32), 0);
		pen_batch_reset(&batch);
		cr_expect_eq(batch.count, 0);
	}
	pen_batch_fini(&batch);
	pen_batch_fini(NULL);
}

static int refuse(void *context, const struct pen_hash *hash, struct pen_bytes bytes)
{
	(void)hash, (void)bytes;
	return --*(int *)context ? 0 : -1;
}

Test(part_batch, ends_when_told)
{
	struct pen_batch batch = {0};
	uint32_t nodes[4];
	int left = 2;
	fill(&batch, nodes);
	cr_expect_eq(pen_batch_run(&batch, refuse, &left), -1);
	cr_expect_eq(left, 0);
	pen_batch_fini(&batch);
}

#define MANY 100u

/* The hashes announced, and how many nodes were given. */
struct announced {
	struct pen_hash hashes[MANY];
	uint32_t told, given;
};

static void announce(void *context, const struct pen_hash *hash)
{
	struct announced *announced = context;
	cr_assert_eq(announced->told, announced->given);
	announced->hashes[announced->told++] = *hash;
}

static int give(void *context, const struct pen_hash *hash, struct pen_bytes bytes)
{
	struct announced *announced = context;
	(void)bytes;
	if (announced->given >= PEN_BATCH_AHEAD)
		cr_assert(pen_hash_equal(
			hash, &announced->hashes[announced->given - PEN_BATCH_AHEAD]));
	announced->given++;
	return 0;
}

Test(part_batch, tells_a_hash_before_its_turn)
{
	struct pen_batch batch = {.ahead = announce};
	struct announced announced = {0};
	for (uint32_t i = 0; i < MANY; i++) {
		uint8_t *room = pen_batch_room(&batch, sizeof i);
		cr_assert_not_null(room);
		memcpy(room, &i, sizeof i);
		cr_assert_eq(pen_batch_add(&batch, sizeof i, i % 3), i);
	}
	cr_assert_eq(pen_batch_run(&batch, give, &announced), 0);
	cr_expect_eq(announced.given, MANY);
	cr_expect_eq(announced.told, MANY - PEN_BATCH_AHEAD);
	pen_batch_fini(&batch);
}
