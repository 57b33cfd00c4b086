/* Which of the sizes that servers say is tried. */
#include "../../tools/penstock/catch_size.h"

#include <criterion/criterion.h>

#include "base/check.h"

#define S INT64_C(1000000000)

struct row {
	const char *name;
	uint64_t said[4];
	int64_t now_ns;
	uint64_t moved_ns; /* something was proved then, after the look; 0: nothing */
	uint64_t wanted;
};

static void play(const struct row *rows, size_t count)
{
	struct catch_size size = {0};
	for (size_t i = 0; i < count; i++) {
		uint64_t got = catch_size_look(&size, rows[i].said, 4, rows[i].now_ns);
		cr_expect_eq(
			got, rows[i].wanted, "%s: %llu", rows[i].name, (unsigned long long)got);
		cr_expect_eq(size.bytes, got);
		if (rows[i].moved_ns)
			catch_size_moved(&size, (int64_t)rows[i].moved_ns);
	}
}

Test(tools_catch_size, one_size)
{
	static const struct row rows[] = {
		{"nobody has said anything", {0, 0, 0, 0}, 0, 0, 0},
		{"the first to say one", {0, 7, 0, 0}, S, 0, 7},
		{"others say the same", {7, 7, 0, 7}, 2 * S, 0, 7},
		{"however long it takes", {7, 7, 7, 7}, 1000 * S, 0, 7},
		{"all are gone: it may be that they come again", {0, 0, 0, 0}, 2000 * S, 0, 7},
		{"and say another", {0, 8, 0, 0}, 2001 * S, 0, 8},
	};
	play(rows, PEN_COUNT(rows));
}

Test(tools_catch_size, turns)
{
	static const struct row rows[] = {
		{"a liar is first", {9, 0, 0, 0}, 0, 0, 9},
		{"he has his time", {9, 5, 5, 0}, 5 * S - 1, 0, 9},
		{"which ends, and most say this", {9, 5, 5, 6}, 5 * S, 0, 5},
		{"what is proved goes on", {9, 5, 5, 6}, 9 * S, 9 * S, 5},
		{"for longer", {9, 5, 5, 6}, 14 * S - 1, 0, 5},
		{"it ends: who had no turn yet", {9, 5, 5, 6}, 14 * S, 0, 6},
		{"he is banned: the others again, twice as long", {9, 5, 5, 0}, 15 * S, 0, 5},
		{"nearly", {9, 5, 5, 0}, 25 * S - 1, 0, 5},
		{"over", {9, 5, 5, 0}, 25 * S, 0, 9},
		{"gone at once", {0, 5, 5, 0}, 26 * S, 0, 5},
	};
	play(rows, PEN_COUNT(rows));
}

Test(tools_catch_size, another_each_time)
{
	static const struct row rows[] = {
		{"a liar", {9, 5, 0, 0}, 0, 0, 9},
		{"who says another now has had his turn", {8, 5, 0, 0}, S, 0, 5},
		{"and waits for the next", {7, 5, 0, 0}, 5 * S, 0, 5},
		{"round", {7, 5, 0, 0}, 6 * S, 0, 7},
		{"and no longer", {6, 5, 0, 0}, 7 * S, 0, 5},
	};
	play(rows, PEN_COUNT(rows));
}

Test(tools_catch_size, of_equals_the_largest)
{
	static const struct row rows[] = {{"three", {4, 6, 5, 0}, 0, 0, 6}};
	play(rows, PEN_COUNT(rows));
}

Test(tools_catch_size, many_rounds_end)
{
	/* However often: a turn is never longer than CATCH_SIZE_NS << CATCH_SIZE_DOUBLINGS. */
	const uint64_t said[2] = {9, 5};
	struct catch_size size = {0};
	uint64_t before = catch_size_look(&size, said, 2, 0);
	int64_t now_ns = 0;
	for (unsigned i = 0; i < 100; i++) {
		now_ns += CATCH_SIZE_NS << CATCH_SIZE_DOUBLINGS;
		uint64_t after = catch_size_look(&size, said, 2, now_ns);
		cr_expect_neq(after, before, "turn %u", i);
		before = after;
	}
}
