/*
 * chunks: memory that only grows and never moves, for the bytes of a state's nodes and values:
 * given back all at once. One thread at a time.
 */
#ifndef PEN_BASE_CHUNKS_H
#define PEN_BASE_CHUNKS_H

#include "base/buf.h"

/* Large against a node, small against a state; what is longer gets a chunk of its own. */
#define PEN_CHUNK_BYTES ((size_t)4 << 20)

/* Zeroed is empty and valid. */
struct pen_chunks {
	struct pen_buf list; /* uint8_t *: the chunks, the last one is being filled */
	size_t used; /* bytes of the last chunk */
	size_t cap; /* bytes it has */
	uint64_t bytes; /* taken from the machine in all */
};

/* Free every chunk. */
void pen_chunks_fini(struct pen_chunks *chunks);

/* Forget what was copied, keep the first chunk. */
void pen_chunks_reset(struct pen_chunks *chunks);

/* Copy `bytes` to where they stay until fini; *out says where. 0 or -ENOMEM. */
int pen_chunks_copy(struct pen_chunks *chunks, struct pen_bytes bytes, struct pen_bytes *out);

#endif
