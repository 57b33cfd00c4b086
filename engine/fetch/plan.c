#include "fetch/plan.h"

#include <errno.h>

#include "base/check.h"
#include "fetch/choice.h"

int pen_plan_init(struct pen_plan *plan, const struct pen_plan_config *config)
{
	PEN_CHECK(config->parts <= PEN_PARTS_MAX);
	PEN_CHECK(config->sources >= 1);
	PEN_CHECK(config->sources <= PEN_SOURCES_MAX);
	PEN_CHECK(config->connections <= PEN_CONNECTIONS_MAX);
	PEN_CHECK(config->tries <= PEN_TRIES_MAX);
	*plan = (struct pen_plan){.config = *config, .alone = PEN_PART_NONE};
	plan->config.applied = NULL; /* borrowed for this call only */
	if (!config->lost_max)
		plan->config.lost_max = PEN_PLAN_LOST_MAX;
	size_t tries = (size_t)config->parts * config->sources * sizeof(struct pen_plan_try);
	if (pen_buf_reserve(&plan->states, config->parts + 1) ||
		pen_buf_reserve(&plan->attempts, tries + 1)) {
		pen_plan_fini(plan);
		return -ENOMEM;
	}
	memset(plan->states.at, PEN_PART_MISSING, config->parts);
	memset(plan->attempts.at, 0, tries);
	plan->count[PEN_PART_MISSING] = config->parts;
	for (uint32_t k = 0; config->applied && k < config->parts; k++) {
		if (!(config->applied[k >> 3] >> (k & 7) & 1))
			continue;
		plan->states.at[k] = PEN_PART_APPLIED;
		plan->count[PEN_PART_MISSING]--;
		plan->count[PEN_PART_APPLIED]++;
	}
	return 0;
}

void pen_plan_fini(struct pen_plan *plan)
{
	pen_buf_fini(&plan->states);
	pen_buf_fini(&plan->attempts);
}

void pen_plan_absent(struct pen_plan *plan, unsigned source)
{
	PEN_CHECK(source < plan->config.sources);
	plan->source[source].absent = true;
}

void pen_plan_join(struct pen_plan *plan, unsigned source)
{
	PEN_CHECK(plan->source[source].absent);
	plan->source[source].absent = false;
}

void pen_plan_leave(struct pen_plan *plan, unsigned source, int code, const struct pen_why *why)
{
	pen_plan_join(plan, source);
	plan->source[source].aside = true;
	plan->source[source].said = code;
	plan->source[source].why = *why;
}

static void state_set(struct pen_plan *plan, uint32_t part, enum pen_part_state state)
{
	uint8_t *at = pen_choice_state(plan, part);
	int change = (int)pen_choice_wanted(state) - (int)pen_choice_wanted(*at);
	if (change)
		pen_choice_count(plan, part, change);
	plan->count[*at]--;
	plan->count[state]++;
	*at = (uint8_t)state;
	if (plan->alone == part && state != PEN_PART_FLYING && state != PEN_PART_HELD)
		plan->alone = PEN_PART_NONE;
}

static struct pen_flight *flight_find(struct pen_plan *plan, uint32_t part)
{
	for (unsigned i = 0; i < plan->flights_count; i++) {
		if (plan->flights[i].part == part)
			return &plan->flights[i];
	}
	return NULL;
}

/* True if the get was cancelled because it stalled. */
static bool flight_end(struct pen_plan *plan, const struct pen_plan_event *event)
{
	struct pen_flight *flight = flight_find(plan, event->part);
	PEN_CHECK(flight);
	PEN_CHECK(flight->source == event->source);
	bool cancelled = flight->cancelled;
	*flight = plan->flights[--plan->flights_count];
	plan->source[event->source].flying--;
	return cancelled;
}

/* Remember what was said, of the part and by the source. */
static void note(struct pen_plan *plan, const struct pen_plan_event *event, int code)
{
	struct pen_plan_source *source = &plan->source[event->source];
	pen_troubles_note(&plan->troubles, event->part, code, event->why);
	source->said = code;
	if (event->why)
		source->why = *event->why;
}

static bool is_last_word(int code)
{
	return code == PEN_ENOTFOUND || code == -EACCES || code == -EXDEV || code == PEN_EINPUT ||
		code == PEN_ELARGE;
}

/* To be asked of this source again, alone; it is known to be large once only. */
static void part_large(struct pen_plan *plan, uint32_t part, unsigned source)
{
	PEN_CHECK(plan->alone != part);
	state_set(plan, part, PEN_PART_MISSING);
	pen_choice_try(plan, part, source)->large = true;
}

void pen_plan_ended(struct pen_plan *plan, const struct pen_plan_event *event, int64_t now_ns)
{
	bool cancelled = flight_end(plan, event);
	struct pen_plan_source *source = &plan->source[event->source];
	int code = event->result == -ECANCELED ? PEN_ESTALL : event->result;
	if (code == 0) {
		pen_choice_answered(plan, event->source);
		source->parts++;
		state_set(plan, event->part, PEN_PART_HELD);
		return;
	}
	if (code == PEN_ELARGE && plan->alone != event->part) {
		pen_choice_answered(plan, event->source);
		part_large(plan, event->part, event->source);
		return;
	}
	state_set(plan, event->part, PEN_PART_MISSING);
	if (event->result == -ECANCELED && (!cancelled || plan->stopping))
		return;
	if (code == -ENOMEM)
		pen_plan_stop(plan, code, event->why);
	if (is_last_word(code)) {
		pen_choice_answered(plan, event->source);
		pen_choice_finish(plan, event->part, event->source, code);
	} else {
		pen_choice_fail(plan, event, code, now_ns);
	}
	if (code == PEN_EINPUT || code == PEN_ELARGE)
		pen_choice_bad(plan, event->source);
	note(plan, event, code);
}

void pen_plan_applied(struct pen_plan *plan, uint32_t part)
{
	PEN_CHECK(*pen_choice_state(plan, part) == PEN_PART_HELD);
	state_set(plan, part, PEN_PART_APPLIED);
	pen_troubles_forget(&plan->troubles, part);
}

void pen_plan_bad(struct pen_plan *plan, const struct pen_plan_event *event)
{
	PEN_CHECK(*pen_choice_state(plan, event->part) == PEN_PART_HELD);
	state_set(plan, event->part, PEN_PART_MISSING);
	pen_choice_finish(plan, event->part, event->source, event->result);
	pen_choice_bad(plan, event->source);
	note(plan, event, event->result);
}

void pen_plan_large(struct pen_plan *plan, uint32_t part, unsigned source)
{
	PEN_CHECK(*pen_choice_state(plan, part) == PEN_PART_HELD);
	part_large(plan, part, source);
}

void pen_plan_dropped(struct pen_plan *plan, uint32_t part)
{
	PEN_CHECK(*pen_choice_state(plan, part) == PEN_PART_HELD);
	state_set(plan, part, PEN_PART_MISSING);
}

bool pen_plan_has(const struct pen_plan *plan, uint32_t part)
{
	enum pen_part_state state = *pen_choice_state(plan, part);
	return state == PEN_PART_FLYING || state == PEN_PART_HELD;
}

void pen_plan_taken(struct pen_plan *plan, uint32_t part)
{
	PEN_CHECK(!pen_plan_has(plan, part));
	state_set(plan, part, PEN_PART_APPLIED);
	pen_troubles_forget(&plan->troubles, part);
}

bool pen_plan_hopes(const struct pen_plan *plan, uint32_t part, uint32_t sources, int64_t now_ns)
{
	for (unsigned s = 0; !plan->stopping && s < plan->config.sources; s++) {
		if (sources >> s & 1 && pen_choice_hopes(plan, part, s, now_ns))
			return true;
	}
	return false;
}

void pen_plan_progress(struct pen_plan *plan, uint32_t part, int64_t now_ns)
{
	struct pen_flight *flight = flight_find(plan, part);
	if (flight)
		flight->byte_ns = now_ns;
}

void pen_plan_stop(struct pen_plan *plan, int code, const struct pen_why *why)
{
	plan->stopping = true;
	if (plan->stop_code)
		return;
	plan->stop_code = code;
	if (why)
		plan->stop_why = *why;
}

/* What a part is lost for: the gravest that any source said of it, or is out of the game for. */
static int verdict(const struct pen_plan *plan, uint32_t part, struct pen_why *why)
{
	int worst = 0;
	const struct pen_why *text = NULL;
	const struct pen_trouble *trouble = pen_troubles_find(&plan->troubles, part);
	for (unsigned s = 0; s < plan->config.sources; s++) {
		int said = pen_choice_try(plan, part, s)->said;
		int code = said ? said : plan->source[s].said;
		if (pen_gravity(code) <= pen_gravity(worst))
			continue;
		worst = code;
		text = said ? NULL : &plan->source[s].why;
	}
	if (!text && trouble)
		text = &trouble->why;
	return pen_fail(why, worst, "part %u of %u: %s", part, plan->config.parts,
		text ? text->text : pen_err_text(worst));
}

static void lose(struct pen_plan *plan, uint32_t part)
{
	struct pen_why why = {0};
	int code = verdict(plan, part, &why);
	state_set(plan, part, PEN_PART_LOST);
	if (pen_gravity(code) <= pen_gravity(plan->code))
		return;
	plan->code = code;
	plan->why = why;
}

static void flight_begin(struct pen_plan *plan, uint32_t part, unsigned source, int64_t now)
{
	plan->flights[plan->flights_count++] = (struct pen_flight){
		.part = part, .source = source, .byte_ns = now};
	plan->source[source].flying++;
	state_set(plan, part, PEN_PART_FLYING);
}

static bool is_settled(unsigned state)
{
	return state == PEN_PART_APPLIED || state == PEN_PART_LOST;
}

/* Decide about one missing part: 1 its get begins, 0 not now, -1 nor does any other before it. */
static int start_one(
	struct pen_plan *plan, uint32_t part, struct pen_plan_action *action, int64_t now)
{
	struct pen_choice choice = pen_choice_make(plan, part, now, &action->until_ns);
	if (!choice.hope)
		lose(plan, part);
	if (!choice.found)
		return 0;
	if (choice.alone && (plan->flights_count || plan->count[PEN_PART_HELD]))
		return -1;
	*action = (struct pen_plan_action){.act = PEN_PLAN_START,
		.part = part,
		.source = choice.source,
		.alone = choice.alone};
	if (choice.alone)
		plan->alone = part;
	flight_begin(plan, part, choice.source, now);
	return 1;
}

/* Begin a get, or say when one may begin. */
static bool start(struct pen_plan *plan, struct pen_plan_action *action, int64_t now)
{
	int begun = 0;
	while (plan->low < plan->config.parts && is_settled(*pen_choice_state(plan, plan->low)))
		plan->low++;
	for (uint32_t k = plan->low; k < plan->config.parts && !begun; k++) {
		if (*pen_choice_state(plan, k) != PEN_PART_MISSING)
			continue;
		if (plan->count[PEN_PART_LOST] >= plan->config.lost_max) {
			plan->stopping = true;
			return false;
		}
		begun = start_one(plan, k, action, now);
	}
	return begun > 0;
}

/* Find a get to give up: all of them when stopping, else one that is quiet for too long. */
static bool cancel(struct pen_plan *plan, struct pen_plan_action *action, int64_t now)
{
	for (unsigned i = 0; i < plan->flights_count; i++) {
		struct pen_flight *flight = &plan->flights[i];
		int64_t due = flight->byte_ns + plan->config.stall_ns;
		if (flight->cancelled)
			continue;
		if (!plan->stopping && due > now) {
			action->until_ns = due < action->until_ns ? due : action->until_ns;
			continue;
		}
		flight->cancelled = true;
		action->act = PEN_PLAN_CANCEL;
		action->part = flight->part;
		action->source = flight->source;
		return true;
	}
	return false;
}

/* Every get under way is quiet for too long, and there is nobody else to ask. */
static bool is_stalled(const struct pen_plan *plan, int64_t now)
{
	if (plan->flights_count == 0 || plan->count[PEN_PART_HELD] > 0)
		return false;
	for (unsigned s = 0; s < plan->config.sources; s++) {
		if (plan->source[s].absent)
			return false;
	}
	for (unsigned i = 0; i < plan->flights_count; i++) {
		const struct pen_flight *flight = &plan->flights[i];
		if (now - flight->byte_ns < plan->config.stall_ns)
			return false;
		if (pen_choice_fresh(plan, flight->part, flight->source, now))
			return false;
	}
	return true;
}

static void stall_check(struct pen_plan *plan, int64_t now)
{
	if (plan->stopping || !is_stalled(plan, now))
		return;
	struct pen_why why;
	int code = pen_fail(&why, PEN_ESTALL,
		"stalled: no byte, or too few to count, from any source for %lld s (part %u of "
		"%u is one of %u that wait)",
		(long long)(plan->config.stall_ns / INT64_C(1000000000)), plan->flights[0].part,
		plan->config.parts, plan->flights_count);
	/* Bytes that failed their proof outrank a stall, also for a part that still hoped. */
	if (pen_gravity(plan->code) > pen_gravity(code)) {
		code = plan->code;
		why = plan->why;
	}
	for (uint32_t k = plan->low; k < plan->config.parts; k++) {
		struct pen_why said;
		if (!pen_choice_wanted(*pen_choice_state(plan, k)) ||
			pen_gravity(verdict(plan, k, &said)) <= pen_gravity(code))
			continue;
		code = verdict(plan, k, &why);
	}
	pen_plan_stop(plan, code, &why);
}

static bool is_over(const struct pen_plan *plan)
{
	if (plan->flights_count || plan->count[PEN_PART_HELD])
		return false;
	return plan->stopping || plan->count[PEN_PART_MISSING] == 0;
}

struct pen_plan_action pen_plan_next(struct pen_plan *plan, bool may_start, int64_t now_ns)
{
	struct pen_plan_action action = {.act = PEN_PLAN_WAIT, .until_ns = INT64_MAX};
	stall_check(plan, now_ns);
	if (cancel(plan, &action, now_ns))
		return action;
	bool room = may_start && plan->alone == PEN_PART_NONE &&
		plan->flights_count < plan->config.connections;
	if (!plan->stopping && room && start(plan, &action, now_ns))
		return action;
	/* Too many losses ended it just now: what flies is cancelled first. */
	if (plan->stopping && cancel(plan, &action, now_ns))
		return action;
	if (is_over(plan))
		action.act = PEN_PLAN_END;
	return action;
}

int pen_plan_result(const struct pen_plan *plan, struct pen_why *why)
{
	if (plan->count[PEN_PART_APPLIED] == plan->config.parts)
		return 0;
	if (plan->stop_code)
		return pen_fail(why, plan->stop_code, "%s", plan->stop_why.text);
	PEN_CHECK(plan->code);
	uint32_t lost = plan->count[PEN_PART_LOST];
	if (lost > 1)
		return pen_fail(why, plan->code, "%s (and %u more parts are lost%s)",
			plan->why.text, lost - 1,
			plan->count[PEN_PART_MISSING] ? ", others were not begun" : "");
	return pen_fail(why, plan->code, "%s", plan->why.text);
}

void pen_plan_stuck(const struct pen_plan *plan, int64_t now_ns, struct pen_plan_stuck *out)
{
	*out = (struct pen_plan_stuck){.part = PEN_PART_NONE};
	for (unsigned i = 0; i < plan->flights_count; i++) {
		const struct pen_flight *flight = &plan->flights[i];
		int64_t quiet = now_ns - flight->byte_ns;
		if (out->part != PEN_PART_NONE && quiet <= out->quiet_ns)
			continue;
		out->part = flight->part;
		out->source = flight->source;
		out->quiet_ns = quiet;
	}
	if (plan->troubles.count) {
		out->trouble = &plan->troubles.list[0];
		out->part = out->part == PEN_PART_NONE ? out->trouble->part : out->part;
	}
}
