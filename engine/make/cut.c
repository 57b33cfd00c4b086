#include "make/cut.h"

#include <errno.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/text.h"
#include "part/partial.h"

int pen_cut_open(struct pen_cut *cut, const struct pen_survey *survey,
	const struct pen_pairs_from *from, const struct pen_gather_spill *spill, size_t limit,
	struct pen_why *why)
{
	*cut = (struct pen_cut){
		.survey = survey, .dig = {.strip = &cut->strip, .build = &cut->build}};
	cut->gather.limit = limit;
	cut->gather.spill = *spill;
	return pen_strip_open(&cut->strip, survey, from, &cut->time, why);
}

void pen_cut_close(struct pen_cut *cut)
{
	if (!cut || !cut->survey)
		return;
	pen_strip_close(&cut->strip);
	pen_dig_fini(&cut->dig);
	pen_build_fini(&cut->build);
	pen_gather_fini(&cut->gather);
	*cut = (struct pen_cut){0};
}

/* A node on the way to a bound, which belongs to the part that is gathered. */
static int fetch_gather(void *context, const struct pen_hash *hash, struct pen_fetched *out)
{
	struct pen_cut *cut = context;
	int err = pen_dig_fetch(&cut->dig, hash, out);
	return err ? err : pen_gather_add(&cut->gather, out->bytes, cut->why);
}

static int find_bound(struct pen_cut *cut, uint64_t k, uint64_t n, struct pen_bound *out)
{
	struct pen_reader reader = {fetch_gather, cut};
	struct pen_why why = {0};
	pen_dig_begin(&cut->dig, cut->why);
	int err = pen_trie_bound(&reader, &cut->survey->sum.root, k, n, out, &why);
	if (err == PEN_EMISSING)
		return pen_strip_fail(&cut->strip, cut->why);
	if (err && cut->why && !cut->why->text[0])
		*cut->why = why;
	return err;
}

static int take_node(void *context, const struct pen_hash *hash, struct pen_bytes bytes)
{
	struct pen_cut *cut = context;
	(void)hash;
	return pen_gather_add(&cut->gather, bytes, cut->why);
}

/* What hangs outside of the part hangs from nodes that were read, so it is known by hash. */
static int check_limb(void *context, const struct pen_limb *limb)
{
	struct pen_cut *cut = context;
	struct pen_bytes bytes;
	if (limb->is_value || pen_dig_find(&cut->dig, &limb->hash, &bytes))
		return 0;
	return pen_strip_fail(&cut->strip, cut->why);
}

/* The keys of a part in bytes. */
struct interval {
	uint8_t begin[PEN_KEY_BYTES_MAX], end[PEN_KEY_BYTES_MAX];
	struct pen_bytes first, behind; /* of the two; behind.at NULL: no end */
};

static int interval_of(const struct pen_cut *cut, struct interval *out)
{
	int first = pen_path_key(&cut->begin.path, out->begin);
	int behind = cut->end.none ? 0 : pen_path_key(&cut->end.path, out->end);
	if (first < 0 || behind < 0)
		return PEN_EINCONSISTENT;
	out->first = (struct pen_bytes){out->begin, (size_t)first};
	out->behind = (struct pen_bytes){cut->end.none ? NULL : out->end, (size_t)behind};
	return 0;
}

static bool is_before(struct pen_bytes key, const void *interval)
{
	return pen_bytes_compare(key, ((const struct interval *)interval)->first) < 0;
}

static bool is_not_behind(struct pen_bytes key, const void *interval)
{
	const struct pen_bytes *behind = &((const struct interval *)interval)->behind;
	return !behind->at || pen_bytes_compare(key, *behind) < 0;
}

/* Push the stretch's pairs that lie in the interval. 1: the part ends in it; 0: it goes on. */
static int stream_stretch(struct pen_cut *cut, struct pen_build *build,
	const struct interval *interval, const struct pen_mark *mark)
{
	const struct pen_pair *pairs = pen_stretch_pairs(&cut->strip.stretch);
	size_t from = pen_strip_first(&cut->strip, is_before, interval);
	size_t to = pen_strip_first(&cut->strip, is_not_behind, interval);
	const struct pen_strip_run run = {build, from, to, &cut->gather};
	if (build->sum.keys == 0 && from < to)
		pen_build_open(build,
			from ? (int64_t)pen_key_common(pairs[from - 1].key, pairs[from].key)
			     : mark->left,
			check_limb, cut);
	int err = pen_strip_push(&cut->strip, &run, cut->why);
	if (err)
		return err;
	struct pen_bytes next;
	bool last = !pen_strip_next(&cut->strip, to, &next);
	if (!last && is_not_behind(next, interval))
		return 0;
	/* Before the first key there are nodes, but no keys. Every other bound is a key. */
	if (build->sum.keys == 0)
		return interval->first.len ? pen_strip_fail(&cut->strip, cut->why) : 1;
	struct pen_bytes end = {build->key, build->key_len / 2};
	err = pen_build_close(build, last ? -1 : (int64_t)pen_key_common(end, next), NULL);
	return err ? err : 1;
}

/* Go to the stretch that the interval begins in. */
static const struct pen_mark *seek_interval(struct pen_cut *cut, const struct interval *interval)
{
	const struct pen_mark *mark = pen_survey_find(cut->survey, interval->first);
	if (!mark)
		mark = (const struct pen_mark *)(const void *)cut->survey->marks.at;
	pen_strip_seek(&cut->strip, mark);
	return mark;
}

/* All pairs of the part go by. */
static int stream(struct pen_cut *cut, const struct interval *interval)
{
	const struct pen_mark *mark = seek_interval(cut, interval);
	struct pen_build *build = &cut->build;
	int got = 0;
	pen_build_reset(build);
	build->fn = take_node;
	build->context = cut;
	build->batch.clock = pen_clock_ns;
	while (got == 0) {
		got = pen_strip_load(&cut->strip, cut->why);
		if (!got)
			got = stream_stretch(cut, build, interval, mark);
	}
	cut->time.hash += build->batch.hash_ns;
	return got < 0 ? got : 0;
}

static int gather_bounds(struct pen_cut *cut, uint64_t k, uint64_t n)
{
	pen_gather_reset(&cut->gather);
	pen_dig_trim(&cut->dig);
	int err = find_bound(cut, k, n, &cut->begin);
	return err ? err : find_bound(cut, k + 1, n, &cut->end);
}

static bool is_trivial(const struct pen_cut *cut)
{
	return cut->begin.none ||
		(!cut->end.none && pen_path_compare(&cut->begin.path, &cut->end.path) == 0);
}

int pen_cut_part(struct pen_cut *cut, uint64_t k, uint64_t n, struct pen_why *why)
{
	struct interval interval;
	int64_t begin = pen_clock_ns();
	struct pen_make_time before = cut->time;
	PEN_CHECK(k < n);
	cut->why = why;
	int err = gather_bounds(cut, k, n);
	int64_t bounded = pen_clock_ns();
	cut->time = before;
	cut->time.bounds += bounded - begin;
	before = cut->time;
	if (!err)
		err = interval_of(cut, &interval);
	if (!err && !is_trivial(cut))
		err = stream(cut, &interval);
	int64_t built = pen_clock_ns();
	cut->time.build += built - bounded - (cut->time.read - before.read) -
		(cut->time.hash - before.hash);
	if (!err)
		err = pen_gather_finish(&cut->gather, why);
	cut->time.sort += pen_clock_ns() - built;
	if (!err &&
		(cut->gather.count > PEN_PART_ENTRIES_MAX ||
			cut->gather.bytes + PEN_PARTIAL_HEAD_BYTES > PEN_PART_BYTES_MAX))
		err = pen_fail(why, PEN_EREFUSED,
			"part %llu of %llu has %u entries in %zu bytes, at most %u and %zu are "
			"allowed: ask for more parts with --of",
			(unsigned long long)k, (unsigned long long)n, cut->gather.count,
			cut->gather.bytes, PEN_PART_ENTRIES_MAX, PEN_PART_BYTES_MAX);
	return err;
}

/* Press the stretch's pairs that lie in the interval. 1: the part ends in it; 0: it goes on. */
static int press_stretch(
	struct pen_cut *cut, const struct interval *interval, const struct pen_cut_press *with)
{
	const struct pen_pair *pairs = pen_stretch_pairs(&cut->strip.stretch);
	size_t from = pen_strip_first(&cut->strip, is_before, interval);
	size_t to = pen_strip_first(&cut->strip, is_not_behind, interval);
	const struct pen_hash *hashes = to > from
		? pen_survey_hashes(cut->survey, cut->strip.stretch.record + from, to - from)
		: NULL;
	for (size_t i = from; i < to; i++) {
		pen_worth_add(with->worth, pairs[i].value);
		int err = pen_press_push(
			with->press, &pairs[i], hashes ? &hashes[i - from] : NULL, cut->why);
		if (err)
			return err;
	}
	struct pen_bytes next;
	return !pen_strip_next(&cut->strip, to, &next) || !is_not_behind(next, interval);
}

static int press_pairs(struct pen_cut *cut, const struct pen_cut_press *with)
{
	struct interval interval;
	int got = interval_of(cut, &interval);
	if (got || is_trivial(cut))
		return got;
	seek_interval(cut, &interval);
	while (got == 0) {
		got = pen_strip_load(&cut->strip, cut->why);
		if (!got)
			got = press_stretch(cut, &interval, with);
	}
	return got < 0 ? got : 0;
}

static int press_bounds(
	struct pen_cut *cut, const struct pen_part_id *id, const struct pen_cut_press *with)
{
	struct pen_reader reader = {pen_dig_fetch, &cut->dig};
	struct pen_why why = {0};
	pen_dig_begin(&cut->dig, cut->why);
	pen_dig_trim(&cut->dig);
	int err = pen_press_open(with->press, id, &reader, with->level, &why);
	if (err == PEN_EMISSING)
		return pen_strip_fail(&cut->strip, cut->why);
	if (err && cut->why && !cut->why->text[0])
		*cut->why = why;
	cut->begin = with->press->begin;
	cut->end = with->press->end;
	return err;
}

int pen_cut_lean(struct pen_cut *cut, const struct pen_part_id *id,
	const struct pen_cut_press *with, struct pen_why *why)
{
	struct pen_make_time before = cut->time;
	int64_t begin = pen_clock_ns();
	PEN_CHECK(id->k < id->n);
	cut->why = why;
	int err = pen_worth_reset(with->worth);
	if (!err)
		err = press_bounds(cut, id, with);
	int64_t bounded = pen_clock_ns();
	cut->time = before;
	cut->time.bounds += bounded - begin;
	if (!err)
		err = press_pairs(cut, with);
	cut->time.press += pen_clock_ns() - bounded - (cut->time.read - before.read);
	return err;
}

static int append(void *context, struct pen_bytes entry)
{
	return pen_buf_append(context, entry.at, entry.len);
}

int pen_cut_content(struct pen_cut *cut, struct pen_buf *out, struct pen_why *why)
{
	uint8_t head[PEN_PARTIAL_HEAD_BYTES] = {0};
	pen_put_le32(head + 1, cut->gather.count);
	size_t bytes = cut->gather.bytes + sizeof head;
	/* Parts of a state differ by little: a buffer that is new takes some more. */
	if ((!out->cap && pen_buf_reserve_whole(out, bytes + bytes / 8)) ||
		pen_buf_grow(out, bytes))
		return pen_fail(
			why, -ENOMEM, "no memory for a part of %zu bytes", cut->gather.bytes);
	int err = pen_buf_append(out, head, sizeof head);
	return err ? err : pen_gather_each(&cut->gather, append, out, why);
}
