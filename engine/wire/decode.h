/*
 * decode: from bytes that came to the messages of wire.h, or to nothing.
 *
 * A decoder looks at the length first, then at everything that wire.h says of the message: ranges,
 * counts, zeros. What it returns lies in the bytes it was given and lives as long; NULL means that
 * they are no such message, which is the peer's doing: count and drop. No state, no allocation, any
 * thread. Tags and checks are not looked at here: peer/channel.h does that first.
 *
 * A packet may come in two pieces (mem/frame.h): its first 32 bytes, and the body, whole.
 */
#ifndef PEN_WIRE_DECODE_H
#define PEN_WIRE_DECODE_H

#include <stdbool.h>

#include "wire/wire.h"

/* A PULL with what stands behind it. */
struct pen_wire_pulled {
	const struct pen_wire_pull *pull;
	const uint8_t *proof; /* bitmap of 8 * pull->proof_words bytes */
	const struct pen_wire_missing *missing[PEN_WIRE_SLOTS_MAX]; /* pull->missing_count of them,
								       each of another slot */
};

/*
 * The header of a packet of `packet_bytes` in all: its first 32 bytes, if it is none of DATA and
 * says its length rightly. The type is any; version is looked at for HELLO by its decoder, else by
 * the session.
 */
const struct pen_wire_head *pen_wire_head_decode(struct pen_bytes head, size_t packet_bytes);

/* The header of a DATA packet, likewise. Its check is peer/channel.h's, its length the slot's. */
const struct pen_wire_data *pen_wire_data_decode(struct pen_bytes head, size_t packet_bytes);

/* Bodies, by type. Those that are given the header too look at what it says in theirs. */
const struct pen_wire_hello *pen_wire_hello_decode(struct pen_bytes body);
const struct pen_wire_cookie *pen_wire_cookie_decode(struct pen_bytes body);
const struct pen_wire_welcome *pen_wire_welcome_decode(struct pen_bytes body);
const struct pen_wire_busy *pen_wire_busy_decode(struct pen_bytes body);
const struct pen_wire_close *pen_wire_close_decode(struct pen_bytes body); /* and CLOSED */
const struct pen_wire_path *pen_wire_path_decode(struct pen_bytes body); /* challenge, response */
const struct pen_wire_list *pen_wire_list_decode(struct pen_bytes body);
const struct pen_wire_listed *pen_wire_listed_decode(struct pen_bytes body);
const struct pen_wire_window *pen_wire_want_decode(struct pen_bytes body);
const struct pen_wire_window *pen_wire_have_decode(struct pen_bytes body);
const struct pen_wire_catalog *pen_wire_catalog_decode(struct pen_bytes body);
const struct pen_wire_catalog *pen_wire_entries_decode(struct pen_bytes body);
const struct pen_wire_open *pen_wire_open_decode(struct pen_bytes body);
const struct pen_wire_opened *pen_wire_opened_decode(struct pen_bytes body);
const struct pen_wire_object *pen_wire_attest_decode(struct pen_bytes body);
const struct pen_wire_attested *pen_wire_attested_decode(struct pen_bytes body);

/* The same of a PULL; false if it is none, and *out is then not to be looked at. */
bool pen_wire_pull_decode(struct pen_bytes body, struct pen_wire_pulled *out);

/* True if a HELLO carries no cookie yet. */
bool pen_wire_cookie_absent(const struct pen_wire_cookie *cookie);

#endif
