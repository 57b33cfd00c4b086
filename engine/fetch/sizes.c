#include "fetch/sizes.h"

#include "base/check.h"

void pen_sizes_begin(struct pen_sizes *sizes, enum pen_wire_size most)
{
	PEN_CHECK(most < PEN_WIRE_SIZES);
	sizes->most = most;
	sizes->proven = sizes->proven < most ? sizes->proven : most;
	/* Nothing has failed, or it was not worth a try then. */
	if (sizes->failures == 0 || sizes->limit > most)
		sizes->limit = most;
	if (sizes->failures == 0)
		sizes->again_ns = INT64_MAX;
	sizes->settled = false;
	sizes->trying = false;
}

enum pen_wire_size pen_sizes_try(struct pen_sizes *sizes, int64_t now_ns)
{
	PEN_CHECK(sizes->proven <= sizes->limit);
	if (now_ns >= sizes->again_ns) {
		sizes->limit = sizes->most;
		sizes->again_ns = INT64_MAX;
	}
	if (sizes->proven == sizes->limit || !sizes->settled || sizes->trying)
		return sizes->proven;
	sizes->trying = true;
	return sizes->limit;
}

void pen_sizes_came(struct pen_sizes *sizes, enum pen_wire_size size)
{
	if (size == sizes->proven)
		sizes->settled = true;
	if (size <= sizes->proven || size > sizes->limit)
		return;
	sizes->proven = size;
	sizes->settled = true;
	sizes->failures = 0;
}

/* The next size worth a try below one that failed. */
static enum pen_wire_size below(enum pen_wire_size size, enum pen_wire_size proven)
{
	enum pen_wire_size next = size > PEN_WIRE_SIZE_1408 ? PEN_WIRE_SIZE_1408 : size - 1;
	return next > proven ? next : proven;
}

/* Another try is due `wait_ns` from now, at most. */
static void again(struct pen_sizes *sizes, int64_t wait_ns, int64_t now_ns)
{
	sizes->again_ns = now_ns + (wait_ns < PEN_SIZES_AGAIN_NS ? wait_ns : PEN_SIZES_AGAIN_NS);
	sizes->failures++;
}

static int64_t wait_of(const struct pen_sizes *sizes)
{
	return PEN_SIZES_FIRST_NS << (sizes->failures < 10 ? sizes->failures : 10);
}

void pen_sizes_failed(
	struct pen_sizes *sizes, enum pen_wire_size size, int64_t cost_ns, int64_t now_ns)
{
	PEN_CHECK(cost_ns >= 0);
	if (size <= sizes->proven)
		return;
	if (size <= sizes->limit)
		sizes->limit = below(size, sizes->proven);
	int64_t wait = wait_of(sizes);
	if (wait / PEN_SIZES_COSTS < cost_ns)
		wait = cost_ns < PEN_SIZES_AGAIN_NS ? PEN_SIZES_COSTS * cost_ns
						    : PEN_SIZES_AGAIN_NS;
	again(sizes, wait, now_ns);
}

void pen_sizes_ended(struct pen_sizes *sizes)
{
	sizes->trying = false;
}

void pen_sizes_swallowed(struct pen_sizes *sizes, enum pen_wire_size size, int64_t now_ns)
{
	if (size == PEN_WIRE_SIZE_1200 || size > sizes->proven)
		return;
	sizes->proven = PEN_WIRE_SIZE_1200;
	sizes->limit = PEN_WIRE_SIZE_1200;
	sizes->settled = false;
	again(sizes, wait_of(sizes), now_ns);
}
