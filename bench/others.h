/*
 * others: how much of the machine other processes had for a while, by what the kernel has counted
 * of all CPUs' time (/proc/stat, in hundredths of a second) less what was our own. Time that the
 * hypervisor took away is others' too.
 */
#ifndef PEN_BENCH_OTHERS_H
#define PEN_BENCH_OTHERS_H

/* Where a while began. */
struct bench_others {
	double busy, all; /* seconds of all CPUs since the start */
	double own; /* seconds of this process */
};

void bench_others_begin(struct bench_others *others);

/* The part, 0 to 1, of all CPUs' time since then that went to others; 0 where it cannot be known.
 */
double bench_others_end(const struct bench_others *others);

#endif
