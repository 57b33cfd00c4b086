/*
 * hall_counts: what one UDP address of a server did: copied out of its rooms by the hall's thread,
 * printed by whoever answers /metrics. Values; counters never fall.
 */
#ifndef PEN_TOOLS_HALL_COUNTS_H
#define PEN_TOOLS_HALL_COUNTS_H

#include "drivers/table.h"
#include "serve/serve.h"

struct hall_counts {
	struct pen_serve_counters serve;
	struct pen_net_counters net;
	struct pen_disk_state disk; /* of the store and of side files together */
	uint64_t sessions; /* now */
	uint64_t hellos, cookies, busies, unsigned_hellos; /* of the greeter */
	uint64_t hellos_over_all, hellos_over_prefix; /* handshakes refused for their rate */
	uint64_t resets_withheld;
	uint64_t no_cell; /* answers dropped for want of memory */
	uint64_t cache_hits, cache_joins, cache_misses, cache_full, cache_evicted, cache_failed;
	uint64_t cache_read_bytes;
	uint64_t files_opened, files_stale;
	uint64_t blocks, blocks_free, blocks_free_min; /* of the pool */
};

/* Copy the counts of a server and its disks (side: NULL or another one). On its thread. */
void hall_counts_take(struct hall_counts *counts, const struct pen_serve *serve);

/* One hall's counts and how it is called, for printing. */
struct hall_counts_of {
	const struct hall_counts *counts;
	const char *listen; /* ADDR:PORT */
};

/* Append all metrics of `count` halls as Prometheus text. 0 or -ENOMEM. */
int hall_counts_print(const struct hall_counts_of *halls, unsigned count, struct pen_buf *out);

#endif
