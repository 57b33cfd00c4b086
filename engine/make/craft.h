/*
 * craft: one worker of a make: cuts a part out of the state's file, in the forms that are missing,
 * and writes each into the store. A lean part that is not worth its file (make/worth.h) is not
 * written; if it was wanted alone, nearcore's form of it is made instead, so that the store has the
 * part. One thread; the survey is shared and only read, and the frames of lean parts are sealed
 * together with the other workers (make/frames.h).
 */
#ifndef PEN_MAKE_CRAFT_H
#define PEN_MAKE_CRAFT_H

#include "make/cut.h"
#include "make/frames.h"
#include "make/make.h"
#include "make/worth.h"
#include "part/press.h"
#include "store/catalog.h"

/* Filled by pen_craft_open but for `survey`, `want`, and the two that `frames` borrows; kept from
 * part to part. */
struct pen_craft {
	const struct pen_make *make; /* borrowed, as the next two */
	const struct pen_survey *survey;
	const struct pen_make_want *want;
	struct pen_cut cut;
	struct pen_press press;
	struct pen_frames_part frames; /* of the lean part under way */
	struct pen_worth worth;
	struct pen_zstd zstd;
	struct pen_writer writer;
	struct pen_buf content; /* the PartialState, unless it went through the disk */
	uint64_t content_bytes; /* its length, either way */
	struct pen_buf sealed; /* the part in nearcore form */
	struct pen_buf lean; /* the part in lean form */
	char prefix[PEN_WRITER_DIR_BYTES + 32]; /* of its spilled runs */
};

/* What is to be made of a part. */
struct pen_craft_order {
	uint64_t k;
	unsigned forms; /* bit i: form i is wanted and missing; not 0 */
	uint64_t nearcore_bytes; /* of its file in nearcore form, if it is there; else 0 */
};

/* What became of it. */
struct pen_crafted {
	unsigned forms; /* bit i: a file in form i was written */
	struct pen_catalog_file files[PEN_FORMS]; /* of these, for the catalogue; dir is not set */
	uint64_t content_bytes[PEN_FORMS]; /* of these: of the PartialState, of raw frames */
	bool larger; /* lean form was wanted and is not worth it */
	bool spilled; /* nearcore form went through the disk */
};

/* Begin as worker `number` of a run. 0 or an error as pen_feed_open; close it in any case. */
int pen_craft_open(
	struct pen_craft *craft, const struct pen_make *make, unsigned number, struct pen_why *why);

/* Give its memory back; a zeroed one is fine. */
void pen_craft_close(struct pen_craft *craft);

/* Make the files of one part. 0 and *out; errors as pen_make_run. */
int pen_craft_part(struct pen_craft *craft, const struct pen_craft_order *order,
	struct pen_crafted *out, struct pen_why *why);

#endif
