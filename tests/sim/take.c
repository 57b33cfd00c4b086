/*
 * What a client does with whole pieces of a part in nearcore's form: it is proved whole, and when
 * that fails, it is found out who sent what (fetch/blame.h). The proof is a comparison with what
 * the test knows; of a golden state it is the engine's.
 */
#include <string.h>

#include "base/check.h"
#include "sim/client.h"

/* The part is proved at last: whose pieces were others the first time? Only bytes that have the
 * name can tell. */
static void part_compare(struct client *client, unsigned k, int64_t now_ns)
{
	struct client_part *part = &client->parts[k];
	part->compared = false;
	if (!part->named)
		return;
	for (size_t at = 0; at < part->before.len; at += PEN_RAW_BLOCK_BYTES) {
		size_t left = part->before.len - at;
		struct pen_bytes first = {part->before.at + at,
			left < PEN_RAW_BLOCK_BYTES ? left : PEN_RAW_BLOCK_BYTES};
		uint32_t unit = (uint32_t)(at / PEN_RAW_BLOCK_BYTES);
		const struct pen_piece piece = {
			.kind = PEN_WIRE_KIND_PIECE, .part = k, .piece = unit};
		if (at + first.len <= part->bytes.len &&
			!memcmp(first.at, part->bytes.at + at, first.len))
			continue;
		client_blame(client, part->before_from[unit], &piece, first, now_ns);
	}
}

/* All who sent a part under the name that its bytes have. */
static void senders_catch(struct client *client, unsigned k)
{
	const struct client_part *part = &client->parts[k];
	for (size_t at = 0; at < part->bytes.len; at += PEN_RAW_BLOCK_BYTES) {
		size_t left = part->bytes.len - at;
		const struct pen_piece piece = {.kind = PEN_WIRE_KIND_PIECE,
			.part = k,
			.piece = (uint32_t)(at / PEN_RAW_BLOCK_BYTES)};
		struct pen_bytes bytes = {part->bytes.at + at,
			left < PEN_RAW_BLOCK_BYTES ? left : PEN_RAW_BLOCK_BYTES};
		client_catch(client, part->from[piece.piece], &piece, bytes);
	}
}

/* A piece of a part's bytes. */
static struct pen_bytes piece_at(const void *context, uint32_t unit)
{
	const struct pen_buf *bytes = context;
	size_t from = (size_t)unit * PEN_RAW_BLOCK_BYTES, left = bytes->len - from;
	return (struct pen_bytes){
		bytes->at + from, left < PEN_RAW_BLOCK_BYTES ? left : PEN_RAW_BLOCK_BYTES};
}

void client_catch_sole(struct client *client, unsigned k, const struct client_sole *sole)
{
	struct pen_piece piece = {.kind = PEN_WIRE_KIND_PIECE, .part = k};
	for (; piece.piece < sole->pieces->count; piece.piece++) {
		struct pen_bytes bytes = sole->pieces->piece(sole->pieces->context, piece.piece);
		if (sole->from[piece.piece] != sole->from[0] ||
			!client->holds(client->context, sole->from[0], &piece, bytes))
			return;
	}
	piece.piece = 0;
	client_catch(client, sole->from[0], &piece, sole->pieces->piece(sole->pieces->context, 0));
}

static void part_refute(struct client *client, unsigned k, bool as_named, int64_t now_ns)
{
	struct client_part *part = &client->parts[k];
	client->refused++;
	const struct pen_piece first = {.kind = PEN_WIRE_KIND_PIECE, .part = k};
	const struct pen_client_pieces pieces = {
		(uint32_t)((part->bytes.len + PEN_RAW_BLOCK_BYTES - 1) / PEN_RAW_BLOCK_BYTES),
		&part->bytes, piece_at};
	/* Of one piece its sender is asked at once. */
	if (!as_named && pieces.count == 1)
		client_catch(client, part->from[0], &first, pen_buf_bytes(&part->bytes));
	if (as_named)
		senders_catch(client, k);
	pen_client_refuted(client->client, k, as_named, &pieces, now_ns);
	if (!as_named)
		client_catch_sole(client, k, &(struct client_sole){&pieces, part->from});
	part->compared = !as_named;
	struct pen_buf spare = part->before;
	part->before = part->bytes;
	part->bytes = spare;
	memcpy(part->before_from, part->from, sizeof part->from);
}

/* All blocks of a part have come. */
static void part_prove(struct client *client, unsigned k, int64_t now_ns)
{
	struct client_part *part = &client->parts[k];
	const struct pen_haul_name *name = pen_client_name(client->client, PEN_WIRE_KIND_PIECE, k);
	PEN_CHECK(name);
	bool right = object_right(client->object, k, pen_buf_bytes(&part->bytes));
	if (!right || part->compared) {
		uint8_t blob[PEN_BLOB_BYTES];
		pen_blob_id(pen_buf_bytes(&part->bytes), blob);
		part->named = !memcmp(blob, name->id, sizeof blob);
	}
	if (!right) {
		part_refute(client, k, part->named, now_ns);
		return;
	}
	client_keep(client, k, now_ns);
}

static void part_take(struct client *client, const struct pen_client_piece *piece, int64_t now_ns)
{
	unsigned k = piece->piece.part;
	struct client_part *part = &client->parts[k];
	const struct pen_haul_name *name = pen_client_name(client->client, PEN_WIRE_KIND_PIECE, k);
	size_t at = (size_t)piece->unit * PEN_RAW_BLOCK_BYTES;
	PEN_CHECK(name);
	PEN_CHECK(piece->unit < OBJECT_BLOCKS_MAX);
	PEN_CHECK(at + piece->bytes <= name->bytes);
	PEN_CHECK(!part->proved);
	PEN_CHECK(!pen_buf_reserve(&part->bytes, name->bytes));
	memcpy(part->bytes.at + at, piece->block->at, piece->bytes);
	part->bytes.len = name->bytes;
	part->from[piece->unit] = (uint8_t)piece->server;
	if (client->rash && !client->object->golden)
		ledger_taste(&client->depot->ledger, k, piece->unit,
			(struct pen_bytes){piece->block->at, piece->bytes});
	if (client->rash && client->object->golden && piece->last)
		ledger_taste_part(&client->depot->ledger, k, pen_buf_bytes(&part->bytes));
	if (piece->last)
		part_prove(client, k, now_ns);
}

void client_acknowledge(struct client *client, unsigned k, int64_t now_ns)
{
	if (client->object->raw) {
		raw_acknowledge(client, now_ns);
		return;
	}
	pen_client_proved(client->client, PEN_WIRE_KIND_PIECE, k);
	if (client->parts[k].compared && client->object->lean)
		lean_compare(client, k, now_ns);
	else if (client->parts[k].compared)
		part_compare(client, k, now_ns);
}

void client_keep(struct client *client, unsigned k, int64_t now_ns)
{
	const struct client_part *part = &client->parts[k];
	client->parts[k].proved = true;
	client->fetched_ns = client->actor.world->clock.now_ns;
	if (client->depot)
		depot_keep(client->depot, k,
			pen_buf_bytes(client_joins(client) ? &part->file : &part->bytes));
	else
		client_acknowledge(client, k, now_ns);
}

void client_take(struct client *client, const struct pen_client_piece *piece, int64_t now_ns)
{
	if (client->object->lean)
		lean_take(client, piece, now_ns);
	else if (client->object->raw)
		raw_take(client, piece, now_ns);
	else
		part_take(client, piece, now_ns);
}
