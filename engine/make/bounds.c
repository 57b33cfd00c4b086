#include "make/bounds.h"

#include <errno.h>

#include "base/check.h"
#include "make/survey.h"

/* Where a stretch begins, and the length of its records. */
struct mark {
	uint64_t offset, record;
	size_t len;
};

/* A bound's key in keys_found. */
struct place {
	size_t at, len;
};

void pen_bounds_fini(struct pen_bounds *bounds)
{
	if (!bounds)
		return;
	if (bounds->feed.from.disk)
		pen_feed_close(&bounds->feed);
	pen_stretch_fini(&bounds->stretch);
	pen_measure_fini(&bounds->measure);
	pen_buf_fini(&bounds->marks);
	pen_buf_fini(&bounds->keys_found);
	pen_buf_fini(&bounds->places);
	*bounds = (struct pen_bounds){0};
}

static int no_memory(const struct pen_bounds *bounds, struct pen_why *why)
{
	return pen_fail(why, -ENOMEM, "%s: no memory for its bounds", bounds->feed.from.label);
}

static int push(struct pen_bounds *bounds, const struct pen_pair *pair, struct pen_bytes neighbour,
	uint64_t *cost)
{
	uint32_t common = bounds->measure.any ? pen_key_common(neighbour, pair->key) : 0;
	return pen_measure_push(&bounds->measure, (uint32_t)pair->key.len * 2, common,
		(uint32_t)pair->value.len, cost);
}

/* Add up a stretch whose pairs are decoded. */
static int measure_stretch(struct pen_bounds *bounds, struct pen_why *why)
{
	const struct pen_stretch *stretch = &bounds->stretch;
	const struct pen_pair *pairs = pen_stretch_pairs(stretch);
	struct mark mark = {stretch->offset, stretch->record, stretch->len};
	struct pen_bytes before = {stretch->before, stretch->before_len};
	int err = pen_buf_append(&bounds->marks, &mark, sizeof mark);
	for (uint32_t i = 0; i < stretch->count && !err; i++) {
		uint64_t cost = 0;
		err = push(bounds, &pairs[i], i ? pairs[i - 1].key : before, &cost);
		bounds->memory_usage += cost;
	}
	bounds->keys += stretch->count;
	return err ? no_memory(bounds, why) : 0;
}

int pen_bounds_measure(
	struct pen_bounds *bounds, const struct pen_pairs_from *from, struct pen_why *why)
{
	int got = pen_feed_open(&bounds->feed, from, why);
	bounds->feed.stretch_bytes = bounds->stretch_bytes
		? bounds->stretch_bytes
		: pen_survey_stretch(bounds->feed.stat.bytes);
	while (!got && (got = pen_feed_next(&bounds->feed, &bounds->stretch, why)) > 0) {
		got = pen_stretch_decode(&bounds->feed, &bounds->stretch, why);
		if (!got)
			got = measure_stretch(bounds, why);
	}
	bounds->memory_usage += pen_measure_finish(&bounds->measure);
	return got;
}

/* The keys seen so far, from the end. */
struct descent {
	struct pen_bounds *bounds;
	uint64_t k; /* the bound looked for next; 0: all are found */
	uint64_t behind; /* cost of all nodes whose first key is larger than `key` */
	uint8_t key[PEN_KEY_BYTES_MAX]; /* the last key pushed */
	size_t key_len;
};

/* boundary(k, n): the first key at which the walk has cost more than this. */
static uint64_t threshold(const struct pen_bounds *bounds, uint64_t k)
{
	uint64_t rest = bounds->memory_usage % bounds->n;
	return bounds->memory_usage / bounds->n * k + (k < rest ? k : rest);
}

static int take_bound(struct descent *descent)
{
	struct pen_bounds *bounds = descent->bounds;
	struct place place = {bounds->keys_found.len, descent->key_len};
	int err = pen_buf_append(&bounds->keys_found, descent->key, descent->key_len);
	descent->k--;
	return err ? err : pen_buf_append(&bounds->places, &place, sizeof place);
}

/* The nodes whose first key is the last key pushed cost so much. */
static int take_cost(struct descent *descent, uint64_t cost)
{
	const struct pen_bounds *bounds = descent->bounds;
	uint64_t behind = descent->behind + cost;
	int err = 0;
	/* Of a file that changed the sums may not fit; it is found out in the end. */
	while (!err && descent->k && behind <= bounds->memory_usage &&
		bounds->memory_usage - behind <= threshold(bounds, descent->k))
		err = take_bound(descent);
	descent->behind = behind;
	return err;
}

static int descend_stretch(struct descent *descent)
{
	struct pen_bounds *bounds = descent->bounds;
	const struct pen_pair *pairs = pen_stretch_pairs(&bounds->stretch);
	int err = 0;
	for (size_t i = bounds->stretch.count; i-- > 0 && !err;) {
		struct pen_bytes behind = {descent->key, descent->key_len};
		uint64_t cost;
		err = push(bounds, &pairs[i], behind, &cost);
		if (!err && cost)
			err = take_cost(descent, cost);
		descent->key_len = pairs[i].key.len;
		if (descent->key_len)
			memcpy(descent->key, pairs[i].key.at, descent->key_len);
	}
	return err;
}

static int fail_changed(const struct pen_bounds *bounds, struct pen_why *why)
{
	return pen_fail(why, PEN_EINPUT,
		"%s: it changed while it was read; run again when nothing writes to it",
		bounds->feed.from.label);
}

static int read_stretch(struct pen_bounds *bounds, const struct mark *mark, struct pen_why *why)
{
	pen_feed_seek(&bounds->feed, mark->offset, mark->record);
	int got = pen_feed_next(&bounds->feed, &bounds->stretch, why);
	if (got == 0 || (got > 0 && bounds->stretch.len != mark->len))
		return fail_changed(bounds, why);
	return got < 0 ? got : pen_stretch_decode(&bounds->feed, &bounds->stretch, why);
}

int pen_bounds_find(struct pen_bounds *bounds, uint64_t n, struct pen_why *why)
{
	struct descent descent = {.bounds = bounds, .k = n - 1};
	const struct mark *marks = (const struct mark *)(const void *)bounds->marks.at;
	int err = 0;
	PEN_CHECK(n > 0);
	PEN_CHECK(n <= bounds->memory_usage);
	bounds->n = n;
	bounds->keys_found.len = bounds->places.len = 0;
	pen_measure_reset(&bounds->measure);
	for (size_t i = bounds->marks.len / sizeof *marks; i-- > 0 && !err;) {
		err = read_stretch(bounds, &marks[i], why);
		if (!err && descend_stretch(&descent))
			err = no_memory(bounds, why);
	}
	if (!err && take_cost(&descent, pen_measure_finish(&bounds->measure)))
		err = no_memory(bounds, why);
	if (!err)
		err = pen_feed_unchanged(&bounds->feed, why);
	return !err && (descent.k || descent.behind != bounds->memory_usage)
		? fail_changed(bounds, why)
		: err;
}

struct pen_bytes pen_bounds_key(const struct pen_bounds *bounds, uint64_t k)
{
	const struct place *places = (const struct place *)(const void *)bounds->places.at;
	PEN_CHECK(k < bounds->n);
	if (k == 0)
		return (struct pen_bytes){0};
	const struct place *place = &places[bounds->n - 1 - k];
	return (struct pen_bytes){bounds->keys_found.at + place->at, place->len};
}
