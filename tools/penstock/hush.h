/*
 * hush: what a server says while it runs, a line a cause and a minute at most, however much there
 * would be to say; so no flood, and no store full of junk, fills a log. What happened in between is
 * counted, and the next line says how often.
 *
 * Any thread; time is an argument.
 */
#ifndef PEN_TOOLS_HUSH_H
#define PEN_TOOLS_HUSH_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Between two lines of one cause. */
#define HUSH_NS INT64_C(60000000000)
/* Bytes of a line, with its end; longer ones are cut. */
#define HUSH_LINE_BYTES 1024

enum hush_cause {
	HUSH_FILE, /* a file of the store is not offered */
	HUSH_READS, /* a raw object has to be read before it is offered */
	HUSH_SCAN, /* the store cannot be looked through */
	HUSH_UNREAD, /* a file of it cannot be read */
	HUSH_FULL, /* all sessions are taken */
	HUSH_HELLOS, /* more handshakes than are taken in */
	HUSH_DISK, /* a read failed */
	HUSH_LOST_IN, /* packets that came were lost for want of room */
	HUSH_LOST_OUT, /* packets could not be sent */
	HUSH_CAUSES
};

struct hush {
	FILE *out; /* borrowed */
	pthread_mutex_t mutex; /* for all below */
	struct {
		uint64_t count; /* times it happened since the last line */
		int64_t next_ns; /* no line before */
	} causes[HUSH_CAUSES];
};

void hush_init(struct hush *hush, FILE *out);
void hush_fini(struct hush *hush);

/*
 * It happened `count` times more: say so, "penstock serve: " and a printf-style sentence, or keep
 * it for later. With a count of 0 only what was kept is said, if it is time. Whether a line was
 * written.
 */
bool hush_say(struct hush *hush, enum hush_cause cause, uint64_t count, int64_t now_ns,
	const char *format, ...) __attribute__((format(printf, 5, 6)));

#endif
