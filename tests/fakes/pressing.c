#include "fakes/pressing.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/rng.h"

enum { PAIRS = 90, LEVEL = 1 };

/* A seal has no context: what it needs to know of the run and of its thread. One run at a time. */
static atomic_bool waits, go;
static _Atomic enum fake_pressing_fault fault;
static _Thread_local bool makes;

static int seal(struct pen_zstd *zstd, struct pen_bytes raw, int level, struct pen_buf *out,
	struct pen_lean_row *row, struct pen_why *why)
{
	while (waits && !go && (makes || fault == FAKE_PRESSING_STOP))
		pen_clock_sleep_ns(PEN_NS_PER_MS / 10);
	go = true;
	if (fault == (makes ? FAKE_PRESSING_HERE : FAKE_PRESSING_AWAY))
		return pen_fail(why, PEN_EFRAME, "sealed badly");
	return pen_lean_frame_seal(zstd, raw, level, out, row, why);
}

static bool is_inside(const struct pen_press *press, struct pen_bytes key)
{
	struct pen_path path;
	pen_path_of_key(&path, key);
	return pen_path_compare(&path, &press->begin.path) >= 0 &&
		(press->end.none || pen_path_compare(&path, &press->end.path) < 0);
}

/* Open part k and push its pairs among the first `most` of the state. */
static int push(const struct fake_pressing *pressing, struct pen_press *press, unsigned k,
	size_t most, struct pen_why *why)
{
	const struct pen_part_id id = {pressing->state->sum.root, k, pressing->parts};
	const struct pen_reader reader = fake_state_reader(pressing->state);
	int err = pen_press_open(press, &id, &reader, LEVEL, why);
	for (size_t i = 0; i < most && !err; i++) {
		const struct pen_pair *pair = &fake_pairs(&pressing->state->pairs)[i];
		if (is_inside(press, pair->key))
			err = pen_press_push(press, pair, NULL, why);
	}
	return err;
}

/* One part, with what is to go wrong. */
static int make(struct fake_pressing *pressing, struct pen_frames_part *part, unsigned k,
	struct pen_why *why)
{
	int err = 0;
	if (pressing->fault == FAKE_PRESSING_TWICE || pressing->fault == FAKE_PRESSING_PAIRS) {
		pen_frames_begin(part, why);
		err = push(pressing, part->press, k, PAIRS / 2, why);
		pen_frames_end(part);
	}
	if (!err && pressing->fault == FAKE_PRESSING_PAIRS)
		return pen_fail(why, -ENOSPC, "no more pairs");
	if (err)
		return err;
	pen_frames_begin(part, why);
	err = push(pressing, part->press, k, PAIRS, why);
	if (!err)
		err = pen_frames_finish(part, &pressing->out[k], why);
	pen_frames_end(part);
	return err;
}

/* Under the lock: wait until all who have no part are helping. */
static void wait_for_helpers(struct fake_pressing *pressing, struct pen_crew *crew)
{
	while (pressing->jobs > pressing->parts && !pen_crew_stopped(crew) &&
		pressing->frames.helpers < pressing->jobs - pressing->parts) {
		pen_crew_unlock(crew);
		pen_clock_sleep_ns(PEN_NS_PER_MS / 10);
		pen_crew_lock(crew);
	}
}

static void work(struct pen_crew *crew, void *context, unsigned worker)
{
	struct fake_pressing *pressing = context;
	struct pen_press press = {0};
	struct pen_frames_part part = {.frames = &pressing->frames, .crew = crew, .press = &press};
	struct pen_why why = {0};
	int64_t spent_ns = 0;
	unsigned k = 0;
	int err = 0;
	(void)worker;
	pen_crew_lock(crew);
	while (!err && pressing->next < pressing->parts && !pen_crew_stopped(crew)) {
		k = pressing->next++;
		pen_frames_enter(&pressing->frames);
		wait_for_helpers(pressing, crew);
		pen_crew_unlock(crew);
		makes = true;
		err = make(pressing, &part, k, &why);
		makes = false;
		pen_crew_lock(crew);
		pen_frames_leave(&pressing->frames, crew);
	}
	if (!err)
		pen_frames_help(&pressing->frames, crew, &press.zstd, &spent_ns);
	PEN_CHECK(spent_ns >= 0);
	pen_crew_unlock(crew);
	if (err)
		pen_crew_fail(crew, k, err, &why);
	pen_frames_part_fini(&part);
	pen_press_fini(&press);
}

static int stop_at_once(void *context)
{
	(void)context;
	go = true;
	return PEN_EINTERRUPTED;
}

int fake_pressing_run(struct fake_pressing *pressing)
{
	struct pen_crew_work crew = {.run = work, .context = pressing};
	PEN_CHECK(pressing->parts <= FAKE_PRESSING_PARTS);
	if (pressing->fault == FAKE_PRESSING_STOP)
		crew.look = stop_at_once;
	fault = pressing->fault;
	go = false;
	waits = pressing->jobs > pressing->parts || fault == FAKE_PRESSING_STOP;
	int err = pen_frames_open(&pressing->frames, pressing->jobs, seal, &pressing->why);
	if (!err)
		err = pen_crew_run(&crew, pressing->jobs, &pressing->why);
	pen_frames_close(&pressing->frames);
	return err;
}

bool fake_pressing_right(const struct fake_pressing *pressing)
{
	struct pen_press press = {0};
	struct pen_buf whole = {0};
	bool right = true;
	for (unsigned k = 0; k < pressing->parts; k++) {
		whole.len = 0;
		PEN_CHECK(push(pressing, &press, k, PAIRS, NULL) == 0);
		PEN_CHECK(pen_press_close(&press, &whole, NULL) == 0);
		right = right &&
			pen_bytes_compare(
				pen_buf_bytes(&whole), pen_buf_bytes(&pressing->out[k])) == 0;
	}
	pen_press_fini(&press);
	pen_buf_fini(&whole);
	return right;
}

void fake_pressing_fini(struct fake_pressing *pressing)
{
	for (unsigned k = 0; k < FAKE_PRESSING_PARTS; k++)
		pen_buf_fini(&pressing->out[k]);
}

void fake_pressing_state(struct fake_state *state)
{
	static const size_t lens[] = {70000, 1200, 196608, 30000, 9, 150000};
	struct pen_rng rng = {5};
	struct pen_pair pairs[PAIRS];
	uint8_t keys[PAIRS];
	struct pen_buf values = {0};
	/* Bytes of four bits, so that there is something to compress; values overlap in them. */
	PEN_CHECK(pen_buf_reserve(&values, PEN_VALUE_BYTES_MAX + PAIRS) == 0);
	for (; values.len < values.cap; values.len++)
		values.at[values.len] = (uint8_t)(pen_rng_next(&rng) & 15);
	for (size_t i = 0; i < PAIRS; i++) {
		size_t len = i == PAIRS / 3 ? PEN_VALUE_BYTES_MAX : lens[i % PEN_COUNT(lens)];
		keys[i] = (uint8_t)(i * 2);
		pairs[i] = (struct pen_pair){{&keys[i], 1}, {values.at + i, len}};
	}
	fake_state_of(state, pairs, PAIRS);
	pen_buf_fini(&values);
}
