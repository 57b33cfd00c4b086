#include "drivers/rocks/merge.h"

#include <stdlib.h>

#include "base/bits.h"
#include "base/err.h"
#include "part/column.h"

/* What a merge has come to so far. */
struct sum {
	struct pen_bytes payload;
	int64_t refs;
	bool payload_known;
};

static int sum_add(struct sum *sum, struct pen_bytes value)
{
	struct pen_bytes payload;
	int64_t refs;
	if (value.len == 0)
		return 0;
	int err = pen_refs_decode(value, &payload, &refs);
	if (err)
		return err;
	if (__builtin_add_overflow(sum->refs, refs, &sum->refs))
		return PEN_EVERIFY;
	/* A count that takes away carries no payload. */
	if (!sum->payload_known && refs > 0) {
		sum->payload = payload;
		sum->payload_known = true;
	}
	return 0;
}

/* RocksDB copies what it gets even after a failure, so there is always something to point to. */
static char nothing[1];

static char *merge_failed(unsigned char *success, size_t *len)
{
	*success = 0;
	*len = 0;
	return nothing;
}

static char *merge_write(const struct sum *sum, unsigned char *success, size_t *len)
{
	*success = 1;
	*len = 0;
	if (sum->refs == 0)
		return nothing;
	size_t head = sum->refs > 0 ? sum->payload.len : 0;
	char *out = malloc(head + PEN_REFS_BYTES);
	if (!out)
		return merge_failed(success, len);
	if (head)
		memcpy(out, sum->payload.at, head);
	pen_put_le64((uint8_t *)out + head, (uint64_t)sum->refs);
	*len = head + PEN_REFS_BYTES;
	return out;
}

/* RocksDB's own type for operands: two arrays. */
struct operands {
	const char *const *at;
	const size_t *len;
	int count;
};

static char *merge_all(
	struct sum *sum, struct operands operands, unsigned char *success, size_t *len)
{
	for (int i = 0; i < operands.count; i++) {
		struct pen_bytes value = {(const uint8_t *)operands.at[i], operands.len[i]};
		if (sum_add(sum, value))
			return merge_failed(success, len);
	}
	return merge_write(sum, success, len);
}

static char *merge_full(void *state, const char *key, size_t key_len, const char *base,
	size_t base_len, const char *const *operands, const size_t *lens, int count,
	unsigned char *success, size_t *len)
{
	(void)state, (void)key, (void)key_len;
	struct sum sum = {0};
	if (base && sum_add(&sum, (struct pen_bytes){(const uint8_t *)base, base_len}))
		return merge_failed(success, len);
	return merge_all(&sum, (struct operands){operands, lens, count}, success, len);
}

static char *merge_partial(void *state, const char *key, size_t key_len,
	const char *const *operands, const size_t *lens, int count, unsigned char *success,
	size_t *len)
{
	(void)state, (void)key, (void)key_len;
	struct sum sum = {0};
	return merge_all(&sum, (struct operands){operands, lens, count}, success, len);
}

static void merge_free(void *state, const char *value, size_t len)
{
	(void)state, (void)len;
	if (value != nothing)
		free((void *)(uintptr_t)value);
}

static const char *merge_name(void *state)
{
	(void)state;
	return PEN_ROCKS_MERGE_NAME;
}

static void merge_end(void *state)
{
	(void)state;
}

rocksdb_mergeoperator_t *pen_rocks_merge_operator(void)
{
	return rocksdb_mergeoperator_create(
		NULL, merge_end, merge_full, merge_partial, merge_free, merge_name);
}
