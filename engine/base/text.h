/*
 * text: hashes and byte strings as people write them. Base58 is Bitcoin's alphabet without a
 * checksum, as NEAR prints CryptoHash (nearcore core/primitives-core/src/hash.rs); hex is lower
 * case when written and either case when read. Pure functions, any thread.
 */
#ifndef PEN_BASE_TEXT_H
#define PEN_BASE_TEXT_H

#include "base/sha.h"

/* 32 bytes are at most 44 base58 digits; one byte for the end. */
#define PEN_HASH_TEXT_BYTES 45
/* 64 hex digits and the end. */
#define PEN_HASH_HEX_BYTES 65

/* Write `hash` in base58, terminated; returns `text`, so that it fits into a printf call. */
const char *pen_base58(const struct pen_hash *hash, char text[PEN_HASH_TEXT_BYTES]);

/*
 * Read `len` base58 digits that must stand for exactly 32 bytes, leading zero bytes included
 * (each is a leading '1'). 0 or PEN_EINPUT. `text` need not be terminated.
 */
int pen_base58_decode(const char *text, size_t len, struct pen_hash *out);

/* Write `bytes` in hex, terminated, into 2 * bytes.len + 1 characters; returns `text`. */
const char *pen_hex(struct pen_bytes bytes, char *text);

/* Read `len` hex digits into len / 2 bytes at `out`. 0, or PEN_EINPUT (odd length, not a digit). */
int pen_hex_decode(const char *text, size_t len, uint8_t *out);

/* Read a root as a user gives it: base58, or 64 hex digits. 0 or PEN_EINPUT. */
int pen_hash_parse(const char *text, struct pen_hash *out);

/*
 * Read an unsigned decimal of at most `max`, the whole of `text`: no sign, no blank, no empty
 * string. 0 or PEN_EINPUT.
 */
int pen_number_parse(const char *text, uint64_t max, uint64_t *out);

/*
 * Read a size: a decimal with an optional unit B, kB, MB, GB, TB (powers of 1000) or KiB, MiB,
 * GiB, TiB (of 1024). 0 or PEN_EINPUT (overflow too).
 */
int pen_size_parse(const char *text, uint64_t *bytes);

/*
 * Read a rate in bytes a second: a decimal with bit/s, kbit/s, Mbit/s, Gbit/s or Tbit/s (powers of
 * 1000, rounded down to bytes), or a size, with "/s" behind it or not. 0 or PEN_EINPUT (overflow
 * too).
 */
int pen_rate_parse(const char *text, uint64_t *bytes_s);

#endif
