/*
 * budget: memory as a sum of named lines, so that what a process takes can be printed, compared
 * with what it may take, and refused with the lines as the reason. Pure arithmetic on values; any
 * thread.
 *
 * What depends on the sum (how many workers fit) is decided by the room that knows: it fills a sum
 * for a proposal, asks whether it fits, and tries less.
 */
#ifndef PEN_MEM_BUDGET_H
#define PEN_MEM_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Lines of one sum: as many users of memory as a person reads in one sentence. */
#define PEN_BUDGET_LINES_MAX 16u
/* Bytes of the text of a sum. */
#define PEN_BUDGET_TEXT_BYTES 640u

/* One user of memory. */
struct pen_budget_line {
	const char *name; /* as it is printed: "receive buffers"; lives as long as the sum */
	uint64_t count; /* so many */
	uint64_t each; /* bytes of one */
};

/* Zeroed is the empty sum. */
struct pen_budget_sum {
	struct pen_budget_line lines[PEN_BUDGET_LINES_MAX];
	unsigned count; /* lines in use */
};

/* Add a line; its product is below 2^64. A line of no bytes stays out. */
void pen_budget_add(struct pen_budget_sum *sum, const char *name, uint64_t count, uint64_t each);

/* Bytes of all lines; UINT64_MAX if they are more than that. */
uint64_t pen_budget_total(const struct pen_budget_sum *sum);

/* The sum as "process 40 MiB + 8 connections 8 MiB + ... = 250 MiB"; cut if it is too long. */
const char *pen_budget_text(const struct pen_budget_sum *sum, char text[PEN_BUDGET_TEXT_BYTES]);

/*
 * 0 if the sum is at most cap_bytes, else PEN_EREFUSED with a sentence that names `flag` (how the
 * cap is set, "--memory"), the cap, the lines, and the least that would do.
 */
int pen_budget_fit(const struct pen_budget_sum *sum, uint64_t cap_bytes, const char *flag,
	struct pen_why *why);

#endif
