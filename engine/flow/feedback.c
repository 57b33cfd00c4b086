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

void pen_feedback_came(struct pen_feedback *feedback, bool last)
{
	feedback->packets++;
	feedback->since++;
	if (feedback->budget < BUDGET_MAX)
		feedback->budget++;
	feedback->dry |= last;
}

static bool affordable(const struct pen_feedback *feedback)
{
	return feedback->budget >= ONE;
}

static int64_t round_ns(const struct pen_feedback *feedback, int64_t srtt_ns)
{
	return feedback->last_ns + (srtt_ns > PEN_FEEDBACK_NS_MIN ? srtt_ns : PEN_FEEDBACK_NS_MIN);
}

enum pen_feedback_why pen_feedback_due(
	const struct pen_feedback *feedback, const struct pen_feedback_need *need, int64_t now_ns)
{
	PEN_CHECK(need->srtt_ns > 0);
	if (feedback->since >= PEN_FEEDBACK_PACKETS_MAX)
		return PEN_FEEDBACK_COUNT;
	if (feedback->dry && need->more)
		return PEN_FEEDBACK_DRY;
	if (now_ns < round_ns(feedback, need->srtt_ns) || !affordable(feedback))
		return PEN_FEEDBACK_NOT;
	if (need->repair)
		return PEN_FEEDBACK_REPAIR;
	if (feedback->since >= PEN_FEEDBACK_PACKETS || (feedback->since && need->more))
		return PEN_FEEDBACK_ROUND;
	return PEN_FEEDBACK_NOT;
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
	bool waits = need->repair || feedback->since >= PEN_FEEDBACK_PACKETS ||
		(feedback->since && need->more);
	return waits && affordable(feedback) ? round_ns(feedback, need->srtt_ns) : INT64_MAX;
}
