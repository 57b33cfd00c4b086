#include <criterion/criterion.h>

#include "apply/finding.h"
#include "base/check.h"

Test(apply_finding, sentences)
{
	static const struct {
		enum pen_finding_kind kind;
		struct pen_finding numbers;
		const char *word, *text;
	} rows[] = {
		{PEN_FINDING_MISSING, {.want = 2}, "missing",
			"State lacks 11111111111111111111111111111112, uses in the trie: 2"},
		{PEN_FINDING_EXTRA, {.have = 3}, "extra",
			"State holds 11111111111111111111111111111112, which the trie does not "
			"use, with a count of 3"},
		{PEN_FINDING_COUNT, {.want = 1, .have = -2}, "count",
			"State has 11111111111111111111111111111112 with a count of -2, uses in "
			"the trie: 1"},
		{PEN_FINDING_LENGTH, {.want = 5000, .have = 5001}, "length",
			"State has 11111111111111111111111111111112, bytes: 5001, by FlatState: "
			"5000"},
	};
	static const uint8_t hash[PEN_HASH_BYTES] = {[31] = 1};
	char text[PEN_FINDING_TEXT_BYTES];
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_findings findings = {0};
		pen_findings_add(&findings, rows[i].kind, (struct pen_bytes){hash, sizeof hash},
			rows[i].numbers);
		cr_assert_str_eq(pen_finding_text(&findings.first[0], text), rows[i].text);
		cr_assert_str_eq(pen_finding_word(rows[i].kind), rows[i].word);
	}
}

Test(apply_finding, first_are_kept_and_keys_are_cut)
{
	static const uint8_t key[3000] = {0xab, 0xcd};
	struct pen_findings findings = {0};
	char text[PEN_FINDING_TEXT_BYTES];
	for (unsigned i = 0; i < 100; i++)
		pen_findings_add(&findings, (enum pen_finding_kind)(i % PEN_FINDING_KINDS),
			(struct pen_bytes){key, i ? i * 30 : 0},
			(struct pen_finding){.want = INT64_MIN, .have = INT64_MIN});
	cr_assert_eq(findings.total, 100);
	cr_assert_eq(pen_findings_kept(&findings), PEN_FINDINGS_MAX);
	for (unsigned i = 0; i < PEN_FINDINGS_MAX; i++) {
		cr_assert_eq(findings.first[i].key_len, i * 30);
		size_t len = strlen(pen_finding_text(&findings.first[i], text));
		cr_assert_lt(len, PEN_FINDING_TEXT_BYTES - 1, "%s", text);
	}
	pen_finding_text(&findings.first[8], text);
	cr_assert(strstr(text, "abcd0000"), "%s", text);
	cr_assert(strstr(text, "..."), "%s", text);
}
