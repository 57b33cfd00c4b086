/*
 * budget: how much memory a sync may take, as a sum of named lines, and what follows from the cap:
 * how many workers and gets fit, and how large a part may be. Pure arithmetic, done once.
 *
 *   process        code, stacks, tables, the allocator's slack
 *   sink           what the sink takes beside open batches
 *   packets        blocks and socket buffers of our own protocol
 *   connections    receive buffers and TLS, one a get
 *   jobs           what each worker takes for one part: content, window, proof, batch
 *   slots          what came over the wire, one a get and one a worker
 *
 * A part of ordinary size fits into one slot and one job. A larger one gets all slots and jobs for
 * itself and runs alone; the largest that fits there is `alone`. What is larger still is refused.
 */
#ifndef PEN_CORE_BUDGET_H
#define PEN_CORE_BUDGET_H

#include "apply/job.h"
#include "mem/budget.h"

/* The cap if nobody says another. */
#define PEN_BUDGET_BYTES_DEFAULT ((uint64_t)1 << 30)
/* Code and data of the program and its libraries, stacks, RocksDB's own tables, and what malloc
 * keeps in its arenas; with an empty database open 23 MiB are in memory. */
#define PEN_BUDGET_PROCESS_BYTES ((uint64_t)40 << 20)
/* curl's receive buffer of 512 KiB, OpenSSL's session, an easy handle. */
#define PEN_BUDGET_CONNECTION_BYTES ((uint64_t)1 << 20)
/* Content of a part that must be allowed beside others: nearcore cuts at 30 MiB of memory_usage,
 * which is more than the bytes themselves; the nodes on the boundary come on top. */
#define PEN_BUDGET_PART_BYTES_MIN ((size_t)32 << 20)
/* Rows of a part for 8 bytes of its content: most values stand in both columns, and each of its
 * nodes has a key of 32 bytes. Parts of a state like mainnet's have up to 21. */
#define PEN_BUDGET_BATCH_EIGHTHS 19u
/* Content bytes for one entry of such a part: the largest real one has 440,488 in 30 MiB. */
#define PEN_BUDGET_ENTRY_BYTES 72u
/* The decompressor's window for such a part: enough for level 19. 2^23 = 8 MiB. */
#define PEN_BUDGET_WINDOW_LOG 23u

/* What the sum is made for. */
struct pen_budget_ask {
	uint64_t memory_bytes; /* the cap */
	unsigned connections, jobs; /* as many as are wished, at least 1 */
	uint64_t sink_bytes; /* as the sink says (port/sink.h) */
	unsigned batch_copies; /* the same */
	uint64_t packets_bytes; /* blocks and sockets of our own protocol; 0: it is not used */
};

/* One kind of part, and what it costs. */
struct pen_budget_part {
	uint64_t wire_bytes; /* the get's bytes_max: a slot */
	struct pen_allowance allowance;
	uint64_t job_bytes; /* the memory of that allowance */
};

struct pen_budget {
	struct pen_budget_ask ask;
	unsigned connections, jobs, slots; /* granted */
	struct pen_budget_part part; /* each of several at a time */
	struct pen_budget_part alone; /* the only one at a time; not smaller */
	struct pen_budget_sum lines; /* what is granted, named; refused: the least there can be */
	uint64_t sum_bytes; /* of all lines, at most the cap */
	uint64_t largest_bytes; /* the cap with which the largest part of the format would fit */
};

/* Fill *budget. 0, or PEN_EREFUSED with how much is needed: the cap holds no ordinary part. */
int pen_budget_make(
	struct pen_budget *budget, const struct pen_budget_ask *ask, struct pen_why *why);

#endif
