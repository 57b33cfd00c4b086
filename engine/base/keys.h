/*
 * keys: X25519 (RFC 7748) for the secret of one session, Ed25519 (RFC 8032) for who a peer is. The
 * only door to OpenSSL's curves. Private keys are 32 random bytes. Pure but for memory that OpenSSL
 * takes and gives back within a call; any thread.
 */
#ifndef PEN_BASE_KEYS_H
#define PEN_BASE_KEYS_H

#include <stdbool.h>

#include "base/bits.h"

#define PEN_KEYS_BYTES 32
#define PEN_KEYS_SIGNATURE_BYTES 64

/* The public half of a private X25519 or Ed25519 key. */
void pen_keys_exchange_public(const uint8_t own[PEN_KEYS_BYTES], uint8_t out[PEN_KEYS_BYTES]);
void pen_keys_identity_public(const uint8_t own[PEN_KEYS_BYTES], uint8_t out[PEN_KEYS_BYTES]);

/* X25519 of our private and the other's public key. False if the other's makes it zero: it is no
 * key, and *out is then zero. */
bool pen_keys_exchange(const uint8_t own[PEN_KEYS_BYTES], const uint8_t other[PEN_KEYS_BYTES],
	uint8_t out[PEN_KEYS_BYTES]);

/* Sign with a private Ed25519 key, whose public half is `key`: to find it anew would cost as much
 * as the signature, and a wrong one would give the private key away. The same message has the same
 * signature. */
void pen_keys_sign(const uint8_t own[PEN_KEYS_BYTES], const uint8_t key[PEN_KEYS_BYTES],
	struct pen_bytes message, uint8_t out[PEN_KEYS_SIGNATURE_BYTES]);

/* Whether the owner of this public key signed the message. */
bool pen_keys_verify(const uint8_t other[PEN_KEYS_BYTES], struct pen_bytes message,
	const uint8_t signature[PEN_KEYS_SIGNATURE_BYTES]);

#endif
