#include "metric.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/check.h"

int metric_print(struct pen_buf *out, const char *format, ...)
{
	char line[METRIC_LINE_BYTES];
	va_list args;
	va_start(args, format);
	int len = vsnprintf(line, sizeof line, format, args);
	va_end(args);
	PEN_CHECK(len >= 0);
	return pen_buf_append(out, line, (size_t)len < sizeof line ? (size_t)len : sizeof line - 1);
}

int metric_begin(struct pen_buf *out, const struct metric *metric)
{
	return metric_print(out, "# HELP penstock_%s %s\n# TYPE penstock_%s %s\n", metric->name,
		metric->help, metric->name, metric->type);
}

int metric_value(struct pen_buf *out, const char *name, const char *labels, uint64_t value)
{
	PEN_CHECK(name && labels);
	if (!labels[0])
		return metric_print(out, "penstock_%s %" PRIu64 "\n", name, value);
	return metric_print(out, "penstock_%s{%s} %" PRIu64 "\n", name, labels, value);
}

int metric_one(struct pen_buf *out, const struct metric *metric, uint64_t value)
{
	int err = metric_begin(out, metric);
	return err ? err : metric_value(out, metric->name, "", value);
}
