/*
 * sizes: which payload size the next slot of a server gets.
 *
 * A path carries 1,200 bytes, or we would not hear of it. What more it carries is only known when
 * packets have come: so once PEN_SIZES_PROOF packets of the proven size came, the largest that both
 * ends can is tried by PEN_SIZES_TRIAL_PACKETS packets of one piece, beside the rest of it in the
 * proven size (fetch/place.h). If they come it is proven; if none does, the next smaller one of the
 * three that are worth a try: what both can, Ethernet's, a tunnel's. When a proven size carries
 * nothing any more, the path has changed: all go back to 1,200. What failed is tried again after an
 * eighth of a second, and after each failure twice as long, as a slow disk, or a host that stands
 * still, may look the same; but after a try not before PEN_SIZES_COSTS times what its packets took,
 * as that is much on a slow path; and at most after PEN_SIZES_AGAIN_NS. What is proven stays so
 * when a session begins anew: the path is the same. Pure; time is an argument.
 */
#ifndef PEN_FETCH_SIZES_H
#define PEN_FETCH_SIZES_H

#include <stdbool.h>

#include "wire/wire.h"

/* Packets that prove a size: no accident. */
#define PEN_SIZES_PROOF 8u
/* Packets that are sent to try one: little when they are lost. */
#define PEN_SIZES_TRIAL_PACKETS 8u
/* Paths get a size seldom. The first try is soon: it costs little, and small packets much. */
#define PEN_SIZES_FIRST_NS INT64_C(125000000)
#define PEN_SIZES_AGAIN_NS INT64_C(60000000000)
/* Failures take at most this part of the time: one in so many. */
#define PEN_SIZES_COSTS 16

struct pen_sizes {
	enum pen_wire_size most; /* that both ends can */
	enum pen_wire_size limit; /* the largest that has not failed */
	enum pen_wire_size proven; /* what slots get */
	bool settled; /* packets of the proven size came since it is that, or the session is */
	bool trying; /* a try of size `limit`, as it was then, is under way */
	unsigned failures; /* since a larger size was proven */
	int64_t again_ns; /* when limit is `most` again; INT64_MAX: it is */
};

/* A session begins; `sizes` are zeroed, or of an earlier one on the same path. */
void pen_sizes_begin(struct pen_sizes *sizes, enum pen_wire_size most);

/* The size to be tried now, which is the caller's to say more of from then on; the proven one if
 * none is. */
enum pen_wire_size pen_sizes_try(struct pen_sizes *sizes, int64_t now_ns);

/* PEN_SIZES_PROOF packets of a slot of this size came, or all of its few; or a try of it passed. */
void pen_sizes_came(struct pen_sizes *sizes, enum pen_wire_size size);

/* Nothing came of a try, the packets of which took `cost_ns`. */
void pen_sizes_failed(
	struct pen_sizes *sizes, enum pen_wire_size size, int64_t cost_ns, int64_t now_ns);

/* A try is over, whatever was said of it before: there may be another. */
void pen_sizes_ended(struct pen_sizes *sizes);

/* A slot of this size, proven once, got nothing although it should have. */
void pen_sizes_swallowed(struct pen_sizes *sizes, enum pen_wire_size size, int64_t now_ns);

#endif
