/*
 * draw: secrets, one after another, from one seed: keys, nonces, challenges. base/rng is no source
 * of these, because one of its words tells all that follow.
 *
 * SHA-256 of the key and a counter, with a fresh key after each draw, so what was drawn does not
 * follow from what is left in memory. Seed it with pen_rng_secret; simulations and tests with the
 * bytes of their own seed, which makes every run the same. One thread at a time.
 */
#ifndef PEN_BASE_DRAW_H
#define PEN_BASE_DRAW_H

#include "base/sha.h"

#define PEN_DRAW_SEED_BYTES 32

struct pen_draw {
	struct pen_hash key; /* secret */
};

/* Begin with this seed (copied). */
void pen_draw_init(struct pen_draw *draw, const uint8_t seed[PEN_DRAW_SEED_BYTES]);

/* Write the next `len` bytes to `out`. */
void pen_draw_bytes(struct pen_draw *draw, void *out, size_t len);

/* The next 8 bytes as a number, never 0. */
uint64_t pen_draw_number(struct pen_draw *draw);

#endif
