/*
 * A sink that remembers everything in memory, fails where it is told to, and watches that it is
 * used as port/sink.h says (an abort of the test if not). Any thread for batches.
 */
#ifndef PEN_TESTS_FAKES_SINK_H
#define PEN_TESTS_FAKES_SINK_H

#include <pthread.h>

#include "base/buf.h"
#include "port/sink.h"

#define FAKE_PARTS_MAX 4096u

struct fake_row {
	enum pen_column column;
	uint8_t *key;
	size_t key_len;
	uint8_t *value; /* as stored, State without its count */
	size_t value_len;
	int64_t refs;
};

struct fake_sink {
	struct pen_sink sink; /* first */
	pthread_mutex_t lock;
	struct pen_sink_state shard;
	uint8_t applied[FAKE_PARTS_MAX / 8];
	struct pen_buf rows; /* struct fake_row, of committed batches; sorted and merged by fold */
	unsigned commits, aborts, open_batches, finishes;
	/* What fails, with -ENOSPC: a part's number, or -1. */
	int64_t fail_open, fail_put, fail_commit;
};

void fake_sink_init(struct fake_sink *fake);
void fake_sink_fini(struct fake_sink *fake);

/* Begin a shard: root and N are set. */
void fake_sink_begin(struct fake_sink *fake, const struct pen_hash *root, uint32_t parts);

/* Sort the rows by column and key and add up the counts of equal State keys. */
void fake_sink_fold(struct fake_sink *fake);

static inline struct fake_row *fake_rows(struct fake_sink *fake, size_t *count)
{
	*count = fake->rows.len / sizeof(struct fake_row);
	return (struct fake_row *)(void *)fake->rows.at;
}

#endif
