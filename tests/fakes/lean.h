/*
 * lean: small states, and their parts in lean form taken apart. The encoder here follows the
 * format's text (part/lean.h) and knows nothing of order, so that it also writes what no press
 * would; of an honest part it writes the bytes that a press writes. Aborts when memory is short.
 */
#ifndef PEN_TESTS_FAKES_LEAN_H
#define PEN_TESTS_FAKES_LEAN_H

#include "base/rng.h"
#include "part/build.h"
#include "part/entries.h"
#include "part/lean.h"
#include "part/trie.h"

/* Small pieces that live together. Zeroed is empty. */
struct fake_memory {
	struct pen_buf pieces; /* uint8_t * */
};

/* A whole state in memory. Zeroed is the empty one. */
struct fake_state {
	struct pen_buf pairs; /* struct pen_pair, ascending */
	struct pen_entries entries; /* all nodes and values */
	struct pen_trie_sum sum;
	struct fake_memory memory;
};

/* A part taken apart. Whatever is changed here is written. Zeroed is empty. */
struct fake_part {
	struct pen_part_id id;
	uint64_t memory_usage;
	bool endless;
	uint8_t end[PEN_KEY_BYTES_MAX];
	size_t end_len;
	struct pen_buf pairs; /* struct pen_pair */
	struct pen_buf nodes; /* struct pen_bytes */
	uint32_t repeat; /* this pair's value is inline although it must be named; UINT32_MAX: none
			  */
	uint32_t name; /* the pair that `repeat` names instead, if it is not UINT32_MAX */
	int64_t scratch_lie; /* added to what is true */
	uint32_t cut; /* frames close here, PEN_LEAN_CUT_BYTES if they tell the truth */
	struct fake_memory memory;
};

/* A copy that lives as long as the memory. */
struct pen_bytes fake_copy(struct fake_memory *memory, struct pen_bytes bytes);

void fake_append(struct pen_buf *buf, const void *at, size_t len);

/* A list of pairs, and their number. */
static inline struct pen_pair *fake_pairs(const struct pen_buf *pairs)
{
	return (struct pen_pair *)(void *)pairs->at;
}

static inline size_t fake_pairs_count(const struct pen_buf *pairs)
{
	return pairs->len / sizeof(struct pen_pair);
}

/* A short key out of a small alphabet. */
struct pen_bytes fake_key_random(struct pen_rng *rng, uint8_t key[8]);

/*
 * A state whose keys are often prefixes of each other, whose subtrees and values often repeat,
 * whose values sometimes are long, and sometimes the bytes of a node.
 */
void fake_state_random(struct fake_state *state, struct pen_rng *rng);

/* A state of exactly these pairs, ascending; copied. */
void fake_state_of(struct fake_state *state, const struct pen_pair *pairs, size_t count);

/* A state of `count` pairs of text, "key" "value" one behind the other, ascending. */
void fake_state_text(struct fake_state *state, const char *const *texts, size_t count);

void fake_state_fini(struct fake_state *state);

/* A reader of the state; borrows it. */
struct pen_reader fake_state_reader(struct fake_state *state);

/* A number of parts for it, and one of these: now and then more than its memory_usage. */
void fake_part_pick(const struct fake_state *state, struct pen_rng *rng, struct pen_part_id *id);

/* Take part k of n apart. */
void fake_part_open(struct fake_part *part, struct fake_state *state, uint64_t k, uint64_t n);
void fake_part_fini(struct fake_part *part);

/* The pair whose value pair i names, or i. */
uint32_t fake_part_name(const struct fake_part *part, uint32_t i);

/* Append it, whole and with right counts and sums, to `out`. */
void fake_part_write(const struct fake_part *part, struct pen_buf *out);

/* The head of a part was changed: put its checksum right. */
void fake_part_mend(struct pen_buf *part, uint32_t head_bytes);

#endif
