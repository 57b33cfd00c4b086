#include <criterion/criterion.h>
#include <string.h>

#include "base/check.h"
#include "serve/slots.h"

static struct pen_slot *open_slot(struct pen_slots *slots, uint32_t id, uint32_t bytes)
{
	struct pen_wire_slot asked = {.slot = id, .nonce = id * 100, .size = PEN_WIRE_SIZE_1200};
	struct pen_slot *slot = pen_slots_open(slots, &asked);
	cr_assert_eq(slot->state, PEN_SLOT_LOCATING);
	cr_assert_eq(pen_slot_left(slot), 0);
	pen_slot_found(slot, 4096, bytes);
	return slot;
}

/* A section that names the packets of a list that ends in -1. */
static bool again(struct pen_slot *slot, uint16_t first_word, const int *list, uint64_t seen)
{
	static uint8_t bytes[sizeof(struct pen_wire_missing) + 8 * PEN_WIRE_MISSING_WORDS_MAX];
	struct pen_wire_missing *missing = (struct pen_wire_missing *)(void *)bytes;
	memset(bytes, 0, sizeof bytes);
	missing->first_word = first_word;
	for (; *list >= 0; list++) {
		int i = *list - first_word * 64;
		missing->bits[i / 8] |= (uint8_t)(1 << i % 8);
		missing->words = (uint16_t)(i / 64 + 1);
	}
	return pen_slot_again(slot, missing, seen);
}

Test(serve_slots, cuts_a_piece_into_packets)
{
	static const struct {
		uint32_t bytes;
		uint8_t size;
		uint32_t packets, last;
	} rows[] = {
		{1, PEN_WIRE_SIZE_1200, 1, 1},
		{1200, PEN_WIRE_SIZE_1200, 1, 1200},
		{1201, PEN_WIRE_SIZE_1200, 2, 1},
		{PEN_WIRE_PIECE_BYTES_MAX, PEN_WIRE_SIZE_1200, 874, 976},
		{PEN_WIRE_PIECE_BYTES_MAX, PEN_WIRE_SIZE_8192, 128, 8192},
		{PEN_WIRE_PIECE_BYTES_MAX, PEN_WIRE_SIZE_3328, 316, 256},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_slots slots = {.count = 0};
		struct pen_wire_slot asked = {.slot = 1, .size = rows[i].size};
		struct pen_slot *slot = pen_slots_open(&slots, &asked);
		pen_slot_found(slot, 0, rows[i].bytes);
		uint32_t last = rows[i].packets - 1, size = pen_wire_size_bytes(rows[i].size);
		cr_expect_eq(slot->packets, rows[i].packets);
		cr_expect_eq(pen_slot_packet_bytes(slot, last), rows[i].last);
		cr_expect_eq(pen_slot_packet_at(slot, last), last * size);
	}
}

Test(serve_slots, opens_and_closes_in_any_order)
{
	struct pen_slots slots = {.count = 0};
	for (uint32_t id = 0; id < PEN_WIRE_SLOTS_MAX; id++)
		open_slot(&slots, id * 7, 5000);
	cr_expect_null(pen_slots_find(&slots, 1));
	for (uint32_t id = 0; id < PEN_WIRE_SLOTS_MAX; id += 2)
		pen_slots_close(&slots, pen_slots_find(&slots, id * 7));
	cr_expect_eq(slots.count, PEN_WIRE_SLOTS_MAX / 2);
	open_slot(&slots, 1000, 5000);
	for (unsigned i = 0; i < slots.count - 1u; i++)
		cr_expect_eq(pen_slots_nth(&slots, i)->id, (2 * i + 1) * 7);
	cr_expect_eq(pen_slots_nth(&slots, slots.count - 1u)->id, 1000);
	while (slots.count)
		pen_slots_close(&slots, pen_slots_nth(&slots, 0));
	cr_expect_eq(slots.used, 0);
}

Test(serve_slots, sends_in_order_then_what_is_missing_first)
{
	struct pen_slots slots = {.count = 0};
	uint16_t out[1000];
	struct pen_slot *slot = open_slot(&slots, 1, 300 * 1200);
	cr_expect_eq(pen_slot_take(slot, 0, out, 100), 100);
	for (unsigned i = 0; i < 100; i++)
		cr_expect_eq(out[i], i);
	cr_expect(again(slot, 0, (int[]){3, 64, 99, 100, 250, -1}, 100));
	/* 100 and 250 were not sent yet. */
	cr_expect_eq(pen_slot_left(slot), 203);
	cr_expect_eq(pen_slot_take(slot, 100, out, 2), 2);
	cr_expect_eq(out[0], 3);
	cr_expect_eq(out[1], 64);
	cr_expect_eq(slot->again_seq, 102);
	cr_expect_eq(pen_slot_take(slot, 102, out, 3), 3);
	cr_expect_eq(out[0], 99);
	cr_expect_eq(out[1], 100);
	cr_expect_eq(out[2], 101);
	cr_expect_eq(pen_slot_take(slot, 105, out, 1000), 198);
	cr_expect_eq(pen_slot_left(slot), 0);
	cr_expect_eq(pen_slot_take(slot, 303, out, 1000), 0);
}

/* The same packets in every PULL are sent again once in a round trip, not once a PULL. */
Test(serve_slots, counts_only_what_was_asked_with_knowledge_of_the_last)
{
	struct pen_slots slots = {.count = 0};
	uint16_t out[1000];
	struct pen_slot *slot = open_slot(&slots, 1, 300 * 1200);
	pen_slot_take(slot, 0, out, 300);
	int list[] = {5, 130, -1};
	cr_expect(again(slot, 0, list, 280));
	cr_expect_eq(pen_slot_take(slot, 300, out, 10), 2);
	cr_expect(!again(slot, 0, list, 290));
	cr_expect(!again(slot, 0, list, 301));
	cr_expect_eq(pen_slot_left(slot), 0);
	cr_expect(again(slot, 0, list, 302));
	cr_expect_eq(pen_slot_left(slot), 2);
	/* A newer request takes the place of an older one that is not yet answered. */
	cr_expect(again(slot, 2, (int[]){130, 131, -1}, 302));
	cr_expect_eq(pen_slot_take(slot, 302, out, 10), 2);
	cr_expect_eq(out[0], 130);
	cr_expect_eq(out[1], 131);
}

/* Whatever is asked for, a packet is never sent that is not there, nor one too often. */
Test(serve_slots, keeps_count_of_the_last_word)
{
	struct pen_slots slots = {.count = 0};
	uint16_t out[1000];
	struct pen_slot *slot = open_slot(&slots, 1, PEN_WIRE_PIECE_BYTES_MAX);
	uint8_t bytes[sizeof(struct pen_wire_missing) + 8 * PEN_WIRE_MISSING_WORDS_MAX];
	struct pen_wire_missing *missing = (struct pen_wire_missing *)(void *)bytes;
	memset(bytes, 0xff, sizeof bytes);
	missing->first_word = 0;
	missing->words = PEN_WIRE_MISSING_WORDS_MAX;
	for (unsigned sent = 0; sent <= 874; sent += 19) {
		cr_expect(pen_slot_again(slot, missing, 1000000));
		cr_expect_eq(slot->again, sent);
		cr_expect_eq(pen_slot_left(slot), 874);
		cr_expect_eq(
			pen_slot_take(slot, 0, out, sent + 19), sent + 19 <= 874 ? sent + 19 : 874);
	}
}
