/*
 * cookie: proves that a stranger receives what is sent to its address, without a byte of memory for
 * it: a MAC over address, time and its HELLO, under a secret that is replaced while it is in use.
 *
 * A cookie is good for PEN_WIRE_COOKIE_S, from the same address and port, for the same client
 * number and X25519 key; so it opens one session, and who repeats it repeats that. The secret lives
 * PEN_COOKIE_TURN_NS, and as long again beside its successor. One thread; time and randomness are
 * arguments.
 */
#ifndef PEN_PEER_COOKIE_H
#define PEN_PEER_COOKIE_H

#include "base/draw.h"
#include "base/mac.h"
#include "peer/packet.h"

/* A secret guards so much: longer than a cookie's life, short enough to be worth no attack. */
#define PEN_COOKIE_TURN_NS INT64_C(60000000000)

struct pen_cookies {
	struct pen_mac_key secret[2]; /* the newer first */
	int64_t turned_ns; /* when the newer was drawn */
};

/* Draw the first secrets. */
void pen_cookies_init(struct pen_cookies *cookies, struct pen_draw *draw, int64_t now_ns);

/* Replace the secret if it is time; call before the others, as often as you like. */
void pen_cookies_turn(struct pen_cookies *cookies, struct pen_draw *draw, int64_t now_ns);

/* The cookie for a HELLO from `path`. */
void pen_cookies_make(const struct pen_cookies *cookies, const struct pen_net_path *path,
	const struct pen_wire_hello *hello, int64_t now_ns, struct pen_wire_cookie *out);

/* Whether the cookie in a HELLO from `path` is ours, for it, and not too old. */
bool pen_cookies_fits(const struct pen_cookies *cookies, const struct pen_net_path *path,
	const struct pen_wire_hello *hello, int64_t now_ns);

#endif
