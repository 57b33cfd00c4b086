#include "base/sha_ni.h"

#include "base/check.h"

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

#define TARGET __attribute__((target("sha,sse4.1,ssse3")))
#define INLINE static inline __attribute__((always_inline)) TARGET

bool pen_sha_ni_available(void)
{
	unsigned a, b, c, d;
	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_SSE4_1) || !(c & bit_SSSE3))
		return false;
	return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA);
}

/* FIPS 180-4, 4.2.2. */
static const uint32_t constants[64] __attribute__((aligned(16))) = {0x428a2f98, 0x71374491,
	0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98,
	0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc,
	0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
	0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354,
	0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
	0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c,
	0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f,
	0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

/* The initial state (FIPS 180-4, 5.3.3) in the order of the SHA instructions: ABEF and CDGH,
 * highest word first. */
static const uint32_t initial[8] __attribute__((aligned(16))) = {0x9b05688c, 0x510e527f, 0xbb67ae85,
	0x6a09e667, 0x5be0cd19, 0x1f83d9ab, 0xa54ff53a, 0x3c6ef372};

/* One message on its way. */
struct lane {
	__m128i abef, cdgh;
	const uint8_t *at; /* next block */
	size_t whole; /* blocks left in the message itself */
	size_t padded; /* blocks left in tail */
	struct pen_hash *out;
	uint8_t tail[128]; /* the message's last bytes, padding and length */
};

/* One block's state and schedule in registers. */
struct work {
	__m128i abef, cdgh, w[4];
};

INLINE void work_load(struct work *work, const struct lane *lane)
{
	const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
	work->abef = lane->abef;
	work->cdgh = lane->cdgh;
	for (int i = 0; i < 4; i++)
		work->w[i] = _mm_shuffle_epi8(
			_mm_loadu_si128((const __m128i *)(const void *)lane->at + i), swap);
}

/* The next four words of the schedule, in place of the oldest four. */
INLINE void work_schedule(struct work *work, int group)
{
	__m128i *w = work->w;
	__m128i last = w[(group + 3) & 3];
	__m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(w[group & 3], w[(group + 1) & 3]),
		_mm_alignr_epi8(last, w[(group + 2) & 3], 4));
	w[group & 3] = _mm_sha256msg2_epu32(sum, last);
}

INLINE void work_rounds(struct work *work, int group)
{
	__m128i words = _mm_add_epi32(
		work->w[group & 3], ((const __m128i *)(const void *)constants)[group]);
	work->cdgh = _mm_sha256rnds2_epu32(work->cdgh, work->abef, words);
	words = _mm_shuffle_epi32(words, 0x0e);
	work->abef = _mm_sha256rnds2_epu32(work->abef, work->cdgh, words);
}

/* One block of each lane. */
TARGET static void compress(struct lane *a, struct lane *b)
{
	struct work x, y;
	work_load(&x, a);
	work_load(&y, b);
#pragma GCC unroll 16
	for (int group = 0; group < 16; group++) {
		if (group >= 4) {
			work_schedule(&x, group);
			work_schedule(&y, group);
		}
		work_rounds(&x, group);
		work_rounds(&y, group);
	}
	a->abef = _mm_add_epi32(a->abef, x.abef);
	a->cdgh = _mm_add_epi32(a->cdgh, x.cdgh);
	b->abef = _mm_add_epi32(b->abef, y.abef);
	b->cdgh = _mm_add_epi32(b->cdgh, y.cdgh);
}

/* Begin a message: its last bytes, the padding and the length go into the tail. */
TARGET static void lane_open(struct lane *lane, struct pen_bytes message, struct pen_hash *out)
{
	size_t rest = message.len % 64;
	lane->abef = ((const __m128i *)(const void *)initial)[0];
	lane->cdgh = ((const __m128i *)(const void *)initial)[1];
	lane->whole = message.len / 64;
	lane->padded = rest < 56 ? 1 : 2;
	lane->at = lane->whole ? message.at : lane->tail;
	lane->out = out;
	if (rest)
		memcpy(lane->tail, message.at + message.len - rest, rest);
	lane->tail[rest] = 0x80;
	size_t end = lane->padded * 64;
	memset(lane->tail + rest + 1, 0, end - rest - 1);
	uint64_t bits = __builtin_bswap64((uint64_t)message.len * 8);
	memcpy(lane->tail + end - 8, &bits, 8);
}

/* A block is done: true if the message goes on. */
static bool lane_next(struct lane *lane)
{
	if (lane->whole) {
		lane->whole--;
		lane->at = lane->whole ? lane->at + 64 : lane->tail;
		return true;
	}
	lane->padded--;
	lane->at += 64;
	return lane->padded > 0;
}

TARGET static void lane_close(const struct lane *lane)
{
	const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
	__m128i feba = _mm_shuffle_epi32(lane->abef, 0x1b);
	__m128i dchg = _mm_shuffle_epi32(lane->cdgh, 0xb1);
	__m128i dcba = _mm_blend_epi16(feba, dchg, 0xf0);
	__m128i hgfe = _mm_alignr_epi8(dchg, feba, 8);
	_mm_storeu_si128((__m128i *)(void *)lane->out->bytes, _mm_shuffle_epi8(dcba, swap));
	_mm_storeu_si128((__m128i *)(void *)lane->out->bytes + 1, _mm_shuffle_epi8(hgfe, swap));
}

/* The messages that no lane has taken yet. */
struct queue {
	const struct pen_bytes *messages;
	struct pen_hash *out;
	size_t next, count;
	struct pen_hash spare; /* takes the digest of a lane that has no message left */
};

/* Give the lane the next message, or the empty one to keep it turning. Returns whether it is real.
 */
static bool lane_refill(struct lane *lane, struct queue *queue)
{
	bool any = queue->next < queue->count;
	lane_open(lane, any ? queue->messages[queue->next] : (struct pen_bytes){0},
		any ? &queue->out[queue->next] : &queue->spare);
	queue->next += any;
	return any;
}

void pen_sha_ni_many(const struct pen_bytes *messages, size_t count, struct pen_hash *out)
{
	struct lane lanes[2];
	bool real[2];
	struct queue queue = {.messages = messages, .out = out, .count = count};
	real[0] = lane_refill(&lanes[0], &queue);
	real[1] = lane_refill(&lanes[1], &queue);
	while (real[0] || real[1]) {
		compress(&lanes[0], &lanes[1]);
		for (int i = 0; i < 2; i++) {
			if (lane_next(&lanes[i]))
				continue;
			lane_close(&lanes[i]);
			real[i] = lane_refill(&lanes[i], &queue);
		}
	}
}

#else

bool pen_sha_ni_available(void)
{
	return false;
}

void pen_sha_ni_many(const struct pen_bytes *messages, size_t count, struct pen_hash *out)
{
	(void)messages;
	(void)count;
	(void)out;
	PEN_CHECK(!"called on a CPU that has no SHA extensions");
}

#endif
