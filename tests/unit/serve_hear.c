/* What a server makes of every packet that comes. */
#include <assert.h>

#include "peer/inquiry.h"
#include "serve_stage.h"

static struct stage stage;
static struct caller caller;

static void setup(void)
{
	stage_open(&stage);
	stage_call(&stage, &caller, 1);
}

static void teardown(void)
{
	stage_close(&stage);
}

TestSuite(serve_hear, .init = setup, .fini = teardown);

/* Bytes that the server sends in answer to what has come. */
static size_t answered(void)
{
	size_t bytes = 0;
	unsigned first = stage.net.sent_count;
	stage_run(&stage);
	for (unsigned i = first; i < stage.net.sent_count; i++)
		bytes += stage.net.sent[i].bytes;
	return bytes;
}

static struct pen_wire_object object_of(uint32_t piece)
{
	return house_object(&stage.house, PEN_WIRE_FORM_NEARCORE, PEN_WIRE_KIND_PIECE, 3, piece, 0);
}

Test(serve_hear, drops_what_is_no_packet)
{
	uint8_t bytes[1500] = {0};
	struct pen_serve_counters *counters = &stage.serve.counters;
	uint64_t malformed = counters->malformed;
	static const size_t lengths[] = {1, 31, 32, 33, 100, 1232, 1500};
	for (size_t i = 0; i < PEN_COUNT(lengths); i++)
		fake_net_come(&stage.net, &caller.path, bytes, lengths[i]);
	cr_expect_eq(answered(), 0);
	cr_expect_geq(counters->malformed, malformed + 4);
	/* What goes to clients is not for us. */
	struct pen_slice slice = {.head = bytes, .tail = bytes + 32, .bytes = 64};
	bytes[0] = PEN_WIRE_DATA;
	uint64_t packets = counters->packets;
	cr_expect(!pen_serve_hear(&stage.serve, &slice, stage.now_ns));
	slice.bytes = 0;
	cr_expect(!pen_serve_hear(&stage.serve, &slice, stage.now_ns));
	cr_expect_eq(counters->packets, packets);
	/* From port 0, from multicast, with a wrong checksum. */
	malformed = counters->malformed;
	struct pen_net_path path = caller.path;
	path.remote_port = 0;
	caller.path = path;
	caller_pull(&caller, 10, NULL);
	caller.path.remote_port = 999;
	caller.path.remote[12] = 224;
	caller_pull(&caller, 10, NULL);
	cr_expect_eq(answered(), 0);
	cr_expect_eq(counters->malformed, malformed + 2);
	cr_expect_eq(counters->pulls, 0);
}

Test(serve_hear, answers_strangers_with_less_than_they_sent)
{
	struct pen_answer packet = {.packet = {.head = {.type = PEN_WIRE_PULL,
						       .version = 1,
						       .body_bytes = 56,
						       .session = 12345,
						       .counter = 1}}};
	fake_net_come(&stage.net, &caller.path, &packet.packet, 88);
	size_t bytes = answered();
	cr_expect_eq(bytes, PEN_WIRE_RESET_PACKET_BYTES);
	cr_expect_eq(stage.net.sent[stage.net.sent_count - 1].at[0], PEN_WIRE_RESET);
	cr_expect_eq(stage.serve.counters.strangers, 1);
	/* Right number, wrong tag: silence. */
	packet.packet.head.session = caller.visit.channel.other;
	fake_net_come(&stage.net, &caller.path, &packet.packet, 88);
	cr_expect_eq(answered(), 0);
	cr_expect_eq(stage.serve.counters.dropped, 1);
}

Test(serve_hear, answers_questions)
{
	struct pen_wire_list list = {.from = 0};
	caller_send(&caller, PEN_WIRE_LIST, &list, sizeof list);
	stage_run(&stage);
	caller_look_all(&caller, stage.now_ns);
	cr_expect_eq(caller.heard_type, PEN_WIRE_LISTED);

	struct pen_wire_window want = {
		.n = HOUSE_PARTS, .form = PEN_WIRE_FORM_NEARCORE, .flags = PEN_WIRE_WINDOW_ALL};
	memcpy(want.root, stage.house.root.bytes, 32);
	for (unsigned cached = 0; cached < 2; cached++) {
		want.flags = (uint8_t)(PEN_WIRE_WINDOW_ALL | (cached ? PEN_WIRE_WINDOW_CACHED : 0));
		caller_send(&caller, PEN_WIRE_WANT, &want, sizeof want);
		stage_run(&stage);
		caller_look_all(&caller, stage.now_ns);
		cr_assert_eq(caller.heard_type, PEN_WIRE_HAVE);
		const struct pen_wire_window *have = (const void *)caller.heard.packet.body;
		cr_expect_eq(have->held, HOUSE_PARTS - 1);
		cr_expect_eq(have->bits[0], cached ? 0 : 0xef);
	}
	struct pen_wire_catalog ask = {
		.n = HOUSE_PARTS, .form = PEN_WIRE_FORM_NEARCORE, .count = 5};
	memcpy(ask.root, stage.house.root.bytes, 32);
	caller_send(&caller, PEN_WIRE_CATALOG, &ask, sizeof ask);
	stage_run(&stage);
	caller_look_all(&caller, stage.now_ns);
	cr_expect_eq(caller.heard_type, PEN_WIRE_ENTRIES);
	cr_expect_eq(stage.serve.counters.questions, 4);
}

/* Nonsense under a good tag ends the session, whatever it calls itself. */
Test(serve_hear, ends_sessions_that_talk_nonsense)
{
	static const uint8_t types[] = {PEN_WIRE_LIST, PEN_WIRE_WANT, PEN_WIRE_CATALOG,
		PEN_WIRE_OPEN, PEN_WIRE_PULL, PEN_WIRE_ATTEST};
	uint8_t nonsense[20];
	memset(nonsense, 0xff, sizeof nonsense);
	caller_pull(&caller, 1, NULL);
	for (uint8_t i = 0; i < PEN_COUNT(types); i++) {
		struct caller other;
		stage.now_ns += 300 * STAGE_MS;
		stage_call(&stage, &other, (uint8_t)(i + 10));
		struct pen_wire_object object = object_of(0);
		caller_open(&other, &object, 1, 1, PEN_WIRE_SIZE_1200);
		caller_pull(&other, 5, NULL);
		caller_send(&other, types[i], nonsense, sizeof nonsense);
		stage_run(&stage);
		caller_look_all(&other, stage.now_ns);
		cr_expect(other.over, "type %u", types[i]);
		cr_expect_eq(stage.serve.counters.broken, i + 1u);
		cr_expect_eq(stage.serve.guests.open, 1);
	}
	/* What is reserved is dropped. */
	caller_send(&caller, PEN_WIRE_RECEIPT, nonsense, sizeof nonsense);
	stage_run(&stage);
	cr_expect_eq(stage.serve.guests.open, 1);
}

Test(serve_hear, ends_sessions_that_guess)
{
	struct pen_wire_object object = object_of(0);
	struct pen_wire_pull pull = {.grant = 1000, .lease_ms = 1000};
	caller_open(&caller, &object, 1, 1, PEN_WIRE_SIZE_1200);
	caller_pull(&caller, 1000, NULL);
	stage_run(&stage);
	cr_expect_eq(caller_look_all(&caller, stage.now_ns), 39, "48 KiB on trust");
	caller_pull_as(&caller, &pull, NULL, 1);
	stage_run(&stage);
	cr_expect_eq(caller_look_all(&caller, stage.now_ns), 0);
	cr_expect(!caller.over);
	caller_pull_as(&caller, &pull, NULL, 0);
	stage_run(&stage);
	cr_expect_gt(caller_look_all(&caller, stage.now_ns), 100);
	caller_pull_as(&caller, &pull, NULL, 1);
	stage_run(&stage);
	caller_look_all(&caller, stage.now_ns);
	cr_expect(caller.over);
	cr_expect_eq(stage.serve.counters.unproved, 1);
	cr_expect_eq(stage.serve.guests.open, 0);
}

/* Who grants all there is and proves nothing, as one does who wrote another's address into his
 * packets, gets 48 KiB, and the same again in a quarter of a second. */
Test(serve_hear, blind_grant_gets_no_more_than_trust)
{
	struct pen_wire_object object = object_of(0);
	caller_open(&caller, &object, 1, 1, PEN_WIRE_SIZE_1200);
	for (unsigned i = 0; i < 25; i++) {
		unsigned data = 0;
		caller.looked = stage.net.sent_count;
		caller_pull(&caller, 1 << 20, NULL);
		stage_run(&stage);
		const struct fake_packet *packet;
		while ((packet = caller_look(&caller, true, stage.now_ns)))
			data += packet->at[0] == PEN_WIRE_DATA;
		cr_expect_eq(data, i ? 0 : 39, "PULL %u: %u packets", i, data);
		stage.now_ns += 10 * STAGE_MS - 1;
	}
	cr_expect_eq(stage.serve.guests.open, 1);
}

/* Who says that all came, but saw none of it, guesses 16 bits. */
Test(serve_hear, ack_all_receiver_is_ended)
{
	struct pen_wire_object object = object_of(0);
	struct pen_wire_pull pull = {.grant = 1 << 20, .lease_ms = 1000};
	unsigned data = 0;
	caller_open(&caller, &object, 1, 1, PEN_WIRE_SIZE_1200);
	caller_pull(&caller, 1 << 20, NULL);
	stage_run(&stage);
	while (caller_look(&caller, true, stage.now_ns))
		continue;
	cr_expect_eq(caller.came, 0);
	for (unsigned i = 0; i < 3; i++) {
		caller.looked = stage.net.sent_count;
		caller.seqs = 39;
		memset(caller.bits, 0xff, 39 / 8);
		caller_pull_as(&caller, &pull, NULL, 0x5a5a);
		stage_run(&stage);
		data += caller_look_all(&caller, stage.now_ns);
	}
	cr_expect_eq(data, 0, "not one packet for it");
	cr_expect(caller.over);
	cr_expect_eq(stage.serve.counters.unproved, 1);
	cr_expect_eq(stage.serve.guests.open, 0);
}

/* A client whose question was answered asks the next one no sooner than it is read. */
static_assert(PEN_INQUIRY_NEXT_NS > PEN_ATTEST_NS, "else each other question is in vain");

Test(serve_hear, attests_four_times_a_second)
{
	struct pen_wire_object object = object_of(1);
	for (unsigned i = 0; i < 3; i++) {
		caller_send(&caller, PEN_WIRE_ATTEST, &object, sizeof object);
		stage_run(&stage);
		caller_look_all(&caller, stage.now_ns);
		cr_assert_eq(caller.heard_type, PEN_WIRE_ATTESTED);
		const struct pen_wire_attested *attested = (const void *)caller.heard.packet.body;
		cr_expect_eq(
			attested->state, i == 1 ? PEN_WIRE_ATTESTED_BUSY : PEN_WIRE_ATTESTED_HELD);
		stage.now_ns += (i + 1) * (PEN_ATTEST_NS - STAGE_MS);
	}
}

Test(serve_hear, turns_away_when_full)
{
	struct caller others[4];
	for (uint8_t i = 0; i < 3; i++)
		stage_call(&stage, &others[i], (uint8_t)(i + 2));
	caller_init(&others[3], &stage.net, 9, stage.now_ns);
	others[3].looked = stage.net.sent_count;
	for (int i = 0; i < 3; i++) {
		stage_run(&stage);
		caller_look_all(&others[3], stage.now_ns);
	}
	cr_expect(!others[3].open);
	cr_expect_eq(others[3].heard_type, PEN_WIRE_BUSY);
	cr_expect_eq(stage.serve.counters.sessions_refused, 1);
	/* A place comes free. */
	struct pen_answer answer;
	pen_visit_close(&others[0].visit, PEN_WIRE_CLOSE_DONE, &answer);
	fake_net_come(&stage.net, &others[0].path, &answer.packet, answer.bytes);
	stage_run(&stage);
	cr_expect_eq(stage.serve.counters.closed, 1);
	stage.now_ns += 10000 * STAGE_MS;
	caller_poll(&others[3], stage.now_ns);
	for (int i = 0; i < 3; i++) {
		stage_run(&stage);
		caller_look_all(&others[3], stage.now_ns);
	}
	cr_expect(others[3].open);
}

/* What the server says of a slot that a caller opens now, on a file that is not open yet. */
static uint8_t opened_by(struct caller *asker, uint32_t slot, uint32_t part)
{
	struct pen_wire_object object = house_object(
		&stage.house, PEN_WIRE_FORM_NEARCORE, PEN_WIRE_KIND_PIECE, part, 0, 0);
	caller_open(asker, &object, slot, slot, PEN_WIRE_SIZE_1200);
	stage_run(&stage);
	caller_look_all(asker, stage.now_ns);
	return stage_opened(asker)->state;
}

/* Files that a guest holds are others' when it has been silent, and only then. */
Test(serve_hear, the_silent_hold_no_file_that_others_ask_for)
{
	struct caller other;
	stage_call(&stage, &other, 2);
	stage.serve.handles.count = 1;
	cr_assert_eq(opened_by(&caller, 1, 3), PEN_WIRE_SLOT_OPENED);
	cr_expect_eq(opened_by(&other, 1, 19), PEN_WIRE_SLOT_BUSY);
	stage.now_ns += PEN_SERVE_SILENT_NS - STAGE_MS;
	cr_expect_eq(opened_by(&other, 2, 19), PEN_WIRE_SLOT_BUSY);
	caller_pull(&caller, 5, NULL);
	stage_run(&stage);
	stage.now_ns += STAGE_MS;
	cr_expect_eq(opened_by(&other, 3, 19), PEN_WIRE_SLOT_BUSY, "it spoke");
	stage.now_ns += PEN_SERVE_SILENT_NS;
	cr_expect_eq(opened_by(&other, 4, 19), PEN_WIRE_SLOT_OPENED);
	cr_expect_eq(stage.serve.counters.slots_reclaimed, 1);
	/* Who was silent is a guest still, and asks anew. */
	cr_expect_eq(opened_by(&caller, 2, 19), PEN_WIRE_SLOT_OPENED);
	stage.serve.handles.count = 8;
	cr_expect_eq(opened_by(&caller, 3, 3), PEN_WIRE_SLOT_OPENED);
}

/* From a new address comes a challenge, and DATA goes to the old one until it is answered. */
Test(serve_hear, moves_by_challenge)
{
	struct pen_wire_object object = object_of(0);
	struct pen_net_path old = caller.path;
	caller_open(&caller, &object, 1, 1, PEN_WIRE_SIZE_1200);
	caller_pull(&caller, 10, NULL);
	stage_run(&stage);
	cr_expect_eq(caller_look_all(&caller, stage.now_ns), 10);
	caller.path.remote_port++;
	caller_pull(&caller, 20, NULL);
	size_t bytes = answered();
	cr_expect_eq(bytes, PEN_WIRE_PATH_BYTES);
	caller_pull(&caller, 20, NULL);
	cr_expect_eq(answered(), 0, "one challenge a second");
	cr_expect_eq(stage.serve.counters.moves_unanswered, 1);
	const struct fake_packet *packet = caller_look(&caller, false, stage.now_ns);
	cr_assert_not_null(packet);
	cr_assert_eq(caller.heard_type, PEN_WIRE_PATH_CHALLENGE);
	stage_run(&stage);
	struct pen_guest *guest = &stage.serve.guests.places[0];
	cr_expect(pen_net_path_equal(&guest->session.route.path, &caller.path));
	cr_expect(!pen_net_path_equal(&guest->session.route.path, &old));
	cr_expect(!guest->receipt.path_proved);
	caller_pull(&caller, 1000, NULL);
	stage_run(&stage);
	cr_expect_eq(caller_look_all(&caller, stage.now_ns), 39, "48 KiB on trust again");
}

/* A PULL that somebody copied on its way arrives from a third address first: it is challenged
 * there, no DATA goes there, and the transfer goes on where it was. */
Test(serve_hear, pull_from_a_third_address_brings_no_data_there)
{
	struct pen_wire_object object = object_of(0);
	struct pen_net_path own = caller.path, third = caller.path;
	caller_open(&caller, &object, 1, 1, PEN_WIRE_SIZE_1200);
	caller_pull(&caller, 10, NULL);
	stage_run(&stage);
	cr_expect_eq(caller_look_all(&caller, stage.now_ns), 10);
	third.remote[0] ^= 1;
	third.remote_port = 99;
	caller.path = third;
	caller_pull(&caller, 20, NULL);
	unsigned first = stage.net.sent_count;
	stage_run(&stage);
	for (unsigned i = first; i < stage.net.sent_count; i++) {
		const struct fake_packet *sent = &stage.net.sent[i];
		if (pen_net_path_equal(&sent->path, &third))
			cr_expect_eq(sent->bytes, PEN_WIRE_PATH_BYTES, "a challenge");
	}
	cr_expect_eq(stage.net.sent_count, first + 1);
	caller.path = own;
	caller_pull(&caller, 30, NULL);
	stage_run(&stage);
	cr_expect_eq(caller_look_all(&caller, stage.now_ns), 20);
	cr_expect(pen_net_path_equal(&stage.serve.guests.places[0].session.route.path, &own));
}
