#include "mirror.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"

/* Could the part come by radio? */
static bool is_on_air(const struct mirror_ask *ask, uint32_t k)
{
	for (unsigned i = 0; i < ask->radios->count; i++) {
		const struct radio *radio = &ask->radios->list[i];
		if (docket_airs(ask->docket, k, radio->form) && radio_offers(radio, k))
			return true;
	}
	return false;
}

/* Not what a radio has something of; only in a form in which it is to come. */
static bool may(void *context, uint32_t k, unsigned source)
{
	const struct mirror *mirror = context;
	const struct mirror_ask *ask = &mirror->ask;
	if (mirror->now_ns < mirror->rest_ns[source] && is_on_air(ask, k))
		return false;
	if (!docket_wants(ask->docket, k, ask->supply->sources[source].form))
		return false;
	for (unsigned i = 0; i < ask->radios->count; i++) {
		if (radio_holds(&ask->radios->list[i], k))
			return false;
	}
	return true;
}

/* Its get begins: no radio is to begin it too, or to go on with it before anything came. */
static void on_start(void *context, const struct pen_slot *slot)
{
	const struct mirror_ask *ask = &((struct mirror *)context)->ask;
	if (ask->told)
		fprintf(stderr, "part %u fetch\n", slot->part);
	for (unsigned i = 0; i < ask->radios->count; i++) {
		catch_forget(ask->catch, &ask->radios->list[i], slot->part);
		pen_client_choose(ask->radios->list[i].client, slot->part, false, slot->begin_ns);
	}
}

static int plan_open(struct mirror *mirror)
{
	const struct mirror_ask *ask = &mirror->ask;
	struct pen_plan_config config = {.parts = ask->n,
		.sources = ask->supply->count,
		.tries = ask->tries,
		.connections = ask->connections,
		.stall_ns = ask->stall_ns,
		.reversed = ask->supply->reversed.len ? ask->supply->reversed.at : NULL,
		.may = may,
		.context = mirror,
		/* Others may have what one source has not. */
		.lost_max = UINT32_MAX};
	memcpy(config.ranks, ask->supply->ranks, sizeof config.ranks);
	int err = pen_plan_init(&mirror->plan, &config);
	for (unsigned s = 0; !err && s < ask->supply->count; s++) {
		if (ask->supply->absent >> s & 1)
			pen_plan_absent(&mirror->plan, s);
	}
	for (uint32_t k = 0; !err && k < ask->n; k++) {
		if (docket_part(ask->docket, k)->state != DOCKET_OPEN)
			pen_plan_taken(&mirror->plan, k);
	}
	return err;
}

int mirror_open(struct mirror *mirror, const struct mirror_ask *ask, struct pen_why *why)
{
	*mirror = (struct mirror){.ask = *ask, .until_ns = INT64_MAX};
	const struct pen_pull_config pull = {.sources = ask->supply->sources,
		.slots = ask->slots,
		.part_bytes = ask->part_bytes,
		.alone_bytes = ask->alone_bytes,
		.limit = ask->limit,
		.wake = ask->wake,
		.on_start = on_start,
		.context = mirror};
	int err = plan_open(mirror);
	mirror->errands = calloc(ask->slots, sizeof *mirror->errands);
	if (!err && mirror->errands)
		err = pen_pull_open(&mirror->pull, &mirror->plan, &pull);
	if (err || !mirror->errands)
		return pen_fail(why, -ENOMEM, "no memory for %u gets", ask->connections);
	return 0;
}

void mirror_close(struct mirror *mirror)
{
	if (mirror_is_open(mirror))
		pen_pull_close(&mirror->pull);
	pen_plan_fini(&mirror->plan);
	free(mirror->errands);
	*mirror = (struct mirror){0};
}

static void fail(struct mirror *mirror, const struct errand *errand)
{
	if (mirror->err)
		return;
	mirror->err = errand->err;
	pen_fail(&mirror->why, errand->err, "part %u of %u: %s", (unsigned)errand->id.k,
		mirror->ask.n, *errand->why.text ? errand->why.text : pen_err_text(errand->err));
}

static void bad(struct mirror *mirror, struct errand *errand, const struct pen_slot *slot)
{
	const char *label = mirror->ask.supply->sources[slot->source].origin->label;
	struct pen_plan_event event = {.part = slot->part,
		.source = slot->source,
		.result = errand->err,
		.why = &errand->why};
	if (errand->verdict == ERRAND_LARGE)
		pen_fail(&errand->why, PEN_ELARGE, "%s", mirror->ask.limit);
	pen_fail_prefix(&errand->why, errand->err, "%s/%s", label, slot->name);
	pen_plan_bad(&mirror->plan, &event);
}

static void came_back(struct errand *errand, int64_t now_ns)
{
	struct mirror *mirror = errand->context;
	struct pen_slot *slot = errand->owner;
	(void)now_ns;
	switch (errand->verdict) {
	case ERRAND_DONE:
		pen_plan_applied(&mirror->plan, slot->part);
		docket_store(mirror->ask.docket, slot->part, errand->form, errand->stored_bytes);
		break;
	case ERRAND_BROKEN:
		pen_plan_dropped(&mirror->plan, slot->part);
		fail(mirror, errand);
		break;
	default: bad(mirror, errand, slot); break;
	}
	pen_pull_give(&mirror->pull, slot);
}

static void send(struct mirror *mirror, struct pen_slot *slot)
{
	const struct mirror_ask *ask = &mirror->ask;
	struct errand *errand = &mirror->errands[slot - mirror->pull.slots];
	mirror->bytes[slot->source] += slot->bytes.len;
	*errand = (struct errand){.kind = ERRAND_PART,
		.back = came_back,
		.owner = slot,
		.context = mirror,
		.id = {ask->root, slot->part, ask->n},
		.form = ask->supply->sources[slot->source].form,
		.bytes = pen_buf_bytes(&slot->bytes),
		.labels = supply_labels(ask->supply, slot->source)};
	workshop_put(ask->workshop, errand);
}

/* What silent sources have begun is left to the radios that have it. */
static void yield(struct mirror *mirror)
{
	const struct pen_plan *plan = &mirror->plan;
	for (unsigned i = 0; i < plan->flights_count; i++) {
		const struct pen_flight *flight = &plan->flights[i];
		if (mirror->now_ns - flight->byte_ns < MIRROR_SILENT_NS ||
			!is_on_air(&mirror->ask, flight->part))
			continue;
		mirror->rest_ns[flight->source] = mirror->now_ns + MIRROR_REST_NS;
		pen_pull_abandon(&mirror->pull, flight->part);
	}
}

void mirror_turn(struct mirror *mirror, int64_t now_ns)
{
	mirror->now_ns = now_ns;
	yield(mirror);
	struct pen_plan_action action = pen_pull_turn(&mirror->pull, now_ns);
	for (struct pen_slot *slot; (slot = pen_pull_take(&mirror->pull));)
		send(mirror, slot);
	supply_turn(mirror->ask.supply, &mirror->plan);
	mirror->until_ns = action.until_ns;
	mirror->over = action.act == PEN_PLAN_END;
}

bool mirror_has(const struct mirror *mirror, uint32_t k)
{
	return mirror_is_open(mirror) && pen_plan_has(&mirror->plan, k);
}

void mirror_taken(struct mirror *mirror, uint32_t k)
{
	if (mirror_is_open(mirror) && !pen_plan_has(&mirror->plan, k))
		pen_plan_taken(&mirror->plan, k);
}

bool mirror_hopes(const struct mirror *mirror, uint32_t k, int64_t now_ns)
{
	const struct mirror_ask *ask = &mirror->ask;
	uint32_t sources = 0;
	if (!mirror_is_open(mirror))
		return false;
	for (unsigned s = 0; s < ask->supply->count; s++) {
		if (docket_wants(ask->docket, k, ask->supply->sources[s].form))
			sources |= UINT32_C(1) << s;
	}
	return mirror_has(mirror, k) || pen_plan_hopes(&mirror->plan, k, sources, now_ns);
}

uint64_t mirror_bytes(const struct mirror *mirror)
{
	uint64_t bytes = mirror->pull.bytes_wire;
	for (unsigned i = 0; mirror_is_open(mirror) && i < mirror->pull.config.slots; i++) {
		if (mirror->pull.slots[i].state == PEN_SLOT_FLYING)
			bytes += mirror->pull.slots[i].bytes.len;
	}
	return bytes;
}
