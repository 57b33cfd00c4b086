/* The pieces of a raw object: blocks, and pages of their digests. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "catch.h"
#include "store/file.h"
#include "store/layout.h"

/* What is known of a block. */
enum { ABSENT, HERE, PROVED };

static void fail(struct catch *catch, int err)
{
	if (!catch->err)
		catch->err = err;
}

void catch_raw_close(struct catch *catch)
{
	struct catch_raw *raw = &catch->raw;
	if (raw->begun)
		pen_writing_drop(&catch->ask.store->parts, &raw->writing);
	for (unsigned i = 0; i < PEN_RAW_PAGES_MAX; i++) {
		pen_block_put(raw->pages[i]);
		raw->pages[i] = NULL;
	}
	free(raw->leaves);
	free(raw->came);
	free(raw->state);
}

/* The catalogue of a server says how large the object is: a word that its digests will prove. */
static bool begin(struct catch *catch)
{
	struct catch_raw *raw = &catch->raw;
	const struct pen_haul_name *name = pen_client_name(
		catch->ask.client, PEN_WIRE_KIND_PIECE, 0);
	if (raw->begun || !name || !name->bytes || name->bytes > PEN_RAW_BYTES_MAX)
		return raw->begun;
	raw->bytes = name->bytes;
	raw->blocks = pen_raw_blocks(name->bytes);
	raw->leaves = calloc(raw->blocks, sizeof *raw->leaves);
	raw->came = calloc(raw->blocks, sizeof *raw->came);
	raw->state = calloc(raw->blocks, 1);
	if (!raw->leaves || !raw->came || !raw->state) {
		fail(catch, pen_fail(&catch->why, -ENOMEM, "no memory for the digests"));
		return false;
	}
	int err = pen_writing_begin(&catch->ask.store->parts, &raw->writing, &catch->why);
	if (err)
		fail(catch, err);
	raw->begun = !err;
	return raw->begun;
}

static struct pen_disk_op block_op(
	const struct catch_raw *raw, enum pen_disk_kind kind, uint32_t unit, void *at)
{
	return (struct pen_disk_op){kind, raw->writing.file, (uint64_t)unit * PEN_RAW_BLOCK_BYTES,
		at, pen_raw_block_bytes(raw->bytes, unit), 0};
}

static void block_wrong(struct catch *catch, uint32_t unit, int64_t now_ns)
{
	struct catch_raw *raw = &catch->raw;
	const struct pen_piece piece = {.kind = PEN_WIRE_KIND_PIECE, .piece = unit};
	struct pen_buf *bytes = &catch->bytes;
	bytes->len = 0;
	if (pen_buf_reserve(bytes, PEN_RAW_BLOCK_BYTES)) {
		fail(catch, -ENOMEM);
		return;
	}
	const struct pen_disk_op op = block_op(raw, PEN_DISK_READ, unit, bytes->at);
	int64_t moved = pen_file_op(catch->ask.store->disk, &op);
	if (moved < 0) {
		fail(catch, (int)moved);
		return;
	}
	raw->state[unit] = ABSENT;
	catch->refuted++;
	pen_client_wrong(catch->ask.client, &piece, unit,
		(struct pen_bytes){bytes->at, (size_t)moved}, now_ns);
}

/* Prove a block that is here, if its page is. */
static void block_prove(struct catch *catch, uint32_t unit, int64_t now_ns)
{
	struct catch_raw *raw = &catch->raw;
	if (raw->state[unit] != HERE || !raw->page[unit / PEN_RAW_PAGE_LEAVES])
		return;
	if (!pen_hash_equal(&raw->came[unit], &raw->leaves[unit])) {
		block_wrong(catch, unit, now_ns);
		return;
	}
	raw->state[unit] = PROVED;
	if (++raw->proved < raw->blocks)
		return;
	char name[PEN_NAME_BYTES];
	int err = pen_writing_end(&catch->ask.store->parts, &raw->writing,
		pen_raw_path(&catch->ask.root, name), &catch->why);
	if (err) {
		fail(catch, err);
		return;
	}
	catch->proved = 1;
	catch->proved_bytes = raw->bytes;
	pen_client_proved(catch->ask.client, PEN_WIRE_KIND_PIECE, 0);
}

/* The digests of some blocks: believed if they lead to the root. */
static void page_take(struct catch *catch, uint32_t page, struct pen_bytes bytes, int64_t now_ns)
{
	struct catch_raw *raw = &catch->raw;
	const struct pen_raw_page_ask ask = {
		.root = catch->ask.root, .blocks = raw->blocks, .page = page};
	const struct pen_hash *leaves;
	if (page >= pen_raw_pages(raw->blocks) || pen_raw_page_decode(bytes, &ask, &leaves)) {
		const struct pen_piece piece = {
			.kind = PEN_WIRE_KIND_TABLE, .block = (uint8_t)page};
		catch->refuted++;
		pen_client_wrong(catch->ask.client, &piece, page, bytes, now_ns);
		return;
	}
	uint32_t first = page * PEN_RAW_PAGE_LEAVES;
	uint32_t count = pen_raw_page_leaves(raw->blocks, page);
	memcpy(raw->leaves + first, leaves, count * sizeof *leaves);
	raw->pages_known += !raw->page[page];
	raw->page[page] = true;
	if (raw->pages_known == pen_raw_pages(raw->blocks))
		pen_client_proved(catch->ask.client, PEN_WIRE_KIND_TABLE, 0);
	for (uint32_t i = first; i < first + count && !catch->err; i++)
		block_prove(catch, i, now_ns);
}

/* Pages that came before it was known how many blocks there are. */
static void pages_take(struct catch *catch, int64_t now_ns)
{
	struct catch_raw *raw = &catch->raw;
	for (uint32_t i = 0; i < PEN_RAW_PAGES_MAX; i++) {
		struct pen_block *block = raw->pages[i];
		if (!block)
			continue;
		raw->pages[i] = NULL;
		page_take(catch, i, (struct pen_bytes){block->at, raw->page_bytes[i]}, now_ns);
		pen_block_put(block);
	}
}

/* To its place in the file, whoever sent it and whenever its page comes. */
static void block_take(struct catch *catch, const struct pen_client_piece *piece, int64_t now_ns)
{
	struct catch_raw *raw = &catch->raw;
	uint32_t unit = piece->unit;
	if (unit >= raw->blocks || piece->bytes != pen_raw_block_bytes(raw->bytes, unit)) {
		catch->refuted++;
		pen_client_wrong(catch->ask.client, &piece->piece, unit,
			(struct pen_bytes){piece->block->at, piece->bytes}, now_ns);
		return;
	}
	if (raw->state[unit] == PROVED)
		return;
	const struct pen_disk_op op = block_op(raw, PEN_DISK_WRITE, unit, piece->block->at);
	int64_t moved = pen_file_op(catch->ask.store->disk, &op);
	if (moved != piece->bytes) {
		fail(catch, moved < 0 ? (int)moved : -EIO);
		return;
	}
	pen_raw_leaf((struct pen_bytes){piece->block->at, piece->bytes}, &raw->came[unit]);
	raw->state[unit] = HERE;
	block_prove(catch, unit, now_ns);
}

void catch_raw_piece(struct catch *catch, const struct pen_client_piece *piece, int64_t now_ns)
{
	struct catch_raw *raw = &catch->raw;
	bool begun = begin(catch);
	if (catch->err) {
		pen_block_put(piece->block);
		return;
	}
	if (piece->piece.kind == PEN_WIRE_KIND_TABLE && piece->unit < PEN_RAW_PAGES_MAX) {
		pen_block_put(raw->pages[piece->unit]);
		raw->pages[piece->unit] = piece->block;
		raw->page_bytes[piece->unit] = piece->bytes;
	} else {
		if (begun)
			block_take(catch, piece, now_ns);
		pen_block_put(piece->block);
	}
	if (begun)
		pages_take(catch, now_ns);
}
