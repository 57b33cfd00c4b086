#include "bench/pairs.h"

#include <errno.h>
#include <stdlib.h>

#include "make/profile.h"
#include "part/entries.h"

/* Contracts are this long, other values shorter or unique. */
#define SHARED_BYTES_MIN 20000u

struct taking {
	struct bench_pairs *pairs;
	struct pen_entries shared; /* large values, by hash */
	size_t cap;
};

static int copy_shared(struct taking *taking, struct pen_bytes value, struct pen_bytes *out)
{
	struct pen_hash hash;
	pen_sha256(value, &hash);
	uint32_t at = pen_entries_find(&taking->shared, &hash);
	if (at != PEN_ENTRY_NONE) {
		*out = (struct pen_bytes){pen_entries_at(&taking->shared, at)->at, value.len};
		return 0;
	}
	int err = pen_chunks_copy(&taking->pairs->chunks, value, out);
	if (!err)
		err = pen_entries_add(&taking->shared, &hash, *out);
	return err < 0 ? err : 0;
}

static int take(void *context, const struct pen_pair *pair)
{
	struct taking *taking = context;
	struct bench_pairs *pairs = taking->pairs;
	if (pairs->count == taking->cap)
		return -ENOMEM;
	struct pen_pair *to = &pairs->list[pairs->count++];
	int err = pen_chunks_copy(&pairs->chunks, pair->key, &to->key);
	if (err)
		return err;
	if (pair->value.len >= SHARED_BYTES_MIN)
		return copy_shared(taking, pair->value, &to->value);
	return pen_chunks_copy(&pairs->chunks, pair->value, &to->value);
}

int bench_pairs_open(struct bench_pairs *pairs, struct bench *bench)
{
	struct pen_profile_want want = {.keys = bench->keys, .seed = BENCH_SEED};
	struct taking taking = {.pairs = pairs, .cap = bench->keys};
	struct pen_why why = {0};
	*pairs = (struct bench_pairs){.list = calloc(bench->keys, sizeof *pairs->list)};
	int err = pairs->list ? pen_profile_make(&want, take, &taking, &why) : -ENOMEM;
	pen_entries_fini(&taking.shared);
	if (!err)
		return 0;
	bench_pairs_close(pairs);
	return bench_fail(bench, "no state of %llu keys: %s", (unsigned long long)bench->keys,
		why.text[0] ? why.text : strerror(-err));
}

void bench_pairs_close(struct bench_pairs *pairs)
{
	free(pairs->list);
	pen_chunks_fini(&pairs->chunks);
	*pairs = (struct bench_pairs){0};
}
