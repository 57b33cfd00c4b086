/*
 * strip: the file of a state that was surveyed, read again a stretch at a time wherever it is
 * wanted.
 *
 * That the file is still what was surveyed is seen on the way: each stretch must have the sum that
 * it had. So the hashes of values and nodes that the survey kept are right still, and only others
 * are hashed.
 *
 * Order: open; seek to a mark of the survey; then load for the stretch there, and again for each
 * one behind it. The rest asks about the stretch loaded last. One thread; not to be moved.
 */
#ifndef PEN_MAKE_STRIP_H
#define PEN_MAKE_STRIP_H

#include "make/gather.h"
#include "make/survey.h"

/* Zeroed is closed. */
struct pen_strip {
	const struct pen_survey *survey; /* finished; only read */
	struct pen_feed feed;
	struct pen_stretch stretch; /* pairs of the one loaded last; borrowed from by who asks */
	const struct pen_mark *mark; /* of the stretch to be loaded next */
	const struct pen_mark *loaded; /* of the stretch that is in memory, or NULL */
	struct pen_make_time *time; /* read and hash are added to; borrowed */
};

/* Open the file. 0, or an error as pen_feed_open. */
int pen_strip_open(struct pen_strip *strip, const struct pen_survey *survey,
	const struct pen_pairs_from *from, struct pen_make_time *time, struct pen_why *why);

/* NULL and a zeroed one are fine. */
void pen_strip_close(struct pen_strip *strip);

/* The file is not what was surveyed: writes that into `why` and returns PEN_EINPUT. */
int pen_strip_fail(const struct pen_strip *strip, struct pen_why *why);

/* Go to the stretch at a mark of the survey. */
void pen_strip_seek(struct pen_strip *strip, const struct pen_mark *mark);

/*
 * Have the stretch at strip->mark in memory, which then is the mark behind it; one that is there
 * already is not read again. 0; PEN_EINPUT when the file is not what was surveyed, as where it
 * should go on behind the last mark; else as pen_feed_next and pen_stretch_decode.
 */
int pen_strip_load(struct pen_strip *strip, struct pen_why *why);

/* The index of the first pair of the stretch that `below` does not say yes to; it must say yes to
 * all before that and to none behind. */
size_t pen_strip_first(const struct pen_strip *strip, bool (*below)(struct pen_bytes, const void *),
	const void *what);

/* The key behind pair `to` - 1 of the stretch, borrowed from it; false if there is none in the
 * file. */
bool pen_strip_next(const struct pen_strip *strip, size_t to, struct pen_bytes *key);

/* Pairs [from, to) of the stretch. */
struct pen_strip_run {
	struct pen_build *build; /* that they are pushed to, with nodes that the survey knows */
	size_t from, to;
	struct pen_gather *gather; /* that their values are added to, or NULL */
};

/* Push them. 0, or an error of the two. */
int pen_strip_push(struct pen_strip *strip, const struct pen_strip_run *run, struct pen_why *why);

#endif
