#include <criterion/criterion.h>
#include <stdlib.h>

#include "wire_samples.h"

/* Decode a copy in memory of exactly its size, so that ASan sees a read behind it. */
static bool decodes(uint8_t type, const uint8_t *body, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);
	memcpy(copy, body, len);
	bool fine = wire_decodes(type, (struct pen_bytes){copy, len});
	free(copy);
	return fine;
}

Test(wire_decode, samples_decode_at_their_length_alone)
{
	uint8_t body[PEN_WIRE_BODY_BYTES_MAX + 1];
	for (size_t i = 0; i < PEN_COUNT(wire_types); i++) {
		memset(body, 0, sizeof body);
		size_t len = wire_sample(wire_types[i], body);
		cr_assert_leq(len, PEN_WIRE_BODY_BYTES_MAX);
		for (size_t cut = 0; cut <= len + 1; cut++)
			cr_expect_eq(decodes(wire_types[i], body, cut), cut == len,
				"type %#x of %zu bytes, cut to %zu", wire_types[i], len, cut);
	}
}

/* What happens to a byte of a sample: it is no such message any more, or still is. */
struct spoil {
	uint8_t type;
	size_t at;
	uint8_t byte;
	bool fine;
	const char *what;
};

#define AT(name, member) offsetof(struct pen_wire_##name, member)
#define STATE(i, member) \
	(AT(listed, states) + (i) * sizeof(struct pen_wire_state) + AT(state, member))
#define ENTRY(i, member) \
	(AT(catalog, entries) + (i) * sizeof(struct pen_wire_entry) + AT(entry, member))
#define SLOT(i, member) (AT(open, slots) + (i) * sizeof(struct pen_wire_slot) + AT(slot, member))
#define ANSWER(i, member) \
	(AT(opened, slots) + (i) * sizeof(struct pen_wire_slot_answer) + AT(slot_answer, member))
/* The PULL's sections: behind two words of proof; the second behind one word of the first. */
#define SECTION(i, member) (AT(pull, behind) + 16 + (i)*16 + AT(missing, member))

static const struct spoil spoils[] = {
	{PEN_WIRE_HELLO, AT(hello, client), 0, false, "no number"},
	{PEN_WIRE_HELLO, AT(hello, versions), 0, false, "a version behind a gap"},
	{PEN_WIRE_HELLO, AT(hello, versions) + 1, 0, true, "one version"},
	{PEN_WIRE_HELLO, AT(hello, versions) + 3, 1, false, "a version behind a gap"},
	{PEN_WIRE_HELLO, AT(hello, flags), 2, false, "a flag without a name"},
	{PEN_WIRE_HELLO, AT(hello, size), PEN_WIRE_SIZES, false, "no size"},
	{PEN_WIRE_HELLO, AT(hello, zero) + 5, 1, false, "zero"},
	{PEN_WIRE_HELLO, AT(hello, cookie.zero), 1, false, "zero of the cookie"},
	{PEN_WIRE_HELLO, AT(hello, cookie.mac), 1, true, "a cookie, unsigned"},
	{PEN_WIRE_HELLO, AT(hello, signature) + 63, 1, false, "signed without a cookie"},
	{PEN_WIRE_HELLO, AT(hello, padding) + 1023, 1, false, "padding"},
	{PEN_WIRE_COOKIE, AT(cookie, zero), 1, false, "zero"},
	{PEN_WIRE_COOKIE, AT(cookie, mac), 0, true, "an empty MAC, but a time"},
	{PEN_WIRE_WELCOME, AT(welcome, session), 0, false, "no number"},
	{PEN_WIRE_WELCOME, AT(welcome, version), 0, false, "no version"},
	{PEN_WIRE_WELCOME, AT(welcome, flags), 4, false, "a flag without a name"},
	{PEN_WIRE_WELCOME, AT(welcome, size), 5, false, "no size"},
	{PEN_WIRE_WELCOME, AT(welcome, slots), 0, false, "no slots"},
	{PEN_WIRE_WELCOME, AT(welcome, slots), 17, false, "too many slots"},
	{PEN_WIRE_WELCOME, AT(welcome, idle_s), 0, false, "no time"},
	{PEN_WIRE_WELCOME, AT(welcome, idle_s), 61, false, "too long"},
	{PEN_WIRE_WELCOME, AT(welcome, zero), 1, false, "zero"},
	{PEN_WIRE_BUSY, AT(busy, reason), 99, true, "any reason"},
	{PEN_WIRE_CLOSE, AT(close, reason), 99, true, "any reason"},
	{PEN_WIRE_CLOSE, AT(close, zero), 1, false, "zero"},
	{PEN_WIRE_LIST, AT(list, filters), PEN_WIRE_BY_CHAIN, false, "form, not asked for"},
	{PEN_WIRE_LIST, AT(list, filters), PEN_WIRE_BY_FORM, false, "chain, not asked for"},
	{PEN_WIRE_LIST, AT(list, filters), 0x20, false, "a filter without a name"},
	{PEN_WIRE_LIST, AT(list, form), 4, false, "no form"},
	{PEN_WIRE_LIST, AT(list, chain_bytes), 0, false, "chain without bytes"},
	{PEN_WIRE_LIST, AT(list, chain_bytes), 3, false, "bytes behind the chain"},
	{PEN_WIRE_LIST, AT(list, chain_bytes), 65, false, "a chain too long"},
	{PEN_WIRE_LIST, AT(list, chain), 'M', false, "no letter of a chain"},
	{PEN_WIRE_LIST, AT(list, root) + 31, 1, false, "root, not asked for"},
	{PEN_WIRE_LIST, AT(list, epoch_height) + 7, 1, false, "height, not asked for"},
	{PEN_WIRE_LIST, AT(list, shard), 1, false, "shard, not asked for"},
	{PEN_WIRE_LIST, AT(list, zero), 1, false, "zero"},
	{PEN_WIRE_LISTED, AT(listed, count), 1, false, "a count that is not there"},
	{PEN_WIRE_LISTED, AT(listed, next), 0, false, "no step forward"},
	{PEN_WIRE_LISTED, AT(listed, zero), 1, false, "zero"},
	{PEN_WIRE_LISTED, STATE(0, held), 0, false, "nothing held"},
	{PEN_WIRE_LISTED, STATE(0, held), 10, false, "more than all held"},
	{PEN_WIRE_LISTED, STATE(0, n) + 2, 2, false, "n too large"},
	{PEN_WIRE_LISTED, STATE(0, shard), 1, false, "a shard without a chain"},
	{PEN_WIRE_LISTED, STATE(0, epoch_id), 1, false, "an epoch without a chain"},
	{PEN_WIRE_LISTED, STATE(1, n), 2, false, "raw in parts"},
	{PEN_WIRE_LISTED, STATE(1, zero), 2, false, "zero"},
	{PEN_WIRE_LISTED, STATE(1, chain) + 8, 'a', false, "bytes behind the chain"},
	{PEN_WIRE_WANT, AT(window, held), 1, false, "held, of a question"},
	{PEN_WIRE_WANT, AT(window, window), 2, false, "beyond the last part"},
	{PEN_WIRE_WANT, AT(window, flags), PEN_WIRE_WINDOW_ALL, false, "all, and a bitmap"},
	{PEN_WIRE_WANT, AT(window, flags), 4, false, "a flag without a name"},
	{PEN_WIRE_WANT, AT(window, bits) + 1, 2, false, "a bit beyond the last part"},
	{PEN_WIRE_WANT, AT(window, form), 0, false, "no form"},
	{PEN_WIRE_WANT, AT(window, zero), 1, false, "zero"},
	{PEN_WIRE_HAVE, AT(window, flags), PEN_WIRE_WINDOW_ALL, false, "all, of an answer"},
	{PEN_WIRE_HAVE, AT(window, held) + 2, 1, false, "more than all held"},
	{PEN_WIRE_HAVE, AT(window, bits) + 1023, 0xff, true, "the last bits of a whole window"},
	{PEN_WIRE_CATALOG, AT(catalog, first), 9, false, "beyond the last part"},
	{PEN_WIRE_CATALOG, AT(catalog, count), 2, false, "beyond the last part"},
	{PEN_WIRE_CATALOG, AT(catalog, count), 0, false, "nothing"},
	{PEN_WIRE_CATALOG, AT(catalog, zero), 1, false, "zero"},
	{PEN_WIRE_ENTRIES, ENTRY(0, bytes), 0, false, "a name of nothing"},
	{PEN_WIRE_ENTRIES, ENTRY(0, pieces), 2, false, "pieces that are not there"},
	{PEN_WIRE_ENTRIES, ENTRY(0, head_bytes), 1, false, "a head, though not lean"},
	{PEN_WIRE_ENTRIES, ENTRY(2, pieces), 2, false, "a piece too few"},
	{PEN_WIRE_ENTRIES, AT(catalog, form), PEN_WIRE_FORM_LEAN, false, "lean without a head"},
	{PEN_WIRE_OPEN, AT(open, count), 33, false, "too many"},
	{PEN_WIRE_OPEN, AT(open, flags), 2, false, "a flag without a name"},
	{PEN_WIRE_OPEN, AT(open, n), 2, false, "a part beyond the last"},
	{PEN_WIRE_OPEN, AT(open, zero), 1, false, "zero"},
	{PEN_WIRE_OPEN, AT(open, form), PEN_WIRE_FORM_NEARCORE, false, "blocks, though not lean"},
	{PEN_WIRE_OPEN, SLOT(0, part), 1, false, "a part to close"},
	{PEN_WIRE_OPEN, SLOT(0, size), 1, false, "a size to close"},
	{PEN_WIRE_OPEN, SLOT(1, act), 3, false, "nothing to do"},
	{PEN_WIRE_OPEN, SLOT(1, size), 5, false, "no size"},
	{PEN_WIRE_OPEN, SLOT(1, block), 64, false, "a block too far"},
	{PEN_WIRE_OPEN, SLOT(1, kind), PEN_WIRE_KIND_ROOT, false, "part of a root"},
	{PEN_WIRE_OPEN, SLOT(1, kind), PEN_WIRE_KIND_HEADER, false, "part of a header"},
	{PEN_WIRE_OPEN, SLOT(1, kind), PEN_WIRE_KIND_TABLE, false, "piece of a table"},
	{PEN_WIRE_OPEN, SLOT(1, kind), 5, false, "no kind"},
	{PEN_WIRE_OPEN, SLOT(0, first), 1, false, "a packet to close"},
	{PEN_WIRE_OPEN, SLOT(0, packets), 1, false, "packets to close"},
	{PEN_WIRE_OPEN, SLOT(1, first), 128, false, "beyond the largest piece"},
	{PEN_WIRE_OPEN, SLOT(1, packets), 29, false, "beyond the largest piece"},
	{PEN_WIRE_OPEN, SLOT(1, packets), 0, true, "all to the end"},
	{PEN_WIRE_OPEN, SLOT(1, size), PEN_WIRE_SIZE_1200, true, "of a smaller size"},
	{PEN_WIRE_OPENED, ANSWER(0, bytes), 1, false, "bytes of what is closed"},
	{PEN_WIRE_OPENED, ANSWER(0, state), 8, false, "no state"},
	{PEN_WIRE_OPENED, ANSWER(0, state), 0, false, "no state"},
	{PEN_WIRE_OPENED, ANSWER(1, bytes), 0, false, "an empty piece"},
	{PEN_WIRE_OPENED, ANSWER(1, bytes) + 2, 0x10, false, "more than a block"},
	{PEN_WIRE_OPENED, ANSWER(1, blocks), 65, false, "too many blocks"},
	{PEN_WIRE_OPENED, ANSWER(1, zero), 65, false, "zero"},
	{PEN_WIRE_PULL, AT(pull, lease_ms), 0, false, "no lease"},
	{PEN_WIRE_PULL, AT(pull, lost), 198, false, "more lost than seen"},
	{PEN_WIRE_PULL, AT(pull, seen), 196, false, "proof of what was not seen"},
	{PEN_WIRE_PULL, AT(pull, seen), 198, true, "the last was lost"},
	{PEN_WIRE_PULL, AT(pull, proof_first), 129, false, "not at a word"},
	{PEN_WIRE_PULL, AT(pull, proof_first) + 7, 128, false, "beyond what was seen"},
	{PEN_WIRE_PULL, AT(pull, proof_words), 33, false, "too long a proof"},
	{PEN_WIRE_PULL, AT(pull, behind) + 8, 0, false, "an empty word at the end"},
	{PEN_WIRE_PULL, AT(pull, missing_count), 1, false, "bytes behind the last section"},
	{PEN_WIRE_PULL, AT(pull, missing_count), 17, false, "too many sections"},
	{PEN_WIRE_PULL, AT(pull, zero), 1, false, "zero"},
	{PEN_WIRE_PULL, SECTION(0, slot), 6, false, "a slot twice"},
	{PEN_WIRE_PULL, SECTION(0, first_word), 14, false, "beyond a piece"},
	{PEN_WIRE_PULL, SECTION(0, words), 0, false, "no words"},
	{PEN_WIRE_PULL, SECTION(0, bits), 0, false, "an empty word"},
	{PEN_WIRE_PULL, SECTION(1, bits) + 8, 0, false, "an empty word at the end"},
	{PEN_WIRE_ATTEST, AT(object, part), 9, false, "a part beyond the last"},
	{PEN_WIRE_ATTEST, AT(object, zero), 1, false, "zero"},
	{PEN_WIRE_ATTESTED, AT(attested, state), PEN_WIRE_ATTESTED_NOT_HELD, false, "a digest"},
	{PEN_WIRE_ATTESTED, AT(attested, bytes), 0, false, "a digest of nothing"},
	{PEN_WIRE_ATTESTED, AT(attested, state), 4, false, "no state"},
	{PEN_WIRE_ATTESTED, AT(attested, object.kind), 0, false, "no kind"},
	{PEN_WIRE_ATTESTED, AT(attested, zero), 1, false, "zero"},
};

Test(wire_decode, spoiled_bytes_are_seen)
{
	for (size_t i = 0; i < PEN_COUNT(spoils); i++) {
		const struct spoil *row = &spoils[i];
		uint8_t body[PEN_WIRE_BODY_BYTES_MAX];
		size_t len = wire_sample(row->type, body);
		cr_assert_lt(row->at, len);
		body[row->at] = row->byte;
		cr_expect_eq(decodes(row->type, body, len), row->fine, "type %#x: %s", row->type,
			row->what);
	}
}

/* Sizes whose arithmetic could wrap. */
Test(wire_decode, a_pull_far_along_is_read)
{
	uint8_t body[PEN_WIRE_BODY_BYTES_MAX];
	size_t len = wire_sample(PEN_WIRE_PULL, body);
	struct pen_wire_pull *pull = (void *)body;
	pull->seen = UINT64_MAX;
	pull->proof_first = UINT64_MAX - 127;
	cr_expect(decodes(PEN_WIRE_PULL, body, len));
	pull->proof_first = UINT64_MAX - 63;
	cr_expect_not(decodes(PEN_WIRE_PULL, body, len), "its proof would wrap");
}

struct front {
	uint8_t type;
	size_t bytes; /* of the packet */
	int says; /* body bytes */
	bool head, data;
	const char *what;
};

static const struct front fronts[] = {
	{PEN_WIRE_PULL, 40, 8, true, false, "a packet with a body"},
	{PEN_WIRE_RESET, 32, 0, true, false, "a packet without"},
	{PEN_WIRE_PULL, 40, 7, false, false, "less than there is"},
	{PEN_WIRE_PULL, 40, 9, false, false, "more than there is"},
	{PEN_WIRE_PULL, 1233, 1201, false, false, "beyond the largest"},
	{PEN_WIRE_PULL, 31, 0, false, false, "cut"},
	{PEN_WIRE_DATA, 33, 1, false, true, "data"},
	{PEN_WIRE_DATA, 1232, 0, false, true, "data"},
	{PEN_WIRE_DATA, 32, 0, false, false, "data without a payload"},
};

Test(wire_decode, headers_say_their_length)
{
	for (size_t i = 0; i < PEN_COUNT(fronts); i++) {
		const struct front *row = &fronts[i];
		struct pen_wire_head head = {.type = row->type,
			.version = row->type == PEN_WIRE_DATA ? PEN_WIRE_DATA_LAST : 1,
			.body_bytes = (uint16_t)row->says};
		struct pen_bytes bytes = {
			(const uint8_t *)&head, row->bytes < 32 ? row->bytes : 32};
		cr_expect_eq(pen_wire_head_decode(bytes, row->bytes) != NULL, row->head, "%s",
			row->what);
		cr_expect_eq(pen_wire_data_decode(bytes, row->bytes) != NULL, row->data, "%s",
			row->what);
	}
	struct pen_wire_data data = {.type = PEN_WIRE_DATA, .flags = 4};
	cr_expect_null(pen_wire_data_decode((struct pen_bytes){(uint8_t *)&data, 32}, 99));
	struct pen_wire_head head = {.type = PEN_WIRE_PULL, .zero = 1};
	cr_expect_null(pen_wire_head_decode((struct pen_bytes){(uint8_t *)&head, 32}, 32));
}
