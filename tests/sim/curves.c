#include "sim/curves.h"

#include <time.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/keys.h"

int64_t curves_ns;

void __real_pen_keys_exchange_public(
	const uint8_t own[PEN_KEYS_BYTES], uint8_t out[PEN_KEYS_BYTES]);
bool __real_pen_keys_exchange(const uint8_t own[PEN_KEYS_BYTES],
	const uint8_t other[PEN_KEYS_BYTES], uint8_t out[PEN_KEYS_BYTES]);
void __real_pen_keys_sign(const uint8_t own[PEN_KEYS_BYTES], const uint8_t key[PEN_KEYS_BYTES],
	struct pen_bytes message, uint8_t out[PEN_KEYS_SIGNATURE_BYTES]);
bool __real_pen_keys_verify(const uint8_t other[PEN_KEYS_BYTES], struct pen_bytes message,
	const uint8_t signature[PEN_KEYS_SIGNATURE_BYTES]);
void __wrap_pen_keys_exchange_public(
	const uint8_t own[PEN_KEYS_BYTES], uint8_t out[PEN_KEYS_BYTES]);
bool __wrap_pen_keys_exchange(const uint8_t own[PEN_KEYS_BYTES],
	const uint8_t other[PEN_KEYS_BYTES], uint8_t out[PEN_KEYS_BYTES]);
void __wrap_pen_keys_sign(const uint8_t own[PEN_KEYS_BYTES], const uint8_t key[PEN_KEYS_BYTES],
	struct pen_bytes message, uint8_t out[PEN_KEYS_SIGNATURE_BYTES]);
bool __wrap_pen_keys_verify(const uint8_t other[PEN_KEYS_BYTES], struct pen_bytes message,
	const uint8_t signature[PEN_KEYS_SIGNATURE_BYTES]);

int64_t cpu_ns(void)
{
	struct timespec now;
	PEN_CHECK(!clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now));
	return now.tv_sec * PEN_NS_PER_S + now.tv_nsec;
}

void __wrap_pen_keys_exchange_public(const uint8_t own[PEN_KEYS_BYTES], uint8_t out[PEN_KEYS_BYTES])
{
	int64_t begin_ns = cpu_ns();
	__real_pen_keys_exchange_public(own, out);
	curves_ns += cpu_ns() - begin_ns;
}

bool __wrap_pen_keys_exchange(const uint8_t own[PEN_KEYS_BYTES],
	const uint8_t other[PEN_KEYS_BYTES], uint8_t out[PEN_KEYS_BYTES])
{
	int64_t begin_ns = cpu_ns();
	bool fine = __real_pen_keys_exchange(own, other, out);
	curves_ns += cpu_ns() - begin_ns;
	return fine;
}

void __wrap_pen_keys_sign(const uint8_t own[PEN_KEYS_BYTES], const uint8_t key[PEN_KEYS_BYTES],
	struct pen_bytes message, uint8_t out[PEN_KEYS_SIGNATURE_BYTES])
{
	int64_t begin_ns = cpu_ns();
	__real_pen_keys_sign(own, key, message, out);
	curves_ns += cpu_ns() - begin_ns;
}

bool __wrap_pen_keys_verify(const uint8_t other[PEN_KEYS_BYTES], struct pen_bytes message,
	const uint8_t signature[PEN_KEYS_SIGNATURE_BYTES])
{
	int64_t begin_ns = cpu_ns();
	bool fine = __real_pen_keys_verify(other, message, signature);
	curves_ns += cpu_ns() - begin_ns;
	return fine;
}
