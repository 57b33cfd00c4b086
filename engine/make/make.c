#include "make/make.h"

#include <errno.h>
#include <stdio.h>

#include "base/check.h"
#include "make/found.h"
#include "part/collect.h"
#include "store/index.h"

/* The run under way, and memory kept from part to part. */
struct making {
	const struct pen_make *make;
	const struct pen_make_want *want;
	struct pen_make_sum *sum;
	struct pen_collect collect;
	struct pen_zstd zstd;
	struct pen_buf content, sealed;
	struct pen_catalog catalog; /* the store's index, with the parts made */
};

int pen_make_parts(
	const struct pen_trie_sum *state, uint64_t asked, uint64_t *parts, struct pen_why *why)
{
	uint64_t most = pen_part_count_max(state->memory_usage);
	*parts = asked ? asked : pen_part_count(state->memory_usage);
	if (*parts <= most)
		return 0;
	if (!most)
		return pen_fail(why, PEN_EREFUSED,
			"the state is empty and has no parts, %llu were asked for",
			(unsigned long long)*parts);
	return pen_fail(why, PEN_EREFUSED,
		"a state of memory_usage %llu is cut into at most %llu parts, not into %llu",
		(unsigned long long)state->memory_usage, (unsigned long long)most,
		(unsigned long long)*parts);
}

/* What we made need not be proved again by whoever serves it. */
static int note_part(
	struct making *making, const struct pen_part_id *id, const struct pen_disk_stat *stat)
{
	char dir[PEN_NAME_BYTES];
	struct pen_catalog_file file = {.root = id->root,
		.memory_usage = making->make->state->sum.memory_usage,
		.n = (uint32_t)id->n,
		.k = (uint32_t)id->k,
		.bytes = stat->bytes,
		.mtime_ns = stat->mtime_ns};
	return pen_catalog_note(&making->catalog, pen_labels_dir(&making->want->labels, dir), &file,
		pen_buf_bytes(&making->sealed));
}

/* The index can always be rebuilt: parts that are made are no failure for want of it. */
static void keep_index(struct making *making)
{
	if (making->sum->made && pen_catalog_settle(&making->catalog) == 0)
		pen_index_save(making->make->store, &making->catalog, NULL);
}

static int make_part(struct making *making, uint64_t k, struct pen_why *why)
{
	struct pen_state *state = making->make->state;
	struct pen_part_id id = {state->sum.root, k, making->want->parts};
	char name[PEN_NAME_BYTES];
	struct pen_disk_stat stat;
	making->content.len = making->sealed.len = 0;
	int err = pen_collect_part(&making->collect, &state->entries, &id, &making->content, why);
	if (!err)
		err = pen_envelope_seal(&making->zstd, pen_buf_bytes(&making->content),
			making->want->level, &making->sealed, why);
	if (!err)
		err = pen_writer_put(&making->make->store->parts,
			pen_part_path(&making->want->labels, k, id.n, name),
			pen_buf_bytes(&making->sealed), &stat, why);
	if (!err)
		err = note_part(making, &id, &stat);
	if (err)
		return err;
	making->sum->made++;
	making->sum->content_bytes += making->content.len;
	making->sum->stored_bytes += making->sealed.len;
	return 0;
}

/* The empty state has a directory, so that it can be seen that it was made, and nothing in it. */
static int make_directory(struct making *making, struct pen_why *why)
{
	struct pen_store *store = making->make->store;
	char dir[PEN_NAME_BYTES], name[PEN_NAME_BYTES + 8];
	snprintf(name, sizeof name, "%s/.made", pen_labels_dir(&making->want->labels, dir));
	int err = pen_writer_put(&store->parts, name, (struct pen_bytes){0}, NULL, why);
	if (err)
		return err;
	err = store->disk->ops->unlink(store->disk, name);
	return err ? pen_fail(why, err, "cannot remove %s/%s: %s", store->disk->root, name,
			     pen_err_text(err))
		   : 0;
}

static int ask(const struct making *making)
{
	const struct pen_make_watch *watch = making->make->watch;
	return watch ? watch->fn(watch->context, making->sum) : 0;
}

/* Nothing is written before everything that is there was looked at. */
static int keep_proved(struct making *making, struct pen_found *found, struct pen_why *why)
{
	int err = pen_found_look(found, why);
	for (uint64_t k = 0; k < found->parts && !err; k++) {
		if (!pen_found_has(found, k))
			continue;
		err = ask(making);
		if (err)
			return pen_fail(why, err, "%s while looking at parts that are there",
				pen_err_text(err));
		err = pen_found_prove(found, k, why);
		if (err < 0)
			return err;
		err = 0;
		making->sum->kept++;
		making->sum->content_bytes += found->content_bytes;
		making->sum->stored_bytes += found->stored_bytes;
	}
	return err;
}

static int make_missing(struct making *making, const struct pen_found *found, struct pen_why *why)
{
	const struct pen_make_sum *sum = making->sum;
	int err = sum->parts ? 0 : make_directory(making, why);
	for (uint64_t k = 0; k < sum->parts && !err; k++) {
		if (pen_found_has(found, k))
			continue;
		err = ask(making);
		if (err)
			return pen_fail(why, err,
				"%s; %llu of %llu parts are in the store, the same command makes "
				"the rest",
				pen_err_text(err), (unsigned long long)(sum->made + sum->kept),
				(unsigned long long)sum->parts);
		err = make_part(making, k, why);
	}
	return err;
}

static void making_fini(struct making *making)
{
	pen_collect_fini(&making->collect);
	pen_zstd_fini(&making->zstd);
	pen_buf_fini(&making->content);
	pen_buf_fini(&making->sealed);
	pen_catalog_fini(&making->catalog);
}

int pen_make_run(const struct pen_make *make, const struct pen_make_want *want,
	struct pen_make_sum *sum, struct pen_why *why)
{
	struct making making = {.make = make, .want = want, .sum = sum};
	struct pen_found found = {.disk = make->store->disk,
		.labels = &want->labels,
		.root = make->state->sum.root,
		.parts = want->parts};
	PEN_CHECK(make->store->write);
	PEN_CHECK(want->parts <= pen_part_count_max(make->state->sum.memory_usage));
	*sum = (struct pen_make_sum){.parts = want->parts};
	/* A damaged index is an empty one. */
	pen_index_load(making.make->store, &making.catalog, NULL);
	int err = keep_proved(&making, &found, why);
	if (!err)
		err = make_missing(&making, &found, why);
	keep_index(&making);
	making_fini(&making);
	pen_found_fini(&found);
	return err;
}
