/*
 * judge: is this file, in nearcore or lean form, exactly part k of n of the state with this root?
 * Its first bytes say which form it is. The verdict on a part and what is found in it do not depend
 * on the form; whoever uses it need not know.
 *
 * Order: open, prove (or pen_judge_part, which is both), then any of the questions below.
 * Memory is kept from part to part of one form; that of the other is given back. One thread.
 */
#ifndef PEN_PART_JUDGE_H
#define PEN_PART_JUDGE_H

#include "part/envelope.h"
#include "part/form.h"
#include "part/prove.h"
#include "part/rebuild.h"

/* Most bytes of a stored part in either form: the largest content, what zstd adds when it cannot
 * compress it, and what stands in front. */
#define PEN_PART_FILE_BYTES_MAX (PEN_PART_BYTES_MAX + PEN_PART_BYTES_MAX / 128 + ((size_t)2 << 20))

/* Zeroed is valid. The first four are the caller's. */
struct pen_judge {
	bool bare; /* nearcore form comes without envelope (before protocol version 82) */
	bool brief; /* nothing but the verdict is wanted of a lean part: less memory is taken */
	size_t bytes_max; /* of the content; beyond it, PEN_ELARGE; 0: the format's own limit */
	uint32_t entries_max; /* the same */
	enum pen_form form; /* of the part opened last */
	struct pen_zstd zstd; /* window_log is the caller's too */
	struct pen_buf plain; /* PartialState: decompressed, or written out of a lean part */
	struct pen_bytes content; /* of the part opened last, in nearcore form */
	struct pen_bytes stored; /* of the lean part opened last */
	struct pen_proof proof;
	struct pen_rebuild rebuild;
};

/* Give the memory back; zeroed and NULL are fine. Only the caller's fields are kept. */
void pen_judge_fini(struct pen_judge *judge);

/* The form that these bytes of a part are in, if they are a part. */
enum pen_form pen_judge_form(struct pen_bytes stored);

/*
 * Take `stored` (borrowed until the part is proved; in nearcore form until the next call) out of
 * its envelope, or read its head. `id` is the part that it should be; in nearcore form it is not
 * looked at yet. 0; PEN_EENVELOPE; what pen_rebuild_open says; PEN_ELARGE; -ENOMEM.
 */
int pen_judge_open(struct pen_judge *judge, const struct pen_part_id *id, struct pen_bytes stored,
	struct pen_why *why);

/* Prove what was opened to be part `id`, for lean the same as before. 0, or what the proof
 * (part/prove.h) or the rebuilding (part/rebuild.h) say. */
int pen_judge_prove(struct pen_judge *judge, const struct pen_part_id *id, struct pen_why *why);

/* Both. */
int pen_judge_part(struct pen_judge *judge, const struct pen_part_id *id, struct pen_bytes stored,
	struct pen_why *why);

/* Counts of the part just proved, unless brief; the same in either form. */
void pen_judge_counts(struct pen_judge *judge, struct pen_part_counts *out);

/* Entries of the part just proved, unless brief: those with refs > 0 belong to it and are used that
 * often in it. Borrowed until the next open. */
const struct pen_entries *pen_judge_entries(const struct pen_judge *judge);

/* Visit each key and value of the part just proved, unless brief, as pen_proof_visit does. */
int pen_judge_visit(struct pen_judge *judge, pen_item_fn fn, void *context, struct pen_why *why);

/*
 * The PartialState of the part just proved, unless brief, borrowed until the next call: as it came,
 * or, of a lean part, as nearcore would write it. 0; PEN_EREFUSED (over nearcore's limits);
 * -ENOMEM.
 */
int pen_judge_content(struct pen_judge *judge, struct pen_bytes *out, struct pen_why *why);

#endif
