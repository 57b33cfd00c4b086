/*
 * nibbles: keys as half bytes, and their hex-prefix encoding inside leaf and extension nodes
 * (nearcore core/store/src/trie/nibble_slice.rs; Ethereum yellow paper, appendix C).
 *
 * The first encoded byte holds flags: 0x20 leaf, 0x10 odd count with the first nibble in its low
 * half; the other nibbles follow two to a byte, high half first. Paths are kept as one nibble a
 * byte in struct pen_path, in fixed memory: no function here allocates or recurses.
 */
#ifndef PEN_PART_NIBBLES_H
#define PEN_PART_NIBBLES_H

#include <stdbool.h>

#include "part/id.h"

/* Encoded bytes of a longest key: the flag byte and two nibbles to a byte. */
#define PEN_HPE_BYTES_MAX (1 + PEN_KEY_BYTES_MAX)

/* A path from the root, a nibble (0..15) a byte. */
struct pen_path {
	uint32_t len; /* nibbles, at most PEN_KEY_NIBBLES_MAX */
	uint8_t at[PEN_KEY_NIBBLES_MAX];
};

/* How a path lies to a bound, as one nibble after another is appended to it. */
enum pen_relation {
	PEN_BEFORE, /* smaller, and not a prefix of the bound */
	PEN_PREFIX, /* a proper prefix of the bound: smaller */
	PEN_EQUAL, /* the bound itself */
	PEN_BEHIND, /* larger */
};

/* Nibbles in an encoding of `len` > 0 bytes. */
static inline uint32_t pen_hpe_count(struct pen_bytes encoded)
{
	return (uint32_t)(encoded.len - 1) * 2 + ((encoded.at[0] & 0x10) != 0);
}

/* Nibble i of an encoding; i < pen_hpe_count(). */
static inline uint8_t pen_hpe_at(struct pen_bytes encoded, uint32_t i)
{
	uint32_t odd = (encoded.at[0] & 0x10) != 0;
	if (odd && i == 0)
		return encoded.at[0] & 15;
	uint32_t nibble = i - odd;
	uint8_t byte = encoded.at[1 + nibble / 2];
	return nibble % 2 ? byte & 15 : byte >> 4;
}

/* Encode `count` nibbles at `nibbles` into `out`; returns the bytes written, 1 + count / 2. */
size_t pen_hpe_encode(const uint8_t *nibbles, uint32_t count, bool leaf, uint8_t *out);

/* Append the nibbles of an encoding. 0, or PEN_EINCONSISTENT if the path would become too long. */
int pen_path_append_hpe(struct pen_path *path, struct pen_bytes encoded);

/* Append one nibble. 0, or PEN_EINCONSISTENT if the path would become too long. */
int pen_path_append(struct pen_path *path, uint8_t nibble);

/* The path of a key of at most PEN_KEY_BYTES_MAX bytes, high nibble first. */
void pen_path_of_key(struct pen_path *path, struct pen_bytes key);

/*
 * Pack a path of an even number of nibbles into key bytes at `key` (PEN_KEY_BYTES_MAX long).
 * Returns the bytes, or PEN_EINCONSISTENT for an odd count: no key ends inside a byte.
 */
int pen_path_key(const struct pen_path *path, uint8_t *key);

/* Order of two paths: <0, 0, >0; a prefix is smaller. */
int pen_path_compare(const struct pen_path *a, const struct pen_path *b);

/* Nibbles that two keys, of bytes, share at their beginning. */
uint32_t pen_key_common(struct pen_bytes a, struct pen_bytes b);

/* How the path lies to `bound` once `nibble` is appended behind its first `len` nibbles. */
static inline enum pen_relation pen_path_step(
	enum pen_relation relation, const struct pen_path *bound, uint32_t len, uint8_t nibble)
{
	if (relation == PEN_EQUAL)
		return PEN_BEHIND;
	if (relation != PEN_PREFIX)
		return relation;
	if (nibble != bound->at[len])
		return nibble < bound->at[len] ? PEN_BEFORE : PEN_BEHIND;
	return len + 1 == bound->len ? PEN_EQUAL : PEN_PREFIX;
}

#endif
