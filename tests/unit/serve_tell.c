#include "serve_util.h"

#include "serve/tell.h"
#include "wire/decode.h"

static struct house house;
static uint8_t body[PEN_WIRE_BODY_BYTES_MAX];

static void setup(void)
{
	house_open(&house, 1, 0);
}

static void teardown(void)
{
	house_close(&house);
}

TestSuite(serve_tell, .init = setup, .fini = teardown);

static struct pen_bytes bytes(size_t len)
{
	cr_assert_leq(len, sizeof body);
	return (struct pen_bytes){body, len};
}

Test(serve_tell, forms_have_two_numbers)
{
	for (uint8_t form = PEN_WIRE_FORM_RAW; form <= PEN_WIRE_FORM_LEAN; form++)
		cr_expect_eq(pen_tell_wire_form(pen_tell_form(form)), form);
	cr_expect_eq(pen_tell_form(PEN_WIRE_FORM_LEAN), PEN_FORM_LEAN);
	cr_expect_eq(pen_tell_form(PEN_WIRE_FORM_NEARCORE), PEN_FORM_NEARCORE);
}

Test(serve_tell, lists_states)
{
	struct pen_wire_list list = {.from = 0};
	const struct pen_wire_listed *listed = pen_wire_listed_decode(
		bytes(pen_tell_list(&house.listing, &list, body)));
	cr_assert_not_null(listed);
	cr_expect_eq(listed->count, 3);
	cr_expect_eq(listed->next, PEN_WIRE_LIST_END);
	cr_expect_eq(listed->generation, 77);
	for (unsigned i = 0; i < listed->count; i++) {
		const struct pen_wire_state *state = &listed->states[i];
		bool raw = state->form == PEN_WIRE_FORM_RAW;
		cr_expect_eq(state->n, raw ? 1 : HOUSE_PARTS);
		cr_expect_eq(
			state->held, state->form == PEN_WIRE_FORM_NEARCORE ? HOUSE_PARTS - 1 : 1);
		cr_expect_eq(state->memory_usage, raw ? HOUSE_RAW_BYTES : 50000);
		cr_expect_eq(state->chain_bytes, raw ? 0 : 7);
		cr_expect_eq(state->epoch_height, raw ? 0 : 7);
		cr_expect_eq(state->shard, raw ? 0 : 2);
		if (!raw)
			cr_expect_eq(memcmp(state->chain, "testnet", 7), 0);
	}
	/* Every filter lets through what it says. */
	const struct {
		struct pen_wire_list list;
		unsigned count;
	} rows[] = {
		{{.filters = PEN_WIRE_BY_FORM, .form = PEN_WIRE_FORM_RAW}, 1},
		{{.filters = PEN_WIRE_BY_CHAIN, .chain_bytes = 7, .chain = "testnet"}, 2},
		{{.filters = PEN_WIRE_BY_CHAIN, .chain_bytes = 4, .chain = "test"}, 0},
		{{.filters = PEN_WIRE_BY_EPOCH, .epoch_height = 7}, 2},
		{{.filters = PEN_WIRE_BY_SHARD, .shard = 3}, 0},
		{{.filters = PEN_WIRE_BY_ROOT}, 0},
		{{.from = 2}, 1},
		{{.from = UINT32_MAX}, 0},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		listed = pen_wire_listed_decode(
			bytes(pen_tell_list(&house.listing, &rows[i].list, body)));
		cr_assert_not_null(listed, "row %zu", i);
		cr_expect_eq(listed->count, rows[i].count, "row %zu", i);
		cr_expect_eq(listed->from, rows[i].list.from);
	}
}

/* More than fit a packet: each once, in as many answers as it takes. */
Test(serve_tell, lists_in_pages)
{
	struct pen_catalog catalog = {0};
	struct pen_listing listing = {0};
	uint32_t seen = 0, answers = 0;
	for (uint32_t i = 0; i < 20; i++) {
		struct pen_catalog_file file = {.n = 2, .k = 1, .bytes = 5};
		file.root.bytes[0] = (uint8_t)(i + 1);
		cr_assert_eq(pen_catalog_dir(&catalog, "d", &file.dir), 0);
		file.n = i + 2;
		cr_assert_eq(pen_catalog_add(&catalog, &file), 0);
	}
	cr_assert_eq(pen_catalog_settle(&catalog), 0);
	cr_assert_eq(pen_listing_make(&listing, &catalog, 1), 0);
	struct pen_wire_list list = {.from = 0};
	while (list.from != PEN_WIRE_LIST_END) {
		const struct pen_wire_listed *listed = pen_wire_listed_decode(
			bytes(pen_tell_list(&listing, &list, body)));
		cr_assert_not_null(listed);
		for (unsigned i = 0; i < listed->count; i++)
			seen |= UINT32_C(1) << (listed->states[i].root[0] - 1);
		list.from = listed->next;
		cr_assert_lt(answers++, 10);
	}
	cr_expect_eq(seen, 0xfffff);
	cr_expect_eq(answers, 4);
	pen_listing_fini(&listing);
	pen_catalog_fini(&catalog);
}

static struct pen_wire_window *window_of(uint8_t form, uint8_t flags)
{
	static uint8_t at[sizeof(struct pen_wire_window) + PEN_WIRE_WINDOW_BYTES];
	struct pen_wire_window *window = (struct pen_wire_window *)(void *)at;
	*window = (struct pen_wire_window){.n = HOUSE_PARTS, .form = form, .flags = flags};
	memcpy(window->root, house.root.bytes, 32);
	memset(window->bits, 0, PEN_WIRE_WINDOW_BYTES);
	return window;
}

Test(serve_tell, says_which_parts_it_has)
{
	struct pen_wire_window *want = window_of(PEN_WIRE_FORM_NEARCORE, PEN_WIRE_WINDOW_ALL);
	const struct pen_wire_window *have = pen_wire_have_decode(
		bytes(pen_tell_want(&house.catalog, want, NULL, body)));
	cr_assert_not_null(have);
	cr_expect_eq(have->held, HOUSE_PARTS - 1);
	static const uint8_t all[] = {0xef, 0xff, 0x0f};
	cr_expect_eq(memcmp(have->bits, all, 3), 0);
	want = window_of(PEN_WIRE_FORM_NEARCORE, 0);
	want->bits[0] = 0x30;
	want->bits[2] = 0x01;
	have = pen_wire_have_decode(bytes(pen_tell_want(&house.catalog, want, NULL, body)));
	cr_assert_not_null(have);
	cr_expect_eq(have->bits[0], 0x20);
	cr_expect_eq(have->bits[2], 0x01);
	uint8_t cached[3] = {0xff, 0, 0};
	want->flags = PEN_WIRE_WINDOW_CACHED;
	have = pen_wire_have_decode(bytes(pen_tell_want(&house.catalog, want, cached, body)));
	cr_assert_not_null(have);
	cr_expect_eq(have->bits[0], 0x20);
	cr_expect_eq(have->bits[2], 0);
	cr_expect_eq(have->held, HOUSE_PARTS - 1);
	/* Nothing is known of this one. */
	want->root[0] ^= 1;
	have = pen_wire_have_decode(bytes(pen_tell_want(&house.catalog, want, cached, body)));
	cr_assert_not_null(have);
	cr_expect_eq(have->held, 0);
	cr_expect_eq(have->bits[0], 0);
}

Test(serve_tell, measures_parts)
{
	struct pen_wire_catalog ask = {
		.n = HOUSE_PARTS, .first = 2, .form = PEN_WIRE_FORM_NEARCORE, .count = 3};
	memcpy(ask.root, house.root.bytes, 32);
	const struct pen_wire_catalog *entries = pen_wire_entries_decode(
		bytes(pen_tell_catalog(&house.catalog, &ask, body)));
	cr_assert_not_null(entries);
	cr_expect_eq(entries->count, 3);
	cr_expect_eq(entries->entries[0].bytes, 102);
	cr_expect_eq(entries->entries[0].pieces, 1);
	cr_expect_eq(entries->entries[1].bytes, HOUSE_PART_3_BYTES);
	cr_expect_eq(entries->entries[1].pieces, 3);
	cr_expect_eq(entries->entries[1].id[7], 4);
	cr_expect_eq(entries->entries[2].bytes, 0, "part 4 is not there");
	struct pen_wire_catalog raw = {.n = 1, .form = PEN_WIRE_FORM_RAW, .count = 1};
	memcpy(raw.root, house.raw.bytes, 32);
	entries = pen_wire_entries_decode(bytes(pen_tell_catalog(&house.catalog, &raw, body)));
	cr_assert_not_null(entries);
	cr_expect_eq(entries->entries[0].bytes, HOUSE_RAW_BYTES);
	cr_expect_eq(entries->entries[0].pieces, 4);
	cr_expect_eq(memcmp(entries->entries[0].id, house.raw.bytes, 16), 0);
	struct pen_wire_catalog lean = {
		.n = HOUSE_PARTS, .first = 1, .form = PEN_WIRE_FORM_LEAN, .count = 2};
	memcpy(lean.root, house.root.bytes, 32);
	entries = pen_wire_entries_decode(bytes(pen_tell_catalog(&house.catalog, &lean, body)));
	cr_assert_not_null(entries);
	cr_expect_eq(entries->entries[0].bytes, house.lean.len);
	cr_expect_eq(entries->entries[0].head_bytes, house.head.bytes);
	cr_expect_eq(entries->entries[0].pieces, 1 + HOUSE_FRAMES);
	cr_expect_eq(entries->entries[1].bytes, 0);
	raw.root[3] ^= 1;
	entries = pen_wire_entries_decode(bytes(pen_tell_catalog(&house.catalog, &raw, body)));
	cr_assert_not_null(entries);
	cr_expect_eq(entries->entries[0].bytes, 0);
}
