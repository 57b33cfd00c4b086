#include "make/words.h"

#include "base/check.h"

enum { KIND_WORD = 10, KIND_CODE = 11 };

#define CODE_BYTES_MIN 20000
#define CODE_BYTES_SPAN 180000
/* A contract is cut behind its last word. */
#define CODE_BYTES_SLACK 24

void pen_words_init(struct pen_words *words, uint64_t seed)
{
	*words = (struct pen_words){.seed = seed};
	for (unsigned w = 0; w < PEN_COUNT(words->words); w++) {
		struct pen_rng rng = pen_words_stream(seed, KIND_WORD, w);
		pen_rng_bytes(&rng, words->words[w], sizeof words->words[w]);
	}
}

void pen_words_fini(struct pen_words *words)
{
	if (!words)
		return;
	for (unsigned i = 0; i < PEN_WORDS_CODES; i++)
		pen_buf_fini(&words->codes[i]);
}

/* Append 8 to 23 bytes of a word, low numbers more often, or now and then 5 random bytes. */
static void append_word(const struct pen_words *words, struct pen_rng *rng, struct pen_buf *out)
{
	uint64_t r = pen_rng_next(rng);
	if ((r & 15) < 13) {
		const uint8_t *word = words->words[(r >> 8 & 511) * (r >> 20 & 511) >> 9];
		size_t len = 8 + (r >> 32 & 15);
		memcpy(out->at + out->len, word, len);
		out->len += len;
		return;
	}
	uint64_t random = pen_rng_next(rng);
	memcpy(out->at + out->len, &random, 5);
	out->len += 5;
}

int pen_words_code(struct pen_words *words, unsigned code, struct pen_bytes *out)
{
	PEN_CHECK(code < PEN_WORDS_CODES);
	struct pen_buf *buf = &words->codes[code];
	if (!buf->len) {
		struct pen_rng rng = pen_words_stream(words->seed, KIND_CODE, code);
		size_t size = CODE_BYTES_MIN + pen_rng_below(&rng, CODE_BYTES_SPAN);
		int err = pen_buf_reserve(buf, size + CODE_BYTES_SLACK);
		if (!err)
			err = pen_buf_append(buf, "\0asm\1\0\0\0", 8);
		if (err)
			return err;
		while (buf->len < size)
			append_word(words, &rng, buf);
		buf->len = size;
	}
	*out = pen_buf_bytes(buf);
	return 0;
}
