/* server_metrics: what /metrics says beside the catalogue and HTTP: the process, its memory, and
 * its UDP addresses. Any thread. */
#ifndef PEN_TOOLS_SERVER_METRICS_H
#define PEN_TOOLS_SERVER_METRICS_H

#include "halls.h"
#include "serve_budget.h"

struct server_metrics {
	int64_t start_ns; /* of the process, by base/clock */
	const struct serve_budget *budget; /* borrowed, like halls */
	struct halls *halls;
};

/* Append it. `context` is a struct server_metrics. 0 or -ENOMEM. */
int server_metrics_print(void *context, struct pen_buf *out);

#endif
