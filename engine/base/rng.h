/*
 * rng: SplitMix64 (Steele, Lea, Flood, OOPSLA 2014), seeded, for states, tests and simulation;
 * and the kernel's randomness for keys that nobody may guess.
 */
#ifndef PEN_BASE_RNG_H
#define PEN_BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

#define PEN_RNG_GOLDEN UINT64_C(0x9E3779B97F4A7C15)

/* One stream of 64-bit words; copying it forks it. */
struct pen_rng {
	uint64_t state;
};

/* SplitMix64's output function of state x: add the golden constant, then finalise. */
static inline uint64_t pen_rng_mix(uint64_t x)
{
	x += PEN_RNG_GOLDEN;
	x = (x ^ x >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
	x = (x ^ x >> 27) * UINT64_C(0x94D049BB133111EB);
	return x ^ x >> 31;
}

/* The next word of the stream. */
static inline uint64_t pen_rng_next(struct pen_rng *rng)
{
	uint64_t word = pen_rng_mix(rng->state);
	rng->state += PEN_RNG_GOLDEN;
	return word;
}

/* A number below n (n > 0): the high half of word * n. */
static inline uint64_t pen_rng_below(struct pen_rng *rng, uint64_t n)
{
	return (uint64_t)((unsigned __int128)pen_rng_next(rng) * n >> 64);
}

/* `len` bytes of the stream, whole words little endian, the last one cut. */
void pen_rng_bytes(struct pen_rng *rng, void *out, size_t len);

/* `len` bytes from the kernel (getrandom). Aborts if the kernel has none: nothing can be keyed
 * then. */
void pen_rng_secret(void *out, size_t len);

#endif
