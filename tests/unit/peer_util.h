/*
 * peer_util: a client and a server without a net between them: what one answers is handed to the
 * other by the test, or not.
 */
#ifndef PEN_UNIT_PEER_UTIL_H
#define PEN_UNIT_PEER_UTIL_H

#include <criterion/criterion.h>

#include "base/check.h"
#include "peer/greet.h"
#include "peer/visit.h"
#include "wire/decode.h"

#define MS INT64_C(1000000)
#define SECOND (1000 * MS)

/* 10.1.0.`host`, from which port 999 talks to our 7070. */
static inline struct pen_net_path path_from(uint8_t host)
{
	return (struct pen_net_path){
		.local = {[10] = 0xff, [11] = 0xff, [12] = 10, [13] = 9, [15] = 1},
		.remote = {[10] = 0xff, [11] = 0xff, [12] = 10, [13] = 1, [15] = host},
		.local_port = 7070,
		.remote_port = 999};
}

/* What was answered, as it comes out at the other end; `answer` and `path` must stay. */
static inline struct pen_packet packet_of(
	const struct pen_answer *answer, const struct pen_net_path *path)
{
	const uint8_t *at = (const uint8_t *)&answer->packet;
	cr_assert_geq(answer->bytes, PEN_WIRE_HEAD_BYTES);
	const struct pen_wire_head *head = pen_wire_head_decode(
		(struct pen_bytes){at, PEN_WIRE_HEAD_BYTES}, answer->bytes);
	cr_assert_not_null(head);
	return (struct pen_packet){head, {answer->packet.body, head->body_bytes}, path};
}

struct duo {
	struct pen_greeter greeter;
	struct pen_session session; /* of number `number`, if that is not 0 */
	uint64_t number;
	struct pen_visit visit;
	struct pen_draw draw; /* the client's */
	struct pen_net_path path; /* where the client is, as the server sees it */
	int64_t now_ns;
};

static inline void duo_server(struct duo *duo, uint8_t seed)
{
	struct pen_greet_config config = {.size = PEN_WIRE_SIZE_3328,
		.sum_absent_ok = true,
		.slots = PEN_WIRE_SLOTS_MAX,
		.idle_s = 30,
		.reset_key = {5}};
	uint8_t own[32] = {1}, bytes[32] = {seed};
	pen_identity_init(&config.identity, own);
	pen_greeter_init(&duo->greeter, &config, bytes, duo->now_ns);
	duo->number = 0;
}

/* A server, and a client that begins to call. */
static inline void duo_init(struct duo *duo)
{
	memset(duo, 0, sizeof *duo);
	duo->path = path_from(7);
	duo->now_ns = 1000 * SECOND;
	duo_server(duo, 3);
	struct pen_visit_config config = {.size = PEN_WIRE_SIZE_8192, .tries = 4};
	uint8_t own[32] = {2}, seed[32] = {4};
	pen_identity_init(&config.identity, own);
	pen_draw_init(&duo->draw, seed);
	pen_visit_init(&duo->visit, &config, &duo->draw, duo->now_ns);
}

/* The server hears a HELLO; *back is its answer, of WELCOME too. */
static inline enum pen_greet_heard duo_greet(
	struct duo *duo, const struct pen_answer *hello, struct pen_answer *back)
{
	uint64_t again = 0;
	struct pen_packet packet = packet_of(hello, &duo->path);
	enum pen_greet_heard heard = pen_greeter_hear(
		&duo->greeter, &packet, duo->now_ns, &again, back);
	if (heard == PEN_GREET_NEW) {
		duo->number = pen_session_number(3, 17, &duo->greeter.draw);
		cr_assert(pen_greeter_welcome(
			&duo->greeter, &packet, duo->number, duo->now_ns, &duo->session, back));
	} else if (heard == PEN_GREET_AGAIN) {
		cr_assert_eq(again, duo->number);
		pen_greeter_again(&duo->greeter, &packet, again, back);
	}
	return heard;
}

/* The client hears what the server sent. */
static inline enum pen_visit_heard duo_visit(
	struct duo *duo, const struct pen_answer *came, struct pen_answer *back)
{
	struct pen_packet packet = packet_of(came, &duo->path);
	return pen_visit_hear(&duo->visit, &packet, &duo->draw, duo->now_ns, back);
}

/* The server's session hears what the client sent, from `path`. */
static inline enum pen_session_heard duo_session(struct duo *duo, const struct pen_answer *came,
	const struct pen_net_path *path, struct pen_answer *back)
{
	struct pen_packet packet = packet_of(came, path);
	return pen_session_hear(&duo->session, &packet, &duo->greeter.draw, duo->now_ns, back);
}

/* A whole handshake, two round trips of 10 ms. Returns what the client made of WELCOME. */
static inline enum pen_visit_heard duo_shake(struct duo *duo)
{
	struct pen_answer there, back;
	pen_visit_poll(&duo->visit, duo->now_ns, &there);
	duo->now_ns += 10 * MS;
	cr_assert_eq(duo_greet(duo, &there, &back), PEN_GREET_ANSWER);
	cr_assert_eq(duo_visit(duo, &back, &there), PEN_VISIT_ANSWER);
	duo->now_ns += 10 * MS;
	cr_assert_eq(duo_greet(duo, &there, &back), PEN_GREET_NEW);
	return duo_visit(duo, &back, &there);
}

/* A PULL of the client, sealed. */
static inline void duo_pull(struct duo *duo, struct pen_answer *out)
{
	struct pen_wire_pull pull = {.grant = 5, .lease_ms = 9};
	struct pen_wire_pull_parts parts = {0};
	size_t len = pen_wire_pull_encode(&pull, &parts, out->packet.body);
	out->bytes = pen_channel_seal(&duo->visit.channel, PEN_WIRE_PULL, &out->packet, len);
}

#endif
