#include "fetch/heard.h"

#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "fetch/blame.h"
#include "fetch/say.h"
#include "fetch/seats.h"
#include "fetch/sized.h"
#include "fetch/stir.h"
#include "fetch/tend.h"
#include "wire/decode.h"

/* A trial ends when all of it came; or a timeout after the first packet (`first`) that was sent
 * behind it, or after its turn if none is (pen_server_turn). */
static __attribute__((noinline)) void judge_trial(
	struct pen_server *server, struct pen_place *place, bool first, int64_t now_ns)
{
	struct pen_place_trial *trial = &place->trial;
	if (pen_place_tried(place) == PEN_PLACE_PASSED)
		pen_sizes_came(&server->sizes, trial->size);
	if (trial->came == (UINT32_C(1) << trial->packets) - 1)
		trial->due_ns = now_ns;
	else if (first)
		trial->due_ns = now_ns + pen_rtt_timeout_ns(&server->stream.rtt);
}

/* A payload goes to its place. True if more follows from it than that it is here. */
static bool put(struct pen_client *client, struct pen_server *server, struct pen_place *place,
	const struct pen_wire_data *data, const struct pen_slice *slice, int64_t now_ns)
{
	bool tried = data->slot != place->slot;
	bool first = !tried && place->recv.reach == 0, sized = place->bytes > 0;
	uint32_t before = pen_server_packets(place);
	enum pen_place_came came = pen_place_put(place, data, slice, now_ns);
	/* Duplicates, too, may have been granted. */
	server->want.packets -= before - pen_server_packets(place);
	if (came == PEN_PLACE_DUPLICATE) {
		client->counters.duplicates++;
		return first;
	}
	if (came != PEN_PLACE_NEW) {
		server->strays++;
		client->counters.broken++;
		return false;
	}
	if (first)
		pen_server_pass(server, client->place, (unsigned)(place - client->place), now_ns);
	client->counters.placed++;
	client->counters.placed_bytes += slice->bytes - PEN_WIRE_HEAD_BYTES;
	bool proof = !tried && place->recv.got - place->recv.filled == PEN_SIZES_PROOF;
	bool whole = place->state == PEN_PLACE_WHOLE;
	if (proof)
		pen_sizes_came(&server->sizes, place->size);
	if (place->trial.packets)
		judge_trial(server, place, first, now_ns);
	if (place->bytes > 0 && !sized)
		pen_stir_claim(client, place->peer);
	client->landed |= whole;
	return first || tried || proof || whole;
}

/* When a gap of the place is to be asked for, as far as this packet made it. */
static void note_gap(struct pen_server *server, const struct pen_place *place, int64_t now_ns)
{
	if (place->state != PEN_PLACE_OPENED || place->recv.unasked >= place->recv.reach)
		return;
	struct pen_recv_view view = pen_stream_view(&server->stream, now_ns);
	int64_t due = pen_recv_gap_ns(&place->recv, &view);
	if (due < server->want.repair_ns)
		server->want.repair_ns = due;
}

/* The server is alive, and has its credit back. True if that is news. */
static bool revive(struct pen_client *client, unsigned s, int64_t now_ns)
{
	struct pen_server *server = &client->server[s];
	bool news = server->state == PEN_SERVER_SILENT || client->credit.peer[s].lapsed;
	pen_server_heard(server, true, now_ns);
	pen_credit_heard(&client->credit, s, now_ns);
	if (!news)
		return false;
	pen_stir_places(client);
	pen_stir_credit(client);
	return true;
}

void pen_heard_data(struct pen_client *client, const struct pen_wire_data *data,
	const struct pen_slice *slice, int64_t now_ns)
{
	unsigned s = pen_seat_server(client, data->slot);
	struct pen_server *server = s < PEN_HAUL_PEERS ? &client->server[s] : NULL;
	if (!server || server->visit.state != PEN_VISIT_OPEN ||
		(server->state != PEN_SERVER_READY && server->state != PEN_SERVER_SILENT)) {
		client->counters.strays++;
		return;
	}
	if (!pen_channel_unharmed(&server->visit.channel, data)) {
		server->harmed++;
		client->counters.harmed++;
		return;
	}
	client->counters.packets++;
	uint64_t spurious = server->stream.seqs.loss.spurious;
	enum pen_stream_came came = pen_stream_data(&server->stream, data, slice->bytes, now_ns);
	if (came == PEN_STREAM_REFUSED) {
		client->counters.strays++;
		return;
	}
	/* A round trip was measured; or gaps may last longer now; or, without a share, this may be
	 * the last that is waited for. */
	bool more = data->flags & PEN_WIRE_DATA_ECHO || server->share == 0 ||
		server->stream.seqs.loss.spurious != spurious;
	more |= revive(client, s, now_ns);
	uint32_t seat = pen_seat_find(client, data->slot);
	if (seat == PEN_SEAT_NONE) {
		client->counters.strays++;
		pen_server_shut(server, data->slot, data->nonce, now_ns);
		pen_stir_server(client, s);
		return;
	}
	struct pen_place *place = &client->place[seat];
	place->losses = server->stream.losses;
	more |= put(client, server, place, data, slice, now_ns);
	note_gap(server, place, now_ns);
	if (more)
		pen_stir_server(client, s);
	else
		pen_stir_came(client, s);
}

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
	case PEN_VISIT_ANSWER: pen_say_answer(client, &answer, packet->path); break;
	case PEN_VISIT_STRANGER:
	case PEN_VISIT_OPENED: pen_tend_greet(client, s, now_ns); break;
	case PEN_VISIT_LOST:
		if (server->visit.left)
			pen_tend_left(client, s, now_ns);
		break;
	case PEN_VISIT_ENDED: pen_tend_lose(client, s, now_ns); break;
	}
}

void pen_client_hear(struct pen_client *client, const struct pen_slice *slice, int64_t now_ns)
{
	if (slice->bytes < PEN_WIRE_HEAD_BYTES || !pen_slice_sum_fits(slice)) {
		client->counters.harmed++;
		return;
	}
	struct pen_bytes front = {slice->head, PEN_WIRE_HEAD_BYTES};
	const struct pen_wire_data *data = pen_wire_data_decode(front, slice->bytes);
	if (data) {
		pen_heard_data(client, data, slice, now_ns);
		return;
	}
	struct pen_packet packet = {
		.head = pen_wire_head_decode(front, slice->bytes),
		.body = {slice->tail, slice->bytes - PEN_WIRE_HEAD_BYTES},
		.path = &slice->path,
	};
	for (unsigned s = 0; packet.head && s < client->server_count; s++) {
		if (client->server[s].state == PEN_SERVER_GONE ||
			!pen_visit_known(&client->server[s].visit, packet.head))
			continue;
		hear_control(client, s, &packet, now_ns);
		return;
	}
	client->counters.strays++;
}

void pen_client_receive(
	struct pen_client *client, struct pen_net *net, unsigned queue, int64_t now_ns)
{
	struct pen_slice slices[PEN_NET_BURST_MAX];
	pen_post_reap(&client->post, net, queue);
	unsigned count = net->ops->rx_burst(net, queue, now_ns, slices, PEN_NET_BURST_MAX);
	for (unsigned i = 0; i < count; i++)
		pen_client_hear(client, &slices[i], now_ns);
	net->ops->rx_put(net, queue, slices, count);
}
