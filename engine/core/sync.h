/*
 * sync: one shard's parts, from their sources into a sink: where fetching, proving and applying
 * meet. The plan decides, the pull fetches, the pool proves and applies; this hands parts from one
 * to the next and nothing more.
 *
 * Order: open (the sink's shard has been begun), then turn and wait until it is over, finish,
 * close. One thread; only pen_sync_wake may come from a signal handler or another thread.
 */
#ifndef PEN_CORE_SYNC_H
#define PEN_CORE_SYNC_H

#include "apply/pool.h"
#include "core/budget.h"
#include "fetch/pull.h"

/* Longest sleep between turns: how late a caller's own look at a flag or clock may be. */
#define PEN_SYNC_SLEEP_NS INT64_C(500000000)

/* What happens to a part, for a log. */
enum pen_sync_event {
	PEN_SYNC_FETCH, /* its get begins */
	PEN_SYNC_WAIT, /* it is here, and no worker has begun */
	PEN_SYNC_PROVE, /* decompressed and proved */
	PEN_SYNC_PUT, /* its rows go into a batch; nothing is visible */
	PEN_SYNC_COMMIT, /* the batch is being written */
	PEN_SYNC_DONE, /* it is durable */
	PEN_SYNC_EVENTS,
};

/* A word for an event: "fetch", "wait", "prove", "put", "commit", "done". */
const char *pen_sync_event_text(enum pen_sync_event event);

struct pen_sync_config {
	struct pen_sink *sink; /* borrowed until close, as are the sources */
	struct pen_sink_state shard; /* as begun: root and parts are set */
	const uint8_t *applied; /* the sink's bitmap of parts that need no fetching; or NULL */
	const struct pen_source *sources;
	unsigned sources_count; /* 1..PEN_SOURCES_MAX */
	unsigned tries, connections; /* as the plan's; of connections as many as memory allows */
	unsigned jobs; /* workers, 0: in the caller's thread; at most PEN_POOL_JOBS_MAX */
	uint64_t memory_bytes; /* the cap that core/budget.h divides; 0: its default */
	uint8_t ranks[PEN_SOURCES_MAX]; /* of each source, as the plan's */
	const uint8_t *reversed; /* the same; borrowed until close */
	uint32_t absent; /* bit s: source s may join or leave later, by the plan's calls */
	int64_t stall_ns;
	bool bare;
	/* May be NULL. PROVE, PUT and COMMIT come from workers' threads, at the same time. */
	void (*on_event)(void *context, uint32_t k, enum pen_sync_event event);
	void *context;
};

/* Sums over the parts that this run applied. Times are of all workers together. */
struct pen_sync_sum {
	uint32_t parts;
	uint32_t forms[PEN_FORMS]; /* of the parts: in which form they came */
	uint64_t keys; /* flat entries */
	uint64_t entries; /* distinct entries of parts that were stored */
	uint64_t content_bytes; /* of them, before storing */
	int64_t prove_ns, commit_ns; /* opening and proving; putting and committing */
};

struct pen_sync {
	struct pen_sync_config config;
	struct pen_apply apply;
	struct pen_plan plan;
	struct pen_pull pull;
	struct pen_pool *pool;
	struct pen_task *tasks; /* one a slot, same index */
	struct pen_budget budget; /* what memory_bytes is divided into */
	char limit[160]; /* why a part may not be larger */
	struct pen_sync_sum sum;
	int64_t until_ns; /* when the plan has something to do again */
	bool over;
};

/* Start the workers; nothing is fetched yet. 0, -ENOMEM, -errno; PEN_EREFUSED if memory_bytes is
 * too little for any part. */
int pen_sync_open(struct pen_sync *sync, const struct pen_sync_config *config, struct pen_why *why);

/* Ends what is under way. Zeroed is fine. */
void pen_sync_close(struct pen_sync *sync);

/* Do all that can be done now, without blocking (but for the parts themselves when jobs is 0).
 * True while there is more to come. */
bool pen_sync_turn(struct pen_sync *sync, int64_t now_ns);

/* Sleep until there may be something to do, at most PEN_SYNC_SLEEP_NS. */
void pen_sync_wait(struct pen_sync *sync, int64_t now_ns);

/* End the sleep under way. Signal-safe. */
void pen_sync_wake(const struct pen_sync *sync);

/* Begin nothing more, let running commits end, keep what is applied. */
void pen_sync_stop(struct pen_sync *sync, int code, const struct pen_why *why);

/*
 * When it is over: 0 if every part is applied and the sink has finished the shard; else the code
 * and sentence of what ended it (fetch/plan.h says which of several), or the sink's.
 */
int pen_sync_finish(struct pen_sync *sync, struct pen_why *why);

#endif
