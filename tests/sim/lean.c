/*
 * What a client does with pieces of lean parts: they come from servers whose stored bytes differ,
 * so the head shows itself by the name under which the part was offered, each frame by the sum of
 * its raw bytes in the head, and the part by its proof. When that fails it is fetched once more
 * from one server, and what differs from what is proved at last is laid at its sender's door.
 */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "part/rebuild.h"
#include "parcel.h"
#include "sim/client.h"

/* Memory of the proofs, one at a time. */
static struct pen_rebuild rebuild;
static struct pen_zstd zstd;
static struct pen_buf scratch;

void lean_forget(struct client_lean *lean)
{
	for (uint32_t u = 0; lean && u < OBJECT_PIECES_MAX; u++) {
		lean->pieces[u].here = lean->pieces[u].fine = false;
		lean->pieces[u].bytes.len = 0;
		lean->pieces[u].start = 0;
	}
	if (lean)
		lean->count = 0;
}

void lean_fini(struct client_lean *lean)
{
	for (uint32_t u = 0; lean && u < OBJECT_PIECES_MAX; u++)
		pen_buf_fini(&lean->pieces[u].bytes);
	free(lean);
}

static struct client_lean *lean_new(void)
{
	struct client_lean *lean = calloc(1, sizeof *lean);
	PEN_CHECK(lean != NULL);
	return lean;
}

/* Open a frame as it came: whoever stored it knows its length, the head of another does not. */
static bool frame_open(
	const struct pen_lean_head *head, uint32_t i, const struct pen_buf *stored, uint8_t *raw)
{
	struct pen_lean_frame_place place = pen_lean_frame_place(head, i);
	place.row.stored_bytes = (uint32_t)stored->len;
	return !pen_lean_frame_open(&zstd, &place, pen_buf_bytes(stored), raw, NULL);
}

/* Is this the head of the part under that name? */
static bool head_open(
	struct pen_bytes bytes, const uint8_t name[PEN_BLOB_BYTES], struct pen_lean_head *head)
{
	struct pen_hash own;
	if (pen_lean_decode(bytes, head, NULL) || head->bytes != bytes.len)
		return false;
	PEN_CHECK(!pen_lean_name(head, bytes, &scratch, &own));
	return !memcmp(own.bytes, name, PEN_BLOB_BYTES);
}

/* A piece is wrong by itself: its server offered another under that name. */
static void piece_refuse(struct client *client, unsigned k, uint32_t u, int64_t now_ns)
{
	struct client_piece *piece = &client->parts[k].came->pieces[u];
	const struct client_wrong wrong = {{.kind = PEN_WIRE_KIND_PIECE, .part = k, .piece = u}, u,
		pen_buf_bytes(&piece->bytes)};
	piece->here = false;
	client_wrong(client, piece->from, &wrong, now_ns);
}

/* Look at all that came, as soon as the head is there. Is all of it there and fine? */
static bool pieces_check(struct client *client, unsigned k, int64_t now_ns)
{
	struct client_lean *came = client->parts[k].came;
	struct pen_lean_head head;
	uint32_t fine = 1;
	if (!came->pieces[0].here)
		return false;
	if (!head_open(pen_buf_bytes(&came->pieces[0].bytes), came->name, &head) ||
		head.frames + 1 != came->count) {
		piece_refuse(client, k, 0, now_ns);
		return false;
	}
	PEN_CHECK(!pen_buf_reserve(&scratch, PEN_LEAN_FRAME_RAW_MAX));
	for (uint32_t u = 1; u < came->count; u++) {
		struct client_piece *piece = &came->pieces[u];
		if (piece->here && !piece->fine)
			piece->fine = frame_open(&head, u - 1, &piece->bytes, scratch.at);
		if (piece->here && !piece->fine)
			piece_refuse(client, k, u, now_ns);
		fine += piece->here && piece->fine;
	}
	return fine == came->count;
}

/* Are the pieces, all fine, the part? Its raw frames then are the client's. */
static bool part_prove(struct client *client, unsigned k)
{
	const struct pen_part_id id = {client->object->root, k, client->object->n};
	struct client_part *part = &client->parts[k];
	struct pen_buf *raw = &part->bytes;
	int code = pen_rebuild_open(
		&rebuild, &id, pen_buf_bytes(&part->came->pieces[0].bytes), NULL, NULL);
	raw->len = 0;
	for (uint32_t i = 0; !code && i < rebuild.head.frames; i++) {
		uint32_t bytes = pen_lean_row(&rebuild.head, i).raw_bytes;
		uint8_t *room = pen_rebuild_room(&rebuild, i);
		PEN_CHECK(frame_open(&rebuild.head, i, &part->came->pieces[i + 1].bytes, room));
		PEN_CHECK(!pen_buf_append(raw, room, bytes));
		code = pen_rebuild_take(&rebuild, NULL);
	}
	return !code && !pen_rebuild_close(&rebuild, NULL);
}

/* The file that the proved pieces make, as the tool joins it. */
static void file_join(struct client *client, unsigned k)
{
	static struct parcel parcel;
	struct client_part *part = &client->parts[k];
	struct client_lean *came = part->came;
	struct parcel_name is = {.id = {client->object->root, k, client->object->n},
		.form = PEN_FORM_LEAN,
		.units = came->count,
		.bytes_max = PEN_PART_BYTES_MAX};
	struct pen_bytes whole;
	memcpy(is.name, came->name, sizeof is.name);
	PEN_CHECK(!parcel_begin(&parcel, &is));
	for (uint32_t u = 0; u < came->count; u++) {
		struct pen_bytes bytes = pen_buf_bytes(&came->pieces[u].bytes);
		const struct parcel_block block = {
			.unit = u, .blocks = 1, .whole = true, .bytes = bytes};
		PEN_CHECK(!parcel_put(&parcel, &block));
	}
	PEN_CHECK(!parcel_join(&parcel, &part->file, &whole, NULL));
}

/* The part is proved at last, `at` is where the raw bytes of piece u lie in it: is what came first
 * the same? */
static bool same_frame(
	const struct client_part *part, const struct pen_lean_head *head, uint32_t u, size_t at)
{
	PEN_CHECK(!pen_buf_reserve(&scratch, PEN_LEAN_FRAME_RAW_MAX));
	return frame_open(head, u - 1, &part->refuted->pieces[u].bytes, scratch.at) &&
		!memcmp(scratch.at, part->bytes.at + at, pen_lean_row(head, u - 1).raw_bytes);
}

void lean_compare(struct client *client, unsigned k, int64_t now_ns)
{
	struct client_part *part = &client->parts[k];
	struct pen_lean_head head, other;
	size_t at = 0;
	PEN_CHECK(head_open(pen_buf_bytes(&part->came->pieces[0].bytes), part->came->name, &head));
	for (uint32_t u = 0; u < part->refuted->count; u++) {
		struct client_piece *first = &part->refuted->pieces[u];
		const struct pen_piece piece = {.kind = PEN_WIRE_KIND_PIECE, .part = k, .piece = u};
		bool same = u == 0
			? head_open(pen_buf_bytes(&first->bytes), part->came->name, &other)
			: u <= head.frames && same_frame(part, &head, u, at);
		if (u > 0 && u <= head.frames)
			at += pen_lean_row(&head, u - 1).raw_bytes;
		if (!same)
			client_blame(
				client, first->from, &piece, pen_buf_bytes(&first->bytes), now_ns);
	}
	part->compared = false;
}

static struct pen_bytes piece_at(const void *context, uint32_t unit)
{
	const struct client_lean *came = context;
	return pen_buf_bytes(&came->pieces[unit].bytes);
}

static void part_refute(struct client *client, unsigned k, int64_t now_ns)
{
	struct client_part *part = &client->parts[k];
	const struct pen_client_pieces pieces = {part->came->count, part->came, piece_at};
	client->refused++;
	/* XXH3 is easily met: that all sums are those of the name convicts nobody. */
	pen_client_refuted(client->client, k, false, &pieces, now_ns);
	uint8_t from[OBJECT_PIECES_MAX];
	for (uint32_t u = 0; u < pieces.count; u++)
		from[u] = part->came->pieces[u].from;
	client_catch_sole(client, k, &(struct client_sole){&pieces, from});
	if (!part->compared) {
		struct client_lean *spare = part->refuted ? part->refuted : lean_new();
		part->refuted = part->came;
		part->came = spare;
		part->compared = true;
	}
	lean_forget(part->came);
}

static void piece_keep(struct client_piece *kept, const struct pen_client_piece *piece)
{
	size_t at = (size_t)piece->piece.block * PEN_BLOCK_BYTES;
	if (piece->start == 0 || piece->start != kept->start)
		kept->bytes.len = 0;
	PEN_CHECK(!pen_buf_reserve(&kept->bytes, piece->blocks * PEN_BLOCK_BYTES));
	memcpy(kept->bytes.at + at, piece->block->at, piece->bytes);
	if (kept->bytes.len < at + piece->bytes)
		kept->bytes.len = at + piece->bytes;
	kept->start = piece->start;
	kept->from = (uint8_t)piece->server;
	kept->here = piece->whole;
	kept->fine = false;
}

void lean_take(struct client *client, const struct pen_client_piece *piece, int64_t now_ns)
{
	unsigned k = piece->piece.part;
	struct client_part *part = &client->parts[k];
	const struct pen_haul_name *name = pen_client_name(client->client, PEN_WIRE_KIND_PIECE, k);
	PEN_CHECK(name);
	PEN_CHECK(name->units <= OBJECT_PIECES_MAX);
	PEN_CHECK(piece->unit < name->units);
	PEN_CHECK(!part->proved);
	part->came = part->came ? part->came : lean_new();
	if (part->round != piece->round)
		lean_forget(part->came);
	part->round = piece->round;
	part->came->count = name->units;
	memcpy(part->came->name, name->id, sizeof part->came->name);
	piece_keep(&part->came->pieces[piece->unit], piece);
	if (!pieces_check(client, k, now_ns))
		return;
	if (!part_prove(client, k)) {
		part_refute(client, k, now_ns);
		return;
	}
	if (client_joins(client))
		file_join(client, k);
	client_keep(client, k, now_ns);
}
