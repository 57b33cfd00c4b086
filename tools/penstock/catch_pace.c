#include "catch_pace.h"

#include "base/check.h"

void catch_pace_note(struct catch_pace *pace, unsigned blocks, int64_t took_ns)
{
	PEN_CHECK(took_ns >= 0);
	pace->blocks += blocks;
	pace->ns += took_ns;
	if (pace->blocks < 2 * CATCH_PACE_BLOCKS)
		return;
	pace->ns = pace->ns * CATCH_PACE_BLOCKS / pace->blocks;
	pace->blocks = CATCH_PACE_BLOCKS;
}

int64_t catch_pace_mean_ns(const struct catch_pace *pace)
{
	return pace->blocks ? pace->ns / pace->blocks : CATCH_PACE_UNKNOWN_NS;
}

int64_t catch_pace_left_ns(const struct catch_pace *pace, unsigned count, int64_t since_ns)
{
	PEN_CHECK(count > 0);
	PEN_CHECK(since_ns >= 0);
	/* Of whom nothing is known nothing is expected but what he shows. */
	int64_t mean_ns = pace->blocks ? catch_pace_mean_ns(pace) : 0;
	int64_t whole_ns = count * mean_ns;
	return since_ns < mean_ns ? whole_ns - since_ns : whole_ns - mean_ns + since_ns;
}

bool catch_pace_helps(const struct catch_pace *pace, unsigned ahead, int64_t left_ns)
{
	return (ahead + 1) * catch_pace_mean_ns(pace) < left_ns / 2;
}
