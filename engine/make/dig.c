#include "make/dig.h"

#include "base/check.h"
#include "base/clock.h"

void pen_dig_fini(struct pen_dig *dig)
{
	if (!dig)
		return;
	pen_entries_fini(&dig->nodes);
	pen_chunks_fini(&dig->memory);
	pen_buf_fini(&dig->belows);
	*dig = (struct pen_dig){0};
}

void pen_dig_trim(struct pen_dig *dig)
{
	if (dig->memory.bytes <= PEN_DIG_NODES_BYTES)
		return;
	pen_entries_reset(&dig->nodes);
	pen_chunks_reset(&dig->memory);
}

void pen_dig_begin(struct pen_dig *dig, struct pen_why *why)
{
	PEN_CHECK(dig->strip && dig->build);
	dig->belows.len = 0;
	dig->why = why;
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
	struct pen_dig *dig = context;
	struct pen_bytes kept;
	int err = pen_chunks_copy(&dig->memory, bytes, &kept);
	if (!err)
		err = pen_entries_add(&dig->nodes, hash, kept);
	return err < 0 ? err : 0;
}

/* Build the subtree of a limb again, with all its nodes. */
static int expand(struct pen_dig *dig, const struct pen_below *below)
{
	struct pen_strip *strip = dig->strip;
	const struct pen_mark *marks = (const struct pen_mark *)(const void *)
					       strip->survey->marks.at;
	struct pen_build *build = dig->build;
	pen_strip_seek(strip, &marks[below->stretch]);
	int err = pen_strip_load(strip, dig->why);
	if (err)
		return err;
	const struct pen_strip_run run = {build, pen_strip_first(strip, before_path, &below->path),
		pen_strip_first(strip, until_path, &below->path), NULL};
	pen_build_reset(build);
	build->fn = hold_node;
	build->context = dig;
	build->batch.clock = pen_clock_ns;
	pen_build_open(build, (int64_t)below->path.len - 1, NULL, NULL);
	err = pen_strip_push(strip, &run, dig->why);
	return err ? err : pen_build_close(build, (int64_t)below->path.len - 1, NULL);
}

/* Look a node up on the survey, then below the limbs that were expanded. *below (may be NULL) says
 * how to go below it, if it is a limb. */
static bool look_up(const struct pen_dig *dig, const struct pen_hash *hash, struct pen_bytes *out,
	struct pen_below *below)
{
	const struct pen_survey *survey = dig->strip->survey;
	const struct pen_below *belows = (const struct pen_below *)(const void *)survey->below.at;
	uint32_t at = pen_entries_find(&survey->nodes, hash);
	const struct pen_entry *entry = NULL;
	if (at != PEN_ENTRY_NONE) {
		entry = pen_entries_at(&survey->nodes, at);
		if (below)
			*below = belows[at];
	} else if ((at = pen_entries_find(&dig->nodes, hash)) != PEN_ENTRY_NONE) {
		entry = pen_entries_at(&dig->nodes, at);
	}
	if (entry)
		*out = (struct pen_bytes){entry->at, entry->len};
	return entry != NULL;
}

bool pen_dig_find(const struct pen_dig *dig, const struct pen_hash *hash, struct pen_bytes *out)
{
	return look_up(dig, hash, out, NULL);
}

/*
 * Find a node that lies below a limb. Nearly always that is the limb fetched last: a bound reads
 * the children of the node that it is at. Where subtrees repeat, a sibling may have come between.
 */
static int uncover(struct pen_dig *dig, const struct pen_hash *hash, struct pen_bytes *out)
{
	while (dig->belows.len) {
		struct pen_below below;
		dig->belows.len -= sizeof below;
		memcpy(&below, dig->belows.at + dig->belows.len, sizeof below);
		int err = expand(dig, &below);
		if (err)
			return err;
		if (look_up(dig, hash, out, NULL))
			return 0;
	}
	return PEN_EMISSING;
}

int pen_dig_fetch(void *context, const struct pen_hash *hash, struct pen_fetched *out)
{
	struct pen_dig *dig = context;
	const struct pen_hash wanted = *hash;
	struct pen_below below = {.stretch = PEN_BELOW_NONE};
	*out = (struct pen_fetched){0};
	int err = look_up(dig, &wanted, &out->bytes, &below) ? 0
							     : uncover(dig, &wanted, &out->bytes);
	if (!err && below.stretch != PEN_BELOW_NONE)
		err = pen_buf_append(&dig->belows, &below, sizeof below);
	return err;
}
