/*
 * messages: everything that is hashed to build the trie of a state: each pair's value, then each
 * node, in the order of the builder. What the hash kernel's own rate is measured on.
 */
#ifndef PEN_BENCH_MESSAGES_H
#define PEN_BENCH_MESSAGES_H

#include "bench/pairs.h"
#include "part/entries.h"

/* Zeroed is empty and valid. */
struct bench_messages {
	struct pen_bytes *list; /* borrowed from the pairs, or in chunks */
	size_t count;
	size_t values; /* of them values: the first ones */
	struct pen_entries entries; /* the distinct ones by hash: the whole state */
	struct pen_trie_sum sum;
	struct pen_buf buf;
	struct pen_chunks chunks;
};

/*
 * Build the trie of `count` pairs the way that make does: values hashed in windows, keys pushed.
 * `build` is fresh or reset. 0, or what the builder returned.
 */
int bench_trie_build(struct pen_build *build, const struct pen_pair *pairs, size_t count,
	struct pen_trie_sum *out);

/* Collect the messages of `pairs`, which must outlive them. 0, or -1 after bench_fail. */
int bench_messages_open(
	struct bench_messages *messages, const struct bench_pairs *pairs, struct bench *bench);

void bench_messages_close(struct bench_messages *messages);

/* The bytes of the whole state as one PartialState. */
double bench_messages_partial_bytes(const struct bench_messages *messages);

#endif
