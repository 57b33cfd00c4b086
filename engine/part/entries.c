#include "part/entries.h"

#include <errno.h>

#include "base/check.h"
#include "base/rng.h"

#define SLOT_BITS_MIN 6

void pen_entries_fini(struct pen_entries *entries)
{
	if (!entries)
		return;
	pen_buf_fini(&entries->entries);
	pen_buf_fini(&entries->hashes);
	pen_buf_fini(&entries->slots);
	*entries = (struct pen_entries){0};
}

static size_t slot_bytes(unsigned bits)
{
	return sizeof(uint32_t) << bits;
}

void pen_entries_reset(struct pen_entries *entries)
{
	entries->count_before = entries->count;
	entries->count = 0;
	entries->slot_bits = 0;
}

static uint32_t *slots_of(const struct pen_entries *entries)
{
	return (uint32_t *)(void *)entries->slots.at;
}

/* What a hash comes to by the key: the first slot_bits are where a search for it begins, and the
 * rest its tag. */
static uint32_t mix(const struct pen_entries *entries, const struct pen_hash *hash)
{
	uint64_t mixed = (pen_le64(hash->bytes) ^ pen_le64(hash->bytes + 8)) * entries->key;
	return (uint32_t)(mixed >> 32);
}

/*
 * The slot of this hash, or the free one that is its. A slot holds 1 + the index of its entry, for
 * which slot_bits are enough, and above it the tag: hashes lie far from each other and from here,
 * and nearly none is looked at that is not the one.
 */
static uint32_t *seek(const struct pen_entries *entries, const struct pen_hash *hash)
{
	unsigned bits = entries->slot_bits;
	uint32_t mixed = mix(entries, hash), tag = mixed << bits;
	uint32_t mask = (UINT32_C(1) << bits) - 1;
	uint32_t *slots = slots_of(entries);
	for (uint32_t at = mixed >> (32 - bits);; at = (at + 1) & mask) {
		uint32_t slot = slots[at];
		if (slot == 0 ||
			((slot & ~mask) == tag &&
				pen_hash_equal(pen_entries_hash(entries, (slot & mask) - 1), hash)))
			return &slots[at];
	}
}

static uint32_t index_in(const struct pen_entries *entries, uint32_t slot)
{
	return (slot & ((UINT32_C(1) << entries->slot_bits) - 1)) - 1;
}

/* Put an entry that is in no slot into a free one. */
static void slot_take(struct pen_entries *entries, uint32_t index)
{
	unsigned bits = entries->slot_bits;
	uint32_t mixed = mix(entries, pen_entries_hash(entries, index));
	uint32_t mask = (UINT32_C(1) << bits) - 1, at = mixed >> (32 - bits);
	uint32_t *slots = slots_of(entries);
	while (slots[at])
		at = (at + 1) & mask;
	slots[at] = mixed << bits | (index + 1);
}

/* Have 2^bits free slots and put all entries into them. */
static int rehash(struct pen_entries *entries, unsigned bits)
{
	PEN_CHECK(bits < 32);
	int err = pen_buf_reserve(&entries->slots, slot_bytes(bits));
	if (err)
		return err;
	if (!entries->key) {
		pen_rng_secret(&entries->key, sizeof entries->key);
		entries->key |= 1;
	}
	memset(entries->slots.at, 0, slot_bytes(bits));
	entries->slot_bits = bits;
	for (uint32_t i = 0; i < entries->count; i++)
		slot_take(entries, i);
	return 0;
}

int pen_entries_reserve(struct pen_entries *entries, uint32_t count)
{
	int err = pen_buf_reserve(&entries->entries, count * sizeof(struct pen_entry));
	if (err)
		return err;
	err = pen_buf_reserve(&entries->hashes, count * sizeof(struct pen_hash));
	if (err)
		return err;
	/* At most half of the slots are taken: a search ends after a step or two. */
	unsigned bits = SLOT_BITS_MIN;
	while (bits < 31 && (uint64_t)1 << bits < 2 * (uint64_t)count)
		bits++;
	return bits > entries->slot_bits ? rehash(entries, bits) : 0;
}

/* Have room for one more entry. */
static int grow(struct pen_entries *entries)
{
	uint32_t count = entries->count;
	if (entries->slot_bits && (uint64_t)count * 2 < (uint64_t)1 << entries->slot_bits &&
		(count + 1) * sizeof(struct pen_entry) <= entries->entries.cap)
		return 0;
	/* 2^30 entries fill the largest table; long before that memory has run out. */
	if (count >= UINT32_C(1) << 30)
		return -ENOMEM;
	uint32_t more = count < 32 ? 64 : count * 2;
	if (!entries->slot_bits && more < entries->count_before)
		more = entries->count_before;
	return pen_entries_reserve(entries, more);
}

int64_t pen_entries_enter(
	struct pen_entries *entries, const struct pen_hash *hash, struct pen_bytes bytes)
{
	PEN_CHECK(bytes.len <= UINT32_MAX);
	uint32_t *slot = entries->slot_bits ? seek(entries, hash) : NULL;
	if (slot && *slot)
		return index_in(entries, *slot);
	unsigned bits = entries->slot_bits;
	uint32_t count = entries->count;
	int err = grow(entries);
	if (err)
		return err;
	if (bits != entries->slot_bits)
		slot = seek(entries, hash);
	*slot = mix(entries, hash) << entries->slot_bits | (count + 1);
	*pen_entries_at(entries, count) = (struct pen_entry){bytes.at, (uint32_t)bytes.len, 0, 0};
	memcpy(entries->hashes.at + (size_t)count * PEN_HASH_BYTES, hash, PEN_HASH_BYTES);
	entries->count++;
	return count;
}

int pen_entries_add(
	struct pen_entries *entries, const struct pen_hash *hash, struct pen_bytes bytes)
{
	uint32_t before = entries->count;
	int64_t at = pen_entries_enter(entries, hash, bytes);
	return at < 0 ? (int)at : entries->count > before;
}

void pen_entries_expect(const struct pen_entries *entries, const struct pen_hash *hash)
{
	if (entries->slot_bits)
		__builtin_prefetch(
			slots_of(entries) + (mix(entries, hash) >> (32 - entries->slot_bits)));
}

uint32_t pen_entries_find(const struct pen_entries *entries, const struct pen_hash *hash)
{
	uint32_t slot = entries->slot_bits ? *seek(entries, hash) : 0;
	return slot ? index_in(entries, slot) : PEN_ENTRY_NONE;
}
