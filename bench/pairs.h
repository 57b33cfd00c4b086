/*
 * pairs: the state `mainnet` (make/profile.h) as sorted pairs in memory, the input of the programs
 * here: no disk is measured. Large values that repeat lie in memory once, as in nearcore's State.
 */
#ifndef PEN_BENCH_PAIRS_H
#define PEN_BENCH_PAIRS_H

#include "bench/bench.h"
#include "base/chunks.h"
#include "part/build.h"

#define BENCH_SEED 1u

/* Zeroed is empty and valid. */
struct bench_pairs {
	struct pen_pair *list;
	size_t count;
	struct pen_chunks chunks;
};

/* Make the pairs of a state of so many keys, seed BENCH_SEED. 0, or -1 after bench_fail. */
int bench_pairs_open(struct bench_pairs *pairs, struct bench *bench);

void bench_pairs_close(struct bench_pairs *pairs);

#endif
