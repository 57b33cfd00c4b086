/* Memory taken once: how it lies, who gives it, and that it goes back. */
#include "mem/arena.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define BLOCKS 5

Test(mem_arena, is_whole_blocks_that_can_be_written)
{
	struct pen_arena arena;
	struct pen_why why = {0};
	struct pen_arena_ask ask = {.bytes = BLOCKS * PEN_BLOCK_BYTES, .node = 0};
	char text[PEN_ARENA_TEXT_BYTES];
	cr_assert_eq(pen_arena_open(&arena, &ask, &why), 0, "%s", why.text);
	cr_assert_eq((uintptr_t)arena.at % PEN_BLOCK_BYTES, 0);
	cr_assert_neq(arena.kind, PEN_ARENA_GIVEN);
	memset(arena.at, 1, arena.bytes);
	cr_assert(strstr(pen_arena_text(&arena, text), "5 MiB in "), "%s", text);
	uint8_t *first = pen_arena_carve(&arena, 2), *second = pen_arena_carve(&arena, 3);
	cr_assert_eq(first, arena.at);
	cr_assert_eq(second, arena.at + 2 * PEN_BLOCK_BYTES);
	cr_assert_null(pen_arena_carve(&arena, 1));
	pen_arena_close(&arena);
	cr_assert_null(arena.at);
	pen_arena_close(&arena);
	pen_arena_close(NULL);
}

/* Huge pages are used where there are enough; without them, and when told to, others will do. */
Test(mem_arena, takes_huge_pages_that_are_set_aside)
{
	struct pen_arena arena;
	struct pen_arena_ask ask = {.bytes = BLOCKS * PEN_BLOCK_BYTES, .node = PEN_NODE_ANY};
	char line[128];
	long left = 0;
	FILE *file = fopen("/proc/meminfo", "r");
	while (file && fgets(line, sizeof line, file))
		sscanf(line, "HugePages_Free: %ld", &left);
	fclose(file);
	cr_assert_eq(pen_arena_open(&arena, &ask, NULL), 0);
	/* Somebody else may take them in between, and leaves more than so few. */
	if (left >= 16)
		cr_expect_eq(arena.kind, PEN_ARENA_HUGETLB, "%ld", left);
	if (left == 0)
		cr_expect_neq(arena.kind, PEN_ARENA_HUGETLB);
	pen_arena_close(&arena);
	ask.small = true;
	cr_assert_eq(pen_arena_open(&arena, &ask, NULL), 0);
	cr_expect_neq(arena.kind, PEN_ARENA_HUGETLB);
	memset(arena.at, 1, arena.bytes);
	char text[PEN_ARENA_TEXT_BYTES];
	cr_expect(strstr(pen_arena_text(&arena, text), "vm.nr_hugepages=3"), "%s", text);
	pen_arena_close(&arena);
}

Test(mem_arena, knows_what_lies_within_a_block)
{
	struct pen_arena arena;
	struct pen_arena_ask ask = {.bytes = 2 * PEN_BLOCK_BYTES, .node = PEN_NODE_ANY};
	cr_assert_eq(pen_arena_open(&arena, &ask, NULL), 0);
	const uint8_t *at = arena.at;
	static const struct {
		int64_t offset;
		size_t bytes;
		bool holds;
	} rows[] = {{0, 1, true}, {0, PEN_BLOCK_BYTES, true}, {0, PEN_BLOCK_BYTES + 1, false},
		{PEN_BLOCK_BYTES - 1, 1, true}, {PEN_BLOCK_BYTES - 1, 2, false},
		{PEN_BLOCK_BYTES, PEN_BLOCK_BYTES, true}, {2 * PEN_BLOCK_BYTES - 1, 1, true},
		{2 * PEN_BLOCK_BYTES, 1, false}, {-1, 1, false}};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		cr_expect_eq(pen_arena_holds(&arena, at + rows[i].offset, rows[i].bytes),
			rows[i].holds, "%zu", i);
	pen_arena_close(&arena);
}

/* A giver as a device has one. */
struct giver {
	void *given;
	unsigned taken, gave;
	int err;
};

static int take(void *context, size_t bytes, int node, void **at, struct pen_why *why)
{
	struct giver *giver = context;
	cr_assert_eq(node, 1);
	giver->taken++;
	if (giver->err)
		return pen_fail(why, giver->err, "the giver has none");
	*at = giver->given = aligned_alloc(PEN_BLOCK_BYTES, bytes);
	return 0;
}

static void give(void *context, void *at, size_t bytes)
{
	struct giver *giver = context;
	cr_assert_eq(at, giver->given);
	cr_assert_eq(bytes, 3 * PEN_BLOCK_BYTES);
	giver->gave++;
	free(at);
}

Test(mem_arena, takes_what_a_device_gives)
{
	struct giver giver = {0};
	struct pen_arena arena;
	struct pen_why why = {0};
	struct pen_arena_ask ask = {
		.bytes = 3 * PEN_BLOCK_BYTES, .node = 1, .pages = {take, give, &giver}};
	cr_assert_eq(pen_arena_open(&arena, &ask, &why), 0);
	cr_assert_eq(arena.at, giver.given);
	cr_assert_eq(arena.kind, PEN_ARENA_GIVEN);
	pen_arena_close(&arena);
	cr_assert_eq(giver.gave, 1);
	giver.err = -ENOSPC;
	cr_assert_eq(pen_arena_open(&arena, &ask, &why), -ENOSPC);
	cr_assert_str_eq(why.text, "the giver has none");
	pen_arena_close(&arena);
	cr_assert_eq(giver.gave, 1);
	cr_assert_eq(giver.taken, 2);
}

Test(mem_arena, says_when_there_is_none)
{
	struct pen_arena arena;
	struct pen_why why = {0};
	struct pen_arena_ask ask = {.bytes = (size_t)1 << 50, .node = PEN_NODE_ANY};
	cr_assert_eq(pen_arena_open(&arena, &ask, &why), -ENOMEM);
	cr_assert(strstr(why.text, "1073741824 MiB"), "%s", why.text);
	cr_assert_null(arena.at);
}
