#include "server_metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "metric.h"

/* Bytes of the process that are in memory; 0: the machine does not say. */
static uint64_t resident_bytes(void)
{
	uint64_t all, resident = 0;
	FILE *file = fopen("/proc/self/statm", "re");
	if (!file)
		return 0;
	if (fscanf(file, "%" SCNu64 " %" SCNu64, &all, &resident) != 2)
		resident = 0;
	fclose(file);
	return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static int budget_print(const struct pen_budget_sum *lines, struct pen_buf *out)
{
	static const struct metric metric = {
		"memory_planned_bytes", "gauge", "Memory that the server may take, by what for."};
	char label[64];
	int err = metric_begin(out, &metric);
	for (unsigned i = 0; !err && i < lines->count; i++) {
		snprintf(label, sizeof label, "line=\"%s\"", lines->lines[i].name);
		err = metric_value(
			out, metric.name, label, lines->lines[i].count * lines->lines[i].each);
	}
	return err;
}

int server_metrics_print(void *context, struct pen_buf *out)
{
	static const struct metric uptime = {
		"uptime_seconds", "gauge", "Since the server started."};
	static const struct metric resident = {
		"memory_resident_bytes", "gauge", "Memory of the process that is in use now."};
	const struct server_metrics *metrics = context;
	int64_t up_ns = pen_clock_ns() - metrics->start_ns;
	int err = metric_one(out, &uptime, (uint64_t)(up_ns / PEN_NS_PER_S));
	if (!err)
		err = metric_one(out, &resident, resident_bytes());
	if (!err)
		err = budget_print(&metrics->budget->lines, out);
	return err ? err : halls_metrics(metrics->halls, out);
}
