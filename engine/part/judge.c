#include "part/judge.h"

#include <string.h>

#include "base/check.h"
#include "part/partial.h"

void pen_judge_fini(struct pen_judge *judge)
{
	if (!judge)
		return;
	unsigned window_log = judge->zstd.window_log;
	pen_zstd_fini(&judge->zstd);
	pen_buf_fini(&judge->plain);
	pen_proof_fini(&judge->proof);
	pen_rebuild_fini(&judge->rebuild);
	*judge = (struct pen_judge){.bare = judge->bare,
		.brief = judge->brief,
		.bytes_max = judge->bytes_max,
		.entries_max = judge->entries_max,
		.zstd.window_log = window_log};
}

enum pen_form pen_judge_form(struct pen_bytes stored)
{
	bool lean = stored.len >= PEN_LEAN_MAGIC_BYTES &&
		memcmp(stored.at, PEN_LEAN_MAGIC, PEN_LEAN_MAGIC_BYTES) == 0;
	return lean ? PEN_FORM_LEAN : PEN_FORM_NEARCORE;
}

/* What is allowed is looked at before any memory is taken for it. */
static int content_check(const struct pen_judge *judge, struct pen_why *why)
{
	struct pen_bytes content = judge->content;
	uint32_t count;
	if (judge->bytes_max && content.len > judge->bytes_max)
		return pen_fail(why, PEN_ELARGE, "its content has %zu bytes", content.len);
	if (content.len < PEN_PARTIAL_HEAD_BYTES || pen_partial_head(content.at, &count, why))
		return 0; /* the proof says what is wrong */
	if (judge->entries_max && count > judge->entries_max)
		return pen_fail(why, PEN_ELARGE, "it has %u entries", count);
	return 0;
}

static int nearcore_open(struct pen_judge *judge, struct pen_bytes stored, struct pen_why *why)
{
	struct pen_envelope envelope;
	judge->zstd.bytes_max = judge->bytes_max;
	int err = pen_envelope_open(
		&judge->zstd, stored, judge->bare, &judge->plain, &envelope, why);
	if (err)
		return err;
	judge->content = envelope.content;
	return content_check(judge, why);
}

/* Frames and rebuilt nodes together are about what the content is in nearcore form. */
static int lean_open(struct pen_judge *judge, const struct pen_part_id *id, struct pen_bytes stored,
	struct pen_why *why)
{
	const struct pen_rebuild_limits limits = {.keep = !judge->brief,
		.kept_bytes = judge->bytes_max,
		.scratch_bytes = judge->bytes_max,
		.entries = judge->entries_max};
	struct pen_lean_head head;
	int err = pen_lean_decode(stored, &head, why);
	if (err)
		return err;
	if (stored.len - head.bytes != head.stored_bytes)
		return pen_fail(why, PEN_EHEAD,
			"BadHead: %zu bytes of frames, it says that they have %llu",
			stored.len - head.bytes, (unsigned long long)head.stored_bytes);
	judge->stored = stored;
	return pen_rebuild_open(&judge->rebuild, id, stored, &limits, why);
}

/* One job takes memory for one form at a time. */
static void other_free(struct pen_judge *judge, enum pen_form form)
{
	if (form == judge->form)
		return;
	pen_buf_fini(&judge->plain);
	pen_proof_fini(&judge->proof);
	pen_rebuild_fini(&judge->rebuild);
}

int pen_judge_open(struct pen_judge *judge, const struct pen_part_id *id, struct pen_bytes stored,
	struct pen_why *why)
{
	bool lean = !judge->bare && pen_judge_form(stored) == PEN_FORM_LEAN;
	enum pen_form form = lean ? PEN_FORM_LEAN : PEN_FORM_NEARCORE;
	other_free(judge, form);
	judge->form = form;
	judge->content = judge->stored = (struct pen_bytes){0};
	return lean ? lean_open(judge, id, stored, why) : nearcore_open(judge, stored, why);
}

static int lean_prove(struct pen_judge *judge, struct pen_why *why)
{
	struct pen_rebuild *rebuild = &judge->rebuild;
	const uint8_t *at = judge->stored.at + rebuild->head.bytes;
	int err = 0;
	for (uint32_t i = 0; !err && i < rebuild->head.frames; i++) {
		struct pen_lean_frame_place place = pen_lean_frame_place(&rebuild->head, i);
		struct pen_bytes frame = {at, place.row.stored_bytes};
		err = pen_lean_frame_open(
			&judge->zstd, &place, frame, pen_rebuild_room(rebuild, i), why);
		if (!err)
			err = pen_rebuild_take(rebuild, why);
		at += frame.len;
	}
	return err ? err : pen_rebuild_close(rebuild, why);
}

int pen_judge_prove(struct pen_judge *judge, const struct pen_part_id *id, struct pen_why *why)
{
	return judge->form == PEN_FORM_LEAN
		? lean_prove(judge, why)
		: pen_proof_check(&judge->proof, id, judge->content, why);
}

int pen_judge_part(struct pen_judge *judge, const struct pen_part_id *id, struct pen_bytes stored,
	struct pen_why *why)
{
	int err = pen_judge_open(judge, id, stored, why);
	return err ? err : pen_judge_prove(judge, id, why);
}

void pen_judge_counts(struct pen_judge *judge, struct pen_part_counts *out)
{
	PEN_CHECK(!judge->brief);
	if (judge->form == PEN_FORM_LEAN)
		pen_rebuild_counts(&judge->rebuild, out);
	else
		pen_proof_counts(&judge->proof, out);
}

const struct pen_entries *pen_judge_entries(const struct pen_judge *judge)
{
	PEN_CHECK(!judge->brief);
	return judge->form == PEN_FORM_LEAN ? &judge->rebuild.entries : &judge->proof.entries;
}

int pen_judge_visit(struct pen_judge *judge, pen_item_fn fn, void *context, struct pen_why *why)
{
	PEN_CHECK(!judge->brief);
	return judge->form == PEN_FORM_LEAN ? pen_rebuild_visit(&judge->rebuild, fn, context, why)
					    : pen_proof_visit(&judge->proof, fn, context, why);
}

int pen_judge_content(struct pen_judge *judge, struct pen_bytes *out, struct pen_why *why)
{
	PEN_CHECK(!judge->brief);
	if (judge->form == PEN_FORM_LEAN) {
		judge->plain.len = 0;
		int err = pen_rebuild_content(&judge->rebuild, &judge->plain, why);
		if (err)
			return err;
		judge->content = pen_buf_bytes(&judge->plain);
	}
	*out = judge->content;
	return 0;
}
