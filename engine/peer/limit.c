#include "peer/limit.h"

#include <string.h>

#include "base/bits.h"
#include "base/check.h"

#define SECOND_NS INT64_C(1000000000)
/* A full bucket and what flows into it in a second are together the limit of any second. */
#define ALL_BURST (PEN_LIMIT_HELLOS_PER_S / 5)
#define ALL_STEP_NS (SECOND_NS / (PEN_LIMIT_HELLOS_PER_S - ALL_BURST))
#define PREFIX_BURST (PEN_LIMIT_PREFIX_PER_S / 2)
#define PREFIX_STEP_NS (SECOND_NS / (PEN_LIMIT_PREFIX_PER_S - PREFIX_BURST))

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

void pen_limit_init(struct pen_limit *limit, const struct pen_prf_key *key)
{
	memset(limit, 0, sizeof *limit);
	limit->key = *key;
	limit->full_ns = INT64_MIN;
}

/* The first 7 bytes of an IPv6 address, the first 3 of an IPv4 one, never 0. */
static uint64_t prefix_name(const struct pen_limit *limit, const struct pen_net_path *path)
{
	uint8_t word[8] = {0};
	if (memcmp(path->remote, mapped, sizeof mapped)) {
		memcpy(word, path->remote, 7);
	} else {
		word[7] = 4;
		memcpy(word, path->remote + 12, 3);
	}
	uint64_t name = pen_prf(&limit->key, pen_le64(word));
	return name ? name : 1;
}

/* Does one more fit into a bucket that is full at full_ns? */
static bool fits(int64_t full_ns, int64_t now_ns, int64_t step_ns, int64_t burst)
{
	return full_ns <= now_ns || full_ns - now_ns <= (burst - 1) * step_ns;
}

static int64_t spend(int64_t full_ns, int64_t now_ns, int64_t step_ns)
{
	return (full_ns > now_ns ? full_ns : now_ns) + step_ns;
}

/* The prefix's bucket, or one that is free or full and becomes its own; NULL if none is. */
static struct pen_limit_bucket *bucket_of(struct pen_limit *limit, uint64_t prefix, int64_t now_ns)
{
	struct pen_limit_bucket *way = limit->bucket[prefix % PEN_LIMIT_SETS], *vacant = NULL;
	for (unsigned i = 0; i < PEN_LIMIT_WAYS; i++) {
		if (way[i].prefix == prefix)
			return &way[i];
		if (!vacant && (!way[i].prefix || way[i].full_ns <= now_ns))
			vacant = &way[i];
	}
	if (vacant)
		*vacant = (struct pen_limit_bucket){prefix, now_ns};
	return vacant;
}

bool pen_limit_admit(struct pen_limit *limit, const struct pen_net_path *path, int64_t now_ns)
{
	static_assert(PREFIX_BURST > 0 && ALL_BURST > 0, "else nobody would come in");
	if (!fits(limit->full_ns, now_ns, ALL_STEP_NS, ALL_BURST)) {
		limit->refused_all++;
		return false;
	}
	struct pen_limit_bucket *bucket = bucket_of(limit, prefix_name(limit, path), now_ns);
	if (!bucket || !fits(bucket->full_ns, now_ns, PREFIX_STEP_NS, PREFIX_BURST)) {
		limit->refused_prefix++;
		return false;
	}
	bucket->full_ns = spend(bucket->full_ns, now_ns, PREFIX_STEP_NS);
	limit->full_ns = spend(limit->full_ns, now_ns, ALL_STEP_NS);
	PEN_CHECK(bucket->full_ns - now_ns <= PREFIX_BURST * PREFIX_STEP_NS);
	PEN_CHECK(limit->full_ns - now_ns <= ALL_BURST * ALL_STEP_NS);
	return true;
}
