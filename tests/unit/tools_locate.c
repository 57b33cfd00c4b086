#include "../../tools/penstock/locate_peer.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "drivers/table.h"
#include "scratch.h"
#include "util.h"

#define ROOT "GRqsQiLsteXhPiadvQ3Xkpuop5c87g35UyhpTB8LuMxv"
#define SAYS(rest) "{\"root\": \"" ROOT "\"" rest "}"

static struct pen_hash root_hash(void)
{
	struct pen_hash root;
	cr_assert_eq(pen_hash_parse(ROOT, &root), 0);
	return root;
}

Test(tools_locate, reads_answers_and_refuses_others)
{
	static const struct {
		const char *text;
		int result;
		unsigned count;
		uint64_t memory_usage;
		unsigned forms; /* of the last offer, 0: nearcore's */
	} rows[] = {
		{SAYS(", \"memory_usage\": 3110122, \"of\": [7, 9]"), 0, 2, 3110122},
		{SAYS(", \"of\": []"), 0, 0, 0},
		{SAYS(", \"of\": [7], \"more\": {\"x\": [1]}"), 0, 1, 0},
		{SAYS(", \"of\": [7, 9], \"forms\": {\"nearcore\": [7, 2], \"lean\": [0, 9]}"), 0,
			2, 0, 3},
		{SAYS(", \"of\": [7], \"forms\": {\"nearcore\": [0], \"lean\": [1]}"), 0, 1, 0, 2},
		{SAYS(", \"of\": [7], \"forms\": {\"lean\": [], \"nearcore\": [\"7\"]}"), 0, 1, 0,
			8},
		{SAYS(", \"of\": [7], \"forms\": 5"), 0, 1, 0},
		{SAYS(", \"of\": [0]"), PEN_EINPUT},
		{SAYS(", \"of\": [65537]"), PEN_EINPUT},
		{SAYS(", \"of\": [-1]"), PEN_EINPUT},
		{SAYS(", \"of\": [\"7\"]"), PEN_EINPUT},
		{SAYS(", \"of\": [99999999999999999999]"), PEN_EINPUT},
		{SAYS(", \"of\": 7"), PEN_EINPUT},
		{SAYS(""), PEN_EINPUT},
		{"{\"root\": \"8EhZRfDTYujfZoUZtZ3eSMB9gJyFo5zjscR12dEcaxGU\", \"of\": [7]}",
			PEN_EINPUT},
		{"<html>", PEN_EINPUT},
		{"", PEN_EINPUT},
		{"[7]", PEN_EINPUT},
		{"\"x\"", PEN_EINPUT},
	};
	static struct locate_offers offers;
	struct pen_hash root = root_hash();
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_bytes text = {(const uint8_t *)rows[i].text, strlen(rows[i].text)};
		cr_expect_eq(
			locate_answer(text, &root, &offers), rows[i].result, "%s", rows[i].text);
		if (rows[i].result)
			continue;
		cr_expect_eq(offers.count, rows[i].count, "%s", rows[i].text);
		cr_expect_eq(offers.memory_usage, rows[i].memory_usage);
		if (offers.count)
			cr_expect_eq(offers.list[offers.count - 1].forms,
				(rows[i].forms ? rows[i].forms : 1) & 7, "%s", rows[i].text);
	}
}

Test(tools_locate, parts_that_are_smaller_in_nearcore_form)
{
	static const struct {
		const char *sets;
		int bits; /* of the second N, -1: nothing is said */
	} rows[] = {{"[\"\", \"0,2-3\"]", 0x0d}, {"[\"9\", \"8\"]", 0x100}, {"[\"1\", \"9\"]", -1},
		{"[\"1\", \"\"]", -1}, {"[\"1\"]", -1}, {"5", -1}, {"[7, 8]", -1},
		{"[\"\", \"3-2\"]", -1}};
	static struct locate_offers offers;
	struct pen_hash root = root_hash();
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		char text[256];
		snprintf(text, sizeof text, SAYS(", \"of\": [7, 9], \"nearcore_smaller\": %s"),
			rows[i].sets);
		struct pen_bytes bytes = {(const uint8_t *)text, strlen(text)};
		struct locate_offer offer;
		cr_assert_eq(locate_answer(bytes, &root, &offers), 0);
		cr_assert(locate_find(&offers, 9, &offer));
		const uint8_t *bits = locate_smaller(&offers, &offer);
		cr_expect_eq(bits ? bits[0] | bits[1] << 8 : -1, rows[i].bits, "%s", rows[i].sets);
	}
	locate_offers_fini(&offers);
}

Test(tools_locate, chooses_and_finds)
{
	static struct locate_offers offers[3];
	struct locate_offer offer;
	cr_expect_eq(locate_choose(offers, 3), 0);
	offers[0].any = true;
	cr_expect(locate_find(&offers[0], 5, &offer));
	cr_expect_str_eq(offer.prefix, "");
	offers[1].count = 2;
	offers[1].list[0].n = 9;
	offers[1].list[1].n = 7;
	strcpy(offers[1].list[1].prefix, "seven/");
	cr_expect_eq(locate_choose(offers, 3), 7, "the smallest");
	offers[1].memory_usage = 8 * PEN_PART_MEMORY_LIMIT + 1;
	cr_expect_eq(locate_choose(offers, 3), 9, "nearcore's own");
	cr_expect(locate_find(&offers[1], 7, &offer));
	cr_expect_str_eq(offer.prefix, "seven/");
	cr_expect(!locate_find(&offers[1], 8, &offer));
	cr_expect(!locate_find(&offers[2], 8, &offer));
}

static bool never(void *context)
{
	(void)context;
	return false;
}

Test(tools_locate, looks_into_directories)
{
	static struct locate_offers offers;
	char word[1024];
	struct pen_origin *origin;
	struct pen_why why = {0};
	struct pen_hash root = root_hash();
	snprintf(word, sizeof word, "dir:%s/near/golden/small", getenv("PEN_TEST_DATA"));
	cr_assert_eq(pen_origin_open(word, NULL, &origin, &why), 0, "%s", why.text);
	struct locate_ask ask = {.word = word,
		.origin = origin,
		.root = &root,
		.forms = 3,
		.tries = 1,
		.stall_ns = PEN_NS_PER_S,
		.stop = never};
	cr_expect_eq(locate(&ask, &offers, &why), 0, "%s", why.text);
	cr_expect_eq(offers.count, 1);
	cr_expect_eq(offers.list[0].n, 7);
	cr_expect_eq(offers.list[0].forms, 1u << PEN_FORM_NEARCORE);
	ask.forms = 1u << PEN_FORM_LEAN;
	cr_expect_eq(locate(&ask, &offers, &why), PEN_ENOTFOUND);
	cr_expect(strstr(why.text, "no part of it in lean form"), "%s", why.text);
	ask.forms = 1u << PEN_FORM_NEARCORE;
	cr_expect_eq(locate(&ask, &offers, &why), 0, "%s", why.text);
	cr_expect_str_eq(offers.list[0].prefix, "");
	origin->ops->close(origin);
	snprintf(word, sizeof word, "dir:%s/near/golden", getenv("PEN_TEST_DATA"));
	cr_expect_eq(locate(&ask, &offers, &why), PEN_ENOTFOUND);
	cr_expect(strstr(why.text, ROOT), "%s", why.text);
}

/* A directory shows which parts are smaller in nearcore form, or there in no other. */
Test(tools_locate, compares_forms_in_a_directory)
{
	static const struct {
		const char *name;
		unsigned bytes;
	} files[] = {{"state_part_000000_of_000012", 9}, {"lean_part_000000_of_000012", 5},
		{"state_part_000001_of_000012", 5}, {"lean_part_000001_of_000012", 9},
		{"state_part_000003_of_000012", 5}, {"lean_part_000004_of_000012", 5},
		{"state_part_000011_of_000012", 5}, {"lean_part_000011_of_000012", 5},
		{"state_part_000002_of_000005", 5}};
	struct scratch scratch = scratch_open();
	static struct locate_offers offers;
	char word[1024];
	struct pen_hash root = root_hash();
	struct pen_why why = {0};
	for (size_t i = 0; i < PEN_COUNT(files); i++) {
		const char *text = "123456789";
		scratch_write(&scratch, files[i].name, text + 9 - files[i].bytes);
	}
	snprintf(word, sizeof word, "dir:%s", scratch.path);
	struct locate_ask ask = {.word = word, .root = &root, .forms = 3, .stop = never};
	cr_assert_eq(locate(&ask, &offers, &why), 0, "%s", why.text);
	struct locate_offer offer;
	cr_assert(locate_find(&offers, 12, &offer));
	cr_expect_eq(offer.forms, 3);
	const uint8_t *bits = locate_smaller(&offers, &offer);
	cr_assert_not_null(bits);
	cr_expect_eq(bits[0] | bits[1] << 8, 0x0a);
	cr_assert(locate_find(&offers, 5, &offer));
	cr_expect_eq(offer.forms, 1);
	cr_expect_null(locate_smaller(&offers, &offer));
	locate_offers_fini(&offers);
	scratch_close(&scratch);
}

/* A source that sends a byte at a time, for as long as anybody listens. */
struct dripper {
	struct pen_origin origin;
	struct pen_buf *into;
	bool cancelled;
};

static unsigned drip_submit(
	struct pen_origin *origin, const struct pen_origin_get *gets, unsigned count)
{
	((struct dripper *)origin)->into = gets[0].into;
	return count;
}

static unsigned drip_reap(
	struct pen_origin *origin, struct pen_origin_done *done, unsigned max, int64_t wait_ns)
{
	struct dripper *dripper = (struct dripper *)origin;
	(void)max, (void)wait_ns;
	pen_clock_sleep_ns(PEN_NS_PER_MS);
	if (!dripper->cancelled && dripper->into->len < 1000) {
		cr_assert_eq(pen_buf_append(dripper->into, " ", 1), 0);
		return 0;
	}
	*done = (struct pen_origin_done){.result = dripper->cancelled ? -ECANCELED : PEN_ENET};
	return 1;
}

static void drip_cancel(struct pen_origin *origin, uint64_t tag)
{
	(void)tag;
	((struct dripper *)origin)->cancelled = true;
}

Test(tools_locate, gives_up_on_a_source_that_drips)
{
	static const struct pen_origin_ops ops = {
		.submit = drip_submit, .reap = drip_reap, .cancel = drip_cancel};
	static struct locate_offers offers;
	struct dripper dripper = {.origin = {.ops = &ops, .label = "drip"}};
	struct pen_why why = {0};
	struct pen_hash root = root_hash();
	struct locate_ask ask = {.word = "http://drip",
		.origin = &dripper.origin,
		.root = &root,
		.tries = 1,
		.stall_ns = 20 * PEN_NS_PER_MS,
		.stop = never};
	cr_expect_eq(locate(&ask, &offers, &why), PEN_ESTALL, "%s", why.text);
}

/* States of a list: one offer for each N, its forms together, the first label that there is. */
Test(tools_locate, lists_of_peers)
{
	const unsigned both = 1u << PEN_FORM_NEARCORE | 1u << PEN_FORM_LEAN;
	static const struct {
		uint32_t n;
		uint8_t form;
		const char *chain;
	} rows[] = {{7, PEN_WIRE_FORM_NEARCORE, ""}, {7, PEN_WIRE_FORM_LEAN, "main"},
		{7, PEN_WIRE_FORM_LEAN, "other"}, {9, PEN_WIRE_FORM_LEAN, ""},
		{1, PEN_WIRE_FORM_RAW, ""}};
	for (unsigned forms = 1; forms <= both; forms++) {
		static struct locate_offers offers;
		memset(&offers, 0, sizeof offers);
		for (size_t i = 0; i < PEN_COUNT(rows); i++) {
			struct pen_wire_state state = {.n = rows[i].n,
				.form = rows[i].form,
				.memory_usage = 77,
				.epoch_height = 5,
				.chain_bytes = (uint8_t)strlen(rows[i].chain)};
			memcpy(state.chain, rows[i].chain, state.chain_bytes);
			locate_peer_state(&offers, &state, forms);
		}
		bool lean = forms >> PEN_FORM_LEAN & 1;
		cr_assert_eq(offers.count, lean ? 2 : 1);
		cr_expect_eq(offers.list[0].n, 7);
		cr_expect_eq(offers.list[0].forms, forms);
		cr_expect_eq(offers.list[0].labelled, lean);
		cr_expect_str_eq(offers.list[0].labels.chain, lean ? "main" : "");
		cr_expect_eq(offers.list[0].labels.epoch_height, lean ? 5 : 0);
		cr_expect_eq(offers.memory_usage, 77);
	}
}

Test(tools_locate, more_states_than_a_list_holds)
{
	static struct locate_offers offers;
	for (uint32_t n = 1; n < 2 * LOCATE_OFFERS_MAX; n++) {
		const struct pen_wire_state state = {.n = n, .form = PEN_WIRE_FORM_NEARCORE};
		locate_peer_state(&offers, &state, 1u << PEN_FORM_NEARCORE);
	}
	cr_expect_eq(offers.count, LOCATE_OFFERS_MAX);
}
