#include "make/frames.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"

struct pen_frames_slot {
	struct pen_frames_slot *next; /* in the list that it is in */
	struct pen_frames_part *part; /* whose frame it is */
	uint32_t i; /* number of the frame */
	int err; /* of sealing it */
	struct pen_buf raw, stored;
	struct pen_lean_row row;
	struct pen_why why;
};

/* A stored frame in part->body. */
struct place {
	size_t at;
	uint32_t bytes;
};

int pen_frames_open(
	struct pen_frames *frames, unsigned jobs, pen_frames_seal_fn seal, struct pen_why *why)
{
	PEN_CHECK(jobs > 0 && jobs <= PEN_CREW_JOBS_MAX);
	unsigned count = jobs * PEN_FRAMES_SLOTS;
	*frames = (struct pen_frames){.seal = seal, .raw_bytes_max = jobs * PEN_FRAMES_RAW_BYTES};
	frames->slots = calloc(count, sizeof *frames->slots);
	if (!frames->slots)
		return pen_fail(why, -ENOMEM, "no memory for frames of %u workers", jobs);
	frames->count = count;
	for (unsigned i = 0; i < count; i++) {
		frames->slots[i].next = frames->free;
		frames->free = &frames->slots[i];
	}
	return 0;
}

void pen_frames_close(struct pen_frames *frames)
{
	PEN_CHECK(frames->waiting == 0 && frames->raw_bytes == 0);
	for (unsigned i = 0; i < frames->count; i++) {
		pen_buf_fini(&frames->slots[i].raw);
		pen_buf_fini(&frames->slots[i].stored);
	}
	free(frames->slots);
	*frames = (struct pen_frames){0};
}

void pen_frames_enter(struct pen_frames *frames)
{
	frames->makers++;
}

void pen_frames_leave(struct pen_frames *frames, struct pen_crew *crew)
{
	PEN_CHECK(frames->makers > 0);
	if (--frames->makers == 0)
		pen_crew_signal(crew);
}

/* A slot for so many raw bytes, or NULL if this frame is better sealed here. Under the lock. */
static struct pen_frames_slot *slot_take(struct pen_frames *frames, size_t bytes)
{
	struct pen_frames_slot *slot = frames->free;
	if (!slot || frames->waiting >= frames->helpers * PEN_FRAMES_AHEAD ||
		frames->raw_bytes + bytes > frames->raw_bytes_max)
		return NULL;
	frames->free = slot->next;
	frames->raw_bytes += bytes;
	return slot;
}

/* Under the lock. */
static void slot_give(struct pen_frames *frames, struct pen_frames_slot *slot, size_t bytes)
{
	PEN_CHECK(frames->raw_bytes >= bytes);
	frames->raw_bytes -= bytes;
	slot->next = frames->free;
	frames->free = slot;
}

/* Put it behind those that wait. Under the lock. */
static void slot_wait(struct pen_frames *frames, struct pen_frames_slot *slot)
{
	slot->next = NULL;
	if (frames->first)
		frames->last->next = slot;
	else
		frames->first = slot;
	frames->last = slot;
	frames->waiting++;
}

/* Seal the frame that waits longest. Under the lock, which is let go meanwhile. */
static void seal_first(struct pen_frames *frames, struct pen_crew *crew, struct pen_zstd *zstd)
{
	struct pen_frames_slot *slot = frames->first;
	struct pen_frames_part *part = slot->part;
	frames->first = slot->next;
	frames->waiting--;
	pen_crew_unlock(crew);
	/* The level stays as it is until the part has all its frames back. */
	slot->err = frames->seal(zstd, pen_buf_bytes(&slot->raw), part->press->level, &slot->stored,
		&slot->row, &slot->why);
	pen_crew_lock(crew);
	slot->next = part->sealed;
	part->sealed = slot;
	PEN_CHECK(part->away > 0);
	if (--part->away == 0)
		pen_crew_signal(crew);
}

void pen_frames_help(
	struct pen_frames *frames, struct pen_crew *crew, struct pen_zstd *zstd, int64_t *spent_ns)
{
	PEN_CHECK(frames->count > 0);
	frames->helpers++;
	while (!pen_crew_stopped(crew) && (frames->waiting || frames->makers)) {
		if (!frames->waiting) {
			pen_crew_wait(crew);
			continue;
		}
		int64_t begin = pen_clock_ns();
		seal_first(frames, crew, zstd);
		*spent_ns += pen_clock_ns() - begin;
	}
	frames->helpers--;
}

void pen_frames_part_fini(struct pen_frames_part *part)
{
	PEN_CHECK(part->away == 0 && !part->sealed);
	pen_buf_fini(&part->body);
	pen_buf_fini(&part->places);
}

/* Frame i lies at the end of the body. */
static void note(struct pen_frames_part *part, uint32_t i, const struct pen_lean_row *row)
{
	struct place *places = (struct place *)(void *)part->places.at;
	PEN_CHECK(i < part->places.len / sizeof *places);
	places[i] = (struct place){part->body.len - row->stored_bytes, row->stored_bytes};
	pen_press_row(part->press, i, row);
}

/* What came back in a slot. */
static int take_back(struct pen_frames_part *part, const struct pen_frames_slot *slot)
{
	if (slot->err) {
		if (part->why)
			*part->why = slot->why;
		return slot->err;
	}
	/* The one copy of a frame that somebody else sealed: who seals cannot write into a body
	 * that its part's worker makes grow meanwhile. */
	if (pen_buf_append(&part->body, slot->stored.at, slot->stored.len))
		return pen_fail(part->why, -ENOMEM, "no memory for a lean part");
	note(part, slot->i, &slot->row);
	return 0;
}

/* Make a slot ready for the next frame; returns the raw bytes that it had. */
static size_t slot_reset(struct pen_frames_slot *slot)
{
	size_t bytes = slot->raw.len;
	if (slot->raw.cap > PEN_FRAMES_KEPT_BYTES || slot->stored.cap > PEN_FRAMES_KEPT_BYTES) {
		pen_buf_fini(&slot->raw);
		pen_buf_fini(&slot->stored);
	}
	slot->raw.len = slot->stored.len = 0;
	return bytes;
}

/* Take in what came back, or with `drop` forget it. */
static int gather(struct pen_frames_part *part, bool drop)
{
	int err = 0;
	pen_crew_lock(part->crew);
	while (part->sealed) {
		struct pen_frames_slot *slot = part->sealed;
		part->sealed = slot->next;
		pen_crew_unlock(part->crew);
		if (!err && !drop)
			err = take_back(part, slot);
		size_t bytes = slot_reset(slot);
		pen_crew_lock(part->crew);
		slot_give(part->frames, slot, bytes);
	}
	pen_crew_unlock(part->crew);
	return err;
}

/* Give a frame away. False: it is to be sealed here. */
static bool offer(struct pen_frames_part *part, uint32_t i, struct pen_bytes raw)
{
	struct pen_frames *frames = part->frames;
	pen_crew_lock(part->crew);
	struct pen_frames_slot *slot = slot_take(frames, raw.len);
	pen_crew_unlock(part->crew);
	if (!slot)
		return false;
	slot->part = part;
	slot->i = i;
	/* A copy, because the press packs its next frame into the same bytes; it costs about a
	 * hundredth of what sealing them does. */
	int err = pen_buf_append(&slot->raw, raw.at, raw.len);
	pen_crew_lock(part->crew);
	if (err) {
		slot_give(frames, slot, raw.len);
	} else {
		part->away++;
		slot_wait(frames, slot);
		pen_crew_signal(part->crew);
	}
	pen_crew_unlock(part->crew);
	return !err;
}

static int seal_here(struct pen_frames_part *part, uint32_t i, struct pen_bytes raw)
{
	struct pen_lean_row row = {0};
	struct pen_press *press = part->press;
	int err = part->frames->seal(&press->zstd, raw, press->level, &part->body, &row, part->why);
	if (!err)
		note(part, i, &row);
	return err;
}

/* The press has a raw frame. */
static int take_raw(void *context, uint32_t i, struct pen_bytes raw, uint32_t pairs)
{
	struct pen_frames_part *part = context;
	const struct place none = {0};
	(void)pairs;
	PEN_CHECK(i == part->places.len / sizeof none);
	int err = gather(part, false);
	if (!err && pen_buf_append(&part->places, &none, sizeof none))
		err = pen_fail(part->why, -ENOMEM, "no memory for a list of frames");
	if (err || offer(part, i, raw))
		return err;
	return seal_here(part, i, raw);
}

void pen_frames_begin(struct pen_frames_part *part, struct pen_why *why)
{
	PEN_CHECK(part->away == 0 && !part->sealed);
	part->press->fn = take_raw;
	part->press->context = part;
	part->body.len = part->places.len = 0;
	part->why = why;
}

/* No frame is away any more: seal what waits, also of others, and sleep when others seal. */
static void wait_for_all(struct pen_frames_part *part)
{
	struct pen_frames *frames = part->frames;
	pen_crew_lock(part->crew);
	while (part->away) {
		if (frames->waiting)
			seal_first(frames, part->crew, &part->press->zstd);
		else
			pen_crew_wait(part->crew);
	}
	pen_crew_unlock(part->crew);
}

/* Append the stored frames in order. */
static int put_body(const struct pen_frames_part *part, struct pen_buf *out)
{
	const struct place *places = (const struct place *)(const void *)part->places.at;
	int err = pen_buf_grow(out, part->body.len);
	/* The copy that makes one file of head and frames, as pen_press_close does. */
	for (size_t i = 0; !err && i < part->places.len / sizeof *places; i++)
		err = pen_buf_append(out, part->body.at + places[i].at, places[i].bytes);
	return err;
}

int pen_frames_finish(struct pen_frames_part *part, struct pen_buf *out, struct pen_why *why)
{
	part->why = why;
	int err = pen_press_flush(part->press, why);
	wait_for_all(part);
	if (!err)
		err = gather(part, false);
	if (!err)
		err = pen_press_head(part->press, out, why);
	if (!err && put_body(part, out))
		err = pen_fail(why, -ENOMEM, "no memory for a lean part");
	return err;
}

void pen_frames_end(struct pen_frames_part *part)
{
	wait_for_all(part);
	gather(part, true);
}
