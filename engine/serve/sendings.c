#include "serve/sendings.h"

#include <string.h>

#include "base/check.h"

static_assert(PEN_WIRE_SLOTS_MAX <= 16, "`used` has 16 bits");
static_assert(PEN_WIRE_MISSING_WORDS_MAX * 64 < UINT16_MAX, "indices have 16 bits");

struct pen_sending *pen_sendings_nth(struct pen_sendings *slots, unsigned i)
{
	PEN_CHECK(i < slots->count);
	return &slots->slots[slots->order[i]];
}

struct pen_sending *pen_sendings_find(struct pen_sendings *slots, uint32_t id)
{
	for (unsigned i = 0; i < slots->count; i++)
		if (pen_sendings_nth(slots, i)->id == id)
			return pen_sendings_nth(slots, i);
	return NULL;
}

struct pen_sending *pen_sendings_open(struct pen_sendings *slots, const struct pen_wire_slot *asked)
{
	PEN_CHECK(slots->count < PEN_WIRE_SLOTS_MAX);
	PEN_CHECK(!pen_sendings_find(slots, asked->slot));
	PEN_CHECK(asked->size < PEN_WIRE_SIZES);
	unsigned place = (unsigned)__builtin_ctz(~(unsigned)slots->used);
	PEN_CHECK(place < PEN_WIRE_SLOTS_MAX);
	struct pen_sending *slot = &slots->slots[place];
	*slot = (struct pen_sending){.nonce = asked->nonce,
		.id = asked->slot,
		.handle = PEN_SENDING_NONE,
		.entry = PEN_SENDING_NONE,
		.piece = asked->piece,
		.kind = asked->kind,
		.block = asked->block,
		.first = asked->first,
		.end = asked->packets,
		.size = asked->size,
		.state = PEN_SENDING_LOCATING};
	slots->order[slots->count++] = (uint8_t)place;
	slots->used |= (uint16_t)(1u << place);
	return slot;
}

void pen_sendings_close(struct pen_sendings *slots, struct pen_sending *slot)
{
	unsigned place = (unsigned)(slot - slots->slots), at = 0;
	PEN_CHECK(place < PEN_WIRE_SLOTS_MAX);
	PEN_CHECK(slots->used >> place & 1);
	while (slots->order[at] != place)
		at++;
	slots->count--;
	memmove(slots->order + at, slots->order + at + 1, slots->count - at);
	slots->used &= (uint16_t) ~(1u << place);
}

void pen_sending_found(struct pen_sending *slot, uint64_t offset, uint32_t bytes, uint32_t blocks)
{
	PEN_CHECK(slot->state == PEN_SENDING_LOCATING);
	PEN_CHECK(bytes > 0);
	PEN_CHECK(bytes <= PEN_WIRE_PIECE_BYTES_MAX);
	PEN_CHECK(blocks <= PEN_WIRE_BLOCKS_MAX);
	slot->offset = offset;
	slot->bytes = bytes;
	slot->blocks = (uint8_t)blocks;
	slot->packets = (uint16_t)pen_wire_packets(bytes, slot->size);
	uint32_t end = slot->end ? (uint32_t)slot->first + slot->end : slot->packets;
	slot->end = end < slot->packets ? (uint16_t)end : slot->packets;
	slot->first = slot->first < slot->end ? slot->first : slot->end;
	slot->next = slot->first;
	slot->state = PEN_SENDING_FOUND;
}

uint32_t pen_sending_left(const struct pen_sending *slot)
{
	return (uint32_t)(slot->end - slot->next) + slot->again;
}

/* Bits of word `word` below index `end`. */
static uint64_t bits_below(uint32_t word, uint32_t end)
{
	if (end >= (word + 1) * 64)
		return UINT64_MAX;
	return end <= word * 64 ? 0 : (UINT64_C(1) << end % 64) - 1;
}

uint32_t pen_sending_again(struct pen_sending *slot, const struct pen_wire_missing *missing)
{
	uint32_t first = missing->first_word, words = missing->words, before = slot->again;
	PEN_CHECK(first + words <= PEN_WIRE_MISSING_WORDS_MAX);
	for (uint32_t i = first; i < first + words; i++) {
		uint64_t coming = bits_below(i, slot->end) & ~bits_below(i, slot->next);
		uint64_t more = pen_le64(missing->bits + 8 * (i - first)) &
			bits_below(i, slot->packets) & ~coming & ~slot->missing[i];
		slot->missing[i] |= more;
		slot->again += (uint16_t)__builtin_popcountll(more);
	}
	PEN_CHECK(slot->again + (slot->end - slot->next) <= slot->packets);
	return slot->again - before;
}

unsigned pen_sending_take(struct pen_sending *slot, uint16_t *out, unsigned max)
{
	unsigned count = 0;
	for (unsigned word = 0; slot->again && count < max; word++) {
		PEN_CHECK(word < PEN_WIRE_MISSING_WORDS_MAX);
		while (slot->missing[word] && count < max) {
			unsigned bit = (unsigned)__builtin_ctzll(slot->missing[word]);
			slot->missing[word] &= slot->missing[word] - 1;
			slot->again--;
			out[count++] = (uint16_t)(word * 64 + bit);
		}
	}
	unsigned left = (unsigned)(slot->end - slot->next);
	left = left < max - count ? left : max - count;
	for (unsigned i = 0; i < left; i++)
		out[count + i] = (uint16_t)(slot->next + i);
	slot->next += (uint16_t)left;
	return count + left;
}
