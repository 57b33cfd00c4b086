/*
 * serve_budget: the memory of a server as a sum of named lines, and what follows from a cap: how
 * many blocks each cache has, and how large a part may be that is proved. Pure arithmetic.
 *
 *   process             code, stacks, the catalogue of a store of some ten thousand files
 *   HTTP connections    all there can be
 *   blocks              caches; one block each for packets that are put together
 *   receive buffers     of the UDP ports
 *   guests              sessions, and the tables of handshakes
 *   socket buffers      the kernel's, of the UDP ports, when they are full
 *   proof of a part     of the store, one at a time
 */
#ifndef PEN_TOOLS_SERVE_BUDGET_H
#define PEN_TOOLS_SERVE_BUDGET_H

#include <stdbool.h>

#include "mem/budget.h"

/* Blocks of a cache if nobody says how much memory there is: what 10 Gb/s send in 0.1 s. */
#define SERVE_BLOCKS_DEFAULT 128u
/* Of a cache that is worth having: a few guests, each with some pieces read ahead. */
#define SERVE_BLOCKS_MIN 16u

struct serve_budget_ask {
	uint64_t memory_bytes; /* the cap; 0: none */
	unsigned halls; /* UDP addresses */
	unsigned guests; /* sessions of each */
	bool http;
};

struct serve_budget {
	struct pen_budget_sum lines; /* what is granted; refused: the least there can be */
	uint32_t blocks; /* of each cache; 0 without halls */
	size_t content_bytes; /* of a part that may be proved; without a cap, of one that is in the
				 sum, and larger ones are proved too */
	bool capped;
};

/* 0, or PEN_EREFUSED with a sentence that says how much would do. */
int serve_budget_make(
	struct serve_budget *budget, const struct serve_budget_ask *ask, struct pen_why *why);

#endif
