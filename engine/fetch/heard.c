#include "fetch/heard.h"

#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "fetch/blame.h"
#include "fetch/data.h"
#include "fetch/say.h"
#include "fetch/seats.h"
#include "fetch/sized.h"
#include "fetch/stir.h"
#include "fetch/tend.h"
#include "wire/decode.h"

/* Do these name the state that is fetched? */
static bool is_ours(const struct pen_client *client, const uint8_t *root, uint32_t n, uint8_t form)
{
	return memcmp(root, client->config.root, sizeof client->config.root) == 0 &&
		n == client->config.n && form == client->config.form;
}

static void heard_have(
	struct pen_client *client, unsigned s, const struct pen_wire_window *have, int64_t now_ns)
{
	struct pen_server *server = &client->server[s];
	if (!is_ours(client, have->root, have->n, have->form) ||
		have->flags & PEN_WIRE_WINDOW_CACHED)
		return;
	uint32_t window = have->window;
	PEN_CHECK(window < PEN_SERVER_WINDOWS);
	pen_parts_told(&client->parts, s, window, have->bits);
	server->window[window] = (struct pen_server_question){0};
	server->news_ns[window] = now_ns + PEN_SERVER_NEWS_NS;
	/* What it did not have when it was last asked it may have by now; small objects, too, which
	 * no window tells of. */
	for (uint32_t i = 0; i < client->hauls.count; i++) {
		struct pen_haul *haul = pen_hauls_nth(&client->hauls, i);
		bool told = haul->kind != PEN_WIRE_KIND_PIECE ||
			haul->part / PEN_WIRE_WINDOW_PARTS == window;
		if (told && !(haul->can >> s & 1))
			pen_haul_forgive(haul, s, now_ns);
	}
}

static void heard_entries(
	struct pen_client *client, unsigned s, const struct pen_wire_catalog *entries)
{
	if (!is_ours(client, entries->root, entries->n, entries->form))
		return;
	struct pen_server *server = &client->server[s];
	/* Another page is no answer: asked anew for each, the question would have no pause. */
	if (server->catalog_part - entries->first < entries->count)
		server->catalog = (struct pen_server_question){0};
	for (uint32_t i = 0; i < entries->count; i++) {
		const struct pen_wire_entry *entry = &entries->entries[i];
		uint32_t part = entries->first + i;
		struct pen_haul *haul = pen_hauls_find(&client->hauls, PEN_WIRE_KIND_PIECE, part);
		if (entry->bytes == 0)
			pen_parts_lacks(&client->parts, s, part);
		if (!haul)
			continue;
		struct pen_haul_name name = {
			.bytes = entry->bytes,
			.head_bytes = entry->head_bytes,
			.units = entry->pieces,
		};
		memcpy(name.id, entry->id, sizeof name.id);
		if (client->config.sized)
			pen_sized_said(client, s, &name);
		pen_haul_offer(&client->hauls, haul, s, &name);
	}
}

/* The unit of this place will not come from its server. */
static void refuse(struct pen_client *client, uint32_t seat, int64_t now_ns)
{
	unsigned s = client->place[seat].peer;
	struct pen_haul *haul = client->haul[seat];
	pen_seat_drop(client, seat, false, now_ns);
	pen_haul_lack(haul, s);
	if (haul->given)
		client->server[s].object_bytes = 0;
	if (haul->kind == PEN_WIRE_KIND_PIECE)
		pen_parts_lacks(&client->parts, s, haul->part);
}

static void heard_open(struct pen_client *client, uint32_t seat,
	const struct pen_wire_slot_answer *answer, int64_t now_ns)
{
	struct pen_haul *haul = client->haul[seat];
	bool fine = pen_place_opened(&client->place[seat], answer->bytes, answer->blocks);
	pen_server_turn(&client->server[client->place[seat].peer], client->place, now_ns);
	client->server[client->place[seat].peer].refusals = 0;
	client->landed |= client->place[seat].state == PEN_PLACE_WHOLE;
	pen_stir_claim(client, client->place[seat].peer);
	if (fine && haul->by_block && haul->given)
		fine = answer->blocks == haul->name.units;
	else if (fine && haul->by_block)
		fine = pen_haul_grow(&client->hauls, haul, answer->blocks);
	else if (fine && haul->form == PEN_WIRE_FORM_LEAN)
		fine = pen_seat_bind(client, seat, answer->blocks, now_ns);
	if (fine)
		return;
	client->counters.broken++;
	refuse(client, seat, now_ns);
}

/* The server is not to be asked for more for so long. */
static void rest(struct pen_server *server, int64_t ns, int64_t now_ns)
{
	if (ns > PEN_VISIT_BUSY_MS_MAX * PEN_NS_PER_MS)
		ns = PEN_VISIT_BUSY_MS_MAX * PEN_NS_PER_MS;
	int64_t least = pen_rtt_timeout_ns(&server->stream.rtt);
	server->busy_ns = now_ns + (ns > least ? ns : least);
}

static void heard_slot(struct pen_client *client, unsigned s,
	const struct pen_wire_slot_answer *answer, uint32_t retry_ms, int64_t now_ns)
{
	struct pen_server *server = &client->server[s];
	if (answer->state == PEN_WIRE_SLOT_CLOSED)
		pen_server_shut_done(server, answer->slot);
	uint32_t seat = pen_seat_find(client, answer->slot);
	const struct pen_place *place = seat == PEN_SEAT_NONE ? NULL : &client->place[seat];
	if (place && place->peer == s && place->trial.slot == answer->slot &&
		place->trial.nonce == answer->nonce) {
		/* Whatever is wrong with it is said of its place, too. */
		if (answer->state != PEN_WIRE_SLOT_OPENED)
			pen_seat_try_end(client, seat, now_ns);
		return;
	}
	if (!place || place->peer != s || place->nonce != answer->nonce) {
		if (answer->state == PEN_WIRE_SLOT_OPENED)
			pen_server_shut(server, answer->slot, answer->nonce, now_ns);
		return;
	}
	switch (answer->state) {
	case PEN_WIRE_SLOT_OPENED: heard_open(client, seat, answer, now_ns); break;
	case PEN_WIRE_SLOT_NOT_HELD:
	case PEN_WIRE_SLOT_FAILED: refuse(client, seat, now_ns); break;
	case PEN_WIRE_SLOT_BUSY:
	case PEN_WIRE_SLOT_NOT_CACHED:
		server->refusals++;
		/* It may say so for ever: whoever is asked alone is so no more. */
		if (client->haul[seat]->only == UINT64_C(1) << s)
			client->haul[seat]->only = UINT64_MAX;
		pen_seat_drop(client, seat, false, now_ns);
		rest(server, retry_ms * PEN_NS_PER_MS, now_ns);
		break;
	case PEN_WIRE_SLOT_FULL:
	case PEN_WIRE_SLOT_CLOSED:
		/* Some close of ours has not reached it yet, or it could not go on. */
		pen_seat_drop(client, seat, false, now_ns);
		rest(server, 0, now_ns);
		break;
	}
}

static void heard_opened(
	struct pen_client *client, unsigned s, const struct pen_wire_opened *opened, int64_t now_ns)
{
	for (uint32_t i = 0; i < opened->count; i++)
		heard_slot(client, s, &opened->slots[i], opened->retry_ms, now_ns);
	struct pen_server *server = &client->server[s];
	for (unsigned i = 0; i < server->places; i++) {
		if (client->place[server->place[i]].state == PEN_PLACE_ASKED)
			return;
	}
	server->opens = (struct pen_server_question){0};
}

void pen_heard_answer(struct pen_client *client, unsigned server, uint8_t type,
	struct pen_bytes body, int64_t now_ns)
{
	const struct pen_wire_window *have = NULL;
	const struct pen_wire_catalog *entries = NULL;
	const struct pen_wire_opened *opened = NULL;
	const struct pen_wire_busy *busy = NULL;
	const struct pen_wire_attested *attested = NULL;
	if (type == PEN_WIRE_HAVE && (have = pen_wire_have_decode(body)))
		heard_have(client, server, have, now_ns);
	else if (type == PEN_WIRE_ENTRIES && (entries = pen_wire_entries_decode(body)))
		heard_entries(client, server, entries);
	else if (type == PEN_WIRE_OPENED && (opened = pen_wire_opened_decode(body)))
		heard_opened(client, server, opened, now_ns);
	else if (type == PEN_WIRE_ATTESTED && (attested = pen_wire_attested_decode(body)))
		pen_blame_heard(client, server, attested, now_ns);
	else if (type == PEN_WIRE_BUSY && (busy = pen_wire_busy_decode(body)))
		rest(&client->server[server], busy->retry_ms * PEN_NS_PER_MS, now_ns);
	else {
		client->counters.broken++;
		client->server[server].garbled = true;
	}
}

/* What the visit makes of a packet that is no DATA. */
static void hear_control(
	struct pen_client *client, unsigned s, const struct pen_packet *packet, int64_t now_ns)
{
	struct pen_server *server = &client->server[s];
	struct pen_answer answer = {.bytes = 0};
	pen_stir_server(client, s);
	switch (pen_visit_hear(&server->visit, packet, &client->draw, now_ns, &answer)) {
	case PEN_VISIT_DROP: break;
	case PEN_VISIT_TAKE:
		pen_server_heard(server, false, now_ns);
		pen_stir_places(client);
		pen_heard_answer(client, s, packet->head->type, packet->body, now_ns);
		break;
	case PEN_VISIT_ANSWER:
		pen_say_answer(client, &answer, packet->path);
		if (packet->head->type == PEN_WIRE_PATH_CHALLENGE)
			pen_tend_moved(client, s, now_ns);
		break;
	case PEN_VISIT_STRANGER:
	case PEN_VISIT_OPENED: pen_tend_greet(client, s, now_ns); break;
	case PEN_VISIT_LOST:
		if (server->visit.left)
			pen_tend_left(client, s, now_ns);
		break;
	case PEN_VISIT_ENDED: pen_tend_lose(client, s, now_ns); break;
	}
}

/* A packet, and those that make a run with it. Returns how many. */
static uint32_t hear(
	struct pen_client *client, const struct pen_slice *slices, uint32_t count, int64_t now_ns)
{
	PEN_CHECK(count > 0);
	if (slices->bytes < PEN_WIRE_HEAD_BYTES || !pen_slice_sum_fits(slices)) {
		client->counters.harmed++;
		return 1;
	}
	struct pen_bytes front = {slices->head, PEN_WIRE_HEAD_BYTES};
	if (pen_wire_data_decode(front, slices->bytes))
		return pen_data_hear(client, slices, count, now_ns);
	struct pen_packet packet = {
		.head = pen_wire_head_decode(front, slices->bytes),
		.body = {slices->tail, slices->bytes - PEN_WIRE_HEAD_BYTES},
		.path = &slices->path,
	};
	for (unsigned s = 0; packet.head && s < client->server_count; s++) {
		if (client->server[s].state == PEN_SERVER_GONE ||
			!pen_visit_known(&client->server[s].visit, packet.head))
			continue;
		hear_control(client, s, &packet, now_ns);
		return 1;
	}
	client->counters.strays++;
	return 1;
}

void pen_client_hear(
	struct pen_client *client, const struct pen_slice *slices, uint32_t count, int64_t now_ns)
{
	for (uint32_t i = 0; i < count;)
		i += hear(client, &slices[i], count - i, now_ns);
}

void pen_client_receive(
	struct pen_client *client, struct pen_net *net, unsigned queue, int64_t now_ns)
{
	struct pen_slice slices[PEN_NET_BURST_MAX];
	pen_post_reap(&client->post, net, queue);
	unsigned count = net->ops->rx_burst(net, queue, now_ns, slices, PEN_NET_BURST_MAX);
	pen_client_hear(client, slices, count, now_ns);
	net->ops->rx_put(net, queue, slices, count);
}
