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
	*cut = (struct pen_cut){.survey = survey};
	cut->gather.limit = limit;
	cut->gather.spill = *spill;
	int err = pen_feed_open(&cut->feed, from, why);
	cut->feed.stretch_bytes = pen_survey_stretch(cut->feed.stat.bytes);
	return err;
}

void pen_cut_close(struct pen_cut *cut)
{
	if (!cut || !cut->survey)
		return;
	pen_feed_close(&cut->feed);
	pen_stretch_fini(&cut->stretch);
	pen_entries_fini(&cut->nodes);
	pen_chunks_fini(&cut->memory);
	pen_build_fini(&cut->build);
	pen_buf_fini(&cut->belows);
	pen_gather_fini(&cut->gather);
	*cut = (struct pen_cut){0};
}

static int fail_changed(struct pen_cut *cut)
{
	return pen_fail(cut->why, PEN_EINPUT,
		"%s: it changed while it was read; run again when nothing writes to it",
		cut->feed.from.label);
}

/* Go to the stretch at a mark. */
static void seek(struct pen_cut *cut, const struct pen_mark *mark)
{
	cut->mark = mark;
}

/* Read the stretch at cut->mark and find its pairs. */
static int read_stretch(struct pen_cut *cut)
{
	cut->loaded = NULL;
	pen_feed_seek(&cut->feed, cut->mark->offset, cut->mark->record);
	int got = pen_feed_next(&cut->feed, &cut->stretch, cut->why);
	if (got == 0 || (got > 0 && !pen_mark_holds(cut->mark, &cut->stretch)))
		return fail_changed(cut);
	int err = got < 0 ? got : pen_stretch_decode(&cut->feed, &cut->stretch, cut->why);
	if (!err)
		cut->loaded = cut->mark;
	return err;
}

/* Have the stretch at cut->mark in memory; cut->mark then is the one behind it. */
static int load_stretch(struct pen_cut *cut)
{
	const struct pen_buf *marks = &cut->survey->marks;
	int64_t begin = pen_clock_ns();
	if ((const uint8_t *)cut->mark == marks->at + marks->len)
		return fail_changed(cut);
	int err = cut->loaded == cut->mark ? 0 : read_stretch(cut);
	cut->mark++;
	cut->time.read += pen_clock_ns() - begin;
	return err;
}

/* The first pair of the stretch that `below` does not say yes to; it says yes to all before. */
static size_t first_not(
	const struct pen_cut *cut, bool (*below)(struct pen_bytes, const void *), const void *what)
{
	const struct pen_pair *pairs = pen_stretch_pairs(&cut->stretch);
	size_t low = 0, high = cut->stretch.count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (below(pairs[middle].key, what))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* <0: the key lies before the subtree at this path; 0: in it; >0: behind it. */
static int compare_path(struct pen_bytes key, struct pen_bytes path)
{
	for (size_t i = 0; i < path.len; i++) {
		if (i / 2 == key.len)
			return -1;
		uint8_t nibble = i % 2 ? key.at[i / 2] & 15 : key.at[i / 2] >> 4;
		if (nibble != path.at[i])
			return nibble < path.at[i] ? -1 : 1;
	}
	return 0;
}

static bool before_path(struct pen_bytes key, const void *path)
{
	return compare_path(key, *(const struct pen_bytes *)path) < 0;
}

static bool until_path(struct pen_bytes key, const void *path)
{
	return compare_path(key, *(const struct pen_bytes *)path) <= 0;
}

static int hold_node(void *context, const struct pen_hash *hash, struct pen_bytes bytes)
{
	struct pen_cut *cut = context;
	struct pen_bytes kept;
	int err = pen_chunks_copy(&cut->memory, bytes, &kept);
	if (!err)
		err = pen_entries_add(&cut->nodes, hash, kept);
	return err < 0 ? err : 0;
}

/* The hashes of up to PEN_SURVEY_PAIRS values: as the survey kept them, else into `own`. */
static const struct pen_hash *value_hashes(
	struct pen_cut *cut, size_t at, size_t count, struct pen_hash *own)
{
	const struct pen_hash *kept = pen_survey_hashes(
		cut->survey, cut->stretch.record + at, count);
	if (kept)
		return kept;
	int64_t begin = pen_clock_ns();
	pen_pairs_hash(pen_stretch_pairs(&cut->stretch) + at, count, own);
	cut->time.hash += pen_clock_ns() - begin;
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

/* Push pairs [from, to) of the stretch; with `gather` their values belong to the part. */
static int push_pairs(
	struct pen_cut *cut, struct pen_build *build, size_t from, size_t to, bool gather)
{
	const struct pen_pair *pairs = pen_stretch_pairs(&cut->stretch);
	struct pen_hash own[PEN_SURVEY_PAIRS];
	struct known known = {0};
	int err = 0;
	pen_survey_nodes(cut->survey, cut->loaded, from, &known.counts, &known.hashes);
	for (size_t at = from, count; !err && at < to; at += count) {
		count = to - at < PEN_SURVEY_PAIRS ? to - at : PEN_SURVEY_PAIRS;
		const struct pen_hash *hashes = value_hashes(cut, at, count, own);
		for (size_t i = 0; !err && i < count; i++) {
			const struct pen_pair *pair = &pairs[at + i];
			err = push_pair(build, pair, &hashes[i], &known);
			if (!err && gather)
				err = pen_gather_add_value(
					&cut->gather, pair->value, &hashes[i], cut->why);
		}
	}
	return err;
}

/* Begin a build whose nodes go to `fn`, in the memory of the one before. */
static struct pen_build *begin_build(struct pen_cut *cut, pen_batch_fn fn)
{
	pen_build_reset(&cut->build);
	cut->build.fn = fn;
	cut->build.context = cut;
	cut->build.batch.clock = pen_clock_ns;
	return &cut->build;
}

/* Build the subtree of a limb again, with all its nodes. */
static int expand(struct pen_cut *cut, const struct pen_below *below)
{
	const struct pen_mark *marks = (const struct pen_mark *)(const void *)cut->survey->marks.at;
	seek(cut, &marks[below->stretch]);
	int err = load_stretch(cut);
	if (err)
		return err;
	size_t from = first_not(cut, before_path, &below->path);
	size_t to = first_not(cut, until_path, &below->path);
	struct pen_build *build = begin_build(cut, hold_node);
	pen_build_open(build, (int64_t)below->path.len - 1, NULL, NULL);
	err = push_pairs(cut, build, from, to, false);
	return err ? err : pen_build_close(build, (int64_t)below->path.len - 1, NULL);
}

/* Look a node up on the survey, then below the limbs that were expanded. *below (may be NULL) says
 * how to go below it, if it is a limb. */
static bool look_up(struct pen_cut *cut, const struct pen_hash *hash, struct pen_bytes *out,
	struct pen_below *below)
{
	const struct pen_below *belows = (const struct pen_below *)(const void *)
						 cut->survey->below.at;
	uint32_t at = pen_entries_find(&cut->survey->nodes, hash);
	const struct pen_entry *entry = NULL;
	if (at != PEN_ENTRY_NONE) {
		entry = pen_entries_at(&cut->survey->nodes, at);
		if (below)
			*below = belows[at];
	} else if ((at = pen_entries_find(&cut->nodes, hash)) != PEN_ENTRY_NONE) {
		entry = pen_entries_at(&cut->nodes, at);
	}
	if (entry)
		*out = (struct pen_bytes){entry->at, entry->len};
	return entry != NULL;
}

/*
 * Find a node that lies below a limb. Nearly always that is the limb fetched last: a bound reads
 * the children of the node that it is at. Where subtrees repeat, a sibling may have come between.
 */
static int dig(struct pen_cut *cut, const struct pen_hash *hash, struct pen_bytes *out)
{
	while (cut->belows.len) {
		struct pen_below below;
		cut->belows.len -= sizeof below;
		memcpy(&below, cut->belows.at + cut->belows.len, sizeof below);
		int err = expand(cut, &below);
		if (err)
			return err;
		if (look_up(cut, hash, out, NULL))
			return 0;
	}
	return PEN_EMISSING;
}

/* A node on the way to a bound. */
static int fetch(void *context, const struct pen_hash *hash, struct pen_fetched *out)
{
	struct pen_cut *cut = context;
	const struct pen_hash wanted = *hash;
	struct pen_below below = {.stretch = PEN_BELOW_NONE};
	*out = (struct pen_fetched){0};
	int err = look_up(cut, &wanted, &out->bytes, &below) ? 0 : dig(cut, &wanted, &out->bytes);
	if (!err && below.stretch != PEN_BELOW_NONE)
		err = pen_buf_append(&cut->belows, &below, sizeof below);
	return err;
}

/* The same, where it belongs to the part that is gathered. */
static int fetch_gather(void *context, const struct pen_hash *hash, struct pen_fetched *out)
{
	struct pen_cut *cut = context;
	int err = fetch(context, hash, out);
	return err ? err : pen_gather_add(&cut->gather, out->bytes, cut->why);
}

static int find_bound(struct pen_cut *cut, uint64_t k, uint64_t n, struct pen_bound *out)
{
	struct pen_reader reader = {fetch_gather, cut};
	struct pen_why why = {0};
	cut->belows.len = 0;
	int err = pen_trie_bound(&reader, &cut->survey->sum.root, k, n, out, &why);
	if (err == PEN_EMISSING)
		return fail_changed(cut);
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
	if (limb->is_value || look_up(cut, &limb->hash, &bytes, NULL))
		return 0;
	return fail_changed(cut);
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

/* The key behind pair `to` - 1 of the stretch; false if there is none in the file. */
static bool next_key(const struct pen_cut *cut, size_t to, struct pen_bytes *key)
{
	const struct pen_stretch *stretch = &cut->stretch;
	*key = to < stretch->count ? pen_stretch_pairs(stretch)[to].key : stretch->next;
	return to < stretch->count || !stretch->last;
}

/* Push the stretch's pairs that lie in the interval. 1: the part ends in it; 0: it goes on. */
static int stream_stretch(struct pen_cut *cut, struct pen_build *build,
	const struct interval *interval, const struct pen_mark *mark)
{
	const struct pen_pair *pairs = pen_stretch_pairs(&cut->stretch);
	size_t from = first_not(cut, is_before, interval);
	size_t to = first_not(cut, is_not_behind, interval);
	if (build->sum.keys == 0 && from < to)
		pen_build_open(build,
			from ? (int64_t)pen_key_common(pairs[from - 1].key, pairs[from].key)
			     : mark->left,
			check_limb, cut);
	int err = push_pairs(cut, build, from, to, true);
	if (err)
		return err;
	struct pen_bytes next;
	bool last = !next_key(cut, to, &next);
	if (!last && is_not_behind(next, interval))
		return 0;
	/* Before the first key there are nodes, but no keys. Every other bound is a key. */
	if (build->sum.keys == 0)
		return interval->first.len ? fail_changed(cut) : 1;
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
	seek(cut, mark);
	return mark;
}

/* All pairs of the part go by. */
static int stream(struct pen_cut *cut, const struct interval *interval)
{
	const struct pen_mark *mark = seek_interval(cut, interval);
	struct pen_build *build = begin_build(cut, take_node);
	int got = 0;
	while (got == 0) {
		got = load_stretch(cut);
		if (!got)
			got = stream_stretch(cut, build, interval, mark);
	}
	cut->time.hash += build->batch.hash_ns;
	return got < 0 ? got : 0;
}

/* Nodes below limbs are kept from part to part, up to a limit. */
static void trim_nodes(struct pen_cut *cut)
{
	if (cut->memory.bytes <= PEN_CUT_NODES_BYTES)
		return;
	pen_entries_reset(&cut->nodes);
	pen_chunks_reset(&cut->memory);
}

static int gather_bounds(struct pen_cut *cut, uint64_t k, uint64_t n)
{
	pen_gather_reset(&cut->gather);
	trim_nodes(cut);
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
	const struct pen_pair *pairs = pen_stretch_pairs(&cut->stretch);
	size_t from = first_not(cut, is_before, interval);
	size_t to = first_not(cut, is_not_behind, interval);
	const struct pen_hash *hashes = to > from
		? pen_survey_hashes(cut->survey, cut->stretch.record + from, to - from)
		: NULL;
	for (size_t i = from; i < to; i++) {
		pen_worth_add(with->worth, pairs[i].value);
		int err = pen_press_push(
			with->press, &pairs[i], hashes ? &hashes[i - from] : NULL, cut->why);
		if (err)
			return err;
	}
	struct pen_bytes next;
	return !next_key(cut, to, &next) || !is_not_behind(next, interval);
}

static int press_pairs(struct pen_cut *cut, const struct pen_cut_press *with)
{
	struct interval interval;
	int got = interval_of(cut, &interval);
	if (got || is_trivial(cut))
		return got;
	seek_interval(cut, &interval);
	while (got == 0) {
		got = load_stretch(cut);
		if (!got)
			got = press_stretch(cut, &interval, with);
	}
	return got < 0 ? got : 0;
}

static int press_bounds(
	struct pen_cut *cut, const struct pen_part_id *id, const struct pen_cut_press *with)
{
	struct pen_reader reader = {fetch, cut};
	struct pen_why why = {0};
	cut->belows.len = 0;
	trim_nodes(cut);
	int err = pen_press_open(with->press, id, &reader, with->level, &why);
	if (err == PEN_EMISSING)
		return fail_changed(cut);
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
