/*
 * piece: how pieces become packets and parts become windows: the arithmetic that both ends of
 * wire.h must agree on. Pure, any thread.
 */
#ifndef PEN_WIRE_PIECE_H
#define PEN_WIRE_PIECE_H

#include "wire/wire.h"

/* The payload that a size stands for. */
static inline uint32_t pen_wire_size_bytes(enum pen_wire_size size)
{
	static const uint16_t bytes[PEN_WIRE_SIZES] = {1200, 1328, 1408, 3328, 8192};
	return bytes[size];
}

/* The largest size whose packets, header included, fit a UDP payload of so many bytes; the smallest
 * if none does, for it fits every path. */
static inline enum pen_wire_size pen_wire_size_most(uint32_t udp_bytes)
{
	enum pen_wire_size size = PEN_WIRE_SIZE_1200;
	while (size + 1 < PEN_WIRE_SIZES &&
		PEN_WIRE_HEAD_BYTES + pen_wire_size_bytes(size + 1) <= udp_bytes)
		size++;
	return size;
}

/* Packets of a piece of so many bytes. */
static inline uint32_t pen_wire_packets(uint32_t piece_bytes, enum pen_wire_size size)
{
	uint32_t payload = pen_wire_size_bytes(size);
	return (piece_bytes + payload - 1) / payload;
}

/* Parts of a window (window below (n + 8191) / 8192), and bytes of its bitmap: whole ones. */
static inline uint32_t pen_wire_window_parts(uint32_t n, uint32_t window)
{
	uint32_t left = n - window * PEN_WIRE_WINDOW_PARTS;
	return left < PEN_WIRE_WINDOW_PARTS ? left : PEN_WIRE_WINDOW_PARTS;
}

static inline uint32_t pen_wire_window_bytes(uint32_t n, uint32_t window)
{
	return (pen_wire_window_parts(n, window) + 7) / 8;
}

#endif
