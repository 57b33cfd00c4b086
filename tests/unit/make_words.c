#include <criterion/criterion.h>

#include "make/words.h"

Test(make_words, contracts_are_kept_and_differ)
{
	struct pen_words words;
	struct pen_bytes code, again, other;
	pen_words_init(&words, 1);
	for (unsigned i = 0; i < PEN_WORDS_CODES; i++) {
		cr_assert_eq(pen_words_code(&words, i, &code), 0);
		cr_assert(code.len >= 20000 && code.len < 200000);
		cr_assert_eq(memcmp(code.at, "\0asm\1\0\0\0", 8), 0);
		cr_assert_eq(pen_words_code(&words, i, &again), 0);
		cr_assert_eq(code.at, again.at);
	}
	cr_assert_eq(pen_words_code(&words, 0, &other), 0);
	cr_assert_neq(pen_bytes_compare(code, other), 0);
	pen_words_fini(&words);
	pen_words_fini(NULL);
}
