/* null: a sink that keeps nothing and counts commits; any number of threads may use it at once. */
#ifndef PEN_FAKES_NULL_H
#define PEN_FAKES_NULL_H

#include <stdatomic.h>

#include "port/sink.h"

struct null_sink {
	struct pen_sink sink; /* first */
	atomic_uint commits;
};

void null_sink_init(struct null_sink *null);

#endif
