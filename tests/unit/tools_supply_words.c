/* Sources as a user types them. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "../../tools/penstock/supply.h"
#include "base/check.h"

Test(tools_supply_words, sorts)
{
	static const struct {
		const char *word;
		bool peer;
	} rows[] = {
		{"10.0.0.1:7070", true},
		{"[::1]:7070", true},
		{"host", true},
		{"directory", true},
		{"dir:host:7070", false},
		{"dir:", false},
		{"http://host:80", false},
		{"https://host", false},
		{"ftp://host", false},
	};
	const char *words[PEN_COUNT(rows)];
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		words[i] = rows[i].word;
		cr_expect_eq(supply_is_peer(words[i]), rows[i].peer, "%s", words[i]);
	}
	cr_expect_eq(supply_count_peers(words, PEN_COUNT(rows)), 4);
	cr_expect_eq(supply_count_peers(words, 0), 0);
}

Test(tools_supply_words, counts)
{
	const char *words[SUPPLY_WORDS_MAX + 2];
	struct pen_why why = {0};
	for (unsigned i = 0; i < PEN_COUNT(words); i++)
		words[i] = i < PEN_HAUL_PEERS ? "host:1" : "dir:x";
	cr_expect_eq(supply_count_check(words, SUPPLY_WORDS_MAX, &why), 0);
	cr_expect_eq(supply_count_check(words, SUPPLY_WORDS_MAX + 1, &why), PEN_EUSAGE);
	cr_expect(strstr(why.text, "directories"), "%s", why.text);
	words[PEN_HAUL_PEERS] = "host:2";
	cr_expect_eq(supply_count_check(words, PEN_HAUL_PEERS, &why), 0);
	cr_expect_eq(supply_count_check(words, PEN_HAUL_PEERS + 1, &why), PEN_EUSAGE);
	cr_expect(strstr(why.text, "servers"), "%s", why.text);
}

/* No web server gets none, and all together never less than there is. */
Test(tools_supply_words, shares_of_a_rate)
{
	static const char *const words[] = {"http://a", "host:1", "dir:x", "https://b", "http://c"};
	static const struct {
		unsigned count;
		uint64_t rate, share;
	} rows[] = {{1, 100, 100}, {3, 100, 100}, {4, 100, 50}, {5, 100, 34}, {5, 1, 1}, {5, 0, 0}};
	for (size_t i = 0; i < PEN_COUNT(rows); i++)
		cr_expect_eq(supply_web_rate(words, rows[i].count, rows[i].rate), rows[i].share,
			"%zu", i);
	cr_expect_eq(supply_web_rate(words + 1, 2, 100), 0, "no web server");
}
