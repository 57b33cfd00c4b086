/* Shares of what a receiver can take. */
#include "flow/credit.h"

#include <criterion/criterion.h>

#include "base/check.h"
#include "base/rng.h"

#define MS INT64_C(1000000)
#define KIB 1024u
#define LEAST PEN_CREDIT_LEAST

Test(flow_credit, is_shared_by_rate)
{
	static const struct {
		const char *name;
		struct pen_credit_limits limits;
		unsigned peers;
		struct {
			uint64_t rate, useful;
		} use[3];
		uint64_t share[3];
	} rows[] = {
		{"one takes all", {MS, MS, MS}, 1, {{5, 2 * MS}}, {MS}},
		{"or what it can use", {MS, MS, MS}, 1, {{5, 100}}, {100}},
		{"memory bounds", {MS, 700, MS}, 1, {{5, MS}}, {700}},
		{"workers bound", {MS, MS, 600}, 1, {{5, MS}}, {600}},
		{"nothing is free", {MS, 0, MS}, 2, {{5, MS}, {5, MS}}, {0, 0}},
		{"alike", {10 * LEAST, MS, MS}, 2, {{7, MS}, {7, MS}}, {5 * LEAST, 5 * LEAST}},
		/* Each the least, and eight more by 3 to 1. */
		{"by rate", {10 * LEAST, MS, MS}, 2, {{2999999, MS}, {999999, MS}},
			{7 * LEAST, 3 * LEAST}},
		{"unknown rates", {6 * LEAST, MS, MS}, 2, {{0, MS}, {0, MS}},
			{3 * LEAST, 3 * LEAST}},
		{"the rest goes on", {10 * LEAST, MS, MS}, 2, {{7, 2 * LEAST}, {7, MS}},
			{2 * LEAST, 8 * LEAST}},
		{"nothing wanted", {10 * LEAST, MS, MS}, 2, {{7, 0}, {7, MS}}, {0, 10 * LEAST}},
		{"too little for all", {LEAST + 5, MS, MS}, 3, {{1, MS}, {1, MS}, {1, MS}},
			{LEAST, 5, 0}},
		{"more than all can use", {MS, MS, MS}, 3, {{1, 10}, {9, 20}, {5, 30}},
			{10, 20, 30}},
	};
	static struct pen_credit credit;
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		pen_credit_init(&credit);
		for (unsigned p = 0; p < rows[i].peers; p++) {
			struct pen_credit_use use = {
				rows[i].use[p].rate, rows[i].use[p].useful, 10 * MS};
			pen_credit_join(&credit, p, 0);
			pen_credit_use(&credit, p, &use, 0);
		}
		pen_credit_share(&credit, &rows[i].limits, 0);
		for (unsigned p = 0; p < rows[i].peers; p++) {
			uint64_t share = credit.peer[p].share;
			/* Shares are whole bytes: some may be missing. */
			cr_expect(share <= rows[i].share[p] && share + 4 >= rows[i].share[p],
				"%s: peer %u has %llu", rows[i].name, p, (unsigned long long)share);
		}
	}
}

/* Who was given nothing is not taken for silent. */
Test(flow_credit, no_share_no_silence)
{
	static struct pen_credit credit;
	struct pen_credit_limits none = {0, MS, MS}, some = {MS, MS, MS};
	struct pen_credit_use use = {100, MS, 10 * MS};
	pen_credit_init(&credit);
	pen_credit_join(&credit, 0, 0);
	pen_credit_use(&credit, 0, &use, 0);
	for (int64_t now = 0; now < 1000 * MS; now += 10 * MS)
		pen_credit_share(&credit, &none, now);
	pen_credit_share(&credit, &some, 1000 * MS);
	cr_expect_eq(credit.peer[0].share, MS);
	cr_expect_eq(credit.lapses, 0);
	pen_credit_share(&credit, &some, 1029 * MS);
	cr_expect_eq(credit.peer[0].share, MS);
	pen_credit_share(&credit, &some, 1030 * MS);
	cr_expect_eq(credit.lapses, 1);
}

Test(flow_credit, never_exceeds_the_whole)
{
	static struct pen_credit credit;
	struct pen_rng rng = {5};
	for (unsigned run = 0; run < 2000; run++) {
		uint64_t useful = 0, shared = 0;
		pen_credit_init(&credit);
		for (unsigned p = 0; p < PEN_CREDIT_PEERS; p++) {
			struct pen_credit_use use = {pen_rng_next(&rng) >> pen_rng_below(&rng, 64),
				pen_rng_below(&rng, 4 * LEAST), MS};
			pen_credit_join(&credit, p, 0);
			pen_credit_use(&credit, p, &use, 0);
			useful += use.useful;
		}
		uint64_t whole = pen_rng_below(&rng, 200 * LEAST);
		struct pen_credit_limits limits = {whole, UINT64_MAX, UINT64_MAX};
		pen_credit_share(&credit, &limits, 0);
		for (unsigned p = 0; p < PEN_CREDIT_PEERS; p++) {
			cr_assert_leq(credit.peer[p].share, credit.peer[p].useful);
			shared += credit.peer[p].share;
		}
		cr_assert_leq(shared, whole);
		uint64_t possible = useful < whole ? useful : whole;
		cr_assert_leq(possible - shared, PEN_CREDIT_PEERS * PEN_CREDIT_PEERS,
			"%llu of %llu", (unsigned long long)shared, (unsigned long long)possible);
	}
}

/* Who is silent for three timeouts holds nothing, and the others have it. */
Test(flow_credit, credit_given_to_a_peer_that_died_goes_to_the_others)
{
	static struct pen_credit credit;
	struct pen_credit_limits limits = {10 * LEAST, UINT64_MAX, UINT64_MAX};
	struct pen_credit_use use = {100, MS, 10 * MS}, none = {100, 0, 10 * MS};
	pen_credit_init(&credit);
	cr_expect_eq(pen_credit_due_ns(&credit), INT64_MAX);
	pen_credit_join(&credit, 0, 0);
	pen_credit_join(&credit, 63, 0);
	cr_expect_eq(pen_credit_due_ns(&credit), INT64_MAX, "nothing is wanted yet");
	pen_credit_use(&credit, 0, &use, 100 * MS);
	pen_credit_use(&credit, 63, &use, 100 * MS);
	cr_expect_eq(pen_credit_due_ns(&credit), INT64_MAX, "nothing is allowed yet");
	pen_credit_share(&credit, &limits, 100 * MS);
	cr_expect_eq(pen_credit_due_ns(&credit), 130 * MS);
	pen_credit_heard(&credit, 0, 120 * MS);
	pen_credit_use(&credit, 0, &use, 120 * MS);
	pen_credit_share(&credit, &limits, 129 * MS);
	cr_expect_eq(credit.peer[63].share, 5 * LEAST);
	pen_credit_share(&credit, &limits, 130 * MS);
	cr_expect_eq(credit.lapses, 1);
	cr_expect_eq(credit.peer[63].share, 0);
	cr_expect_eq(credit.peer[0].share, 10 * LEAST);
	cr_expect_eq(pen_credit_due_ns(&credit), 150 * MS);
	pen_credit_use(&credit, 63, &none, 131 * MS);
	pen_credit_use(&credit, 63, &use, 132 * MS);
	pen_credit_share(&credit, &limits, 132 * MS);
	cr_expect_eq(credit.peer[63].share, 0, "only a sign of life gives it back");
	pen_credit_heard(&credit, 63, 133 * MS);
	pen_credit_share(&credit, &limits, 133 * MS);
	cr_expect_eq(credit.peer[63].share, 5 * LEAST);
	pen_credit_leave(&credit, 0);
	pen_credit_share(&credit, &limits, 133 * MS);
	cr_expect_eq(credit.peer[63].share, 10 * LEAST);
	cr_expect_eq(credit.lapses, 1);
}
