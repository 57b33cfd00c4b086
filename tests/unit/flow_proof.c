/* Proofs of receipt as the server checks them: every packet that came stands in two PULLs. */
#include "flow/proof.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/check.h"
#include "base/rng.h"

static struct pen_seqs seqs;
static struct pen_proofs proof;
static struct pen_proof_set set;

static uint16_t token_of(uint64_t seq)
{
	return (uint16_t)pen_rng_mix(seq);
}

static bool in_set(uint64_t seq)
{
	uint64_t bit = seq - set.first;
	return seq >= set.first && bit < 64 * set.words && set.bits[bit / 8] >> bit % 8 & 1;
}

/* A PULL leaves; its sum is what the server computes from the bitmap. */
static void pull(void)
{
	uint16_t sum = 0;
	pen_proof_make(&proof, &seqs, &set);
	cr_assert_leq(set.words, PEN_WIRE_PROOF_WORDS_MAX);
	cr_assert_eq(set.first % 64, 0);
	for (uint64_t seq = set.first; seq < set.first + 64 * set.words; seq++)
		sum ^= in_set(seq) ? token_of(seq) : 0;
	cr_assert_eq(sum, set.sum);
	for (size_t i = 8 * set.words; i < sizeof set.bits; i++)
		cr_assert_eq(set.bits[i], 0);
	pen_proof_sent(&proof, &seqs);
}

static void come(uint64_t seq)
{
	enum pen_seqs_came came = pen_seqs_add(&seqs, seq, 1, 0);
	if (came == PEN_SEQS_NEW || came == PEN_SEQS_LATE)
		pen_proof_note(&proof, seq, token_of(seq));
}

static void begin(void)
{
	pen_seqs_init(&seqs);
	pen_proof_init(&proof);
}

Test(flow_proof, each_packet_stands_in_two)
{
	enum { COUNT = 20000, EACH = 200 };
	static uint8_t stands[COUNT];
	struct pen_rng rng = {1};
	begin();
	for (uint64_t seq = 0; seq < COUNT; seq++) {
		if (pen_rng_below(&rng, 20))
			come(seq);
		if (seq % EACH != EACH - 1)
			continue;
		pull();
		for (uint64_t s = 0; s <= seq; s++)
			stands[s] = (uint8_t)(stands[s] + in_set(s));
		pen_seqs_settle(&seqs, 1000000, 0);
	}
	for (uint64_t s = 0; s + EACH < COUNT; s++)
		cr_assert_eq(stands[s], pen_seqs_has(&seqs, s) || stands[s] ? 2 : 0, "%llu",
			(unsigned long long)s);
}

/* A timeout that came too early gives up what is still under way. It must be proved when it comes,
 * or the server, which sends only so much without a proof, waits for ever. */
Test(flow_proof, proves_what_was_given_up_too_early)
{
	begin();
	for (uint64_t seq = 0; seq < 34; seq++)
		come(seq);
	pull();
	pen_seqs_give_up(&seqs, 1000);
	pull();
	pull();
	for (uint64_t seq = 34; seq < 60; seq++)
		come(seq);
	pull();
	for (uint64_t seq = 34; seq < 60; seq++)
		cr_assert(in_set(seq), "%llu", (unsigned long long)seq);
}

/* A server that has sent all it may without a proof sends nothing until it gets one, and any number
 * of PULLs may be lost. */
Test(flow_proof, proves_the_last_until_more_comes)
{
	begin();
	for (uint64_t seq = 0; seq < 53; seq++)
		come(seq);
	for (unsigned i = 0; i < 10; i++) {
		pull();
		for (uint64_t seq = 0; seq < 53; seq++)
			cr_assert(in_set(seq), "%u: %llu", i, (unsigned long long)seq);
	}
	come(53);
	pull();
	cr_assert(in_set(53));
	come(54);
	pull();
	cr_assert(!in_set(52));
}

/* What comes later than tokens are kept must not take the place of what is being proved. */
Test(flow_proof, a_packet_that_comes_very_late_spoils_no_proof)
{
	enum { LATE = 100, COUNT = LATE + PEN_PROOF_TOKENS + 1 };
	begin();
	for (uint64_t seq = 0; seq < COUNT; seq++) {
		if (seq != LATE)
			come(seq);
	}
	come(LATE);
	pull();
	cr_assert(in_set(LATE + PEN_PROOF_TOKENS));
	cr_assert(!in_set(LATE));
	pull();
}

Test(flow_proof, sets)
{
	static const struct {
		const char *name;
		uint64_t from, end; /* numbers that came */
		uint64_t first;
		uint32_t words;
	} rows[] = {
		{"nothing", 0, 0, 0, 0},
		{"one", 0, 1, 0, 1},
		{"a word", 0, 64, 0, 1},
		{"and one", 0, 65, 0, 2},
		{"a gap first", 200, 210, 0, 4},
		{"more than fits: the newest", 0, 5000, 3008, 32},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		begin();
		for (uint64_t seq = rows[i].from; seq < rows[i].end; seq++)
			come(seq);
		pull();
		cr_expect_eq(set.first, rows[i].first, "%s: %llu", rows[i].name,
			(unsigned long long)set.first);
		cr_expect_eq(set.words, rows[i].words, "%s: %u", rows[i].name, set.words);
		pull();
		cr_expect_eq(set.words, rows[i].words, "%s: once more", rows[i].name);
		come(rows[i].end);
		pull();
		come(rows[i].end + 1);
		pull();
		cr_expect_leq(set.words, 2, "%s: and no more", rows[i].name);
	}
}
