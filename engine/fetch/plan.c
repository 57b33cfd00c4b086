#include "fetch/plan.h"

#include <errno.h>

#include "base/check.h"

/* Failures in a row that make a source doubtful: one is chance. */
#define PLAN_DOUBT_FAILURES 2u
/* Failures in a row, at least, until a source that used up a part's tries counts as dead. */
#define PLAN_DEAD_FAILURES 3u

static uint8_t *state_at(const struct pen_plan *plan, uint32_t part)
{
	PEN_CHECK(part < plan->config.parts);
	return plan->states.at + part;
}

static struct pen_plan_try *try_at(const struct pen_plan *plan, uint32_t part, unsigned source)
{
	struct pen_plan_try *tries = (struct pen_plan_try *)(void *)plan->attempts.at;
	return tries + (size_t)part * plan->config.sources + source;
}

int pen_plan_init(struct pen_plan *plan, const struct pen_plan_config *config)
{
	PEN_CHECK(config->parts <= PEN_PARTS_MAX);
	PEN_CHECK(config->sources >= 1);
	PEN_CHECK(config->sources <= PEN_SOURCES_MAX);
	PEN_CHECK(config->connections <= PEN_CONNECTIONS_MAX);
	PEN_CHECK(config->tries <= PEN_TRIES_MAX);
	*plan = (struct pen_plan){.config = *config};
	plan->config.applied = NULL; /* borrowed for this call only */
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

/* True while a part still needs its sources. */
static bool is_wanted(unsigned state)
{
	return state == PEN_PART_MISSING || state == PEN_PART_FLYING;
}

static bool is_retrying(const struct pen_plan *plan, const struct pen_plan_try *attempt)
{
	return attempt->tries > 0 && attempt->tries < plan->config.tries && !attempt->final;
}

static void state_set(struct pen_plan *plan, uint32_t part, enum pen_part_state state)
{
	uint8_t *at = state_at(plan, part);
	int change = (int)is_wanted(state) - (int)is_wanted(*at);
	for (unsigned s = 0; change && s < plan->config.sources; s++) {
		if (is_retrying(plan, try_at(plan, part, s)))
			plan->source[s].retrying += (unsigned)change;
	}
	plan->count[*at]--;
	plan->count[state]++;
	*at = (uint8_t)state;
}

static int64_t backoff_ns(unsigned failures)
{
	int64_t ns = PEN_BACKOFF_NS_MIN;
	for (unsigned i = 1; i < failures && ns < PEN_BACKOFF_NS_MAX; i++)
		ns *= 2;
	return ns < PEN_BACKOFF_NS_MAX ? ns : PEN_BACKOFF_NS_MAX;
}

static void source_bad(struct pen_plan_source *source)
{
	if (++source->bad >= PEN_PLAN_BAD_MAX)
		source->aside = true;
}

/* The source's last word on a part. */
static void try_finish(struct pen_plan *plan, uint32_t part, unsigned source, int code)
{
	struct pen_plan_try *attempt = try_at(plan, part, source);
	if (is_wanted(*state_at(plan, part)) && is_retrying(plan, attempt))
		plan->source[source].retrying--;
	attempt->final = true;
	attempt->said = code;
}

/* A failure that another try may mend. */
static void try_fail(
	struct pen_plan *plan, const struct pen_plan_event *event, int code, int64_t now)
{
	struct pen_plan_try *attempt = try_at(plan, event->part, event->source);
	struct pen_plan_source *source = &plan->source[event->source];
	int64_t asked = event->retry_after_ns;
	bool was = is_retrying(plan, attempt);
	attempt->tries++;
	attempt->said = code;
	attempt->next_ns = now + backoff_ns(attempt->tries);
	source->retrying += (unsigned)is_retrying(plan, attempt) - (unsigned)was;
	source->failures++;
	source->doubt_ns = now + backoff_ns(source->failures);
	if (attempt->tries >= plan->config.tries && source->failures >= plan->config.tries &&
		source->failures >= PLAN_DEAD_FAILURES)
		source->dead = true;
	if (asked > 0)
		source->hold_ns = now + (asked < PEN_BACKOFF_NS_MAX ? asked : PEN_BACKOFF_NS_MAX);
}

static void source_answered(struct pen_plan_source *source)
{
	source->failures = 0;
	source->dead = false;
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
	return code == PEN_ENOTFOUND || code == -EACCES || code == -EXDEV || code == PEN_EINPUT;
}

void pen_plan_ended(struct pen_plan *plan, const struct pen_plan_event *event, int64_t now_ns)
{
	bool cancelled = flight_end(plan, event);
	struct pen_plan_source *source = &plan->source[event->source];
	int code = event->result == -ECANCELED ? PEN_ESTALL : event->result;
	if (code == 0) {
		source_answered(source);
		source->parts++;
		state_set(plan, event->part, PEN_PART_HELD);
		return;
	}
	state_set(plan, event->part, PEN_PART_MISSING);
	if (event->result == -ECANCELED && (!cancelled || plan->stopping))
		return;
	if (code == -ENOMEM)
		pen_plan_stop(plan, code, event->why);
	if (is_last_word(code)) {
		source_answered(source);
		try_finish(plan, event->part, event->source, code);
	} else {
		try_fail(plan, event, code, now_ns);
	}
	if (code == PEN_EINPUT)
		source_bad(source);
	note(plan, event, code);
}

void pen_plan_applied(struct pen_plan *plan, uint32_t part)
{
	PEN_CHECK(*state_at(plan, part) == PEN_PART_HELD);
	state_set(plan, part, PEN_PART_APPLIED);
	pen_troubles_forget(&plan->troubles, part);
}

void pen_plan_bad(struct pen_plan *plan, const struct pen_plan_event *event)
{
	PEN_CHECK(*state_at(plan, event->part) == PEN_PART_HELD);
	state_set(plan, event->part, PEN_PART_MISSING);
	try_finish(plan, event->part, event->source, event->result);
	source_bad(&plan->source[event->source]);
	note(plan, event, event->result);
}

void pen_plan_dropped(struct pen_plan *plan, uint32_t part)
{
	PEN_CHECK(*state_at(plan, part) == PEN_PART_HELD);
	state_set(plan, part, PEN_PART_MISSING);
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
		int said = try_at(plan, part, s)->said;
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

/* Whether a source may be asked for a part: 0 now, a time later, INT64_MAX after an event, -1 no.
 */
static int64_t when_usable(const struct pen_plan *plan, uint32_t part, unsigned s, int64_t now)
{
	const struct pen_plan_source *source = &plan->source[s];
	const struct pen_plan_try *attempt = try_at(plan, part, s);
	if (attempt->final || attempt->tries >= plan->config.tries || source->aside)
		return -1;
	if (attempt->tries == 0 && source->dead)
		return -1;
	int64_t at = attempt->next_ns > source->hold_ns ? attempt->next_ns : source->hold_ns;
	if (attempt->tries == 0 && source->failures >= PLAN_DOUBT_FAILURES) {
		if (source->retrying || source->flying)
			return INT64_MAX;
		at = source->doubt_ns > at ? source->doubt_ns : at;
	}
	return at > now ? at : 0;
}

/* Of two usable sources, the one that failed the part less often, then the less busy one. */
static bool is_better(const struct pen_plan *plan, uint32_t part, unsigned a, unsigned b)
{
	unsigned tries_a = try_at(plan, part, a)->tries, tries_b = try_at(plan, part, b)->tries;
	if (tries_a != tries_b)
		return tries_a < tries_b;
	return plan->source[a].flying < plan->source[b].flying;
}

/* Find a source for a missing part: *source, or *until when to look again, or the part is lost. */
static bool source_pick(
	struct pen_plan *plan, uint32_t part, int64_t now, unsigned *source, int64_t *until)
{
	bool found = false, hope = false;
	for (unsigned s = 0; s < plan->config.sources; s++) {
		int64_t when = when_usable(plan, part, s, now);
		if (when < 0)
			continue;
		hope = true;
		if (when > 0) {
			*until = when < *until ? when : *until;
		} else if (!found || is_better(plan, part, s, *source)) {
			*source = s;
			found = true;
		}
	}
	if (!hope)
		lose(plan, part);
	return found;
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

/* Begin a get, or say when one may begin. */
static bool start(struct pen_plan *plan, struct pen_plan_action *action, int64_t now)
{
	while (plan->low < plan->config.parts && is_settled(*state_at(plan, plan->low)))
		plan->low++;
	for (uint32_t k = plan->low; k < plan->config.parts; k++) {
		if (*state_at(plan, k) != PEN_PART_MISSING)
			continue;
		if (plan->count[PEN_PART_LOST] >= PEN_PLAN_LOST_MAX) {
			plan->stopping = true;
			return false;
		}
		if (!source_pick(plan, k, now, &action->source, &action->until_ns))
			continue;
		flight_begin(plan, k, action->source, now);
		action->part = k;
		action->act = PEN_PLAN_START;
		return true;
	}
	return false;
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

/* A source that has not been asked for this part yet and could be now. */
static bool has_fresh_source(const struct pen_plan *plan, uint32_t part, unsigned but, int64_t now)
{
	for (unsigned s = 0; s < plan->config.sources; s++) {
		if (s != but && try_at(plan, part, s)->tries == 0 &&
			when_usable(plan, part, s, now) == 0)
			return true;
	}
	return false;
}

/* Every get under way is quiet for too long, and there is nobody else to ask. */
static bool is_stalled(const struct pen_plan *plan, int64_t now)
{
	if (plan->flights_count == 0 || plan->count[PEN_PART_HELD] > 0)
		return false;
	for (unsigned i = 0; i < plan->flights_count; i++) {
		const struct pen_flight *flight = &plan->flights[i];
		if (now - flight->byte_ns < plan->config.stall_ns)
			return false;
		if (has_fresh_source(plan, flight->part, flight->source, now))
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
		if (!is_wanted(*state_at(plan, k)) ||
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
	bool room = may_start && plan->flights_count < plan->config.connections;
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
