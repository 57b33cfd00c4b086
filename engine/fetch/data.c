#include "fetch/data.h"

#include "base/check.h"
#include "fetch/seats.h"
#include "fetch/stir.h"

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

/* Packets of the place that show what size its path carries. */
static uint32_t proofs(const struct pen_place *place)
{
	return place->recv.got - place->recv.filled;
}

/* Payloads go to their place. True if more follows from it than that they are here. */
static bool put(struct pen_client *client, struct pen_server *server, struct pen_place *place,
	const struct pen_run *run, int64_t now_ns)
{
	bool tried = pen_run_data(run, 0)->slot != place->slot;
	bool first = !tried && place->recv.reach == 0, sized = place->bytes > 0;
	bool proved = proofs(place) >= PEN_SIZES_PROOF;
	uint32_t before = pen_server_packets(place);
	enum pen_place_came came = pen_place_put(place, run, now_ns);
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
	uint32_t payload = pen_run_bytes(run) - PEN_WIRE_HEAD_BYTES;
	client->counters.placed += run->count;
	client->counters.placed_bytes += (uint64_t)run->count * payload;
	bool proof = !tried && !proved && proofs(place) >= PEN_SIZES_PROOF;
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

/* When a gap of the place is to be asked for, as far as these packets made it. */
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

/* The session that a slot's number names, if it may send DATA; PEN_HAUL_PEERS if there is none. */
static unsigned sender_of(const struct pen_client *client, uint32_t slot)
{
	unsigned s = pen_seat_server(client, slot);
	if (s == PEN_HAUL_PEERS)
		return s;
	const struct pen_server *server = &client->server[s];
	bool ready = server->state == PEN_SERVER_READY || server->state == PEN_SERVER_SILENT;
	return ready && server->visit.state == PEN_VISIT_OPEN ? s : PEN_HAUL_PEERS;
}

/* How many of these packets, the first of which is unharmed, are a run for the place. */
static uint32_t run_of(const struct pen_server *server, const struct pen_place *place,
	const struct pen_slice *slices, uint32_t count)
{
	struct pen_run run = {slices, 1};
	const struct pen_wire_data *first = pen_run_data(&run, 0);
	uint64_t granted = count > 1 ? pen_stream_fresh(&server->stream, first) : 0;
	uint64_t most = granted > 1 ? pen_place_fresh(place, first, slices->bytes) : 0;
	most = most < granted ? most : granted;
	most = most < count ? most : count;
	while (run.count < most && pen_run_goes_on(&run) &&
		pen_slice_sum_fits(&slices[run.count]) &&
		pen_channel_unharmed(&server->visit.channel, (const void *)slices[run.count].head))
		run.count++;
	return run.count;
}

/* Packets of a session whose checks are good, for a place if they have one. */
static void take(struct pen_client *client, unsigned s, uint32_t seat, const struct pen_run *run,
	int64_t now_ns)
{
	struct pen_server *server = &client->server[s];
	const struct pen_wire_data *data = pen_run_data(run, 0);
	uint64_t spurious = server->stream.seqs.loss.spurious;
	client->counters.packets += run->count;
	if (pen_stream_data(&server->stream, run, now_ns) == PEN_STREAM_REFUSED) {
		client->counters.strays++;
		return;
	}
	/* A round trip was measured; or gaps may last longer now; or, without a share, this may be
	 * the last that is waited for. */
	bool more = data->flags & PEN_WIRE_DATA_ECHO || server->share == 0 ||
		server->stream.seqs.loss.spurious != spurious;
	more |= revive(client, s, now_ns);
	if (seat == PEN_SEAT_NONE) {
		client->counters.strays++;
		pen_server_shut(server, data->slot, data->nonce, now_ns);
		pen_stir_server(client, s);
		return;
	}
	struct pen_place *place = &client->place[seat];
	place->losses = server->stream.losses;
	more |= put(client, server, place, run, now_ns);
	note_gap(server, place, now_ns);
	if (more)
		pen_stir_server(client, s);
	else
		pen_stir_came(client, s);
}

uint32_t pen_data_hear(
	struct pen_client *client, const struct pen_slice *slices, uint32_t count, int64_t now_ns)
{
	struct pen_run run = {slices, 1};
	const struct pen_wire_data *data = pen_run_data(&run, 0);
	PEN_CHECK(count > 0);
	unsigned s = sender_of(client, data->slot);
	if (s == PEN_HAUL_PEERS) {
		client->counters.strays++;
		return 1;
	}
	struct pen_server *server = &client->server[s];
	if (!pen_channel_unharmed(&server->visit.channel, data)) {
		server->harmed++;
		client->counters.harmed++;
		return 1;
	}
	uint32_t seat = pen_seat_find(client, data->slot);
	if (seat != PEN_SEAT_NONE)
		run.count = run_of(server, &client->place[seat], slices, count);
	take(client, s, seat, &run, now_ns);
	return run.count;
}
