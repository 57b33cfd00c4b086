#include "store/scan.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "store/aside.h"
#include "store/layout.h"
#include "store/tree.h"

void pen_scan_fini(struct pen_scan *scan)
{
	if (!scan)
		return;
	pen_buf_fini(&scan->dirs);
	pen_buf_fini(&scan->files);
	pen_vet_fini(&scan->vet);
}

/* One directory being scanned. */
struct visit {
	struct pen_scan *scan;
	const struct pen_catalog *known;
	struct pen_catalog *fresh;
	const char *dir;
	uint32_t dir_known, dir_also, dir_fresh; /* its number in each */
	struct pen_hash root; /* of a neighbour, or of the header */
	bool has_root, asked_header;
	struct pen_hash complete; /* a state of which all side files are there, or cannot be */
};

/* The root to try first: a neighbour's, else the header's, which is read once. */
static const struct pen_hash *hint_get(struct visit *visit)
{
	if (!visit->has_root && !visit->asked_header) {
		visit->asked_header = true;
		visit->has_root = pen_vet_header(
			&visit->scan->vet, visit->scan->store->disk, visit->dir, &visit->root);
	}
	return visit->has_root ? &visit->root : NULL;
}

static int file_add(struct visit *visit, struct pen_catalog_file *file)
{
	file->dir = visit->dir_fresh;
	if (!file->refused) {
		visit->root = file->root;
		visit->has_root = true;
	}
	return pen_catalog_add(visit->fresh, file);
}

static int file_refuse(
	struct visit *visit, const struct pen_catalog_file *file, int err, struct pen_why *why)
{
	const struct pen_scan_hooks *hooks = &visit->scan->hooks;
	struct pen_catalog_file refused = {
		.root = file->form == PEN_FORM_RAW ? file->root : (struct pen_hash){{0}},
		.form = file->form,
		.n = file->n,
		.k = file->k,
		.bytes = file->bytes,
		.mtime_ns = file->mtime_ns,
		.refused = true};
	char path[PEN_CATALOG_PATH_BYTES];
	refused.dir = visit->dir_fresh;
	visit->scan->sum.refused++;
	if (hooks->refused)
		hooks->refused(
			hooks->context, pen_catalog_path(visit->fresh, &refused, path), err, why);
	return file_add(visit, &refused);
}

/* Write what belongs to a file that was just proved, unless it is there, or cannot be. */
static void aside(struct visit *visit, const struct pen_catalog_file *file)
{
	struct pen_scan *scan = visit->scan;
	if (!pen_aside_there(scan->store, file))
		scan->sum.aside += pen_aside_write(scan->store, &scan->vet, file) == 0;
	visit->complete = file->root;
}

/* A file that is known, but lacks what could be written of it, is proved again: the first of its
 * state in a directory. */
static bool lacks_aside(struct visit *visit, const struct pen_catalog_file *known)
{
	struct pen_store *store = visit->scan->store;
	if (known->refused || pen_hash_equal(&known->root, &visit->complete))
		return false;
	visit->complete = known->root;
	if (pen_aside_there(store, known) || pen_store_lock(store, NULL))
		return false;
	pen_store_unlock(store);
	return true;
}

static int file_prove(struct visit *visit, struct pen_catalog_file *file)
{
	struct pen_scan *scan = visit->scan;
	struct pen_why why = {0};
	char path[PEN_CATALOG_PATH_BYTES];
	bool raw = file->form == PEN_FORM_RAW;
	struct pen_vet_ask ask = {.disk = scan->store->disk, .hint = raw ? NULL : hint_get(visit)};
	file->dir = visit->dir_fresh;
	ask.name = pen_catalog_path(visit->fresh, file, path);
	if (raw && scan->hooks.reads)
		scan->hooks.reads(scan->hooks.context, path, file->bytes);
	int err = pen_vet_file(&scan->vet, &ask, file, &why);
	if (err == 0) {
		scan->sum.proved++;
		aside(visit, file);
		return file_add(visit, file);
	}
	if (pen_vet_refuses(err))
		return file_refuse(visit, file, err, &why);
	/* Not the file's fault: it may have vanished, or memory be short. The next scan asks again.
	 */
	scan->sum.unread++;
	return 0;
}

/* What somebody else knows of this very file, or NULL. */
static const struct pen_catalog_file *learn(
	const struct visit *visit, const struct pen_catalog_file *name, int64_t mtime_ns)
{
	const struct pen_catalog *also = visit->scan->also;
	struct pen_catalog_file there = *name;
	there.dir = visit->dir_also;
	const struct pen_catalog_file *found = also ? pen_catalog_at(also, &there) : NULL;
	return found && pen_catalog_matches(found, name->bytes, mtime_ns) ? found : NULL;
}

static int file_visit(struct visit *visit, const struct pen_tree_file *there)
{
	const struct pen_scan_hooks *hooks = &visit->scan->hooks;
	struct pen_catalog_file file = {.root = there->root,
		.form = there->form,
		.n = there->n,
		.k = there->k,
		.dir = visit->dir_known,
		.bytes = there->bytes};
	const struct pen_catalog_file *known = pen_catalog_at(visit->known, &file);
	visit->scan->sum.files++;
	bool more = hooks->more != NULL;
	bool same = known && pen_catalog_matches(known, there->bytes, there->mtime_ns);
	if (same && !(more && lacks_aside(visit, known))) {
		file = *known;
		visit->scan->sum.gone--;
		return file_add(visit, &file);
	}
	known = same ? NULL : learn(visit, &file, there->mtime_ns);
	if (known) {
		file = *known;
		visit->scan->sum.learned++;
		return file_add(visit, &file);
	}
	if (more && hooks->more(hooks->context))
		return file_prove(visit, &file);
	visit->scan->sum.left++;
	return 0;
}

static int dir_visit(struct visit *visit)
{
	struct pen_scan *scan = visit->scan;
	int err = pen_tree_files(scan->store->disk, visit->dir, &scan->files);
	/* One closed directory does not take the others with it; the next scan asks again. */
	if (err == -EACCES) {
		scan->sum.unread++;
		scan->files.len = 0;
		err = 0;
	}
	if (!err && scan->files.len)
		err = pen_catalog_dir(visit->fresh, visit->dir, &visit->dir_fresh);
	visit->dir_known = pen_catalog_dir_find(visit->known, visit->dir);
	visit->dir_also = scan->also ? pen_catalog_dir_find(scan->also, visit->dir) : UINT32_MAX;
	const struct pen_tree_file *files = (const void *)scan->files.at;
	for (size_t i = 0; !err && i < scan->files.len / sizeof *files; i++)
		err = file_visit(visit, &files[i]);
	return err;
}

int pen_scan_run(struct pen_scan *scan, const struct pen_catalog *known, struct pen_catalog *fresh,
	struct pen_why *why)
{
	pen_catalog_reset(fresh);
	scan->sum = (struct pen_scan_sum){.gone = pen_catalog_file_count(known)};
	int err = pen_tree_dirs(scan->store->disk, &scan->dirs);
	for (size_t at = 0; !err && at < scan->dirs.len;) {
		struct visit visit = {
			.scan = scan,
			.known = known,
			.fresh = fresh,
			.dir = (const char *)scan->dirs.at + at,
		};
		err = dir_visit(&visit);
		at += strlen(visit.dir) + 1;
	}
	if (!err)
		err = pen_catalog_settle(fresh);
	return err ? pen_fail(why, err, "cannot scan store %s: %s", scan->store->disk->root,
			     pen_err_text(err))
		   : 0;
}
