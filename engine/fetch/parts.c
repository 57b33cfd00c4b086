#include "fetch/parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

static size_t row_bytes_of(uint32_t n)
{
	return ((size_t)n + 7) / 8;
}

uint64_t pen_parts_bytes(uint32_t n)
{
	return 2 * (uint64_t)n + PEN_HAUL_PEERS * row_bytes_of(n);
}

static bool bit_of(const uint8_t *bits, uint32_t i)
{
	return bits[i >> 3] >> (i & 7) & 1;
}

int pen_parts_open(struct pen_parts *parts, uint32_t n, const uint8_t *skip)
{
	PEN_CHECK(n > 0);
	PEN_CHECK(n <= PEN_WIRE_PARTS_MAX);
	memset(parts, 0, sizeof *parts);
	uint8_t *memory = calloc(1, pen_parts_bytes(n));
	if (!memory)
		return -ENOMEM;
	parts->n = n;
	parts->row_bytes = row_bytes_of(n);
	parts->state = memory;
	parts->holders = memory + n;
	parts->held = memory + 2 * (size_t)n;
	for (uint32_t k = 0; k < n; k++) {
		bool skipped = skip && bit_of(skip, k);
		parts->state[k] = skipped ? PEN_PARTS_DONE : PEN_PARTS_WANTED;
		parts->count[parts->state[k]]++;
	}
	return 0;
}

void pen_parts_close(struct pen_parts *parts)
{
	if (!parts)
		return;
	free(parts->state);
	memset(parts, 0, sizeof *parts);
}

static void set_held(struct pen_parts *parts, unsigned peer, uint32_t part, bool has)
{
	if (pen_parts_has(parts, peer, part) == has)
		return;
	parts->held[peer * parts->row_bytes + (part >> 3)] ^= (uint8_t)(1u << (part & 7));
	PEN_CHECK(has || parts->holders[part] > 0);
	parts->holders[part] = (uint8_t)(parts->holders[part] + (has ? 1 : -1));
}

void pen_parts_told(struct pen_parts *parts, unsigned peer, uint32_t window, const uint8_t *bits)
{
	PEN_CHECK(window * PEN_WIRE_WINDOW_PARTS < parts->n);
	for (uint32_t i = 0; i < pen_wire_window_parts(parts->n, window); i++)
		set_held(parts, peer, window * PEN_WIRE_WINDOW_PARTS + i, bit_of(bits, i));
}

void pen_parts_lacks(struct pen_parts *parts, unsigned peer, uint32_t part)
{
	set_held(parts, peer, part, false);
}

void pen_parts_leave(struct pen_parts *parts, unsigned peer)
{
	for (uint32_t k = 0; k < parts->n; k++)
		set_held(parts, peer, k, false);
}

bool pen_parts_has(const struct pen_parts *parts, unsigned peer, uint32_t part)
{
	PEN_CHECK(peer < PEN_HAUL_PEERS);
	PEN_CHECK(part < parts->n);
	return bit_of(parts->held + peer * parts->row_bytes, part);
}

uint64_t pen_parts_holders(const struct pen_parts *parts, uint32_t part)
{
	uint64_t set = 0;
	for (unsigned peer = 0; peer < PEN_HAUL_PEERS; peer++)
		set |= (uint64_t)pen_parts_has(parts, peer, part) << peer;
	return set;
}

uint32_t pen_parts_next(const struct pen_parts *parts)
{
	uint32_t best = PEN_HAUL_NONE;
	for (uint32_t k = 0; k < parts->n; k++) {
		if (parts->state[k] != PEN_PARTS_WANTED || parts->holders[k] == 0)
			continue;
		if (best == PEN_HAUL_NONE || parts->holders[k] < parts->holders[best])
			best = k;
	}
	return best;
}

void pen_parts_set(struct pen_parts *parts, uint32_t part, enum pen_parts_state state)
{
	PEN_CHECK(part < parts->n);
	parts->count[parts->state[part]]--;
	parts->state[part] = (uint8_t)state;
	parts->count[state]++;
}
