#include "base/rng.h"

#include <sys/random.h>
#include <sys/types.h>

#include "base/bits.h"
#include "base/check.h"

void pen_rng_bytes(struct pen_rng *rng, void *out, size_t len)
{
	uint8_t *at = out;
	for (; len >= 8; at += 8, len -= 8)
		pen_put_le64(at, pen_rng_next(rng));
	if (len) {
		uint64_t word = pen_rng_next(rng);
		memcpy(at, &word, len);
	}
}

void pen_rng_secret(void *out, size_t len)
{
	uint8_t *at = out;
	while (len) {
		ssize_t got = getrandom(at, len, 0);
		PEN_CHECK(got > 0);
		at += got;
		len -= (size_t)got;
	}
}
