#include "fetch/say.h"

#include <string.h>

#include "base/check.h"

/* Seal what was written and put it out. */
static void put(struct pen_client *client, struct pen_server *server, enum pen_wire_type type,
	struct pen_wire_packet *packet, size_t body_bytes)
{
	PEN_CHECK(body_bytes <= PEN_WIRE_BODY_BYTES_MAX);
	size_t bytes = pen_channel_seal(&server->visit.channel, type, packet, body_bytes);
	pen_post_put(&client->post, bytes, &server->path);
}

bool pen_say_answer(
	struct pen_client *client, const struct pen_answer *answer, const struct pen_net_path *path)
{
	if (answer->bytes == 0)
		return true;
	struct pen_wire_packet *packet = pen_post_write(&client->post);
	if (!packet)
		return false;
	memcpy(packet, &answer->packet, answer->bytes);
	pen_post_put(&client->post, answer->bytes, path);
	return true;
}

bool pen_say_want(struct pen_client *client, struct pen_server *server, uint32_t window)
{
	struct pen_wire_packet *packet = pen_post_write(&client->post);
	if (!packet)
		return false;
	struct pen_wire_window want = {
		.n = client->config.n,
		.window = (uint16_t)window,
		.form = (uint8_t)client->config.form,
		.flags = PEN_WIRE_WINDOW_ALL,
	};
	memcpy(want.root, client->config.root, sizeof want.root);
	size_t bytes = pen_wire_window_encode(&want, NULL, packet->body);
	put(client, server, PEN_WIRE_WANT, packet, bytes);
	return true;
}

bool pen_say_catalog(struct pen_client *client, struct pen_server *server)
{
	struct pen_wire_packet *packet = pen_post_write(&client->post);
	if (!packet)
		return false;
	/* A page of them, not those behind the part: others of it are wanted, too, in any order. */
	uint32_t first = server->catalog_part - server->catalog_part % PEN_WIRE_ENTRIES_MAX;
	uint32_t left = client->config.n - first;
	struct pen_wire_catalog catalog = {
		.n = client->config.n,
		.first = first,
		.form = (uint8_t)client->config.form,
		.count = (uint8_t)(left < PEN_WIRE_ENTRIES_MAX ? left : PEN_WIRE_ENTRIES_MAX),
	};
	memcpy(catalog.root, client->config.root, sizeof catalog.root);
	memcpy(packet->body, &catalog, sizeof catalog);
	put(client, server, PEN_WIRE_CATALOG, packet, sizeof catalog);
	return true;
}

/* The slot of a place, from the first packet on that is missing. */
static struct pen_wire_slot slot_of(const struct pen_place *place)
{
	return (struct pen_wire_slot){
		.slot = place->slot,
		.part = place->piece.part,
		.nonce = place->nonce,
		.piece = place->piece.piece,
		.kind = place->piece.kind,
		.block = place->piece.block,
		.size = (uint8_t)place->size,
		.act = PEN_WIRE_SLOT_OPEN,
		.first = (uint16_t)place->recv.first,
	};
}

static struct pen_wire_slot trial_of(const struct pen_place *place)
{
	struct pen_wire_slot slot = slot_of(place);
	slot.slot = place->trial.slot;
	slot.nonce = place->trial.nonce;
	slot.size = (uint8_t)place->trial.size;
	slot.first = 0;
	slot.packets = (uint16_t)place->trial.packets;
	return slot;
}

/* Closes first: they make room for the slots that are opened. */
static unsigned gather(struct pen_client *client, struct pen_server *server,
	struct pen_wire_slot *slots, int64_t now_ns)
{
	unsigned count = 0;
	int64_t timeout_ns = pen_rtt_timeout_ns(&server->stream.rtt);
	for (unsigned i = 0; i < server->closes && count < PEN_WIRE_OPEN_MAX; i++) {
		struct pen_server_close *close = &server->close[i];
		if (!pen_server_ask(&close->question, timeout_ns, now_ns))
			continue;
		slots[count++] = (struct pen_wire_slot){
			.slot = close->slot, .nonce = close->nonce, .act = PEN_WIRE_SLOT_CLOSE};
	}
	if (!pen_server_ask(&server->opens, timeout_ns, now_ns))
		return count;
	for (unsigned i = 0; i < server->places && count < PEN_WIRE_OPEN_MAX; i++) {
		const struct pen_place *place = &client->place[server->place[i]];
		if (place->state != PEN_PLACE_ASKED)
			continue;
		/* A trial comes before what is sent behind it, with which it shares a packet. */
		if (place->trial.packets && count + 1 == PEN_WIRE_OPEN_MAX)
			break;
		if (place->trial.packets)
			slots[count++] = trial_of(place);
		slots[count++] = slot_of(place);
	}
	return count;
}

bool pen_say_open(struct pen_client *client, struct pen_server *server, int64_t now_ns)
{
	struct pen_wire_packet *packet = pen_post_write(&client->post);
	if (!packet)
		return false;
	struct pen_wire_slot slots[PEN_WIRE_OPEN_MAX];
	struct pen_wire_open open = {
		.n = client->config.n,
		.form = (uint8_t)client->config.form,
	};
	open.count = (uint8_t)gather(client, server, slots, now_ns);
	if (open.count == 0)
		return true;
	memcpy(open.root, client->config.root, sizeof open.root);
	size_t bytes = pen_wire_open_encode(&open, slots, packet->body);
	put(client, server, PEN_WIRE_OPEN, packet, bytes);
	client->counters.opens++;
	return true;
}

bool pen_say_pull(struct pen_client *client, struct pen_server *server,
	const struct pen_stream_want *want, int64_t now_ns)
{
	struct pen_wire_packet *packet = pen_post_write(&client->post);
	if (!packet)
		return false;
	struct pen_wire_gap gaps[PEN_STREAM_GAPS_MAX];
	uint64_t bits[PEN_STREAM_GAPS_MAX][PEN_RECV_WORDS];
	struct pen_stream_gaps missing = {.gaps = gaps};
	missing.count = pen_server_gaps(
		server, client->place, now_ns, gaps, bits, PEN_STREAM_GAPS_MAX);
	size_t bytes = pen_stream_pull(&server->stream, want, &missing, now_ns, packet->body);
	put(client, server, PEN_WIRE_PULL, packet, bytes);
	client->counters.pulls++;
	return true;
}
