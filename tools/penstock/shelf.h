/*
 * shelf: what a store offers, kept up to date by a thread of its own while others read it.
 *
 * The thread loads the index, proves what is new, looks again every few seconds, and keeps the
 * index on disk when nobody else is writing it; what others have noted in it since is believed as
 * it is at the start. Readers take a view, which never changes, and give it back; the thread
 * replaces the current view whole.
 */
#ifndef PEN_TOOLS_SHELF_H
#define PEN_TOOLS_SHELF_H

#include <stdbool.h>

#include "base/err.h"
#include "hush.h"
#include "store/catalog.h"

struct shelf;

struct shelf_config {
	const char *store; /* directory */
	const char *index; /* directory of the side files instead, or NULL */
	struct hush *hush; /* for what it has to say; borrowed until close */
	size_t content_bytes; /* larger parts are not offered, as their proof takes too much memory;
				 0: any (store/vet.h) */
};

/* What the store offered at one moment. */
struct shelf_view {
	struct pen_catalog catalog; /* settled */
	bool complete; /* every file there was looked at; else more may turn up at any time */
	uint32_t left; /* files not looked at yet */
	uint32_t unread; /* files and directories that cannot be read, this time */
	unsigned users; /* the shelf's own: who holds this view, itself included */
};

/* Start keeping the store `config` names. 0, or an error of opening it with a sentence. */
int shelf_open(const struct shelf_config *config, struct shelf **shelf, struct pen_why *why);

/* Stop the thread, at the latest after the proof under way. NULL is fine. */
void shelf_close(struct shelf *shelf);

/* The current view, to be given back by shelf_put. Any thread. */
const struct shelf_view *shelf_get(struct shelf *shelf);
void shelf_put(struct shelf *shelf, const struct shelf_view *view);

#endif
