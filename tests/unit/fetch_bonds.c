/* Bonds: which block is asked of whom next, and when a piece has come. */
#include "fetch/bonds.h"

#include <criterion/criterion.h>

#include "base/check.h"

static struct pen_hauls hauls;
static struct pen_bonds bonds;
static struct pen_haul *haul[2];

static void setup(void)
{
	struct pen_hauls_config config = {.hauls_max = 2, .units_max = 400};
	struct pen_haul_name name = {.bytes = 9, .head_bytes = 7, .units = 400};
	cr_assert_eq(pen_hauls_open(&hauls, &config), 0);
	for (uint32_t k = 0; k < 2; k++) {
		haul[k] = pen_hauls_begin(&hauls, PEN_WIRE_FORM_LEAN, PEN_WIRE_KIND_PIECE, k);
		for (unsigned s = 0; s < 3; s++)
			pen_haul_offer(&hauls, haul[k], s, &name);
	}
	bonds = (struct pen_bonds){0};
}

static void teardown(void)
{
	pen_hauls_close(&hauls);
}

TestSuite(fetch_bonds, .init = setup, .fini = teardown);

Test(fetch_bonds, a_piece_comes_block_by_block)
{
	for (unsigned blocks = 2; blocks <= PEN_BOND_BLOCKS_MAX; blocks++) {
		struct pen_bond *bond = pen_bonds_make(&bonds, haul[0], 5, 1, blocks);
		cr_assert_eq(bond, pen_bonds_find(&bonds, haul[0], 5));
		cr_expect_eq(bond->start, blocks - 1);
		for (unsigned b = 1; b < blocks; b++) {
			cr_expect_eq(pen_bond_block(bond), b);
			cr_expect_eq(pen_bonds_next(&bonds, 1), bond);
			pen_bond_ask(bond, b);
		}
		cr_expect_null(pen_bonds_next(&bonds, 1), "all are asked for");
		pen_bond_fail(bond, 1);
		cr_expect_eq(pen_bond_block(bond), 1, "again");
		pen_bond_ask(bond, 1);
		for (unsigned b = blocks; b-- > 0;)
			cr_expect_eq(pen_bond_land(bond, b), b == 0, "%u of %u", b, blocks);
		pen_bonds_end(&bonds, bond);
		cr_expect_null(pen_bonds_find(&bonds, haul[0], 5));
	}
}

Test(fetch_bonds, the_oldest_haul_and_its_own_server_first)
{
	static const struct {
		unsigned haul, unit, peer;
	} rows[] = {{1, 3, 0}, {0, 9, 0}, {0, 8, 0}, {0, 7, 1}, {1, 1, 2}};
	struct pen_bond *bond[PEN_COUNT(rows)];
	for (size_t i = 0; i < PEN_COUNT(rows); i++)
		bond[i] = pen_bonds_make(&bonds, haul[rows[i].haul], rows[i].unit, rows[i].peer, 2);
	cr_expect_eq(pen_bonds_next(&bonds, 0), bond[2]);
	cr_expect_eq(pen_bonds_next(&bonds, 1), bond[3]);
	cr_expect_eq(pen_bonds_next(&bonds, 2), bond[4]);
	pen_haul_refuse(haul[0], 0);
	cr_expect_eq(pen_bonds_next(&bonds, 0), bond[0], "it has the other no more");
	pen_haul_refuse(haul[1], 0);
	cr_expect_null(pen_bonds_next(&bonds, 0));
}

Test(fetch_bonds, are_bounded)
{
	for (uint32_t u = 0; u < PEN_BONDS_MAX; u++)
		cr_assert_not_null(pen_bonds_make(&bonds, haul[0], u, 0, 2));
	cr_expect_null(pen_bonds_make(&bonds, haul[0], 300, 0, 2));
	pen_bonds_end(&bonds, pen_bonds_find(&bonds, haul[0], 77));
	bonds.starts = UINT32_MAX;
	struct pen_bond *bond = pen_bonds_make(&bonds, haul[0], 300, 0, 2);
	cr_assert_not_null(bond);
	cr_expect_eq(bond->start, 1, "never 0");
}

Test(fetch_bonds, end_with_their_haul)
{
	for (uint32_t u = 0; u < 8; u++)
		cr_assert_not_null(pen_bonds_make(&bonds, haul[u % 2], u, 0, 2));
	pen_bonds_drop(&bonds, haul[1]);
	cr_expect_eq(bonds.count, 4);
	for (uint32_t u = 0; u < 8; u++)
		cr_expect_eq(pen_bonds_find(&bonds, haul[u % 2], u) == NULL, u % 2);
	pen_bonds_drop(&bonds, haul[1]);
	cr_expect_eq(bonds.count, 4);
}
