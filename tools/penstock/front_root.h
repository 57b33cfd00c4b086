/*
 * front_root: what the front says about the catalogue: a state by its root, and the numbers of
 * /metrics. Text out of a view; nothing is opened here.
 */
#ifndef PEN_TOOLS_FRONT_ROOT_H
#define PEN_TOOLS_FRONT_ROOT_H

#include "reply.h"
#include "shelf.h"

/* What root_answer returns instead of a status: the request names a part that is here. */
#define ROOT_IS_PART 0u

/* Where a part lies. */
struct root_part {
	char path[PEN_CATALOG_PATH_BYTES];
	uint64_t bytes;
	int64_t mtime_ns;
};

/*
 * Answer what stands behind "/root/": "R", or "R/of/N/state_part_K_of_N" (lean_part
 * for lean form). ROOT_IS_PART and *part;
 * else the HTTP status and a JSON object appended to `body`.
 */
unsigned root_answer(const struct shelf_view *view, const char *rest, struct root_part *part,
	struct pen_buf *body);

/* Append the text of /metrics to `body`. 0 or -ENOMEM. */
int root_metrics(const struct shelf_view *view, struct reply_counts *counts, struct pen_buf *body);

#endif
