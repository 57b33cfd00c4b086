/*
 * survey: one pass over a whole state that finds its root and enough of its trie to cut it into
 * parts later, without holding it.
 *
 * The file goes by in stretches (make/feed.h), each built alone (part/build.h); what stays are the
 * limbs of every stretch: the root node of each subtree that lies wholly inside, and where. The
 * nodes above them are built from the limbs. A bound between two parts is then found by walking
 * these nodes, and one stretch is read again to go below a limb. Memory: some hundred limbs a
 * stretch, so stretches grow with the file (PEN_SURVEY_STRETCHES).
 *
 * Threads: stretches are built by any number of workers (pen_survey_build); pen_survey_add takes
 * their limbs in order, by one thread at a time; afterwards the survey is only read.
 */
#ifndef PEN_MAKE_SURVEY_H
#define PEN_MAKE_SURVEY_H

#include <stdbool.h>

#include "base/chunks.h"
#include "make/feed.h"
#include "part/build.h"
#include "part/entries.h"

/* Stretches that a file is cut into at most, about: they cost 100 kB each. */
#define PEN_SURVEY_STRETCHES 2048u
/* Pairs whose values are hashed together. */
#define PEN_SURVEY_PAIRS 256u

/* Hashes of values and nodes that a survey keeps, so that cutting need not hash them again: 512
 * MiB, about seven million keys. What a larger state's later records need is hashed twice. */
#define PEN_SURVEY_HASHES_MAX (UINT64_C(16) << 20)

/* Where a stretch begins, and a sum over its bytes, so that it can be told when they change. */
struct pen_mark {
	uint64_t offset; /* bytes in the file */
	uint64_t record; /* records before it */
	uint64_t sum[2]; /* XXH3-128 of its bytes: against accidents, not against liars */
	uint64_t node; /* nodes that were finished in stretches before it */
	int64_t left; /* nibbles that its first key shares with the key before; -1: there is none */
	struct pen_bytes first; /* its first key; lives as long as the survey */
};

/* How to go below a node of the survey. */
struct pen_below {
	uint32_t stretch; /* that it lies in; PEN_BELOW_NONE: all its children are in the survey */
	struct pen_bytes path; /* to it, a nibble a byte; lives as long as the survey */
};

#define PEN_BELOW_NONE UINT32_MAX

/* Zeroed is empty. */
struct pen_survey {
	struct pen_trie_sum sum; /* of the whole state, once finished; nodes is not counted */
	struct pen_entries nodes; /* limbs' root nodes and all above them, by hash */
	struct pen_buf below; /* struct pen_below of each of these */
	struct pen_buf marks; /* struct pen_mark of each stretch */
	struct pen_buf hashes; /* struct pen_hash of the first values, by record */
	struct pen_buf counts; /* uint16_t: nodes finished at each of these records */
	struct pen_buf node_hashes; /* struct pen_hash of them, in the order they were finished */
	bool full; /* no more hashes are kept */
	struct pen_chunks memory;
	struct pen_build above; /* nodes above the limbs */
	uint64_t keys;
};

/* What one stretch came to, on its way into the survey. Zeroed is empty; kept and used again. */
struct pen_limbs {
	struct pen_buf list; /* struct pen_limb */
	struct pen_buf bytes; /* their paths and nodes, as offsets until taken out */
	struct pen_buf hashes; /* struct pen_hash of its values */
	struct pen_buf counts; /* uint16_t: nodes finished at each of its records */
	struct pen_buf node_hashes; /* struct pen_hash of these */
	struct pen_build build; /* what it was built with */
	struct pen_mark mark; /* `first` lies in bytes, behind the limbs' own */
	uint32_t keys;
};

/* Time of the stages in one thread, nanoseconds; NULL where it is not wanted. */
struct pen_make_time {
	int64_t read, bounds, build, hash, sort, press, compress, write;
};

/* Add the stages of one thread to a sum. */
void pen_make_time_add(struct pen_make_time *sum, const struct pen_make_time *time);

/* Free the memory of one worker. NULL and zeroed ones are fine. */
void pen_limbs_fini(struct pen_limbs *limbs);

/* Begin. */
void pen_survey_init(struct pen_survey *survey);

/* A file of so many bytes is to come: take what its hashes will need, about, at once. 0 or -ENOMEM.
 */
int pen_survey_expect(struct pen_survey *survey, uint64_t file_bytes);

/* Free it with all nodes and marks. NULL and a zeroed one are fine. */
void pen_survey_fini(struct pen_survey *survey);

/* Bytes that a survey holds. */
size_t pen_survey_memory(const struct pen_survey *survey);

/* How long stretches of a file of this length should be, bytes. */
size_t pen_survey_stretch(uint64_t file_bytes);

/*
 * Build a decoded stretch, cut off behind the one before it, and note what it came to. A worker's
 * call: touches only its arguments. 0 or -ENOMEM.
 */
int pen_survey_build(
	const struct pen_stretch *stretch, struct pen_limbs *out, struct pen_make_time *time);

/* Take the limbs of the next stretch of the file. 0, -ENOMEM or PEN_EBUG. */
int pen_survey_add(struct pen_survey *survey, const struct pen_limbs *limbs);

/* All stretches are in: *survey.sum is right from here on. 0 or an error. */
int pen_survey_finish(struct pen_survey *survey);

/* The last mark whose first key is not larger than `key`; NULL before the first. */
const struct pen_mark *pen_survey_find(const struct pen_survey *survey, struct pen_bytes key);

/* The hashes of `count` values from this record on, or NULL if they were not kept. */
const struct pen_hash *pen_survey_hashes(
	const struct pen_survey *survey, uint64_t record, size_t count);

/*
 * What was kept of the nodes that were finished in the stretch at this mark, from its record `at`
 * on: *counts of each record, their hashes one behind the other. False: nothing was kept.
 */
bool pen_survey_nodes(const struct pen_survey *survey, const struct pen_mark *mark, size_t at,
	const uint16_t **counts, const struct pen_hash **hashes);

/* Are these the bytes that were surveyed at this mark? */
bool pen_mark_holds(const struct pen_mark *mark, const struct pen_stretch *stretch);

/* Hash the values of `count` pairs, at most PEN_SURVEY_PAIRS. */
void pen_pairs_hash(const struct pen_pair *pairs, size_t count, struct pen_hash *out);

#endif
