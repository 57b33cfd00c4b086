#include "fetch/seats.h"

#include "base/check.h"

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
	const struct pen_place *place = &client->place[slot & 0xff];
	return place->state != PEN_PLACE_FREE && place->slot == slot ? slot & 0xff : PEN_SEAT_NONE;
}

static uint32_t free_seat(const struct pen_client *client)
{
	for (uint32_t i = 0; i < client->config.places; i++) {
		if (client->place[i].state == PEN_PLACE_FREE)
			return i;
	}
	return PEN_SEAT_NONE;
}

bool pen_seat_take(struct pen_client *client, unsigned server, struct pen_haul *haul, uint32_t unit,
	int64_t now_ns)
{
	struct pen_server *from = &client->server[server];
	PEN_CHECK(from->state == PEN_SERVER_READY);
	uint32_t seat = free_seat(client);
	struct pen_block *block = seat == PEN_SEAT_NONE ? NULL
							: pen_block_take(client->config.pool);
	if (!block)
		return false;
	struct pen_place_ask ask = {
		.peer = server,
		.piece = pen_haul_piece(haul, unit),
		.slot = number_of(++client->generation, server, seat),
		.nonce = pen_draw_number(&client->draw),
		.size = pen_sizes_next(&from->sizes, now_ns),
		.bytes = pen_haul_unit_bytes(haul, unit),
		.block = block,
	};
	struct pen_recv_view view = pen_stream_view(&from->stream, now_ns);
	pen_place_open(&client->place[seat], &ask, &view);
	client->place[seat].losses = from->stream.losses;
	client->haul[seat] = haul;
	client->unit[seat] = unit;
	pen_haul_fly(haul, unit);
	pen_server_place(from, seat);
	pen_server_begin(&from->opens, now_ns);
	from->opens.next_ns = now_ns;
	return true;
}

/* The other place that fills the same unit, or PEN_SEAT_NONE. */
static uint32_t twin_of(const struct pen_client *client, uint32_t seat)
{
	for (uint32_t i = 0; i < client->config.places; i++) {
		if (i != seat && client->place[i].state != PEN_PLACE_FREE &&
			client->haul[i] == client->haul[seat] &&
			client->unit[i] == client->unit[seat])
			return i;
	}
	return PEN_SEAT_NONE;
}

/* Take server and place apart; the block is returned. */
static struct pen_block *vacate(struct pen_client *client, uint32_t seat, bool tell, int64_t now_ns)
{
	struct pen_place *place = &client->place[seat];
	struct pen_server *server = &client->server[place->peer];
	bool whole = place->state == PEN_PLACE_WHOLE;
	if (place->recv.got >= PEN_SIZES_PROOF || whole)
		pen_sizes_came(&server->sizes, place->size);
	else
		pen_sizes_ended(&server->sizes, place->size);
	if (tell)
		pen_server_shut(server, place->slot, place->nonce, now_ns);
	struct pen_block *block = pen_place_close(place);
	pen_server_displace(server, client->place, seat, now_ns);
	return block;
}

void pen_seat_drop(struct pen_client *client, uint32_t seat, bool tell, int64_t now_ns)
{
	PEN_CHECK(seat < client->config.places);
	bool alone = twin_of(client, seat) == PEN_SEAT_NONE;
	pen_block_put(vacate(client, seat, tell, now_ns));
	if (alone)
		pen_haul_fail(client->haul[seat], client->unit[seat]);
}

struct pen_block *pen_seat_land(struct pen_client *client, uint32_t seat, int64_t now_ns)
{
	PEN_CHECK(client->place[seat].state == PEN_PLACE_WHOLE);
	for (uint32_t twin; (twin = twin_of(client, seat)) != PEN_SEAT_NONE;)
		pen_block_put(vacate(client, twin, true, now_ns));
	pen_haul_land(client->haul[seat], client->unit[seat], client->place[seat].peer);
	return vacate(client, seat, true, now_ns);
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
		place->state = PEN_PLACE_ASKED;
		pen_recv_again(&place->recv, &view);
		place->losses = 0;
		pen_server_begin(&from->opens, now_ns);
	}
}

unsigned pen_seats_flights(const struct pen_client *client, struct pen_sched_flight *out)
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
			.misses = place->recv.again,
		};
	}
	return count;
}
