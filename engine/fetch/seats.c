#include "fetch/seats.h"

#include "base/check.h"
#include "fetch/stir.h"

/* A slot's number: generation, server, place. */
static uint32_t number_of(uint16_t generation, unsigned server, uint32_t seat)
{
	return (uint32_t)generation << 16 | server << 8 | seat;
}

static_assert(PEN_CLIENT_PLACES_MAX == 256, "a byte of a slot's number");
static_assert(PEN_HAUL_PEERS <= 256, "another");

unsigned pen_seat_server(const struct pen_client *client, uint32_t slot)
{
	unsigned server = slot >> 8 & 0xff;
	return server < client->server_count ? server : PEN_HAUL_PEERS;
}

uint32_t pen_seat_find(const struct pen_client *client, uint32_t slot)
{
	uint32_t seat = slot & 0xff;
	if (seat >= client->config.places)
		return PEN_SEAT_NONE;
	const struct pen_place *place = &client->place[seat];
	bool of_it = place->slot == slot || (place->trial.packets && place->trial.slot == slot);
	return place->state != PEN_PLACE_FREE && of_it ? seat : PEN_SEAT_NONE;
}

static uint32_t free_seat(const struct pen_client *client)
{
	for (uint32_t i = 0; i < client->config.places; i++) {
		if (client->place[i].state == PEN_PLACE_FREE)
			return i;
	}
	return PEN_SEAT_NONE;
}

/* Let a piece of so many bytes (0: not known) begin with a trial, if one is due and the server has
 * a slot for it. */
static void add_trial(
	struct pen_client *client, struct pen_place_ask *ask, uint32_t seat, int64_t now_ns)
{
	struct pen_server *from = &client->server[ask->peer];
	if (from->places + 2 > from->visit.slots)
		return;
	enum pen_wire_size size = pen_sizes_try(&from->sizes, now_ns);
	if (size == ask->size)
		return;
	uint32_t bytes = ask->bytes ? ask->bytes : PEN_WIRE_PIECE_BYTES_MAX;
	uint32_t packets = (bytes - 1) / pen_wire_size_bytes(size);
	if (packets == 0) {
		pen_sizes_ended(&from->sizes);
		return;
	}
	ask->trial = (struct pen_place_trial){
		.slot = number_of(++client->generation, ask->peer, seat),
		.nonce = pen_draw_number(&client->draw),
		.size = size,
		.packets = packets < PEN_SIZES_TRIAL_PACKETS ? packets : PEN_SIZES_TRIAL_PACKETS,
	};
}

bool pen_seat_take(struct pen_client *client, unsigned server, struct pen_haul *haul, uint32_t unit,
	int64_t now_ns)
{
	struct pen_server *from = &client->server[server];
	PEN_CHECK(from->state == PEN_SERVER_READY);
	uint32_t seat = free_seat(client);
	struct pen_block *block = seat == PEN_SEAT_NONE ? NULL
							: pen_block_take_cold(client->config.pool);
	if (!block)
		return false;
	struct pen_bond *bond = pen_bonds_find(&client->bonds, haul, unit);
	struct pen_place_ask ask = {
		.peer = server,
		.piece = pen_haul_piece(haul, unit),
		.parted = haul->by_block || haul->form == PEN_WIRE_FORM_LEAN,
		.slot = number_of(++client->generation, server, seat),
		.nonce = pen_draw_number(&client->draw),
		.size = from->sizes.proven,
		.bytes = pen_haul_unit_bytes(haul, unit),
		.block = block,
	};
	if (bond) {
		PEN_CHECK(bond->peer == server);
		ask.piece.block = (uint8_t)pen_bond_block(bond);
		pen_bond_ask(bond, ask.piece.block);
	}
	add_trial(client, &ask, seat, now_ns);
	struct pen_recv_view view = pen_stream_view(&from->stream, now_ns);
	pen_place_open(&client->place[seat], &ask, &view);
	client->place[seat].losses = from->stream.losses;
	client->haul[seat] = haul;
	client->unit[seat] = unit;
	pen_haul_fly(haul, unit);
	pen_server_place(from, seat);
	pen_server_begin(&from->opens, now_ns);
	from->opens.next_ns = now_ns;
	pen_stir_claim(client, server);
	return true;
}

/* The other place that fills the same block of the same unit, or PEN_SEAT_NONE. */
static uint32_t twin_of(const struct pen_client *client, uint32_t seat)
{
	for (uint32_t i = 0; i < client->config.places; i++) {
		if (i != seat && client->place[i].state != PEN_PLACE_FREE &&
			client->haul[i] == client->haul[seat] &&
			client->unit[i] == client->unit[seat] &&
			client->place[i].piece.block == client->place[seat].piece.block)
			return i;
	}
	return PEN_SEAT_NONE;
}

/* Time that the packets of a trial take at the server's pace. */
static int64_t cost_ns(const struct pen_server *server, const struct pen_place_trial *trial)
{
	uint64_t bytes = (uint64_t)trial->packets * pen_wire_size_bytes(trial->size);
	PEN_CHECK(server->stream.rate.pace > 0);
	return (int64_t)(bytes * UINT64_C(1000000000) / server->stream.rate.pace);
}

void pen_seat_try_end(struct pen_client *client, uint32_t seat, int64_t now_ns)
{
	struct pen_place *place = &client->place[seat];
	struct pen_server *server = &client->server[place->peer];
	struct pen_place_trial trial = place->trial;
	if (!trial.packets)
		return;
	switch (pen_place_tried(place)) {
	case PEN_PLACE_PASSED: pen_sizes_came(&server->sizes, trial.size); break;
	case PEN_PLACE_FAILED:
		if (now_ns >= trial.due_ns)
			pen_sizes_failed(
				&server->sizes, trial.size, cost_ns(server, &trial), now_ns);
		break;
	case PEN_PLACE_UNDECIDED: break;
	}
	pen_sizes_ended(&server->sizes);
	pen_place_try_end(place, now_ns);
	pen_server_shut(server, trial.slot, trial.nonce, now_ns);
	pen_stir_claim(client, place->peer);
	pen_stir_places(client);
}

void pen_seat_resize(
	struct pen_client *client, uint32_t seat, enum pen_wire_size size, int64_t now_ns)
{
	struct pen_place *place = &client->place[seat];
	struct pen_server *server = &client->server[place->peer];
	struct pen_recv_view view = pen_stream_view(&server->stream, now_ns);
	pen_seat_try_end(client, seat, now_ns);
	pen_server_shut(server, place->slot, place->nonce, now_ns);
	pen_place_resize(place, size, number_of(++client->generation, place->peer, seat),
		pen_draw_number(&client->draw), &view);
	place->losses = server->stream.losses;
	pen_server_begin(&server->opens, now_ns);
	server->opens.next_ns = now_ns;
	pen_stir_claim(client, place->peer);
}

/* Take server and place apart; the block is returned. */
static struct pen_block *vacate(struct pen_client *client, uint32_t seat, bool tell, int64_t now_ns)
{
	struct pen_place *place = &client->place[seat];
	struct pen_server *server = &client->server[place->peer];
	uint32_t came = place->recv.got - place->recv.filled;
	pen_seat_try_end(client, seat, now_ns);
	if (came >= PEN_SIZES_PROOF || (came && place->state == PEN_PLACE_WHOLE))
		pen_sizes_came(&server->sizes, place->size);
	if (tell)
		pen_server_shut(server, place->slot, place->nonce, now_ns);
	struct pen_block *block = pen_place_close(place);
	pen_server_displace(server, client->place, seat, now_ns);
	pen_stir_claim(client, place->peer);
	pen_stir_places(client);
	return block;
}

void pen_seat_drop(struct pen_client *client, uint32_t seat, bool tell, int64_t now_ns)
{
	PEN_CHECK(seat < client->config.places);
	struct pen_bond *bond = pen_bonds_find(
		&client->bonds, client->haul[seat], client->unit[seat]);
	bool alone = twin_of(client, seat) == PEN_SEAT_NONE;
	pen_block_put(vacate(client, seat, tell, now_ns));
	if (bond)
		pen_bond_fail(bond, client->place[seat].piece.block);
	else if (alone)
		pen_haul_fail(client->haul[seat], client->unit[seat]);
}

struct pen_block *pen_seat_land(struct pen_client *client, uint32_t seat, int64_t now_ns)
{
	PEN_CHECK(client->place[seat].state == PEN_PLACE_WHOLE);
	for (uint32_t twin; (twin = twin_of(client, seat)) != PEN_SEAT_NONE;)
		pen_block_put(vacate(client, twin, true, now_ns));
	struct pen_haul *haul = client->haul[seat];
	uint32_t unit = client->unit[seat];
	struct pen_bond *bond = pen_bonds_find(&client->bonds, haul, unit);
	if (!bond || pen_bond_land(bond, client->place[seat].piece.block)) {
		pen_haul_land(haul, unit, client->place[seat].peer);
		client->counters.parted += bond != NULL;
		if (bond)
			pen_bonds_end(&client->bonds, bond);
	}
	return vacate(client, seat, true, now_ns);
}

/* Any place of a unit but for `seat`, or PEN_SEAT_NONE. */
static uint32_t sibling_of(
	const struct pen_client *client, const struct pen_haul *haul, uint32_t unit, uint32_t seat)
{
	for (uint32_t i = 0; i < client->config.places; i++) {
		if (i != seat && client->place[i].state != PEN_PLACE_FREE &&
			client->haul[i] == haul && client->unit[i] == unit)
			return i;
	}
	return PEN_SEAT_NONE;
}

/* Has a place of the unit all of it? */
static bool is_whole(const struct pen_client *client, const struct pen_haul *haul, uint32_t unit)
{
	for (uint32_t i = 0; i < client->config.places; i++) {
		if (client->place[i].state == PEN_PLACE_WHOLE && client->haul[i] == haul &&
			client->unit[i] == unit && client->place[i].blocks <= 1)
			return true;
	}
	return false;
}

bool pen_seat_bind(struct pen_client *client, uint32_t seat, uint32_t blocks, int64_t now_ns)
{
	const struct pen_place *place = &client->place[seat];
	struct pen_haul *haul = client->haul[seat];
	uint32_t unit = client->unit[seat];
	bool full = place->bytes == PEN_WIRE_PIECE_BYTES_MAX;
	struct pen_bond *bond = pen_bonds_find(&client->bonds, haul, unit);
	if (bond)
		return bond->blocks == blocks && (full || place->piece.block + 1u == blocks);
	if (blocks == 1)
		return true;
	/* The head of a part is one block. */
	if (unit == 0 || blocks > PEN_BOND_BLOCKS_MAX || !full)
		return false;
	/* Who else was asked may have it in one block: it is here first, or not at all. */
	if (is_whole(client, haul, unit) || client->bonds.count == PEN_BONDS_MAX) {
		pen_seat_drop(client, seat, true, now_ns);
		return true;
	}
	for (uint32_t twin; (twin = sibling_of(client, haul, unit, seat)) != PEN_SEAT_NONE;)
		pen_seat_drop(client, twin, true, now_ns);
	pen_bonds_make(&client->bonds, haul, unit, place->peer, blocks);
	return true;
}

bool pen_seats_complete(const struct pen_client *client, const struct pen_bond *bond)
{
	unsigned here = bond->here;
	for (uint32_t i = 0; i < client->config.places; i++) {
		if (client->place[i].state == PEN_PLACE_WHOLE && client->haul[i] == bond->haul &&
			client->unit[i] == bond->unit)
			here |= 1u << client->place[i].piece.block;
	}
	return here == (1u << bond->blocks) - 1;
}

void pen_seats_unbind(struct pen_client *client, struct pen_bond *bond, int64_t now_ns)
{
	struct pen_haul *haul = bond->haul;
	uint32_t unit = bond->unit, seat;
	while ((seat = sibling_of(client, haul, unit, PEN_SEAT_NONE)) != PEN_SEAT_NONE)
		pen_seat_drop(client, seat, true, now_ns);
	pen_bonds_end(&client->bonds, bond);
	pen_haul_fail(haul, unit);
	client->counters.restarts++;
}

void pen_seats_drop_haul(struct pen_client *client, const struct pen_haul *haul, int64_t now_ns)
{
	for (uint32_t i = 0; i < client->config.places; i++) {
		if (client->place[i].state != PEN_PLACE_FREE && client->haul[i] == haul)
			pen_seat_drop(client, i, true, now_ns);
	}
}

void pen_seats_drop_server(struct pen_client *client, unsigned server, int64_t now_ns)
{
	for (uint32_t i = 0; i < client->config.places; i++) {
		const struct pen_place *place = &client->place[i];
		if (place->state != PEN_PLACE_FREE && place->state != PEN_PLACE_WHOLE &&
			place->peer == server)
			pen_seat_drop(client, i, false, now_ns);
	}
}

bool pen_seats_evict(struct pen_client *client, int64_t now_ns)
{
	uint64_t ready = pen_client_ready(client);
	uint32_t least = PEN_SEAT_NONE;
	for (uint32_t i = 0; i < client->config.places; i++) {
		const struct pen_place *place = &client->place[i];
		if (place->state == PEN_PLACE_FREE || place->state == PEN_PLACE_WHOLE ||
			client->server[place->peer].state != PEN_SERVER_SILENT ||
			!(client->haul[i]->can & client->haul[i]->only & ready))
			continue;
		if (least == PEN_SEAT_NONE || place->recv.got < client->place[least].recv.got)
			least = i;
	}
	if (least == PEN_SEAT_NONE)
		return false;
	struct pen_bond *bond = pen_bonds_find(
		&client->bonds, client->haul[least], client->unit[least]);
	if (bond)
		pen_seats_unbind(client, bond, now_ns);
	else
		pen_seat_drop(client, least, true, now_ns);
	return true;
}

void pen_seats_reopen(struct pen_client *client, unsigned server, int64_t now_ns)
{
	struct pen_server *from = &client->server[server];
	struct pen_recv_view view = pen_stream_view(&from->stream, now_ns);
	for (unsigned i = 0; i < from->places; i++) {
		struct pen_place *place = &client->place[from->place[i]];
		if (place->state == PEN_PLACE_WHOLE)
			continue;
		pen_seat_try_end(client, from->place[i], now_ns);
		place->state = PEN_PLACE_ASKED;
		if (place->size != from->sizes.proven)
			pen_seat_resize(client, from->place[i], from->sizes.proven, now_ns);
		else
			pen_recv_again(&place->recv, &view);
		place->losses = 0;
		pen_server_begin(&from->opens, now_ns);
	}
}

unsigned pen_seats_flights(struct pen_client *client, struct pen_sched_flight *out)
{
	unsigned count = 0;
	for (uint32_t i = 0; i < client->config.places; i++) {
		const struct pen_place *place = &client->place[i];
		if (place->state == PEN_PLACE_FREE)
			continue;
		out[count++] = (struct pen_sched_flight){
			.haul = client->haul[i],
			.unit = client->unit[i],
			.peer = place->peer,
			.left_bytes = pen_place_left_bytes(place),
			.bytes = place->bytes ? place->bytes : PEN_WIRE_PIECE_BYTES_MAX,
			.misses = place->recv.again,
			.bound = pen_bonds_find(&client->bonds, client->haul[i], client->unit[i]),
		};
	}
	return count;
}
