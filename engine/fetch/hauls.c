#include "fetch/hauls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

static_assert(PEN_HAUL_PEERS == 64, "a set of servers is a word");

static size_t words_of(uint32_t units)
{
	return ((size_t)units + 63) / 64;
}

uint64_t pen_hauls_bytes(const struct pen_hauls_config *config)
{
	return config->hauls_max *
		(2 * sizeof(uint64_t) * words_of(config->units_max) + config->units_max);
}

int pen_hauls_open(struct pen_hauls *hauls, const struct pen_hauls_config *config)
{
	PEN_CHECK(config->hauls_max > 0);
	PEN_CHECK(config->hauls_max <= PEN_HAULS_MAX);
	PEN_CHECK(config->units_max > 0);
	memset(hauls, 0, sizeof *hauls);
	size_t words = words_of(config->units_max);
	hauls->memory = malloc(pen_hauls_bytes(config));
	if (!hauls->memory)
		return -ENOMEM;
	hauls->units_max = config->units_max;
	hauls->hauls_max = config->hauls_max;
	hauls->blocks = config->blocks;
	uint64_t *at = hauls->memory;
	for (uint32_t i = 0; i < hauls->hauls_max; i++, at += 2 * words) {
		hauls->haul[i].here = at;
		hauls->haul[i].flying = at + words;
	}
	for (uint32_t i = 0; i < hauls->hauls_max; i++)
		hauls->haul[i].from = (uint8_t *)at + (size_t)i * config->units_max;
	return 0;
}

void pen_hauls_close(struct pen_hauls *hauls)
{
	if (!hauls)
		return;
	free(hauls->memory);
	memset(hauls, 0, sizeof *hauls);
}

static void forget_units(struct pen_haul *haul, uint32_t units)
{
	memset(haul->here, 0, sizeof(uint64_t) * words_of(units));
	memset(haul->flying, 0, sizeof(uint64_t) * words_of(units));
	memset(haul->from, PEN_PEER_NONE, units);
	haul->done = 0;
	haul->low = 0;
}

struct pen_haul *pen_hauls_begin(
	struct pen_hauls *hauls, enum pen_wire_form form, enum pen_wire_kind kind, uint32_t part)
{
	PEN_CHECK(hauls->count < hauls->hauls_max);
	PEN_CHECK(!pen_hauls_find(hauls, kind, part));
	struct pen_haul *haul = hauls->haul;
	while (haul->used)
		haul++;
	uint64_t *here = haul->here, *flying = haul->flying;
	uint8_t *from = haul->from;
	*haul = (struct pen_haul){.used = true,
		.kind = (uint8_t)kind,
		.form = (uint8_t)form,
		.by_block = kind != PEN_WIRE_KIND_PIECE,
		.part = part,
		.order = hauls->begun++,
		.only = UINT64_MAX,
		.here = here,
		.flying = flying,
		.from = from};
	forget_units(haul, hauls->units_max);
	hauls->oldest[hauls->count++] = (uint8_t)(haul - hauls->haul);
	return haul;
}

void pen_hauls_end(struct pen_hauls *hauls, struct pen_haul *haul)
{
	PEN_CHECK(haul->used);
	PEN_CHECK(hauls->count > 0);
	haul->used = false;
	hauls->count--;
	uint8_t *at = hauls->oldest;
	while (*at != haul - hauls->haul)
		at++;
	memmove(at, at + 1, (size_t)(hauls->oldest + hauls->count - at));
}

struct pen_haul *pen_hauls_find(struct pen_hauls *hauls, enum pen_wire_kind kind, uint32_t part)
{
	for (uint32_t i = 0; i < hauls->hauls_max; i++) {
		struct pen_haul *haul = &hauls->haul[i];
		if (haul->used && haul->kind == kind && haul->part == part)
			return haul;
	}
	return NULL;
}

struct pen_haul *pen_hauls_nth(struct pen_hauls *hauls, uint32_t i)
{
	PEN_CHECK(i < hauls->count);
	return &hauls->haul[hauls->oldest[i]];
}

/* Do both mean bytes that may be mixed? */
static bool same(const struct pen_haul *haul, const struct pen_haul_name *name)
{
	if (haul->name.units != name->units || memcmp(haul->name.id, name->id, sizeof name->id))
		return false;
	if (haul->form == PEN_WIRE_FORM_LEAN && haul->kind == PEN_WIRE_KIND_PIECE)
		return haul->name.head_bytes == name->head_bytes;
	return haul->name.bytes == name->bytes;
}

bool pen_haul_offer(struct pen_hauls *hauls, struct pen_haul *haul, unsigned peer,
	const struct pen_haul_name *name)
{
	PEN_CHECK(haul->used);
	PEN_CHECK(peer < PEN_HAUL_PEERS);
	uint64_t bit = UINT64_C(1) << peer;
	bool fits = name->units > 0 && name->units <= hauls->units_max;
	if (fits && !haul->named && !haul->given) {
		haul->named = true;
		haul->name = *name;
	}
	bool can = fits && haul->named && same(haul, name);
	haul->can = can ? haul->can | bit : haul->can & ~bit;
	haul->cannot = can ? haul->cannot & ~bit : haul->cannot | bit;
	return can;
}

void pen_haul_refuse(struct pen_haul *haul, unsigned peer)
{
	PEN_CHECK(peer < PEN_HAUL_PEERS);
	haul->can &= ~(UINT64_C(1) << peer);
	haul->cannot |= UINT64_C(1) << peer;
}

void pen_haul_lack(struct pen_haul *haul, unsigned peer)
{
	pen_haul_refuse(haul, peer);
	haul->lacked |= UINT64_C(1) << peer;
}

bool pen_haul_orphaned(const struct pen_haul *haul)
{
	if (!haul->named || haul->can)
		return false;
	for (size_t w = 0; w < words_of(haul->name.units); w++)
		if (haul->flying[w])
			return false;
	return !pen_haul_whole(haul);
}

void pen_haul_rename(struct pen_haul *haul)
{
	if (haul->named)
		forget_units(haul, haul->name.units);
	haul->rounds++;
	haul->named = false;
	haul->can = 0;
	haul->cannot = 0;
	haul->lacked = 0;
	haul->only = UINT64_MAX;
	haul->compared = 0;
}

void pen_haul_vain(struct pen_haul *haul, int64_t now_ns)
{
	uint64_t all = haul->can;
	int64_t wait_ns = PEN_HAUL_VAIN_NS;
	PEN_CHECK(now_ns >= 0);
	for (unsigned i = 0; i < haul->vain_times && wait_ns < PEN_HAUL_VAIN_NS_MAX; i++)
		wait_ns *= 2;
	haul->vain |= all;
	haul->vain_times++;
	haul->vain_ns = now_ns + wait_ns;
	pen_haul_rename(haul);
	haul->cannot = haul->vain;
}

void pen_haul_forgive(struct pen_haul *haul, unsigned peer, int64_t now_ns)
{
	PEN_CHECK(peer < PEN_HAUL_PEERS);
	uint64_t bit = UINT64_C(1) << peer;
	if (!(haul->vain & bit) || now_ns >= haul->vain_ns)
		haul->cannot &= ~bit;
}

void pen_haul_adopt(struct pen_haul *haul)
{
	if (!pen_haul_orphaned(haul))
		return;
	if (haul->form == PEN_WIRE_FORM_RAW)
		haul->cannot = 0;
	else
		pen_haul_rename(haul);
}

void pen_haul_restart(struct pen_haul *haul, uint64_t only)
{
	PEN_CHECK(haul->named);
	forget_units(haul, haul->name.units);
	haul->rounds++;
	haul->only = only;
}

uint64_t pen_haul_senders(const struct pen_haul *haul)
{
	uint64_t set = 0;
	for (uint32_t u = 0; haul->named && u < haul->name.units; u++) {
		if (haul->from[u] != PEN_PEER_NONE)
			set |= UINT64_C(1) << haul->from[u];
	}
	return set;
}

bool pen_haul_serves(const struct pen_haul *haul, unsigned peer)
{
	PEN_CHECK(peer < PEN_HAUL_PEERS);
	return haul->named && (haul->can & haul->only) >> peer & 1;
}

/* Memory that the units of a haul take where they are kept. Those of lean parts are no blocks. */
static uint64_t blocks_of(const struct pen_haul *haul)
{
	if (!haul->named)
		return 1;
	if (haul->form != PEN_WIRE_FORM_LEAN)
		return haul->name.units;
	return haul->name.bytes / PEN_WIRE_PIECE_BYTES_MAX + 1;
}

bool pen_hauls_fits(const struct pen_hauls *hauls, const struct pen_haul *haul)
{
	uint64_t blocks = 0, older = 0;
	for (uint32_t i = 0; i < hauls->hauls_max; i++) {
		const struct pen_haul *other = &hauls->haul[i];
		if (!other->used || other->order > haul->order)
			continue;
		uint64_t more = blocks_of(other);
		blocks = more > UINT64_MAX - blocks ? UINT64_MAX : blocks + more;
		older += other->order < haul->order;
	}
	return hauls->blocks == 0 || older == 0 || blocks <= hauls->blocks;
}

bool pen_haul_grow(struct pen_hauls *hauls, struct pen_haul *haul, uint32_t units)
{
	PEN_CHECK(haul->named);
	PEN_CHECK(haul->by_block);
	if (units > hauls->units_max || units < haul->name.units)
		return false;
	haul->name.units = units;
	return true;
}

static bool bit_of(const uint64_t *bits, uint32_t unit)
{
	return bits[unit / 64] >> unit % 64 & 1;
}

static void set_bit(uint64_t *bits, uint32_t unit, bool on)
{
	uint64_t bit = UINT64_C(1) << unit % 64;
	bits[unit / 64] = on ? bits[unit / 64] | bit : bits[unit / 64] & ~bit;
}

uint32_t pen_haul_missing(struct pen_haul *haul)
{
	PEN_CHECK(haul->named);
	while (haul->low < haul->name.units &&
		(bit_of(haul->here, haul->low) || bit_of(haul->flying, haul->low)))
		haul->low++;
	return haul->low < haul->name.units ? haul->low : PEN_HAUL_NONE;
}

struct pen_piece pen_haul_piece(const struct pen_haul *haul, uint32_t unit)
{
	PEN_CHECK(unit < haul->name.units);
	return (struct pen_piece){
		.part = haul->part,
		.piece = haul->by_block ? 0 : unit,
		.kind = haul->kind,
		.block = haul->by_block ? (uint8_t)unit : 0,
	};
}

uint32_t pen_haul_unit_bytes(const struct pen_haul *haul, uint32_t unit)
{
	PEN_CHECK(unit < haul->name.units);
	if (haul->form == PEN_WIRE_FORM_LEAN && haul->kind == PEN_WIRE_KIND_PIECE)
		return unit == 0 && haul->name.head_bytes <= PEN_WIRE_PIECE_BYTES_MAX
			? haul->name.head_bytes
			: 0;
	/* Where the end is given nobody has proved it yet. */
	if (haul->name.bytes == 0 || (haul->given && unit == haul->name.units - 1))
		return 0;
	uint64_t from = (uint64_t)unit * PEN_WIRE_PIECE_BYTES_MAX;
	PEN_CHECK(from < haul->name.bytes);
	uint64_t left = haul->name.bytes - from;
	return left < PEN_WIRE_PIECE_BYTES_MAX ? (uint32_t)left : PEN_WIRE_PIECE_BYTES_MAX;
}

void pen_haul_fly(struct pen_haul *haul, uint32_t unit)
{
	PEN_CHECK(unit < haul->name.units);
	set_bit(haul->flying, unit, true);
}

void pen_haul_fail(struct pen_haul *haul, uint32_t unit)
{
	PEN_CHECK(unit < haul->name.units);
	set_bit(haul->flying, unit, false);
	if (unit < haul->low)
		haul->low = unit;
}

void pen_haul_land(struct pen_haul *haul, uint32_t unit, unsigned peer)
{
	PEN_CHECK(unit < haul->name.units);
	PEN_CHECK(!bit_of(haul->here, unit));
	set_bit(haul->here, unit, true);
	set_bit(haul->flying, unit, false);
	haul->from[unit] = (uint8_t)peer;
	haul->done++;
}

void pen_haul_drop(struct pen_haul *haul, uint32_t unit)
{
	PEN_CHECK(pen_haul_has(haul, unit));
	set_bit(haul->here, unit, false);
	haul->from[unit] = PEN_PEER_NONE;
	haul->done--;
	if (unit < haul->low)
		haul->low = unit;
}

bool pen_haul_has(const struct pen_haul *haul, uint32_t unit)
{
	return haul->named && unit < haul->name.units && bit_of(haul->here, unit);
}

bool pen_haul_whole(const struct pen_haul *haul)
{
	PEN_CHECK(!haul->named || haul->done <= haul->name.units);
	return haul->named && haul->done == haul->name.units;
}
