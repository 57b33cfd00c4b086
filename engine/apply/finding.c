#include "apply/finding.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/check.h"
#include "base/text.h"

/*
 * A sentence is: before, the key, behind, and where they are named the number stored and the number
 * wanted.
 */
static const struct {
	const char *word;
	const char *before, *behind;
	const char *have, *want; /* NULL: no number */
	bool hash; /* the key is a hash; else bytes */
} kinds[PEN_FINDING_KINDS] = {
	[PEN_FINDING_MISSING] = {"missing", "State lacks ", "", NULL, ", uses in the trie: ", true},
	[PEN_FINDING_EXTRA] = {"extra", "State holds ", ", which the trie does not use",
		", with a count of ", NULL, true},
	[PEN_FINDING_COUNT] = {"count", "State has ", "", " with a count of ",
		", uses in the trie: ", true},
	[PEN_FINDING_LENGTH] = {"length", "State has ", "", ", bytes: ", ", by FlatState: ", true},
	[PEN_FINDING_STATE_KEY] = {"state-key", "the State key ", " is not a hash", NULL, NULL,
		false},
	[PEN_FINDING_STATE_VALUE] = {"state-value", "the State value of ",
		" is too short for a count", NULL, NULL, true},
	[PEN_FINDING_STATE_USELESS] = {"useless", "State has ", "", " with a count of ", NULL,
		true},
	[PEN_FINDING_STATE_PAYLOAD] = {"payload", "the bytes that State holds under ",
		" have another hash", NULL, NULL, true},
	[PEN_FINDING_FLAT_KEY] = {"flat-key", "the FlatState key ", " is longer than a trie key",
		NULL, NULL, false},
	[PEN_FINDING_FLAT_VALUE] = {"flat-value", "the FlatState value of key ",
		" cannot be decoded", NULL, NULL, false},
	[PEN_FINDING_FLAT_LONG] = {"flat-long", "the FlatState value of key ",
		" is inlined, and too long for that", NULL, NULL, false},
	[PEN_FINDING_FLAT_SHORT] = {"flat-short", "the FlatState value of key ",
		" is a reference, and too short for that", NULL, NULL, false},
};

void pen_findings_add(struct pen_findings *findings, enum pen_finding_kind kind,
	struct pen_bytes key, struct pen_finding numbers)
{
	uint64_t at = findings->total++;
	if (at >= PEN_FINDINGS_MAX)
		return;
	struct pen_finding *finding = &findings->first[at];
	*finding = (struct pen_finding){
		.kind = kind, .key_len = key.len, .want = numbers.want, .have = numbers.have};
	if (key.len)
		memcpy(finding->key, key.at,
			key.len < sizeof finding->key ? key.len : sizeof finding->key);
}

/* The key as people know it: a hash in base58, another key in hex, cut where it was cut. */
static void key_text(const struct pen_finding *finding, bool hash, char *text)
{
	struct pen_hash base58;
	size_t kept = finding->key_len < sizeof finding->key ? finding->key_len
							     : sizeof finding->key;
	if (hash) {
		memcpy(base58.bytes, finding->key, sizeof base58.bytes);
		pen_base58(&base58, text);
		return;
	}
	pen_hex((struct pen_bytes){finding->key, kept}, text);
	if (kept < finding->key_len)
		memcpy(text + 2 * kept, "...", 4);
}

const char *pen_finding_text(const struct pen_finding *finding, char text[PEN_FINDING_TEXT_BYTES])
{
	PEN_CHECK(finding->kind < PEN_FINDING_KINDS);
	char key[2 * PEN_FINDING_KEY_BYTES + 4], have[24] = "", want[24] = "";
	const char *have_words = kinds[finding->kind].have, *want_words = kinds[finding->kind].want;
	key_text(finding, kinds[finding->kind].hash, key);
	if (have_words)
		snprintf(have, sizeof have, "%" PRId64, finding->have);
	if (want_words)
		snprintf(want, sizeof want, "%" PRId64, finding->want);
	snprintf(text, PEN_FINDING_TEXT_BYTES, "%s%s%s%s%s%s%s", kinds[finding->kind].before, key,
		kinds[finding->kind].behind, have_words ? have_words : "", have,
		want_words ? want_words : "", want);
	return text;
}

const char *pen_finding_word(enum pen_finding_kind kind)
{
	PEN_CHECK(kind < PEN_FINDING_KINDS);
	return kinds[kind].word;
}
