#include "fetch/place.h"

#include "base/check.h"
#include "fetch/sizes.h"

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
	place->came_bytes = 0;
	uint32_t bytes = ask->bytes ? ask->bytes : PEN_WIRE_PIECE_BYTES_MAX;
	pen_recv_init(&place->recv, pen_wire_packets(bytes, ask->size), view);
	place->trial = ask->trial;
	if (!place->trial.packets)
		return;
	uint32_t tried = place->trial.packets * pen_wire_size_bytes(place->trial.size);
	PEN_CHECK(place->trial.packets <= PEN_SIZES_TRIAL_PACKETS);
	PEN_CHECK(tried < bytes);
	place->trial.came = 0;
	place->trial.due_ns = INT64_MAX;
	pen_recv_hold(&place->recv, tried / pen_wire_size_bytes(place->size));
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
	struct pen_place_trial *trial = &place->trial;
	if (!trial->packets) {
		pen_recv_release(&place->recv, true, place->recv.last_ns);
		return true;
	}
	uint32_t most = pen_wire_packets(bytes, trial->size);
	trial->packets = trial->packets < most ? trial->packets : most;
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

/* The first bytes are here. Places are opened far ahead: all their blocks in turn would not stay in
 * a cache. */
static void warm(struct pen_place *place)
{
	place->block = pen_block_warm(place->block);
}

/* Have bytes from..end-1 of the piece come by the trial? */
static bool is_covered(const struct pen_place *place, uint32_t from, uint32_t end)
{
	uint32_t payload = pen_wire_size_bytes(place->trial.size);
	for (uint32_t i = from / payload; i * payload < end; i++) {
		if (!(place->trial.came >> i & 1))
			return false;
	}
	return true;
}

static enum pen_place_came put_tried(
	struct pen_place *place, const struct pen_wire_data *data, const struct pen_slice *slice)
{
	struct pen_place_trial *trial = &place->trial;
	uint32_t payload = pen_wire_size_bytes(trial->size), own = pen_wire_size_bytes(place->size);
	uint32_t len = slice->bytes - PEN_WIRE_HEAD_BYTES;
	if (data->nonce != trial->nonce)
		return PEN_PLACE_NONCE;
	uint32_t from = data->index * payload;
	if (data->index >= trial->packets || len == 0)
		return PEN_PLACE_LENGTH;
	/* Before OPENED a short one says where the piece ends, as in right_length. */
	bool ends = !place->bytes && len < payload;
	if (ends && (trial->came >> data->index || !learn(place, from + len)))
		return PEN_PLACE_LENGTH;
	uint32_t all = place->bytes ? place->bytes : PEN_WIRE_PIECE_BYTES_MAX, left = all - from;
	if (len != (left < payload ? left : payload))
		return PEN_PLACE_LENGTH;
	if (trial->came >> data->index & 1)
		return PEN_PLACE_DUPLICATE;
	if (place->recv.got == 0 && !trial->came)
		warm(place);
	trial->came |= UINT32_C(1) << data->index;
	/* As below. */
	pen_slice_copy(slice, PEN_WIRE_HEAD_BYTES, len, place->block->at + from);
	for (uint32_t i = from / own; i < place->recv.held && i * own < from + len; i++) {
		uint32_t end = (i + 1) * own < all ? (i + 1) * own : all;
		if (!pen_recv_has(&place->recv, i) && is_covered(place, i * own, end))
			pen_recv_fill(&place->recv, i);
	}
	note_whole(place);
	return PEN_PLACE_NEW;
}

bool pen_place_all_tried(const struct pen_place *place)
{
	return place->trial.packets && place->bytes && place->recv.held == place->recv.packets;
}

enum pen_place_verdict pen_place_tried(const struct pen_place *place)
{
	const struct pen_place_trial *trial = &place->trial;
	uint32_t full = trial->packets, whole = place->bytes / pen_wire_size_bytes(trial->size);
	if (place->bytes && whole < full)
		full = whole;
	uint32_t came = (uint32_t)__builtin_popcount(trial->came & ((UINT32_C(1) << full) - 1));
	if (came > 0 && 2 * came >= full)
		return PEN_PLACE_PASSED;
	bool behind = place->recv.got > place->recv.filled;
	bool none = pen_place_all_tried(place) ? !trial->came : came == 0 && behind;
	return full > 0 && none ? PEN_PLACE_FAILED : PEN_PLACE_UNDECIDED;
}

void pen_place_try_end(struct pen_place *place, int64_t now_ns)
{
	PEN_CHECK(place->trial.packets > 0);
	place->trial = (struct pen_place_trial){0};
	pen_recv_release(&place->recv, place->bytes > 0, now_ns);
}

/* Did bytes from..end-1 come, in the size that the place had? */
static bool has_bytes(const struct pen_recv *recv, uint32_t payload, uint32_t from, uint32_t end)
{
	uint32_t index = from / payload;
	while (index * payload < end && pen_recv_has(recv, index))
		index++;
	return index * payload >= end;
}

void pen_place_resize(struct pen_place *place, enum pen_wire_size size, uint32_t slot,
	uint64_t nonce, const struct pen_recv_view *view)
{
	PEN_CHECK(place->state == PEN_PLACE_ASKED || place->state == PEN_PLACE_OPENED);
	PEN_CHECK(!place->trial.packets);
	struct pen_recv before = place->recv;
	uint32_t was = pen_wire_size_bytes(place->size), is = pen_wire_size_bytes(size);
	uint32_t bytes = place->bytes ? place->bytes : PEN_WIRE_PIECE_BYTES_MAX;
	place->state = PEN_PLACE_ASKED;
	place->size = size;
	place->slot = slot;
	place->nonce = nonce;
	place->opened_ns = view->now_ns;
	pen_recv_init(&place->recv, pen_wire_packets(bytes, size), view);
	for (uint32_t i = 0; i < place->recv.packets; i++) {
		uint32_t end = (i + 1) * is < bytes ? (i + 1) * is : bytes;
		if (has_bytes(&before, was, i * is, end))
			pen_recv_fill(&place->recv, i);
	}
	pen_recv_again(&place->recv, view);
}

uint32_t pen_place_fresh(
	const struct pen_place *place, const struct pen_wire_data *data, uint32_t bytes)
{
	uint32_t payload = pen_wire_size_bytes(place->size);
	uint32_t full = (place->bytes ? place->bytes : PEN_WIRE_PIECE_BYTES_MAX) / payload;
	if (data->nonce != place->nonce || bytes != PEN_WIRE_HEAD_BYTES + payload ||
		data->index >= full)
		return 0;
	uint32_t fresh = pen_recv_fresh(&place->recv, data->index);
	return fresh < full - data->index ? fresh : full - data->index;
}

enum pen_place_came pen_place_put(
	struct pen_place *place, const struct pen_run *run, int64_t now_ns)
{
	const struct pen_wire_data *data = pen_run_data(run, 0);
	PEN_CHECK(place->state != PEN_PLACE_FREE);
	PEN_CHECK(pen_run_bytes(run) >= PEN_WIRE_HEAD_BYTES);
	PEN_CHECK(
		run->count == 1 || run->count <= pen_place_fresh(place, data, pen_run_bytes(run)));
	if (data->nonce != place->nonce)
		return place->trial.packets && data->slot == place->trial.slot
			? put_tried(place, data, &run->slices[0])
			: PEN_PLACE_NONCE;
	uint32_t index = data->index, len = pen_run_bytes(run) - PEN_WIRE_HEAD_BYTES;
	bool first = place->recv.got == 0 && !place->trial.came;
	if (!right_length(place, index, len))
		return PEN_PLACE_LENGTH;
	if (pen_recv_add(&place->recv, index, run->count, now_ns) != PEN_RECV_NEW)
		return PEN_PLACE_DUPLICATE;
	if (first)
		warm(place);
	/* The one copy of the payload: it gathers packets that lie all over the driver's memory
	 * into the run of bytes that is proved and decompressed. */
	uint8_t *at = place->block->at + (size_t)index * pen_wire_size_bytes(place->size);
	for (uint32_t i = 0; i < run->count; i++, at += len)
		pen_slice_copy(&run->slices[i], PEN_WIRE_HEAD_BYTES, len, at);
	note_whole(place);
	return PEN_PLACE_NEW;
}

/* `filled` are of those held; the trial brings the others in fewer packets. */
uint32_t pen_place_left_with_trial(const struct pen_place *place)
{
	const struct pen_recv *recv = &place->recv;
	uint32_t tried = (uint32_t)__builtin_popcount(place->trial.came);
	return recv->packets - recv->got - (recv->held - recv->filled) + place->trial.packets -
		tried;
}

uint64_t pen_place_left_bytes(const struct pen_place *place)
{
	return (uint64_t)pen_place_left(place) *
		(PEN_WIRE_HEAD_BYTES + pen_wire_size_bytes(place->size));
}

void pen_place_pulled(struct pen_place *place)
{
	uint64_t left = pen_place_left_bytes(place);
	PEN_CHECK(place->state != PEN_PLACE_FREE);
	place->came_bytes = left < place->bytes ? place->bytes - (uint32_t)left : 0;
}
