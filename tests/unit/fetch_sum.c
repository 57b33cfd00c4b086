#include "fetch/sum.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "peer/inquiry.h"
#include "wire/wire.h"

#define MIB ((size_t)1 << 20)

static uint8_t *bytes;

static void setup(void)
{
	bytes = malloc(3 * MIB);
	for (size_t i = 0; i < 3 * MIB; i++)
		bytes[i] = (uint8_t)(i * 2654435761u >> 24);
}

static void teardown(void)
{
	free(bytes);
}

TestSuite(fetch_sum, .init = setup, .fini = teardown);

static struct pen_sum sum_of(const size_t *pieces, size_t count)
{
	struct pen_sum sum = {0};
	size_t at = 0;
	for (size_t i = 0; i < count; i++) {
		pen_sum_add(&sum, (struct pen_bytes){bytes + at, pieces[i]});
		at += pieces[i];
	}
	return sum;
}

/* The chain of what a server attests, block by block. */
static struct pen_hash attested(const size_t *blocks, size_t count)
{
	struct pen_hash chain = {0}, digest;
	size_t at = 0;
	for (size_t i = 0; i < count; i++) {
		pen_sha256((struct pen_bytes){bytes + at, blocks[i]}, &digest);
		pen_inquiry_sum(&chain, digest.bytes, (uint32_t)blocks[i]);
		at += blocks[i];
	}
	return chain;
}

/* It is what comes of what a server attests, block by block. */
Test(fetch_sum, is_the_chain_of_blocks)
{
	static const struct {
		size_t pieces[3], blocks[4]; /* 0: no more */
	} rows[] = {
		{{1}, {1}},
		{{MIB}, {MIB}},
		{{MIB, MIB, 7}, {MIB, MIB, 7}},
		{{MIB + 1, 5}, {MIB, 1, 5}},
		{{9, 2 * MIB + 3}, {9, MIB, MIB, 3}},
	};
	cr_assert_eq(PEN_WIRE_PIECE_BYTES_MAX, MIB);
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		size_t pieces = 0, blocks = 0;
		while (pieces < 3 && rows[i].pieces[pieces])
			pieces++;
		while (blocks < 4 && rows[i].blocks[blocks])
			blocks++;
		struct pen_sum sum = sum_of(rows[i].pieces, pieces);
		struct pen_hash chain = attested(rows[i].blocks, blocks);
		cr_expect_eq(sum.blocks, blocks, "row %zu", i);
		cr_expect(pen_hash_equal(&sum.chain, &chain), "row %zu", i);
	}
}

/* One bit of any piece, and where pieces end, make another sum. */
Test(fetch_sum, tells_what_came)
{
	static const size_t pieces[] = {MIB, 100, MIB}, other[] = {MIB, 101, MIB - 1};
	const struct pen_sum sum = sum_of(pieces, 3), cut = sum_of(other, 3);
	cr_expect_not(pen_hash_equal(&sum.chain, &cut.chain));
	for (size_t at = 0; at < 2 * MIB + 100; at += 699051) {
		bytes[at] ^= 1;
		const struct pen_sum now = sum_of(pieces, 3);
		cr_expect_not(pen_hash_equal(&sum.chain, &now.chain), "byte %zu", at);
		bytes[at] ^= 1;
	}
}
