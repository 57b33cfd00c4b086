/*
 * greet: the server's side of opening sessions, for one core (wire/wire.h, OPENING A SESSION).
 *
 * A HELLO without a good cookie is answered with one and forgotten. One with a good cookie is
 * admitted within the limits of peer/limit.h; its signature is checked; then the caller finds a
 * place for the session and has WELCOME written. The same HELLO again gives the number of the
 * session that it opened, for the same WELCOME. All secrets but identity and reset key are drawn
 * here and end with the process. The caller has dropped what is not pen_route_sane. Fixed memory,
 * about 220 KiB; one thread.
 */
#ifndef PEN_PEER_GREET_H
#define PEN_PEER_GREET_H

#include "peer/agree.h"
#include "peer/cookie.h"
#include "peer/limit.h"
#include "peer/recent.h"
#include "peer/reset.h"
#include "peer/session.h"

struct pen_greet_config {
	struct pen_identity identity; /* who we are */
	uint8_t reset_key[32]; /* kept in the store */
	uint8_t size; /* largest enum pen_wire_size that is sent */
	bool sum_absent_ok; /* packets without a UDP checksum reach us */
	uint8_t slots; /* of one session: 1 to PEN_WIRE_SLOTS_MAX */
	uint16_t idle_s; /* 1 to PEN_WIRE_IDLE_S_MAX */
};

struct pen_greeter {
	struct pen_greet_config config;
	struct pen_draw draw; /* also for whoever holds the sessions */
	struct pen_cookies cookies;
	struct pen_limit limit;
	struct pen_recent recent;
	struct pen_resets resets;
	struct pen_mac_key secret; /* X25519 keys of sessions come from it, so that WELCOME is the
				      same again */
	uint64_t hellos; /* that came, ever */
	uint64_t cookies_sent, welcomes_sent, busies_sent, unsigned_dropped;
};

enum pen_greet_heard {
	PEN_GREET_DROP, /* nothing to do */
	PEN_GREET_ANSWER, /* send *answer back: COOKIE or BUSY */
	PEN_GREET_NEW, /* find a place, then pen_greeter_welcome; or pen_greeter_busy */
	PEN_GREET_AGAIN, /* pen_greeter_again for *session, if it is still there; else drop */
};

/* `seed`: 32 random bytes. */
void pen_greeter_init(struct pen_greeter *greeter, const struct pen_greet_config *config,
	const uint8_t seed[PEN_DRAW_SEED_BYTES], int64_t now_ns);

/* A HELLO came. *session is written for PEN_GREET_AGAIN. */
enum pen_greet_heard pen_greeter_hear(struct pen_greeter *greeter, const struct pen_packet *packet,
	int64_t now_ns, uint64_t *session, struct pen_answer *answer);

/* After PEN_GREET_NEW, for the same packet: make the session with this number
 * (pen_session_number), and its WELCOME. False: drop it and keep the place. */
bool pen_greeter_welcome(struct pen_greeter *greeter, const struct pen_packet *packet,
	uint64_t number, int64_t now_ns, struct pen_session *session, struct pen_answer *answer);

/* After PEN_GREET_AGAIN, for the same packet: the WELCOME of that session once more. */
void pen_greeter_again(struct pen_greeter *greeter, const struct pen_packet *packet,
	uint64_t number, struct pen_answer *answer);

/* After PEN_GREET_NEW, instead: no place is left. */
void pen_greeter_busy(struct pen_greeter *greeter, const struct pen_packet *packet,
	const struct pen_wire_busy *busy, struct pen_answer *answer);

#endif
