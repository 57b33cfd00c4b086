#include "fetch/server.h"

#include <limits.h>
#include <string.h>

#include "base/check.h"

void pen_server_begin(struct pen_server_question *question, int64_t now_ns)
{
	if (!question->open)
		*question = (struct pen_server_question){.open = true, .next_ns = now_ns};
}

bool pen_server_ask(struct pen_server_question *question, int64_t timeout_ns, int64_t now_ns)
{
	PEN_CHECK(timeout_ns > 0);
	if (!question->open || now_ns < question->next_ns)
		return false;
	unsigned doublings = question->times < 10 ? question->times : 10;
	int64_t wait = timeout_ns << doublings;
	if (wait > PEN_RTT_TIMEOUT_NS_MAX)
		wait = PEN_RTT_TIMEOUT_NS_MAX;
	question->next_ns = now_ns + wait;
	question->times++;
	return true;
}

void pen_server_opened(struct pen_server *server, const struct pen_rate_config *rate,
	enum pen_wire_size most, int64_t now_ns)
{
	struct pen_rtt rtt;
	pen_rtt_init(&rtt, PEN_RTT_GUESS_NS, now_ns);
	if (server->visit.rtt_ns)
		pen_rtt_sample(&rtt, server->visit.rtt_ns, now_ns);
	pen_stream_init(&server->stream, &rtt, rate, now_ns);
	pen_sizes_begin(&server->sizes, most);
	server->state = PEN_SERVER_READY;
	server->silences = 0;
	server->heard_ns = now_ns;
	server->busy_ns = now_ns;
	server->refusals = 0;
	server->opens = (struct pen_server_question){0};
	server->catalog = (struct pen_server_question){0};
	server->closes = 0;
	server->garbled = false;
	memset(server->window, 0, sizeof server->window);
	memset(server->news_ns, 0, sizeof server->news_ns);
}

void pen_server_heard(struct pen_server *server, bool data, int64_t now_ns)
{
	server->heard_ns = now_ns;
	if (!data && server->places > 0)
		return;
	server->silences = 0;
	if (server->state == PEN_SERVER_SILENT)
		server->state = PEN_SERVER_READY;
}

void pen_server_place(struct pen_server *server, unsigned place)
{
	PEN_CHECK(server->places < PEN_WIRE_SLOTS_MAX);
	PEN_CHECK(place <= UINT8_MAX);
	server->place[server->places++] = (uint8_t)place;
}

void pen_server_turn(const struct pen_server *server, struct pen_place *places, int64_t now_ns)
{
	struct pen_place *oldest = server->places ? &places[server->place[0]] : NULL;
	if (!oldest || oldest->state != PEN_PLACE_OPENED || !pen_place_all_tried(oldest))
		return;
	if (oldest->trial.due_ns == INT64_MAX)
		oldest->trial.due_ns = now_ns + pen_rtt_timeout_ns(&server->stream.rtt);
}

void pen_server_displace(
	struct pen_server *server, struct pen_place *places, unsigned place, int64_t now_ns)
{
	unsigned i = 0;
	while (i < server->places && server->place[i] != place)
		i++;
	PEN_CHECK(i < server->places);
	server->places--;
	memmove(&server->place[i], &server->place[i + 1], server->places - i);
	struct pen_place *oldest = server->places ? &places[server->place[0]] : NULL;
	pen_server_turn(server, places, now_ns);
	if (!oldest || oldest->recv.reach > 0)
		return;
	oldest->recv.last_ns = now_ns;
	oldest->losses = server->stream.losses;
}

void pen_server_shut(struct pen_server *server, uint32_t slot, uint64_t nonce, int64_t now_ns)
{
	for (unsigned i = 0; i < server->closes; i++) {
		if (server->close[i].slot == slot)
			return;
	}
	/* The oldest is dropped: the server will send of it, and be told then. */
	if (server->closes == PEN_SERVER_CLOSES_MAX)
		pen_server_shut_done(server, server->close[0].slot);
	struct pen_server_close *close = &server->close[server->closes++];
	*close = (struct pen_server_close){.slot = slot, .nonce = nonce};
	pen_server_begin(&close->question, now_ns);
}

void pen_server_shut_done(struct pen_server *server, uint32_t slot)
{
	for (unsigned i = 0; i < server->closes; i++) {
		if (server->close[i].slot != slot)
			continue;
		server->closes--;
		memmove(&server->close[i], &server->close[i + 1],
			(server->closes - i) * sizeof server->close[0]);
		return;
	}
}

/* Is it this place's turn, or was it, as far as is known: something came of it or of a later one,
 * or it is the oldest? Servers send their slots one after another. */
static bool has_turn(const struct pen_server *server, const struct pen_place *places, unsigned i)
{
	const struct pen_place *place = &places[server->place[i]];
	return place->state == PEN_PLACE_OPENED &&
		(i == 0 || place->recv.reach > 0 || place->recv.passed);
}

void pen_server_pass(
	const struct pen_server *server, struct pen_place *places, unsigned place, int64_t now_ns)
{
	for (unsigned i = 0; i < server->places && server->place[i] != place; i++)
		pen_recv_pass(&places[server->place[i]].recv, now_ns);
}

/* How to judge a place's gaps. Its end may have been sent and lost if it is the oldest, and losses
 * were seen since something of it came. */
static bool has_tail(const struct pen_server *server, const struct pen_place *places, unsigned i)
{
	const struct pen_place *oldest = &places[server->place[0]];
	/* A first silence may be none: then only a little is asked for in vain. */
	bool sure = server->stream.rtt.doublings > 0 ||
		pen_place_left(oldest) <= PEN_SERVER_TAIL_PACKETS;
	return i == 0 && sure && server->stream.losses > oldest->losses;
}

struct pen_stream_want pen_server_want(
	const struct pen_server *server, const struct pen_place *places, int64_t now_ns)
{
	struct pen_stream_want want = {.share = server->share, .repair_ns = INT64_MAX};
	struct pen_recv_view view = pen_stream_view(&server->stream, now_ns);
	want.packet_bytes = PEN_WIRE_HEAD_BYTES + pen_wire_size_bytes(server->sizes.proven);
	for (unsigned i = 0; i < server->places; i++) {
		const struct pen_place *place = &places[server->place[i]];
		want.packets += pen_server_packets(place);
		uint32_t bytes = PEN_WIRE_HEAD_BYTES + pen_wire_size_bytes(place->size);
		want.packet_bytes = bytes > want.packet_bytes ? bytes : want.packet_bytes;
		if (!has_turn(server, places, i))
			continue;
		view.tail = has_tail(server, places, i);
		int64_t due = pen_recv_due_ns(&place->recv, &view);
		want.repair_ns = due < want.repair_ns ? due : want.repair_ns;
	}
	return want;
}

unsigned pen_server_gaps(const struct pen_server *server, struct pen_place *places, int64_t now_ns,
	struct pen_wire_gap *gaps, uint64_t (*bits)[PEN_RECV_WORDS], unsigned max)
{
	unsigned count = 0;
	struct pen_recv_view view = pen_stream_view(&server->stream, now_ns);
	for (unsigned i = 0; i < server->places && count < max; i++) {
		struct pen_place *place = &places[server->place[i]];
		view.tail = has_tail(server, places, i);
		if (!has_turn(server, places, i) ||
			pen_recv_missing(&place->recv, &view, bits[count]) == 0)
			continue;
		pen_recv_asked(&place->recv, bits[count], now_ns);
		gaps[count] = (struct pen_wire_gap){.slot = place->slot,
			.words = PEN_RECV_WORDS,
			.bits = (const uint8_t *)bits[count]};
		count++;
	}
	return count;
}

unsigned pen_server_tried(
	const struct pen_server *server, const struct pen_place *places, int64_t now_ns)
{
	for (unsigned i = 0; server->sizes.trying && i < server->places; i++) {
		const struct pen_place_trial *trial = &places[server->place[i]].trial;
		if (trial->packets && trial->due_ns <= now_ns)
			return server->place[i];
	}
	return UINT_MAX;
}

int64_t pen_server_tried_ns(const struct pen_server *server, const struct pen_place *places)
{
	int64_t due = INT64_MAX;
	for (unsigned i = 0; server->sizes.trying && i < server->places; i++) {
		const struct pen_place_trial *trial = &places[server->place[i]].trial;
		if (trial->packets && trial->due_ns < due)
			due = trial->due_ns;
	}
	return due;
}

/* How long a place whose turn it is may get nothing: timeouts as they were before they doubled,
 * which they do because of such a place. */
static int64_t stuck_wait_ns(const struct pen_server *server)
{
	struct pen_rtt rtt = server->stream.rtt;
	rtt.doublings = 0;
	int64_t once = pen_rtt_timeout_ns(&rtt) + 2 * server->stream.run_ns;
	int64_t wait = PEN_SERVER_STUCK_TIMEOUTS * once;
	if (wait > PEN_SERVER_STUCK_NS_MAX)
		wait = once > PEN_SERVER_STUCK_NS_MAX ? once : PEN_SERVER_STUCK_NS_MAX;
	return wait > PEN_SERVER_STUCK_NS_MIN ? wait : PEN_SERVER_STUCK_NS_MIN;
}

/* The place that would be stuck first: its index in server->place, or server->places. */
static unsigned first_stuck(const struct pen_server *server, const struct pen_place *places)
{
	unsigned first = server->places;
	for (unsigned i = 0; i < server->places; i++) {
		const struct pen_place *place = &places[server->place[i]];
		/* Of one that was passed by, all may have been lost with its few packets. */
		bool passed_by = i > 0 && place->recv.reach == 0;
		if (!has_turn(server, places, i) || passed_by || place->size == PEN_WIRE_SIZE_1200)
			continue;
		if (first == server->places ||
			place->recv.last_ns < places[server->place[first]].recv.last_ns)
			first = i;
	}
	return first;
}

int64_t pen_server_stuck_ns(const struct pen_server *server, const struct pen_place *places)
{
	unsigned first = first_stuck(server, places);
	if (first == server->places)
		return INT64_MAX;
	return places[server->place[first]].recv.last_ns + stuck_wait_ns(server);
}

unsigned pen_server_stuck(
	const struct pen_server *server, const struct pen_place *places, int64_t now_ns)
{
	return pen_server_stuck_ns(server, places) <= now_ns
		? server->place[first_stuck(server, places)]
		: UINT_MAX;
}
