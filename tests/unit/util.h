/*
 * util: what unit tests share: files of tests/data, small states, and the parts cut out of them.
 * Everything fails the test at once when it cannot be had.
 */
#ifndef PEN_TESTS_UNIT_UTIL_H
#define PEN_TESTS_UNIT_UTIL_H

#include "base/buf.h"
#include "base/rng.h"
#include "base/text.h"
#include "part/build.h"
#include "part/collect.h"
#include "part/entries.h"
#include "part/prove.h"

/* The whole of tests/data/near/<name>; a .zst is unpacked. To be ended with pen_buf_fini. */
struct pen_buf test_data(const char *name);

/* The next line of `text` at *at (which moves behind it), without its end; false at the end. */
bool test_line(const struct pen_buf *text, size_t *at, char **line);

/* A key and a value of a state under construction. */
struct test_pair {
	struct pen_bytes key, value;
};

/* A state in memory: all its nodes and values by hash. */
struct test_state {
	struct pen_buf pairs; /* struct test_pair, sorted by key */
	struct pen_entries entries;
	struct pen_trie_sum sum;
	struct pen_buf chunks; /* void *: memory to free */
};

void test_state_fini(struct test_state *state);

/* Add a pair (copied); keys in ascending order. */
void test_state_add(struct test_state *state, const void *key, size_t key_len, const void *value,
	size_t value_len);

/* All pairs are in: build the trie. */
void test_state_build(struct test_state *state);

/* Load the mainnet genesis state, or a .kv.zst of the golden data. Built. */
void test_state_load(struct test_state *state, const char *name);

/* A small state whose keys are often prefixes of each other and whose subtrees often repeat: keys
 * come out of a small alphabet, values are few. Built. */
void test_state_random(struct test_state *state, struct pen_rng *rng);

/* Append part k of n to `out`. */
void test_state_part(struct test_state *state, uint64_t k, uint64_t n, struct pen_buf *out);

/* Write the pairs to a file, as kv or as hex. */
void test_state_write(const struct test_state *state, const char *path, bool hex);

/* Append the lean form of a stored part in nearcore's form, sealed at level 1. */
void test_lean(struct pen_bytes stored, const struct pen_part_id *id, struct pen_buf *out);

/* The SHA-256 of a buffer in hex. */
const char *test_sha_hex(struct pen_bytes bytes, char text[PEN_HASH_HEX_BYTES]);

#endif
