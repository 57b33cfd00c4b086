/* Questions about the sizes of parts, and what the answers come to. */
#include "../../tools/penstock/locate_sizes.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"

#define BOTH (1u << PEN_FORM_NEARCORE | 1u << PEN_FORM_LEAN)
#define PARTS 300u /* of the first offer: ten batches */
#define MS PEN_NS_PER_MS

static struct pen_hash root = {.bytes = {1, 2, 3}};
static struct locate_offers offers;
static struct locate_ask ask;
static struct locate_sizes sizes;

static void begin(uint32_t n)
{
	offers = (struct locate_offers){.count = 3,
		.list = {{.n = PARTS, .forms = BOTH}, {.n = 7, .forms = 1u << PEN_FORM_LEAN},
			{.n = 40, .forms = BOTH}}};
	ask = (struct locate_ask){.root = &root, .n = n};
	sizes = (struct locate_sizes){.ask = &ask, .out = &offers};
}

static void end(void)
{
	locate_sizes_fini(&sizes);
	locate_offers_fini(&offers);
}

/* What a server says: every fifth part is smaller in nearcore form, of part 3 there is no lean, and
 * of part 4 nothing else. */
static uint64_t size_of(uint32_t k, bool lean)
{
	if (k == 3 || k == 4)
		return lean == (k == 4) ? 100 : 0;
	return lean ? 50 : k % 5 ? 60 : 40;
}

static bool is_smaller(uint32_t k)
{
	return k == 3 || (k != 4 && k % 5 == 0);
}

static void answer(const struct pen_wire_catalog *catalog)
{
	size_t bytes = sizeof *catalog + PEN_WIRE_ENTRIES_MAX * sizeof(struct pen_wire_entry);
	struct pen_wire_catalog *said = calloc(1, bytes);
	*said = *catalog;
	for (unsigned i = 0; i < said->count; i++)
		said->entries[i].bytes = size_of(said->first + i, said->form == PEN_WIRE_FORM_LEAN);
	locate_sizes_hear(&sizes, said);
	free(said);
}

static void expect_bits(unsigned i)
{
	const uint8_t *bits = locate_smaller(&offers, &offers.list[i]);
	cr_assert(bits);
	for (uint32_t k = 0; k < offers.list[i].n; k++)
		cr_expect_eq(bits[k >> 3] >> (k & 7) & 1, is_smaller(k), "part %u", k);
}

/* All is asked once, at most a window at a time, of what is there in both forms. */
Test(tools_locate_sizes, asks_and_notes)
{
	struct pen_wire_catalog asked[LOCATE_SIZES_WINDOW + 1];
	enum locate_sizes_act act = LOCATE_SIZES_WAIT;
	unsigned questions = 0;
	begin(0);
	while (act != LOCATE_SIZES_OVER) {
		unsigned count = 0;
		while ((act = locate_sizes_next(&sizes, &asked[count], 1)) == LOCATE_SIZES_ASK) {
			cr_assert_lt(count, LOCATE_SIZES_WINDOW);
			cr_expect_eq(asked[count].first % PEN_WIRE_ENTRIES_MAX, 0);
			cr_expect_leq(asked[count].first + asked[count].count, asked[count].n);
			cr_expect_arr_eq(asked[count].root, root.bytes, sizeof root.bytes);
			count++;
		}
		cr_assert(act == LOCATE_SIZES_OVER || count > 0);
		questions += count;
		while (count-- > 0)
			answer(&asked[count]);
	}
	cr_expect_eq(questions, 2 * (10 + 2));
	expect_bits(0);
	cr_expect(!offers.list[1].smaller, "it is there in one form");
	expect_bits(2);
	end();
}

/* Where N is said, of nothing else. */
Test(tools_locate_sizes, asks_of_one_n)
{
	struct pen_wire_catalog catalog;
	begin(40);
	while (locate_sizes_next(&sizes, &catalog, 1) == LOCATE_SIZES_ASK) {
		cr_expect_eq(catalog.n, 40);
		answer(&catalog);
	}
	cr_expect_eq(locate_sizes_next(&sizes, &catalog, 1), LOCATE_SIZES_OVER);
	cr_expect(!offers.list[0].smaller);
	expect_bits(2);
	end();
}

/* What is lost is asked for again, and given up in the end: then it is as if nobody had been asked.
 */
Test(tools_locate_sizes, asks_again_and_gives_up)
{
	struct pen_wire_catalog catalog;
	int64_t now_ns = 0, next_ns = 300 * MS;
	double lost = 1;
	begin(40);
	for (unsigned i = 0; i < LOCATE_ASKS_MAX; i++) {
		for (unsigned q = 0; q < (i ? 2 : 4); q++) {
			cr_assert_eq(locate_sizes_next(&sizes, &catalog, now_ns), LOCATE_SIZES_ASK,
				"%u, %u", i, q);
			/* Two are answered, and two left. */
			if (catalog.form == PEN_WIRE_FORM_LEAN)
				answer(&catalog);
		}
		cr_expect_eq(locate_sizes_next(&sizes, &catalog, next_ns - 1), LOCATE_SIZES_WAIT,
			"%u", i);
		now_ns = next_ns;
		next_ns += 500 * MS;
		lost *= 1 - 0.8 * 0.8;
	}
	cr_expect_eq(locate_sizes_next(&sizes, &catalog, now_ns), LOCATE_SIZES_OVER);
	cr_expect(!offers.list[2].smaller);
	cr_expect_leq(now_ns, 7 * PEN_NS_PER_S, "nobody waits for ever");
	cr_expect_lt(10 * lost, 1e-5, "a fifth lost each way, ten questions");
	end();
}

/* Answers to what was not asked are passed over. */
Test(tools_locate_sizes, passes_over_what_it_did_not_ask)
{
	struct pen_wire_catalog catalog, other;
	begin(40);
	cr_assert_eq(locate_sizes_next(&sizes, &catalog, 1), LOCATE_SIZES_ASK);
	for (unsigned i = 0; i < 4; i++) {
		other = catalog;
		other.root[0] ^= i == 0;
		other.n += i == 1;
		other.first += i == 2;
		other.first += i == 3 ? 2 * PEN_WIRE_ENTRIES_MAX : 0;
		answer(&other);
		cr_expect(!sizes.question[0].answered, "%u", i);
	}
	answer(&catalog);
	cr_expect(sizes.question[0].answered);
	end();
	locate_sizes_hear(&sizes, &catalog); /* nothing is open */
}
