/*
 * make: a store's parts out of a state's file, in nearcore or lean form, many at a time.
 *
 * A survey (make/survey.h) goes over the file once and finds root and memory_usage, and so how many
 * parts there are. Then what lies under the names that the parts get is looked at, before anything
 * is written: a part that proves to be the one wanted is kept, anything else is refused and left as
 * it is. Then workers make the missing parts, each part by one of them (make/craft.h), whom those
 * without a part help with the frames of a lean one (make/frames.h); each appears when it is whole
 * and durable, and its bytes after decompression do not depend on the number of workers. A run that
 * was interrupted is gone on with by the same call.
 *
 * Memory: struct pen_make_budget.
 */
#ifndef PEN_MAKE_MAKE_H
#define PEN_MAKE_MAKE_H

#include "make/survey.h"
#include "store/layout.h"
#include "store/store.h"

/* Which parts, and where to. */
struct pen_make_want {
	struct pen_labels labels; /* chain valid; shown to others as they are */
	uint64_t parts; /* N, as pen_make_parts gave it */
	unsigned forms; /* bit i: in form i, nearcore's or lean; 0: nearcore's */
	int level; /* zstd, PEN_LEVEL_MIN..PEN_LEVEL_MAX */
	const uint8_t *only; /* bit k & 7 of byte k >> 3: part k is wanted; NULL: all are */
};

/* What there is of one form. */
struct pen_make_files {
	uint64_t made; /* files written by this run */
	uint64_t kept; /* files that were there */
	uint64_t content_bytes; /* of all these PartialStates, or of their raw frames */
	uint64_t stored_bytes; /* of all these files */
};

/* How far it is. */
struct pen_make_sum {
	uint64_t parts; /* N */
	uint64_t wanted; /* files: N for each form */
	uint64_t made, kept; /* files of all forms */
	struct pen_make_files forms[PEN_FORMS];
	uint64_t larger; /* parts without a lean file: it would be larger than nearcore's form */
	uint64_t spilled; /* parts too large for a worker's memory, which went through the disk */
	struct pen_make_time time; /* of all workers, added up */
};

/*
 * Asked before each part is proved or made and a few times a second, by one thread at a time. 0 to
 * go on; a negative code ends the run after the parts under way, and is returned. For progress and
 * interruption. NULL is "always go on".
 */
struct pen_make_watch {
	int (*fn)(void *context, const struct pen_make_sum *sum);
	void *context;
};

/*
 * Settle N for a state: `asked`, or nearcore's number of parts if that is 0. 0, or PEN_EREFUSED
 * with a sentence when the state cannot be cut into so many. The empty state has no parts.
 */
int pen_make_parts(
	const struct pen_trie_sum *state, uint64_t asked, uint64_t *parts, struct pen_why *why);

/* What one worker reads and writes through: disks of its own, because a disk has one thread. */
struct pen_make_hand {
	struct pen_disk *source; /* the directory that the state's file is in */
	struct pen_disk *store; /* the same directory as the store's disk */
};

/* What a run works with; all borrowed. */
struct pen_make {
	struct pen_pairs_from from; /* the state's file; the disk in it is each hand's own */
	const struct pen_make_hand *hands; /* as many as jobs */
	unsigned jobs; /* workers, 1..PEN_CREW_JOBS_MAX */
	size_t scratch; /* bytes of entries a worker holds, 0: PEN_GATHER_BYTES */
	struct pen_store *store; /* opened to write; pen_make_run only */
	const struct pen_make_watch *watch; /* or NULL; pen_make_run only */
};

/* How far a survey is; asked as a watch is. */
struct pen_survey_watch {
	int (*fn)(void *context, uint64_t keys, uint64_t bytes, uint64_t of);
	void *context;
};

/*
 * Go over the file with all hands. `survey` is zeroed before; fini it also after an error. 0;
 * PEN_EINPUT naming the first record that is wrong; -errno; -ENOMEM; what the watch returned.
 */
int pen_make_survey(const struct pen_make *make, const struct pen_survey_watch *watch,
	struct pen_survey *survey, struct pen_make_time *time, struct pen_why *why);

/*
 * The budget, as a sum: what the survey holds, and for each worker its entries (once as gathered,
 * once in order, once compressed; for lean form also as frames, as a file, and the names of its
 * values: 3 or 6 x scratch), a stretch with its pairs and zstd's tables. A part with more entries
 * than `scratch` goes through the disk instead.
 */
struct pen_make_budget {
	unsigned copies; /* of the scratch: 3 or 6 */
	size_t survey; /* bytes */
	size_t scratch; /* bytes of entries a worker */
	size_t fixed; /* bytes a worker besides */
	unsigned jobs;
};

/* Smallest scratch that is worth a run of its own. */
#define PEN_MAKE_SCRATCH_MIN ((size_t)4 << 20)

/* The sum of it, bytes. */
size_t pen_make_budget_sum(const struct pen_make_budget *budget);

/* What a budget is made for. */
struct pen_make_budget_ask {
	unsigned jobs;
	unsigned forms; /* as in struct pen_make_want */
	uint64_t memory; /* bytes in all; 0: no cap */
};

/*
 * Settle the budget of a surveyed state: scratch as large as the memory allows, at most
 * PEN_GATHER_BYTES, half of it for lean form; so much without a cap. 0, or PEN_EREFUSED with a
 * sentence that says how much is needed.
 */
int pen_make_budget_settle(const struct pen_survey *survey, const struct pen_make_budget_ask *ask,
	struct pen_make_budget *budget, struct pen_why *why);

/*
 * Make the parts wanted. A lean part that would exceed nearcore's form of it by more than 2 % and 4
 * KiB is not written; if nearcore's form was not wanted, it is written in its place. *sum says what
 * was done, also after an error. 0; PEN_EREFUSED when something else lies in the directory of these
 * labels, or a part would be over its limits; what the watch returned; -ENOSPC and other -errno of
 * the disk; -ENOMEM. The sentence names the file.
 */
int pen_make_run(const struct pen_make *make, const struct pen_survey *survey,
	const struct pen_make_want *want, struct pen_make_sum *sum, struct pen_why *why);

#endif
