/* What goes on with a run, and what does not. */
#include "fetch/run.h"

#include <criterion/criterion.h>

#include "base/check.h"

Test(fetch_run, goes_on)
{
	static const struct {
		const char *name;
		struct pen_wire_data next;
		uint16_t bytes;
		bool goes;
	} rows[] = {
		{"the next", {PEN_WIRE_DATA, 0, 7, 9, 5, 12, 2, 99, 1}, 1232, true},
		{"another type", {PEN_WIRE_HELLO, 0, 7, 9, 5, 12, 2, 99, 1}, 1232, false},
		{"the last of a grant", {PEN_WIRE_DATA, PEN_WIRE_DATA_LAST, 7, 9, 5, 12, 2, 99, 1},
			1232, false},
		{"an echo", {PEN_WIRE_DATA, PEN_WIRE_DATA_ECHO, 7, 9, 5, 12, 2, 99, 1}, 1232,
			false},
		{"another slot", {PEN_WIRE_DATA, 0, 7, 8, 5, 12, 2, 99, 1}, 1232, false},
		{"another nonce", {PEN_WIRE_DATA, 0, 7, 9, 4, 12, 2, 99, 1}, 1232, false},
		{"the same index", {PEN_WIRE_DATA, 0, 7, 9, 5, 11, 2, 99, 1}, 1232, false},
		{"an index later", {PEN_WIRE_DATA, 0, 7, 9, 5, 13, 2, 99, 1}, 1232, false},
		{"the same number", {PEN_WIRE_DATA, 0, 7, 9, 5, 12, 1, 99, 1}, 1232, false},
		{"a number later", {PEN_WIRE_DATA, 0, 7, 9, 5, 12, 3, 99, 1}, 1232, false},
		{"shorter", {PEN_WIRE_DATA, 0, 7, 9, 5, 12, 2, 99, 1}, 1231, false},
		{"longer", {PEN_WIRE_DATA, 0, 7, 9, 5, 12, 2, 99, 1}, 1233, false},
		{"without a header", {PEN_WIRE_DATA, 0, 7, 9, 5, 12, 2, 99, 1}, 31, false},
	};
	/* Numbers go round on the wire. */
	struct pen_wire_data first = {PEN_WIRE_DATA, PEN_WIRE_DATA_ECHO, 3, 9, 5, 10, 0, 98, 1},
			     second = {PEN_WIRE_DATA, 0, 4, 9, 5, 11, 1, 98, 2};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_slice slices[] = {
			{.head = (const uint8_t *)&first, .bytes = 1232},
			{.head = (const uint8_t *)&second, .bytes = 1232},
			{.head = (const uint8_t *)&rows[i].next, .bytes = rows[i].bytes},
		};
		struct pen_run run = {slices, 2};
		cr_expect_eq(pen_run_goes_on(&run), rows[i].goes, "%s", rows[i].name);
	}
	first.seq = UINT32_MAX;
	second.seq = 0;
	struct pen_slice slices[] = {
		{.head = (const uint8_t *)&first, .bytes = 1232},
		{.head = (const uint8_t *)&second, .bytes = 1232},
	};
	cr_expect(pen_run_goes_on(&(struct pen_run){slices, 1}), "numbers go round on the wire");
}
