#include "stash.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "drivers/table.h"
#include "make/found.h"
#include "store/object.h"
#include "store/tree.h"
#include "store/vet.h"

/* Directories in which a part is proved to find out whose they are: the newest by their names. */
#define STASH_VETS_MAX 64u

int stash_open(struct stash *stash, const struct stash_ask *ask, struct pen_why *why)
{
	*stash = (struct stash){.depot = {.ops = &stash_depot, .place = "the store"},
		.dir = ask->dir,
		.root = ask->root};
	pthread_mutex_init(&stash->lock, NULL);
	if (ask->labels) {
		stash->labelled = true;
		stash->labels = *ask->labels;
	}
	int err = pen_disk_open_dir(ask->dir, true, &stash->disk, why);
	const struct pen_store_config config = {.disk = stash->disk, .write = true};
	return err ? err : pen_store_open(&stash->store, &config, why);
}

void stash_close(struct stash *stash)
{
	if (!stash->dir)
		return;
	pen_store_close(&stash->store);
	pen_disk_shut(stash->disk);
	pthread_mutex_destroy(&stash->lock);
	*stash = (struct stash){0};
}

struct pen_labels stash_labels(struct stash *stash, const struct pen_labels *from)
{
	/* Nobody vouches for these: the state is what it is called by. */
	const struct pen_labels unknown = {.chain = "unknown", .epoch_id = stash->root};
	pthread_mutex_lock(&stash->lock);
	if (!stash->labelled)
		stash->labels = from ? *from : unknown;
	stash->labelled = true;
	struct pen_labels labels = stash->labels;
	pthread_mutex_unlock(&stash->lock);
	return labels;
}

static void bit_set(struct pen_buf *bits, uint64_t k)
{
	bits->at[k >> 3] |= (uint8_t)(1u << (k & 7));
}

/* What lies under our labels; one part of it is proved, so that it is known whose they are. */
static int look_here(struct stash *stash, uint32_t n, enum pen_form form, struct pen_buf *here,
	struct pen_why *why)
{
	struct pen_found found = {.disk = stash->disk,
		.labels = &stash->labels,
		.root = stash->root,
		.parts = n,
		.forms = 1u << form};
	bool first = true;
	int err = pen_found_look(&found, why);
	for (uint32_t k = 0; !err && k < n; k++) {
		if (!(pen_found_part(&found, k)->forms >> form & 1))
			continue;
		if (first && (err = pen_found_prove(&found, k, form, why)) < 0)
			break;
		err = 0;
		first = false;
		bit_set(here, k);
	}
	pen_found_fini(&found);
	return err;
}

struct search {
	struct stash *stash;
	uint32_t n;
	struct pen_vet vet;
	struct pen_buf files;
	unsigned vets;
};

static bool is_ours(struct search *search, const char *dir, const struct pen_tree_file *file)
{
	char name[PEN_PART_NAME_BYTES], path[PEN_CATALOG_PATH_BYTES];
	struct pen_catalog_file found = {.form = file->form, .n = file->n, .k = file->k};
	snprintf(
		path, sizeof path, "%s/%s", dir, pen_part_name(file->form, file->k, file->n, name));
	const struct pen_vet_ask ask = {search->stash->disk, path, &search->stash->root, true};
	search->vets++;
	return pen_vet_file(&search->vet, &ask, &found, NULL) == 0;
}

/* Are parts of this state, cut into n, in a directory? */
static bool dir_holds(struct search *search, const char *dir)
{
	if (pen_tree_files(search->stash->disk, dir, &search->files))
		return false;
	const struct pen_tree_file *file = (const void *)search->files.at;
	size_t count = search->files.len / sizeof *file;
	for (size_t i = 0; i < count; i++) {
		if (file[i].n == search->n && file[i].form != PEN_FORM_RAW)
			return is_ours(search, dir, &file[i]);
	}
	return false;
}

/* Directories, the newest epoch first; what cannot be looked at holds nothing for us. */
static void labels_search(struct search *search)
{
	struct pen_buf dirs = {0}, starts = {0};
	int err = pen_tree_dirs(search->stash->disk, &dirs);
	for (size_t at = 0; !err && at < dirs.len; at += strlen((char *)dirs.at + at) + 1)
		err = pen_buf_append(&starts, &at, sizeof at);
	for (size_t i = starts.len / sizeof(size_t); !err && i-- > 0;) {
		size_t at;
		struct pen_labels labels;
		memcpy(&at, starts.at + i * sizeof at, sizeof at);
		const char *dir = (const char *)dirs.at + at;
		if (search->vets == STASH_VETS_MAX)
			break;
		if (pen_labels_parse(dir, &labels) || !dir_holds(search, dir))
			continue;
		stash_labels(search->stash, &labels);
		break;
	}
	pen_buf_fini(&dirs);
	pen_buf_fini(&starts);
}

int stash_look(struct stash *stash, uint32_t n, enum pen_form form, struct pen_buf *here,
	struct pen_why *why)
{
	PEN_CHECK(n > 0);
	size_t bytes = ((size_t)n + 7) / 8;
	if (pen_buf_reserve(here, bytes))
		return pen_fail(why, -ENOMEM, "no memory for %u parts", n);
	memset(here->at, 0, bytes);
	here->len = bytes;
	if (!stash->labelled) {
		struct search search = {.stash = stash, .n = n};
		labels_search(&search);
		pen_vet_fini(&search.vet);
		pen_buf_fini(&search.files);
	}
	return stash->labelled ? look_here(stash, n, form, here, why) : 0;
}

void stash_keep(struct stash *stash, uint64_t bytes, const struct pen_hash *leaves)
{
	struct pen_object object = {
		.root = stash->root, .bytes = bytes, .blocks = pen_raw_blocks(bytes)};
	PEN_CHECK(leaves);
	if (!pen_buf_append(&object.leaves, leaves, object.blocks * sizeof *leaves))
		pen_object_keep(&object, &stash->store, NULL);
	pen_object_fini(&object);
}
