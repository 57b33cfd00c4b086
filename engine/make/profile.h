/*
 * profile: the made-up state `mainnet` that goals are measured on, as a stream of sorted pairs.
 *
 * Every record is a function of (keys, seed, its index), so nothing is sorted and, but for twenty
 * shared contracts of less than 200 kB each, nothing is held: memory does not grow with the number
 * of keys. A change of one byte here makes every figure incomparable, so digests of the stream
 * are unit tests.
 *
 *   accounts        00 account             23 of 100 keys; 3/5 implicit (64 hex digits), rest named
 *   contract code   01 account             one account in 200 has one of the 20 contracts
 *   access keys     02 account 02 00 key   one an account, three for one in five
 *   balances        09 token ",t" holder   the rest, evenly over five tokens
 */
#ifndef PEN_MAKE_PROFILE_H
#define PEN_MAKE_PROFILE_H

#include "make/pair.h"

/* The largest state asked for so far; an index times 4 plus 3 stays far below 64 bits. */
#define PEN_PROFILE_KEYS_MAX UINT64_C(100000000)
#define PEN_PROFILE_TOKENS 5u

struct pen_profile_want {
	uint64_t keys; /* 1..PEN_PROFILE_KEYS_MAX */
	uint64_t seed; /* any */
};

/* How many keys of each kind a state of so many keys has. */
struct pen_profile_plan {
	uint64_t accounts;
	uint64_t coded; /* accounts with contract code */
	uint64_t access; /* access keys */
	uint64_t data; /* balances, of all tokens */
};

/*
 * Count the kinds of keys. 0, or PEN_EREFUSED when there are too few keys for at least one balance
 * a token (the sentence has the least number from there on that works) or more than
 * PEN_PROFILE_KEYS_MAX. Reads two words of randomness an account.
 */
int pen_profile_plan(
	const struct pen_profile_want *want, struct pen_profile_plan *out, struct pen_why *why);

/*
 * Make the whole state: call fn for each pair, keys ascending. 0; PEN_EREFUSED as above, before
 * the first call; -ENOMEM; or what fn returned, which ended it. Any thread.
 */
int pen_profile_make(
	const struct pen_profile_want *want, pen_pair_fn fn, void *context, struct pen_why *why);

#endif
