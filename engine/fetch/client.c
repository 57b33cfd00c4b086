#include "fetch/client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "fetch/assign.h"
#include "fetch/blame.h"
#include "fetch/say.h"
#include "fetch/seats.h"
#include "fetch/stir.h"
#include "fetch/tend.h"

/* How long to wait while the device has all the cells, or takes none. */
#define FULL_WAIT_NS INT64_C(200000)
/* Rounds of one turn: a piece that came, a place that is opened for the next, its OPEN, credit for
 * it, a PULL, and what that changed. What is left then is for the next turn, at once. */
#define ROUNDS_MAX 8u

static int open_parts(struct pen_client *client, const struct pen_client_config *config)
{
	struct pen_hauls_config hauls = {
		.hauls_max = config->form == PEN_WIRE_FORM_RAW ? 4 : PEN_HAULS_MAX,
		.units_max = config->units_max,
		.blocks = config->parts_blocks,
	};
	int code = pen_parts_open(&client->parts, config->n, config->skip);
	code = code ? code : pen_hauls_open(&client->hauls, &hauls);
	return code ? code
		    : pen_post_open(&client->post, config->pool, config->tag, config->tx_lag);
}

/* Nothing is in it yet. */
static void clear(struct pen_client *client, unsigned places)
{
	memset(client, 0, offsetof(struct pen_client, server));
	memset(client->place, 0, places * sizeof client->place[0]);
	for (unsigned s = 0; s < PEN_HAUL_PEERS; s++) {
		client->server[s].state = PEN_SERVER_ABSENT;
		client->server[s].fault = PEN_SERVER_NO_FAULT;
	}
}

int pen_client_open(
	struct pen_client **out, const struct pen_client_config *config, struct pen_why *why)
{
	PEN_CHECK(config->places > 0);
	PEN_CHECK(config->places <= PEN_CLIENT_PLACES_MAX);
	PEN_CHECK(config->tries > 0);
	*out = NULL;
	struct pen_client *client = malloc(sizeof *client);
	if (!client)
		return pen_fail(
			why, -ENOMEM, "no memory for a client of %zu bytes", sizeof *client);
	clear(client, config->places);
	client->config = *config;
	client->config.skip = NULL;
	client->backlog_bytes = (uint64_t)config->pool->count * PEN_BLOCK_BYTES;
	pen_draw_init(&client->draw, config->seed);
	pen_credit_init(&client->credit);
	client->due_ns = client->lapse_ns = INT64_MAX;
	pen_stir_places(client);
	pen_stir_credit(client);
	int code = open_parts(client, config);
	if (code) {
		pen_client_close(client);
		return pen_fail(why, code, "no memory for a client of %u parts", config->n);
	}
	*out = client;
	return 0;
}

void pen_client_close(struct pen_client *client)
{
	if (!client)
		return;
	for (uint32_t i = 0; i < client->config.places; i++) {
		if (client->place[i].state != PEN_PLACE_FREE)
			pen_block_put(pen_place_close(&client->place[i]));
	}
	pen_post_close(&client->post);
	pen_hauls_close(&client->hauls);
	pen_parts_close(&client->parts);
	free(client);
}

int pen_client_add(struct pen_client *client, const struct pen_client_whom *whom, int64_t now_ns)
{
	if (client->server_count == PEN_HAUL_PEERS)
		return -ENOSPC;
	unsigned s = client->server_count++;
	struct pen_server *server = &client->server[s];
	struct pen_visit_config visit = {
		.identity = client->config.identity,
		.size = (uint8_t)client->config.size_max,
		.sum_absent_ok = client->config.sum_absent_ok,
		.tries = client->config.tries,
	};
	memcpy(visit.server_key, whom->key, sizeof visit.server_key);
	memset(server, 0, sizeof *server);
	server->state = PEN_SERVER_CALLING;
	server->path = whom->path;
	pen_visit_init(&server->visit, &visit, &client->draw, now_ns);
	pen_stir_server(client, s);
	return (int)s;
}

void pen_client_leave(struct pen_client *client, int64_t now_ns)
{
	for (unsigned s = 0; s < client->server_count && s < PEN_HAUL_PEERS; s++) {
		struct pen_server *server = &client->server[s];
		struct pen_answer answer = {.bytes = 0};
		if (server->state == PEN_SERVER_GONE)
			continue;
		pen_visit_close(&server->visit, PEN_WIRE_CLOSE_DONE, &answer);
		pen_say_answer(client, &answer, &server->path);
		pen_tend_lose(client, s, now_ns);
	}
	pen_stir_nothing(client);
}

/* Stir what the time is for. */
static void stir_due(struct pen_client *client, int64_t now_ns)
{
	for (unsigned s = 0; s < client->server_count; s++) {
		if (client->server[s].due_ns <= now_ns)
			pen_stir_server(client, s);
	}
	if (client->lapse_ns <= now_ns)
		pen_stir_credit(client);
}

/* What is stirred by this round is looked at in the next. */
static void look(struct pen_client *client, int64_t now_ns)
{
	uint64_t stirred = client->stirred;
	client->stirred = 0;
	if (pen_stir_fed(client))
		pen_stir_places(client);
	for (uint64_t set = stirred; set; set &= set - 1)
		pen_tend_time(client, (unsigned)__builtin_ctzll(set), now_ns);
	if (client->unassigned || client->weigh)
		pen_assign_places(client, now_ns);
	if (client->unshared)
		pen_assign_credit(client, now_ns);
	for (uint64_t set = stirred; set; set &= set - 1)
		pen_tend_say(client, (unsigned)__builtin_ctzll(set), now_ns);
}

void pen_client_turn(struct pen_client *client, int64_t now_ns)
{
	for (uint64_t set = client->came; set; set &= set - 1)
		pen_tend_data(client, (unsigned)__builtin_ctzll(set));
	client->came = 0;
	if (client->due_ns <= now_ns)
		stir_due(client, now_ns);
	if (!pen_stir_any(client))
		return;
	for (unsigned round = 0; round < ROUNDS_MAX && pen_stir_any(client); round++)
		look(client, now_ns);
	client->due_ns = client->lapse_ns;
	for (unsigned s = 0; s < client->server_count; s++) {
		int64_t at = client->server[s].due_ns;
		client->due_ns = at < client->due_ns ? at : client->due_ns;
	}
}

int64_t pen_client_due_ns(const struct pen_client *client, int64_t now_ns)
{
	int64_t retry = now_ns + FULL_WAIT_NS;
	int64_t due = pen_stir_any(client) || client->came ? now_ns : client->due_ns;
	/* What cannot be written is due all the time. */
	if (!pen_post_room(&client->post) && due < retry)
		due = retry;
	return client->post.waiting && due > retry ? retry : due;
}

/* The next whole place. */
static uint32_t whole_seat(const struct pen_client *client)
{
	for (uint32_t i = 0; i < client->config.places; i++) {
		if (client->place[i].state == PEN_PLACE_WHOLE)
			return i;
	}
	return PEN_SEAT_NONE;
}

bool pen_client_next(struct pen_client *client, struct pen_client_piece *out, int64_t now_ns)
{
	uint32_t seat = client->landed ? whole_seat(client) : PEN_SEAT_NONE;
	client->landed = seat != PEN_SEAT_NONE;
	if (!client->landed)
		return false;
	struct pen_haul *haul = client->haul[seat];
	const struct pen_place *place = &client->place[seat];
	*out = (struct pen_client_piece){
		.piece = place->piece,
		.unit = client->unit[seat],
		.bytes = place->bytes,
		.server = place->peer,
		.round = haul->rounds,
		.blocks = 1,
	};
	const struct pen_bond *bond = pen_bonds_find(&client->bonds, haul, out->unit);
	if (bond) {
		out->start = bond->start;
		out->blocks = bond->blocks;
	}
	struct pen_server *server = &client->server[out->server];
	server->pieces++;
	server->bytes += out->bytes;
	out->block = pen_seat_land(client, seat, now_ns);
	out->whole = pen_haul_has(haul, out->unit);
	out->last = pen_haul_whole(haul);
	return true;
}

void pen_client_backlog(struct pen_client *client, uint64_t bytes)
{
	if (client->backlog_bytes != bytes)
		pen_stir_credit(client);
	client->backlog_bytes = bytes;
}

void pen_client_limit(struct pen_client *client, uint64_t rate)
{
	PEN_CHECK(client->config.rate_max > 0);
	PEN_CHECK(rate > 0);
	if (client->config.rate_max != rate)
		pen_stir_credit(client);
	client->config.rate_max = rate;
}

int pen_client_want(struct pen_client *client, enum pen_wire_kind kind, uint32_t part)
{
	PEN_CHECK(kind != PEN_WIRE_KIND_PIECE);
	if (pen_hauls_find(&client->hauls, kind, part))
		return -EEXIST;
	if (client->hauls.count == client->hauls.hauls_max)
		return -EBUSY;
	pen_hauls_begin(&client->hauls, client->config.form, kind, part);
	pen_stir_places(client);
	return 0;
}

const struct pen_haul_name *pen_client_name(
	struct pen_client *client, enum pen_wire_kind kind, uint32_t part)
{
	const struct pen_haul *haul = pen_hauls_find(&client->hauls, kind, part);
	return haul && haul->named ? &haul->name : NULL;
}

void pen_client_proved(struct pen_client *client, enum pen_wire_kind kind, uint32_t part)
{
	struct pen_haul *haul = pen_hauls_find(&client->hauls, kind, part);
	PEN_CHECK(haul);
	PEN_CHECK(pen_haul_whole(haul));
	pen_hauls_end(&client->hauls, haul);
	pen_stir_places(client);
	if (kind == PEN_WIRE_KIND_PIECE)
		pen_parts_set(&client->parts, part, PEN_PARTS_DONE);
}

void pen_client_wrong(struct pen_client *client, const struct pen_piece *piece, uint32_t unit,
	struct pen_bytes bytes, int64_t now_ns)
{
	struct pen_haul *haul = pen_hauls_find(
		&client->hauls, (enum pen_wire_kind)piece->kind, piece->part);
	PEN_CHECK(haul);
	PEN_CHECK(pen_haul_has(haul, unit));
	unsigned s = haul->from[unit];
	pen_haul_drop(haul, unit);
	/* Somebody else, if there is anybody else. */
	if (haul->can & ~(UINT64_C(1) << s))
		pen_haul_refuse(haul, s);
	pen_stir_places(client);
	pen_blame_piece(client, s, piece, bytes, now_ns);
}

void pen_client_blame(struct pen_client *client, unsigned server, const struct pen_piece *piece,
	struct pen_bytes bytes, int64_t now_ns)
{
	pen_blame_piece(client, server, piece, bytes, now_ns);
}

/* From whom alone to fetch a part that failed: a server that had no hand in it, else any that was
 * not tried yet. PEN_HAUL_PEERS if there is none. */
static unsigned alone_from(const struct pen_client *client, const struct pen_haul *haul)
{
	uint64_t left = haul->can & ~haul->compared & pen_client_ready(client);
	uint64_t fresh = left & ~pen_haul_senders(haul);
	left = fresh ? fresh : left;
	return left ? (unsigned)__builtin_ctzll(left) : PEN_HAUL_PEERS;
}

void pen_client_refuted(struct pen_client *client, uint32_t part, bool as_named,
	const struct pen_client_pieces *pieces, int64_t now_ns)
{
	struct pen_haul *haul = pen_hauls_find(&client->hauls, PEN_WIRE_KIND_PIECE, part);
	PEN_CHECK(haul);
	PEN_CHECK(pen_haul_whole(haul));
	PEN_CHECK(!pieces || pieces->count == haul->name.units);
	uint64_t all = haul->can, senders = pen_haul_senders(haul);
	pen_stir_places(client);
	PEN_CHECK(senders);
	if (pieces && !as_named && (senders & (senders - 1)) == 0)
		pen_blame_part(client, (unsigned)__builtin_ctzll(senders), part, pieces, now_ns);
	unsigned s = as_named ? PEN_HAUL_PEERS : alone_from(client, haul);
	if (s < PEN_HAUL_PEERS) {
		haul->compared |= UINT64_C(1) << s;
		pen_haul_restart(haul, UINT64_C(1) << s);
		return;
	}
	pen_haul_vain(haul, now_ns);
	for (unsigned i = 0; as_named && i < client->server_count; i++) {
		if (all >> i & 1)
			pen_blame_end(client, i, PEN_SERVER_LIED, now_ns);
	}
}

void pen_client_choose(struct pen_client *client, uint32_t part, bool wanted, int64_t now_ns)
{
	PEN_CHECK(part < client->parts.n);
	pen_stir_places(client);
	/* While nothing was wanted nobody was asked for news. */
	for (unsigned s = 0; wanted && s < client->server_count; s++)
		pen_stir_server(client, s);
	struct pen_haul *haul = pen_hauls_find(&client->hauls, PEN_WIRE_KIND_PIECE, part);
	if (wanted && !haul)
		pen_parts_set(&client->parts, part, PEN_PARTS_WANTED);
	if (wanted)
		return;
	if (haul) {
		pen_seats_drop_haul(client, haul, now_ns);
		pen_bonds_drop(&client->bonds, haul);
		pen_hauls_end(&client->hauls, haul);
	}
	pen_parts_set(&client->parts, part, PEN_PARTS_DONE);
}

uint64_t pen_client_ready(const struct pen_client *client)
{
	uint64_t set = 0;
	/* gcc's sanitizers do not believe that the count is in bounds. */
	for (unsigned s = 0; s < client->server_count && s < PEN_HAUL_PEERS; s++)
		set |= (uint64_t)(client->server[s].state == PEN_SERVER_READY) << s;
	return set;
}

bool pen_client_done(const struct pen_client *client)
{
	return client->parts.count[PEN_PARTS_DONE] == client->parts.n && client->hauls.count == 0;
}
