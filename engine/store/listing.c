#include "store/listing.h"

#include "base/check.h"
#include "base/err.h"

void pen_listing_fini(struct pen_listing *listing)
{
	if (!listing)
		return;
	pen_buf_fini(&listing->rows);
	*listing = (struct pen_listing){.catalog = NULL};
}

uint32_t pen_listing_count(const struct pen_listing *listing)
{
	return (uint32_t)(listing->rows.len / sizeof(struct pen_listing_row));
}

const struct pen_listing_row *pen_listing_at(const struct pen_listing *listing, uint32_t i)
{
	PEN_CHECK(i < pen_listing_count(listing));
	return (const struct pen_listing_row *)(const void *)listing->rows.at + i;
}

const struct pen_catalog_set *pen_listing_set(
	const struct pen_listing *listing, const struct pen_listing_row *row)
{
	uint32_t count;
	const struct pen_catalog_set *sets = pen_catalog_sets(listing->catalog, &count);
	PEN_CHECK(row->set < count);
	return &sets[row->set];
}

/* Whether the rows from `first` on have the directory already. */
static bool has_dir(const struct pen_listing *listing, uint32_t first, uint32_t dir)
{
	for (uint32_t i = pen_listing_count(listing); i-- > first;)
		if (pen_listing_at(listing, i)->dir == dir)
			return true;
	return false;
}

static int add_row(struct pen_listing *listing, uint32_t set, uint32_t dir)
{
	struct pen_listing_row row = {.set = set, .dir = dir};
	const char *name = pen_catalog_dir_name(listing->catalog, dir);
	row.labelled = pen_labels_parse(name, &row.labels) == 0;
	if (!row.labelled)
		row.labels = (struct pen_labels){.shard = 0};
	return pen_buf_append(&listing->rows, &row, sizeof row);
}

static int add_set(struct pen_listing *listing, const struct pen_catalog_set *set, uint32_t index)
{
	uint32_t first = pen_listing_count(listing);
	for (uint32_t i = 0; i < set->file_count; i++) {
		const struct pen_catalog_file *file = pen_catalog_file_at(
			listing->catalog, set->file_first + i);
		if (has_dir(listing, first, file->dir))
			continue;
		int err = add_row(listing, index, file->dir);
		if (err)
			return err;
	}
	return 0;
}

int pen_listing_make(
	struct pen_listing *listing, const struct pen_catalog *catalog, uint32_t generation)
{
	uint32_t count;
	const struct pen_catalog_set *sets = pen_catalog_sets(catalog, &count);
	listing->catalog = catalog;
	listing->generation = generation;
	listing->rows.len = 0;
	for (uint32_t i = 0; i < count; i++) {
		int err = add_set(listing, &sets[i], i);
		if (err) {
			listing->rows.len = 0;
			return err;
		}
	}
	return 0;
}

bool pen_listing_passes(const struct pen_listing *listing, const struct pen_listing_row *row,
	const struct pen_listing_filter *filter)
{
	const struct pen_catalog_set *set = pen_listing_set(listing, row);
	bool by_label = filter->chain || filter->by_epoch || filter->by_shard;
	if (filter->root && !pen_hash_equal(filter->root, &set->root))
		return false;
	if (filter->by_form && filter->form != set->form)
		return false;
	if (by_label && !row->labelled)
		return false;
	if (filter->chain && strcmp(filter->chain, row->labels.chain) != 0)
		return false;
	if (filter->by_epoch && filter->epoch_height != row->labels.epoch_height)
		return false;
	return !filter->by_shard || filter->shard == row->labels.shard;
}
