#include "make/worth.h"

#include <string.h>
#include <xxhash.h>

#include "base/check.h"

void pen_worth_fini(struct pen_worth *worth)
{
	if (!worth)
		return;
	pen_buf_fini(&worth->bits);
	*worth = (struct pen_worth){0};
}

int pen_worth_reset(struct pen_worth *worth)
{
	int err = pen_buf_reserve(&worth->bits, PEN_WORTH_BITS / 8);
	if (err)
		return err;
	worth->bits.len = PEN_WORTH_BITS / 8;
	memset(worth->bits.at, 0, worth->bits.len);
	worth->distinct = 0;
	return 0;
}

void pen_worth_add(struct pen_worth *worth, struct pen_bytes value)
{
	PEN_CHECK(worth->bits.len == PEN_WORTH_BITS / 8);
	uint64_t bit = XXH3_64bits(value.at, value.len) % PEN_WORTH_BITS;
	uint8_t *byte = worth->bits.at + bit / 8, mask = (uint8_t)(1u << bit % 8);
	/* Two values that meet in one bit count once: the bound is only lower for it. */
	worth->distinct += !(*byte & mask);
	*byte |= mask;
}

bool pen_worth_sure(const struct pen_worth *worth, uint64_t lean_bytes)
{
	/* The root's own hash stands nowhere. */
	uint64_t values = worth->distinct ? worth->distinct - 1 : 0;
	return lean_bytes <= pen_worth_limit(values * PEN_WORTH_BYTES);
}
