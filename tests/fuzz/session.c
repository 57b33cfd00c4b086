/*
 * A whole session: a live client and a live server (pair.h), and a path between them that is the
 * input: packet by packet it says what happens to what flies, in both directions. It loses,
 * doubles, delays, replays, harms, cuts, reflects, says that they come from elsewhere, moves the
 * client, puts in whatever it likes; and, with the session's own keys, says anything at all in the
 * name of either side, DATA too: so every handler is met by bodies that are hostile and pass for
 * authentic. When the input ends the path is good, and what was asked for comes, or the client can
 * say why not.
 */
#include "fuzz.h"

#include <stdlib.h>

#include "fakes/still.h"
#include "pair_object.h"
#include "path.h"

/* The longest in which a transfer on a good path is over, or known to be stuck: BUSY is believed
 * for a minute, and parts that failed rest for another; each may happen anew. */
#define OVER_NS INT64_C(600000000000)
/* Of the longest run, many times over: who turns more often turns in circles. */
#define STEPS_MAX 200000u
#define STEP_NS 2000
#define IDLE_NS INT64_C(1000000000)

static void reach_server(struct pair *pair, struct pair_packet packet)
{
	struct pair_address *address = pair_address(pair, packet.path.remote);
	address->sent += packet.bytes + PEN_WIRE_OVERHEAD_V4;
	address->proved |= address->delivered;
	pair->come[pair->coming++] = packet;
}

/* What reaches the client at a time: side by side, as a device hands it on. */
struct burst {
	struct pen_slice slices[PEN_NET_BURST_MAX];
	struct pair_packet heads[PEN_NET_BURST_MAX], tails[PEN_NET_BURST_MAX];
	unsigned count;
};

static void reach_client(struct pair *pair, struct burst *burst, struct pair_packet packet)
{
	/* Its halves lie where they may: the second in memory of its own, so that reading on
	 * from the first is seen. */
	uint32_t first = packet.bytes < PEN_SLICE_HEAD_BYTES ? packet.bytes : PEN_SLICE_HEAD_BYTES;
	struct pair_packet tail = pair_packet(packet.at + first, packet.bytes - first, false, 0);
	burst->slices[burst->count] = (struct pen_slice){.head = packet.at,
		.tail = tail.at,
		.bytes = (uint16_t)packet.bytes,
		.flags = PEN_SLICE_SUM_GOOD,
		.path = packet.path};
	burst->heads[burst->count] = packet;
	burst->tails[burst->count++] = tail;
	pair_address(pair, packet.path.local)->delivered = true;
}

static void hear(struct pair *pair, struct burst *burst)
{
	pen_client_hear(pair->client, burst->slices, burst->count, pair->now_ns);
	for (unsigned i = 0; i < burst->count; i++) {
		free(burst->heads[i].at);
		free(burst->tails[i].at);
	}
}

static void arrive(struct pair *pair)
{
	static struct burst burst;
	unsigned count = 0;
	burst.count = 0;
	while (count < pair->flying && pair->packet[count].at_ns <= pair->now_ns &&
		pair->coming < PEN_NET_BURST_MAX && burst.count < PEN_NET_BURST_MAX) {
		struct pair_packet packet = pair->packet[count++];
		if (packet.to_server)
			reach_server(pair, packet);
		else
			reach_client(pair, &burst, packet);
	}
	pair->flying -= count;
	memmove(pair->packet, pair->packet + count, pair->flying * sizeof pair->packet[0]);
	hear(pair, &burst);
}

static void turn_client(struct pair *pair)
{
	struct pen_client_piece piece;
	bool some = false;
	pen_client_turn(pair->client, pair->now_ns);
	still_check(pair->client, pair->now_ns);
	while (pen_client_next(pair->client, &piece, pair->now_ns)) {
		pair_take(pair, &piece);
		pen_block_put(piece.block);
		some = true;
	}
	if (some)
		pen_client_turn(pair->client, pair->now_ns);
	pen_post_flush(&pair->client->post, &pair->client_net, 0, pair->now_ns);
	PEN_CHECK(pair->client->post.waiting == 0);
	if (pair->client->counters.placed != pair->placed)
		pair->placed_ns = pair->now_ns;
	pair->placed = pair->client->counters.placed;
}

/* Time goes on to what is due next, and all of that happens. False when the client is done. */
static bool step(struct pair *pair)
{
	int64_t due_ns = pen_client_due_ns(pair->client, pair->now_ns);
	if (pair->flying && pair->packet[0].at_ns < due_ns)
		due_ns = pair->packet[0].at_ns;
	if (pair->serve_due_ns < due_ns)
		due_ns = pair->serve_due_ns;
	pair->now_ns += STEP_NS;
	/* Nothing is due any more? Whoever waits looks up now and then. */
	if (due_ns == INT64_MAX)
		due_ns = pair->now_ns + IDLE_NS;
	if (due_ns > pair->now_ns)
		pair->now_ns = due_ns;
	arrive(pair);
	pair->serve_due_ns = pen_serve_poll(&pair->serve, pair->now_ns);
	turn_client(pair);
	PEN_CHECK(++pair->steps < STEPS_MAX);
	PEN_CHECK(pair->serve.guests.open <= PAIR_GUESTS);
	if (!pen_client_done(pair->client))
		return true;
	PEN_CHECK(pair->proved == 3);
	return false;
}

/* Why nothing comes any more; PEN_STUCK_NOT while something may. */
static enum pen_stuck_reason stuck(const struct pair *pair)
{
	struct pen_stuck out;
	if (pair->now_ns - pair->placed_ns < PEN_CLIENT_STALL_NS)
		return PEN_STUCK_NOT;
	pen_stuck_look(pair->client, pair->now_ns, &out);
	return out.reason;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct pair pair;
	struct path path = {.input = {data + (len > 0), len - (len > 0)}};
	bool raw = len && data[0] & 1, more = true;
	pair_open(&pair, raw, path_meet, &path);
	int64_t end_ns = pair.now_ns + OVER_NS;
	while (more && path.input.len && stuck(&pair) == PEN_STUCK_NOT && pair.now_ns < end_ns)
		more = step(&pair);
	path_calm(&pair, &path);
	end_ns = pair.now_ns + OVER_NS;
	pair.placed_ns = pair.now_ns;
	while (more && stuck(&pair) == PEN_STUCK_NOT) {
		PEN_CHECK(pair.now_ns < end_ns);
		more = step(&pair);
	}
	pair_close(&pair);
	path_fini(&path);
	return 0;
}
