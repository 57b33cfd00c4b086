/*
 * agree: what both sides of a handshake compute: the two signatures, and from transcript and
 * secret the keys of the session (wire/wire.h, OPENING A SESSION). Pure; any thread.
 */
#ifndef PEN_PEER_AGREE_H
#define PEN_PEER_AGREE_H

#include "base/keys.h"
#include "peer/channel.h"

/* The private half of a peer's identity, and the public one beside it. */
struct pen_identity {
	uint8_t own[PEN_KEYS_BYTES];
	uint8_t key[PEN_KEYS_BYTES];
};

/* An identity from 32 random bytes. */
void pen_identity_init(struct pen_identity *identity, const uint8_t own[PEN_KEYS_BYTES]);

/* A handshake as far as it is written. Both packets lie in one piece, header and body. */
struct pen_agree {
	const struct pen_wire_packet *hello; /* with cookie and signature */
	const struct pen_wire_packet *welcome; /* its signature and tag may still be missing */
	const uint8_t *ephemeral; /* our private X25519 key */
	bool server; /* which side we are */
};

/* What comes out, beside the channel. */
struct pen_agreed {
	struct pen_channel channel; /* counters unused; numbers and version from the packets */
	uint8_t mask[PEN_WIRE_RESET_BYTES]; /* of the reset token */
};

/* Sign a HELLO with its cookie, or check that its key did. */
void pen_agree_sign_hello(const struct pen_identity *identity, struct pen_wire_packet *hello);
bool pen_agree_check_hello(const struct pen_wire_packet *hello);

/* Sign a WELCOME in answer to that HELLO, or check that its key did. */
void pen_agree_sign_welcome(const struct pen_identity *identity,
	const struct pen_wire_packet *hello, struct pen_wire_packet *welcome);
bool pen_agree_check_welcome(
	const struct pen_wire_packet *hello, const struct pen_wire_packet *welcome);

/* The keys. False if the other side's X25519 key is none. */
bool pen_agree_keys(const struct pen_agree *agree, struct pen_agreed *out);

/* The tag of a WELCOME under these keys, as it stands in its header; the tag there does not count.
 */
uint64_t pen_agree_tag(
	const struct pen_channel *channel, const struct pen_wire_packet *welcome, bool server);

#endif
