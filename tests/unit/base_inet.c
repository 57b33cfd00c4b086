/* The Internet checksum against RFC 1071's example and a sum in the plainest way. */
#include "base/inet.h"

#include <criterion/criterion.h>

#include "base/rng.h"

/* Word by word, as RFC 1071 4.1 writes it down. */
static uint16_t plain(const uint8_t *at, size_t bytes)
{
	uint32_t sum = 0;
	for (size_t i = 0; i < bytes; i += 2)
		sum += at[i] | (uint32_t)(i + 1 < bytes ? at[i + 1] : 0) << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

Test(base_inet, sums_the_example_of_rfc_1071)
{
	static const uint8_t example[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
	/* ddf2 in the order of the wire. */
	cr_assert_eq(pen_inet_sum(example, sizeof example), 0xf2dd);
	cr_assert_eq(pen_inet_sum(example, 0), 0);
	cr_assert_eq(pen_inet_swap(0xf2dd), 0xddf2);
}

Test(base_inet, sums_any_length_at_any_place)
{
	static uint8_t bytes[70000];
	struct pen_rng rng = {1};
	pen_rng_bytes(&rng, bytes, sizeof bytes);
	for (unsigned i = 0; i < 2000; i++) {
		size_t from = pen_rng_below(&rng, 9);
		size_t len = pen_rng_below(&rng, i % 100 ? 100 : sizeof bytes - 9);
		cr_assert_eq(pen_inet_sum(bytes + from, len), plain(bytes + from, len));
	}
	memset(bytes, 0xff, sizeof bytes);
	cr_assert_eq(pen_inet_sum(bytes, sizeof bytes), 0xffff);
}

Test(base_inet, adds_pieces_in_any_order)
{
	uint8_t bytes[301];
	struct pen_rng rng = {2};
	pen_rng_bytes(&rng, bytes, sizeof bytes);
	for (size_t cut = 0; cut <= sizeof bytes; cut++) {
		uint16_t front = pen_inet_sum(bytes, cut);
		uint16_t back = pen_inet_sum(bytes + cut, sizeof bytes - cut);
		if (cut % 2)
			back = pen_inet_swap(back);
		cr_assert_eq(pen_inet_add(back, front), plain(bytes, sizeof bytes), "%zu", cut);
	}
}
