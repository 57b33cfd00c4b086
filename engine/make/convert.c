#include "make/convert.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "make/worth.h"
#include "part/press.h"
#include "store/index.h"
#include "store/tree.h"
#include "store/vet.h"

/* One part to be converted. */
struct item {
	uint32_t dir; /* offset of its directory's name in the list of them */
	uint32_t n, k;
};

/* The run under way. Under the crew's lock while workers run. */
struct converting {
	const struct pen_convert *convert;
	struct pen_convert_sum *sum;
	struct pen_buf dirs; /* names with their ends */
	struct pen_buf items; /* struct item */
	struct pen_catalog catalog; /* the store's index, with the parts made */
	size_t next; /* item */
};

/* One worker's memory. */
struct worker {
	struct converting *run;
	const struct pen_convert_hand *hand;
	struct pen_writer writer;
	struct pen_vet vet;
	struct pen_press press;
	struct pen_buf lean;
	uint32_t dir; /* of the part proved last */
	bool has_root;
	struct pen_hash root; /* of it */
};

/* What became of an item. */
struct outcome {
	bool made, kept, larger, bad;
	uint64_t nearcore_bytes, raw_bytes;
	struct pen_catalog_file file; /* the lean one; its dir is not set */
	char from[PEN_CATALOG_PATH_BYTES]; /* the file in nearcore's form */
	int err; /* why it is bad, with a sentence */
	struct pen_why why;
};

static const char *dir_name(const struct converting *run, const struct item *item)
{
	return (const char *)run->dirs.at + item->dir;
}

/* Write the directory that the lean file goes to; returns `dir`. */
static const char *dir_to(
	const struct converting *run, const struct item *item, char dir[PEN_CATALOG_DIR_BYTES])
{
	const struct pen_labels *labels = run->convert->labels;
	_Static_assert(PEN_CATALOG_DIR_BYTES >= PEN_NAME_BYTES, "a directory of the layout fits");
	if (labels)
		return pen_labels_dir(labels, dir);
	snprintf(dir, PEN_CATALOG_DIR_BYTES, "%s", dir_name(run, item));
	return dir;
}

static void path_write(const char *dir, enum pen_form form, const struct item *item,
	char path[PEN_CATALOG_PATH_BYTES])
{
	char name[PEN_PART_NAME_BYTES];
	snprintf(path, PEN_CATALOG_PATH_BYTES, "%s%s%s", dir, dir[0] ? "/" : "",
		pen_part_name(form, item->k, item->n, name));
}

/* Is the lean file there? 1, 0, or PEN_EREFUSED when it is something else. */
static int keep(struct worker *worker, const char *path, const struct item *item,
	struct outcome *out, struct pen_why *why)
{
	struct pen_why refused = {0};
	struct pen_vet_ask ask = {.disk = worker->hand->to, .name = path};
	out->file = (struct pen_catalog_file){.form = PEN_FORM_LEAN, .n = item->n, .k = item->k};
	int err = pen_vet_file(&worker->vet, &ask, &out->file, &refused);
	if (err == 0) {
		out->kept = true;
		return 1;
	}
	if (err == -ENOENT || err == -ENOTDIR)
		return 0;
	if (!pen_vet_refuses(err))
		return pen_fail(why, err, "%s/%s: %s", worker->hand->to->root, path, refused.text);
	return pen_fail(why, PEN_EREFUSED,
		"%s/%s is there and is no such part (%s); it is left as it is: remove it, or use "
		"another store",
		worker->hand->to->root, path, refused.text);
}

/* Prove the part in nearcore's form. 0; 1: it is bad, as *out says; or the machine's error. */
static int prove(
	struct worker *worker, const struct item *item, struct outcome *out, struct pen_why *why)
{
	const struct pen_hash hint = worker->root;
	bool hinted = worker->has_root && worker->dir == item->dir;
	struct pen_vet_ask ask = {
		.disk = worker->hand->from, .name = out->from, .hint = hinted ? &hint : NULL};
	struct pen_catalog_file file = {.form = PEN_FORM_NEARCORE, .n = item->n, .k = item->k};
	int err = pen_vet_file(&worker->vet, &ask, &file, &out->why);
	out->nearcore_bytes = file.bytes;
	out->err = err;
	if (err && !pen_vet_refuses(err))
		return pen_fail(
			why, err, "%s/%s: %s", worker->hand->from->root, out->from, out->why.text);
	out->bad = err != 0;
	if (err)
		return 1;
	worker->has_root = true;
	worker->root = file.root;
	worker->dir = item->dir;
	out->file = file;
	out->file.form = PEN_FORM_LEAN;
	return 0;
}

static int write_lean(
	struct worker *worker, const char *path, struct outcome *out, struct pen_why *why)
{
	struct pen_bytes bytes = pen_buf_bytes(&worker->lean);
	struct pen_lean_head head;
	struct pen_disk_stat stat;
	int err = pen_writer_put(&worker->writer, path, bytes, &stat, why);
	if (err)
		return err;
	PEN_CHECK(pen_lean_decode(bytes, &head, NULL) == 0);
	out->made = true;
	out->raw_bytes = head.raw_bytes;
	out->file.bytes = stat.bytes;
	out->file.mtime_ns = stat.mtime_ns;
	return pen_catalog_lean(bytes, &worker->vet.head, &out->file);
}

static int convert_item(
	struct worker *worker, const struct item *item, struct outcome *out, struct pen_why *why)
{
	const struct converting *run = worker->run;
	char dir[PEN_CATALOG_DIR_BYTES], to[PEN_CATALOG_PATH_BYTES];
	path_write(dir_name(run, item), PEN_FORM_NEARCORE, item, out->from);
	path_write(dir_to(run, item, dir), PEN_FORM_LEAN, item, to);
	int err = keep(worker, to, item, out, why);
	if (err == 0)
		err = prove(worker, item, out, why);
	if (err)
		return err < 0 ? err : 0;
	worker->lean.len = 0;
	err = pen_press_proof(
		&worker->press, &worker->vet.judge.proof, run->convert->level, &worker->lean, why);
	out->larger = err == PEN_EREFUSED ||
		worker->lean.len > pen_worth_limit(out->nearcore_bytes);
	if (out->larger)
		return 0;
	return err ? err : write_lean(worker, to, out, why);
}

/* Under the lock. */
static int count(struct converting *run, const struct item *item, struct outcome *out)
{
	struct pen_convert_sum *sum = run->sum;
	char dir[PEN_CATALOG_DIR_BYTES];
	sum->made += out->made;
	sum->kept += out->kept;
	sum->larger += out->larger;
	sum->bad += out->bad;
	sum->nearcore_bytes += out->nearcore_bytes;
	sum->raw_bytes += out->raw_bytes;
	sum->stored_bytes += out->made ? out->file.bytes : 0;
	if (out->bad && run->convert->bad)
		run->convert->bad(run->convert->context, out->from, out->err, &out->why);
	return out->made ? pen_catalog_note(&run->catalog, dir_to(run, item, dir), &out->file) : 0;
}

static int ask(const struct converting *run)
{
	const struct pen_convert *convert = run->convert;
	return convert->watch ? convert->watch(convert->context, run->sum) : 0;
}

static bool next_item(struct converting *run, struct item *item)
{
	if (run->next * sizeof *item >= run->items.len)
		return false;
	memcpy(item, run->items.at + run->next++ * sizeof *item, sizeof *item);
	return true;
}

/* Take items until there are none. */
static void work(struct pen_crew *crew, void *context, unsigned number)
{
	struct converting *run = context;
	struct worker worker = {.run = run, .hand = &run->convert->hands[number]};
	struct pen_why why = {0};
	struct item item = {0};
	int err = 0;
	pen_writer_init(&worker.writer, worker.hand->to, run->convert->store->parts.dir);
	pen_crew_lock(crew);
	while (!err && !pen_crew_stopped(crew) && !(err = ask(run)) && next_item(run, &item)) {
		struct outcome out = {0};
		pen_crew_unlock(crew);
		err = convert_item(&worker, &item, &out, &why);
		pen_crew_lock(crew);
		if (!err)
			err = count(run, &item, &out);
	}
	uint64_t at = run->next;
	pen_crew_unlock(crew);
	if (err)
		pen_crew_fail(crew, at, err, &why);
	pen_vet_fini(&worker.vet);
	pen_press_fini(&worker.press);
	pen_buf_fini(&worker.lean);
}

static bool wanted(const struct pen_convert *convert, const struct pen_tree_file *file)
{
	if (file->form != PEN_FORM_NEARCORE || file->k >= file->n || file->n > PEN_PARTS_MAX)
		return false;
	if (convert->n && file->n != convert->n)
		return false;
	return !convert->only || (convert->only[file->k >> 3] >> (file->k & 7) & 1);
}

/* Note the parts of one directory. */
static int dir_list(struct converting *run, uint32_t at, struct pen_buf *files)
{
	const struct pen_convert *convert = run->convert;
	int err = pen_tree_files(convert->hands[0].from, (const char *)run->dirs.at + at, files);
	const struct pen_tree_file *list = (const void *)files->at;
	for (size_t i = 0; !err && i < files->len / sizeof *list; i++) {
		struct item item = {at, list[i].n, list[i].k};
		if (wanted(convert, &list[i]))
			err = pen_buf_append(&run->items, &item, sizeof item);
	}
	return err;
}

static int list(struct converting *run, struct pen_why *why)
{
	struct pen_disk *from = run->convert->hands[0].from;
	struct pen_buf files = {0};
	unsigned places = 0;
	int err = pen_tree_dirs(from, &run->dirs);
	for (size_t at = 0; !err && at < run->dirs.len;) {
		size_t before = run->items.len;
		err = dir_list(run, (uint32_t)at, &files);
		places += run->items.len > before;
		at += strlen((const char *)run->dirs.at + at) + 1;
	}
	pen_buf_fini(&files);
	run->sum->parts = run->items.len / sizeof(struct item);
	if (err)
		return pen_fail(why, err, "cannot list %s: %s", from->root, pen_err_text(err));
	if (!run->sum->parts)
		return pen_fail(why, PEN_ENOTFOUND,
			"%s holds no part in nearcore's form that is asked for; name a directory "
			"that has some",
			from->root);
	if (run->convert->labels && places > 1)
		return pen_fail(why, PEN_EREFUSED,
			"%s holds parts in %u directories, and labels name one state: leave them "
			"out, so that each keeps its own",
			from->root, places);
	return 0;
}

int pen_convert_run(
	const struct pen_convert *convert, struct pen_convert_sum *sum, struct pen_why *why)
{
	struct converting run = {.convert = convert, .sum = sum};
	struct pen_crew_work crew = {.run = work, .context = &run};
	PEN_CHECK(convert->store->write);
	PEN_CHECK(!convert->only || convert->n);
	*sum = (struct pen_convert_sum){0};
	/* A damaged index is an empty one. */
	pen_index_load(convert->store, &run.catalog, NULL);
	int err = list(&run, why);
	if (!err)
		err = pen_crew_run(&crew, convert->jobs, why);
	if (sum->made && pen_catalog_settle(&run.catalog) == 0)
		pen_index_save(convert->store, &run.catalog, NULL);
	pen_buf_fini(&run.dirs);
	pen_buf_fini(&run.items);
	pen_catalog_fini(&run.catalog);
	return err;
}
