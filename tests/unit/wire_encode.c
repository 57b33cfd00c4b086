#include <criterion/criterion.h>

#include "base/rng.h"
#include "unhex.h"
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
	static const struct {
		uint32_t udp_bytes;
		enum pen_wire_size most;
	} ports[] = {{0, PEN_WIRE_SIZE_1200}, {1232, PEN_WIRE_SIZE_1200},
		{1359, PEN_WIRE_SIZE_1200}, {1360, PEN_WIRE_SIZE_1328}, {1472, PEN_WIRE_SIZE_1408},
		{8223, PEN_WIRE_SIZE_3328}, {8224, PEN_WIRE_SIZE_8192},
		{65507, PEN_WIRE_SIZE_8192}};
	for (size_t i = 0; i < PEN_COUNT(ports); i++)
		cr_expect_eq(pen_wire_size_most(ports[i].udp_bytes), ports[i].most, "%zu", i);
	cr_expect_eq(PEN_WIRE_SLOT_PACKETS_MAX, 874);
	cr_expect_eq(PEN_WIRE_MISSING_WORDS_MAX, 14);
}

#define ROOT "0000000000000000000000000000000000000000000000000000000000000000"
#define NONE "0000000000000000"

/* The samples of wire_samples.h, field by field as wire.h has them: what a stranger would write. */
struct golden {
	uint8_t type;
	const char *hex;
};

static const struct golden goldens[] = {
	{PEN_WIRE_PULL,
		"9001000000000000" /* grant */
		"c500000000000000" /* seen */
		"0200000000000000" /* lost */
		"00000000" /* pace */
		"00000000" /* time_us */
		"00000000" /* echo_us */
		"00000000" /* echo_held_us */
		"8000000000000000" /* proof_first */
		"cdab" /* proof */
		"6400" /* lease_ms */
		"02" /* proof_words */
		"02" /* missing_count */
		"0000"
		"ff00000000000000"
		"1f00000000000000"
		"04000000" /* slot, first_word, words, bits */
		"0100"
		"0100"
		"1000000000000000"
		"06000000"
		"0000"
		"0200"
		"ff00000000000000"
		"1f00000000000000"},
	{PEN_WIRE_OPEN,
		ROOT "09000000" /* n */
		     "03" /* form */
		     "00" /* flags */
		     "02" /* count */
		     "00"
		     "04000000" /* slot to close, and its nonce */
		     "00000000"
		     "0500000000000000"
		     "00000000"
		     "00000002"
		     "00000000"
		     "06000000" /* slot */
		     "02000000" /* part */
		     "0700000000000000" /* nonce */
		     "01000000" /* piece */
		     "01" /* kind */
		     "03" /* block */
		     "04" /* size */
		     "01" /* act */
		     "6400" /* first */
		     "1c00" /* packets */},
	{PEN_WIRE_OPENED,
		"02" /* count */
		"000000"
		"00000000" /* retry_ms */
		"04000000" NONE "00000000" /* slot, bytes and nonce */
		"00000000" /* blocks */
		"02" /* state */
		"000000"
		"06000000"
		"09000000"
		"0700000000000000"
		"04000000"
		"01"
		"000000"},
	{PEN_WIRE_WANT,
		ROOT "09200000" /* n */
		     "00000000" /* held */
		     "0100" /* window */
		     "03" /* form */
		     "00" /* flags */
		     "00000000"
		     "8101"},
	{PEN_WIRE_ENTRIES,
		ROOT "09000000" /* n */
		     "06000000" /* first */
		     "02" /* form */
		     "03" /* count */
		     "000000000000"
		     "01000000000000000000000000000000" /* id */
		     "0100000000000000" /* bytes */
		     "00000000" /* head_bytes */
		     "01000000" /* pieces */
		ROOT "00000000000000000000000000000000"
		     "0100200000000000"
		     "00000000"
		     "03000000"},
	{PEN_WIRE_ATTESTED,
		ROOT "09000000" /* n */
		     "02" /* form */
		     "01" /* kind */
		     "00" /* block */
		     "00"
		     "08000000" /* part */
		     "00000000" /* piece */
		     "0100000000000000" NONE NONE NONE /* digest */
		     "04000000" /* bytes */
		     "01" /* state */
		     "000000"},
};

Test(wire_encode, samples_are_what_a_stranger_writes)
{
	for (size_t i = 0; i < PEN_COUNT(goldens); i++) {
		uint8_t want[PEN_WIRE_BODY_BYTES_MAX];
		size_t want_len = unhex(goldens[i].hex, want);
		size_t len = wire_sample(goldens[i].type, body);
		cr_assert_eq(len, want_len, "type %#x: %zu bytes", goldens[i].type, len);
		for (size_t at = 0; at < len; at++)
			cr_expect_eq(body[at], want[at], "type %#x, byte %zu", goldens[i].type, at);
	}
}

/* Fixed for ever. */
Test(wire_encode, a_data_header_is_32_bytes)
{
	struct pen_wire_data data = {.type = PEN_WIRE_DATA,
		.flags = PEN_WIRE_DATA_LAST | PEN_WIRE_DATA_ECHO,
		.token = 0x1122,
		.slot = 0x33445566,
		.nonce = UINT64_C(0x778899aabbccddee),
		.index = 0x01020304,
		.seq = 0x05060708,
		.time_us = 0x090a0b0c};
	uint8_t want[32];
	unhex("81032211"
	      "66554433"
	      "eeddccbbaa998877"
	      "04030201"
	      "08070605"
	      "0c0b0a09"
	      "afc28d58",
		want);
	data.check = pen_wire_data_check(&data, UINT64_C(0x123456789abcdef0));
	cr_expect_eq(memcmp(&data, want, sizeof want), 0);
	data.check = 0;
	pen_wire_data_seal(&data, 1, UINT64_C(0x123456789abcdef0));
	cr_expect_eq(memcmp(&data, want, sizeof want), 0);
}

/* The header's fields, at their places. */
Test(wire_encode, a_header_is_32_bytes)
{
	struct pen_wire_head head = {.type = PEN_WIRE_PULL,
		.version = 1,
		.body_bytes = 0x0203,
		.session = UINT64_C(0x1112131415161718),
		.counter = 0x21,
		.tag = UINT64_C(0x3132333435363738)};
	uint8_t want[32];
	unhex("06010302"
	      "00000000"
	      "1817161514131211"
	      "2100000000000000"
	      "3837363534333231",
		want);
	cr_expect_eq(memcmp(&head, want, sizeof want), 0);
}
