/*
 * entries: byte strings found by their SHA-256: the nodes and values of a part, or of a whole
 * state. The bytes stay where they are, borrowed from whoever added them; an entry costs 52 to 56
 * bytes beside them. Slots of the table are chosen by a random key, so that nobody who picks the
 * entries can make the table slow. One thread at a time.
 */
#ifndef PEN_PART_ENTRIES_H
#define PEN_PART_ENTRIES_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/sha.h"

struct pen_entry {
	const uint8_t *at; /* the bytes, borrowed */
	uint32_t len; /* bytes */
	uint32_t refs; /* uses counted by whoever walks; starts at 0 */
	bool visited; /* fetched in the current walk */
};

/* Zeroed is empty and valid. */
struct pen_entries {
	struct pen_buf entries; /* struct pen_entry, in order of first addition */
	struct pen_buf hashes; /* struct pen_hash, same order */
	struct pen_buf slots; /* uint32_t: 1 + index of an entry, bits of its hash; 0: free */
	uint32_t count; /* entries */
	uint32_t count_before; /* entries at the last reset; the table begins with room for these */
	unsigned slot_bits; /* log2 of the number of slots; 0 before the first addition */
	uint64_t key; /* random, odd; chosen at the first use */
};

#define PEN_ENTRY_NONE UINT32_MAX

/* Far enough for memory to answer meanwhile, few enough to stay in the nearest cache. */
#define PEN_ENTRIES_AHEAD 16u

/* Give the memory back; zeroed and NULL are fine. It is zeroed. */
void pen_entries_fini(struct pen_entries *entries);

/* Forget all entries, keep the memory. The next additions find room for as many as there were. */
void pen_entries_reset(struct pen_entries *entries);

/* Make room for `count` entries in all. 0 or -ENOMEM. */
int pen_entries_reserve(struct pen_entries *entries, uint32_t count);

/*
 * Add `bytes` (borrowed until reset or fini) under `hash`, which must be its SHA-256. Returns 1 if
 * it is new, 0 if an entry of this hash is there already (that one stays), or -ENOMEM.
 */
int pen_entries_add(
	struct pen_entries *entries, const struct pen_hash *hash, struct pen_bytes bytes);

/* The same, but returns the entry's index. If `count` did not change, it was there already. */
int64_t pen_entries_enter(
	struct pen_entries *entries, const struct pen_hash *hash, struct pen_bytes bytes);

/* This hash will be found or added some searches later, best PEN_ENTRIES_AHEAD: the memory that its
 * search begins in comes meanwhile. It changes nothing else, and may be wrong. */
void pen_entries_expect(const struct pen_entries *entries, const struct pen_hash *hash);

/* The index of the entry with this hash, or PEN_ENTRY_NONE. */
uint32_t pen_entries_find(const struct pen_entries *entries, const struct pen_hash *hash);

/* Entry i < count, and its hash; both borrowed until the next addition. */
static inline struct pen_entry *pen_entries_at(const struct pen_entries *entries, uint32_t i)
{
	return (struct pen_entry *)(void *)entries->entries.at + i;
}

static inline const struct pen_hash *pen_entries_hash(const struct pen_entries *entries, uint32_t i)
{
	return (const struct pen_hash *)entries->hashes.at + i;
}

#endif
