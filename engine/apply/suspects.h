/*
 * suspects: the entries of a few ranges of the hash space, each with its uses in the trie and its
 * count in State, to name those that differ. A table of fixed size: what does not fit is left out
 * whole, and said. One thread at a time.
 */
#ifndef PEN_APPLY_SUSPECTS_H
#define PEN_APPLY_SUSPECTS_H

#include "apply/finding.h"
#include "apply/tally.h"

/* Slots of the table, 64 bytes each: 32 MiB, within what a verification may take. */
#define PEN_SUSPECTS_SLOTS (UINT32_C(1) << 19)
/* Entries at most: three quarters of the slots, so that a probe stays short. */
#define PEN_SUSPECTS_MAX (PEN_SUSPECTS_SLOTS / 4 * 3)

struct pen_suspect {
	struct pen_hash hash;
	int64_t used, stored; /* uses in the trie, count in State */
	uint32_t used_len, stored_len; /* bytes; kept below 2^32 */
	bool taken; /* the slot is in use */
	bool excused; /* reported before; not again */
};

/* Zeroed and initialised with pen_suspects_init. */
struct pen_suspects {
	struct pen_suspect *slots;
	uint32_t count;
	bool overflow; /* something did not fit */
	const uint8_t *secret; /* places entries; PEN_TALLY_SECRET_BYTES, borrowed */
	uint8_t ranges[PEN_TALLY_RANGES / 8]; /* a bit for each range that is looked at */
};

/* Get the table; `secret` is borrowed until fini. 0 or -ENOMEM. */
int pen_suspects_init(struct pen_suspects *suspects, const uint8_t *secret);

/* A zeroed one is fine. */
void pen_suspects_fini(struct pen_suspects *suspects);

/*
 * Choose the next ranges whose sum is not 0, from *range on, as many as surely fit and at least
 * one; the table is emptied. Moves *range behind them. False if there are none left.
 */
bool pen_suspects_choose(
	struct pen_suspects *suspects, const struct pen_tally *tally, unsigned *range);

/*
 * As pen_tally_use and pen_tally_store; entries of other ranges are passed over. All that is
 * stored comes before all that is used, so that a use with another length is seen.
 */
void pen_suspects_store(
	struct pen_suspects *suspects, const struct pen_hash *hash, uint64_t len, int64_t refs);
void pen_suspects_use(struct pen_suspects *suspects, const struct pen_hash *hash, uint64_t len);

/* Whatever is wrong with this entry has been reported. */
void pen_suspects_excuse(struct pen_suspects *suspects, const struct pen_hash *hash);

/* Add a finding for each entry whose sides differ, in order of hash. The table is used up. */
void pen_suspects_name(struct pen_suspects *suspects, struct pen_findings *findings);

#endif
