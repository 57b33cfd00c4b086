#include "fetch/sum.h"

#include "base/check.h"
#include "peer/inquiry.h"
#include "wire/wire.h"

void pen_sum_add(struct pen_sum *sum, struct pen_bytes piece)
{
	PEN_CHECK(piece.len > 0);
	for (size_t at = 0; at < piece.len; at += PEN_WIRE_PIECE_BYTES_MAX) {
		size_t left = piece.len - at;
		struct pen_hash digest;
		struct pen_bytes block = {piece.at + at,
			left < PEN_WIRE_PIECE_BYTES_MAX ? left : PEN_WIRE_PIECE_BYTES_MAX};
		pen_sha256(block, &digest);
		pen_inquiry_sum(&sum->chain, digest.bytes, (uint32_t)block.len);
		sum->blocks++;
	}
}
