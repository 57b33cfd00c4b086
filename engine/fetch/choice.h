/*
 * choice: which source a missing part is asked of: what each source said of each part and how it
 * has fared lately, and what follows from that for the next get. The plan's memory of answers, by
 * the rules at the top of fetch/plan.h; nothing here begins or ends anything. One thread.
 */
#ifndef PEN_FETCH_CHOICE_H
#define PEN_FETCH_CHOICE_H

#include "fetch/plan.h"

/* What to do with a missing part. */
struct pen_choice {
	bool hope; /* some source may still deliver it, now or later */
	bool found; /* `source` may be asked now */
	bool alone; /* it said that the part is large: alone, or not at all */
	unsigned source;
};

/* The state of a part, to be changed by the plan alone. */
uint8_t *pen_choice_state(const struct pen_plan *plan, uint32_t part);

/* True for the states in which a part still needs its sources: missing or flying. */
bool pen_choice_wanted(unsigned state);

/* What a source said of a part. */
struct pen_plan_try *pen_choice_try(const struct pen_plan *plan, uint32_t part, unsigned source);

/* A part begins (+1) or ceases (-1) to need its sources: count those that it waits to try again. */
void pen_choice_count(struct pen_plan *plan, uint32_t part, int change);

/* The source's last word on a part. */
void pen_choice_finish(struct pen_plan *plan, uint32_t part, unsigned source, int code);

/* A failure that another try may mend. */
void pen_choice_fail(
	struct pen_plan *plan, const struct pen_plan_event *event, int code, int64_t now_ns);

/* The source sent a bad part. */
void pen_choice_bad(struct pen_plan *plan, unsigned source);

/* The source answered like one that is alive. */
void pen_choice_answered(struct pen_plan *plan, unsigned source);

/* Choose for a missing part. *until_ns is lowered to when it is worth looking again. */
struct pen_choice pen_choice_make(
	const struct pen_plan *plan, uint32_t part, int64_t now_ns, int64_t *until_ns);

/* True if this source may still deliver the part, now or later. */
bool pen_choice_hopes(const struct pen_plan *plan, uint32_t part, unsigned source, int64_t now_ns);

/* True if a source other than `but` has not been asked for this part yet and could be now. */
bool pen_choice_fresh(const struct pen_plan *plan, uint32_t part, unsigned but, int64_t now_ns);

#endif
