#include "fetch/choice.h"

#include "base/check.h"

/* Failures in a row that make a source doubtful: one is chance. */
#define PLAN_DOUBT_FAILURES 2u
/* Failures in a row, at least, until a source that used up a part's tries counts as dead. */
#define PLAN_DEAD_FAILURES 3u

uint8_t *pen_choice_state(const struct pen_plan *plan, uint32_t part)
{
	PEN_CHECK(part < plan->config.parts);
	return plan->states.at + part;
}

struct pen_plan_try *pen_choice_try(const struct pen_plan *plan, uint32_t part, unsigned source)
{
	struct pen_plan_try *tries = (struct pen_plan_try *)(void *)plan->attempts.at;
	return tries + (size_t)part * plan->config.sources + source;
}

bool pen_choice_wanted(unsigned state)
{
	return state == PEN_PART_MISSING || state == PEN_PART_FLYING;
}

static bool is_retrying(const struct pen_plan *plan, const struct pen_plan_try *attempt)
{
	return attempt->tries > 0 && attempt->tries < plan->config.tries && !attempt->final;
}

void pen_choice_count(struct pen_plan *plan, uint32_t part, int change)
{
	for (unsigned s = 0; s < plan->config.sources; s++) {
		if (is_retrying(plan, pen_choice_try(plan, part, s)))
			plan->source[s].retrying += (unsigned)change;
	}
}

static int64_t backoff_ns(unsigned failures)
{
	int64_t ns = PEN_BACKOFF_NS_MIN;
	for (unsigned i = 1; i < failures && ns < PEN_BACKOFF_NS_MAX; i++)
		ns *= 2;
	return ns < PEN_BACKOFF_NS_MAX ? ns : PEN_BACKOFF_NS_MAX;
}

void pen_choice_finish(struct pen_plan *plan, uint32_t part, unsigned source, int code)
{
	struct pen_plan_try *attempt = pen_choice_try(plan, part, source);
	if (pen_choice_wanted(*pen_choice_state(plan, part)) && is_retrying(plan, attempt))
		plan->source[source].retrying--;
	attempt->final = true;
	attempt->said = code;
}

void pen_choice_fail(
	struct pen_plan *plan, const struct pen_plan_event *event, int code, int64_t now_ns)
{
	struct pen_plan_try *attempt = pen_choice_try(plan, event->part, event->source);
	struct pen_plan_source *source = &plan->source[event->source];
	int64_t asked = event->retry_after_ns;
	bool was = is_retrying(plan, attempt);
	attempt->tries++;
	attempt->said = code;
	attempt->next_ns = now_ns + backoff_ns(attempt->tries);
	source->retrying += (unsigned)is_retrying(plan, attempt) - (unsigned)was;
	source->failures++;
	source->doubt_ns = now_ns + backoff_ns(source->failures);
	if (attempt->tries >= plan->config.tries && source->failures >= plan->config.tries &&
		source->failures >= PLAN_DEAD_FAILURES)
		source->dead = true;
	if (asked > 0)
		source->hold_ns = now_ns +
			(asked < PEN_BACKOFF_NS_MAX ? asked : PEN_BACKOFF_NS_MAX);
}

void pen_choice_bad(struct pen_plan *plan, unsigned source)
{
	if (++plan->source[source].bad >= PEN_PLAN_BAD_MAX)
		plan->source[source].aside = true;
}

void pen_choice_answered(struct pen_plan *plan, unsigned source)
{
	plan->source[source].failures = 0;
	plan->source[source].dead = false;
}

/* Whether a source may be asked for a part: 0 now, a time later, INT64_MAX after an event, -1 no.
 */
static int64_t when_usable(const struct pen_plan *plan, uint32_t part, unsigned s, int64_t now)
{
	const struct pen_plan_source *source = &plan->source[s];
	const struct pen_plan_try *attempt = pen_choice_try(plan, part, s);
	if (attempt->final || attempt->tries >= plan->config.tries || source->aside)
		return -1;
	if (source->absent)
		return INT64_MAX;
	if (attempt->tries == 0 && source->dead)
		return -1;
	const struct pen_plan_config *config = &plan->config;
	if (config->may && !config->may(config->context, part, s))
		return INT64_MAX;
	int64_t at = attempt->next_ns > source->hold_ns ? attempt->next_ns : source->hold_ns;
	if (attempt->tries == 0 && source->failures >= PLAN_DOUBT_FAILURES) {
		if (source->retrying || source->flying)
			return INT64_MAX;
		at = source->doubt_ns > at ? source->doubt_ns : at;
	}
	return at > now ? at : 0;
}

/* Of two usable sources, the one that failed the part less often, then the one of lower rank, then
 * the less busy one. */
static bool is_better(const struct pen_plan *plan, uint32_t part, unsigned a, unsigned b)
{
	unsigned tries_a = pen_choice_try(plan, part, a)->tries,
		 tries_b = pen_choice_try(plan, part, b)->tries;
	if (tries_a != tries_b)
		return tries_a < tries_b;
	const uint8_t *ranks = plan->config.ranks, *reversed = plan->config.reversed;
	if (ranks[a] != ranks[b])
		return (ranks[a] < ranks[b]) != (reversed && reversed[part >> 3] >> (part & 7) & 1);
	return plan->source[a].flying < plan->source[b].flying;
}

/* What the sources of one kind offer: those that said the part is large, or those that did not. */
struct offer {
	struct pen_choice choice;
	bool untried; /* a source of this kind was not asked for the part yet */
};

static struct offer offer_of(
	const struct pen_plan *plan, uint32_t part, int64_t now, bool large, int64_t *until)
{
	struct offer offer = {.choice.alone = large};
	struct pen_choice *choice = &offer.choice;
	for (unsigned s = 0; s < plan->config.sources; s++) {
		int64_t when = when_usable(plan, part, s, now);
		const struct pen_plan_try *attempt = pen_choice_try(plan, part, s);
		if (when < 0 || attempt->large != large)
			continue;
		choice->hope = true;
		offer.untried |= attempt->tries == 0;
		if (when > 0) {
			*until = when < *until ? when : *until;
		} else if (!choice->found || is_better(plan, part, s, choice->source)) {
			choice->source = s;
			choice->found = true;
		}
	}
	return offer;
}

struct pen_choice pen_choice_make(
	const struct pen_plan *plan, uint32_t part, int64_t now_ns, int64_t *until_ns)
{
	struct offer usual = offer_of(plan, part, now_ns, false, until_ns);
	if (usual.choice.found || usual.untried)
		return usual.choice;
	/* Those that did not say so have failed: no reason to let one that has the part wait. */
	struct offer large = offer_of(plan, part, now_ns, true, until_ns);
	return large.choice.found || !usual.choice.hope ? large.choice : usual.choice;
}

bool pen_choice_hopes(const struct pen_plan *plan, uint32_t part, unsigned source, int64_t now_ns)
{
	return when_usable(plan, part, source, now_ns) >= 0;
}

bool pen_choice_fresh(const struct pen_plan *plan, uint32_t part, unsigned but, int64_t now_ns)
{
	for (unsigned s = 0; s < plan->config.sources; s++) {
		if (s != but && pen_choice_try(plan, part, s)->tries == 0 &&
			when_usable(plan, part, s, now_ns) == 0)
			return true;
	}
	return false;
}
