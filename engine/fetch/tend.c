#include "fetch/tend.h"

#include <limits.h>

#include "base/check.h"
#include "base/clock.h"
#include "fetch/blame.h"
#include "fetch/say.h"
#include "fetch/assign.h"
#include "fetch/seats.h"
#include "fetch/stir.h"
#include "peer/route.h"

/* PULLs of an idle session in the time after which the server forgets it. */
#define KEEPS_PER_IDLE 4
/* Bytes that go to a path on trust (wire/wire.h, PROOF OF RECEIPT). */
#define FIRST_FLIGHT INT64_C(65536)

static bool has_session(const struct pen_server *server)
{
	return server->state == PEN_SERVER_READY || server->state == PEN_SERVER_SILENT;
}

static uint32_t windows_of(const struct pen_client *client)
{
	return (client->config.n + PEN_WIRE_WINDOW_PARTS - 1) / PEN_WIRE_WINDOW_PARTS;
}

void pen_tend_greet(struct pen_client *client, unsigned s, int64_t now_ns)
{
	struct pen_server *server = &client->server[s];
	struct pen_rate_config rate = {.max = client->config.rate_max, .start = PEN_RATE_START};
	/* What a server sends before it has a proof, within the first round trip: paths that are
	 * that short are fast, and on others it is less than the usual start. */
	if (server->visit.rtt_ns &&
		FIRST_FLIGHT * PEN_NS_PER_S / server->visit.rtt_ns > (int64_t)rate.start)
		rate.start = (uint64_t)(FIRST_FLIGHT * PEN_NS_PER_S / server->visit.rtt_ns);
	pen_past_note(&server->past, &server->stream.rate, server->heard_ns);
	rate.start = pen_past_start(&server->past, rate.start, now_ns);
	uint8_t most = server->visit.size;
	if (most > client->config.size_max)
		most = (uint8_t)client->config.size_max;
	pen_server_opened(server, &rate, most, now_ns);
	if (!client->credit.peer[s].used)
		pen_credit_join(&client->credit, s, now_ns);
	pen_credit_heard(&client->credit, s, now_ns);
	pen_seats_reopen(client, s, now_ns);
	/* Asked also while nothing is wanted: a session that is not used at once is forgotten. */
	for (uint32_t w = 0; w < windows_of(client); w++)
		pen_server_begin(&server->window[w], now_ns);
	pen_stir_claim(client, s);
	pen_stir_places(client);
	pen_stir_credit(client);
}

void pen_tend_lose(struct pen_client *client, unsigned s, int64_t now_ns)
{
	struct pen_server *server = &client->server[s];
	server->state = PEN_SERVER_GONE;
	/* Was it left aside once? It is called again, but not without a pause. */
	server->aside_ns = now_ns + PEN_BLAME_ASIDE_NS;
	if (client->credit.peer[s].used)
		pen_credit_leave(&client->credit, s);
	pen_seats_drop_server(client, s, now_ns);
	pen_parts_leave(&client->parts, s);
	for (uint32_t i = 0; i < client->hauls.count; i++)
		pen_haul_refuse(pen_hauls_nth(&client->hauls, i), s);
	pen_stir_server(client, s);
	pen_stir_places(client);
	pen_stir_credit(client);
}

void pen_tend_left(struct pen_client *client, unsigned s, int64_t now_ns)
{
	PEN_CHECK(client->server[s].visit.state == PEN_VISIT_CALLING);
	pen_tend_lose(client, s, now_ns);
	client->server[s].state = PEN_SERVER_CALLING;
}

static void repeat(struct pen_server_question *question, int64_t now_ns)
{
	if (question->open)
		question->next_ns = now_ns;
}

void pen_tend_moved(struct pen_client *client, unsigned s, int64_t now_ns)
{
	struct pen_server *server = &client->server[s];
	/* Whoever challenges without end is not worth more. */
	if (!has_session(server) || now_ns - server->moved_ns < PEN_ROUTE_CHALLENGE_NS / 2)
		return;
	server->moved_ns = now_ns;
	server->stream.forced = true;
	repeat(&server->opens, now_ns);
	repeat(&server->catalog, now_ns);
	for (uint32_t w = 0; w < windows_of(client); w++)
		repeat(&server->window[w], now_ns);
	for (unsigned i = 0; i < server->closes; i++)
		repeat(&server->close[i].question, now_ns);
}

/* A size carries nothing: it is not used again, and what was asked in it goes on in the smallest.
 * The server is well. */
static void give_up_size(struct pen_client *client, unsigned s, unsigned seat, int64_t now_ns)
{
	struct pen_server *server = &client->server[s];
	pen_sizes_swallowed(&server->sizes, client->place[seat].size, now_ns);
	server->silences = 0;
	server->state = PEN_SERVER_READY;
	server->stream.rtt.doublings = 0;
	for (unsigned i = 0; i < server->places; i++) {
		seat = server->place[i];
		if (client->place[seat].size == PEN_WIRE_SIZE_1200 ||
			client->place[seat].state == PEN_PLACE_WHOLE)
			continue;
		client->counters.stuck++;
		pen_seat_resize(client, seat, PEN_WIRE_SIZE_1200, now_ns);
	}
	pen_stir_places(client);
}

/* A timeout has passed without a packet. What flies at the server stays there, as it may only be
 * slow; others are asked for the same (fetch/sched.h). */
static void fall_silent(struct pen_client *client, unsigned s, int64_t now_ns)
{
	struct pen_server *server = &client->server[s];
	server->silences++;
	pen_stir_places(client);
	if (server->silences < PEN_SERVER_SILENCES)
		return;
	server->state = PEN_SERVER_SILENT;
	if (now_ns - server->heard_ns >= PEN_VISIT_DOUBT_NS)
		pen_visit_doubt(&server->visit, &client->draw, now_ns);
}

/* One that was left aside, as if it were new. */
static void call_again(struct pen_client *client, unsigned s, int64_t now_ns)
{
	struct pen_server *server = &client->server[s];
	const struct pen_visit_config config = server->visit.config;
	server->state = PEN_SERVER_CALLING;
	pen_visit_init(&server->visit, &config, &client->draw, now_ns);
}

void pen_tend_time(struct pen_client *client, unsigned s, int64_t now_ns)
{
	struct pen_server *server = &client->server[s];
	if (server->state == PEN_SERVER_GONE && pen_blame_recalls(client, s, now_ns))
		call_again(client, s, now_ns);
	if (server->state == PEN_SERVER_GONE || server->state == PEN_SERVER_ABSENT)
		return;
	struct pen_answer answer = {.bytes = 0};
	pen_visit_poll(&server->visit, now_ns, &answer);
	pen_say_answer(client, &answer, &server->path);
	if (server->visit.state == PEN_VISIT_OVER) {
		pen_tend_lose(client, s, now_ns);
		return;
	}
	if (!has_session(server))
		return;
	server->want = pen_server_want(server, client->place, now_ns);
	if (pen_stream_tick(&server->stream, &server->want, now_ns))
		fall_silent(client, s, now_ns);
	unsigned seat;
	while ((seat = pen_server_tried(server, client->place, now_ns)) != UINT_MAX)
		pen_seat_try_end(client, seat, now_ns);
	seat = pen_server_stuck(server, client->place, now_ns);
	if (seat != UINT_MAX)
		give_up_size(client, s, seat, now_ns);
	if (!pen_blame_holds(server))
		server->bad_before = server->bad;
	bool room = pen_assign_room(client, s, now_ns);
	if (room && !server->room)
		pen_stir_places(client);
	server->room = room;
	if (client->claims >> s & 1)
		pen_assign_claim(client, s, now_ns);
}

/* Is anything still wanted that a server could have got meanwhile? */
static bool wants_news(const struct pen_client *client)
{
	return client->parts.count[PEN_PARTS_DONE] < client->parts.n;
}

static void ask(struct pen_client *client, struct pen_server *server, int64_t now_ns)
{
	int64_t timeout_ns = pen_rtt_timeout_ns(&server->stream.rtt);
	for (uint32_t w = 0; w < windows_of(client); w++) {
		if (wants_news(client) && now_ns >= server->news_ns[w])
			pen_server_begin(&server->window[w], now_ns);
		if (pen_server_ask(&server->window[w], timeout_ns, now_ns))
			pen_say_want(client, server, w);
	}
	if (pen_server_ask(&server->catalog, timeout_ns, now_ns))
		pen_say_catalog(client, server);
}

/* When the next OPEN is due: for places that are asked for, or closes. */
static int64_t open_ns(const struct pen_server *server)
{
	int64_t due = server->opens.open ? server->opens.next_ns : INT64_MAX;
	for (unsigned i = 0; i < server->closes; i++) {
		int64_t at = server->close[i].question.next_ns;
		due = at < due ? at : due;
	}
	return due;
}

static int64_t keep_ns(const struct pen_server *server)
{
	return server->stream.feedback.last_ns +
		server->visit.idle_s * PEN_NS_PER_S / KEEPS_PER_IDLE;
}

static int64_t sooner(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* When a server is to have a turn, if nothing comes. */
static int64_t due_ns(
	const struct pen_client *client, const struct pen_server *server, int64_t now_ns)
{
	if (server->state == PEN_SERVER_GONE && server->fault == PEN_SERVER_SPOILT)
		return server->aside_ns;
	if (server->state == PEN_SERVER_GONE || server->state == PEN_SERVER_ABSENT)
		return INT64_MAX;
	int64_t due = pen_visit_due_ns(&server->visit);
	if (!has_session(server))
		return due;
	due = sooner(due, pen_stream_due_ns(&server->stream, &server->want));
	due = sooner(due, sooner(open_ns(server), keep_ns(server)));
	if (server->visit.state == PEN_VISIT_OPEN)
		due = sooner(due, pen_inquiry_due_ns(&server->inquiry));
	due = sooner(due, pen_server_tried_ns(server, client->place));
	due = sooner(due, pen_server_stuck_ns(server, client->place));
	if (server->catalog.open)
		due = sooner(due, server->catalog.next_ns);
	for (uint32_t w = 0; w < windows_of(client); w++) {
		if (server->window[w].open)
			due = sooner(due, server->window[w].next_ns);
		else if (wants_news(client))
			due = sooner(due, server->news_ns[w]);
	}
	return server->busy_ns > now_ns ? sooner(due, server->busy_ns) : due;
}

static void say(struct pen_client *client, unsigned s, int64_t now_ns)
{
	struct pen_server *server = &client->server[s];
	if (!has_session(server))
		return;
	pen_blame_say(client, s, now_ns);
	if (!has_session(server))
		return;
	ask(client, server, now_ns);
	if (open_ns(server) <= now_ns)
		pen_say_open(client, server, now_ns);
	server->want = pen_server_want(server, client->place, now_ns);
	pen_stream_watch(&server->stream, &server->want, now_ns);
	if (!pen_stream_due(&server->stream, &server->want, now_ns) && now_ns < keep_ns(server))
		return;
	if (!pen_say_pull(client, server, &server->want, now_ns))
		return;
	for (unsigned i = 0; i < server->places; i++)
		pen_place_pulled(&client->place[server->place[i]]);
	/* Rates are others now, repairs are asked for, and so is more credit. */
	pen_stir_claim(client, s);
	client->weigh = true;
}

void pen_tend_say(struct pen_client *client, unsigned s, int64_t now_ns)
{
	struct pen_server *server = &client->server[s];
	say(client, s, now_ns);
	server->due_ns = due_ns(client, server, now_ns);
}

void pen_tend_data(struct pen_client *client, unsigned s)
{
	struct pen_server *server = &client->server[s];
	int64_t due = pen_stream_due_ns(&server->stream, &server->want);
	server->due_ns = sooner(server->due_ns, due);
	client->due_ns = sooner(client->due_ns, due);
}
