#include <criterion/criterion.h>

#include "base/check.h"
#include "peer/limit.h"
#include "peer_util.h"

static struct pen_limit limit;

static void setup(void)
{
	static const struct pen_prf_key key = {{1}};
	pen_limit_init(&limit, &key);
}

TestSuite(peer_limit, .init = setup);

/* Of tries every `step_ns` from paths of `stranger`, the most that any second admits. */
static unsigned most(struct pen_net_path (*stranger)(unsigned), int64_t step_ns, unsigned tries)
{
	static int64_t at[20000];
	unsigned count = 0, best = 0, from = 0;
	for (unsigned i = 0; i < tries; i++) {
		struct pen_net_path path = stranger(i);
		if (pen_limit_admit(&limit, &path, i * step_ns))
			at[count++] = i * step_ns;
	}
	for (unsigned i = 0; i < count; i++) {
		while (at[i] - at[from] >= SECOND)
			from++;
		best = i - from + 1 > best ? i - from + 1 : best;
	}
	return best;
}

static struct pen_net_path one_v4(unsigned i)
{
	return path_from((uint8_t)i);
}

static struct pen_net_path one_v6(unsigned i)
{
	return (struct pen_net_path){.remote = {0x20, 1, [6] = 3, [7] = (uint8_t)i}};
}

static struct pen_net_path all(unsigned i)
{
	return (struct pen_net_path){.remote = {0x20, 2, [4] = (uint8_t)(i >> 8), (uint8_t)i}};
}

Test(peer_limit, a_prefix_has_four_a_second)
{
	cr_expect_leq(most(one_v4, 10 * MS, 1000), PEN_LIMIT_PREFIX_PER_S);
	setup();
	cr_expect_leq(most(one_v6, 10 * MS, 1000), PEN_LIMIT_PREFIX_PER_S);
	cr_expect_eq(limit.refused_all, 0);
}

Test(peer_limit, a_core_has_250_a_second)
{
	unsigned best = most(all, MS / 4, 20000);
	cr_expect_leq(best, PEN_LIMIT_HELLOS_PER_S);
	cr_expect_geq(best, PEN_LIMIT_HELLOS_PER_S - 5);
	cr_expect_gt(limit.refused_all, 0);
}

Test(peer_limit, strangers_do_not_share_a_bucket)
{
	for (unsigned i = 0; i < 40; i++) {
		struct pen_net_path path = all(i);
		cr_expect(pen_limit_admit(&limit, &path, 0));
		cr_expect_eq(limit.refused_prefix, 0);
	}
}
