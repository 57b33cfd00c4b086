/*
 * bonds: pieces of more than one block, on their way. Stored bytes of a lean frame are their
 * maker's own, so a frame that is longer than a block comes whole from one server: whoever is asked
 * for its first block and says that there are more is bound to send them all. When it cannot, or
 * falls silent or keeps refusing while others could, or is so slow that another would have sent all
 * of it in an eighth of the time, the frame starts again elsewhere from its first block.
 *
 * While a unit (fetch/hauls.h) is bound it flies, and nobody else is asked for it. It lands with
 * its last block.
 *
 * No memory of its own; fields are to be read, not written. One thread.
 */
#ifndef PEN_FETCH_BONDS_H
#define PEN_FETCH_BONDS_H

#include "fetch/hauls.h"

/* Pieces at once: as many as a client has places. When all are taken, no further piece is bound,
 * and is asked for again later. */
#define PEN_BONDS_MAX 256u
/* Blocks of a piece: a longest value, and what compression adds to it (wire/wire.h). */
#define PEN_BOND_BLOCKS_MAX 5u

/* Blocks that its server did not send though asked, since one came, until others may start again:
 * enough that a busy moment does not cost what is here. */
#define PEN_BOND_FAILS_MAX 4u

struct pen_bond {
	struct pen_haul *haul; /* NULL: free */
	uint32_t unit;
	uint32_t start; /* its number, 1 and on: a piece that starts again has another */
	uint8_t peer; /* who sends all blocks */
	uint8_t blocks; /* 2 to PEN_BOND_BLOCKS_MAX */
	uint8_t fails; /* since a block came; at most UINT8_MAX are counted */
	uint8_t asked, here; /* blocks on their way; that have come: bit b for block b */
};

/* Zeroed is empty. */
struct pen_bonds {
	uint32_t count; /* in use */
	uint32_t starts; /* ever */
	struct pen_bond bond[PEN_BONDS_MAX];
};

/* Bind a unit whose block 0 is on its way from `peer`; it is not bound yet. NULL if all bonds are
 * taken. */
struct pen_bond *pen_bonds_make(struct pen_bonds *bonds, struct pen_haul *haul, uint32_t unit,
	unsigned peer, unsigned blocks);

/* The bond of a unit, or NULL. */
struct pen_bond *pen_bonds_find(
	struct pen_bonds *bonds, const struct pen_haul *haul, uint32_t unit);

/* Of the oldest haul, a bond of this server that has a block to ask for; NULL if there is none. */
struct pen_bond *pen_bonds_next(struct pen_bonds *bonds, unsigned peer);

/* The piece has come, or starts again: the bond is free. */
void pen_bonds_end(struct pen_bonds *bonds, struct pen_bond *bond);

/* The haul ends before its pieces have come: so do its bonds. */
void pen_bonds_drop(struct pen_bonds *bonds, const struct pen_haul *haul);

/* The first block that is neither here nor on its way; `blocks` if there is none. */
unsigned pen_bond_block(const struct pen_bond *bond);

/* A block is asked for; it is so no more; it has come: true if all have. */
void pen_bond_ask(struct pen_bond *bond, unsigned block);
void pen_bond_fail(struct pen_bond *bond, unsigned block);
bool pen_bond_land(struct pen_bond *bond, unsigned block);

#endif
