/*
 * quarry: random bytes that the objects of all worlds are cut out of, and the digests of their
 * blocks. A world's bytes need to differ among themselves, not from another world's: so a process
 * draws and hashes each block once, not once a world, which took longer than moving it.
 */
#ifndef PEN_TESTS_SIM_QUARRY_H
#define PEN_TESTS_SIM_QUARRY_H

#include "part/raw.h"
#include "sim/plan.h"

/* Where an object may begin: at one of so many blocks. */
#define QUARRY_FIRST_MAX 4u
#define QUARRY_BLOCKS (QUARRY_FIRST_MAX + (PLAN_BYTES_MAX - 1) / PEN_RAW_BLOCK_BYTES)

/* `bytes` bytes from block `first` < QUARRY_FIRST_MAX on; at most PLAN_BYTES_MAX. They stay as they
 * are until the process ends. */
const uint8_t *quarry_bytes(uint32_t first, uint32_t bytes);

/* The leaf (part/raw.h) of the first `bytes` bytes of a block that quarry_bytes has given out. */
void quarry_leaf(uint32_t block, uint32_t bytes, struct pen_hash *leaf);

#endif
