#include "make/strip.h"

#include "base/check.h"
#include "base/clock.h"

int pen_strip_open(struct pen_strip *strip, const struct pen_survey *survey,
	const struct pen_pairs_from *from, struct pen_make_time *time, struct pen_why *why)
{
	*strip = (struct pen_strip){.survey = survey, .time = time};
	int err = pen_feed_open(&strip->feed, from, why);
	strip->feed.stretch_bytes = pen_survey_stretch(strip->feed.stat.bytes);
	return err;
}

void pen_strip_close(struct pen_strip *strip)
{
	if (!strip || !strip->survey)
		return;
	pen_feed_close(&strip->feed);
	pen_stretch_fini(&strip->stretch);
	*strip = (struct pen_strip){0};
}

int pen_strip_fail(const struct pen_strip *strip, struct pen_why *why)
{
	return pen_fail(why, PEN_EINPUT,
		"%s: it changed while it was read; run again when nothing writes to it",
		strip->feed.from.label);
}

void pen_strip_seek(struct pen_strip *strip, const struct pen_mark *mark)
{
	PEN_CHECK(mark);
	strip->mark = mark;
}

/* Read the stretch at strip->mark and find its pairs. */
static int read_stretch(struct pen_strip *strip, struct pen_why *why)
{
	strip->loaded = NULL;
	pen_feed_seek(&strip->feed, strip->mark->offset, strip->mark->record);
	int got = pen_feed_next(&strip->feed, &strip->stretch, why);
	if (got == 0 || (got > 0 && !pen_mark_holds(strip->mark, &strip->stretch)))
		return pen_strip_fail(strip, why);
	int err = got < 0 ? got : pen_stretch_decode(&strip->feed, &strip->stretch, why);
	if (!err)
		strip->loaded = strip->mark;
	return err;
}

int pen_strip_load(struct pen_strip *strip, struct pen_why *why)
{
	const struct pen_buf *marks = &strip->survey->marks;
	int64_t begin = pen_clock_ns();
	if ((const uint8_t *)strip->mark == marks->at + marks->len)
		return pen_strip_fail(strip, why);
	int err = strip->loaded == strip->mark ? 0 : read_stretch(strip, why);
	strip->mark++;
	strip->time->read += pen_clock_ns() - begin;
	return err;
}

size_t pen_strip_first(const struct pen_strip *strip, bool (*below)(struct pen_bytes, const void *),
	const void *what)
{
	const struct pen_pair *pairs = pen_stretch_pairs(&strip->stretch);
	size_t low = 0, high = strip->stretch.count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (below(pairs[middle].key, what))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool pen_strip_next(const struct pen_strip *strip, size_t to, struct pen_bytes *key)
{
	const struct pen_stretch *stretch = &strip->stretch;
	*key = to < stretch->count ? pen_stretch_pairs(stretch)[to].key : stretch->next;
	return to < stretch->count || !stretch->last;
}

/* The hashes of up to PEN_SURVEY_PAIRS values: as the survey kept them, else into `own`. */
static const struct pen_hash *value_hashes(
	struct pen_strip *strip, size_t at, size_t count, struct pen_hash *own)
{
	const struct pen_hash *kept = pen_survey_hashes(
		strip->survey, strip->stretch.record + at, count);
	if (kept)
		return kept;
	int64_t begin = pen_clock_ns();
	pen_pairs_hash(pen_stretch_pairs(&strip->stretch) + at, count, own);
	strip->time->hash += pen_clock_ns() - begin;
	return own;
}

/* What the survey kept of the nodes that are finished at the next record on; NULL: nothing. */
struct known {
	const uint16_t *counts;
	const struct pen_hash *hashes;
};

/* Push one pair, whose nodes the survey may have hashed. */
static int push_pair(struct pen_build *build, const struct pen_pair *pair,
	const struct pen_hash *hash, struct known *known)
{
	int err = pen_build_push(build, pair->key, (uint32_t)pair->value.len, hash);
	if (known->counts) {
		struct pen_build_known nodes = {known->hashes, *known->counts++};
		pen_build_know(build, &nodes);
		known->hashes += nodes.count;
	}
	return err;
}

int pen_strip_push(struct pen_strip *strip, const struct pen_strip_run *run, struct pen_why *why)
{
	const struct pen_pair *pairs = pen_stretch_pairs(&strip->stretch);
	struct pen_hash own[PEN_SURVEY_PAIRS];
	struct known known = {0};
	int err = 0;
	pen_survey_nodes(strip->survey, strip->loaded, run->from, &known.counts, &known.hashes);
	for (size_t at = run->from, count; !err && at < run->to; at += count) {
		count = run->to - at < PEN_SURVEY_PAIRS ? run->to - at : PEN_SURVEY_PAIRS;
		const struct pen_hash *hashes = value_hashes(strip, at, count, own);
		for (size_t i = 0; !err && i < count; i++) {
			const struct pen_pair *pair = &pairs[at + i];
			err = push_pair(run->build, pair, &hashes[i], &known);
			if (!err && run->gather)
				err = pen_gather_add_value(
					run->gather, pair->value, &hashes[i], why);
		}
	}
	return err;
}
