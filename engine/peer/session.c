#include "peer/session.h"

#include "base/check.h"
#include "wire/decode.h"

#define SECOND_NS INT64_C(1000000000)

/* The packet is the client's: it is there. */
static void note(struct pen_session *session, const struct pen_packet *packet, int64_t now_ns)
{
	pen_channel_take(&session->channel, packet->head);
	session->confirmed = true;
	session->heard_ns = now_ns;
}

static enum pen_session_heard hear_response(
	struct pen_session *session, const struct pen_packet *packet, int64_t now_ns)
{
	const struct pen_wire_path *path = pen_wire_path_decode(packet->body);
	if (!path || !pen_route_answered(&session->route, packet->path, path, now_ns))
		return PEN_SESSION_DROP;
	note(session, packet, now_ns);
	return PEN_SESSION_MOVED;
}

/* From wherever it comes: it was tagged by the client, and nothing is sent in return. */
static enum pen_session_heard hear_close(
	struct pen_session *session, const struct pen_packet *packet, int64_t now_ns)
{
	if (!pen_wire_close_decode(packet->body))
		return PEN_SESSION_DROP;
	note(session, packet, now_ns);
	return PEN_SESSION_CLOSED;
}

static void challenge(struct pen_session *session, struct pen_answer *answer)
{
	struct pen_wire_path *path = (void *)answer->packet.body;
	memcpy(path->challenge, session->route.challenge, sizeof path->challenge);
	answer->bytes = pen_channel_seal(
		&session->channel, PEN_WIRE_PATH_CHALLENGE, &answer->packet, sizeof *path);
}

/* The rest is for whoever holds the session, if it comes from where the client lives. What comes
 * from elsewhere is not taken: it would use the counter of the real one up. */
static enum pen_session_heard hear_other(struct pen_session *session,
	const struct pen_packet *packet, struct pen_draw *draw, int64_t now_ns,
	struct pen_answer *answer)
{
	switch (pen_route_heard(&session->route, packet->path, draw, now_ns)) {
	case PEN_ROUTE_HOME: note(session, packet, now_ns); return PEN_SESSION_TAKE;
	case PEN_ROUTE_CHALLENGE: challenge(session, answer); return PEN_SESSION_ANSWER;
	default: return PEN_SESSION_DROP;
	}
}

enum pen_session_heard pen_session_hear(struct pen_session *session,
	const struct pen_packet *packet, struct pen_draw *draw, int64_t now_ns,
	struct pen_answer *answer)
{
	uint8_t type = packet->head->type;
	PEN_CHECK(packet->body.len == packet->head->body_bytes);
	PEN_CHECK(session->idle_s > 0);
	answer->bytes = 0;
	if (type <= PEN_WIRE_HELLO || type > PEN_WIRE_CLOSE ||
		pen_channel_check(&session->channel, packet->head, packet->body) !=
			PEN_CHANNEL_FINE)
		return PEN_SESSION_DROP;
	if (type == PEN_WIRE_PATH_RESPONSE)
		return hear_response(session, packet, now_ns);
	if (type == PEN_WIRE_CLOSE)
		return hear_close(session, packet, now_ns);
	return hear_other(session, packet, draw, now_ns, answer);
}

int64_t pen_session_due_ns(const struct pen_session *session)
{
	if (!session->confirmed)
		return session->heard_ns + PEN_SESSION_UNUSED_NS;
	return session->heard_ns + session->idle_s * SECOND_NS;
}

void pen_session_close(
	struct pen_session *session, enum pen_wire_close_reason reason, struct pen_answer *answer)
{
	struct pen_wire_close close = {.reason = reason};
	memcpy(answer->packet.body, &close, sizeof close);
	answer->bytes = pen_channel_seal(
		&session->channel, PEN_WIRE_CLOSED, &answer->packet, sizeof close);
}

uint64_t pen_session_number(unsigned core, uint32_t index, struct pen_draw *draw)
{
	PEN_CHECK(core < 1u << PEN_SESSION_CORE_BITS);
	PEN_CHECK(index < 1u << PEN_SESSION_INDEX_BITS);
	const unsigned rest = 64 - PEN_SESSION_CORE_BITS - PEN_SESSION_INDEX_BITS;
	uint64_t random = 0;
	while (!random)
		random = pen_draw_number(draw) >> (64 - rest);
	return (uint64_t)core << (64 - PEN_SESSION_CORE_BITS) | random << PEN_SESSION_INDEX_BITS |
		index;
}
