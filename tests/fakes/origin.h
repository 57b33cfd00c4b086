/*
 * An origin in virtual time whose answers a test scripts: what comes, in how many pieces, after how
 * long, or never. The time is the test's; the fake never waits.
 */
#ifndef PEN_TESTS_FAKES_ORIGIN_H
#define PEN_TESTS_FAKES_ORIGIN_H

#include "base/buf.h"
#include "port/origin.h"

/* How one get goes. */
struct fake_answer {
	int result; /* as in pen_origin_done */
	struct pen_bytes body; /* arrives piece by piece */
	unsigned pieces; /* in how many; 0 and 1 are the same */
	int64_t piece_ns; /* from one piece to the next, the first one too */
	bool silent; /* no end ever */
	int64_t retry_after_ns;
};

struct fake_get {
	struct pen_origin_get get;
	struct fake_answer answer;
	int64_t begin_ns;
	unsigned arrived; /* pieces */
	bool cancelled;
	bool large; /* more came than bytes_max */
};

struct fake_origin {
	struct pen_origin origin; /* first */
	int64_t *now_ns;
	/* Script one get: the number in its name, and how often this name was asked before. */
	void (*script)(void *context, uint32_t k, unsigned before, struct fake_answer *answer);
	void *context;
	struct fake_get gets[64];
	unsigned count, gets_max; /* in flight, and most at a time */
	unsigned asked_all;
	unsigned asked[4096]; /* by part */
};

void fake_origin_init(struct fake_origin *fake, const char *label, int64_t *now_ns);

/* When the next thing happens here, or INT64_MAX. */
int64_t fake_origin_next(const struct fake_origin *fake);

#endif
