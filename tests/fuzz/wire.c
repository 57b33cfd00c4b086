/*
 * Bodies of every type of packet: the first byte says which, the rest is the body. What decodes has
 * the length that its counts say, and is put together again to the same bytes.
 */
#include "fuzz.h"
#include "wire/decode.h"
#include "wire/encode.h"
#include "wire/piece.h"

static uint8_t again[PEN_WIRE_BODY_BYTES_MAX];

static void check_same(size_t len, struct pen_bytes body)
{
	PEN_CHECK(fuzz_same((struct pen_bytes){again, len}, body));
}

/* Bitmaps in a PULL begin where they must; a gap's begins at index 0. */
static void check_pull(const struct pen_wire_pulled *got, struct pen_bytes body)
{
	static uint8_t bits[PEN_WIRE_SLOTS_MAX][8 * PEN_WIRE_MISSING_WORDS_MAX];
	struct pen_wire_gap gaps[PEN_WIRE_SLOTS_MAX];
	struct pen_wire_pull_parts parts = {.proof_first = got->pull->proof_first,
		.proof = got->proof,
		.proof_words = got->pull->proof_words,
		.gaps = gaps,
		.gap_count = got->pull->missing_count};
	memset(bits, 0, sizeof bits);
	for (unsigned i = 0; i < parts.gap_count; i++) {
		const struct pen_wire_missing *missing = got->missing[i];
		PEN_CHECK(fuzz_within(
			(struct pen_bytes){missing->bits, 8 * (size_t)missing->words}, body));
		memcpy(bits[i] + 8 * (size_t)missing->first_word, missing->bits,
			8 * (size_t)missing->words);
		gaps[i] = (struct pen_wire_gap){missing->slot, PEN_WIRE_MISSING_WORDS_MAX, bits[i]};
	}
	check_same(pen_wire_pull_encode(got->pull, &parts, again), body);
}

static void check_window(const struct pen_wire_window *window, struct pen_bytes body)
{
	bool all = window->flags & PEN_WIRE_WINDOW_ALL;
	check_same(pen_wire_window_encode(window, all ? NULL : window->bits, again), body);
}

static void check_entries(const struct pen_wire_catalog *catalog, struct pen_bytes body)
{
	check_same(pen_wire_entries_encode(catalog, catalog->entries, again), body);
}

/* The types with something behind them. False if it is none of them. */
static bool check_counted(uint8_t type, struct pen_bytes body)
{
	const struct pen_wire_open *open;
	const struct pen_wire_opened *opened;
	const struct pen_wire_listed *listed;
	const struct pen_wire_window *window;
	const struct pen_wire_catalog *entries;
	struct pen_wire_pulled pulled;
	switch (type) {
	case PEN_WIRE_OPEN:
		if ((open = pen_wire_open_decode(body)))
			check_same(pen_wire_open_encode(open, open->slots, again), body);
		return true;
	case PEN_WIRE_OPENED:
		if ((opened = pen_wire_opened_decode(body)))
			check_same(pen_wire_opened_encode(opened, opened->slots, again), body);
		return true;
	case PEN_WIRE_LISTED:
		if ((listed = pen_wire_listed_decode(body)))
			check_same(pen_wire_listed_encode(listed, listed->states, again), body);
		return true;
	case PEN_WIRE_WANT:
		if ((window = pen_wire_want_decode(body)))
			check_window(window, body);
		return true;
	case PEN_WIRE_HAVE:
		if ((window = pen_wire_have_decode(body)))
			check_window(window, body);
		return true;
	case PEN_WIRE_ENTRIES:
		if ((entries = pen_wire_entries_decode(body)))
			check_entries(entries, body);
		return true;
	case PEN_WIRE_PULL:
		if (pen_wire_pull_decode(body, &pulled))
			check_pull(&pulled, body);
		return true;
	default: return false;
	}
}

/* Those of one size: what decodes has it. */
static bool fixed_fine(uint8_t type, struct pen_bytes body)
{
	size_t len = body.len;
	switch (type) {
	case PEN_WIRE_HELLO:
		return !pen_wire_hello_decode(body) || len == sizeof(struct pen_wire_hello);
	case PEN_WIRE_COOKIE:
		return !pen_wire_cookie_decode(body) || len == sizeof(struct pen_wire_cookie);
	case PEN_WIRE_WELCOME:
		return !pen_wire_welcome_decode(body) || len == sizeof(struct pen_wire_welcome);
	case PEN_WIRE_BUSY:
		return !pen_wire_busy_decode(body) || len == sizeof(struct pen_wire_busy);
	case PEN_WIRE_CLOSE:
		return !pen_wire_close_decode(body) || len == sizeof(struct pen_wire_close);
	case PEN_WIRE_PATH_CHALLENGE:
		return !pen_wire_path_decode(body) || len == sizeof(struct pen_wire_path);
	case PEN_WIRE_LIST:
		return !pen_wire_list_decode(body) || len == sizeof(struct pen_wire_list);
	case PEN_WIRE_CATALOG:
		return !pen_wire_catalog_decode(body) || len == sizeof(struct pen_wire_catalog);
	case PEN_WIRE_ATTEST:
		return !pen_wire_attest_decode(body) || len == sizeof(struct pen_wire_object);
	case PEN_WIRE_ATTESTED:
		return !pen_wire_attested_decode(body) || len == sizeof(struct pen_wire_attested);
	default: return true;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len == 0)
		return 0;
	struct pen_bytes body = {data + 1, len - 1};
	if (!check_counted(data[0], body))
		PEN_CHECK(fixed_fine(data[0], body));
	return 0;
}
