/*
 * mac: HMAC-SHA-256 (RFC 2104) with the key's part of the work done once, and HKDF (RFC 5869) on
 * top of it. Pure, any thread.
 */
#ifndef PEN_BASE_MAC_H
#define PEN_BASE_MAC_H

#include <stdbool.h>

#include "base/sha.h"

/* A longer key gains nothing (RFC 2104 3). */
#define PEN_MAC_KEY_BYTES_MAX 64
/* Longest that pen_mac_expand makes of one key: 8 digests; the RFC allows 255. */
#define PEN_MAC_EXPAND_BYTES_MAX 256

/* A key, as the states that it leaves SHA-256 in. Secret. */
struct pen_mac_key {
	struct pen_sha_state inner, outer;
};

/* Prepare a key of `len` bytes (0 to PEN_MAC_KEY_BYTES_MAX). */
void pen_mac_init(struct pen_mac_key *key, const void *bytes, size_t len);

/* The code of `count` pieces, one behind the other. */
void pen_mac_make(const struct pen_mac_key *key, const struct pen_bytes *pieces, size_t count,
	struct pen_hash *out);

/* HKDF-Extract: a key from secret material under a salt (at most PEN_MAC_KEY_BYTES_MAX). */
void pen_mac_extract(struct pen_bytes salt, struct pen_bytes secret, struct pen_hash *out);

/* HKDF-Expand: `len` bytes (at most PEN_MAC_EXPAND_BYTES_MAX) of a key, for this purpose. */
void pen_mac_expand(const struct pen_hash *key, struct pen_bytes info, uint8_t *out, size_t len);

/* Whether two secrets of `len` bytes are the same, in a time that does not tell where they differ.
 */
bool pen_mac_equal(const void *a, const void *b, size_t len);

#endif
