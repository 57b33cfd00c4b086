#include "sim/curves.h"

#include <time.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/keys.h"
#include "sim/toy.h"

int64_t curves_ns;
static bool curves_real;

void __real_pen_keys_exchange_public(
	const uint8_t own[PEN_KEYS_BYTES], uint8_t out[PEN_KEYS_BYTES]);
void __real_pen_keys_identity_public(
	const uint8_t own[PEN_KEYS_BYTES], uint8_t out[PEN_KEYS_BYTES]);
bool __real_pen_keys_exchange(const uint8_t own[PEN_KEYS_BYTES],
	const uint8_t other[PEN_KEYS_BYTES], uint8_t out[PEN_KEYS_BYTES]);
void __real_pen_keys_sign(const uint8_t own[PEN_KEYS_BYTES], const uint8_t key[PEN_KEYS_BYTES],
	struct pen_bytes message, uint8_t out[PEN_KEYS_SIGNATURE_BYTES]);
bool __real_pen_keys_verify(const uint8_t other[PEN_KEYS_BYTES], struct pen_bytes message,
	const uint8_t signature[PEN_KEYS_SIGNATURE_BYTES]);
void __wrap_pen_keys_exchange_public(
	const uint8_t own[PEN_KEYS_BYTES], uint8_t out[PEN_KEYS_BYTES]);
void __wrap_pen_keys_identity_public(
	const uint8_t own[PEN_KEYS_BYTES], uint8_t out[PEN_KEYS_BYTES]);
bool __wrap_pen_keys_exchange(const uint8_t own[PEN_KEYS_BYTES],
	const uint8_t other[PEN_KEYS_BYTES], uint8_t out[PEN_KEYS_BYTES]);
void __wrap_pen_keys_sign(const uint8_t own[PEN_KEYS_BYTES], const uint8_t key[PEN_KEYS_BYTES],
	struct pen_bytes message, uint8_t out[PEN_KEYS_SIGNATURE_BYTES]);
bool __wrap_pen_keys_verify(const uint8_t other[PEN_KEYS_BYTES], struct pen_bytes message,
	const uint8_t signature[PEN_KEYS_SIGNATURE_BYTES]);

void curves_choose(bool real)
{
	curves_real = real;
}

int64_t cpu_ns(void)
{
	struct timespec now;
	PEN_CHECK(!clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now));
	return now.tv_sec * PEN_NS_PER_S + now.tv_nsec;
}

void __wrap_pen_keys_exchange_public(const uint8_t own[PEN_KEYS_BYTES], uint8_t out[PEN_KEYS_BYTES])
{
	if (!curves_real) {
		toy_public(own, out);
		return;
	}
	int64_t begin_ns = cpu_ns();
	__real_pen_keys_exchange_public(own, out);
	curves_ns += cpu_ns() - begin_ns;
}

void __wrap_pen_keys_identity_public(const uint8_t own[PEN_KEYS_BYTES], uint8_t out[PEN_KEYS_BYTES])
{
	if (curves_real)
		__real_pen_keys_identity_public(own, out);
	else
		toy_public(own, out);
}

bool __wrap_pen_keys_exchange(const uint8_t own[PEN_KEYS_BYTES],
	const uint8_t other[PEN_KEYS_BYTES], uint8_t out[PEN_KEYS_BYTES])
{
	if (!curves_real)
		return toy_exchange(own, other, out);
	int64_t begin_ns = cpu_ns();
	bool fine = __real_pen_keys_exchange(own, other, out);
	curves_ns += cpu_ns() - begin_ns;
	return fine;
}

void __wrap_pen_keys_sign(const uint8_t own[PEN_KEYS_BYTES], const uint8_t key[PEN_KEYS_BYTES],
	struct pen_bytes message, uint8_t out[PEN_KEYS_SIGNATURE_BYTES])
{
	if (!curves_real) {
		toy_sign(own, key, message, out);
		return;
	}
	int64_t begin_ns = cpu_ns();
	__real_pen_keys_sign(own, key, message, out);
	curves_ns += cpu_ns() - begin_ns;
}

bool __wrap_pen_keys_verify(const uint8_t other[PEN_KEYS_BYTES], struct pen_bytes message,
	const uint8_t signature[PEN_KEYS_SIGNATURE_BYTES])
{
	if (!curves_real)
		return toy_verify(other, message, signature);
	int64_t begin_ns = cpu_ns();
	bool fine = __real_pen_keys_verify(other, message, signature);
	curves_ns += cpu_ns() - begin_ns;
	return fine;
}
