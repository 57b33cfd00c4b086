/*
 * sizes: which payload size the next slot of a server gets.
 *
 * A path carries 1,200 bytes, or we would not hear of it. What more it carries is only known when
 * packets have come: so once PEN_SIZES_PROOF packets of the proven size came, the largest that both
 * ends can is tried by one slot, beside others of the proven size. If as many come of it, it is
 * proven; if nothing does, the next smaller one of the three that are worth a try: what both can,
 * Ethernet's, a tunnel's. When a proven size carries nothing any more, the path has changed: all go
 * back to 1,200. What failed is tried again after an eighth of a second, and after each failure
 * twice as long, as a slow disk, or a host that stands still, may look the same; but after a try
 * not before PEN_SIZES_COSTS times what it cost, as on a slow path a slot waits for seconds; and at
 * most after PEN_SIZES_AGAIN_NS. Pure; time is an argument.
 */
#ifndef PEN_FETCH_SIZES_H
#define PEN_FETCH_SIZES_H

#include <stdbool.h>

#include "wire/wire.h"

/* Packets that prove a size: no accident, and little when they are lost. */
#define PEN_SIZES_PROOF 8u
/* Paths get a size seldom, and a try costs a slot's wait. The first is soon: small packets cost
 * more than a slot of many. */
#define PEN_SIZES_FIRST_NS INT64_C(125000000)
#define PEN_SIZES_AGAIN_NS INT64_C(60000000000)
/* Failures take at most this part of the time: one in so many. */
#define PEN_SIZES_COSTS 16

struct pen_sizes {
	enum pen_wire_size most; /* that both ends can */
	enum pen_wire_size limit; /* the largest that has not failed */
	enum pen_wire_size proven;
	bool settled; /* packets of the proven size came since it is that */
	bool trying; /* a slot of size `limit` is under way */
	unsigned failures; /* since a larger size was proven */
	int64_t again_ns; /* when limit is `most` again; INT64_MAX: it is */
};

void pen_sizes_init(struct pen_sizes *sizes, enum pen_wire_size most);

/* The size of the slot that is opened now. */
enum pen_wire_size pen_sizes_next(struct pen_sizes *sizes, int64_t now_ns);

/* A slot of this size got PEN_SIZES_PROOF packets, or all of its few. */
void pen_sizes_came(struct pen_sizes *sizes, enum pen_wire_size size);

/* One got nothing for `cost_ns` although it should have. */
void pen_sizes_failed(
	struct pen_sizes *sizes, enum pen_wire_size size, int64_t cost_ns, int64_t now_ns);

/* A slot of this size ended for another reason: if it was the try, there may be another. */
void pen_sizes_ended(struct pen_sizes *sizes, enum pen_wire_size size);

#endif
