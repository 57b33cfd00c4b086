/* The two-lane kernel against OpenSSL's EVP: every length around the edges of a block, every
 * alignment, every number of messages that leaves a lane alone. */
#include <criterion/criterion.h>
#include <openssl/evp.h>

#include "base/rng.h"
#include "base/sha_ni.h"

#define MESSAGES 500

static uint8_t bytes[80000];
static struct pen_bytes messages[MESSAGES];
static struct pen_hash wanted[MESSAGES], got[MESSAGES];

static void setup(void)
{
	struct pen_rng rng = {11};
	pen_rng_bytes(&rng, bytes, sizeof bytes);
	for (size_t i = 0; i < MESSAGES; i++) {
		size_t len = i < 260 ? i : pen_rng_below(&rng, i < 450 ? 300 : 70000);
		unsigned digest_len;
		messages[i] = (struct pen_bytes){bytes + pen_rng_below(&rng, 9000), len};
		EVP_Digest(messages[i].at, len, wanted[i].bytes, &digest_len, EVP_sha256(), NULL);
	}
}

TestSuite(base_sha_ni, .init = setup);

Test(base_sha_ni, agrees_with_evp)
{
	if (!pen_sha_ni_available())
		cr_skip("this CPU has no SHA extensions");
	for (size_t count = 0; count < 9; count++) {
		for (size_t first = 0; first + count <= MESSAGES; first += 7) {
			memset(got, 0, sizeof got);
			pen_sha_ni_many(messages + first, count, got);
			cr_assert_eq(memcmp(got, wanted + first, count * PEN_HASH_BYTES), 0);
			cr_assert(pen_hash_is_zero(&got[count]));
		}
	}
	pen_sha_ni_many(messages, MESSAGES, got);
	cr_assert_eq(memcmp(got, wanted, sizeof got), 0);
}
