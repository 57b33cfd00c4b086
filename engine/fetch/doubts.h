/*
 * doubts: what one server is still to be asked about, because it failed its proof while another
 * question to it was open (fetch/blame.h). It is asked one thing at a time (peer/inquiry.h), and
 * any of those that wait may be the one that convicts it.
 *
 * First comes the piece that says most of the path (`first`), then other pieces, then whole parts,
 * which take a question a block; of a kind the oldest. The same bytes do not wait twice. A table of
 * PEN_DOUBTS_MAX: when it is full, what comes is forgotten, or, by what comes first, what came
 * last. Pure; one thread.
 */
#ifndef PEN_FETCH_DOUBTS_H
#define PEN_FETCH_DOUBTS_H

#include "fetch/place.h"
#include "peer/inquiry.h"

/* Half the slots of a session, of which a path changes all. A question each in a third of a second,
 * or if the server is busy in a second and a half. */
#define PEN_DOUBTS_MAX 8u

/* A question that waits for its turn. */
struct pen_doubt {
	struct pen_inquiry inquiry; /* open; of a part perhaps half answered */
	struct pen_piece piece; /* that it is about; of a whole part the first */
	bool first; /* of those that failed together: the others say no more about the path */
};

/* Zeroed is empty. */
struct pen_doubts {
	struct pen_doubt list[PEN_DOUBTS_MAX]; /* the oldest first */
	unsigned count;
};

/* Is it about a whole part? */
static inline bool pen_doubt_is_part(const struct pen_doubt *doubt)
{
	return doubt->inquiry.left > 0;
}

/* Are they about the same bytes of the same piece, or part? */
bool pen_doubt_same(const struct pen_doubt *a, const struct pen_doubt *b);

/* Remember one (copied), unless it waits already, or there is no room. */
void pen_doubts_put(struct pen_doubts *doubts, const struct pen_doubt *doubt);

/* Take the next one out, or the next one about a piece. False if there is none. */
bool pen_doubts_take(struct pen_doubts *doubts, bool pieces_only, struct pen_doubt *out);

#endif
