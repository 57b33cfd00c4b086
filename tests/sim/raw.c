/*
 * What a client does with a raw object, as the tool does (tools/penstock/catch_raw.h), whose choice
 * of a size this is: the sizes that servers say are tried in turn; of each first the page of
 * digests comes, which proves how many blocks there are, then the blocks. Those that are proved
 * stay when another size is tried. With a depot they lie on its disk, and what an earlier life has
 * left there is proved before anything is asked for.
 */
#include <string.h>

#include "base/check.h"
#include "fetch/sized.h"
#include "sim/client.h"

/* While sizes are tried, their turns pass by time alone. */
#define RAW_LOOKS_NS INT64_C(200000000)

void raw_start(struct client *client, bool there)
{
	client->size = (struct catch_size){0};
	client->phase = CLIENT_RAW_IDLE;
	client->disputed = false;
	client->proved = there ? (1u << client->object->blocks) - 1 : 0;
	/* Blocks are written from where they lie, so this does not move. */
	if (client->depot)
		PEN_CHECK(!pen_buf_reserve(
			&client->parts[0].bytes, OBJECT_BLOCKS_MAX * PEN_RAW_BLOCK_BYTES));
}

static struct pen_bytes piece_bytes(const struct pen_client_piece *piece)
{
	return (struct pen_bytes){piece->block->at, piece->bytes};
}

static void piece_wrong(struct client *client, const struct pen_client_piece *piece, int64_t now_ns)
{
	const struct client_wrong wrong = {piece->piece, piece->unit, piece_bytes(piece)};
	client_wrong(client, piece->server, &wrong, now_ns);
}

/* The digests of the blocks: believed if they lead to the root. */
static void page_take(struct client *client, const struct pen_client_piece *piece, int64_t now_ns)
{
	const struct pen_raw_page_ask ask = {
		.root = client->object->root, .blocks = client->blocks};
	const struct pen_hash *leaves;
	if (pen_raw_page_decode(piece_bytes(piece), &ask, &leaves)) {
		piece_wrong(client, piece, now_ns);
		return;
	}
	PEN_CHECK(client->blocks == client->object->blocks);
	memcpy(client->leaves, leaves, client->blocks * sizeof *leaves);
	client->phase = CLIENT_RAW_PAGED;
	catch_size_moved(&client->size, now_ns);
}

/* What is equal to the object's has its digest, which was taken once for all clients; only other
 * bytes are hashed. */
static bool block_right(const struct client *client, uint32_t number, struct pen_bytes block)
{
	const struct object *object = client->object;
	const uint8_t *right = object->bytes.at + (size_t)number * PEN_RAW_BLOCK_BYTES;
	struct pen_hash leaf;
	if (pen_hash_equal(&client->leaves[number], &object->leaves[number]) &&
		block.len == pen_raw_block_bytes(object->bytes.len, number) &&
		!memcmp(block.at, right, block.len))
		return true;
	pen_raw_leaf(block, &leaf);
	return pen_hash_equal(&leaf, &client->leaves[number]);
}

static void block_keep(struct client *client, uint32_t number, struct pen_bytes block)
{
	struct pen_buf *bytes = &client->parts[0].bytes;
	size_t at = (size_t)number * PEN_RAW_BLOCK_BYTES;
	PEN_CHECK(!pen_buf_reserve(bytes, client->blocks * PEN_RAW_BLOCK_BYTES));
	memcpy(bytes->at + at, block.at, block.len);
	/* The last block says where the object ends. */
	if (number == client->blocks - 1)
		bytes->len = at + block.len;
}

static void block_take(struct client *client, const struct pen_client_piece *piece, int64_t now_ns)
{
	PEN_CHECK(piece->unit < client->blocks);
	if (client->rash)
		ledger_taste(&client->depot->ledger, 0, piece->unit, piece_bytes(piece));
	if (!block_right(client, piece->unit, piece_bytes(piece))) {
		piece_wrong(client, piece, now_ns);
		return;
	}
	if (client->keeps)
		block_keep(client, piece->unit, piece_bytes(piece));
	if (client->depot)
		crate_put(&client->depot->crate, piece->unit,
			(struct pen_bytes){client->parts[0].bytes.at +
					(size_t)piece->unit * PEN_RAW_BLOCK_BYTES,
				piece->bytes});
	client->proved |= 1u << piece->unit;
	catch_size_moved(&client->size, now_ns);
	if (client->proved == (1u << client->blocks) - 1)
		client_keep(client, 0, now_ns);
}

void raw_take(struct client *client, const struct pen_client_piece *piece, int64_t now_ns)
{
	bool page = piece->piece.kind == PEN_WIRE_KIND_TABLE;
	if (page && client->phase == CLIENT_RAW_PAGES)
		page_take(client, piece, now_ns);
	else if (!page && client->phase == CLIENT_RAW_BLOCKS &&
		!(client->proved >> piece->unit & 1))
		block_take(client, piece, now_ns);
}

/* Which size is tried? Whether that is another one now. */
static bool size_turn(struct client *client, int64_t now_ns)
{
	uint64_t said[PLAN_SERVERS_MAX] = {0}, before = client->size.bytes;
	if (client->stubborn && before)
		return false;
	for (unsigned s = 0; s < client->servers; s++)
		said[s] = pen_sized_said_by(client->client, s);
	uint64_t bytes = catch_size_look(&client->size, said, client->servers, now_ns);
	client->disputed = false;
	for (unsigned s = 0; s < client->servers; s++)
		client->disputed |= said[s] && said[s] != bytes;
	if (bytes == before)
		return false;
	if (client->phase != CLIENT_RAW_IDLE)
		pen_sized_drop(client->client, now_ns);
	client->sizes++;
	client->phase = CLIENT_RAW_IDLE;
	return true;
}

/* The digests are proved: are all blocks here from before? */
static bool look(struct client *client, int64_t now_ns)
{
	if (!client->depot || client->depot->crate.looked)
		return false;
	client->proved |= crate_look(
		&client->depot->crate, client->leaves, &client->parts[0].bytes);
	if (client->proved != (1u << client->blocks) - 1)
		return false;
	client_keep(client, 0, now_ns);
	return true;
}

bool raw_turn(struct client *client, int64_t now_ns)
{
	if (client->parts[0].proved)
		return false;
	bool moved = size_turn(client, now_ns);
	if (client->phase == CLIENT_RAW_IDLE && client->size.bytes) {
		client->blocks = pen_raw_blocks(client->size.bytes);
		client->phase = CLIENT_RAW_PAGES;
		pen_sized_pages(client->client, client->size.bytes);
		moved = true;
	}
	if (client->phase == CLIENT_RAW_PAGED && look(client, now_ns))
		return moved;
	const uint64_t here = client->proved;
	if (client->phase == CLIENT_RAW_PAGED && pen_sized_blocks(client->client, &here, now_ns)) {
		client->phase = CLIENT_RAW_BLOCKS;
		moved = true;
	}
	return moved;
}

int64_t raw_wait_ns(const struct client *client)
{
	return client->disputed && !client->parts[0].proved ? RAW_LOOKS_NS : INT64_MAX;
}

void raw_acknowledge(struct client *client, int64_t now_ns)
{
	pen_sized_drop(client->client, now_ns);
	pen_client_choose(client->client, 0, false, now_ns);
}
