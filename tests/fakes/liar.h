/*
 * liar: lies about a part in lean form: what a prover must refuse, however well the lie is wrapped.
 * Whether one was told is seen by the bytes: those of an honest part are one and the same.
 */
#ifndef PEN_TESTS_FAKES_LIAR_H
#define PEN_TESTS_FAKES_LIAR_H

#include "fakes/lean.h"

/* What liar_lie can do; each changes what is written, or does not apply. */
enum liar_lie {
	LIAR_PAIR_DROPPED,
	LIAR_PAIR_DOUBLED,
	LIAR_PAIRS_SWAPPED,
	LIAR_KEY_ALTERED,
	LIAR_KEY_EXTENDED, /* by a zero, so that it stays where it is */
	LIAR_KEY_CUT,
	LIAR_VALUE_ALTERED,
	LIAR_VALUE_CUT,
	LIAR_VALUES_SWAPPED,
	LIAR_PAIR_FORGED, /* a key that the state has not got, inside or outside of the part */
	LIAR_PAIR_FOREIGN, /* a pair of the state that lies outside of the part */
	LIAR_PAIRS_TRUNCATED, /* all behind one are missing */
	LIAR_PAIRS_OF_ANOTHER,
	LIAR_NODE_DROPPED,
	LIAR_NODE_DOUBLED,
	LIAR_NODES_SWAPPED,
	LIAR_NODE_ALTERED,
	LIAR_NODE_FOREIGN, /* of the state, or of nowhere */
	LIAR_NODES_TRUNCATED,
	LIAR_NODES_OF_ANOTHER,
	LIAR_END_ALTERED,
	LIAR_END_MOVED, /* to another key of the state, or to none; its pairs come along */
	LIAR_ANOTHER_PART, /* all of it, under this part's number */
	LIAR_ANOTHER_NUMBER, /* of parts */
	LIAR_MEMORY_ALTERED,
	LIAR_SCRATCH_ALTERED,
	LIAR_VALUE_REPEATED, /* instead of named */
	LIAR_NAME_ALTERED,
	LIAR_CUT_ELSEWHERE,
	LIAR_LIES,
};

/* A word for each. */
extern const char *const liar_words[LIAR_LIES];

/* Lie about the part, at an edge first of all. False: this lie does not apply to it. */
bool liar_lie(
	struct fake_part *part, struct fake_state *state, enum liar_lie lie, struct pen_rng *rng);

#endif
