#include "fetch/pull.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "store/layout.h"

/* With several sources busy, how long one is waited for before the others are looked at: their
 * sockets hold what comes meanwhile. */
#define PULL_SHARE_NS INT64_C(5000000)
/* Results taken from an origin in one go. */
#define PULL_REAP 8u

int pen_pull_open(
	struct pen_pull *pull, struct pen_plan *plan, const struct pen_pull_config *config)
{
	PEN_CHECK(config->slots >= 1);
	PEN_CHECK(config->slots <= PEN_PULL_SLOTS_MAX);
	*pull = (struct pen_pull){.config = *config, .plan = plan, .free_count = config->slots};
	pull->slots = calloc(config->slots, sizeof *pull->slots);
	return pull->slots ? 0 : -ENOMEM;
}

static struct pen_origin *origin_of(const struct pen_pull *pull, unsigned source)
{
	return pull->config.sources[source].origin;
}

static void slot_cancel(struct pen_pull *pull, struct pen_slot *slot)
{
	struct pen_origin *origin = origin_of(pull, slot->source);
	origin->ops->cancel(origin, (uint64_t)(slot - pull->slots));
}

/* What is still under way must come back before its buffer may go. */
static void drain(struct pen_pull *pull, unsigned source)
{
	struct pen_origin *origin = origin_of(pull, source);
	struct pen_origin_done done[PULL_REAP];
	while (origin->ops->reap(origin, done, PULL_REAP, 0))
		;
}

void pen_pull_close(struct pen_pull *pull)
{
	if (!pull->slots)
		return;
	for (unsigned i = 0; i < pull->config.slots; i++) {
		if (pull->slots[i].state == PEN_SLOT_FLYING)
			slot_cancel(pull, &pull->slots[i]);
	}
	for (unsigned s = 0; s < pull->plan->config.sources; s++) {
		/* One that is absent is in somebody else's hands. */
		if (pull->plan->source[s].absent)
			continue;
		drain(pull, s);
		origin_of(pull, s)->wake = -1;
	}
	for (unsigned i = 0; i < pull->config.slots; i++)
		pen_buf_fini(&pull->slots[i].bytes);
	free(pull->slots);
	pull->slots = NULL;
}

void pen_pull_give(struct pen_pull *pull, struct pen_slot *slot)
{
	PEN_CHECK(slot->state != PEN_SLOT_FREE);
	slot->state = PEN_SLOT_FREE;
	slot->bytes.len = 0;
	if (slot->alone)
		pen_buf_fini(&slot->bytes);
	pull->free_count++;
}

struct pen_slot *pen_pull_take(struct pen_pull *pull)
{
	struct pen_slot *first = NULL;
	for (unsigned i = 0; i < pull->config.slots; i++) {
		struct pen_slot *slot = &pull->slots[i];
		if (slot->state == PEN_SLOT_FULL && (!first || slot->order < first->order))
			first = slot;
	}
	if (first)
		first->state = PEN_SLOT_TAKEN;
	return first;
}

void pen_pull_untake(struct pen_slot *slot)
{
	PEN_CHECK(slot->state == PEN_SLOT_TAKEN);
	slot->state = PEN_SLOT_FULL;
}

/* An object beyond our allowance is not yet one beyond the format's limit. */
static void too_large(
	const struct pen_pull *pull, const struct pen_slot *slot, struct pen_origin_done *done)
{
	const struct pen_pull_config *config = &pull->config;
	if (done->result != PEN_EINPUT)
		return;
	if (!slot->alone && config->part_bytes < PEN_PART_WIRE_BYTES_MAX)
		done->result = PEN_ELARGE;
	else if (config->alone_bytes < PEN_PART_WIRE_BYTES_MAX)
		done->result = pen_fail(&done->why, PEN_ELARGE, "%s/%s: over %llu bytes: %s",
			origin_of(pull, slot->source)->label, slot->name,
			(unsigned long long)config->alone_bytes, config->limit);
}

static void slot_end(struct pen_pull *pull, struct pen_origin_done *done, int64_t now_ns)
{
	PEN_CHECK(done->tag < pull->config.slots);
	struct pen_slot *slot = &pull->slots[done->tag];
	PEN_CHECK(slot->state == PEN_SLOT_FLYING);
	too_large(pull, slot, done);
	struct pen_plan_event event = {.part = slot->part,
		.source = slot->source,
		.result = done->result,
		.retry_after_ns = done->retry_after_ns,
		.why = &done->why};
	pull->bytes_wire += done->bytes_wire;
	slot->end_ns = now_ns;
	if (done->result == 0) {
		slot->state = PEN_SLOT_FULL;
		slot->order = pull->fetched++;
		pull->busy_ns += now_ns - slot->begin_ns;
		if (pull->config.on_full)
			pull->config.on_full(pull->config.context, slot->part);
	} else {
		pen_pull_give(pull, slot);
	}
	pen_plan_ended(pull->plan, &event, now_ns);
}

static void reap(struct pen_pull *pull, unsigned source, int64_t now_ns)
{
	struct pen_origin *origin = origin_of(pull, source);
	struct pen_origin_done done[PULL_REAP];
	unsigned count;
	do {
		count = origin->ops->reap(origin, done, PULL_REAP, 0);
		for (unsigned i = 0; i < count; i++)
			slot_end(pull, &done[i], now_ns);
	} while (count == PULL_REAP);
}

static void progress_look(struct pen_pull *pull, int64_t now_ns)
{
	for (unsigned i = 0; i < pull->config.slots; i++) {
		struct pen_slot *slot = &pull->slots[i];
		if (slot->state != PEN_SLOT_FLYING ||
			slot->bytes.len - slot->seen < PEN_PULL_STEP_BYTES)
			continue;
		slot->seen = slot->bytes.len;
		pen_plan_progress(pull->plan, slot->part, now_ns);
	}
}

static struct pen_slot *slot_free(struct pen_pull *pull)
{
	struct pen_slot *slot = pull->slots;
	while (slot->state != PEN_SLOT_FREE)
		slot++;
	pull->free_count--;
	return slot;
}

/* An origin that takes no more than it has: as if the machine had failed the get. */
static void refused(struct pen_pull *pull, struct pen_slot *slot, int64_t now_ns)
{
	struct pen_origin_done done = {.tag = (uint64_t)(slot - pull->slots), .result = -EAGAIN};
	pen_fail(&done.why, -EAGAIN, "%s/%s: the source takes no more gets",
		origin_of(pull, slot->source)->label, slot->name);
	slot_end(pull, &done, now_ns);
}

/* What the other slots keep is needed for the one that goes alone. */
static void slots_empty(struct pen_pull *pull)
{
	PEN_CHECK(pull->free_count == pull->config.slots);
	for (unsigned i = 0; i < pull->config.slots; i++)
		pen_buf_fini(&pull->slots[i].bytes);
}

static void get_start(struct pen_pull *pull, const struct pen_plan_action *action, int64_t now_ns)
{
	const struct pen_source *source = &pull->config.sources[action->source];
	if (action->alone)
		slots_empty(pull);
	struct pen_slot *slot = slot_free(pull);
	slot->state = PEN_SLOT_FLYING;
	slot->part = action->part;
	slot->source = action->source;
	slot->alone = action->alone;
	slot->seen = slot->bytes.len = 0;
	slot->begin_ns = now_ns;
	char name[PEN_PART_NAME_BYTES];
	snprintf(slot->name, sizeof slot->name, "%s%s", source->prefix,
		pen_part_name(source->form, action->part, pull->plan->config.parts, name));
	struct pen_origin_get get = {.name = slot->name,
		.bytes_max = slot->alone ? pull->config.alone_bytes : pull->config.part_bytes,
		.into = &slot->bytes,
		.tag = (uint64_t)(slot - pull->slots)};
	if (pull->config.on_start)
		pull->config.on_start(pull->config.context, slot);
	source->origin->wake = pull->config.wake->fd;
	if (source->origin->ops->submit(source->origin, &get, 1) == 0)
		refused(pull, slot, now_ns);
}

static void get_cancel(struct pen_pull *pull, uint32_t part)
{
	for (unsigned i = 0; i < pull->config.slots; i++) {
		struct pen_slot *slot = &pull->slots[i];
		if (slot->state == PEN_SLOT_FLYING && slot->part == part)
			slot_cancel(pull, slot);
	}
}

void pen_pull_abandon(struct pen_pull *pull, uint32_t part)
{
	/* The plan did not ask for it, so it counts as no stall. */
	get_cancel(pull, part);
}

struct pen_plan_action pen_pull_turn(struct pen_pull *pull, int64_t now_ns)
{
	progress_look(pull, now_ns);
	for (unsigned s = 0; s < pull->plan->config.sources; s++) {
		if (pull->plan->source[s].flying)
			reap(pull, s, now_ns);
	}
	progress_look(pull, now_ns);
	for (;;) {
		struct pen_plan_action action = pen_plan_next(
			pull->plan, pull->free_count > 0, now_ns);
		switch (action.act) {
		case PEN_PLAN_START: get_start(pull, &action, now_ns); break;
		case PEN_PLAN_CANCEL:
			get_cancel(pull, action.part);
			reap(pull, action.source, now_ns);
			break;
		case PEN_PLAN_WAIT:
		case PEN_PLAN_END: return action;
		}
	}
}

void pen_pull_wait(struct pen_pull *pull, int64_t ns)
{
	unsigned busy[PEN_SOURCES_MAX], count = 0;
	for (unsigned s = 0; s < pull->plan->config.sources; s++) {
		if (pull->plan->source[s].flying &&
			!(count && origin_of(pull, busy[count - 1]) == origin_of(pull, s)))
			busy[count++] = s;
	}
	if (count == 0) {
		pen_wake_wait(pull->config.wake, ns);
		return;
	}
	for (unsigned i = 0; i < count; i++) {
		struct pen_origin *origin = origin_of(pull, busy[i]);
		int64_t share = count > 1 && ns > PULL_SHARE_NS ? PULL_SHARE_NS : ns;
		origin->ops->reap(origin, NULL, 0, share);
	}
	pen_wake_clear(pull->config.wake);
}
