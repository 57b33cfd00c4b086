#include "apply/suspects.h"

#include <errno.h>
#include <stdlib.h>

#include "base/check.h"

static_assert(sizeof(struct pen_suspect) == 64, "the table is 32 MiB");

int pen_suspects_init(struct pen_suspects *suspects, const uint8_t *secret)
{
	*suspects = (struct pen_suspects){.secret = secret};
	suspects->slots = calloc(PEN_SUSPECTS_SLOTS, sizeof *suspects->slots);
	return suspects->slots ? 0 : -ENOMEM;
}

void pen_suspects_fini(struct pen_suspects *suspects)
{
	if (!suspects)
		return;
	free(suspects->slots);
	*suspects = (struct pen_suspects){0};
}

bool pen_suspects_choose(
	struct pen_suspects *suspects, const struct pen_tally *tally, unsigned *range)
{
	uint64_t most = 0; /* entries that the chosen ranges can hold */
	bool any = false;
	memset(suspects->slots, 0, PEN_SUSPECTS_SLOTS * sizeof *suspects->slots);
	memset(suspects->ranges, 0, sizeof suspects->ranges);
	suspects->count = 0;
	for (; *range < PEN_TALLY_RANGES; ++*range) {
		const struct pen_tally_range *next = &tally->ranges[*range];
		if (!next->sum)
			continue;
		most += next->used + next->stored;
		if (any && most > PEN_SUSPECTS_MAX)
			break;
		suspects->ranges[*range / 8] |= (uint8_t)(1u << *range % 8);
		any = true;
	}
	return any;
}

/* The entry of this hash, made if it is new; NULL if it is not looked at or does not fit. */
static struct pen_suspect *suspect_of(struct pen_suspects *suspects, const struct pen_hash *hash)
{
	unsigned range = pen_tally_range_of(hash);
	if (!(suspects->ranges[range / 8] >> range % 8 & 1))
		return NULL;
	uint32_t at = (uint32_t)pen_tally_hash(suspects->secret, hash, 0);
	for (;; at++) {
		struct pen_suspect *slot = &suspects->slots[at % PEN_SUSPECTS_SLOTS];
		if (slot->taken && pen_hash_equal(&slot->hash, hash))
			return slot;
		if (slot->taken)
			continue;
		if (suspects->count == PEN_SUSPECTS_MAX) {
			suspects->overflow = true;
			return NULL;
		}
		suspects->count++;
		slot->taken = true;
		slot->hash = *hash;
		return slot;
	}
}

static uint32_t len_kept(uint64_t len)
{
	return len < UINT32_MAX ? (uint32_t)len : UINT32_MAX;
}

void pen_suspects_store(
	struct pen_suspects *suspects, const struct pen_hash *hash, uint64_t len, int64_t refs)
{
	struct pen_suspect *suspect = suspect_of(suspects, hash);
	if (!suspect)
		return;
	suspect->stored_len = len_kept(len);
	suspect->stored = refs;
}

void pen_suspects_use(struct pen_suspects *suspects, const struct pen_hash *hash, uint64_t len)
{
	struct pen_suspect *suspect = suspect_of(suspects, hash);
	if (!suspect)
		return;
	/* One key that says another length than the rest is enough to be named. */
	if (!suspect->used || suspect->used_len == suspect->stored_len)
		suspect->used_len = len_kept(len);
	suspect->used++;
}

void pen_suspects_excuse(struct pen_suspects *suspects, const struct pen_hash *hash)
{
	struct pen_suspect *suspect = suspect_of(suspects, hash);
	if (suspect)
		suspect->excused = true;
}

static bool differs(const struct pen_suspect *suspect)
{
	if (!suspect->taken || suspect->excused)
		return false;
	return suspect->used != suspect->stored || suspect->used_len != suspect->stored_len;
}

static int by_hash(const void *a, const void *b)
{
	const struct pen_suspect *left = a, *right = b;
	return memcmp(left->hash.bytes, right->hash.bytes, PEN_HASH_BYTES);
}

static void name_one(const struct pen_suspect *suspect, struct pen_findings *findings)
{
	struct pen_bytes key = {suspect->hash.bytes, PEN_HASH_BYTES};
	struct pen_finding numbers = {.want = suspect->used, .have = suspect->stored};
	enum pen_finding_kind kind = PEN_FINDING_COUNT;
	if (!suspect->stored)
		kind = PEN_FINDING_MISSING;
	else if (!suspect->used)
		kind = PEN_FINDING_EXTRA;
	else if (suspect->used == suspect->stored) {
		kind = PEN_FINDING_LENGTH;
		numbers.want = suspect->used_len;
		numbers.have = suspect->stored_len;
	}
	pen_findings_add(findings, kind, key, numbers);
}

void pen_suspects_name(struct pen_suspects *suspects, struct pen_findings *findings)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; i < PEN_SUSPECTS_SLOTS; i++) {
		if (differs(&suspects->slots[i]))
			suspects->slots[kept++] = suspects->slots[i];
	}
	qsort(suspects->slots, kept, sizeof *suspects->slots, by_hash);
	for (uint32_t i = 0; i < kept; i++)
		name_one(&suspects->slots[i], findings);
	if (suspects->overflow)
		findings->cut = true;
}
