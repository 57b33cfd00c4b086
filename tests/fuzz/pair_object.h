/* pair_object: what a pair moves, made once; and its taker. Only pair.c and pair_take.c look here.
 */
#ifndef PEN_TESTS_FUZZ_PAIR_OBJECT_H
#define PEN_TESTS_FUZZ_PAIR_OBJECT_H

#include "fuzz.h"
#include "pair.h"
#include "part/raw_page.h"

struct pair_object {
	uint8_t *bytes; /* PAIR_RAW_BYTES */
	struct pen_hash root;
	struct pen_buf page; /* raw: digests of the blocks */
	struct pen_bytes part[PAIR_PARTS]; /* nearcore: within bytes; raw: the first is all */
	unsigned parts;
};

const struct pair_object *pair_object(bool raw);

/* A piece came; the block stays the caller's. */
void pair_take(struct pair *pair, const struct pen_client_piece *piece);

#endif
