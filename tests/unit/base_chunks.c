#include <criterion/criterion.h>

#include "base/chunks.h"

Test(base_chunks, copies_stay_where_they_are)
{
	static const size_t lens[] = {0, 1, 100, PEN_CHUNK_BYTES, 3, PEN_CHUNK_BYTES + 1, 7};
	enum { COUNT = sizeof lens / sizeof *lens };
	static uint8_t bytes[PEN_CHUNK_BYTES + 1];
	struct pen_chunks chunks = {0};
	struct pen_bytes kept[COUNT];
	for (size_t i = 0; i < COUNT; i++) {
		memset(bytes, (int)i + 1, lens[i]);
		struct pen_bytes from = {bytes, lens[i]};
		cr_assert_eq(pen_chunks_copy(&chunks, from, &kept[i]), 0);
	}
	for (size_t i = 0; i < COUNT; i++) {
		cr_assert_eq(kept[i].len, lens[i]);
		for (size_t at = 0; at < lens[i]; at += 4096)
			cr_assert_eq(kept[i].at[at], i + 1);
	}
	cr_assert_eq(chunks.bytes, 5 * PEN_CHUNK_BYTES + 1);
	pen_chunks_fini(&chunks);
	pen_chunks_fini(&chunks);
}
