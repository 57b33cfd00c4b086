/*
 * Hostile parts whose hashes fit, which plain mutation never finds: the input is a list of entries
 * `u8 length, bytes`; each hash inside an entry that decodes as a node is replaced by the hash of
 * an earlier entry, which its first byte chooses. The last entry is the root.
 *
 * Whatever comes out: keys are visited in ascending order; what is proved is refused with one
 * entry more or one entry twice.
 */
#include "fuzz.h"
#include "part/partial.h"
#include "part/prove.h"

/* Entries of an input, and visits of all that hangs under its root: a bound on the time. */
#define ENTRIES_MAX 48u
#define VISITS_MAX 4096u

struct forged {
	uint32_t count;
	struct pen_bytes entries[ENTRIES_MAX + 1];
	struct pen_hash hashes[ENTRIES_MAX];
	uint64_t visits[ENTRIES_MAX];
	uint8_t bytes[ENTRIES_MAX][256];
};

static struct pen_proof proof;

/* Point a hash at an earlier entry; returns the visits that it adds. */
static uint64_t link_hash(struct forged *forged, uint8_t *hash, uint32_t i)
{
	/* Some stay what they are: a part lacks what does not belong to it. */
	if (i == 0 || hash[1] > 230)
		return 1;
	uint32_t target = hash[0] % i;
	memcpy(hash, forged->hashes[target].bytes, PEN_HASH_BYTES);
	return forged->visits[target];
}

/* The same place as `at`, which lies in `bytes`. */
static uint8_t *writable(uint8_t *bytes, const uint8_t *at)
{
	return bytes + (at - bytes);
}

static void link_entry(struct forged *forged, uint32_t i)
{
	struct pen_node node;
	uint64_t visits = 1;
	if (pen_node_decode(forged->entries[i], &node) == 0) {
		unsigned children = node.kind == PEN_EXTENSION
			? 1
			: (unsigned)__builtin_popcount(node.mask);
		for (unsigned c = 0; c < children; c++)
			visits += link_hash(forged,
				writable(forged->bytes[i], node.children + c * PEN_HASH_BYTES), i);
		if (node.value_hash)
			link_hash(forged, writable(forged->bytes[i], node.value_hash), i);
	}
	forged->visits[i] = visits < VISITS_MAX ? visits : VISITS_MAX;
	pen_sha256(forged->entries[i], &forged->hashes[i]);
}

static void forge(struct forged *forged, const uint8_t *data, size_t len)
{
	forged->count = 0;
	while (len && forged->count < ENTRIES_MAX) {
		size_t bytes = data[0] < len - 1 ? data[0] : len - 1;
		uint32_t i = forged->count++;
		memcpy(forged->bytes[i], data + 1, bytes);
		forged->entries[i] = (struct pen_bytes){forged->bytes[i], bytes};
		link_entry(forged, i);
		data += 1 + bytes;
		len -= 1 + bytes;
	}
}

struct order {
	struct pen_path last;
	bool any;
};

static int check_order(void *context, const struct pen_item *item)
{
	struct order *order = context;
	PEN_CHECK(item->value);
	if (order->any)
		PEN_CHECK(pen_path_compare(&order->last, item->path) < 0);
	order->last = *item->path;
	order->any = true;
	return 0;
}

static int prove(const struct pen_part_id *id, const struct pen_bytes *entries, uint32_t count)
{
	struct pen_buf content = {0};
	struct pen_bytes sorted[ENTRIES_MAX + 1];
	memcpy(sorted, entries, count * sizeof *entries);
	PEN_CHECK(pen_partial_encode(sorted, count, &content, NULL) == 0);
	int err = pen_proof_check(&proof, id, pen_buf_bytes(&content), NULL);
	if (err == 0) {
		struct order order = {0};
		struct pen_part_counts counts;
		PEN_CHECK(pen_proof_visit(&proof, check_order, &order, NULL) == 0);
		pen_proof_counts(&proof, &counts);
		PEN_CHECK(counts.entries == count);
	}
	pen_buf_fini(&content);
	return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct forged forged;
	if (len < 3)
		return 0;
	forge(&forged, data + 2, len - 2);
	uint32_t root = forged.count - 1;
	if (forged.visits[root] >= VISITS_MAX)
		return 0;
	struct pen_part_id id = {forged.hashes[root], data[0] % 18, data[1] % 17 + 1};
	if (prove(&id, forged.entries, forged.count))
		return 0;
	static const uint8_t stranger[] = "hash me if you can";
	forged.entries[forged.count] = (struct pen_bytes){stranger, sizeof stranger};
	PEN_CHECK(prove(&id, forged.entries, forged.count + 1) == PEN_EUNEXPECTED);
	forged.entries[forged.count] = forged.entries[0];
	PEN_CHECK(prove(&id, forged.entries, forged.count + 1) == PEN_EUNEXPECTED);
	return 0;
}
