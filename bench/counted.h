/*
 * counted: what the program's own code asks of malloc and memcpy while `on`. The linker leads these
 * calls through counted.c (-Wl,--wrap); those of shared libraries go past it.
 */
#ifndef PEN_BENCH_COUNTED_H
#define PEN_BENCH_COUNTED_H

#include <stdbool.h>
#include <stdint.h>

struct counted {
	bool on;
	uint64_t allocations; /* calls of malloc, calloc, realloc and aligned_alloc */
	uint64_t copied; /* bytes that memcpy and memmove were called for */
};

extern struct counted counted;

#endif
