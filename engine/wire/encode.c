#include "wire/encode.h"

/* The check of a DATA header is taken for every packet: 28 bytes, so the call costs what it does.
 */
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/check.h"
#include "wire/decode.h"
#include "wire/piece.h"

/* A body of `fixed` bytes and `count` times `each` behind them. */
static size_t lay(uint8_t *body, struct pen_bytes fixed, const void *behind, size_t behind_bytes)
{
	PEN_CHECK(fixed.len + behind_bytes <= PEN_WIRE_BODY_BYTES_MAX);
	memcpy(body, fixed.at, fixed.len);
	if (behind_bytes)
		memcpy(body + fixed.len, behind, behind_bytes);
	return fixed.len + behind_bytes;
}

static struct pen_bytes bytes_of(const void *at, size_t len)
{
	return (struct pen_bytes){at, len};
}

/* Words up to the last that is not empty. */
static uint32_t words_used(const uint8_t *bits, uint32_t words)
{
	while (words && !pen_le64(bits + 8 * (size_t)(words - 1)))
		words--;
	return words;
}

/* Write a gap behind `at` bytes of the body, if there is room; returns the bytes then. */
static size_t gap_lay(const struct pen_wire_gap *gap, uint8_t *body, size_t at)
{
	PEN_CHECK(gap->words <= PEN_WIRE_MISSING_WORDS_MAX);
	uint32_t end = words_used(gap->bits, gap->words), first = 0;
	if (!end)
		return at;
	while (!pen_le64(gap->bits + 8 * (size_t)first))
		first++;
	struct pen_wire_missing missing = {
		.slot = gap->slot, .first_word = (uint16_t)first, .words = (uint16_t)(end - first)};
	size_t bytes = 8 * (size_t)missing.words;
	if (at + sizeof missing + bytes > PEN_WIRE_BODY_BYTES_MAX)
		return at;
	lay(body + at, bytes_of(&missing, sizeof missing), gap->bits + 8 * (size_t)first, bytes);
	return at + sizeof missing + bytes;
}

size_t pen_wire_pull_encode(
	const struct pen_wire_pull *pull, const struct pen_wire_pull_parts *parts, uint8_t *body)
{
	PEN_CHECK(parts->proof_words <= PEN_WIRE_PROOF_WORDS_MAX);
	PEN_CHECK(parts->gap_count <= PEN_WIRE_SLOTS_MAX);
	struct pen_wire_pull fixed = *pull;
	uint32_t words = words_used(parts->proof, parts->proof_words);
	fixed.proof_words = (uint8_t)words;
	fixed.proof_first = words ? parts->proof_first : 0;
	fixed.proof = words ? pull->proof : 0;
	fixed.missing_count = 0;
	size_t at = sizeof fixed + 8 * (size_t)words;
	for (uint32_t i = 0; i < parts->gap_count; i++) {
		size_t next = gap_lay(&parts->gaps[i], body, at);
		fixed.missing_count += next > at;
		at = next;
	}
	lay(body, bytes_of(&fixed, sizeof fixed), parts->proof, 8 * (size_t)words);
	PEN_DCHECK(pen_wire_pull_decode(bytes_of(body, at), &(struct pen_wire_pulled){0}));
	return at;
}

size_t pen_wire_open_encode(
	const struct pen_wire_open *open, const struct pen_wire_slot *slots, uint8_t *body)
{
	PEN_CHECK(open->count <= PEN_WIRE_OPEN_MAX);
	size_t len = lay(
		body, bytes_of(open, sizeof *open), slots, open->count * sizeof open->slots[0]);
	PEN_DCHECK(pen_wire_open_decode(bytes_of(body, len)));
	return len;
}

size_t pen_wire_opened_encode(const struct pen_wire_opened *opened,
	const struct pen_wire_slot_answer *slots, uint8_t *body)
{
	PEN_CHECK(opened->count <= PEN_WIRE_OPEN_MAX);
	size_t len = lay(body, bytes_of(opened, sizeof *opened), slots,
		opened->count * sizeof opened->slots[0]);
	PEN_DCHECK(pen_wire_opened_decode(bytes_of(body, len)));
	return len;
}

size_t pen_wire_listed_encode(
	const struct pen_wire_listed *listed, const struct pen_wire_state *states, uint8_t *body)
{
	PEN_CHECK(listed->count <= PEN_WIRE_STATES_MAX);
	size_t len = lay(body, bytes_of(listed, sizeof *listed), states,
		listed->count * sizeof listed->states[0]);
	PEN_DCHECK(pen_wire_listed_decode(bytes_of(body, len)));
	return len;
}

size_t pen_wire_entries_encode(
	const struct pen_wire_catalog *catalog, const struct pen_wire_entry *entries, uint8_t *body)
{
	PEN_CHECK(catalog->count <= PEN_WIRE_ENTRIES_MAX);
	size_t len = lay(body, bytes_of(catalog, sizeof *catalog), entries,
		catalog->count * sizeof catalog->entries[0]);
	PEN_DCHECK(pen_wire_entries_decode(bytes_of(body, len)));
	return len;
}

size_t pen_wire_window_encode(
	const struct pen_wire_window *window, const uint8_t *bits, uint8_t *body)
{
	PEN_CHECK((bits == NULL) == ((window->flags & PEN_WIRE_WINDOW_ALL) != 0));
	PEN_CHECK((uint32_t)window->window * PEN_WIRE_WINDOW_PARTS < window->n);
	uint32_t parts = pen_wire_window_parts(window->n, window->window);
	size_t bytes = bits ? pen_wire_window_bytes(window->n, window->window) : 0;
	size_t len = lay(body, bytes_of(window, sizeof *window), bits, bytes);
	if (bits && parts % 8)
		body[len - 1] &= (uint8_t)((1u << parts % 8) - 1);
	return len;
}

uint32_t pen_wire_data_check(const struct pen_wire_data *data, uint64_t seed)
{
	return (uint32_t)XXH3_64bits_withSeed(data, offsetof(struct pen_wire_data, check), seed);
}

void pen_wire_data_seal(struct pen_wire_data *data, unsigned count, uint64_t seed)
{
	for (unsigned i = 0; i < count; i++)
		data[i].check = pen_wire_data_check(&data[i], seed);
}
