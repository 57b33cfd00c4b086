/* What servers say that they should not, and packets of nobody. */
#include "fetch/heard.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/check.h"
#include "fakes/lab.h"
#include "fetch/assign.h"
#include "fetch/seats.h"

static void hear(const void *at, size_t bytes, uint8_t flags)
{
	struct pen_slice slice = {.head = at,
		.tail = (const uint8_t *)at + PEN_WIRE_HEAD_BYTES,
		.bytes = (uint16_t)bytes,
		.flags = flags};
	pen_client_hear(lab->client, &slice, 1, lab->now);
}

/* Run until a slot is open and data flows. */
static const struct pen_place *flowing(void)
{
	while (lab->client->counters.packets < 100)
		cr_assert(lab_turn());
	const struct pen_server *server = &lab->client->server[0];
	cr_assert_gt(server->places, 0);
	return &lab->client->place[server->place[server->places - 1]];
}

Test(fetch_heard, packets_of_nobody)
{
	struct PEN_PACKED {
		struct pen_wire_data head;
		uint8_t payload[1200];
	} data = {.head = {.type = PEN_WIRE_DATA}};
	lab_open(20 << 20, 1);
	lab_start();
	const struct pen_client_counters *c = &lab->client->counters;
	hear(&data, sizeof data, PEN_SLICE_SUM_GOOD);
	cr_expect_eq(c->strays, 1, "no session yet");
	const struct pen_place *place = flowing();
	struct pen_client_counters before = *c;
	static const struct {
		const char *name;
		uint32_t slot_xor;
		uint64_t nonce_xor;
		uint32_t seq; /* beyond the newest */
		size_t bytes;
		bool marked; /* with a good check */
		uint64_t strays, harmed, broken;
	} rows[] = {
		{"no check", 0, 0, 0, 1232, false, 0, 1, 0},
		{"another server", 0x500, 0, 0, 1232, true, 1, 0, 0},
		{"beyond the grant", 0, 0, 100000, 1232, true, 1, 0, 0},
		{"another nonce", 0, 1, 0, 1232, true, 0, 0, 1},
		{"a closed slot", 0x10000, 0, 1, 1232, true, 1, 0, 0},
		{"too short", 0, 0, 2, 1231, true, 0, 0, 1},
		{"no payload", 0, 0, 3, 32, true, 1, 0, 0},
		{"no header", 0, 0, 0, 31, true, 0, 1, 0},
		{"nothing", 0, 0, 0, 0, true, 0, 1, 0},
	};
	const struct pen_server *server = &lab->client->server[0];
	uint32_t newest = (uint32_t)server->stream.seqs.top;
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_client_counters last = *c;
		data.head = (struct pen_wire_data){.type = PEN_WIRE_DATA,
			.slot = place->slot ^ rows[i].slot_xor,
			.nonce = place->nonce ^ rows[i].nonce_xor,
			.index = 800,
			.seq = newest + rows[i].seq};
		if (rows[i].marked)
			pen_channel_mark(&server->visit.channel, &data.head, 1);
		hear(&data, rows[i].bytes, PEN_SLICE_SUM_GOOD);
		cr_expect_eq(c->strays - last.strays, rows[i].strays, "%s: strays", rows[i].name);
		cr_expect_eq(c->harmed - last.harmed, rows[i].harmed, "%s: harmed", rows[i].name);
		cr_expect_eq(c->broken - last.broken, rows[i].broken, "%s: broken", rows[i].name);
	}
	hear(&data, sizeof data, 0);
	cr_expect_eq(c->placed, before.placed, "nothing was placed");
	/* A closed slot's DATA has it closed once more. */
	cr_expect_eq(server->closes, 1);
	cr_expect(lab_run(10 * LAB_S), "and the fetch goes on");
	lab_close();
}

/* Answers as they should not be: of another state, of slots that are none, of wrong lengths. */
Test(fetch_heard, answers)
{
	lab_open(20 << 20, 2);
	lab_start();
	flowing();
	struct pen_client *client = lab->client;
	struct pen_server *server = &client->server[0];
	const struct pen_place *place = &client->place[server->place[0]];
	uint8_t body[PEN_WIRE_BODY_BYTES_MAX];
	struct pen_bytes bytes = {.at = body};
	uint8_t bits = 0;

	struct pen_wire_window have = {.n = 1, .form = PEN_WIRE_FORM_RAW};
	bytes.len = pen_wire_window_encode(&have, &bits, body);
	pen_heard_answer(client, 0, PEN_WIRE_HAVE, bytes, lab->now);
	cr_expect(pen_parts_has(&client->parts, 0, 0), "another root says nothing");

	struct pen_wire_catalog entries = {.n = 1, .form = PEN_WIRE_FORM_RAW, .count = 1};
	struct pen_wire_entry entry = {.bytes = 1 << 20, .pieces = 1};
	memset(entries.root, 0xaa, sizeof entries.root);
	bytes.len = pen_wire_entries_encode(&entries, &entry, body);
	pen_heard_answer(client, 0, PEN_WIRE_ENTRIES, bytes, lab->now);
	struct pen_haul *haul = pen_hauls_find(&client->hauls, PEN_WIRE_KIND_PIECE, 0);
	cr_assert_not_null(haul);
	cr_expect_eq(haul->can, 2, "it names other bytes: only the other server is left");

	static const struct {
		const char *name;
		uint8_t state;
		uint32_t bytes;
		bool stays;
	} rows[] = {
		{"as it is", PEN_WIRE_SLOT_OPENED, 1 << 20, true},
		{"another length", PEN_WIRE_SLOT_OPENED, 5, false},
		{"not held", PEN_WIRE_SLOT_NOT_HELD, 0, false},
		{"failed", PEN_WIRE_SLOT_FAILED, 0, false},
		{"busy", PEN_WIRE_SLOT_BUSY, 0, false},
		{"full", PEN_WIRE_SLOT_FULL, 0, false},
		{"closed", PEN_WIRE_SLOT_CLOSED, 0, false},
	};
	for (size_t i = 0; i < PEN_COUNT(rows) && server->places; i++) {
		place = &client->place[server->place[0]];
		unsigned places = server->places;
		struct pen_wire_slot_answer answer = {.slot = place->slot,
			.nonce = place->nonce,
			.state = rows[i].state,
			.bytes = rows[i].bytes,
			.blocks = rows[i].bytes ? 1 : 0};
		struct pen_wire_opened opened = {.count = 1, .retry_ms = 100};
		bytes.len = pen_wire_opened_encode(&opened, &answer, body);
		answer.nonce ^= 1;
		pen_heard_answer(client, 0, PEN_WIRE_OPENED, bytes, lab->now);
		cr_expect_eq(server->places, places - !rows[i].stays, "%s", rows[i].name);
	}
	uint64_t broken = client->counters.broken;
	bytes.len = 3;
	pen_heard_answer(client, 0, PEN_WIRE_OPENED, bytes, lab->now);
	pen_heard_answer(client, 0, PEN_WIRE_ENTRIES, bytes, lab->now);
	pen_heard_answer(client, 0, 0xff, bytes, lab->now);
	cr_expect_eq(client->counters.broken, broken + 3);
	cr_expect(lab_run(10 * LAB_S), "the other server has it all");
	lab_close();
}

/* A page that was not asked for leaves the question open: else a server that tells of another one
 * each time would be asked without a pause. */
Test(fetch_heard, entries_of_another_page)
{
	static const struct {
		uint32_t first, count;
		bool open;
	} rows[] = {{0, 32, true}, {33, 31, true}, {0, 1, true}, {32, 1, false}, {32, 32, false},
		{31, 2, false}};
	lab_open(20 << 20, 1);
	lab->config.form = PEN_WIRE_FORM_NEARCORE;
	lab->config.n = 64;
	lab_start();
	struct pen_server *server = &lab->client->server[0];
	while (server->state != PEN_SERVER_READY)
		cr_assert(lab_turn());
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		uint8_t body[PEN_WIRE_BODY_BYTES_MAX];
		const struct pen_wire_entry none[PEN_WIRE_ENTRIES_MAX] = {{.bytes = 0}};
		struct pen_wire_catalog entries = {.n = 64,
			.form = PEN_WIRE_FORM_NEARCORE,
			.first = rows[i].first,
			.count = (uint8_t)rows[i].count};
		memcpy(entries.root, lab->client->config.root, sizeof entries.root);
		struct pen_bytes bytes = {body, pen_wire_entries_encode(&entries, none, body)};
		server->catalog = (struct pen_server_question){.open = true};
		server->catalog_part = 32;
		pen_heard_answer(lab->client, 0, PEN_WIRE_ENTRIES, bytes, lab->now);
		cr_expect_eq(server->catalog.open, rows[i].open, "row %zu", i);
	}
	cr_expect_not(server->garbled);
	lab_close();
}

/* One piece in three is wrong at one server: it is asked no more, and the object is right. */
Test(fetch_heard, pieces_that_are_wrong)
{
	lab_open(20 << 20, 2);
	lab->toy[1].manners.lie_every = 3;
	lab_start();
	cr_expect(lab_run(60 * LAB_S));
	cr_expect_gt(lab->wrong, 0);
	cr_expect_eq(lab->client->server[1].bad, lab->wrong, "the right one is told apart");
	cr_expect_eq(lab->client->server[0].bad, 0);
	lab_close();
}

/* A small object that the only server could not read once is asked for again: it says that it has
 * the state, and no window tells of small objects. */
Test(fetch_heard, a_small_object_is_asked_for_again)
{
	lab_open(20 << 20, 1);
	lab_start();
	flowing();
	struct pen_client *client = lab->client;
	cr_assert_eq(pen_client_want(client, PEN_WIRE_KIND_TABLE, 0), 0);
	struct pen_haul *haul = pen_hauls_find(&client->hauls, PEN_WIRE_KIND_TABLE, 0);
	cr_assert_not_null(haul);
	pen_haul_refuse(haul, 0);
	cr_assert_eq(haul->cannot, 1);
	struct pen_wire_window have = {.n = 1, .form = PEN_WIRE_FORM_RAW, .held = 1};
	uint8_t bits = 1, body[PEN_WIRE_BODY_BYTES_MAX];
	memcpy(have.root, client->config.root, sizeof have.root);
	struct pen_bytes bytes = {body, pen_wire_window_encode(&have, &bits, body)};
	pen_heard_answer(client, 0, PEN_WIRE_HAVE, bytes, lab->now);
	cr_expect_eq(haul->cannot, 0);
	lab_close();
}

/* One has other bytes under the same name: they are never mixed. */
Test(fetch_heard, other_bytes_are_not_mixed)
{
	lab_open(20 << 20, 2);
	lab->toy[1].manners.other_id = true;
	lab->toy[1].manners.lie_every = 1;
	lab_start();
	while (!lab->client->server[0].pieces && !lab->client->server[1].pieces)
		cr_assert(lab_turn());
	lab_run(LAB_S);
	cr_expect(lab->client->server[0].pieces == 0 || lab->client->server[1].pieces == 0);
	lab_close();
}

/* What server 0 says of its oldest place. */
static void say_of_oldest(uint8_t state)
{
	const struct pen_server *server = &lab->client->server[0];
	cr_assert_gt(server->places, 0);
	const struct pen_place *place = &lab->client->place[server->place[0]];
	uint8_t body[PEN_WIRE_BODY_BYTES_MAX];
	struct pen_wire_slot_answer answer = {.slot = place->slot,
		.nonce = place->nonce,
		.state = state,
		.bytes = state == PEN_WIRE_SLOT_OPENED ? PEN_WIRE_PIECE_BYTES_MAX : 0,
		.blocks = state == PEN_WIRE_SLOT_OPENED};
	struct pen_wire_opened opened = {.count = 1, .retry_ms = 1};
	struct pen_bytes bytes = {body, pen_wire_opened_encode(&opened, &answer, body)};
	pen_heard_answer(lab->client, 0, PEN_WIRE_OPENED, bytes, lab->now);
}

/* A part that is fetched for comparison is asked of one alone. If that one is too busy, others may
 * send it; that another is busy changes nothing. */
Test(fetch_heard, who_is_asked_alone_may_be_busy)
{
	static const struct {
		const char *name;
		uint64_t only, then;
		uint8_t state;
	} rows[] = {
		{"alone", 1, UINT64_MAX, PEN_WIRE_SLOT_BUSY},
		{"alone, and it is not cached", 1, UINT64_MAX, PEN_WIRE_SLOT_NOT_CACHED},
		{"alone, and it has it", 1, 1, PEN_WIRE_SLOT_OPENED},
		{"one of two", 3, 3, PEN_WIRE_SLOT_BUSY},
		{"the other is asked alone", 2, 2, PEN_WIRE_SLOT_BUSY},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		lab_open(20 << 20, 2);
		lab_start();
		flowing();
		struct pen_haul *haul = lab->client->haul[lab->client->server[0].place[0]];
		haul->only = rows[i].only;
		say_of_oldest(rows[i].state);
		cr_expect_eq(haul->only, rows[i].then, "%s", rows[i].name);
		lab_close();
	}
}

/* The oldest is opened: a trial that is all of it ends a timeout from now, whatever is lost. */
Test(fetch_heard, a_trial_of_all_of_a_piece)
{
	lab_open(20 << 20, 1);
	lab_start();
	flowing();
	const struct pen_server *server = &lab->client->server[0];
	struct pen_place *place = &lab->client->place[server->place[0]];
	place->trial = (struct pen_place_trial){.packets = 1, .due_ns = INT64_MAX};
	place->recv.held = place->recv.packets;
	say_of_oldest(PEN_WIRE_SLOT_OPENED);
	cr_expect_eq(place->trial.due_ns, lab->now + pen_rtt_timeout_ns(&server->stream.rtt));
	lab_close();
}

/* Places that a server would be given, if each had 1 MiB. */
static unsigned room_of(unsigned s, int64_t now)
{
	struct pen_server *server = &lab->client->server[s];
	struct pen_server before = *server;
	server->places = 0;
	while (pen_assign_room(lab->client, s, now))
		server->place[server->places++] = before.place[0];
	unsigned room = server->places;
	*server = before;
	return room;
}

/* Less and less is expected of one that is always too busy, however fast it may be told to be: so
 * nothing is taken from others for it. */
Test(fetch_heard, the_busy_are_slow)
{
	lab_open(100 << 20, 2);
	lab_start();
	flowing();
	struct pen_server *server = &lab->client->server[0];
	server->stream.rate.measured = UINT64_C(10000000000);
	int64_t later = lab->now + 10 * LAB_S;
	unsigned room = room_of(0, later);
	cr_assert_gt(room, 8);
	for (unsigned i = 0; i < 3 && server->places; i++)
		say_of_oldest(PEN_WIRE_SLOT_BUSY);
	cr_expect_leq(room_of(0, later), 4);
	server->refusals = 1000;
	cr_expect_geq(room_of(0, later), 1, "it is asked all the same");
	while (!server->places)
		cr_assert(lab_turn());
	say_of_oldest(PEN_WIRE_SLOT_OPENED);
	cr_expect_eq(server->refusals, 0);
	cr_expect_eq(room_of(0, later), room);
	lab_close();
}

/* A server that begins a place anew sends what came before once more: that was granted, and is not
 * awaited any more when it has come. */
Test(fetch_heard, what_comes_twice_was_granted)
{
	lab_open(20 << 20, 1);
	lab->config.size_max = PEN_WIRE_SIZE_1200;
	lab_start();
	flowing();
	struct pen_server *server = &lab->client->server[0];
	struct pen_place *place = &lab->client->place[server->place[0]];
	struct pen_recv_view view = pen_stream_view(&server->stream, lab->now);
	struct {
		struct pen_wire_data head;
		uint8_t payload[1200];
	} data = {.head = {.type = PEN_WIRE_DATA, .slot = place->slot, .nonce = place->nonce}};
	/* It begins anew at what is missing. */
	cr_assert(pen_recv_has(&place->recv, 10) && pen_recv_has(&place->recv, 11));
	place->recv.bits[0] &= ~(UINT64_C(1) << 10);
	place->recv.got--;
	pen_recv_again(&place->recv, &view);
	data.head.index = 11;
	server->want = pen_server_want(server, lab->client->place, lab->now);
	uint32_t wanted = server->want.packets;
	data.head.seq = (uint32_t)server->stream.seqs.top;
	cr_assert_lt(server->stream.seqs.top, server->stream.granted);
	pen_channel_mark(&server->visit.channel, &data.head, 1);
	hear(&data, PEN_WIRE_HEAD_BYTES + pen_wire_size_bytes(place->size), PEN_SLICE_SUM_GOOD);
	cr_expect_eq(lab->client->counters.duplicates, 1);
	cr_expect_eq(server->want.packets, wanted - 1);
	lab_close();
}

/* All of the older slots is lost on its way, and of the newest something comes. */
static uint32_t comes;
static unsigned only_of_one(const uint8_t *at, size_t bytes, int to)
{
	struct pen_wire_data data;
	memcpy(&data, at, bytes < sizeof data ? bytes : sizeof data);
	return to >= 0 || at[0] != PEN_WIRE_DATA || data.slot == comes;
}

Test(fetch_heard, slots_that_were_passed_by)
{
	lab_open(20 << 20, 1);
	lab->toy[0].manners.slots = 3;
	lab_start();
	const struct pen_server *server = &lab->client->server[0];
	while (server->places < 3)
		cr_assert(lab_turn());
	const struct pen_place *place[3];
	for (unsigned i = 0; i < 3; i++)
		place[i] = &lab->client->place[server->place[i]];
	comes = place[1]->slot;
	lab->copies = only_of_one;
	while (place[1]->recv.got == 0)
		cr_assert(lab_turn());
	cr_expect(place[0]->recv.passed, "it was sent before");
	cr_expect_not(place[1]->recv.passed);
	cr_expect_not(place[2]->recv.passed, "that may be sent yet");
	lab_close();
}
