#include "fetch/sizes.h"

#include "base/check.h"

void pen_sizes_init(struct pen_sizes *sizes, enum pen_wire_size most)
{
	PEN_CHECK(most < PEN_WIRE_SIZES);
	*sizes = (struct pen_sizes){.most = most, .limit = most, .again_ns = INT64_MAX};
}

enum pen_wire_size pen_sizes_next(struct pen_sizes *sizes, int64_t now_ns)
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
	sizes->trying = false;
	sizes->failures = 0;
}

/* The next size worth a try below one that failed. */
static enum pen_wire_size below(enum pen_wire_size size, enum pen_wire_size proven)
{
	enum pen_wire_size next = size > PEN_WIRE_SIZE_1408 ? PEN_WIRE_SIZE_1408 : size - 1;
	return next > proven ? next : proven;
}

void pen_sizes_failed(
	struct pen_sizes *sizes, enum pen_wire_size size, int64_t cost_ns, int64_t now_ns)
{
	PEN_CHECK(cost_ns >= 0);
	if (size == PEN_WIRE_SIZE_1200)
		return;
	bool tried = size > sizes->proven;
	if (!tried) {
		sizes->proven = PEN_WIRE_SIZE_1200;
		sizes->limit = PEN_WIRE_SIZE_1200;
	} else if (size <= sizes->limit) {
		sizes->limit = below(size, sizes->proven);
	}
	sizes->trying = false;
	int64_t wait = PEN_SIZES_FIRST_NS << (sizes->failures < 10 ? sizes->failures : 10);
	if (tried && wait / PEN_SIZES_COSTS < cost_ns)
		wait = cost_ns < PEN_SIZES_AGAIN_NS ? PEN_SIZES_COSTS * cost_ns
						    : PEN_SIZES_AGAIN_NS;
	sizes->again_ns = now_ns + (wait < PEN_SIZES_AGAIN_NS ? wait : PEN_SIZES_AGAIN_NS);
	sizes->failures++;
}

void pen_sizes_ended(struct pen_sizes *sizes, enum pen_wire_size size)
{
	if (size > sizes->proven)
		sizes->trying = false;
}
