#include "catch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "store/catalog.h"

const char *catch_part_path(
	const struct pen_hash *root, uint32_t k, uint32_t n, char name[PEN_NAME_BYTES])
{
	/* Labels that nobody vouches for: the state is what it is called by. */
	const struct pen_labels labels = {.chain = "unknown", .epoch_id = *root};
	const struct pen_part_id id = {.root = *root, .k = k, .n = n};
	return pen_part_path(&labels, PEN_FORM_NEARCORE, &id, name);
}

int catch_open(struct catch *catch, const struct catch_ask *ask, struct pen_why *why)
{
	*catch = (struct catch){.ask = *ask, .prover = prover_open(), .raw.writing.file = -1};
	if (!catch->prover)
		return pen_fail(why, -ENOMEM, "no memory to prove parts");
	for (unsigned i = 0; !ask->raw && i < PEN_HAULS_MAX; i++) {
		struct catch_part *part = &catch->parts[i];
		part->units = calloc(ask->units_max, sizeof *part->units);
		part->before_from = calloc(ask->units_max, 1);
		if (part->units && part->before_from)
			continue;
		catch_close(catch);
		return pen_fail(why, -ENOMEM, "no memory to put parts together");
	}
	return 0;
}

static void units_put(struct catch *catch, struct catch_part *part)
{
	for (uint32_t i = 0; part->units && i < catch->ask.units_max; i++) {
		pen_block_put(part->units[i].block);
		part->units[i] = (struct catch_unit){0};
	}
}

void catch_close(struct catch *catch)
{
	catch_raw_close(catch);
	for (unsigned i = 0; i < PEN_HAULS_MAX; i++) {
		units_put(catch, &catch->parts[i]);
		pen_buf_fini(&catch->parts[i].before);
		free(catch->parts[i].units);
		free(catch->parts[i].before_from);
	}
	prover_close(catch->prover);
	pen_buf_fini(&catch->bytes);
}

static struct catch_part *part_of(struct catch *catch, uint32_t k)
{
	struct catch_part *spare = NULL;
	for (unsigned i = 0; i < PEN_HAULS_MAX; i++) {
		struct catch_part *part = &catch->parts[i];
		if (part->used && part->part == k)
			return part;
		if (!part->used)
			spare = part;
	}
	/* The client has no more parts under way. */
	PEN_CHECK(spare);
	spare->used = true;
	spare->part = k;
	return spare;
}

/* Put the pieces side by side: the decoder wants the part in one. 0 or -ENOMEM. */
static int gather(struct catch *catch, const struct catch_part *part)
{
	catch->bytes.len = 0;
	for (uint32_t i = 0; i < catch->ask.units_max && part->units[i].block; i++) {
		const struct catch_unit *unit = &part->units[i];
		if (pen_buf_append(&catch->bytes, unit->block->at, unit->bytes))
			return -ENOMEM;
	}
	return 0;
}

/* The part is proved at last: whose pieces were others the first time? */
static void compare(struct catch *catch, struct catch_part *part, int64_t now_ns)
{
	for (size_t at = 0; at < part->before.len; at += PEN_BLOCK_BYTES) {
		size_t left = part->before.len - at;
		struct pen_bytes first = {
			part->before.at + at, left < PEN_BLOCK_BYTES ? left : PEN_BLOCK_BYTES};
		uint32_t unit = (uint32_t)(at / PEN_BLOCK_BYTES);
		const struct pen_piece piece = {
			.kind = PEN_WIRE_KIND_PIECE, .part = part->part, .piece = unit};
		if (at + first.len <= catch->bytes.len &&
			!memcmp(first.at, catch->bytes.at + at, first.len))
			continue;
		pen_client_blame(catch->ask.client, part->before_from[unit], &piece, first, now_ns);
	}
	part->before.len = 0;
}

static void refute(struct catch *catch, struct catch_part *part, int64_t now_ns)
{
	const struct pen_haul_name *name = pen_client_name(
		catch->ask.client, PEN_WIRE_KIND_PIECE, part->part);
	uint8_t blob[PEN_BLOB_BYTES];
	PEN_CHECK(name);
	pen_blob_id(pen_buf_bytes(&catch->bytes), blob);
	bool as_named = !memcmp(blob, name->id, sizeof blob);
	catch->refuted++;
	part->before.len = 0;
	if (!as_named) {
		struct pen_buf spare = part->before;
		part->before = catch->bytes;
		catch->bytes = spare;
		for (uint32_t i = 0; i < catch->ask.units_max; i++)
			part->before_from[i] = part->units[i].server;
	}
	units_put(catch, part);
	pen_client_refuted(catch->ask.client, part->part, as_named, now_ns);
}

/* All pieces are here. */
static void prove(struct catch *catch, struct catch_part *part, int64_t now_ns)
{
	const struct catch_ask *ask = &catch->ask;
	const struct pen_part_id id = {.root = ask->root, .k = part->part, .n = ask->n};
	char name[PEN_NAME_BYTES];
	int err = gather(catch, part);
	if (!err)
		err = prover_part(catch->prover, &id, pen_buf_bytes(&catch->bytes), &catch->why);
	if (err && pen_err_exit(err) == PEN_EXIT_PROOF) {
		refute(catch, part, now_ns);
		return;
	}
	if (!err)
		err = pen_writer_put(&ask->store->parts,
			catch_part_path(&ask->root, part->part, ask->n, name),
			pen_buf_bytes(&catch->bytes), NULL, &catch->why);
	if (err) {
		catch->err = err;
		return;
	}
	catch->proved++;
	catch->proved_bytes += catch->bytes.len;
	pen_client_proved(ask->client, PEN_WIRE_KIND_PIECE, part->part);
	compare(catch, part, now_ns);
	units_put(catch, part);
	part->used = false;
}

void catch_part_piece(struct catch *catch, const struct pen_client_piece *piece, int64_t now_ns)
{
	struct catch_part *part = part_of(catch, piece->piece.part);
	PEN_CHECK(piece->unit < catch->ask.units_max);
	struct catch_unit *unit = &part->units[piece->unit];
	pen_block_put(unit->block);
	*unit = (struct catch_unit){piece->block, piece->bytes, (uint8_t)piece->server};
	if (piece->last)
		prove(catch, part, now_ns);
}

void catch_piece(struct catch *catch, const struct pen_client_piece *piece, int64_t now_ns)
{
	if (catch->err)
		pen_block_put(piece->block);
	else if (catch->ask.raw)
		catch_raw_piece(catch, piece, now_ns);
	else
		catch_part_piece(catch, piece, now_ns);
}
