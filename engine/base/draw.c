#include "base/draw.h"

#include "base/check.h"

void pen_draw_init(struct pen_draw *draw, const uint8_t seed[PEN_DRAW_SEED_BYTES])
{
	memcpy(draw->key.bytes, seed, PEN_DRAW_SEED_BYTES);
}

/* Number 0 makes the next key, the others what is drawn. */
static void make(const struct pen_draw *draw, uint64_t number, struct pen_hash *out)
{
	uint8_t text[8];
	pen_put_le64(text, number);
	struct pen_bytes runs[] = {{draw->key.bytes, PEN_HASH_BYTES}, {text, sizeof text}};
	pen_sha256_runs(runs, PEN_COUNT(runs), out);
}

void pen_draw_bytes(struct pen_draw *draw, void *out, size_t len)
{
	uint8_t *at = out;
	struct pen_hash block;
	for (uint64_t number = 1; len; number++) {
		size_t step = len < PEN_HASH_BYTES ? len : PEN_HASH_BYTES;
		make(draw, number, &block);
		memcpy(at, block.bytes, step);
		at += step;
		len -= step;
	}
	make(draw, 0, &block);
	draw->key = block;
}

uint64_t pen_draw_number(struct pen_draw *draw)
{
	uint64_t number = 0;
	while (!number)
		pen_draw_bytes(draw, &number, sizeof number);
	return number;
}
