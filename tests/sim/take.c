/*
 * What a client does with whole pieces: a raw object's blocks are proved one by one against its
 * page of digests; a part of a state is proved whole, and when that fails, it is found out who sent
 * what (fetch/blame.h). The proof of a part is a comparison with what the test knows.
 */
#include <string.h>

#include "base/check.h"
#include "sim/client.h"

static struct pen_bytes piece_bytes(const struct pen_client_piece *piece)
{
	return (struct pen_bytes){piece->block->at, piece->bytes};
}

/* A piece that is wrong by itself, as it just came. */
static void piece_wrong(struct client *client, const struct pen_client_piece *piece, int64_t now_ns)
{
	const struct client_wrong wrong = {piece->piece, piece->unit, piece_bytes(piece)};
	client_wrong(client, piece->server, &wrong, now_ns);
}

/* The digests of the blocks: believed if they lead to the root. */
static void page_take(struct client *client, const struct pen_client_piece *piece, int64_t now_ns)
{
	const struct pen_raw_page_ask ask = {
		.root = client->object->root, .blocks = client->object->blocks};
	const struct pen_hash *leaves;
	if (pen_raw_page_decode(piece_bytes(piece), &ask, &leaves)) {
		piece_wrong(client, piece, now_ns);
		return;
	}
	memcpy(client->leaves, leaves, client->object->blocks * sizeof *leaves);
	client->page = true;
	pen_client_proved(client->client, PEN_WIRE_KIND_TABLE, 0);
}

/* What is equal to the object's has its digest, which was taken once for all clients; only other
 * bytes are hashed. */
static bool block_right(const struct client *client, uint32_t number, struct pen_bytes block)
{
	const struct object *object = client->object;
	const uint8_t *right = object->bytes.at + (size_t)number * PEN_RAW_BLOCK_BYTES;
	struct pen_hash leaf;
	if (pen_hash_equal(&client->leaves[number], &object->leaves[number]) &&
		!memcmp(block.at, right, block.len))
		return true;
	pen_raw_leaf(block, &leaf);
	return pen_hash_equal(&leaf, &client->leaves[number]);
}

static void block_prove(
	struct client *client, uint32_t number, struct pen_bytes block, int64_t now_ns)
{
	const struct client_wrong wrong = {
		{.kind = PEN_WIRE_KIND_PIECE, .piece = number}, number, block};
	if (block_right(client, number, block))
		client->proved |= 1u << number;
	else
		client_wrong(client, client->parts[0].from[number], &wrong, now_ns);
}

static void raw_end(struct client *client, int64_t now_ns)
{
	if (client->proved == (1u << client->object->blocks) - 1 && !client->parts[0].proved)
		client_keep(client, 0, now_ns);
}

/* Blocks that are here and not looked at yet, as soon as the page is known. */
static void blocks_prove(struct client *client, int64_t now_ns)
{
	for (; client->page && client->here; client->here &= client->here - 1) {
		uint32_t i = (uint32_t)__builtin_ctz(client->here);
		struct pen_bytes block = {
			client->parts[0].bytes.at + (size_t)i * PEN_RAW_BLOCK_BYTES,
			pen_raw_block_bytes(client->object->bytes.len, i)};
		block_prove(client, i, block, now_ns);
	}
	raw_end(client, now_ns);
}

static void block_keep(struct client *client, uint32_t number, struct pen_bytes block)
{
	struct pen_buf *bytes = &client->parts[0].bytes;
	PEN_CHECK(!pen_buf_reserve(bytes, client->object->bytes.len));
	bytes->len = client->object->bytes.len;
	memcpy(bytes->at + (size_t)number * PEN_RAW_BLOCK_BYTES, block.at, block.len);
	client->here |= 1u << number;
}

static void block_take(struct client *client, const struct pen_client_piece *piece, int64_t now_ns)
{
	if (piece->unit >= client->object->blocks ||
		piece->bytes != pen_raw_block_bytes(client->object->bytes.len, piece->unit)) {
		piece_wrong(client, piece, now_ns);
		return;
	}
	client->parts[0].from[piece->unit] = (uint8_t)piece->server;
	if (client->rash)
		depot_taste(client->depot, 0, piece->unit, piece_bytes(piece));
	if (client->keeps || !client->page)
		block_keep(client, piece->unit, piece_bytes(piece));
	else
		block_prove(client, piece->unit, piece_bytes(piece), now_ns);
	blocks_prove(client, now_ns);
}

/* The part is proved at last: whose pieces were others the first time? */
static void part_compare(struct client *client, unsigned k, int64_t now_ns)
{
	struct client_part *part = &client->parts[k];
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
	part->compared = false;
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

static void part_refute(struct client *client, unsigned k, bool as_named, int64_t now_ns)
{
	struct client_part *part = &client->parts[k];
	client->refused++;
	/* Of one piece: its sender is asked at once, as perhaps nobody else has the part. */
	if (!as_named && part->bytes.len <= PEN_RAW_BLOCK_BYTES) {
		const struct pen_piece piece = {.kind = PEN_WIRE_KIND_PIECE, .part = k};
		client_blame(client, part->from[0], &piece, pen_buf_bytes(&part->bytes), now_ns);
	}
	if (as_named)
		senders_catch(client, k);
	part->compared = !as_named;
	struct pen_buf spare = part->before;
	part->before = part->bytes;
	part->bytes = spare;
	memcpy(part->before_from, part->from, sizeof part->from);
	pen_client_refuted(client->client, k, as_named, now_ns);
}

/* All blocks of a part have come. */
static void part_prove(struct client *client, unsigned k, int64_t now_ns)
{
	struct client_part *part = &client->parts[k];
	const struct pen_bytes *right = &client->object->parts[k].bytes;
	const struct pen_haul_name *name = pen_client_name(client->client, PEN_WIRE_KIND_PIECE, k);
	PEN_CHECK(name);
	if (part->bytes.len != right->len || memcmp(part->bytes.at, right->at, right->len)) {
		uint8_t blob[PEN_BLOB_BYTES];
		pen_blob_id(pen_buf_bytes(&part->bytes), blob);
		part_refute(client, k, !memcmp(blob, name->id, sizeof blob), now_ns);
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
	if (client->rash)
		depot_taste(client->depot, k, piece->unit, piece_bytes(piece));
	if (piece->last)
		part_prove(client, k, now_ns);
}

void client_acknowledge(struct client *client, unsigned k, int64_t now_ns)
{
	pen_client_proved(client->client, PEN_WIRE_KIND_PIECE, k);
	if (client->parts[k].compared && client->object->lean)
		lean_compare(client, k, now_ns);
	else if (client->parts[k].compared)
		part_compare(client, k, now_ns);
}

void client_keep(struct client *client, unsigned k, int64_t now_ns)
{
	client->parts[k].proved = true;
	client->fetched_ns = client->actor.world->clock.now_ns;
	if (client->depot)
		depot_keep(client->depot, k, pen_buf_bytes(&client->parts[k].bytes));
	else
		client_acknowledge(client, k, now_ns);
}

void client_take(struct client *client, const struct pen_client_piece *piece, int64_t now_ns)
{
	if (client->object->lean) {
		lean_take(client, piece, now_ns);
	} else if (!client->object->raw) {
		part_take(client, piece, now_ns);
	} else if (piece->piece.kind == PEN_WIRE_KIND_TABLE) {
		page_take(client, piece, now_ns);
		blocks_prove(client, now_ns);
	} else {
		block_take(client, piece, now_ns);
	}
}
