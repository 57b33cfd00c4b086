#include "meter.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"

#define METER_TERMINAL_NS (250 * PEN_NS_PER_MS)
#define METER_LINE_NS (10 * PEN_NS_PER_S)
/* Of a terminal that does not say how wide it is. */
#define METER_COLUMNS 80

void meter_begin(struct meter *meter, bool quiet, int64_t now_ns)
{
	*meter = (struct meter){.terminal = isatty(STDERR_FILENO),
		.muted = quiet,
		.begin_ns = now_ns,
		.shown_ns = now_ns};
}

bool meter_due(const struct meter *meter, int64_t now_ns)
{
	int64_t interval = meter->terminal ? METER_TERMINAL_NS : METER_LINE_NS;
	return !meter->muted && now_ns - meter->shown_ns >= interval;
}

void meter_count(struct meter *meter, uint64_t bytes, int64_t now_ns)
{
	double seconds = (double)(now_ns - meter->shown_ns) / PEN_NS_PER_S;
	/* A get that failed takes its bytes with it. */
	uint64_t more = bytes > meter->shown_bytes ? bytes - meter->shown_bytes : 0;
	double rate = seconds > 0 ? (double)more / seconds : 0;
	meter->rate = meter->rate > 0 ? 0.7 * meter->rate + 0.3 * rate : rate;
	meter->shown_bytes = bytes;
	meter->shown_ns = now_ns;
}

/* One row of the terminal, and no more: what wraps cannot be drawn over. */
static void row_draw(meter_line line, const void *context, int64_t now_ns)
{
	struct winsize size = {0};
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	if (!out)
		return;
	line(context, out, now_ns);
	fclose(out);
	bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
	fprintf(stderr, "\r%.*s\033[K", (known ? size.ws_col : METER_COLUMNS) - 1, text);
	fflush(stderr);
	free(text);
}

void meter_show(const struct meter *meter, meter_line line, const void *context, int64_t now_ns)
{
	if (meter->terminal) {
		row_draw(line, context, now_ns);
		return;
	}
	line(context, stderr, now_ns);
	fprintf(stderr, "\n");
}

void meter_eta(const struct meter *meter, FILE *out, uint32_t done, uint32_t left, int64_t now_ns)
{
	if (done == 0)
		return;
	double seconds = (double)(now_ns - meter->begin_ns) / PEN_NS_PER_S * left / done;
	if (seconds < 120)
		fprintf(out, ", %.0f s left", seconds);
	else
		fprintf(out, ", %.0f min left", seconds / 60);
}

void meter_end(const struct meter *meter)
{
	if (meter->terminal && !meter->muted)
		fprintf(stderr, "\r\033[K");
}
