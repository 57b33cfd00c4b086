/* metric: numbers as Prometheus reads them: text of format 0.0.4, appended to a buffer. */
#ifndef PEN_TOOLS_METRIC_H
#define PEN_TOOLS_METRIC_H

#include "base/buf.h"

/* Append a printf-style line, at most METRIC_LINE_BYTES; longer ones are cut. 0 or -ENOMEM. */
#define METRIC_LINE_BYTES 512
int metric_print(struct pen_buf *out, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* What all values of one name have in common. */
struct metric {
	const char *name; /* without "penstock_" */
	const char *type; /* counter, gauge */
	const char *help; /* a sentence in one line */
};

/* Append the two lines in front of its values. 0 or -ENOMEM. */
int metric_begin(struct pen_buf *out, const struct metric *metric);

/* Append one value; labels, `listen="..."`, without braces, or "". 0 or -ENOMEM. */
int metric_value(struct pen_buf *out, const char *name, const char *labels, uint64_t value);

/* Both, for a metric of one value. */
int metric_one(struct pen_buf *out, const struct metric *metric, uint64_t value);

#endif
