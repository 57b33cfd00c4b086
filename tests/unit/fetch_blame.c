/* Liars are named, and nobody else. */
#include "fetch/blame.h"

#include <criterion/criterion.h>
#include <limits.h>
#include <string.h>

#include "base/check.h"
#include "fakes/lab.h"
#include "fetch/assign.h"

/* Let time pass until all inquiries have ended. */
static void settle(void)
{
	int64_t until = lab->now + 20 * LAB_S;
	for (bool open = true; open && lab->now < until;) {
		lab_turn();
		open = false;
		for (unsigned s = 0; s < lab->toys; s++)
			open |= lab->client->server[s].inquiry.open;
		lab->now += LAB_MS;
	}
}

/* Pieces that can be proved alone (raw form). */
Test(fetch_blame, pieces)
{
	static const struct {
		const char *name;
		struct toy_manners first; /* of server 0; server 1 is honest */
		enum pen_server_fault fault;
		bool done;
	} rows[] = {
		{"honest", {0}, PEN_SERVER_NO_FAULT, true},
		{"lies now and then", {.lie_every = 5}, PEN_SERVER_LIED, true},
		{"always lies", {.lie_every = 1}, PEN_SERVER_LIED, true},
		{"a bad path, seldom", {.spoil = 2}, PEN_SERVER_NO_FAULT, true},
		{"a bad path", {.spoil = 1000}, PEN_SERVER_SPOILT, true},
		{"does not say", {.lie_every = 2, .no_attest = true}, PEN_SERVER_SPOILT, true},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		lab_open(60 << 20, 2);
		lab->toy[0].manners = rows[i].first;
		lab->toy[0].manners.rate = 125 * LAB_MB;
		/* So slow that the first is needed. */
		lab->toy[1].manners.rate = LAB_MB;
		lab_start();
		cr_expect(lab_run(200 * LAB_S), "%s", rows[i].name);
		settle();
		const struct pen_server *server = lab->client->server;
		cr_expect_eq(
			server[0].fault, rows[i].fault, "%s: %d", rows[i].name, server[0].fault);
		cr_expect_eq(server[0].state == PEN_SERVER_GONE,
			rows[i].fault != PEN_SERVER_NO_FAULT, "%s", rows[i].name);
		cr_expect_eq(server[1].fault, PEN_SERVER_NO_FAULT, "%s: honest", rows[i].name);
		cr_expect_eq(server[1].state, PEN_SERVER_READY, "%s", rows[i].name);
		cr_expect_eq(lab->toy[1].attests, 0, "%s: not even asked", rows[i].name);
		lab_close();
	}
}

/* The path from the only server changes bytes for a while: it is left aside, and called again. */
Test(fetch_blame, who_is_left_aside_alone_is_called_again)
{
	lab_open(20 << 20, 1);
	lab->toy[0].manners.spoil = 12;
	lab_start();
	cr_expect(lab_run(100 * LAB_S));
	const struct pen_server *server = lab->client->server;
	cr_expect_eq(server[0].fault, PEN_SERVER_SPOILT);
	cr_expect_gt(server[0].asides, 0);
	cr_expect_eq(server[0].state, PEN_SERVER_READY);
	lab_close();
}

/* The same, and there is another server, which has nothing. */
Test(fetch_blame, who_is_left_aside_and_has_what_nobody_has_is_called_again)
{
	lab_open(20 << 20, 2);
	lab->toy[0].manners.spoil = 12;
	lab->toy[1].manners.lacks = true;
	lab_start();
	cr_expect(lab_run(100 * LAB_S));
	const struct pen_server *server = lab->client->server;
	cr_expect_eq(server[0].fault, PEN_SERVER_SPOILT);
	cr_expect_gt(server[0].asides, 0);
	cr_expect_eq(server[0].state, PEN_SERVER_READY);
	cr_expect_eq(server[1].state, PEN_SERVER_READY);
	lab_close();
}

/* Called again, it closes every session, or is dead: it is not called without a pause. */
Test(fetch_blame, who_was_left_aside_and_goes_is_called_with_pauses)
{
	for (unsigned dead = 0; dead < 2; dead++) {
		lab_open(20 << 20, 1);
		lab->toy[0].manners.spoil = 12;
		lab_start();
		const struct pen_server *server = lab->client->server;
		while (server->fault != PEN_SERVER_SPOILT)
			cr_assert(lab_turn());
		lab->toy[0].manners.mute = dead;
		lab->toy[0].manners.leaves = !dead;
		int64_t pauses_ns = 0, until = lab->now + 30 * LAB_S;
		for (bool more = true; more && lab->now < until;) {
			int64_t before_ns = lab->now;
			more = lab_turn();
			if (server->state == PEN_SERVER_GONE)
				pauses_ns += lab->now - before_ns;
		}
		cr_expect_gt(server->asides, 1, "dead %u", dead);
		cr_expect_leq(server->asides, 15, "dead %u: %u times", dead, server->asides);
		cr_expect_gt(pauses_ns, 3 * LAB_S, "dead %u", dead);
		lab_close();
	}
}

/* Parts that are proved as a whole (nearcore's form), of pieces from three servers. */
Test(fetch_blame, parts)
{
	static const struct {
		const char *name;
		struct toy_manners first;
		bool as_named;
		enum pen_server_fault fault;
	} rows[] = {
		{"honest", {0}, false, PEN_SERVER_NO_FAULT},
		{"one lie", {.lie_every = 7}, false, PEN_SERVER_LIED},
		{"always lies", {.lie_every = 1}, false, PEN_SERVER_LIED},
		{"a bad path", {.spoil = 3}, false, PEN_SERVER_NO_FAULT},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		lab_open(20 << 20, 3);
		lab->config.form = PEN_WIRE_FORM_NEARCORE;
		lab->as_whole = true;
		lab->toy[0].manners = rows[i].first;
		lab->toy[0].manners.rate = 125 * LAB_MB;
		lab_start();
		cr_expect(lab_run(60 * LAB_S), "%s", rows[i].name);
		cr_expect_leq(lab->refuted, 2, "%s: %u times", rows[i].name, lab->refuted);
		settle();
		for (unsigned s = 0; s < 3; s++)
			cr_expect_eq(lab->client->server[s].fault,
				s ? PEN_SERVER_NO_FAULT : rows[i].fault, "%s: %u", rows[i].name, s);
		cr_expect_eq(lab->toy[1].attests + lab->toy[2].attests, 0, "%s", rows[i].name);
		lab_close();
	}
}

/* The bytes are what was offered, and are no part: all who offered them are gone, and the one that
 * has others is asked. */
Test(fetch_blame, what_was_offered_is_no_part)
{
	lab_open(20 << 20, 3);
	lab->config.form = PEN_WIRE_FORM_NEARCORE;
	lab->as_whole = true;
	lab->as_named = true;
	for (unsigned t = 0; t < 2; t++) {
		lab->toy[t].manners.other_id = true;
		lab->toy[t].manners.lie_every = 3;
	}
	/* The third comes late, so that the others name the part. */
	lab->toy[2].manners.mute = true;
	lab_start();
	while (!lab->refuted)
		cr_assert(lab_turn());
	lab->toy[2].manners.mute = false;
	cr_expect(lab_run(60 * LAB_S));
	cr_expect_eq(lab->client->server[0].fault, PEN_SERVER_LIED);
	cr_expect_eq(lab->client->server[1].fault, PEN_SERVER_LIED);
	cr_expect_eq(lab->client->server[2].fault, PEN_SERVER_NO_FAULT);
	cr_expect_eq(lab->refuted, 1);
	lab_close();
}

/* Whoever alone has a part, and has it wrong, is asked for it less and less, and asked what he
 * holds of each piece: he is named if that is what came. */
Test(fetch_blame, the_only_holder_is_wrong)
{
	static const struct {
		const char *name;
		uint64_t bytes;
		struct toy_manners manners;
		enum pen_server_fault fault;
		bool done;
	} rows[] = {
		{"a lie in one piece", 300000, {.lie_every = 1}, PEN_SERVER_LIED, false},
		{"one piece by a bad path", 300000, {.spoil = 1}, PEN_SERVER_NO_FAULT, true},
		{"lies in many pieces", 5 << 20, {.lie_every = 2}, PEN_SERVER_LIED, false},
		{"lies in the last of many", 5 << 20, {.lie_every = 5}, PEN_SERVER_LIED, false},
		{"many pieces by a bad path", 5 << 20, {.spoil = 3}, PEN_SERVER_NO_FAULT, true},
		{"many, and does not say", 5 << 20, {.lie_every = 2, .no_attest = true},
			PEN_SERVER_SPOILT, false},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		lab_open(rows[i].bytes, 2);
		lab->toy[1].manners.lacks = true;
		lab->config.form = PEN_WIRE_FORM_NEARCORE;
		lab->as_whole = true;
		lab->toy[0].manners = rows[i].manners;
		lab->toy[0].manners.rate = 125 * LAB_MB;
		lab_start();
		cr_expect_eq(lab_run(60 * LAB_S), rows[i].done, "%s", rows[i].name);
		cr_expect_eq(lab->client->server[0].fault, rows[i].fault, "%s", rows[i].name);
		/* Two times each; after 2, 4, 8, 16 and 32 s. */
		cr_expect_leq(lab->refuted, 12, "%s: %u times", rows[i].name, lab->refuted);
		/* Of many, their sum is enough: the loop does not stand still for hundreds. */
		cr_expect_eq(lab->looked, rows[i].bytes < PEN_BLOCK_BYTES, "%s", rows[i].name);
		lab_close();
	}
}

/* While it is asked about a part it is given other things, and a question about a piece goes first.
 */
Test(fetch_blame, a_part_may_take_its_time)
{
	static const uint8_t byte;
	const struct pen_piece piece = {.kind = PEN_WIRE_KIND_PIECE, .part = 0, .piece = 3};
	lab_open(5 << 20, 1);
	lab->config.form = PEN_WIRE_FORM_NEARCORE;
	lab->as_whole = true;
	lab->toy[0].manners.lie_every = 2;
	lab_start();
	while (!lab->refuted)
		cr_assert(lab_turn());
	const struct pen_server *server = &lab->client->server[0];
	cr_assert(server->inquiry.open);
	cr_expect_eq(server->inquiry.left, 5);
	cr_expect(pen_assign_room(lab->client, 0, lab->now));
	pen_client_blame(lab->client, 0, &piece, (struct pen_bytes){&byte, 1}, lab->now);
	cr_expect_eq(server->inquiry.left, 0);
	cr_expect_eq(server->inquiry.object.piece, 3);
	cr_expect(pen_blame_holds(server));
	/* Then it goes on about the part, all of which is as it holds it. */
	settle();
	cr_expect_eq(server->record.changed, 1);
	cr_expect_eq(server->fault, PEN_SERVER_LIED);
	lab_close();
}

/* ---- what fails while another question is open waits for its turn ---- */

/* One server has sent all, and all is proved. */
static void fetched(void)
{
	lab_open(12 << 20, 1);
	lab_start();
	cr_assert(lab_run(60 * LAB_S));
}

/* Piece u failed its proof: as server 0 holds it, or as the path changed it. */
static void fail(uint32_t u, bool as_held)
{
	static uint8_t came[PEN_BLOCK_BYTES];
	const struct pen_piece piece = {.kind = PEN_WIRE_KIND_PIECE, .piece = u};
	memcpy(came, lab->object + (size_t)u * sizeof came, sizeof came);
	came[0] ^= 1;
	came[1] ^= !as_held;
	pen_client_blame(lab->client, 0, &piece, (struct pen_bytes){came, sizeof came}, lab->now);
}

/* All that waits is asked about, in whatever order it failed, and one lie is enough. */
Test(fetch_blame, what_fails_meanwhile_waits)
{
	static const struct {
		const char *name;
		unsigned changed; /* pieces, by the path, before the lie */
		bool lies;
		enum pen_server_fault fault;
		uint64_t attests;
	} rows[] = {
		{"a lie", 0, true, PEN_SERVER_LIED, 1},
		{"the path, and a lie", 1, true, PEN_SERVER_LIED, 2},
		{"the path alone", 2, false, PEN_SERVER_NO_FAULT, 2},
		{"much of it by the path, and a lie", PEN_DOUBTS_MAX, true, PEN_SERVER_LIED,
			PEN_DOUBTS_MAX + 1},
		{"much of it by the path alone", PEN_DOUBTS_MAX, false, PEN_SERVER_NO_FAULT,
			PEN_DOUBTS_MAX},
		{"more than is remembered", PEN_DOUBTS_MAX + 2, true, PEN_SERVER_NO_FAULT,
			PEN_DOUBTS_MAX + 1},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		fetched();
		lab->toy[0].manners.lie_every = 1;
		for (unsigned u = 0; u < rows[i].changed; u++)
			fail(u, false);
		if (rows[i].lies)
			fail(11, true);
		settle();
		const struct pen_server *server = &lab->client->server[0];
		cr_expect_eq(server->fault, rows[i].fault, "%s: %d", rows[i].name, server->fault);
		cr_expect_eq(lab->toy[0].attests, rows[i].attests, "%s: %lu", rows[i].name,
			(unsigned long)lab->toy[0].attests);
		cr_expect_eq(
			server->record.lies, rows[i].fault == PEN_SERVER_LIED, "%s", rows[i].name);
		cr_expect_eq(server->record.changed, rows[i].changed > 0,
			"%s: together they are one event", rows[i].name);
		cr_expect_not(pen_blame_asks(server), "%s", rows[i].name);
		cr_expect_not(pen_blame_holds(server), "%s", rows[i].name);
		lab_close();
	}
}

/* Who does not answer is asked the next thing in the same turn, and nothing is left undone
 * (fakes/still.h). In the end it is left aside. */
Test(fetch_blame, who_does_not_say_is_asked_all)
{
	fetched();
	lab->toy[0].manners.no_attest = true;
	fail(0, false);
	fail(1, false);
	settle();
	const struct pen_server *server = &lab->client->server[0];
	cr_expect_gt(lab->toy[0].attests, 2 * PEN_INQUIRY_TRIES);
	cr_expect_eq(server->record.unknown, 2);
	cr_expect_eq(server->fault, PEN_SERVER_NO_FAULT);
	settle();
	cr_expect_eq(lab->toy[0].attests, PEN_INQUIRY_ASIDE_MAX * PEN_INQUIRY_TRIES);
	cr_expect_eq(server->fault, PEN_SERVER_SPOILT);
	lab_close();
}

/* A burst of loss takes all questions, or answers: it is asked once more, and may be given work
 * until then. */
Test(fetch_blame, who_was_not_heard_is_asked_once_more)
{
	fetched();
	lab->toy[0].manners.lie_every = 1;
	lab->toy[0].manners.no_attest = true;
	fail(0, true);
	const struct pen_server *server = &lab->client->server[0];
	cr_expect(pen_blame_holds(server));
	for (int64_t until = lab->now + 20 * LAB_S; server->record.unknown == 0 && lab->now < until;
		lab->now += LAB_MS)
		lab_turn();
	cr_expect_eq(server->record.unknown, 1);
	cr_expect(pen_blame_asks(server));
	cr_expect_not(pen_blame_holds(server));
	lab->toy[0].manners.no_attest = false;
	settle();
	cr_expect_eq(server->fault, PEN_SERVER_LIED);
	lab_close();
}

/* One more fails while a question is open that did not hold it: it has no room from then on, and
 * its next turn knows it. */
Test(fetch_blame, is_held_again)
{
	fetched();
	struct pen_server *server = &lab->client->server[0];
	fail(0, false);
	fail(1, false);
	for (; pen_blame_holds(server); lab->now += LAB_MS)
		lab_turn();
	cr_assert(server->inquiry.open, "about the second");
	pen_client_turn(lab->client, lab->now);
	cr_assert(!(lab->client->stirred & 1));
	fail(2, false);
	cr_expect(pen_blame_holds(server));
	cr_expect(lab->client->stirred & 1);
	lab_close();
}

/* What waits outlives the session, and is asked in the next one. */
Test(fetch_blame, what_waits_outlives_the_session)
{
	fetched();
	toy_init(&lab->toy[0], 1, lab->now);
	lab->toy[0].manners.lie_every = 1;
	fail(0, false);
	fail(11, true);
	settle();
	cr_expect_eq(lab->client->server[0].visit.sessions, 2);
	cr_expect_eq(lab->client->server[0].fault, PEN_SERVER_LIED);
	lab_close();
}

/* What is known to be wrong while its server is left aside is asked when that is called again. */
Test(fetch_blame, who_is_left_aside_is_asked_later)
{
	fetched();
	lab->toy[0].manners.lie_every = 1;
	const struct pen_server *server = &lab->client->server[0];
	for (uint32_t u = 0; server->state == PEN_SERVER_READY; u++) {
		cr_assert_lt(u, 6);
		fail(u, false);
		settle();
	}
	cr_expect_eq(server->fault, PEN_SERVER_SPOILT);
	fail(11, true);
	cr_expect_not(server->inquiry.open);
	cr_expect(pen_blame_asks(server));
	int64_t until = lab->now + 20 * LAB_S;
	for (; pen_blame_asks(server) && lab->now < until; lab->now += LAB_MS)
		lab_turn();
	cr_expect_eq(server->fault, PEN_SERVER_LIED);
	cr_expect_eq(server->asides, 1);
	lab_close();
}

/* ---- who is neither client nor server, and sees what they send ---- */

static struct {
	unsigned pieces; /* of server 0 that he still puts other bytes into */
	unsigned count; /* that he did it to */
	unsigned closes, banned; /* CLOSEs to server 0, and those that call it a liar */
} outsider;

/* The header stays, so that slot, nonce and check are right; the payload is his. */
static bool forge(uint8_t *at, size_t bytes, int to, const struct pen_net_path *path)
{
	struct pen_wire_data data;
	memcpy(&data, at, sizeof data);
	if (to == 0 && at[0] == PEN_WIRE_CLOSE) {
		outsider.closes++;
		outsider.banned += at[PEN_WIRE_HEAD_BYTES] == PEN_WIRE_CLOSE_BANNED;
	}
	if (to >= 0 || at[0] != PEN_WIRE_DATA || data.index || path->remote_port != 7000 ||
		outsider.count == outsider.pieces)
		return false;
	outsider.count++;
	memset(at + sizeof data, 0x66, bytes - sizeof data);
	return true;
}

/* An outsider injects DATA with the right nonce and wrong bytes. What the server attests shows that
 * it holds others: it is never called a liar, and after three it is left aside. */
Test(fetch_blame, outsider_who_injects_data_gets_no_honest_peer_banned)
{
	static const struct {
		const char *name;
		enum pen_wire_form form;
		unsigned pieces, changed; /* and how often it counts that server 0 holds others */
		uint64_t attests; /* and what it is asked */
		enum pen_server_fault fault;
	} rows[] = {
		{"one block", PEN_WIRE_FORM_RAW, 1, 1, 1, PEN_SERVER_NO_FAULT},
		{"two blocks", PEN_WIRE_FORM_RAW, 2, 2, 2, PEN_SERVER_NO_FAULT},
		{"all blocks", PEN_WIRE_FORM_RAW, UINT_MAX, 3, 3, PEN_SERVER_SPOILT},
		{"one piece of a part", PEN_WIRE_FORM_NEARCORE, 1, 1, 1, PEN_SERVER_NO_FAULT},
		{"three pieces of a part", PEN_WIRE_FORM_NEARCORE, 3, 1, 3, PEN_SERVER_NO_FAULT},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		lab_open(20 << 20, 2);
		lab->config.form = rows[i].form;
		lab->as_whole = rows[i].form != PEN_WIRE_FORM_RAW;
		lab->toy[1].manners.rate = 12 * LAB_MB;
		memset(&outsider, 0, sizeof outsider);
		outsider.pieces = rows[i].pieces;
		lab->outsider = forge;
		lab_start();
		cr_expect(lab_run(200 * LAB_S), "%s", rows[i].name);
		settle();
		const struct pen_server *server = lab->client->server;
		const struct pen_inquiry_record *record = &server[0].record;
		cr_expect_eq(
			server[0].fault, rows[i].fault, "%s: %d", rows[i].name, server[0].fault);
		cr_expect_eq(server[0].state == PEN_SERVER_GONE,
			rows[i].fault != PEN_SERVER_NO_FAULT, "%s", rows[i].name);
		cr_expect_geq(outsider.count, rows[i].changed, "%s", rows[i].name);
		cr_expect_eq(
			record->changed, rows[i].changed, "%s: %u", rows[i].name, record->changed);
		cr_expect_eq(lab->toy[0].attests, rows[i].attests, "%s", rows[i].name);
		cr_expect_eq(record->lies, 0, "%s", rows[i].name);
		cr_expect_eq(
			outsider.closes, rows[i].fault == PEN_SERVER_SPOILT, "%s", rows[i].name);
		cr_expect_eq(outsider.banned, 0, "%s: it is not told that it lied", rows[i].name);
		cr_expect_eq(server[1].state, PEN_SERVER_READY, "%s", rows[i].name);
		cr_expect_eq(server[1].fault, PEN_SERVER_NO_FAULT, "%s", rows[i].name);
		lab_close();
	}
}

/* The same, and nobody else has the part: he spoils some of it each time that it comes, for a
 * while.
 */
Test(fetch_blame, outsider_gets_no_sole_holder_banned)
{
	static const struct {
		const char *name;
		unsigned pieces;
	} rows[] = {{"one piece", 1}, {"all of it, once", 5}, {"all of it, twice", 10},
		{"all of it, for as long as it is asked", 40}};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		lab_open(5 << 20, 2);
		lab->config.form = PEN_WIRE_FORM_NEARCORE;
		lab->as_whole = true;
		lab->toy[1].manners.lacks = true;
		memset(&outsider, 0, sizeof outsider);
		outsider.pieces = rows[i].pieces;
		lab->outsider = forge;
		lab_start();
		cr_expect(lab_run(200 * LAB_S), "%s", rows[i].name);
		settle();
		const struct pen_server *server = lab->client->server;
		cr_expect_eq(server[0].fault, PEN_SERVER_NO_FAULT, "%s", rows[i].name);
		cr_expect_eq(server[0].record.lies, 0, "%s", rows[i].name);
		cr_expect_gt(lab->toy[0].attests, 0, "%s", rows[i].name);
		cr_expect_eq(outsider.banned, 0, "%s", rows[i].name);
		lab_close();
	}
}
