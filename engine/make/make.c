#include "make/make.h"

#include <errno.h>
#include <stdio.h>

#include "base/check.h"
#include "base/clock.h"
#include "make/crew.h"
#include "make/cut.h"
#include "make/found.h"
#include "part/partial.h"
#include "store/index.h"

/* The run under way. Under the crew's lock while workers run. */
struct making {
	const struct pen_make *make;
	const struct pen_survey *survey;
	const struct pen_make_want *want;
	struct pen_make_sum *sum;
	struct pen_found found;
	struct pen_catalog catalog; /* the store's index, with the parts made */
	uint64_t next; /* part to be looked at next */
};

/* One worker's part of it. */
struct worker {
	struct making *making;
	struct pen_cut cut;
	struct pen_zstd zstd;
	struct pen_writer writer;
	struct pen_buf content; /* the PartialState, unless it went through the disk */
	size_t content_bytes; /* its length, either way */
	struct pen_buf sealed;
	struct pen_disk_stat stat; /* of the file written last */
	uint8_t blob[PEN_BLOB_BYTES]; /* its blob id */
	char prefix[PEN_WRITER_DIR_BYTES + 32]; /* of its spilled runs */
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
static int note_part(struct worker *worker, const struct pen_part_id *id)
{
	struct making *making = worker->making;
	char dir[PEN_NAME_BYTES];
	struct pen_catalog_file file = {.form = PEN_FORM_NEARCORE,
		.root = id->root,
		.memory_usage = making->survey->sum.memory_usage,
		.n = (uint32_t)id->n,
		.k = (uint32_t)id->k,
		.bytes = worker->stat.bytes,
		.mtime_ns = worker->stat.mtime_ns};
	memcpy(file.blob, worker->blob, sizeof file.blob);
	return pen_catalog_note(
		&making->catalog, pen_labels_dir(&making->want->labels, dir), &file);
}

/* The index can always be rebuilt: parts that are made are no failure for want of it. */
static void keep_index(struct making *making)
{
	if (making->sum->made && pen_catalog_settle(&making->catalog) == 0)
		pen_index_save(making->make->store, &making->catalog, NULL);
}

struct sealing {
	struct pen_seal seal;
	struct pen_why *why;
};

static int seal_entry(void *context, struct pen_bytes entry)
{
	struct sealing *sealing = context;
	return pen_seal_put(&sealing->seal, entry, sealing->why);
}

/* A part that went through the disk is compressed as its runs are merged. */
static int seal_spilled(struct worker *worker, struct pen_why *why)
{
	struct sealing sealing = {.why = why};
	uint8_t head[PEN_PARTIAL_HEAD_BYTES] = {0};
	pen_put_le32(head + 1, worker->cut.gather.count);
	int err = pen_seal_open(
		&sealing.seal, &worker->zstd, worker->making->want->level, &worker->sealed, why);
	if (!err)
		err = pen_seal_put(&sealing.seal, (struct pen_bytes){head, sizeof head}, why);
	if (!err)
		err = pen_gather_each(&worker->cut.gather, seal_entry, &sealing, why);
	worker->content_bytes = sealing.seal.content_bytes;
	return err ? err : pen_seal_close(&sealing.seal, why);
}

/* The part just gathered, compressed. */
static int seal_part(struct worker *worker, struct pen_why *why)
{
	int64_t begin = pen_clock_ns();
	int err;
	worker->sealed.len = worker->content.len = 0;
	if (worker->cut.gather.runs) {
		err = seal_spilled(worker, why);
	} else {
		err = pen_cut_content(&worker->cut, &worker->content, why);
		if (!err)
			err = pen_envelope_seal(&worker->zstd, pen_buf_bytes(&worker->content),
				worker->making->want->level, &worker->sealed, why);
		worker->content_bytes = worker->content.len;
	}
	worker->cut.time.compress += pen_clock_ns() - begin;
	return err;
}

/* Cut, compress and write part k. */
static int make_part(struct worker *worker, uint64_t k, struct pen_why *why)
{
	const struct pen_make_want *want = worker->making->want;
	const struct pen_part_id id = {worker->making->survey->sum.root, k, want->parts};
	char name[PEN_NAME_BYTES];
	int err = pen_cut_part(&worker->cut, k, want->parts, why);
	if (!err)
		err = seal_part(worker, why);
	/* The state may have been changed under us by whoever writes it: then this is no part. */
	if (!err)
		err = pen_feed_unchanged(&worker->cut.feed, why);
	int64_t begin = pen_clock_ns();
	if (!err)
		err = pen_writer_put(&worker->writer,
			pen_part_path(&want->labels, PEN_FORM_NEARCORE, &id, name),
			pen_buf_bytes(&worker->sealed), &worker->stat, why);
	if (!err)
		pen_blob_id(pen_buf_bytes(&worker->sealed), worker->blob);
	worker->cut.time.write += pen_clock_ns() - begin;
	return err;
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

static bool wanted(const struct pen_make_want *want, uint64_t k)
{
	return !want->only || (want->only[k >> 3] >> (k & 7) & 1);
}

/* The next part to make, or false when there is none. Under the lock. */
static bool next_part(struct making *making, uint64_t *k)
{
	while (making->next < making->want->parts) {
		*k = making->next++;
		if (!pen_found_has(&making->found, *k) && wanted(making->want, *k))
			return true;
	}
	return false;
}

/* A part was made. Under the lock. */
static int count_part(struct worker *worker, uint64_t k)
{
	struct making *making = worker->making;
	struct pen_part_id id = {making->survey->sum.root, k, making->want->parts};
	making->sum->made++;
	making->sum->content_bytes += worker->content_bytes;
	making->sum->stored_bytes += worker->sealed.len;
	making->sum->spilled += worker->cut.gather.runs > 0;
	return note_part(worker, &id);
}

static int worker_open(
	struct worker *worker, struct making *making, unsigned number, struct pen_why *why)
{
	const struct pen_make *make = making->make;
	const struct pen_make_hand *hand = &make->hands[number];
	struct pen_pairs_from from = make->from;
	from.disk = hand->source;
	*worker = (struct worker){.making = making};
	pen_writer_init(&worker->writer, hand->store, make->store->parts.dir);
	snprintf(worker->prefix, sizeof worker->prefix, "%s/run-%016llx", worker->writer.dir,
		(unsigned long long)worker->writer.nonce);
	struct pen_gather_spill spill = {hand->store, worker->prefix};
	return pen_cut_open(&worker->cut, making->survey, &from, &spill, make->scratch, why);
}

static void worker_close(struct worker *worker)
{
	pen_cut_close(&worker->cut);
	pen_zstd_fini(&worker->zstd);
	pen_buf_fini(&worker->content);
	pen_buf_fini(&worker->sealed);
}

/* Take parts until there are none. */
static void work(struct pen_crew *crew, void *context, unsigned number)
{
	struct making *making = context;
	struct worker worker;
	struct pen_why why = {0};
	uint64_t k = 0;
	int err = worker_open(&worker, making, number, &why);
	pen_crew_lock(crew);
	while (!err && !pen_crew_stopped(crew) && !(err = ask(making)) && next_part(making, &k)) {
		pen_crew_unlock(crew);
		err = make_part(&worker, k, &why);
		pen_crew_lock(crew);
		if (!err)
			err = count_part(&worker, k);
	}
	pen_make_time_add(&making->sum->time, &worker.cut.time);
	pen_crew_unlock(crew);
	if (err)
		pen_crew_fail(crew, k, err, &why);
	worker_close(&worker);
}

static int make_missing(struct making *making, struct pen_why *why)
{
	struct pen_crew_work crew = {.run = work, .context = making};
	const struct pen_make_sum *sum = making->sum;
	if (!sum->parts)
		return make_directory(making, why);
	int err = pen_crew_run(&crew, making->make->jobs, why);
	if (err && why && !why->text[0])
		pen_fail(why, err,
			"%s; %llu of %llu parts are in the store, the same command makes the rest",
			pen_err_text(err), (unsigned long long)(sum->made + sum->kept),
			(unsigned long long)sum->parts);
	return err;
}

int pen_make_run(const struct pen_make *make, const struct pen_survey *survey,
	const struct pen_make_want *want, struct pen_make_sum *sum, struct pen_why *why)
{
	struct making making = {.make = make,
		.survey = survey,
		.want = want,
		.sum = sum,
		.found = {.disk = make->store->disk,
			.labels = &want->labels,
			.root = survey->sum.root,
			.parts = want->parts}};
	PEN_CHECK(make->store->write);
	PEN_CHECK(want->parts <= pen_part_count_max(survey->sum.memory_usage));
	*sum = (struct pen_make_sum){.parts = want->parts};
	/* A damaged index is an empty one. */
	pen_index_load(make->store, &making.catalog, NULL);
	int err = keep_proved(&making, &making.found, why);
	if (!err)
		err = make_missing(&making, why);
	keep_index(&making);
	pen_catalog_fini(&making.catalog);
	pen_found_fini(&making.found);
	return err;
}
