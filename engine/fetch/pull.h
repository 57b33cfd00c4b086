/*
 * pull: does what the plan decides: begins and cancels gets at the sources' origins, tells the
 * plan what came of them, and holds the bytes of fetched parts until a worker has them.
 *
 * Memory: one slot a part from the start of its get until pen_pull_give; there are `slots` of
 * them, of part_bytes each. When all are taken no get is begun, so slow workers close the tap. A
 * slot keeps its buffer for the next part. A part that is larger ends with PEN_ELARGE; when its
 * turn comes to go alone, all other slots give their buffers back and it may have alone_bytes.
 * One thread.
 */
#ifndef PEN_FETCH_PULL_H
#define PEN_FETCH_PULL_H

#include "base/wake.h"
#include "fetch/plan.h"
#include "part/form.h"
#include "port/origin.h"

/* A prefix of part names at a source: "chain_id=.../shard_id=.../" at its longest, with room. */
#define PEN_SOURCE_PREFIX_BYTES 512u
/* Slots at most: the gets in flight and what PEN_POOL_JOBS_MAX workers may hold. */
#define PEN_PULL_SLOTS_MAX 1024u
/* Bytes that count as a step forward: who sends less within the stall time holds a connection and
 * delivers nothing (30 s a KiB is 34 B/s). */
#define PEN_PULL_STEP_BYTES 1024u
/* Most bytes of a part on the wire: its content that zstd could not shrink, and the envelope. */
#define PEN_PART_WIRE_BYTES_MAX (PEN_PART_BYTES_MAX + PEN_PART_BYTES_MAX / 128 + 4096)

/* Where the parts of the state are found at one source. */
struct pen_source {
	struct pen_origin *origin; /* borrowed until the pull is closed */
	char prefix[PEN_SOURCE_PREFIX_BYTES]; /* before the part's name; empty or ends in '/' */
	enum pen_form form; /* of parts; two sources may share an origin */
};

enum pen_slot_state {
	PEN_SLOT_FREE,
	PEN_SLOT_FLYING, /* its get is under way */
	PEN_SLOT_FULL, /* fetched, waits for pen_pull_take */
	PEN_SLOT_TAKEN, /* until pen_pull_give */
};

/* One part on its way. */
struct pen_slot {
	enum pen_slot_state state;
	uint32_t part;
	unsigned source;
	bool alone; /* all memory is for this part */
	uint64_t order; /* fetched earlier is smaller */
	struct pen_buf bytes; /* as they came */
	size_t seen; /* length at the last step forward */
	int64_t begin_ns, end_ns; /* of the get */
	char name[PEN_SOURCE_PREFIX_BYTES + 64];
};

struct pen_pull_config {
	const struct pen_source *sources; /* as many as the plan has; borrowed */
	unsigned slots; /* 1..PEN_PULL_SLOTS_MAX */
	uint64_t part_bytes; /* of a part on the wire beside others, at most */
	uint64_t alone_bytes; /* of a part on the wire alone, at most; not less */
	const char *limit; /* says why alone_bytes is not more, for a sentence; borrowed */
	const struct pen_wake *wake; /* ends a wait; borrowed */
	/* May be NULL: the get of this slot's part is about to begin. */
	void (*on_start)(void *context, const struct pen_slot *slot);
	/* May be NULL: part k is here, and waits to be taken. */
	void (*on_full)(void *context, uint32_t k);
	void *context;
};

struct pen_pull {
	struct pen_pull_config config;
	struct pen_plan *plan; /* borrowed */
	struct pen_slot *slots;
	unsigned free_count;
	uint64_t fetched; /* gets that succeeded, ever: the next slot's order */
	uint64_t bytes_wire; /* body bytes received, failed gets included */
	int64_t busy_ns; /* time of successful gets, added up */
};

/* 0 or -ENOMEM. `plan` is borrowed until close. */
int pen_pull_open(
	struct pen_pull *pull, struct pen_plan *plan, const struct pen_pull_config *config);

/* Cancels what flies. Zeroed is fine. */
void pen_pull_close(struct pen_pull *pull);

/*
 * Take what came, then act as the plan says until it says WAIT or END; never blocks. Returns the
 * plan's last action: END, or WAIT and until when.
 */
struct pen_plan_action pen_pull_turn(struct pen_pull *pull, int64_t now_ns);

/*
 * Wait until a get moves on, the wake is signalled (it is cleared), or `ns` have passed. Bytes may
 * move meanwhile; what ended is told by the next turn.
 */
void pen_pull_wait(struct pen_pull *pull, int64_t ns);

/* Give up the get of this part, if it is under way, as if it had not been begun: nobody has failed,
 * and the part is missing again after the next turn. */
void pen_pull_abandon(struct pen_pull *pull, uint32_t part);

/* The part that was fetched first of those that wait, now the caller's; or NULL. */
struct pen_slot *pen_pull_take(struct pen_pull *pull);

/* Put one back that could not be submitted: it is the next to be taken. */
void pen_pull_untake(struct pen_slot *slot);

/* The slot's bytes are not needed any more. */
void pen_pull_give(struct pen_pull *pull, struct pen_slot *slot);

#endif
