#include "fetch/sized.h"

#include <string.h>

#include "base/check.h"
#include "fetch/seats.h"
#include "fetch/stir.h"
#include "part/raw_page.h"

uint64_t pen_sized_said_by(const struct pen_client *client, unsigned s)
{
	PEN_CHECK(s < client->server_count);
	const struct pen_server *server = &client->server[s];
	bool there = server->state == PEN_SERVER_READY || server->state == PEN_SERVER_SILENT;
	return there ? server->object_bytes : 0;
}

uint64_t pen_sized_offers(const struct pen_client *client)
{
	uint64_t set = 0;
	for (unsigned s = 0; s < client->server_count && s < PEN_HAUL_PEERS; s++)
		set |= (uint64_t)(pen_sized_said_by(client, s) > 0) << s;
	return set;
}

void pen_sized_said(struct pen_client *client, unsigned s, const struct pen_haul_name *name)
{
	PEN_CHECK(client->config.sized);
	bool can_be = name->bytes > 0 && name->bytes <= PEN_RAW_BYTES_MAX &&
		name->units == pen_raw_blocks(name->bytes) &&
		name->units <= client->config.units_max &&
		!memcmp(name->id, client->config.root, sizeof name->id);
	client->server[s].object_bytes = can_be ? name->bytes : 0;
}

void pen_sized_pages(struct pen_client *client, uint64_t bytes)
{
	PEN_CHECK(client->config.sized);
	PEN_CHECK(client->sized_bytes == 0);
	PEN_CHECK(bytes > 0);
	struct pen_haul *haul = pen_hauls_begin(
		&client->hauls, client->config.form, PEN_WIRE_KIND_TABLE, 0);
	haul->given = true;
	haul->named = true;
	haul->name.units = pen_raw_pages(pen_raw_blocks(bytes));
	client->sized_bytes = bytes;
	pen_stir_places(client);
}

/* Give up what is under way of a haul. */
static void cut(struct pen_client *client, struct pen_haul *haul, int64_t now_ns)
{
	pen_seats_drop_haul(client, haul, now_ns);
	pen_haul_rename(haul);
}

/* What a server says, as a name of the object. */
static struct pen_haul_name name_of(const struct pen_client *client, uint64_t bytes)
{
	struct pen_haul_name name = {.bytes = bytes, .units = pen_raw_blocks(bytes)};
	memcpy(name.id, client->config.root, sizeof name.id);
	return name;
}

/* The pages are not asked for any more. */
static void pages_end(struct pen_client *client, int64_t now_ns)
{
	struct pen_haul *haul = pen_hauls_find(&client->hauls, PEN_WIRE_KIND_TABLE, 0);
	if (!haul)
		return;
	pen_seats_drop_haul(client, haul, now_ns);
	pen_hauls_end(&client->hauls, haul);
}

bool pen_sized_blocks(struct pen_client *client, const uint64_t *here, int64_t now_ns)
{
	PEN_CHECK(client->sized_bytes > 0);
	struct pen_haul *haul = pen_hauls_find(&client->hauls, PEN_WIRE_KIND_PIECE, 0);
	if (!haul)
		return false;
	pages_end(client, now_ns);
	cut(client, haul, now_ns);
	haul->named = true;
	haul->name = name_of(client, client->sized_bytes);
	for (unsigned s = 0; s < client->server_count; s++) {
		uint64_t bytes = pen_sized_said_by(client, s);
		const struct pen_haul_name name = name_of(client, bytes);
		if (bytes)
			pen_haul_offer(&client->hauls, haul, s, &name);
	}
	for (uint32_t u = 0; u < haul->name.units; u++) {
		if (here[u / 64] >> u % 64 & 1)
			pen_haul_land(haul, u, PEN_PEER_NONE);
	}
	pen_stir_places(client);
	return true;
}

/* The haul of blocks, if they are asked for; or NULL. */
static struct pen_haul *blocks_asked(struct pen_client *client)
{
	PEN_CHECK(client->config.sized);
	struct pen_haul *haul = pen_hauls_find(&client->hauls, PEN_WIRE_KIND_PIECE, 0);
	return client->sized_bytes && haul && haul->named ? haul : NULL;
}

/* Is it a busy place of a block? */
static bool is_block(const struct pen_client *client, unsigned seat)
{
	return client->place[seat].state != PEN_PLACE_FREE &&
		client->haul[seat]->kind == PEN_WIRE_KIND_PIECE;
}

void pen_sized_hold(struct pen_client *client, uint32_t unit, int64_t now_ns)
{
	struct pen_haul *haul = blocks_asked(client);
	if (!haul || pen_haul_has(haul, unit))
		return;
	for (unsigned i = 0; i < client->config.places; i++) {
		if (is_block(client, i) && client->unit[i] == unit)
			pen_seat_drop(client, i, true, now_ns);
	}
	pen_haul_land(haul, unit, PEN_PEER_NONE);
	pen_stir_places(client);
}

void pen_sized_miss(struct pen_client *client, uint32_t unit)
{
	struct pen_haul *haul = blocks_asked(client);
	if (!haul || !pen_haul_has(haul, unit))
		return;
	pen_haul_drop(haul, unit);
	pen_stir_places(client);
}

bool pen_sized_flies(const struct pen_client *client, uint32_t unit)
{
	for (unsigned i = 0; i < client->config.places; i++) {
		if (is_block(client, i) && client->unit[i] == unit)
			return true;
	}
	return false;
}

unsigned pen_sized_flights(const struct pen_client *client)
{
	unsigned flights = 0;
	for (unsigned i = 0; i < client->config.places; i++)
		flights += is_block(client, i);
	return flights;
}

bool pen_sized_lacks(struct pen_client *client)
{
	struct pen_haul *haul = blocks_asked(client);
	return haul && pen_haul_missing(haul) != PEN_HAUL_NONE;
}

void pen_sized_drop(struct pen_client *client, int64_t now_ns)
{
	struct pen_haul *haul = pen_hauls_find(&client->hauls, PEN_WIRE_KIND_PIECE, 0);
	pages_end(client, now_ns);
	if (haul)
		cut(client, haul, now_ns);
	client->sized_bytes = 0;
	pen_stir_places(client);
}
