/*
 * toy: what base/keys.h does, in a group so small that whoever wants to breaks it, for worlds in
 * which nobody does: a handshake then costs two microseconds, not five hundred. Keys are exchanged
 * as Diffie and Hellman did it and signed for as Schnorr did it, modulo the prime 2^61 - 1. Nothing
 * is looked up: who has only public keys and messages gets as far as with the curves, and a changed
 * bit of a key, a signature or a message is noticed just as there.
 */
#ifndef PEN_TESTS_SIM_TOY_H
#define PEN_TESTS_SIM_TOY_H

#include "base/keys.h"

/* The public half, of either kind of key. */
void toy_public(const uint8_t own[PEN_KEYS_BYTES], uint8_t out[PEN_KEYS_BYTES]);

/* As the functions of base/keys.h. */
bool toy_exchange(const uint8_t own[PEN_KEYS_BYTES], const uint8_t other[PEN_KEYS_BYTES],
	uint8_t out[PEN_KEYS_BYTES]);
void toy_sign(const uint8_t own[PEN_KEYS_BYTES], const uint8_t key[PEN_KEYS_BYTES],
	struct pen_bytes message, uint8_t out[PEN_KEYS_SIGNATURE_BYTES]);
bool toy_verify(const uint8_t other[PEN_KEYS_BYTES], struct pen_bytes message,
	const uint8_t signature[PEN_KEYS_SIGNATURE_BYTES]);

#endif
