/* What waits to be asked about, and in which order. */
#include "fetch/doubts.h"

#include <criterion/criterion.h>

#include "base/check.h"

/* About a piece of which these bytes came, or, of so many blocks, about a whole part. */
static struct pen_doubt doubt(uint32_t part, uint32_t piece, uint32_t blocks, uint8_t came)
{
	const struct pen_wire_object object = {.part = part, .piece = piece};
	struct pen_hash sum = {.bytes = {came}};
	struct pen_doubt out = {.piece = {.part = part, .piece = piece}};
	if (blocks)
		pen_inquiry_init_part(&out.inquiry, &object, blocks, &sum, 0);
	else
		pen_inquiry_init(&out.inquiry, &object, (struct pen_bytes){&came, 1}, 0);
	return out;
}

Test(fetch_doubts, same)
{
	static const struct {
		const char *name;
		struct {
			uint32_t part, piece, blocks;
			uint8_t came;
		} a, b;
		bool same;
	} rows[] = {
		{"a piece", {1, 2, 0, 3}, {1, 2, 0, 3}, true},
		{"other bytes of it", {1, 2, 0, 3}, {1, 2, 0, 4}, false},
		{"another piece", {1, 2, 0, 3}, {1, 3, 0, 3}, false},
		{"of another part", {1, 2, 0, 3}, {2, 2, 0, 3}, false},
		{"a part", {1, 0, 5, 3}, {1, 0, 5, 3}, true},
		{"what came of it later", {1, 0, 5, 3}, {1, 0, 5, 4}, false},
		{"half answered", {1, 0, 5, 3}, {1, 0, 2, 3}, true},
		{"another part", {1, 0, 5, 3}, {2, 0, 5, 3}, false},
		{"a part and its first piece", {1, 0, 5, 3}, {1, 0, 0, 3}, false},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_doubt a = doubt(
			rows[i].a.part, rows[i].a.piece, rows[i].a.blocks, rows[i].a.came);
		struct pen_doubt b = doubt(
			rows[i].b.part, rows[i].b.piece, rows[i].b.blocks, rows[i].b.came);
		cr_expect_eq(pen_doubt_same(&a, &b), rows[i].same, "%s", rows[i].name);
		cr_expect_eq(pen_doubt_same(&b, &a), rows[i].same, "%s", rows[i].name);
	}
}

Test(fetch_doubts, pieces_come_first)
{
	static struct pen_doubts doubts;
	struct pen_doubt out;
	/* Parts and pieces in turn. */
	for (uint32_t k = 0; k < 6; k++) {
		struct pen_doubt put = doubt(k, 0, k % 2 ? 0 : 3, 1);
		pen_doubts_put(&doubts, &put);
	}
	static const uint32_t order[] = {1, 3, 5};
	for (size_t i = 0; i < PEN_COUNT(order); i++) {
		cr_expect(pen_doubts_take(&doubts, i % 2, &out));
		cr_expect_eq(out.piece.part, order[i]);
		cr_expect_not(pen_doubt_is_part(&out));
	}
	cr_expect_not(pen_doubts_take(&doubts, true, &out));
	for (uint32_t k = 0; k < 6; k += 2) {
		cr_expect(pen_doubts_take(&doubts, false, &out));
		cr_expect_eq(out.piece.part, k);
		cr_expect_eq(out.inquiry.left, 3);
	}
	cr_expect_not(pen_doubts_take(&doubts, false, &out));
}

Test(fetch_doubts, the_first_comes_first)
{
	static struct pen_doubts doubts;
	struct pen_doubt out, part = doubt(1, 0, 3, 1), piece = doubt(2, 0, 0, 1),
			      first = doubt(3, 0, 0, 1);
	first.first = true;
	pen_doubts_put(&doubts, &part);
	pen_doubts_put(&doubts, &piece);
	pen_doubts_put(&doubts, &first);
	/* One that waits already becomes a first. */
	piece.first = true;
	pen_doubts_put(&doubts, &piece);
	cr_expect_eq(doubts.count, 3);
	static const uint32_t order[] = {2, 3, 1};
	for (size_t i = 0; i < PEN_COUNT(order); i++) {
		cr_expect(pen_doubts_take(&doubts, false, &out));
		cr_expect_eq(out.piece.part, order[i]);
		cr_expect_eq(out.first, order[i] != 1);
	}
}

Test(fetch_doubts, has_a_bound)
{
	static struct pen_doubts doubts;
	struct pen_doubt out, more = doubt(9, 9, 0, 1);
	for (uint32_t u = 0; u < PEN_DOUBTS_MAX; u++) {
		struct pen_doubt put = doubt(0, u, 0, 1);
		pen_doubts_put(&doubts, &put);
		pen_doubts_put(&doubts, &put);
		cr_expect_eq(doubts.count, u + 1, "it waits already");
	}
	pen_doubts_put(&doubts, &more);
	cr_expect_eq(doubts.count, PEN_DOUBTS_MAX);
	cr_expect_eq(doubts.list[PEN_DOUBTS_MAX - 1].piece.piece, PEN_DOUBTS_MAX - 1);
	/* The first of those that fail together has room in any case. */
	more.first = true;
	pen_doubts_put(&doubts, &more);
	cr_expect_eq(doubts.count, PEN_DOUBTS_MAX);
	cr_expect(pen_doubts_take(&doubts, true, &out));
	cr_expect_eq(out.piece.part, 9);
	for (uint32_t u = 0; u + 1 < PEN_DOUBTS_MAX; u++) {
		cr_expect(pen_doubts_take(&doubts, true, &out));
		cr_expect_eq(out.piece.piece, u);
	}
	cr_expect_eq(doubts.count, 0);
}
