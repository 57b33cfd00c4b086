/*
 * listing: what a catalog offers, state by state and label by label, for those who ask what there
 * is: a row for each (root, N, form) and each directory that holds parts of it.
 *
 * Made once from a settled catalog, which must neither change nor go while the listing is used;
 * then read only, by any number of threads.
 */
#ifndef PEN_STORE_LISTING_H
#define PEN_STORE_LISTING_H

#include "store/catalog.h"
#include "store/layout.h"

/* One (root, N, form) in one directory. */
struct pen_listing_row {
	uint32_t set; /* index in pen_catalog_sets */
	uint32_t dir; /* of the catalog */
	bool labelled; /* the directory's name says what follows */
	struct pen_labels labels; /* zero if not */
};

/* Zeroed is empty. */
struct pen_listing {
	const struct pen_catalog *catalog; /* borrowed */
	uint32_t generation; /* tells listings apart; the maker's */
	struct pen_buf rows; /* struct pen_listing_row by set, and there as its files are */
};

/* Which rows are meant; zeroed is all of them. */
struct pen_listing_filter {
	const struct pen_hash *root; /* or NULL */
	const char *chain; /* or NULL */
	bool by_epoch, by_shard, by_form;
	uint64_t epoch_height, shard;
	enum pen_form form;
};

/* Give the memory back; zeroed and NULL are fine. */
void pen_listing_fini(struct pen_listing *listing);

/* List a settled catalog, in place of what was listed before. 0 or -ENOMEM (the listing is then
 * empty). */
int pen_listing_make(
	struct pen_listing *listing, const struct pen_catalog *catalog, uint32_t generation);

/* Rows in all. */
uint32_t pen_listing_count(const struct pen_listing *listing);

/* Row i. */
const struct pen_listing_row *pen_listing_at(const struct pen_listing *listing, uint32_t i);

/* The set of a row. */
const struct pen_catalog_set *pen_listing_set(
	const struct pen_listing *listing, const struct pen_listing_row *row);

/* Whether a row passes a filter. */
bool pen_listing_passes(const struct pen_listing *listing, const struct pen_listing_row *row,
	const struct pen_listing_filter *filter);

#endif
