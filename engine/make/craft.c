#include "make/craft.h"

#include <stdio.h>

#include "base/check.h"
#include "base/clock.h"
#include "part/partial.h"

int pen_craft_open(
	struct pen_craft *craft, const struct pen_make *make, unsigned number, struct pen_why *why)
{
	const struct pen_make_hand *hand = &make->hands[number];
	struct pen_pairs_from from = make->from;
	PEN_CHECK(number < make->jobs);
	from.disk = hand->source;
	craft->make = make;
	craft->frames.press = &craft->press;
	pen_writer_init(&craft->writer, hand->store, make->store->parts.dir);
	snprintf(craft->prefix, sizeof craft->prefix, "%s/run-%016llx", craft->writer.dir,
		(unsigned long long)craft->writer.nonce);
	struct pen_gather_spill spill = {hand->store, craft->prefix};
	return pen_cut_open(&craft->cut, craft->survey, &from, &spill, make->scratch, why);
}

void pen_craft_close(struct pen_craft *craft)
{
	pen_cut_close(&craft->cut);
	pen_frames_part_fini(&craft->frames);
	pen_press_fini(&craft->press);
	pen_worth_fini(&craft->worth);
	pen_zstd_fini(&craft->zstd);
	pen_buf_fini(&craft->content);
	pen_buf_fini(&craft->sealed);
	pen_buf_fini(&craft->lean);
}

struct sealing {
	struct pen_seal seal;
	struct pen_why *why;
};

static int seal_entry(void *context, struct pen_bytes entry)
{
	struct sealing *sealing = context;
	return pen_seal_put(&sealing->seal, entry, sealing->why);
}

/* A part that went through the disk is compressed as its runs are merged. */
static int seal_spilled(struct pen_craft *craft, struct pen_why *why)
{
	struct sealing sealing = {.why = why};
	uint8_t head[PEN_PARTIAL_HEAD_BYTES] = {0};
	pen_put_le32(head + 1, craft->cut.gather.count);
	int err = pen_seal_open(
		&sealing.seal, &craft->zstd, craft->want->level, &craft->sealed, why);
	if (!err)
		err = pen_seal_put(&sealing.seal, (struct pen_bytes){head, sizeof head}, why);
	if (!err)
		err = pen_gather_each(&craft->cut.gather, seal_entry, &sealing, why);
	craft->content_bytes = sealing.seal.content_bytes;
	return err ? err : pen_seal_close(&sealing.seal, why);
}

/* The part just gathered, compressed. */
static int seal_part(struct pen_craft *craft, struct pen_why *why)
{
	craft->sealed.len = craft->content.len = 0;
	if (craft->cut.gather.runs)
		return seal_spilled(craft, why);
	int err = pen_cut_content(&craft->cut, &craft->content, why);
	craft->content_bytes = craft->content.len;
	return err ? err
		   : pen_envelope_seal(&craft->zstd, pen_buf_bytes(&craft->content),
			     craft->want->level, &craft->sealed, why);
}

/* Part k in nearcore form, into craft->sealed. */
static int make_nearcore(struct pen_craft *craft, uint64_t k, struct pen_why *why)
{
	int err = pen_cut_part(&craft->cut, k, craft->want->parts, why);
	int64_t begin = pen_clock_ns();
	if (!err)
		err = seal_part(craft, why);
	craft->cut.time.compress += pen_clock_ns() - begin;
	return err;
}

/* The same in lean form, into craft->lean. PEN_EREFUSED: it has none. */
static int make_lean(struct pen_craft *craft, uint64_t k, struct pen_why *why)
{
	const struct pen_part_id id = {craft->survey->sum.root, k, craft->want->parts};
	struct pen_cut_press with = {&craft->press, &craft->worth, craft->want->level};
	craft->lean.len = 0;
	pen_frames_begin(&craft->frames, why);
	int err = pen_cut_lean(&craft->cut, &id, &with, why);
	int64_t begin = pen_clock_ns();
	if (!err)
		err = pen_frames_finish(&craft->frames, &craft->lean, why);
	pen_frames_end(&craft->frames);
	craft->cut.time.compress += pen_clock_ns() - begin;
	return err;
}

/* Write a part in one form, and note it. */
static int write_form(struct pen_craft *craft, uint64_t k, enum pen_form form,
	struct pen_crafted *out, struct pen_why *why)
{
	const struct pen_buf *bytes = form == PEN_FORM_LEAN ? &craft->lean : &craft->sealed;
	const struct pen_part_id id = {craft->survey->sum.root, k, craft->want->parts};
	struct pen_catalog_file *file = &out->files[form];
	struct pen_disk_stat stat;
	char name[PEN_NAME_BYTES];
	pen_part_path(&craft->want->labels, form, &id, name);
	int64_t begin = pen_clock_ns();
	/* The state may have been changed under us by whoever writes it: then this is no part. */
	int err = pen_feed_unchanged(&craft->cut.strip.feed, why);
	if (!err)
		err = pen_writer_put(&craft->writer, name, pen_buf_bytes(bytes), &stat, why);
	craft->cut.time.write += pen_clock_ns() - begin;
	if (err)
		return err;
	*file = (struct pen_catalog_file){.root = id.root,
		.memory_usage = craft->survey->sum.memory_usage,
		.form = form,
		.n = (uint32_t)id.n,
		.k = (uint32_t)id.k,
		.bytes = stat.bytes,
		.mtime_ns = stat.mtime_ns};
	out->forms |= 1u << form;
	return 0;
}

static int write_nearcore(
	struct pen_craft *craft, uint64_t k, struct pen_crafted *out, struct pen_why *why)
{
	int err = write_form(craft, k, PEN_FORM_NEARCORE, out, why);
	if (err)
		return err;
	int64_t begin = pen_clock_ns();
	pen_blob_id(pen_buf_bytes(&craft->sealed), out->files[PEN_FORM_NEARCORE].blob);
	craft->cut.time.write += pen_clock_ns() - begin;
	out->content_bytes[PEN_FORM_NEARCORE] = craft->content_bytes;
	out->spilled = craft->cut.gather.runs > 0;
	return 0;
}

static int write_lean(
	struct pen_craft *craft, uint64_t k, struct pen_crafted *out, struct pen_why *why)
{
	struct pen_bytes bytes = pen_buf_bytes(&craft->lean);
	struct pen_lean_head head;
	int err = write_form(craft, k, PEN_FORM_LEAN, out, why);
	if (err)
		return err;
	PEN_CHECK(pen_lean_decode(bytes, &head, NULL) == 0);
	out->content_bytes[PEN_FORM_LEAN] = head.raw_bytes;
	return pen_catalog_lean(bytes, &craft->content, &out->files[PEN_FORM_LEAN]);
}

/* Is the lean part just made worth it? nearcore_bytes is 0 if nearcore's form is not at hand: then
 * it is made, if there is any doubt, and stays in craft->sealed. 1, 0 or an error. */
static int lean_pays(
	struct pen_craft *craft, const struct pen_craft_order *order, struct pen_why *why)
{
	uint64_t nearcore_bytes = order->nearcore_bytes;
	if (!nearcore_bytes && pen_worth_sure(&craft->worth, craft->lean.len))
		return 1;
	if (!nearcore_bytes) {
		int err = make_nearcore(craft, order->k, why);
		if (err)
			return err;
		nearcore_bytes = craft->sealed.len;
	}
	return craft->lean.len <= pen_worth_limit(nearcore_bytes);
}

/* Lean form is wanted. */
static int craft_lean(struct pen_craft *craft, const struct pen_craft_order *order,
	struct pen_crafted *out, struct pen_why *why)
{
	struct pen_why refused = {0};
	int err = make_lean(craft, order->k, &refused);
	if (err && err != PEN_EREFUSED) {
		*why = refused;
		return err;
	}
	int pays = err ? 0 : lean_pays(craft, order, why);
	if (pays < 0)
		return pays;
	if (pays)
		return write_lean(craft, order->k, out, why);
	out->larger = true;
	if (order->nearcore_bytes)
		return 0;
	/* Refused without having been weighed: nearcore's form is not made yet. */
	if (err && (err = make_nearcore(craft, order->k, why)))
		return err;
	return write_nearcore(craft, order->k, out, why);
}

int pen_craft_part(struct pen_craft *craft, const struct pen_craft_order *order,
	struct pen_crafted *out, struct pen_why *why)
{
	struct pen_craft_order rest = *order;
	int err = 0;
	PEN_CHECK(order->k < craft->want->parts);
	PEN_CHECK(order->forms);
	*out = (struct pen_crafted){0};
	if (order->forms & 1u << PEN_FORM_NEARCORE) {
		err = make_nearcore(craft, order->k, why);
		if (!err)
			err = write_nearcore(craft, order->k, out, why);
		rest.nearcore_bytes = craft->sealed.len;
	}
	if (!err && order->forms & 1u << PEN_FORM_LEAN)
		err = craft_lean(craft, &rest, out, why);
	return err;
}
