/* Who sends what, when. */
#include "serve_stage.h"

#include <errno.h>

static struct stage stage;

static void teardown(void)
{
	stage_close(&stage);
}

static void setup(void)
{
	stage_open(&stage);
}

TestSuite(serve_send, .init = setup, .fini = teardown);

static void open_pieces(struct caller *caller, unsigned count, enum pen_wire_size size)
{
	for (unsigned i = 0; i < count; i++) {
		bool raw = i >= 3;
		struct pen_wire_object object = house_object(&stage.house,
			raw ? PEN_WIRE_FORM_RAW : PEN_WIRE_FORM_NEARCORE, PEN_WIRE_KIND_PIECE,
			raw ? 0 : 3, raw ? i - 3 : i, 0);
		caller_open(caller, &object, i, i, size);
	}
}

/* A PULL and all that comes of it, a millisecond later. */
static unsigned pull(struct caller *caller, uint64_t grant)
{
	stage.now_ns += STAGE_MS;
	caller_pull(caller, grant, NULL);
	stage_run(&stage);
	unsigned data = caller_look_all(caller, stage.now_ns);
	return data;
}

/* The oldest slot first, in runs; the next begins where it ends. */
Test(serve_send, slots_in_the_order_of_opening)
{
	struct caller caller;
	stage_call(&stage, &caller, 1);
	open_pieces(&caller, 2, PEN_WIRE_SIZE_1200);
	stage_run(&stage);
	uint32_t slot = 0, changes = 0;
	for (unsigned grant = 50; grant < 1500; grant += 50) {
		caller_pull(&caller, grant, NULL);
		stage.now_ns += STAGE_MS;
		stage_run(&stage);
		const struct fake_packet *packet;
		while ((packet = caller_look(&caller, false, stage.now_ns))) {
			if (packet->at[0] != PEN_WIRE_DATA)
				continue;
			changes += caller.last.slot != slot;
			slot = caller.last.slot;
		}
		fake_net_clear(&stage.net);
		caller.looked = 0;
	}
	cr_expect_eq(changes, 1);
	cr_expect_eq(slot, 1);
	cr_expect_eq(stage.house.disk.reads, 2);
}

/* Reads begin as far ahead as the grant goes, and no farther. */
Test(serve_send, reads_ahead_by_grant)
{
	struct caller caller;
	stage_call(&stage, &caller, 1);
	open_pieces(&caller, 6, PEN_WIRE_SIZE_1200);
	stage_run(&stage);
	cr_expect_eq(stage.house.disk.reads, 0);
	stage.house.disk.allowed = 0;
	pull(&caller, 10);
	cr_expect_eq(stage.house.disk.reads, 1);
	pull(&caller, 900);
	cr_expect_eq(stage.house.disk.reads, 2);
	pull(&caller, 100000);
	cr_expect_eq(stage.house.disk.reads, PEN_SERVE_AHEAD);
	cr_expect_eq(caller.came, 0);
	/* Whatever is read first leaves first. */
	stage.house.disk.newest_first = true;
	stage.house.disk.allowed = 1;
	stage_run(&stage);
	cr_expect_eq(caller_look_all(&caller, stage.now_ns), 39);
	cr_expect_eq(caller.last.slot, PEN_SERVE_AHEAD - 1);
	stage.house.disk.allowed = UINT_MAX;
}

/* However much may leave, what has come is heard after about a burst. */
Test(serve_send, hears_between_bursts)
{
	struct caller caller;
	stage_call(&stage, &caller, 1);
	open_pieces(&caller, 2, PEN_WIRE_SIZE_1200);
	stage_run(&stage);
	cr_expect_eq(pull(&caller, 39), 39);
	struct pen_guest *guest = &stage.serve.guests.places[0];
	caller_pull(&caller, 1400, NULL);
	stage.now_ns += STAGE_MS;
	guest->receipt.path_proved = true;
	guest->receipt.round_bytes = 1 << 30;
	for (unsigned before, sent = 0; sent < 1400 - 39; sent += stage.net.sent_count - before) {
		before = stage.net.sent_count;
		int64_t due_ns = pen_serve_poll(&stage.serve, stage.now_ns);
		unsigned turn = stage.net.sent_count - before;
		cr_assert_gt(turn, 0);
		cr_expect_lt(turn, PEN_SERVE_BURST + PEN_GUEST_RUN_MAX);
		cr_expect(due_ns == stage.now_ns || sent + turn >= 1400 - 39);
	}
}

/* Who has no grant keeps no block. */
Test(serve_send, blocks_go_to_those_who_may_send)
{
	struct caller callers[3];
	for (uint8_t i = 0; i < 3; i++) {
		stage_call(&stage, &callers[i], (uint8_t)(i + 1));
		open_pieces(&callers[i], 6, PEN_WIRE_SIZE_1200);
		cr_expect_eq(pull(&callers[i], 30), 30);
	}
	unsigned held = 0;
	for (uint32_t i = 0; i < stage.serve.cache.count; i++)
		held += stage.serve.cache.entries[i].refs;
	cr_expect_eq(held, 0);
}

/* More pieces than there are blocks: all get there. */
Test(serve_send, a_small_cache_is_slow_and_no_end)
{
	struct pen_serve_config config;
	struct caller callers[3];
	stage_close(&stage);
	stage_prepare(&stage);
	stage_config(&stage, &config);
	config.blocks = 1;
	stage_open_as(&stage, &config);
	for (uint8_t i = 0; i < 3; i++) {
		stage_call(&stage, &callers[i], (uint8_t)(i + 1));
		struct pen_wire_object object = house_object(
			&stage.house, PEN_WIRE_FORM_NEARCORE, PEN_WIRE_KIND_PIECE, 3, i, 0);
		caller_open(&callers[i], &object, i, i, PEN_WIRE_SIZE_3328);
	}
	unsigned came[3] = {0};
	for (int round = 0; round < 100; round++) {
		for (int i = 0; i < 3; i++)
			caller_pull(&callers[i], 1000, NULL);
		stage.now_ns += STAGE_MS;
		stage_run(&stage);
		for (int i = 0; i < 3; i++) {
			came[i] += caller_look_all(&callers[i], stage.now_ns);
			callers[i].looked = 0;
		}
		fake_net_clear(&stage.net);
	}
	cr_expect_eq(came[0], 316);
	cr_expect_eq(came[1], 316);
	cr_expect_eq(came[2], 158);
	cr_expect_gt(stage.serve.cache.full, 0);
}

Test(serve_send, a_slot_that_cannot_be_read_fails_alone)
{
	struct caller caller;
	stage_call(&stage, &caller, 1);
	open_pieces(&caller, 1, PEN_WIRE_SIZE_1200);
	stage_run(&stage);
	caller_look_all(&caller, stage.now_ns);
	stage.house.disk.err = -EIO;
	cr_expect_eq(pull(&caller, 10), 0);
	const struct pen_wire_slot_answer *answer = stage_opened(&caller);
	cr_expect_eq(answer->state, PEN_WIRE_SLOT_FAILED);
	cr_expect_eq(answer->slot, 0);
	cr_expect_eq(stage.serve.counters.slots_failed, 1);
	stage.house.disk.err = 0;
	open_pieces(&caller, 1, PEN_WIRE_SIZE_1200);
	cr_expect_eq(pull(&caller, 10), 10);
}

/* A port that takes little at a time gets everything in order. */
Test(serve_send, a_slow_port_is_asked_again)
{
	struct caller caller;
	stage_call(&stage, &caller, 1);
	open_pieces(&caller, 1, PEN_WIRE_SIZE_1200);
	stage_run(&stage);
	caller_pull(&caller, 39, NULL);
	unsigned turns = 0;
	int64_t due_ns;
	do {
		stage.net.allowed = 7;
		turns++;
		due_ns = pen_serve_poll(&stage.serve, stage.now_ns);
		/* It has not taken all: soon, or at once where something was read. */
		cr_expect_leq(due_ns,
			stage.now_ns +
				(stage.serve.outbox.count ? PEN_SERVE_REFUSED_NS_MAX
							  : PEN_SERVE_IDLE_NS));
	} while ((due_ns == stage.now_ns || stage.serve.outbox.count) && turns < 50);
	stage.net.allowed = UINT_MAX;
	cr_expect_eq(caller_look_all(&caller, stage.now_ns), 39);
	cr_expect(turns > 5 && turns < 20, "%u", turns);
	cr_expect_eq(caller.last.index, 38);
}

/* One that wants all it can get does not keep the others from theirs. */
Test(serve_send, shares_fairly)
{
	struct caller callers[3];
	uint64_t came[3] = {0};
	for (uint8_t i = 0; i < 3; i++) {
		stage_call(&stage, &callers[i], (uint8_t)(i + 1));
		open_pieces(&callers[i], i ? 1 : 6, PEN_WIRE_SIZE_1200);
	}
	stage_run(&stage);
	for (int i = 0; i < 3; i++)
		pull(&callers[i], 50);
	fake_net_clear(&stage.net);
	for (int i = 0; i < 3; i++)
		callers[i].looked = 0;
	/* Three who may send 150 packets each, and a port that takes 5 in a turn. */
	stage.now_ns += STAGE_MS;
	for (int i = 0; i < 3; i++)
		caller_pull(&callers[i], 200, NULL);
	for (int turn = 0; turn < 60; turn++) {
		stage.net.allowed = 5;
		pen_serve_poll(&stage.serve, stage.now_ns);
	}
	for (int i = 0; i < 3; i++)
		came[i] = caller_look_all(&callers[i], stage.now_ns);
	cr_expect_eq(came[0] + came[1] + came[2], 300);
	for (int i = 0; i < 3; i++)
		cr_expect_leq(came[i], 150);
	stage.net.allowed = UINT_MAX;
}

/* A pace is kept by coming back in time, not by waiting. */
Test(serve_send, says_when_to_come_back)
{
	struct caller caller;
	stage_call(&stage, &caller, 1);
	open_pieces(&caller, 1, PEN_WIRE_SIZE_1200);
	stage_run(&stage);
	struct pen_wire_pull fields = {.grant = 39, .lease_ms = 10000, .pace = 1000};
	caller_pull_as(&caller, &fields, NULL, 0);
	int64_t start_ns = stage.now_ns, due_ns = stage.now_ns;
	unsigned turns = 0;
	while (caller.came < 39 && turns++ < 1000) {
		due_ns = pen_serve_poll(&stage.serve, stage.now_ns);
		caller_look_all(&caller, stage.now_ns);
		if (caller.came < 39 && due_ns > stage.now_ns)
			stage.now_ns = due_ns;
	}
	/* The bucket lets two runs go at once; the rest is 7 packets at 831 a second. */
	int64_t took_ns = stage.now_ns - start_ns;
	cr_expect(took_ns > 15 * STAGE_MS && took_ns < 60 * STAGE_MS, "%ld", took_ns);
	cr_expect_leq(turns, 30);
	cr_expect_eq(caller.came, 39);
}

/* A path that swallows large packets is found out: in doubt the small ones go first. */
Test(serve_send, small_packets_first_when_in_doubt)
{
	struct caller caller;
	stage_call(&stage, &caller, 1);
	struct pen_wire_object object = house_object(
		&stage.house, PEN_WIRE_FORM_NEARCORE, PEN_WIRE_KIND_PIECE, 3, 0, 0);
	caller_open(&caller, &object, 1, 1, PEN_WIRE_SIZE_8192);
	object.piece = 1;
	caller_open(&caller, &object, 2, 2, PEN_WIRE_SIZE_1200);
	stage_run(&stage);
	caller_look_all(&caller, stage.now_ns);
	unsigned small = 0;
	for (int round = 0; round < 40; round++) {
		caller_pull(&caller, 1000, NULL);
		stage_run(&stage);
		for (const struct fake_packet *packet;;) {
			unsigned at = caller.looked;
			while (at < stage.net.sent_count &&
				(stage.net.sent[at].at[0] != PEN_WIRE_DATA ||
					stage.net.sent[at].bytes > 1300))
				at++;
			/* What is large does not arrive. */
			caller.looked = at;
			packet = caller_look(&caller, false, stage.now_ns);
			if (!packet)
				break;
			small++;
		}
		stage.now_ns += 300 * STAGE_MS;
	}
	cr_expect_gt(small, 500, "%u", small);
}

/* A head that has been read while its guest waits for its pace, and so for no read, is found. */
Test(serve_send, what_is_read_between_runs_is_found)
{
	struct caller caller;
	struct pen_wire_object lean = house_object(
		&stage.house, PEN_WIRE_FORM_LEAN, PEN_WIRE_KIND_PIECE, 1, 1, 0);
	struct pen_wire_pull fields = {.grant = 39, .lease_ms = 10000, .pace = 64};
	stage_call(&stage, &caller, 1);
	open_pieces(&caller, 1, PEN_WIRE_SIZE_1200);
	stage_run(&stage);
	caller_pull_as(&caller, &fields, NULL, 0);
	stage_run(&stage);
	cr_expect_lt(caller_look_all(&caller, stage.now_ns), 39);
	stage.house.disk.allowed = 0;
	caller_open(&caller, &lean, 7, 7, PEN_WIRE_SIZE_1200);
	stage_run(&stage);
	/* A block is free: all are woken who might wait for one. */
	caller_close(&caller, 0, 0);
	stage_run(&stage);
	cr_expect_eq(stage.serve.guests.waiting, 0);
	stage.house.disk.allowed = UINT_MAX;
	stage_run(&stage);
	cr_expect_eq(stage.house.disk.op_count, 0);
	caller_look_all(&caller, stage.now_ns);
	cr_expect_eq(caller.heard_type, PEN_WIRE_OPENED);
	cr_expect_eq(stage_opened(&caller)->slot, 0);
	stage.now_ns += 1000 * STAGE_MS;
	stage_run(&stage);
	caller_look_all(&caller, stage.now_ns);
	cr_expect_eq(stage_opened(&caller)->slot, 7);
	cr_expect_eq(stage_opened(&caller)->state, PEN_WIRE_SLOT_OPENED);
}
