/*
 * prf: a number that nobody can guess without the key, from a number that everybody knows:
 * SipHash-2-4 (Aumasson, Bernstein, 2012) of one word of 8 bytes, little endian. For tokens of
 * packets and places in tables, where a message authentication code of full length would cost more
 * than the packet. Pure, any thread.
 */
#ifndef PEN_BASE_PRF_H
#define PEN_BASE_PRF_H

#include <stdint.h>

#define PEN_PRF_KEY_BYTES 16

/* The key, secret and random. */
struct pen_prf_key {
	uint8_t bytes[PEN_PRF_KEY_BYTES];
};

/* SipHash-2-4 of `word` under `key`. */
uint64_t pen_prf(const struct pen_prf_key *key, uint64_t word);

#endif
