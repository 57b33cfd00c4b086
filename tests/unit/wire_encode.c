#include <criterion/criterion.h>

#include "base/rng.h"
#include "wire_samples.h"

static uint8_t body[PEN_WIRE_BODY_BYTES_MAX];

Test(wire_encode, a_pull_leaves_out_what_is_empty)
{
	uint8_t proof[32] = {[9] = 2}, none[16] = {0}, some[24] = {[9] = 4};
	struct pen_wire_gap gaps[] = {{1, 2, none}, {2, 3, some}, {3, 0, NULL}};
	struct pen_wire_pull pull = {.seen = 200, .proof = 7, .lease_ms = 1};
	struct pen_wire_pull_parts parts = {64, proof, 4, gaps, 3};
	struct pen_wire_pulled got;
	size_t len = pen_wire_pull_encode(&pull, &parts, body);
	cr_assert(pen_wire_pull_decode((struct pen_bytes){body, len}, &got));
	cr_expect_eq(got.pull->proof_words, 2);
	cr_expect_eq(got.pull->proof_first, 64);
	cr_assert_eq(got.pull->missing_count, 1);
	cr_expect_eq(got.missing[0]->slot, 2);
	cr_expect_eq(got.missing[0]->first_word, 1);
	cr_expect_eq(got.missing[0]->words, 1);
	cr_expect_eq(got.missing[0]->bits[1], 4);
	parts.proof = none;
	parts.proof_words = 2;
	parts.gap_count = 0;
	len = pen_wire_pull_encode(&pull, &parts, body);
	cr_assert(pen_wire_pull_decode((struct pen_bytes){body, len}, &got));
	cr_expect_eq(got.pull->proof_first, 0);
	cr_expect_eq(got.pull->proof, 0);
}

Test(wire_encode, gaps_without_room_wait)
{
	uint8_t full[8 * PEN_WIRE_PROOF_WORDS_MAX];
	memset(full, 0xff, sizeof full);
	struct pen_wire_gap gaps[PEN_WIRE_SLOTS_MAX];
	for (uint32_t i = 0; i < PEN_WIRE_SLOTS_MAX; i++)
		gaps[i] = (struct pen_wire_gap){i, PEN_WIRE_MISSING_WORDS_MAX, full};
	gaps[15].words = 1;
	struct pen_wire_pull pull = {.seen = 1 << 20, .lease_ms = 1};
	struct pen_wire_pull_parts parts = {0, full, PEN_WIRE_PROOF_WORDS_MAX, gaps, 16};
	struct pen_wire_pulled got;
	size_t len = pen_wire_pull_encode(&pull, &parts, body);
	cr_assert(pen_wire_pull_decode((struct pen_bytes){body, len}, &got));
	cr_assert_eq(got.pull->missing_count, 8, "seven that fit, and the short one");
	cr_expect_eq(got.missing[6]->slot, 6);
	cr_expect_eq(got.missing[7]->slot, 15);
}

Test(wire_encode, bits_beyond_the_last_part_are_cleared)
{
	uint8_t bits[PEN_WIRE_WINDOW_BYTES];
	memset(bits, 0xff, sizeof bits);
	struct pen_wire_window window = {.n = 8192 + 11, .window = 1, .form = PEN_WIRE_FORM_LEAN};
	size_t len = pen_wire_window_encode(&window, bits, body);
	cr_expect_eq(len, sizeof window + 2);
	cr_expect_eq(body[len - 1], 7);
	window.window = 0;
	cr_expect_eq(pen_wire_window_encode(&window, bits, body), sizeof window + 1024);
	window.flags = PEN_WIRE_WINDOW_ALL;
	cr_expect_eq(pen_wire_window_encode(&window, NULL, body), sizeof window);
}

/* Any change of any bit before the check shows, as does another seed. */
Test(wire_encode, the_check_covers_the_header)
{
	struct pen_wire_data data = {.type = PEN_WIRE_DATA, .slot = 3, .nonce = 9, .seq = 70000};
	uint32_t check = pen_wire_data_check(&data, 5);
	cr_expect_neq(pen_wire_data_check(&data, 6), check);
	for (unsigned bit = 0; bit < 8 * offsetof(struct pen_wire_data, check); bit++) {
		((uint8_t *)&data)[bit / 8] ^= (uint8_t)(1 << bit % 8);
		cr_expect_neq(pen_wire_data_check(&data, 5), check, "bit %u", bit);
		((uint8_t *)&data)[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	data.check = 1;
	cr_expect_eq(pen_wire_data_check(&data, 5), check);
}

/* Random PULLs come back as they were put in. */
Test(wire_encode, pulls_come_back)
{
	struct pen_rng rng = {42};
	for (int turn = 0; turn < 500; turn++) {
		uint8_t proof[256], bits[PEN_WIRE_SLOTS_MAX][112];
		struct pen_wire_gap gaps[PEN_WIRE_SLOTS_MAX];
		struct pen_wire_pull_parts parts = {64 * pen_rng_below(&rng, 9), proof,
			(uint32_t)pen_rng_below(&rng, 33), gaps, (uint32_t)pen_rng_below(&rng, 7)};
		pen_rng_bytes(&rng, proof, sizeof proof);
		for (uint32_t i = 0; i < parts.gap_count; i++) {
			pen_rng_bytes(&rng, bits[i], 112);
			gaps[i] = (struct pen_wire_gap){
				i, 1 + (uint32_t)pen_rng_below(&rng, 14), bits[i]};
		}
		struct pen_wire_pull pull = {
			.seen = 4096, .lease_ms = 9, .grant = pen_rng_next(&rng)};
		struct pen_wire_pulled got;
		size_t len = pen_wire_pull_encode(&pull, &parts, body);
		cr_assert(pen_wire_pull_decode((struct pen_bytes){body, len}, &got));
		cr_expect_eq(got.pull->grant, pull.grant);
		cr_assert_eq(got.pull->missing_count, parts.gap_count);
		cr_assert_eq(got.pull->proof_words, parts.proof_words);
		cr_expect_eq(memcmp(got.proof, proof, 8 * parts.proof_words), 0);
		for (uint32_t i = 0; i < parts.gap_count; i++) {
			cr_assert_eq(got.missing[i]->words, gaps[i].words);
			cr_expect_eq(memcmp(got.missing[i]->bits, bits[i], 8 * gaps[i].words), 0);
		}
	}
}

struct size_row {
	enum pen_wire_size size;
	uint32_t bytes, packets;
};

Test(wire_encode, pieces_become_packets)
{
	static const struct size_row rows[] = {{PEN_WIRE_SIZE_1200, 1, 1},
		{PEN_WIRE_SIZE_1200, 1200, 1}, {PEN_WIRE_SIZE_1200, 1201, 2},
		{PEN_WIRE_SIZE_1200, 1 << 20, PEN_WIRE_SLOT_PACKETS_MAX},
		{PEN_WIRE_SIZE_1328, 1 << 20, 790}, {PEN_WIRE_SIZE_1408, 1 << 20, 745},
		{PEN_WIRE_SIZE_3328, 1 << 20, 316}, {PEN_WIRE_SIZE_8192, 1 << 20, 128}};
	for (size_t i = 0; i < PEN_COUNT(rows); i++)
		cr_expect_eq(pen_wire_packets(rows[i].bytes, rows[i].size), rows[i].packets);
	cr_expect_eq(PEN_WIRE_SLOT_PACKETS_MAX, 874);
	cr_expect_eq(PEN_WIRE_MISSING_WORDS_MAX, 14);
}
