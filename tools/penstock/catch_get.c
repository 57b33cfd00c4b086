#include "catch_get.h"

#include "base/check.h"
#include "base/clock.h"
#include "part/raw.h"

/* The first wait after a get that failed; it doubles. */
#define GET_AGAIN_NS PEN_NS_PER_S
#define GET_DOUBLINGS 6u

void catch_get_want(struct catch_get *get, uint32_t unit)
{
	PEN_CHECK(get->state == CATCH_GET_FREE);
	get->state = CATCH_GET_DUE;
	get->unit = unit;
	get->tries = 0;
	get->again_ns = 0;
}

void catch_get_begin(struct catch_get *get, struct pen_origin *origin, const struct pen_hash *root,
	uint64_t tag, int64_t now_ns)
{
	PEN_CHECK(get->state == CATCH_GET_DUE);
	pen_raw_path(root, get->name);
	get->bytes.len = get->seen = 0;
	get->moved_ns = now_ns;
	const struct pen_origin_get want = {.name = get->name,
		.offset = (uint64_t)get->unit * PEN_RAW_BLOCK_BYTES,
		.bytes_max = PEN_RAW_BLOCK_BYTES,
		.piece = true,
		.into = &get->bytes,
		.tag = tag};
	if (origin->ops->submit(origin, &want, 1))
		get->state = CATCH_GET_FLYING;
}

int64_t catch_get_rest_ns(unsigned fails, int64_t retry_after_ns)
{
	PEN_CHECK(fails > 0);
	unsigned doublings = fails - 1 < GET_DOUBLINGS ? fails - 1 : GET_DOUBLINGS;
	int64_t rest_ns = GET_AGAIN_NS << doublings;
	return retry_after_ns > rest_ns ? retry_after_ns : rest_ns;
}

bool catch_get_again(
	struct catch_get *get, const struct pen_origin_done *done, unsigned tries, int64_t now_ns)
{
	PEN_CHECK(get->state == CATCH_GET_FREE);
	if (done->result != PEN_ENET || ++get->tries >= tries)
		return false;
	get->state = CATCH_GET_DUE;
	get->again_ns = now_ns + catch_get_rest_ns(get->tries, done->retry_after_ns);
	return true;
}

int catch_get_size_check(uint64_t bytes, const char *label, struct pen_why *why)
{
	if (bytes > 0 && bytes <= PEN_RAW_BYTES_MAX)
		return 0;
	return pen_fail(
		why, PEN_EINPUT, "%s: no object has %llu bytes", label, (unsigned long long)bytes);
}

int catch_get_changed(const struct catch_get *get, const char *label, struct pen_why *why)
{
	return pen_fail(
		why, PEN_EINPUT, "%s: %s became another while it was read", label, get->name);
}

bool catch_get_stalled(struct catch_get *get, int64_t stall_ns, int64_t now_ns, const char *label,
	struct pen_why *why)
{
	PEN_CHECK(get->state == CATCH_GET_FLYING);
	if (get->bytes.len != get->seen) {
		get->seen = get->bytes.len;
		get->moved_ns = now_ns;
	}
	if (now_ns - get->moved_ns < stall_ns)
		return false;
	pen_fail(why, PEN_ESTALL, "%s/%s: no byte for %lld s", label, get->name,
		(long long)(stall_ns / PEN_NS_PER_S));
	return true;
}
