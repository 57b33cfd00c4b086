#include "hush.h"

#include <inttypes.h>
#include <stdarg.h>

#include "base/check.h"

void hush_init(struct hush *hush, FILE *out)
{
	*hush = (struct hush){.out = out};
	for (unsigned i = 0; i < HUSH_CAUSES; i++)
		hush->causes[i].next_ns = INT64_MIN;
	pthread_mutex_init(&hush->mutex, NULL);
}

void hush_fini(struct hush *hush)
{
	pthread_mutex_destroy(&hush->mutex);
}

/* How often it happened, to be said now; 0: not now. */
static uint64_t due(struct hush *hush, enum hush_cause cause, uint64_t count, int64_t now_ns)
{
	uint64_t said = 0;
	PEN_CHECK(cause < HUSH_CAUSES);
	pthread_mutex_lock(&hush->mutex);
	hush->causes[cause].count += count;
	if (now_ns >= hush->causes[cause].next_ns)
		said = hush->causes[cause].count;
	if (said) {
		hush->causes[cause].count = 0;
		hush->causes[cause].next_ns = now_ns + HUSH_NS;
	}
	pthread_mutex_unlock(&hush->mutex);
	return said;
}

bool hush_say(struct hush *hush, enum hush_cause cause, uint64_t count, int64_t now_ns,
	const char *format, ...)
{
	char line[HUSH_LINE_BYTES];
	uint64_t said = due(hush, cause, count, now_ns);
	if (!said)
		return false;
	va_list args;
	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	if (said > 1)
		fprintf(hush->out, "penstock serve: %s (and %" PRIu64 " times more)\n", line,
			said - 1);
	else
		fprintf(hush->out, "penstock serve: %s\n", line);
	return true;
}
