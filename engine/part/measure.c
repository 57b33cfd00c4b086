#include "part/measure.h"

#include <errno.h>

#include "base/check.h"
#include "part/node.h"

/* A branch that later keys may still touch. */
struct branch {
	uint32_t depth; /* nibbles of the path to it */
	uint32_t value_len;
	bool has_value;
};

void pen_measure_fini(struct pen_measure *measure)
{
	if (!measure)
		return;
	pen_buf_fini(&measure->branches);
	*measure = (struct pen_measure){0};
}

void pen_measure_reset(struct pen_measure *measure)
{
	measure->branches.len = 0;
	measure->open = 0;
	measure->any = measure->inside = false;
}

static struct branch *top(const struct pen_measure *measure)
{
	PEN_DCHECK(measure->open > 0);
	return (struct branch *)(void *)measure->branches.at + measure->open - 1;
}

/* Depth of the branch that what ends now hangs from, -1 if from none. */
static int64_t parent_depth(const struct pen_measure *measure, int64_t fork)
{
	int64_t depth = measure->open ? (int64_t)top(measure)->depth : -1;
	return depth > fork ? depth : fork;
}

static int open_branch(struct pen_measure *measure, uint32_t depth)
{
	struct branch branch = {.depth = depth};
	int err = pen_buf_append(&measure->branches, &branch, sizeof branch);
	if (!err)
		measure->open++;
	return err;
}

/* Of a key of so many nibbles in a node, its flag byte included. */
static uint64_t key_cost(int64_t nibbles)
{
	return (1 + (uint64_t)nibbles / 2) * PEN_COST_KEY_BYTE;
}

static uint64_t value_cost(uint32_t len)
{
	return PEN_COST_NODE + (uint64_t)len * PEN_COST_VALUE_BYTE;
}

/* Close the deepest branch, with the extension above it. */
static uint64_t close_branch(struct pen_measure *measure, int64_t fork)
{
	struct branch branch = *top(measure);
	measure->branches.len -= sizeof branch;
	measure->open--;
	int64_t above = branch.depth - (parent_depth(measure, fork) + 1);
	uint64_t cost = PEN_COST_NODE + (branch.has_value ? value_cost(branch.value_len) : 0);
	return cost + (above > 0 ? PEN_COST_NODE + key_cost(above) : 0);
}

static uint64_t leaf_cost(const struct pen_measure *measure, int64_t fork)
{
	int64_t rest = measure->nibbles - (parent_depth(measure, fork) + 1);
	if (measure->inside)
		return 0;
	return PEN_COST_NODE + key_cost(rest > 0 ? rest : 0) + value_cost(measure->value_len);
}

/* What the last key was the last to touch, when the next parts from it after `fork` nibbles. */
static uint64_t fold(struct pen_measure *measure, int64_t fork)
{
	uint64_t cost = leaf_cost(measure, fork);
	while (measure->open && (int64_t)top(measure)->depth > fork)
		cost += close_branch(measure, fork);
	return cost;
}

/* There is a branch after `fork` nibbles. */
static int have_branch(struct pen_measure *measure, uint32_t fork)
{
	bool there = measure->open && top(measure)->depth == fork;
	return there ? 0 : open_branch(measure, fork);
}

static void take_value(struct pen_measure *measure, uint32_t len)
{
	top(measure)->has_value = true;
	top(measure)->value_len = len;
}

/* The key before parts from this one after `common` nibbles. */
static int part_from(struct pen_measure *measure, uint32_t nibbles, uint32_t common, uint64_t *cost)
{
	bool is_prefix = common == measure->nibbles && !measure->inside;
	*cost = is_prefix && common < nibbles ? 0 : fold(measure, common);
	int err = have_branch(measure, common);
	if (!err && is_prefix)
		take_value(measure, measure->value_len);
	return err;
}

int pen_measure_push(struct pen_measure *measure, uint32_t nibbles, uint32_t common,
	uint32_t value_len, uint64_t *cost)
{
	PEN_CHECK(nibbles <= PEN_KEY_NIBBLES_MAX);
	PEN_CHECK(common <= nibbles);
	*cost = 0;
	int err = measure->any ? part_from(measure, nibbles, common, cost) : 0;
	if (err)
		return err;
	measure->inside = measure->any && common == nibbles;
	if (measure->inside)
		take_value(measure, value_len);
	measure->nibbles = nibbles;
	measure->value_len = value_len;
	measure->any = true;
	return 0;
}

uint64_t pen_measure_finish(struct pen_measure *measure)
{
	uint64_t cost = measure->any ? fold(measure, -1) : 0;
	pen_measure_reset(measure);
	return cost;
}
