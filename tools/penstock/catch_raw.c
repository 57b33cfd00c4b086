#include "catch_raw.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "fetch/sized.h"
#include "store/partial.h"

void catch_raw_fail(struct catch_raw *raw, int err, const struct pen_why *why)
{
	pen_fail_first(&raw->err, &raw->why, err, why);
}

int catch_raw_open(struct catch_raw *raw, const struct catch_raw_ask *ask, struct pen_why *why)
{
	PEN_CHECK(ask->blocks >= 1);
	*raw = (struct catch_raw){.ask = *ask, .object.root = ask->root};
	raw->away = calloc(ask->blocks, sizeof *raw->away);
	if (!raw->away)
		return pen_fail(why, -ENOMEM, "no memory for blocks");
	return 0;
}

/* Nothing is known of the object. */
static void forget(struct catch_raw *raw)
{
	PEN_CHECK(catch_raw_idle(raw));
	free(raw->leaves);
	free(raw->state);
	free(raw->here);
	raw->leaves = NULL;
	raw->state = NULL;
	raw->here = NULL;
	memset(raw->page, 0, sizeof raw->page);
	raw->proved = raw->kept = raw->lent_proved = raw->pages_known = raw->blocks = 0;
	raw->bytes = 0;
	raw->phase = CATCH_RAW_IDLE;
}

void catch_raw_close(struct catch_raw *raw)
{
	if (!raw->away)
		return;
	for (unsigned i = 0; i < raw->ask.blocks; i++)
		pen_block_put(raw->away[i].block);
	raw->away_count = raw->lent = 0;
	forget(raw);
	free(raw->away);
	*raw = (struct catch_raw){0};
}

static void ended(struct errand *errand, int64_t now_ns)
{
	struct catch_raw *raw = errand->owner;
	if (errand->verdict == ERRAND_BROKEN) {
		catch_raw_fail(raw, errand->err, &errand->why);
		return;
	}
	stash_keep(raw->ask.stash, raw->bytes, raw->leaves);
	raw->done = true;
	pen_sized_drop(raw->ask.radio->client, now_ns);
	pen_client_choose(raw->ask.radio->client, 0, false, now_ns);
}

static void end(struct catch_raw *raw)
{
	raw->phase = CATCH_RAW_END;
	raw->object.bytes = raw->bytes;
	raw->end = (struct errand){
		.kind = ERRAND_END, .back = ended, .owner = raw, .object = &raw->object};
	workshop_put(raw->ask.workshop, &raw->end);
}

static void proved(struct catch_raw *raw, const struct errand *errand, uint32_t bytes)
{
	uint32_t unit = errand->unit;
	raw->state[unit] = CATCH_RAW_PROVED;
	raw->here[unit / 64] |= UINT64_C(1) << unit % 64;
	/* Its last block says what the object's size is. */
	if (unit == raw->blocks - 1)
		raw->bytes = (uint64_t)unit * PEN_RAW_BLOCK_BYTES + bytes;
	if (++raw->proved == raw->blocks && raw->phase == CATCH_RAW_BLOCKS)
		end(raw);
}

/* Fetch it again, and ask its sender about it. */
static void block_wrong(struct catch_raw *raw, const struct errand *errand, int64_t now_ns)
{
	const struct pen_piece piece = {.kind = PEN_WIRE_KIND_PIECE, .piece = errand->unit};
	raw->state[errand->unit] = CATCH_RAW_ABSENT;
	raw->refuted++;
	pen_client_wrong(raw->ask.radio->client, &piece, errand->unit, errand->bytes, now_ns);
}

static void kept_back(struct catch_raw *raw, const struct errand *errand)
{
	raw->state[errand->unit] = CATCH_RAW_ABSENT;
	if (errand->verdict != ERRAND_DONE)
		return;
	proved(raw, errand, errand->kept_bytes);
	raw->kept++;
}

static void came_back(struct errand *errand, int64_t now_ns)
{
	struct catch_raw_block *block = errand->owner;
	struct catch_raw *raw = block->raw;
	raw->away_count--;
	block->used = false;
	if (errand->verdict == ERRAND_BROKEN) {
		catch_raw_fail(raw, errand->err, &errand->why);
	} else if (block->round == raw->round && !raw->err) {
		if (errand->verdict == ERRAND_DONE)
			catch_size_moved(&raw->size, now_ns);
		if (errand->kind == ERRAND_KEPT)
			kept_back(raw, errand);
		else if (errand->verdict == ERRAND_DONE)
			proved(raw, errand, (uint32_t)errand->bytes.len);
		else
			block_wrong(raw, errand, now_ns);
	}
	pen_block_put(block->block);
	block->block = NULL;
}

/* Let a worker prove a block: one that came, or with NULL one that is in the file. */
static void block_send(struct catch_raw *raw, uint32_t unit, struct pen_block *came, uint32_t bytes)
{
	struct catch_raw_block *block = raw->away;
	while (block->used)
		block++;
	PEN_CHECK(block < raw->away + raw->ask.blocks);
	*block = (struct catch_raw_block){
		.raw = raw, .used = true, .round = raw->round, .block = came};
	block->errand = (struct errand){.kind = came ? ERRAND_BLOCK : ERRAND_KEPT,
		.back = came_back,
		.owner = block,
		.object = &raw->object,
		.unit = unit,
		.leaf = raw->leaves[unit]};
	if (came)
		block->errand.bytes = (struct pen_bytes){came->at, bytes};
	else
		block->errand.kept_bytes = bytes;
	raw->state[unit] = CATCH_RAW_AWAY;
	raw->away_count++;
	workshop_put(raw->ask.workshop, &block->errand);
}

void catch_raw_lend(struct catch_raw *raw, struct errand *errand, uint32_t unit)
{
	PEN_CHECK(catch_raw_asks(raw));
	PEN_CHECK(raw->state[unit] == CATCH_RAW_ABSENT);
	errand->object = &raw->object;
	errand->unit = unit;
	errand->leaf = raw->leaves[unit];
	raw->state[unit] = CATCH_RAW_AWAY;
	raw->lent++;
}

void catch_raw_back(struct catch_raw *raw, const struct errand *errand, bool stale)
{
	PEN_CHECK(raw->lent > 0);
	raw->lent--;
	if (errand->verdict == ERRAND_BROKEN)
		catch_raw_fail(raw, errand->err, &errand->why);
	if (stale || raw->err || errand->verdict == ERRAND_BROKEN)
		return;
	raw->state[errand->unit] = CATCH_RAW_ABSENT;
	if (errand->verdict != ERRAND_DONE)
		return;
	raw->lent_proved++;
	proved(raw, errand, (uint32_t)errand->bytes.len);
}

/* All pages are proved, and so is the number of blocks. What is here of them? */
static void kept_begin(struct catch_raw *raw)
{
	struct pen_why why = {0};
	uint64_t bytes = 0;
	raw->state = calloc(raw->blocks, 1);
	raw->here = calloc(raw->blocks / 64 + 1, sizeof *raw->here);
	if (!raw->state || !raw->here) {
		catch_raw_fail(
			raw, pen_fail(&why, -ENOMEM, "no memory for %u blocks", raw->blocks), &why);
		return;
	}
	int err = pen_partial_begin(raw->ask.stash->disk, &raw->ask.root, &bytes, &why);
	if (err) {
		catch_raw_fail(raw, err, &why);
		return;
	}
	uint64_t end = bytes / PEN_RAW_BLOCK_BYTES + (bytes % PEN_RAW_BLOCK_BYTES > 0);
	raw->look = 0;
	raw->look_end = end < raw->blocks ? (uint32_t)end : raw->blocks;
	raw->phase = CATCH_RAW_KEPT;
}

/* The digests of some blocks: believed if they lead to the root. */
static void page_take(struct catch_raw *raw, const struct pen_client_piece *piece, int64_t now_ns)
{
	const struct pen_raw_page_ask ask = {
		.root = raw->ask.root, .blocks = raw->blocks, .page = piece->unit};
	const struct pen_bytes bytes = {piece->block->at, piece->bytes};
	const struct pen_hash *leaves;
	PEN_CHECK(piece->unit < pen_raw_pages(raw->blocks));
	if (pen_raw_page_decode(bytes, &ask, &leaves)) {
		raw->refuted++;
		pen_client_wrong(raw->ask.radio->client, &piece->piece, piece->unit, bytes, now_ns);
		return;
	}
	/* Who has a true page has no more blocks than the object: here is what they take. */
	if (!raw->leaves && !(raw->leaves = calloc(raw->blocks, sizeof *raw->leaves))) {
		catch_raw_fail(raw, -ENOMEM, NULL);
		return;
	}
	memcpy(raw->leaves + piece->unit * PEN_RAW_PAGE_LEAVES, leaves,
		pen_raw_page_leaves(raw->blocks, piece->unit) * sizeof *leaves);
	raw->pages_known += !raw->page[piece->unit];
	raw->page[piece->unit] = true;
	catch_size_moved(&raw->size, now_ns);
	if (raw->pages_known == pen_raw_pages(raw->blocks))
		kept_begin(raw);
}

void catch_raw_piece(struct catch_raw *raw, const struct pen_client_piece *piece, int64_t now_ns)
{
	bool page = piece->piece.kind == PEN_WIRE_KIND_TABLE;
	PEN_CHECK(catch_raw_room(raw));
	if (!raw->err && page && raw->phase == CATCH_RAW_PAGES) {
		page_take(raw, piece, now_ns);
	} else if (!raw->err && !page && raw->phase == CATCH_RAW_BLOCKS &&
		raw->state[piece->unit] == CATCH_RAW_ABSENT) {
		block_send(raw, piece->unit, piece->block, piece->bytes);
		return;
	}
	pen_block_put(piece->block);
}

static void pages_begin(struct catch_raw *raw)
{
	raw->round++;
	raw->bytes = raw->size.bytes;
	raw->blocks = pen_raw_blocks(raw->bytes);
	raw->phase = CATCH_RAW_PAGES;
	if (raw->ask.stash->depot.told)
		fprintf(stderr, "try the object with %" PRIu64 " bytes\n", raw->bytes);
	pen_sized_pages(raw->ask.radio->client, raw->bytes);
}

/* Whatever is under way of it is void. */
static void size_drop(struct catch_raw *raw, int64_t now_ns)
{
	PEN_CHECK(raw->phase != CATCH_RAW_END);
	pen_sized_drop(raw->ask.radio->client, now_ns);
	raw->round++;
	raw->phase = CATCH_RAW_DROPPED;
}

void catch_raw_stop(struct catch_raw *raw, int64_t now_ns)
{
	if (!raw->stopped)
		size_drop(raw, now_ns);
	raw->stopped = true;
}

void catch_raw_again(struct catch_raw *raw, unsigned file)
{
	PEN_CHECK(catch_raw_idle(raw));
	raw->stopped = false;
	raw->object.file = file;
}

/* Which size is tried? */
static void size_turn(struct catch_raw *raw, int64_t now_ns)
{
	struct pen_client *client = raw->ask.radio->client;
	uint64_t said[PEN_HAUL_PEERS] = {0}, before = raw->size.bytes;
	for (unsigned s = 0; s < client->server_count && s < PEN_HAUL_PEERS; s++)
		said[s] = pen_sized_said_by(client, s);
	catch_size_look(&raw->size, said, client->server_count, now_ns);
	if (raw->size.bytes != before && raw->phase != CATCH_RAW_IDLE)
		size_drop(raw, now_ns);
}

/* Prove what is here; then ask for the rest. */
static void kept_turn(struct catch_raw *raw, int64_t now_ns)
{
	/* However long that takes, nobody is waited for. */
	raw->ask.radio->moved_ns = now_ns;
	for (; raw->look < raw->look_end && catch_raw_room(raw); raw->look++)
		block_send(raw, raw->look, NULL, pen_raw_block_bytes(raw->bytes, raw->look));
	if (raw->look < raw->look_end || raw->away_count)
		return;
	if (raw->proved == raw->blocks)
		end(raw);
	else if (pen_sized_blocks(raw->ask.radio->client, raw->here, now_ns))
		raw->phase = CATCH_RAW_BLOCKS;
}

void catch_raw_turn(struct catch_raw *raw, int64_t now_ns)
{
	if (raw->err || raw->phase == CATCH_RAW_END)
		return;
	if (!raw->stopped)
		size_turn(raw, now_ns);
	if (raw->phase == CATCH_RAW_DROPPED && catch_raw_idle(raw))
		forget(raw);
	if (raw->stopped)
		return;
	if (raw->phase == CATCH_RAW_IDLE && raw->size.bytes)
		pages_begin(raw);
	if (raw->phase == CATCH_RAW_KEPT)
		kept_turn(raw, now_ns);
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
