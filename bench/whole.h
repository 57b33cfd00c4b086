/*
 * whole: a state made into its parts from one end to the other by workers, as `penstock make` does
 * it, but out of a file in memory (bench/memfile.h) and into nowhere (bench/nowhere.h); and the
 * bare hash kernel in as many threads, so that it can be told what the machine gains from them.
 */
#ifndef PEN_BENCH_WHOLE_H
#define PEN_BENCH_WHOLE_H

#include "bench/memfile.h"
#include "bench/messages.h"
#include "bench/nowhere.h"
#include "make/cut.h"
#include "make/make.h"

#define BENCH_WHOLE_JOBS_MAX 2u

/* Filled by bench_whole_init; nothing to give back. */
struct bench_whole {
	struct bench_memfile files[BENCH_WHOLE_JOBS_MAX]; /* each worker's own, of the same bytes */
	struct bench_nowhere nowhere[BENCH_WHOLE_JOBS_MAX + 1]; /* each worker's, and the store's */
	struct pen_make_hand hands[BENCH_WHOLE_JOBS_MAX];
	struct pen_store store;
	struct pen_make make;
	uint64_t parts;
	bool sums; /* sum up what is made: for comparing, not for timing */
	uint64_t content_sum; /* by the last run, if sums */
	struct pen_make_sum sum; /* of the last run */
	struct pen_make_time time; /* of all of them, the survey's with the parts' */
};

/* Make `bytes`, a file of pairs that outlives this, into so many parts. */
void bench_whole_init(struct bench_whole *whole, struct pen_bytes bytes, uint64_t parts);

/* The parts of a surveyed state, compressed at this zstd level, written. 0 or an error of
 * make/make.h. */
int bench_whole_parts(struct bench_whole *whole, const struct pen_survey *survey, unsigned jobs,
	int level, struct pen_why *why);

/* Survey and parts. As above. */
int bench_whole_make(struct bench_whole *whole, unsigned jobs, int level, struct pen_why *why);

/* Survey and parts as PartialStates, neither compressed nor written. */
int bench_whole_cut(struct bench_whole *whole, unsigned jobs, struct pen_why *why);

/* All messages hashed so many times over by so many threads. 0 or -errno. */
int bench_whole_hash(
	const struct bench_messages *messages, unsigned passes, unsigned jobs, struct pen_why *why);

#endif
