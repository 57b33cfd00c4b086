/*
 * kv: a state as one file of records, `u32 klen, u32 vlen, key, value`, little endian, with nothing
 * before, between or behind them. Pure functions: bytes in, record out.
 */
#ifndef PEN_MAKE_KV_H
#define PEN_MAKE_KV_H

#include "make/pair.h"

#define PEN_KV_HEAD_BYTES 8
/* The largest record. */
#define PEN_KV_BYTES_MAX (PEN_KV_HEAD_BYTES + PEN_KEY_BYTES_MAX + PEN_VALUE_BYTES_MAX)

/* Write the head of a record; key and value follow it. The pair must be within the limits. */
void pen_kv_head(const struct pen_pair *pair, uint8_t head[PEN_KV_HEAD_BYTES]);

/*
 * Read the record at the start of `bytes`. 1: *out borrows `bytes`, *used is the record's length.
 * 0: the record goes on behind them, *used (larger than bytes.len) says how many are needed to
 * learn more. PEN_EINPUT with a sentence: a length over its limit. Order is not looked at.
 */
int pen_kv_decode(struct pen_bytes bytes, struct pen_pair *out, size_t *used, struct pen_why *why);

#endif
