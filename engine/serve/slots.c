#include "serve/slots.h"

#include <string.h>

#include "base/check.h"

static_assert(PEN_WIRE_SLOTS_MAX <= 16, "`used` has 16 bits");
static_assert(PEN_WIRE_MISSING_WORDS_MAX * 64 < UINT16_MAX, "indices have 16 bits");

struct pen_slot *pen_slots_nth(struct pen_slots *slots, unsigned i)
{
	PEN_CHECK(i < slots->count);
	return &slots->slots[slots->order[i]];
}

struct pen_slot *pen_slots_find(struct pen_slots *slots, uint32_t id)
{
	for (unsigned i = 0; i < slots->count; i++)
		if (pen_slots_nth(slots, i)->id == id)
			return pen_slots_nth(slots, i);
	return NULL;
}

struct pen_slot *pen_slots_open(struct pen_slots *slots, const struct pen_wire_slot *asked)
{
	PEN_CHECK(slots->count < PEN_WIRE_SLOTS_MAX);
	PEN_CHECK(!pen_slots_find(slots, asked->slot));
	PEN_CHECK(asked->size < PEN_WIRE_SIZES);
	unsigned place = (unsigned)__builtin_ctz(~(unsigned)slots->used);
	PEN_CHECK(place < PEN_WIRE_SLOTS_MAX);
	struct pen_slot *slot = &slots->slots[place];
	*slot = (struct pen_slot){.nonce = asked->nonce,
		.id = asked->slot,
		.handle = PEN_SLOT_NONE,
		.entry = PEN_SLOT_NONE,
		.piece = asked->piece,
		.block = asked->block,
		.size = asked->size,
		.state = PEN_SLOT_LOCATING};
	slots->order[slots->count++] = (uint8_t)place;
	slots->used |= (uint16_t)(1u << place);
	return slot;
}

void pen_slots_close(struct pen_slots *slots, struct pen_slot *slot)
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

void pen_slot_found(struct pen_slot *slot, uint64_t offset, uint32_t bytes)
{
	PEN_CHECK(slot->state == PEN_SLOT_LOCATING);
	PEN_CHECK(bytes > 0);
	PEN_CHECK(bytes <= PEN_WIRE_PIECE_BYTES_MAX);
	slot->offset = offset;
	slot->bytes = bytes;
	slot->packets = (uint16_t)pen_wire_packets(bytes, slot->size);
	slot->state = PEN_SLOT_SENDING;
}

uint32_t pen_slot_left(const struct pen_slot *slot)
{
	return (uint32_t)(slot->packets - slot->next) + slot->again;
}

uint32_t pen_slot_packet_at(const struct pen_slot *slot, uint32_t index)
{
	PEN_CHECK(index < slot->packets);
	return index * pen_wire_size_bytes(slot->size);
}

uint32_t pen_slot_packet_bytes(const struct pen_slot *slot, uint32_t index)
{
	uint32_t rest = slot->bytes - pen_slot_packet_at(slot, index);
	uint32_t payload = pen_wire_size_bytes(slot->size);
	return rest < payload ? rest : payload;
}

/* Bits of word `word` that were sent once. */
static uint64_t sent_bits(const struct pen_slot *slot, uint32_t word)
{
	if (slot->next >= (word + 1) * 64)
		return UINT64_MAX;
	return slot->next <= word * 64 ? 0 : (UINT64_C(1) << slot->next % 64) - 1;
}

bool pen_slot_again(struct pen_slot *slot, const struct pen_wire_missing *missing, uint64_t seen)
{
	uint32_t first = missing->first_word, words = missing->words;
	PEN_CHECK(first + words <= PEN_WIRE_MISSING_WORDS_MAX);
	if (seen < slot->again_seq)
		return false;
	slot->again = 0;
	memset(slot->missing, 0, sizeof slot->missing);
	for (uint32_t i = 0; i < words; i++) {
		uint64_t bits = pen_le64(missing->bits + 8 * i) & sent_bits(slot, first + i);
		slot->missing[first + i] = bits;
		slot->again += (uint16_t)__builtin_popcountll(bits);
	}
	PEN_CHECK(slot->again <= slot->next);
	return true;
}

unsigned pen_slot_take(struct pen_slot *slot, uint64_t seq, uint16_t *out, unsigned max)
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
	if (count)
		slot->again_seq = seq + count;
	while (slot->next < slot->packets && count < max)
		out[count++] = slot->next++;
	return count;
}
