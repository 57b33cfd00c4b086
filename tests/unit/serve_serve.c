/* The whole server, from HELLO to the last packet, and what it owes when it ends. */
#include "serve_stage.h"

#include <errno.h>

/* Fetches a whole piece: grants 50 packets more at a time, loses every `lose`-th packet. */
static void fetch(struct stage *stage, struct caller *caller, const struct pen_wire_object *object,
	enum pen_wire_size size, unsigned lose, uint8_t *out)
{
	static uint8_t got[896], missing[896 / 8];
	uint32_t payload = pen_wire_size_bytes(size);
	memset(got, 0, sizeof got);
	caller_open(caller, object, 7, 1234, size);
	stage_run(stage);
	caller_look_all(caller, stage->now_ns);
	struct pen_wire_slot_answer answer = *stage_opened(caller);
	cr_assert_eq(answer.state, PEN_WIRE_SLOT_OPENED);
	cr_assert_eq(answer.nonce, 1234);
	uint32_t packets = pen_wire_packets(answer.bytes, size), have = 0;
	unsigned looked = 0;
	for (unsigned round = 0; have < packets; round++) {
		cr_assert_lt(round, 200);
		memset(missing, 0, sizeof missing);
		for (uint32_t i = 0; i < packets; i++)
			if (!got[i])
				missing[i / 8] |= (uint8_t)(1u << i % 8);
		struct pen_wire_gap gap = {7, (packets + 63) / 64, missing};
		stage->now_ns += 10 * STAGE_MS;
		caller_pull(caller, caller->seqs + 50, &gap);
		stage_run(stage);
		const struct fake_packet *packet;
		while (true) {
			bool lost = lose && ++looked % lose == 0;
			packet = caller_look(caller, lost, stage->now_ns);
			if (!packet)
				break;
			if (lost || packet->at[0] != PEN_WIRE_DATA)
				continue;
			uint32_t i = caller->last.index, bytes = packet->bytes - 32;
			cr_assert_eq(caller->last.slot, 7);
			cr_assert_eq(caller->last.nonce, 1234);
			cr_assert_lt(i, packets);
			cr_assert_eq(bytes, i + 1 < packets ? payload : answer.bytes - i * payload);
			memcpy(out + i * payload, packet->at + 32, bytes);
			have += !got[i];
			got[i] = 1;
		}
		fake_net_clear(&stage->net);
		caller->looked = 0;
	}
	caller_close(caller, 7, 1234);
	stage_run(stage);
	caller_look_all(caller, stage->now_ns);
	cr_expect_eq(stage_opened(caller)->state, PEN_WIRE_SLOT_CLOSED);
}

Test(serve_serve, pieces_of_all_forms_arrive)
{
	static uint8_t out[HOUSE_MIB + 8192];
	struct stage stage;
	struct caller caller;
	stage_open(&stage);
	stage_call(&stage, &caller, 1);
	const uint8_t *bytes = stage.house.bytes;
	const struct {
		uint8_t form, kind;
		uint32_t part, piece;
		uint8_t block, size;
		unsigned lose;
		const uint8_t *at;
		uint32_t bytes;
	} rows[] = {
		{PEN_WIRE_FORM_NEARCORE, PEN_WIRE_KIND_PIECE, 3, 1, 0, PEN_WIRE_SIZE_1200, 0,
			bytes + 3 + HOUSE_MIB, HOUSE_MIB},
		{PEN_WIRE_FORM_NEARCORE, PEN_WIRE_KIND_PIECE, 3, 2, 0, PEN_WIRE_SIZE_8192, 3,
			bytes + 3 + 2 * HOUSE_MIB, HOUSE_MIB / 2},
		{PEN_WIRE_FORM_RAW, PEN_WIRE_KIND_PIECE, 0, 3, 0, PEN_WIRE_SIZE_1200, 0,
			bytes + 3 * HOUSE_MIB, 77},
		{PEN_WIRE_FORM_RAW, PEN_WIRE_KIND_TABLE, 0, 0, 0, PEN_WIRE_SIZE_1200, 0,
			stage.house.pages.at, 128},
		{PEN_WIRE_FORM_LEAN, PEN_WIRE_KIND_PIECE, 1, 2, 1, PEN_WIRE_SIZE_3328, 5,
			stage.house.lean.at + stage.house.head.bytes + 100 + HOUSE_MIB,
			1500000 - HOUSE_MIB},
		{PEN_WIRE_FORM_NEARCORE, PEN_WIRE_KIND_HEADER, 0, 0, 0, PEN_WIRE_SIZE_1408, 2,
			bytes + 5, HOUSE_MIB},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_wire_object object = house_object(&stage.house, rows[i].form,
			rows[i].kind, rows[i].part, rows[i].piece, rows[i].block);
		fetch(&stage, &caller, &object, rows[i].size, rows[i].lose, out);
		cr_expect_eq(memcmp(out, rows[i].at, rows[i].bytes), 0, "row %zu", i);
	}
	cr_expect_eq(stage.serve.counters.unproved, 0);
	cr_expect_eq(stage.serve.counters.broken, 0);
	stage_close(&stage);
}

/* Blocks are held while packets leave, and by nobody afterwards. */
Test(serve_serve, nothing_stays_pinned)
{
	struct stage stage;
	struct caller caller;
	stage_open(&stage);
	stage_call(&stage, &caller, 1);
	struct pen_wire_object object = house_object(
		&stage.house, PEN_WIRE_FORM_NEARCORE, PEN_WIRE_KIND_PIECE, 3, 0, 0);
	caller_open(&caller, &object, 1, 1, PEN_WIRE_SIZE_1200);
	caller_pull(&caller, 20, NULL);
	stage.net.keep = true;
	stage_run(&stage);
	cr_expect_eq(caller_look_all(&caller, stage.now_ns), 20);
	cr_expect(caller.last.flags & PEN_WIRE_DATA_LAST);
	uint32_t refs = 0;
	for (uint32_t i = 0; i < stage.serve.cache.count; i++)
		refs += stage.serve.cache.entries[i].refs;
	cr_expect_eq(refs, 1, "for the packets that the device has, none for the slot");
	stage.net.keep = false;
	stage_run(&stage);
	for (uint32_t i = 0; i < stage.serve.cache.count; i++)
		cr_expect_eq(stage.serve.cache.entries[i].refs, 0);
	/* And with packets that the device never gave back. */
	stage.net.keep = true;
	caller_pull(&caller, 40, NULL);
	stage_run(&stage);
	stage_close(&stage);
}

Test(serve_serve, receiver_that_never_pulls_gets_nothing_and_goes)
{
	struct stage stage;
	struct caller caller;
	stage_open(&stage);
	stage_call(&stage, &caller, 1);
	struct pen_wire_object object = house_object(
		&stage.house, PEN_WIRE_FORM_NEARCORE, PEN_WIRE_KIND_PIECE, 3, 0, 0);
	caller_open(&caller, &object, 1, 1, PEN_WIRE_SIZE_1200);
	stage_run(&stage);
	stage.now_ns += 29 * 1000 * STAGE_MS;
	stage_run(&stage);
	cr_expect_eq(stage.serve.guests.open, 1);
	cr_expect_eq(caller_look_all(&caller, stage.now_ns), 0, "no DATA");
	cr_assert_eq(stage_opened(&caller)->state, PEN_WIRE_SLOT_OPENED);
	stage.now_ns += 2 * 1000 * STAGE_MS;
	cr_expect_leq(pen_serve_poll(&stage.serve, stage.now_ns), INT64_MAX);
	cr_expect_eq(stage.serve.guests.open, 0);
	cr_expect_eq(stage.serve.counters.idle, 1);
	cr_expect_eq(pen_serve_poll(&stage.serve, stage.now_ns), INT64_MAX);
	caller_look_all(&caller, stage.now_ns);
	cr_expect(caller.over);
	stage_close(&stage);
}

Test(serve_serve, leaves_with_a_word)
{
	struct stage stage;
	struct caller callers[2], late;
	stage_open(&stage);
	for (uint8_t i = 0; i < 2; i++)
		stage_call(&stage, &callers[i], (uint8_t)(i + 1));
	pen_serve_leave(&stage.serve);
	caller_init(&late, &stage.net, 9, stage.now_ns);
	late.looked = stage.net.sent_count;
	for (int i = 0; i < 3; i++) {
		stage_run(&stage);
		caller_look_all(&late, stage.now_ns);
	}
	cr_expect(!late.open);
	cr_expect_eq(late.heard_type, PEN_WIRE_BUSY);
	for (uint8_t i = 0; i < 2; i++) {
		caller_look_all(&callers[i], stage.now_ns);
		cr_expect(callers[i].over);
	}
	stage_close(&stage);
}

/* A server that is told to end sends what it began, and nothing more. */
Test(serve_serve, drains_before_it_leaves)
{
	struct stage stage;
	struct caller busy, idle, late;
	stage_open(&stage);
	stage_call(&stage, &busy, 1);
	stage_call(&stage, &idle, 2);
	struct pen_wire_object object = house_object(
		&stage.house, PEN_WIRE_FORM_NEARCORE, PEN_WIRE_KIND_PIECE, 3, 0, 0);
	caller_open(&busy, &object, 1, 1, PEN_WIRE_SIZE_1200);
	caller_pull(&busy, 20, NULL);
	stage_run(&stage);
	cr_expect_eq(caller_look_all(&busy, stage.now_ns), 20);
	cr_expect_eq(pen_serve_drain(&stage.serve), 1);
	caller_init(&late, &stage.net, 9, stage.now_ns);
	late.looked = stage.net.sent_count;
	for (int i = 0; i < 3; i++) {
		stage_run(&stage);
		caller_look_all(&late, stage.now_ns);
	}
	cr_expect_eq(late.heard_type, PEN_WIRE_BUSY);
	caller_look_all(&idle, stage.now_ns);
	cr_expect(idle.over, "nothing of it was open");
	caller_open(&busy, &object, 2, 1, PEN_WIRE_SIZE_1200);
	stage_run(&stage);
	caller_look_all(&busy, stage.now_ns);
	cr_expect_eq(stage_opened(&busy)->state, PEN_WIRE_SLOT_BUSY);
	cr_expect_eq(stage.serve.counters.slots[PEN_WIRE_SLOT_BUSY], 1);
	stage.now_ns += 10 * STAGE_MS;
	caller_pull(&busy, 40, NULL);
	stage_run(&stage);
	cr_expect_eq(caller_look_all(&busy, stage.now_ns), 20, "what was open goes on");
	cr_expect_eq(pen_serve_drain(&stage.serve), 1);
	caller_close(&busy, 1, 1);
	stage_run(&stage);
	cr_expect_eq(pen_serve_drain(&stage.serve), 0);
	stage_run(&stage);
	caller_look_all(&busy, stage.now_ns);
	cr_expect(busy.over);
	stage_close(&stage);
}

/* The server's own rate holds, whatever is granted. */
Test(serve_serve, keeps_its_own_rate)
{
	struct stage stage;
	struct pen_serve_config config;
	struct caller callers[3];
	stage_prepare(&stage);
	stage_config(&stage, &config);
	config.rate = 10000000;
	stage_open_as(&stage, &config);
	struct pen_wire_object object = house_object(
		&stage.house, PEN_WIRE_FORM_NEARCORE, PEN_WIRE_KIND_PIECE, 3, 0, 0);
	for (uint8_t i = 0; i < 3; i++) {
		stage_call(&stage, &callers[i], (uint8_t)(i + 1));
		for (uint32_t j = 0; j < 3; j++) {
			object.piece = j;
			caller_open(&callers[i], &object, j, 1, PEN_WIRE_SIZE_1200);
		}
	}
	stage_run(&stage);
	uint64_t before = stage.serve.counters.data_bytes;
	for (int ms = 0; ms < 200; ms++) {
		stage.now_ns += STAGE_MS;
		for (int i = 0; i < 3; i++)
			caller_pull(&callers[i], 3000, NULL);
		stage_run(&stage);
		for (int i = 0; i < 3; i++)
			caller_look_all(&callers[i], stage.now_ns);
		fake_net_clear(&stage.net);
		for (int i = 0; i < 3; i++)
			callers[i].looked = 0;
	}
	/* 200 ms, a burst, and a run. */
	uint64_t sent = stage.serve.counters.data_bytes - before;
	cr_expect_leq(sent, 2000000 + PEN_FAIR_SHARE_BYTES + 64 * 1232);
	cr_expect_geq(sent, 1900000, "%lu", sent);
	stage_close(&stage);
}

Test(serve_serve, opens_only_with_all_it_needs)
{
	struct stage stage;
	struct pen_serve_config config;
	stage_prepare(&stage);
	stage_config(&stage, &config);
	config.blocks = 13;
	cr_expect_eq(pen_serve_open(&stage.serve, &config, 1), -ENOMEM);
	config.blocks = 12;
	cr_expect_eq(pen_serve_open(&stage.serve, &config, 1), -ENOMEM);
	pen_serve_close(&stage.serve);
	pen_serve_close(NULL);
	stage_close(&stage);
}
