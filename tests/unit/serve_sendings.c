#include <criterion/criterion.h>
#include <string.h>

#include "base/check.h"
#include "serve/sendings.h"

static struct pen_sending *open_slot(struct pen_sendings *slots, uint32_t id, uint32_t bytes)
{
	struct pen_wire_slot asked = {.slot = id, .nonce = id * 100, .size = PEN_WIRE_SIZE_1200};
	struct pen_sending *slot = pen_sendings_open(slots, &asked);
	cr_assert_eq(slot->state, PEN_SENDING_LOCATING);
	cr_assert_eq(pen_sending_left(slot), 0);
	pen_sending_found(slot, 4096, bytes, 1);
	return slot;
}

/* A section that names the packets of a list that ends in -1. */
static uint32_t again(struct pen_sending *slot, uint16_t first_word, const int *list)
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
	return pen_sending_again(slot, missing);
}

Test(serve_sendings, cuts_a_piece_into_packets)
{
	static const struct {
		uint32_t bytes;
		uint8_t size;
		uint32_t packets;
	} rows[] = {
		{1, PEN_WIRE_SIZE_1200, 1},
		{1200, PEN_WIRE_SIZE_1200, 1},
		{1201, PEN_WIRE_SIZE_1200, 2},
		{PEN_WIRE_PIECE_BYTES_MAX, PEN_WIRE_SIZE_1200, 874},
		{PEN_WIRE_PIECE_BYTES_MAX, PEN_WIRE_SIZE_8192, 128},
		{PEN_WIRE_PIECE_BYTES_MAX, PEN_WIRE_SIZE_3328, 316},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_sendings slots = {.count = 0};
		struct pen_wire_slot asked = {.slot = 1, .size = rows[i].size};
		struct pen_sending *slot = pen_sendings_open(&slots, &asked);
		pen_sending_found(slot, 0, rows[i].bytes, 1);
		cr_expect_eq(slot->packets, rows[i].packets);
	}
}

Test(serve_sendings, opens_and_closes_in_any_order)
{
	struct pen_sendings slots = {.count = 0};
	for (uint32_t id = 0; id < PEN_WIRE_SLOTS_MAX; id++)
		open_slot(&slots, id * 7, 5000);
	cr_expect_null(pen_sendings_find(&slots, 1));
	for (uint32_t id = 0; id < PEN_WIRE_SLOTS_MAX; id += 2)
		pen_sendings_close(&slots, pen_sendings_find(&slots, id * 7));
	cr_expect_eq(slots.count, PEN_WIRE_SLOTS_MAX / 2);
	open_slot(&slots, 1000, 5000);
	for (unsigned i = 0; i < slots.count - 1u; i++)
		cr_expect_eq(pen_sendings_nth(&slots, i)->id, (2 * i + 1) * 7);
	cr_expect_eq(pen_sendings_nth(&slots, slots.count - 1u)->id, 1000);
	while (slots.count)
		pen_sendings_close(&slots, pen_sendings_nth(&slots, 0));
	cr_expect_eq(slots.used, 0);
}

Test(serve_sendings, sends_in_order_then_what_is_missing_first)
{
	struct pen_sendings slots = {.count = 0};
	uint16_t out[1000];
	struct pen_sending *slot = open_slot(&slots, 1, 300 * 1200);
	cr_expect_eq(pen_sending_take(slot, out, 100), 100);
	for (unsigned i = 0; i < 100; i++)
		cr_expect_eq(out[i], i);
	/* 100 and 250 were not sent yet. */
	cr_expect_eq(again(slot, 0, (int[]){3, 64, 99, 100, 250, -1}), 3);
	cr_expect_eq(again(slot, 1, (int[]){64, 98, -1}), 1);
	cr_expect_eq(pen_sending_left(slot), 204);
	cr_expect_eq(pen_sending_take(slot, out, 2), 2);
	cr_expect_eq(out[0], 3);
	cr_expect_eq(out[1], 64);
	cr_expect_eq(pen_sending_take(slot, out, 4), 4);
	cr_expect_eq(out[0], 98);
	cr_expect_eq(out[1], 99);
	cr_expect_eq(out[2], 100);
	cr_expect_eq(out[3], 101);
	cr_expect_eq(pen_sending_take(slot, out, 1000), 198);
	cr_expect_eq(pen_sending_left(slot), 0);
	cr_expect_eq(pen_sending_take(slot, out, 1000), 0);
}

/* A slot of some packets of a piece. */
Test(serve_sendings, sends_the_packets_that_are_wanted)
{
	static const struct {
		uint16_t first, packets, from, end;
	} rows[] = {{0, 0, 0, 10}, {0, 3, 0, 3}, {4, 0, 4, 10}, {4, 2, 4, 6}, {4, 100, 4, 10},
		{9, 1, 9, 10}, {10, 1, 10, 10}, {800, 0, 10, 10}, {3, 871, 3, 10}};
	uint16_t out[1000];
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_sendings slots = {.count = 0};
		struct pen_wire_slot asked = {.first = rows[i].first, .packets = rows[i].packets};
		struct pen_sending *slot = pen_sendings_open(&slots, &asked);
		pen_sending_found(slot, 0, 10 * 1200, 1);
		unsigned count = rows[i].end - rows[i].from;
		cr_expect_eq(pen_sending_left(slot), count, "row %zu", i);
		cr_expect_eq(pen_sending_take(slot, out, 1000), count, "row %zu", i);
		for (unsigned j = 0; j < count; j++)
			cr_expect_eq(out[j], rows[i].from + j);
		/* Others can be had by asking for them. */
		cr_expect_eq(again(slot, 0, (int[]){0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, -1}), 10);
	}
}

/* What the slot was not opened for is sent when it is asked for, at once; what will be sent anyway
 * is not sent twice. */
Test(serve_sendings, others_are_sent_when_asked_for)
{
	struct pen_sendings slots = {.count = 0};
	struct pen_wire_slot asked = {.first = 3, .packets = 4};
	uint16_t out[16];
	struct pen_sending *slot = pen_sendings_open(&slots, &asked);
	pen_sending_found(slot, 0, 10 * 1200, 1);
	cr_expect_eq(pen_sending_take(slot, out, 2), 2);
	cr_expect_eq(again(slot, 0, (int[]){0, 2, 3, 5, 6, 7, 9, 10, 63, -1}), 5);
	cr_expect_eq(pen_sending_left(slot), 7);
	static const uint16_t order[] = {0, 2, 3, 7, 9, 5, 6};
	cr_expect_eq(pen_sending_take(slot, out, 16), 7);
	cr_expect_arr_eq(out, order, sizeof order);
	cr_expect_eq(pen_sending_left(slot), 0);
}

/* Whatever is asked for, a packet is never sent that is not there, nor one too often. */
Test(serve_sendings, keeps_count_of_the_last_word)
{
	struct pen_sendings slots = {.count = 0};
	uint16_t out[1000];
	struct pen_sending *slot = open_slot(&slots, 1, PEN_WIRE_PIECE_BYTES_MAX);
	uint8_t bytes[sizeof(struct pen_wire_missing) + 8 * PEN_WIRE_MISSING_WORDS_MAX];
	struct pen_wire_missing *missing = (struct pen_wire_missing *)(void *)bytes;
	memset(bytes, 0xff, sizeof bytes);
	missing->first_word = 0;
	missing->words = PEN_WIRE_MISSING_WORDS_MAX;
	for (unsigned sent = 0; sent <= 874; sent += 19) {
		cr_expect_eq(pen_sending_again(slot, missing), sent);
		cr_expect_eq(pen_sending_again(slot, missing), 0);
		cr_expect_eq(slot->again, sent);
		cr_expect_eq(pen_sending_left(slot), 874);
		cr_expect_eq(
			pen_sending_take(slot, out, sent + 19), sent + 19 <= 874 ? sent + 19 : 874);
	}
}
