#include "catch_raw.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "store/file.h"

static void fail(struct catch_raw *raw, int err, const struct pen_why *why)
{
	if (raw->err)
		return;
	raw->err = err;
	if (why && *why->text)
		raw->why = *why;
	else
		pen_fail(&raw->why, err, "%s", pen_err_text(err));
}

int catch_raw_open(struct catch_raw *raw, const struct catch_raw_ask *ask, struct pen_why *why)
{
	PEN_CHECK(ask->blocks >= 1);
	*raw = (struct catch_raw){.ask = *ask, .writing.file = -1};
	raw->away = calloc(ask->blocks, sizeof *raw->away);
	if (!raw->away)
		return pen_fail(why, -ENOMEM, "no memory for blocks");
	return pen_client_want(ask->radio->client, PEN_WIRE_KIND_TABLE, 0);
}

void catch_raw_close(struct catch_raw *raw)
{
	if (!raw->away)
		return;
	if (raw->begun)
		pen_writing_drop(&raw->ask.stash->store.parts, &raw->writing);
	for (unsigned i = 0; i < PEN_RAW_PAGES_MAX; i++)
		pen_block_put(raw->pages[i]);
	for (unsigned i = 0; i < raw->ask.blocks; i++)
		pen_block_put(raw->away[i].block);
	free(raw->leaves);
	free(raw->came);
	free(raw->state);
	free(raw->away);
	*raw = (struct catch_raw){0};
}

/* The catalogue of a server says how large the object is: a word that its digests will prove. */
static bool begin(struct catch_raw *raw)
{
	const struct pen_haul_name *name = pen_client_name(
		raw->ask.radio->client, PEN_WIRE_KIND_PIECE, 0);
	struct pen_why why = {0};
	if (raw->begun || !name || !name->bytes || name->bytes > PEN_RAW_BYTES_MAX)
		return raw->begun;
	raw->bytes = name->bytes;
	raw->blocks = pen_raw_blocks(name->bytes);
	raw->leaves = calloc(raw->blocks, sizeof *raw->leaves);
	raw->came = calloc(raw->blocks, sizeof *raw->came);
	raw->state = calloc(raw->blocks, 1);
	if (!raw->leaves || !raw->came || !raw->state) {
		fail(raw, pen_fail(&why, -ENOMEM, "no memory for the digests"), &why);
		return false;
	}
	int err = pen_writing_begin(&raw->ask.stash->store.parts, &raw->writing, &why);
	if (err)
		fail(raw, err, &why);
	raw->object.root = raw->ask.root;
	memcpy(raw->object.temp, raw->writing.temp, sizeof raw->object.temp);
	raw->begun = !err;
	return raw->begun;
}

/* It fails its proof: read it back, as its sender is asked about the bytes that came. */
static void block_wrong(struct catch_raw *raw, uint32_t unit, int64_t now_ns)
{
	const struct pen_piece piece = {.kind = PEN_WIRE_KIND_PIECE, .piece = unit};
	uint8_t *at = malloc(PEN_RAW_BLOCK_BYTES);
	const struct pen_disk_op op = {PEN_DISK_READ, raw->writing.file,
		(uint64_t)unit * PEN_RAW_BLOCK_BYTES, at, pen_raw_block_bytes(raw->bytes, unit), 0};
	int64_t moved = at ? pen_file_op(raw->ask.stash->disk, &op) : -ENOMEM;
	if (moved < 0) {
		fail(raw, (int)moved, NULL);
	} else {
		raw->state[unit] = CATCH_RAW_ABSENT;
		raw->refuted++;
		pen_client_wrong(raw->ask.radio->client, &piece, unit,
			(struct pen_bytes){at, (size_t)moved}, now_ns);
	}
	free(at);
}

static void ended(struct errand *errand, int64_t now_ns)
{
	struct catch_raw *raw = errand->owner;
	(void)now_ns;
	if (errand->verdict == ERRAND_BROKEN) {
		fail(raw, errand->err, &errand->why);
		return;
	}
	/* It has its name: what we have open is a handle to it, no more. */
	raw->ask.stash->disk->ops->close(raw->ask.stash->disk, raw->writing.file);
	raw->writing.file = -1;
	raw->done = true;
	pen_client_proved(raw->ask.radio->client, PEN_WIRE_KIND_PIECE, 0);
}

/* Prove a block that is here, if its page is. */
static void block_prove(struct catch_raw *raw, uint32_t unit, int64_t now_ns)
{
	if (raw->state[unit] != CATCH_RAW_HERE || !raw->page[unit / PEN_RAW_PAGE_LEAVES])
		return;
	if (!pen_hash_equal(&raw->came[unit], &raw->leaves[unit])) {
		block_wrong(raw, unit, now_ns);
		return;
	}
	raw->state[unit] = CATCH_RAW_PROVED;
	if (++raw->proved < raw->blocks)
		return;
	raw->end = (struct errand){
		.kind = ERRAND_END, .back = ended, .owner = raw, .object = &raw->object};
	workshop_put(raw->ask.workshop, &raw->end);
}

/* The digests of some blocks: believed if they lead to the root. */
static void page_take(struct catch_raw *raw, uint32_t page, struct pen_bytes bytes, int64_t now_ns)
{
	const struct pen_raw_page_ask ask = {
		.root = raw->ask.root, .blocks = raw->blocks, .page = page};
	struct pen_client *client = raw->ask.radio->client;
	const struct pen_hash *leaves;
	if (page >= pen_raw_pages(raw->blocks) || pen_raw_page_decode(bytes, &ask, &leaves)) {
		const struct pen_piece piece = {
			.kind = PEN_WIRE_KIND_TABLE, .block = (uint8_t)page};
		raw->refuted++;
		pen_client_wrong(client, &piece, page, bytes, now_ns);
		return;
	}
	uint32_t first = page * PEN_RAW_PAGE_LEAVES;
	uint32_t count = pen_raw_page_leaves(raw->blocks, page);
	memcpy(raw->leaves + first, leaves, count * sizeof *leaves);
	raw->pages_known += !raw->page[page];
	raw->page[page] = true;
	if (raw->pages_known == pen_raw_pages(raw->blocks))
		pen_client_proved(client, PEN_WIRE_KIND_TABLE, 0);
	for (uint32_t i = first; i < first + count && !raw->err; i++)
		block_prove(raw, i, now_ns);
}

/* Pages that came before it was known how many blocks there are. */
static void pages_take(struct catch_raw *raw, int64_t now_ns)
{
	for (uint32_t i = 0; i < PEN_RAW_PAGES_MAX; i++) {
		struct pen_block *block = raw->pages[i];
		if (!block)
			continue;
		raw->pages[i] = NULL;
		page_take(raw, i, (struct pen_bytes){block->at, raw->page_bytes[i]}, now_ns);
		pen_block_put(block);
	}
}

static void written(struct errand *errand, int64_t now_ns)
{
	struct catch_raw_block *block = errand->owner;
	struct catch_raw *raw = block->raw;
	uint32_t unit = errand->unit;
	pen_block_put(block->block);
	block->block = NULL;
	raw->away_count--;
	if (errand->verdict == ERRAND_BROKEN) {
		fail(raw, errand->err, &errand->why);
		return;
	}
	raw->came[unit] = errand->leaf;
	raw->state[unit] = CATCH_RAW_HERE;
	if (!raw->err)
		block_prove(raw, unit, now_ns);
}

/* To its place in the file, whoever sent it and whenever its page comes. */
static void block_send(struct catch_raw *raw, const struct pen_client_piece *piece)
{
	struct catch_raw_block *block = raw->away;
	while (block->block)
		block++;
	PEN_CHECK(block < raw->away + raw->ask.blocks);
	*block = (struct catch_raw_block){.raw = raw, .block = piece->block};
	block->errand = (struct errand){.kind = ERRAND_BLOCK,
		.back = written,
		.owner = block,
		.object = &raw->object,
		.unit = piece->unit,
		.bytes = {piece->block->at, piece->bytes}};
	raw->state[piece->unit] = CATCH_RAW_AWAY;
	raw->away_count++;
	workshop_put(raw->ask.workshop, &block->errand);
}

/* True if the block is a worker's now. */
static bool block_take(struct catch_raw *raw, const struct pen_client_piece *piece, int64_t now_ns)
{
	uint32_t unit = piece->unit;
	if (unit >= raw->blocks || piece->bytes != pen_raw_block_bytes(raw->bytes, unit)) {
		raw->refuted++;
		pen_client_wrong(raw->ask.radio->client, &piece->piece, unit,
			(struct pen_bytes){piece->block->at, piece->bytes}, now_ns);
		return false;
	}
	if (raw->state[unit] != CATCH_RAW_ABSENT)
		return false;
	block_send(raw, piece);
	return true;
}

void catch_raw_piece(struct catch_raw *raw, const struct pen_client_piece *piece, int64_t now_ns)
{
	bool begun = !raw->err && begin(raw), kept = false;
	PEN_CHECK(catch_raw_room(raw));
	if (raw->err) {
		pen_block_put(piece->block);
		return;
	}
	if (piece->piece.kind == PEN_WIRE_KIND_TABLE && piece->unit < PEN_RAW_PAGES_MAX) {
		pen_block_put(raw->pages[piece->unit]);
		raw->pages[piece->unit] = piece->block;
		raw->page_bytes[piece->unit] = piece->bytes;
		kept = true;
	} else if (begun) {
		kept = block_take(raw, piece, now_ns);
	}
	if (!kept)
		pen_block_put(piece->block);
	if (begun)
		pages_take(raw, now_ns);
}

int catch_raw_empty(struct stash *stash, const struct pen_hash *root, struct pen_why *why)
{
	struct pen_hash none;
	char name[PEN_NAME_BYTES];
	pen_raw_leaves_root(NULL, 0, &none);
	if (!pen_hash_equal(root, &none))
		return 0;
	int err = pen_writer_put(
		&stash->store.parts, pen_raw_path(root, name), (struct pen_bytes){0}, NULL, why);
	return err ? err : 1;
}
