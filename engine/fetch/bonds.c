#include "fetch/bonds.h"

#include "base/check.h"

static_assert(PEN_BOND_BLOCKS_MAX <= 8, "a byte has a bit for each");

struct pen_bond *pen_bonds_make(struct pen_bonds *bonds, struct pen_haul *haul, uint32_t unit,
	unsigned peer, unsigned blocks)
{
	PEN_CHECK(peer < PEN_HAUL_PEERS);
	PEN_CHECK(blocks > 1);
	PEN_CHECK(blocks <= PEN_BOND_BLOCKS_MAX);
	PEN_CHECK(!pen_bonds_find(bonds, haul, unit));
	if (bonds->count == PEN_BONDS_MAX)
		return NULL;
	struct pen_bond *bond = bonds->bond;
	while (bond->haul)
		bond++;
	/* 0 is no start, even after all others. */
	bonds->starts += bonds->starts == UINT32_MAX ? 2 : 1;
	bonds->count++;
	*bond = (struct pen_bond){.haul = haul,
		.unit = unit,
		.start = bonds->starts,
		.peer = (uint8_t)peer,
		.blocks = (uint8_t)blocks,
		.asked = 1};
	return bond;
}

struct pen_bond *pen_bonds_find(struct pen_bonds *bonds, const struct pen_haul *haul, uint32_t unit)
{
	PEN_CHECK(haul);
	for (uint32_t i = 0; bonds->count && i < PEN_BONDS_MAX; i++) {
		struct pen_bond *bond = &bonds->bond[i];
		if (bond->haul == haul && bond->unit == unit)
			return bond;
	}
	return NULL;
}

struct pen_bond *pen_bonds_next(struct pen_bonds *bonds, unsigned peer)
{
	struct pen_bond *best = NULL;
	for (uint32_t i = 0; bonds->count && i < PEN_BONDS_MAX; i++) {
		struct pen_bond *bond = &bonds->bond[i];
		if (!bond->haul || bond->peer != peer || pen_bond_block(bond) == bond->blocks ||
			!pen_haul_serves(bond->haul, peer))
			continue;
		if (!best || bond->haul->order < best->haul->order ||
			(bond->haul == best->haul && bond->unit < best->unit))
			best = bond;
	}
	return best;
}

void pen_bonds_end(struct pen_bonds *bonds, struct pen_bond *bond)
{
	PEN_CHECK(bond->haul);
	PEN_CHECK(bonds->count > 0);
	bond->haul = NULL;
	bonds->count--;
}

void pen_bonds_drop(struct pen_bonds *bonds, const struct pen_haul *haul)
{
	PEN_CHECK(haul);
	for (uint32_t i = 0; bonds->count && i < PEN_BONDS_MAX; i++) {
		if (bonds->bond[i].haul == haul)
			pen_bonds_end(bonds, &bonds->bond[i]);
	}
}

unsigned pen_bond_block(const struct pen_bond *bond)
{
	unsigned block = 0;
	while (block < bond->blocks && ((bond->asked | bond->here) >> block & 1))
		block++;
	return block;
}

void pen_bond_ask(struct pen_bond *bond, unsigned block)
{
	PEN_CHECK(block < bond->blocks);
	PEN_CHECK(!((bond->asked | bond->here) >> block & 1));
	bond->asked |= (uint8_t)(1u << block);
}

void pen_bond_fail(struct pen_bond *bond, unsigned block)
{
	PEN_CHECK(bond->asked >> block & 1);
	bond->asked &= (uint8_t) ~(1u << block);
	bond->fails += bond->fails < UINT8_MAX;
}

bool pen_bond_land(struct pen_bond *bond, unsigned block)
{
	PEN_CHECK(bond->asked >> block & 1);
	bond->asked &= (uint8_t) ~(1u << block);
	bond->here |= (uint8_t)(1u << block);
	bond->fails = 0;
	return bond->here == (1u << bond->blocks) - 1;
}
