/* The taker of a pair. */
#include "pair.h"

#include "pair_object.h"

static struct pen_bytes piece_bytes(const struct pen_client_piece *piece)
{
	return (struct pen_bytes){piece->block->at, piece->bytes};
}

/* The haul that pieces of part k are of; NULL once it was begun anew, which voids what came. */
static const struct pen_haul *haul_of(struct pair *pair, uint32_t k)
{
	struct pen_haul *haul = pen_hauls_find(&pair->client->hauls, PEN_WIRE_KIND_PIECE, k);
	return haul && haul->rounds == pair->round[k] ? haul : NULL;
}

static void prove_block(struct pair *pair, uint32_t i)
{
	const struct pair_object *object = pair_object(true);
	struct pen_bytes block = {pair->bytes + (size_t)i * PEN_RAW_BLOCK_BYTES,
		pen_raw_block_bytes(PAIR_RAW_BYTES, i)};
	const uint8_t *right = object->bytes + (size_t)i * PEN_RAW_BLOCK_BYTES;
	struct pen_hash leaf;
	pair->here &= ~(1u << i);
	pen_raw_leaf(block, &leaf);
	if (pen_hash_equal(&leaf, &pair->leaves[i])) {
		PEN_CHECK(!memcmp(block.at, right, block.len));
		pair->proved |= 1u << i;
		return;
	}
	const struct pen_piece piece = {.kind = PEN_WIRE_KIND_PIECE, .piece = i};
	pen_client_wrong(pair->client, &piece, i, block, pair->now_ns);
}

/* Those that are here, as soon as the page is; all of them are the object. */
static void prove_blocks(struct pair *pair)
{
	const struct pen_haul *haul = haul_of(pair, 0);
	if (!haul)
		pair->here = pair->proved = 0;
	for (uint32_t i = 0; pair->page && i < 2; i++) {
		if (pair->here >> i & 1)
			prove_block(pair, i);
	}
	if (!haul || pair->here || !pen_haul_whole(haul))
		return;
	if (pair->proved == 3)
		pen_client_proved(pair->client, PEN_WIRE_KIND_PIECE, 0);
	else /* It was called shorter than it is. */
		pen_client_refuted(pair->client, 0, false, NULL, pair->now_ns);
}

static void take_page(struct pair *pair, const struct pen_client_piece *piece)
{
	const struct pen_raw_page_ask ask = {.root = pair_object(true)->root, .blocks = 2};
	const struct pen_hash *leaves;
	if (piece->unit || pen_raw_page_decode(piece_bytes(piece), &ask, &leaves)) {
		pen_client_wrong(
			pair->client, &piece->piece, piece->unit, piece_bytes(piece), pair->now_ns);
		return;
	}
	memcpy(pair->leaves, leaves, sizeof pair->leaves);
	pair->page = true;
	pen_client_proved(pair->client, PEN_WIRE_KIND_TABLE, 0);
	prove_blocks(pair);
}

static void take_block(struct pair *pair, const struct pen_client_piece *piece)
{
	if (pair->round[0] != piece->round)
		pair->here = pair->proved = 0;
	pair->round[0] = piece->round;
	if (piece->unit >= 2 || piece->bytes != pen_raw_block_bytes(PAIR_RAW_BYTES, piece->unit)) {
		pen_client_wrong(
			pair->client, &piece->piece, piece->unit, piece_bytes(piece), pair->now_ns);
		return;
	}
	memcpy(pair->bytes + (size_t)piece->unit * PEN_RAW_BLOCK_BYTES, piece->block->at,
		piece->bytes);
	pair->here |= 1u << piece->unit;
	prove_blocks(pair);
}

/* A piece of a part's bytes. */
static struct pen_bytes piece_at(const void *context, uint32_t unit)
{
	const struct pen_bytes *came = context;
	size_t from = (size_t)unit * PEN_BLOCK_BYTES, left = came->len - from;
	return (struct pen_bytes){came->at + from, left < PEN_BLOCK_BYTES ? left : PEN_BLOCK_BYTES};
}

/* All pieces of a part are here. */
static void prove_part(struct pair *pair, uint32_t k)
{
	const struct pair_object *object = pair_object(false);
	const struct pen_haul_name *name = pen_client_name(pair->client, PEN_WIRE_KIND_PIECE, k);
	PEN_CHECK(name);
	struct pen_bytes came = {
		pair->bytes + (size_t)k * PAIR_PIECES * PEN_BLOCK_BYTES, name->bytes};
	if (fuzz_same(came, object->part[k])) {
		pair->proved |= 1u << k;
		pen_client_proved(pair->client, PEN_WIRE_KIND_PIECE, k);
		return;
	}
	uint8_t blob[PEN_BLOB_BYTES];
	const struct pen_client_pieces pieces = {name->units, &came, piece_at};
	pen_blob_id(came, blob);
	bool as_named = !memcmp(blob, name->id, sizeof blob);
	pen_client_refuted(pair->client, k, as_named, &pieces, pair->now_ns);
}

static void take_part(struct pair *pair, const struct pen_client_piece *piece)
{
	uint32_t k = piece->piece.part;
	const struct pen_haul_name *name = pen_client_name(pair->client, PEN_WIRE_KIND_PIECE, k);
	size_t at = (size_t)piece->unit * PEN_BLOCK_BYTES;
	PEN_CHECK(name && k < PAIR_PARTS);
	PEN_CHECK(!(pair->proved >> k & 1));
	PEN_CHECK(at + piece->bytes <= name->bytes && piece->unit < PAIR_PIECES);
	memcpy(pair->bytes + (size_t)k * PAIR_PIECES * PEN_BLOCK_BYTES + at, piece->block->at,
		piece->bytes);
	if (piece->last)
		prove_part(pair, k);
}

void pair_take(struct pair *pair, const struct pen_client_piece *piece)
{
	PEN_CHECK(piece->bytes > 0 && piece->bytes <= PEN_BLOCK_BYTES);
	PEN_CHECK(piece->server == 0);
	if (!pair->raw)
		take_part(pair, piece);
	else if (piece->piece.kind == PEN_WIRE_KIND_TABLE)
		take_page(pair, piece);
	else
		take_block(pair, piece);
}
