/*
 * attest: a digest of what this server holds of a piece, for a client that must know whom to
 * believe (wire/wire.h, BEFORE A BAN). Read on demand, hashed here: 1 MiB costs the net core about
 * a millisecond, so at most four a second for each session (who sent a whole part is asked for each
 * of its blocks), and PEN_ATTESTS_MAX under way for all.
 *
 * Order: ask, then poll in every turn of the loop until all is done. One thread; time is an
 * argument.
 */
#ifndef PEN_SERVE_ATTEST_H
#define PEN_SERVE_ATTEST_H

#include "serve/reach.h"

/* Under way at a time. */
#define PEN_ATTESTS_MAX 8u
/* Of one session, and of all sessions of a core: 1 in 16 of its time at most. */
#define PEN_ATTEST_NS INT64_C(250000000)
#define PEN_ATTEST_ALL_NS INT64_C(16000000)
/* Until a piece that found no block is asked for again. */
#define PEN_ATTEST_AGAIN_NS INT64_C(1000000)

struct pen_attest {
	bool busy; /* this place is taken */
	uint64_t session; /* number of who asked */
	struct pen_wire_object object; /* what */
	struct pen_reach reach; /* where it is, or will be */
	bool found; /* reach says where it is */
	uint32_t entry; /* of the cache, with the piece; or PEN_REACH_NONE */
};

/* Zeroed is empty. */
struct pen_attests {
	struct pen_attest places[PEN_ATTESTS_MAX];
	unsigned count; /* busy ones */
	int64_t hashed_ns; /* when a piece was last hashed */
	uint64_t hashed; /* pieces, ever */
};

/*
 * Somebody asks for a digest. True: it will come from pen_attests_poll. False: *attested is the
 * answer, that it is not held, or that there is no place.
 */
bool pen_attests_ask(struct pen_attests *attests, struct pen_reacher *reacher, uint64_t session,
	const struct pen_wire_object *object, struct pen_wire_attested *attested);

/* The answer that says "not now". */
void pen_attest_busy(const struct pen_wire_object *object, struct pen_wire_attested *attested);

/* One answer that is ready, at most one digest in PEN_ATTEST_ALL_NS: true, and for whom. */
bool pen_attests_poll(struct pen_attests *attests, struct pen_reacher *reacher, int64_t now_ns,
	uint64_t *session, struct pen_wire_attested *attested);

/* When to poll again if no read ends before: INT64_MAX if there is nothing to do. */
int64_t pen_attests_due_ns(const struct pen_attests *attests, int64_t now_ns);

/* Let go of everything. */
void pen_attests_end(struct pen_attests *attests, struct pen_reacher *reacher);

#endif
