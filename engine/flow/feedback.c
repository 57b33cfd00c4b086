#include "flow/feedback.h"

#include "base/check.h"

/* One PULL, and the most that are saved or owed, in shares of one. */
#define ONE ((int32_t)PEN_FEEDBACK_PACKETS)
#define BUDGET_MAX ((int32_t)PEN_FEEDBACK_SPARE * ONE)

void pen_feedback_init(struct pen_feedback *feedback, int64_t now_ns)
{
	PEN_CHECK(now_ns >= 0);
	*feedback = (struct pen_feedback){.last_ns = now_ns, .budget = BUDGET_MAX};
}

void pen_feedback_came(struct pen_feedback *feedback, uint32_t count, bool last)
{
	PEN_CHECK(count <= INT32_MAX - BUDGET_MAX);
	feedback->packets += count;
	feedback->since += count;
	feedback->budget += (int32_t)count;
	if (feedback->budget > BUDGET_MAX)
		feedback->budget = BUDGET_MAX;
	feedback->dry |= last;
}

/* When a PULL that a round trip or a repair sets off may leave; INT64_MAX: not for what came. */
static int64_t round_ns(const struct pen_feedback *feedback, const struct pen_feedback_need *need)
{
	bool first = feedback->pulls < PEN_FEEDBACK_SPARE;
	int64_t least_ns = first ? 0 : PEN_FEEDBACK_NS_MIN;
	int64_t wait_ns = need->srtt_ns > least_ns ? need->srtt_ns : least_ns;
	if (feedback->budget >= ONE)
		return feedback->last_ns +
			(wait_ns < PEN_FEEDBACK_SLOW_NS ? wait_ns : PEN_FEEDBACK_SLOW_NS);
	if (!need->repair && need->bytes < PEN_FEEDBACK_SLOW_BYTES)
		return INT64_MAX;
	wait_ns = wait_ns > PEN_FEEDBACK_SLOW_NS ? wait_ns : PEN_FEEDBACK_SLOW_NS;
	return feedback->last_ns + wait_ns;
}

/* Did enough come for a round trip to mean something? */
static bool is_round(const struct pen_feedback *feedback, const struct pen_feedback_need *need)
{
	return feedback->since >= PEN_FEEDBACK_PACKETS || (feedback->since && need->missing);
}

enum pen_feedback_why pen_feedback_due(
	const struct pen_feedback *feedback, const struct pen_feedback_need *need, int64_t now_ns)
{
	PEN_CHECK(need->srtt_ns > 0);
	if (feedback->since >= PEN_FEEDBACK_PACKETS_MAX)
		return PEN_FEEDBACK_COUNT;
	if (feedback->dry && need->more)
		return PEN_FEEDBACK_DRY;
	if (now_ns < round_ns(feedback, need))
		return PEN_FEEDBACK_NOT;
	if (need->repair)
		return PEN_FEEDBACK_REPAIR;
	return is_round(feedback, need) ? PEN_FEEDBACK_ROUND : PEN_FEEDBACK_NOT;
}

void pen_feedback_sent(struct pen_feedback *feedback, int64_t now_ns)
{
	PEN_CHECK(now_ns >= feedback->last_ns);
	feedback->pulls++;
	feedback->budget -= ONE;
	if (feedback->budget < -BUDGET_MAX)
		feedback->budget = -BUDGET_MAX;
	feedback->since = 0;
	feedback->last_ns = now_ns;
	feedback->dry = false;
}

int64_t pen_feedback_due_ns(
	const struct pen_feedback *feedback, const struct pen_feedback_need *need)
{
	PEN_CHECK(need->srtt_ns > 0);
	if (feedback->since >= PEN_FEEDBACK_PACKETS_MAX || (feedback->dry && need->more))
		return feedback->last_ns;
	return need->repair || is_round(feedback, need) ? round_ns(feedback, need) : INT64_MAX;
}
