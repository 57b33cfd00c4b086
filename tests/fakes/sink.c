#include "fakes/sink.h"

#include <errno.h>
#include <stdlib.h>

#include "base/check.h"

struct pen_batch {
	uint32_t k;
	struct pen_buf rows;
};

static struct fake_sink *self(struct pen_sink *sink)
{
	return (struct fake_sink *)sink;
}

static void rows_free(struct pen_buf *rows)
{
	struct fake_row *row = (struct fake_row *)(void *)rows->at;
	for (size_t i = 0; i < rows->len / sizeof *row; i++) {
		free(row[i].key);
		free(row[i].value);
	}
	pen_buf_fini(rows);
}

static int fake_begin(struct pen_sink *sink, const struct pen_sink_state *want,
	struct pen_sink_state *have, uint8_t *applied, struct pen_why *why)
{
	struct fake_sink *fake = self(sink);
	if (fake->commits && want->parts &&
		(fake->shard.parts != want->parts ||
			!pen_hash_equal(&fake->shard.root, &want->root)))
		return pen_fail(why, PEN_EREFUSED, "the fake holds another state");
	if (!fake->commits && want->parts)
		fake->shard = *want;
	*have = fake->shard;
	if (applied)
		memcpy(applied, fake->applied, (want->parts + 7) / 8);
	return 0;
}

static int fake_open(struct pen_sink *sink, const struct pen_sink_state *shard, uint32_t k,
	struct pen_batch **batch, struct pen_why *why)
{
	struct fake_sink *fake = self(sink);
	PEN_CHECK(k < shard->parts);
	if (fake->fail_open == k)
		return pen_fail(why, -ENOSPC, "fake: no space to open");
	*batch = calloc(1, sizeof **batch);
	(*batch)->k = k;
	pthread_mutex_lock(&fake->lock);
	fake->open_batches++;
	pthread_mutex_unlock(&fake->lock);
	return 0;
}

static uint8_t *join(struct pen_bytes a, struct pen_bytes b)
{
	uint8_t *out = malloc(a.len + b.len + 1);
	if (a.len)
		memcpy(out, a.at, a.len);
	if (b.len)
		memcpy(out + a.len, b.at, b.len);
	return out;
}

static int fake_put(struct pen_sink *sink, struct pen_batch *batch, const struct pen_row *rows,
	unsigned count, struct pen_why *why)
{
	if (self(sink)->fail_put == batch->k)
		return pen_fail(why, -ENOSPC, "fake: no space to put");
	for (unsigned i = 0; i < count; i++) {
		PEN_CHECK(rows[i].column == PEN_COLUMN_FLAT || rows[i].refs > 0);
		PEN_CHECK(rows[i].column == PEN_COLUMN_FLAT || rows[i].head.len == 0);
		struct fake_row row = {.column = rows[i].column,
			.key = join(rows[i].key, (struct pen_bytes){0}),
			.key_len = rows[i].key.len,
			.value = join(rows[i].head, rows[i].value),
			.value_len = rows[i].head.len + rows[i].value.len,
			.refs = rows[i].refs};
		PEN_CHECK(pen_buf_append(&batch->rows, &row, sizeof row) == 0);
	}
	return 0;
}

static int commit(struct fake_sink *fake, struct pen_batch *batch, struct pen_why *why)
{
	if (fake->fail_commit == batch->k) {
		rows_free(&batch->rows);
		fake->aborts++;
		return pen_fail(why, -ENOSPC, "fake: no space to commit");
	}
	PEN_CHECK(!(fake->applied[batch->k >> 3] >> (batch->k & 7) & 1));
	fake->applied[batch->k >> 3] |= (uint8_t)(1u << (batch->k & 7));
	PEN_CHECK(pen_buf_append(&fake->rows, batch->rows.at, batch->rows.len) == 0);
	pen_buf_fini(&batch->rows);
	fake->commits++;
	return 0;
}

static int fake_close(
	struct pen_sink *sink, struct pen_batch *batch, bool keep, struct pen_why *why)
{
	struct fake_sink *fake = self(sink);
	int err = 0;
	if (!batch)
		return 0;
	pthread_mutex_lock(&fake->lock);
	fake->open_batches--;
	if (keep) {
		err = commit(fake, batch, why);
	} else {
		rows_free(&batch->rows);
		fake->aborts++;
	}
	pthread_mutex_unlock(&fake->lock);
	free(batch);
	return err;
}

static int fake_finish(
	struct pen_sink *sink, const struct pen_sink_state *shard, struct pen_why *why)
{
	struct fake_sink *fake = self(sink);
	(void)shard, (void)why;
	PEN_CHECK(fake->open_batches == 0);
	fake->finishes++;
	fake->shard.done = true;
	return 0;
}

static const struct pen_sink_ops fake_ops = {
	.begin = fake_begin,
	.open = fake_open,
	.put = fake_put,
	.close = fake_close,
	.finish = fake_finish,
};

void fake_sink_init(struct fake_sink *fake)
{
	*fake = (struct fake_sink){.sink = {.ops = &fake_ops, .label = "fake"},
		.fail_open = -1,
		.fail_put = -1,
		.fail_commit = -1};
	pthread_mutex_init(&fake->lock, NULL);
}

void fake_sink_fini(struct fake_sink *fake)
{
	rows_free(&fake->rows);
	pthread_mutex_destroy(&fake->lock);
}

void fake_sink_begin(struct fake_sink *fake, const struct pen_hash *root, uint32_t parts)
{
	PEN_CHECK(parts <= FAKE_PARTS_MAX);
	fake->shard = (struct pen_sink_state){
		.shard_version = 3, .shard_id = 7, .root = *root, .parts = parts};
}

static int row_order(const void *left, const void *right)
{
	const struct fake_row *a = left, *b = right;
	if (a->column != b->column)
		return a->column < b->column ? -1 : 1;
	return pen_bytes_compare(
		(struct pen_bytes){a->key, a->key_len}, (struct pen_bytes){b->key, b->key_len});
}

void fake_sink_fold(struct fake_sink *fake)
{
	size_t count, kept = 0;
	struct fake_row *rows = fake_rows(fake, &count);
	if (count)
		qsort(rows, count, sizeof *rows, row_order);
	for (size_t i = 0; i < count; i++) {
		if (kept && !row_order(&rows[kept - 1], &rows[i])) {
			PEN_CHECK(rows[i].column == PEN_COLUMN_STATE);
			rows[kept - 1].refs += rows[i].refs;
			free(rows[i].key);
			free(rows[i].value);
		} else {
			rows[kept++] = rows[i];
		}
	}
	fake->rows.len = kept * sizeof *rows;
}
