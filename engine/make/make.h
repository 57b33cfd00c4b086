/*
 * make: a store's parts out of a state in memory, in nearcore form.
 *
 * What lies under the names that the parts get is looked at first, before anything is written: a
 * part that proves to be the one wanted is kept, anything else is refused and left as it is. Then
 * the missing parts are made in order; each appears when it is whole and durable. So a run that was
 * interrupted is gone on with by the same call, and a second one has nothing to do.
 */
#ifndef PEN_MAKE_MAKE_H
#define PEN_MAKE_MAKE_H

#include "make/state.h"
#include "store/layout.h"
#include "store/store.h"

/* Which parts, and where to. */
struct pen_make_want {
	struct pen_labels labels; /* chain valid; shown to others as they are */
	uint64_t parts; /* N, as pen_make_parts gave it */
	int level; /* zstd, PEN_LEVEL_MIN..PEN_LEVEL_MAX */
};

/* How far it is. */
struct pen_make_sum {
	uint64_t parts; /* N */
	uint64_t made; /* parts written by this run */
	uint64_t kept; /* parts that were there */
	uint64_t content_bytes; /* of all these PartialStates */
	uint64_t stored_bytes; /* of all these files */
};

/*
 * Asked before each part is proved or made. 0 to go on; a negative code ends the run after the
 * part before, and is returned. For progress and interruption. NULL is "always go on".
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

/* What a run works with; all borrowed. */
struct pen_make {
	struct pen_state *state;
	struct pen_store *store; /* opened to write */
	const struct pen_make_watch *watch; /* or NULL */
};

/*
 * Make all parts. *sum says what was done, also after an error. 0; PEN_EREFUSED when something
 * else lies in the directory of these labels, or a part would be over its limits; what the watch
 * returned; -ENOSPC and other -errno of the disk; -ENOMEM. The sentence names the file.
 */
int pen_make_run(const struct pen_make *make, const struct pen_make_want *want,
	struct pen_make_sum *sum, struct pen_why *why);

#endif
