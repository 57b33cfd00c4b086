/* Parts: rarest first, and what servers say they have. */
#include "fetch/parts.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/check.h"

Test(fetch_parts, the_rarest_comes_first)
{
	static const struct {
		const char *name;
		const char *held[3]; /* of each server: a digit for each part */
		const char *skip;
		uint32_t order[5]; /* PEN_HAUL_NONE ends it */
	} rows[] = {
		{"nobody has any", {"00000", "00000", "00000"}, "00000", {PEN_HAUL_NONE}},
		{"one has all", {"11111", "00000", "00000"}, "00000", {0, 1, 2, 3, 4}},
		{"rarest", {"11111", "11011", "10001"}, "00000", {2, 1, 3, 0, 4}},
		{"not what is there", {"11111", "00000", "00000"}, "10100",
			{1, 3, 4, PEN_HAUL_NONE}},
		{"not what nobody has", {"01000", "01010", "00000"}, "00000",
			{3, 1, PEN_HAUL_NONE}},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_parts parts;
		uint8_t skip = 0;
		for (unsigned k = 0; k < 5; k++)
			skip |= (uint8_t)((rows[i].skip[k] - '0') << k);
		cr_assert_eq(pen_parts_open(&parts, 5, &skip), 0);
		for (unsigned s = 0; s < 3; s++) {
			uint8_t bits = 0;
			for (unsigned k = 0; k < 5; k++)
				bits |= (uint8_t)((rows[i].held[s][k] - '0') << k);
			pen_parts_told(&parts, s * 31, 0, &bits);
		}
		for (unsigned k = 0; k < 5; k++) {
			uint32_t part = pen_parts_next(&parts);
			cr_expect_eq(
				part, rows[i].order[k], "%s: %u is part %u", rows[i].name, k, part);
			if (part == PEN_HAUL_NONE)
				break;
			cr_expect_eq(__builtin_popcountll(pen_parts_holders(&parts, part)),
				parts.holders[part]);
			pen_parts_set(&parts, part, PEN_PARTS_BEGUN);
		}
		pen_parts_close(&parts);
	}
}

Test(fetch_parts, what_is_told_replaces_what_was)
{
	struct pen_parts parts;
	static uint8_t bits[PEN_WIRE_WINDOW_BYTES];
	uint32_t n = PEN_WIRE_WINDOW_PARTS + 3, second = PEN_WIRE_WINDOW_PARTS;
	cr_assert_eq(pen_parts_open(&parts, n, NULL), 0);
	memset(bits, 0xff, sizeof bits);
	pen_parts_told(&parts, 1, 0, bits);
	pen_parts_told(&parts, 2, 1, bits);
	cr_expect(pen_parts_has(&parts, 1, second - 1));
	cr_expect(!pen_parts_has(&parts, 1, second));
	cr_expect(pen_parts_has(&parts, 2, second + 2));
	cr_expect_eq(parts.holders[0], 1);
	pen_parts_told(&parts, 2, 0, bits);
	cr_expect_eq(parts.holders[0], 2);
	pen_parts_told(&parts, 2, 0, bits);
	cr_expect_eq(parts.holders[0], 2, "once more changes nothing");
	bits[0] = 0xfe;
	pen_parts_told(&parts, 2, 0, bits);
	cr_expect_eq(parts.holders[0], 1);
	pen_parts_lacks(&parts, 1, 0);
	pen_parts_lacks(&parts, 1, 0);
	cr_expect_eq(parts.holders[0], 0);
	pen_parts_leave(&parts, 2);
	cr_expect_eq(parts.holders[5], 1);
	cr_expect_eq(parts.holders[second], 0);
	cr_expect_eq(parts.count[PEN_PARTS_WANTED], n);
	pen_parts_set(&parts, 5, PEN_PARTS_DONE);
	cr_expect_eq(parts.count[PEN_PARTS_DONE], 1);
	pen_parts_close(&parts);
	pen_parts_close(&parts);
}
