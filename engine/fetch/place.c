#include "fetch/place.h"

#include "base/check.h"

static_assert(PEN_RECV_PACKETS_MAX >= PEN_WIRE_SLOT_PACKETS_MAX, "a slot's bitmap holds a piece");
static_assert(PEN_WIRE_PIECE_BYTES_MAX <= PEN_BLOCK_BYTES, "a piece fits a block");

void pen_place_open(
	struct pen_place *place, const struct pen_place_ask *ask, const struct pen_recv_view *view)
{
	PEN_CHECK(place->state == PEN_PLACE_FREE);
	PEN_CHECK(ask->bytes <= PEN_WIRE_PIECE_BYTES_MAX);
	PEN_CHECK(ask->block);
	place->state = PEN_PLACE_ASKED;
	place->peer = ask->peer;
	place->piece = ask->piece;
	place->slot = ask->slot;
	place->nonce = ask->nonce;
	place->size = ask->size;
	place->bytes = ask->bytes;
	place->blocks = 0;
	place->parted = ask->parted;
	place->block = ask->block;
	place->opened_ns = view->now_ns;
	uint32_t bytes = ask->bytes ? ask->bytes : PEN_WIRE_PIECE_BYTES_MAX;
	pen_recv_init(&place->recv, pen_wire_packets(bytes, ask->size), view);
}

struct pen_block *pen_place_close(struct pen_place *place)
{
	PEN_CHECK(place->state != PEN_PLACE_FREE);
	struct pen_block *block = place->block;
	place->state = PEN_PLACE_FREE;
	place->block = NULL;
	return block;
}

/* The piece has so many bytes: false if it is known otherwise, or more came. */
static bool learn(struct pen_place *place, uint32_t bytes)
{
	PEN_CHECK(bytes > 0);
	PEN_CHECK(bytes <= PEN_WIRE_PIECE_BYTES_MAX);
	if (place->bytes)
		return place->bytes == bytes;
	if (!pen_recv_shrink(&place->recv, pen_wire_packets(bytes, place->size)))
		return false;
	/* The last packet was placed as if it were full; it must be. */
	uint32_t payload = pen_wire_size_bytes(place->size);
	if (bytes % payload && pen_recv_has(&place->recv, place->recv.packets - 1))
		return false;
	place->bytes = bytes;
	return true;
}

static void note_whole(struct pen_place *place)
{
	bool more = place->parted && place->bytes == PEN_WIRE_PIECE_BYTES_MAX && !place->blocks;
	if (place->bytes && !more && pen_recv_whole(&place->recv))
		place->state = PEN_PLACE_WHOLE;
}

bool pen_place_opened(struct pen_place *place, uint32_t bytes, uint32_t blocks)
{
	PEN_CHECK(place->state != PEN_PLACE_FREE);
	if (!learn(place, bytes) || (place->blocks && place->blocks != blocks))
		return false;
	place->blocks = blocks;
	if (place->state == PEN_PLACE_ASKED)
		place->state = PEN_PLACE_OPENED;
	note_whole(place);
	return true;
}

/* Has packet `index` the length that it must have? A short one may be the one that ends a piece
 * of unknown length. */
static bool right_length(struct pen_place *place, uint32_t index, uint32_t len)
{
	uint32_t payload = pen_wire_size_bytes(place->size);
	if (index >= place->recv.packets || len == 0 || len > payload)
		return false;
	uint32_t from = index * payload;
	if (!place->bytes && len < payload)
		return from + len <= PEN_WIRE_PIECE_BYTES_MAX && learn(place, from + len);
	uint32_t end = place->bytes ? place->bytes : PEN_WIRE_PIECE_BYTES_MAX;
	return len == (end - from < payload ? end - from : payload);
}

enum pen_place_came pen_place_put(struct pen_place *place, const struct pen_wire_data *data,
	const struct pen_slice *slice, int64_t now_ns)
{
	PEN_CHECK(place->state != PEN_PLACE_FREE);
	PEN_CHECK(slice->bytes >= PEN_WIRE_HEAD_BYTES);
	if (data->nonce != place->nonce)
		return PEN_PLACE_NONCE;
	uint32_t index = data->index, len = slice->bytes - PEN_WIRE_HEAD_BYTES;
	if (!right_length(place, index, len))
		return PEN_PLACE_LENGTH;
	if (pen_recv_add(&place->recv, index, now_ns) != PEN_RECV_NEW)
		return PEN_PLACE_DUPLICATE;
	/* Places are opened far ahead: all their blocks in turn would not stay in a cache. */
	if (place->recv.got == 1)
		place->block = pen_block_warm(place->block);
	/* The one copy of the payload: it gathers packets that lie all over the driver's memory
	 * into the run of bytes that is proved and decompressed. */
	pen_slice_copy(slice, PEN_WIRE_HEAD_BYTES, len,
		place->block->at + (size_t)index * pen_wire_size_bytes(place->size));
	note_whole(place);
	return PEN_PLACE_NEW;
}

uint32_t pen_place_left(const struct pen_place *place)
{
	return place->state == PEN_PLACE_FREE ? 0 : place->recv.packets - place->recv.got;
}

uint64_t pen_place_left_bytes(const struct pen_place *place)
{
	return (uint64_t)pen_place_left(place) *
		(PEN_WIRE_HEAD_BYTES + pen_wire_size_bytes(place->size));
}
