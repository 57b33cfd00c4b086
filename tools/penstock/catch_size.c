#include "catch_size.h"

#include "base/check.h"

/* What servers say, and how often each had its turn. */
struct view {
	const struct catch_size *size;
	const uint64_t *said;
	unsigned count;
};

static unsigned sayers(const struct view *view, uint64_t bytes)
{
	unsigned sayers = 0;
	for (unsigned s = 0; s < view->count; s++)
		sayers += view->said[s] == bytes;
	return sayers;
}

/* The fewest turns of those who say so. */
static unsigned turns(const struct view *view, uint64_t bytes)
{
	unsigned least = UINT32_MAX;
	for (unsigned s = 0; s < view->count; s++) {
		if (view->said[s] == bytes && view->size->turns[s] < least)
			least = view->size->turns[s];
	}
	return least;
}

/* Is `a` to have its turn before `b`? 0 is none. */
static bool before(const struct view *view, uint64_t a, uint64_t b)
{
	if (!a || !b)
		return a != 0;
	if (turns(view, a) != turns(view, b))
		return turns(view, a) < turns(view, b);
	if (sayers(view, a) != sayers(view, b))
		return sayers(view, a) > sayers(view, b);
	return a > b;
}

static bool is_over(const struct view *view, int64_t now_ns)
{
	uint64_t bytes = view->size->bytes;
	unsigned silent = sayers(view, 0), here = bytes ? sayers(view, bytes) : 0;
	bool others = here + silent < view->count;
	if (!here || !others)
		return others;
	unsigned rounds = turns(view, bytes) - 1;
	int64_t patience_ns = CATCH_SIZE_NS
		<< (rounds < CATCH_SIZE_DOUBLINGS ? rounds : CATCH_SIZE_DOUBLINGS);
	return now_ns - view->size->since_ns >= patience_ns;
}

uint64_t catch_size_look(
	struct catch_size *size, const uint64_t *said, unsigned count, int64_t now_ns)
{
	const struct view view = {size, said, count};
	uint64_t best = 0;
	PEN_CHECK(count <= PEN_HAUL_PEERS);
	if (!is_over(&view, now_ns))
		return size->bytes;
	for (unsigned s = 0; s < count; s++) {
		if (before(&view, said[s], best))
			best = said[s];
	}
	for (unsigned s = 0; s < count; s++)
		size->turns[s] += said[s] == best;
	size->bytes = best;
	size->since_ns = now_ns;
	return best;
}

void catch_size_moved(struct catch_size *size, int64_t now_ns)
{
	PEN_CHECK(size->bytes > 0);
	size->since_ns = now_ns;
}
