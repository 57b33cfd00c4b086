#include "peer/inquiry.h"

#include "base/check.h"

/* Of the first block of so many bytes. */
static uint32_t block_bytes(uint32_t bytes)
{
	return bytes < PEN_WIRE_PIECE_BYTES_MAX ? bytes : PEN_WIRE_PIECE_BYTES_MAX;
}

void pen_inquiry_init(struct pen_inquiry *inquiry, const struct pen_wire_object *object,
	struct pen_bytes came, int64_t now_ns)
{
	PEN_CHECK(came.len > 0);
	PEN_CHECK(came.len <= (size_t)PEN_INQUIRY_BLOCKS_MAX * PEN_WIRE_PIECE_BYTES_MAX);
	*inquiry = (struct pen_inquiry){.object = *object,
		.came_bytes = (uint32_t)came.len,
		.due_ns = now_ns,
		.open = true};
	for (size_t at = 0, i = 0; at < came.len; at += PEN_WIRE_PIECE_BYTES_MAX, i++) {
		struct pen_bytes block = {came.at + at, block_bytes((uint32_t)(came.len - at))};
		pen_sha256(block, &inquiry->came[i]);
	}
}

void pen_inquiry_sum(struct pen_hash *chain, const uint8_t *digest, uint32_t bytes)
{
	const pen_le32_t length = bytes;
	const struct pen_bytes runs[] = {{chain->bytes, sizeof chain->bytes},
		{digest, sizeof chain->bytes}, {(const uint8_t *)&length, sizeof length}};
	struct pen_hash sum;
	pen_sha256_runs(runs, PEN_COUNT(runs), &sum);
	*chain = sum;
}

void pen_inquiry_init_part(struct pen_inquiry *inquiry, const struct pen_wire_object *object,
	uint32_t blocks, const struct pen_hash *came, int64_t now_ns)
{
	PEN_CHECK(blocks > 0);
	*inquiry = (struct pen_inquiry){.object = *object,
		.left = blocks,
		.came_sum = *came,
		.due_ns = now_ns,
		.open = true};
}

/* The last question is answered: another may follow sooner. */
static void answered(struct pen_inquiry *inquiry)
{
	if (inquiry->tries)
		inquiry->due_ns += PEN_INQUIRY_NEXT_NS - PEN_INQUIRY_WAIT_NS;
}

static enum pen_inquiry_verdict end(struct pen_inquiry *inquiry, enum pen_inquiry_verdict verdict)
{
	inquiry->open = false;
	return verdict;
}

enum pen_inquiry_verdict pen_inquiry_poll(struct pen_inquiry *inquiry, struct pen_channel *channel,
	int64_t now_ns, struct pen_answer *answer)
{
	answer->bytes = 0;
	if (!inquiry->open || now_ns < inquiry->due_ns)
		return PEN_INQUIRY_NONE;
	PEN_CHECK(inquiry->tries <= PEN_INQUIRY_TRIES);
	if (inquiry->tries == PEN_INQUIRY_TRIES)
		return end(inquiry, PEN_INQUIRY_UNKNOWN);
	inquiry->tries++;
	inquiry->due_ns = now_ns + PEN_INQUIRY_WAIT_NS;
	memcpy(answer->packet.body, &inquiry->object, sizeof inquiry->object);
	answer->bytes = pen_channel_seal(
		channel, PEN_WIRE_ATTEST, &answer->packet, sizeof inquiry->object);
	return PEN_INQUIRY_NONE;
}

int64_t pen_inquiry_due_ns(const struct pen_inquiry *inquiry)
{
	return inquiry->open ? inquiry->due_ns : INT64_MAX;
}

/* The next block is to be asked for, when the server may be asked again. */
static enum pen_inquiry_verdict next(struct pen_inquiry *inquiry, bool same_piece)
{
	inquiry->tries = 0;
	inquiry->object.block = same_piece ? inquiry->object.block + 1 : 0;
	inquiry->object.piece += !same_piece;
	return PEN_INQUIRY_NONE;
}

/* Of a whole part. Only a lean frame has several blocks, and all but its last are full; that there
 * is none behind a full one is an answer too. */
static enum pen_inquiry_verdict hear_part(
	struct pen_inquiry *inquiry, const struct pen_wire_attested *attested)
{
	const struct pen_wire_object *object = &inquiry->object;
	if (attested->state == PEN_WIRE_ATTESTED_NOT_HELD)
		return object->block ? next(inquiry, false) : end(inquiry, PEN_INQUIRY_UNKNOWN);
	pen_inquiry_sum(&inquiry->said_sum, attested->digest, attested->bytes);
	inquiry->left--;
	if (inquiry->left == 0)
		return end(inquiry,
			pen_hash_equal(&inquiry->came_sum, &inquiry->said_sum)
				? PEN_INQUIRY_LIE
				: PEN_INQUIRY_CHANGED);
	return next(inquiry,
		object->form == PEN_WIRE_FORM_LEAN && attested->bytes == PEN_WIRE_PIECE_BYTES_MAX &&
			object->block + 1u < PEN_INQUIRY_BLOCKS_MAX);
}

enum pen_inquiry_verdict pen_inquiry_hear(
	struct pen_inquiry *inquiry, const struct pen_wire_attested *attested)
{
	if (!inquiry->open || memcmp(&attested->object, &inquiry->object, sizeof inquiry->object) ||
		attested->state == PEN_WIRE_ATTESTED_BUSY)
		return PEN_INQUIRY_NONE;
	answered(inquiry);
	if (inquiry->left)
		return hear_part(inquiry, attested);
	if (attested->state == PEN_WIRE_ATTESTED_NOT_HELD)
		return end(inquiry, PEN_INQUIRY_UNKNOWN);
	uint32_t bytes = block_bytes(inquiry->came_bytes);
	const struct pen_hash *came = &inquiry->came[inquiry->block];
	if (attested->bytes != bytes ||
		memcmp(attested->digest, came->bytes, sizeof attested->digest))
		return end(inquiry, PEN_INQUIRY_CHANGED);
	inquiry->came_bytes -= bytes;
	if (inquiry->came_bytes == 0)
		return end(inquiry, PEN_INQUIRY_LIE);
	inquiry->block++;
	return next(inquiry, true);
}

bool pen_inquiry_count(
	struct pen_inquiry_record *record, enum pen_inquiry_verdict verdict, uint64_t pieces)
{
	record->lies += verdict == PEN_INQUIRY_LIE;
	record->changed += verdict == PEN_INQUIRY_CHANGED;
	record->unknown += verdict == PEN_INQUIRY_UNKNOWN;
	bool spoilt = record->changed >= PEN_INQUIRY_ASIDE_MAX &&
		(uint64_t)record->changed * PEN_INQUIRY_ASIDE_SHARE > pieces;
	return record->lies > 0 || spoilt;
}
