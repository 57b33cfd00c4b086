#include <criterion/criterion.h>

#include "base/draw.h"

static const uint8_t seed[PEN_DRAW_SEED_BYTES] = {1, 2, 3};

/* SHA-256 of seed and number 1, and of seed and number 0 for what comes next. */
Test(base_draw, draws_are_digests)
{
	struct pen_draw draw;
	struct pen_hash first, key;
	uint8_t text[40] = {1, 2, 3, [32] = 1}, out[40];
	pen_sha256((struct pen_bytes){text, sizeof text}, &first);
	text[32] = 0;
	pen_sha256((struct pen_bytes){text, sizeof text}, &key);
	pen_draw_init(&draw, seed);
	pen_draw_bytes(&draw, out, sizeof out);
	cr_expect_eq(memcmp(out, first.bytes, 32), 0);
	cr_expect_eq(memcmp(draw.key.bytes, key.bytes, 32), 0);
}

Test(base_draw, the_seed_says_what_is_drawn)
{
	struct pen_draw a, b;
	uint8_t other[PEN_DRAW_SEED_BYTES] = {1, 2, 4};
	pen_draw_init(&a, seed);
	pen_draw_init(&b, seed);
	uint64_t first = pen_draw_number(&a);
	cr_expect_eq(pen_draw_number(&b), first);
	cr_expect_neq(pen_draw_number(&a), first);
	pen_draw_init(&b, other);
	cr_expect_neq(pen_draw_number(&b), first);
}
