/*
 * finding: one thing that is wrong with a database, and a list that keeps the first few and counts
 * the rest. Plain data, one thread at a time.
 */
#ifndef PEN_APPLY_FINDING_H
#define PEN_APPLY_FINDING_H

#include <stdbool.h>

#include "base/err.h"
#include "base/sha.h"

enum pen_finding_kind {
	PEN_FINDING_MISSING, /* State lacks an entry that the trie uses */
	PEN_FINDING_EXTRA, /* State holds an entry that the trie does not use */
	PEN_FINDING_COUNT, /* State counts more or fewer uses than the trie has */
	PEN_FINDING_LENGTH, /* a flat reference names another length than State holds */
	PEN_FINDING_STATE_KEY, /* a State key that is no hash */
	PEN_FINDING_STATE_VALUE, /* a State value too short for a count */
	PEN_FINDING_STATE_USELESS, /* a State value with a count below 1 */
	PEN_FINDING_STATE_PAYLOAD, /* a State payload that does not hash to its key */
	PEN_FINDING_FLAT_KEY, /* a FlatState key over the limit */
	PEN_FINDING_FLAT_VALUE, /* a FlatState value that does not decode */
	PEN_FINDING_FLAT_LONG, /* a value inlined that nearcore would have named */
	PEN_FINDING_FLAT_SHORT, /* a value named that nearcore would have inlined */
	PEN_FINDING_KINDS,
};

/* Bytes of a key that a finding keeps: a hash, or the beginning of a trie key. */
#define PEN_FINDING_KEY_BYTES 32
/* Findings kept, enough to see a pattern; a database of another state has millions. */
#define PEN_FINDINGS_MAX 16
/* A finding as a sentence: 64 hex digits or 44 of base58, two numbers and the words. */
#define PEN_FINDING_TEXT_BYTES 224

struct pen_finding {
	enum pen_finding_kind kind;
	size_t key_len; /* bytes of the whole key */
	uint8_t key[PEN_FINDING_KEY_BYTES]; /* its beginning; State: the hash */
	int64_t want, have; /* uses or bytes; 0 where the kind has none */
};

/* Zeroed is empty. */
struct pen_findings {
	struct pen_finding first[PEN_FINDINGS_MAX]; /* in the order they were found */
	uint64_t total;
	bool cut; /* there may be more: a limit of the search was met */
};

/* Add one; key is copied as far as it is kept. */
void pen_findings_add(struct pen_findings *findings, enum pen_finding_kind kind,
	struct pen_bytes key, struct pen_finding numbers);

/* How many of `first` are in use. */
static inline unsigned pen_findings_kept(const struct pen_findings *findings)
{
	return findings->total < PEN_FINDINGS_MAX ? (unsigned)findings->total : PEN_FINDINGS_MAX;
}

/* The finding as a sentence without an end; returns `text`. */
const char *pen_finding_text(const struct pen_finding *finding, char text[PEN_FINDING_TEXT_BYTES]);

/* One word for the kind, for programs: "missing", "extra", ... */
const char *pen_finding_word(enum pen_finding_kind kind);

#endif
