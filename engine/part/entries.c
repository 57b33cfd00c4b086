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
	entries->count = 0;
	entries->slot_bits = 0;
}

static uint32_t *slots_of(const struct pen_entries *entries)
{
	return (uint32_t *)(void *)entries->slots.at;
}

/* Where the search for this hash begins. */
static uint32_t slot_of(const struct pen_entries *entries, const struct pen_hash *hash)
{
	uint64_t mixed = (pen_le64(hash->bytes) ^ pen_le64(hash->bytes + 8)) * entries->key;
	return (uint32_t)(mixed >> (64 - entries->slot_bits));
}

static void slot_take(struct pen_entries *entries, uint32_t index)
{
	uint32_t mask = (uint32_t)(((uint64_t)1 << entries->slot_bits) - 1);
	uint32_t slot = slot_of(entries, pen_entries_hash(entries, index));
	while (slots_of(entries)[slot])
		slot = (slot + 1) & mask;
	slots_of(entries)[slot] = index + 1;
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

int pen_entries_add(
	struct pen_entries *entries, const struct pen_hash *hash, struct pen_bytes bytes)
{
	if (entries->slot_bits && pen_entries_find(entries, hash) != PEN_ENTRY_NONE)
		return 0;
	PEN_CHECK(bytes.len <= UINT32_MAX);
	uint32_t count = entries->count;
	if (entries->slot_bits == 0 || (uint64_t)count * 2 >= (uint64_t)1 << entries->slot_bits ||
		(count + 1) * sizeof(struct pen_entry) > entries->entries.cap) {
		/* 2^30 entries fill the largest table; long before that memory has run out. */
		if (count >= UINT32_C(1) << 30)
			return -ENOMEM;
		int err = pen_entries_reserve(entries, count < 32 ? 64 : count * 2);
		if (err)
			return err;
	}
	*pen_entries_at(entries, count) = (struct pen_entry){bytes.at, (uint32_t)bytes.len, 0, 0};
	memcpy(entries->hashes.at + (size_t)count * PEN_HASH_BYTES, hash, PEN_HASH_BYTES);
	entries->count++;
	slot_take(entries, count);
	return 1;
}

uint32_t pen_entries_find(const struct pen_entries *entries, const struct pen_hash *hash)
{
	if (entries->slot_bits == 0)
		return PEN_ENTRY_NONE;
	uint32_t mask = (uint32_t)(((uint64_t)1 << entries->slot_bits) - 1);
	uint32_t slot = slot_of(entries, hash);
	for (uint32_t taken; (taken = slots_of(entries)[slot]); slot = (slot + 1) & mask) {
		if (pen_hash_equal(pen_entries_hash(entries, taken - 1), hash))
			return taken - 1;
	}
	return PEN_ENTRY_NONE;
}
