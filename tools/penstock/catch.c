#include "catch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

int catch_open(struct catch *catch, const struct catch_ask *ask, struct pen_why *why)
{
	*catch = (struct catch){.ask = *ask, .parts_count = ask->radios->count * PEN_HAULS_MAX};
	catch->parts = calloc(catch->parts_count + 1, sizeof *catch->parts);
	if (!catch->parts)
		return pen_fail(why, -ENOMEM, "no memory to put parts together");
	return 0;
}

void catch_close(struct catch *catch)
{
	for (unsigned i = 0; catch->parts && i < catch->parts_count; i++) {
		parcel_fini(&catch->parts[i].parcel);
		parcel_fini(&catch->parts[i].before);
	}
	free(catch->parts);
	*catch = (struct catch){0};
}

static struct catch_part *find(const struct catch *catch, const struct radio *radio, uint32_t k)
{
	for (unsigned i = 0; i < catch->parts_count; i++) {
		struct catch_part *part = &catch->parts[i];
		if (part->used && part->k == k && part->radio == radio)
			return part;
	}
	return NULL;
}

static void fail(struct catch *catch, int err, const struct pen_why *why)
{
	pen_fail_first(&catch->err, &catch->why, err, why);
}

/* Keep the buffer for another part, as far as memory goes: new memory costs more than a copy. */
static void parcel_end(const struct catch *catch, struct parcel *parcel)
{
	uint64_t bytes = 0;
	for (unsigned i = 0; i < catch->parts_count; i++)
		bytes += catch->parts[i].parcel.bytes.cap + catch->parts[i].before.bytes.cap;
	if (bytes > catch->ask.bytes_kept)
		parcel_fini(parcel);
}

static void part_end(struct catch_part *part)
{
	parcel_end(part->catch, &part->parcel);
	parcel_fini(&part->before);
	part->used = false;
	part->compared = false;
	part->failures = 0;
}

/* It is larger than can be proved here, whoever sends it. */
static void too_large(
	struct catch *catch, struct radio *radio, uint32_t k, uint64_t bytes, int64_t now_ns)
{
	struct pen_why why;
	int code = pen_fail(&why, PEN_ELARGE, "part %u of %u has %llu bytes: %s", k, catch->ask.n,
		(unsigned long long)bytes, catch->ask.limit);
	struct catch_part *part = find(catch, radio, k);
	if (part)
		part_end(part);
	docket_lose(catch->ask.docket, k, code, &why);
	pen_client_choose(radio->client, k, false, now_ns);
}

/* Begin to keep the pieces of a part, or begin anew what another round is of. 0 or a code. */
static int part_begin(
	struct catch_part *part, const struct pen_client_piece *piece, uint32_t units_max)
{
	const struct pen_haul_name *name = pen_client_name(
		part->radio->client, PEN_WIRE_KIND_PIECE, part->k);
	const struct catch_ask *ask = &part->catch->ask;
	PEN_CHECK(name);
	PEN_CHECK(name->units <= units_max);
	if (name->bytes > ask->bytes_max)
		return PEN_ELARGE;
	struct parcel_name is = {.id = {ask->root, part->k, ask->n},
		.form = part->radio->form,
		.units = name->units,
		.bytes = name->bytes,
		.bytes_max = ask->bytes_max};
	memcpy(is.name, name->id, sizeof is.name);
	part->round = piece->round;
	if (ask->told)
		fprintf(stderr, "part %u fetch\n", part->k);
	return parcel_begin(&part->parcel, &is);
}

static struct catch_part *part_new(struct catch *catch, struct radio *radio, uint32_t k)
{
	struct catch_part *part = catch->parts;
	while (part->used)
		part++;
	/* The clients have no more parts under way. */
	PEN_CHECK(part < catch->parts + catch->parts_count);
	part->catch = catch;
	part->radio = radio;
	part->used = true;
	part->k = k;
	part->round = UINT32_MAX;
	return part;
}

static struct pen_piece piece_of(uint32_t k, uint32_t unit)
{
	return (struct pen_piece){.kind = PEN_WIRE_KIND_PIECE, .part = k, .piece = unit};
}

static bool bit_of(const uint64_t *bits, uint32_t unit)
{
	return bits[unit / 64] >> unit % 64 & 1;
}

/* Pieces that are wrong by themselves come again. */
static void wrong(struct catch_part *part, int64_t now_ns)
{
	for (uint32_t u = 0; u < part->parcel.is.units; u++) {
		if (!bit_of(part->bits, u))
			continue;
		const struct pen_piece piece = piece_of(part->k, u);
		part->catch->refuted++;
		pen_client_wrong(
			part->radio->client, &piece, u, parcel_piece(&part->parcel, u), now_ns);
		parcel_drop(&part->parcel, u);
	}
}

/* Each server has sent it twice, and nobody a part: it is not asked for by radio any more. */
static void give_up(struct catch_part *part, int64_t now_ns)
{
	struct pen_why why;
	int code = pen_fail(&why, part->errand.err,
		"part %u of %u in %s form failed its proof %u times, from all who have it: %s",
		part->k, part->catch->ask.n, pen_form_text(part->radio->form), part->failures,
		part->errand.why.text);
	docket_refuse(part->catch->ask.docket, part->k, part->radio->form, code, &why);
	part_end(part);
	pen_client_choose(part->radio->client, part->k, false, now_ns);
}

static struct pen_bytes piece_at(const void *parcel, uint32_t unit)
{
	return parcel_piece(parcel, unit);
}

static void refute(struct catch_part *part, bool as_named, int64_t now_ns)
{
	part->catch->refuted++;
	if (++part->failures > 2 * part->radio->client->server_count) {
		give_up(part, now_ns);
		return;
	}
	const struct pen_client_pieces pieces = {
		part->parcel.is.units, &part->parcel, piece_at, part->errand.sum};
	part->round = UINT32_MAX;
	pen_client_refuted(part->radio->client, part->k, as_named, &pieces, now_ns);
	if (!as_named && !part->compared) {
		struct parcel spare = part->before;
		part->before = part->parcel;
		part->parcel = spare;
		part->compared = true;
	}
}

/* The part is proved at last: whose pieces were others the first time? */
static void blame(struct catch_part *part, int64_t now_ns)
{
	for (uint32_t u = 0; part->errand.others && u < part->before.is.units; u++) {
		if (!bit_of(part->bits, u))
			continue;
		const struct pen_piece piece = piece_of(part->k, u);
		pen_client_blame(part->radio->client, parcel_unit(&part->before, u)->server, &piece,
			parcel_piece(&part->before, u), now_ns);
	}
}

static void came_back(struct errand *errand, int64_t now_ns)
{
	struct catch_part *part = errand->owner;
	struct catch *catch = part->catch;
	part->away = false;
	switch (errand->verdict) {
	case ERRAND_DONE:
		docket_store(catch->ask.docket, part->k, errand->form, errand->stored_bytes);
		pen_client_proved(part->radio->client, PEN_WIRE_KIND_PIECE, part->k);
		blame(part, now_ns);
		part_end(part);
		break;
	case ERRAND_WRONG: wrong(part, now_ns); break;
	case ERRAND_REFUTED: refute(part, false, now_ns); break;
	case ERRAND_AS_NAMED: refute(part, true, now_ns); break;
	case ERRAND_LARGE:
		too_large(catch, part->radio, part->k, part->parcel.bytes.len, now_ns);
		break;
	case ERRAND_BROKEN:
		if (*errand->why.text)
			pen_fail_prefix(
				&errand->why, errand->err, "part %u of %u", part->k, catch->ask.n);
		fail(catch, errand->err, &errand->why);
		break;
	}
}

/* What failed before, if it was offered as the same bytes: else nobody lied who sent others. */
static const struct parcel *before_of(const struct catch_part *part)
{
	const struct parcel_name *now = &part->parcel.is, *then = &part->before.is;
	bool same = part->compared && now->units == then->units &&
		!memcmp(now->name, then->name, sizeof now->name);
	return same ? &part->before : NULL;
}

/* All pieces are here. */
static void part_send(struct catch_part *part)
{
	const struct catch_ask *ask = &part->catch->ask;
	unsigned server = parcel_unit(&part->parcel, 0)->server;
	part->away = true;
	part->errand = (struct errand){.kind = ERRAND_PART,
		.back = came_back,
		.owner = part,
		.id = part->parcel.is.id,
		.form = part->radio->form,
		.parcel = &part->parcel,
		.before = before_of(part),
		.bits = part->bits,
		.labels = supply_peer_labels(ask->supply, server)};
	workshop_put(ask->workshop, &part->errand);
}

static void keep(struct catch_part *part, const struct pen_client_piece *piece, int64_t now_ns)
{
	struct catch *catch = part->catch;
	const struct parcel_block block = catch_block(piece);
	int err = 0;
	if (part->round != piece->round)
		err = part_begin(part, piece, PARCEL_UNITS_MAX);
	if (!err)
		err = parcel_put(&part->parcel, &block);
	if (err == PEN_ELARGE)
		too_large(catch, part->radio, part->k,
			pen_client_name(part->radio->client, PEN_WIRE_KIND_PIECE, part->k)->bytes,
			now_ns);
	else if (err)
		fail(catch, err, NULL);
	else if (piece->last)
		part_send(part);
}

void catch_piece(struct catch *catch, struct radio *radio, const struct pen_client_piece *piece,
	int64_t now_ns)
{
	uint32_t k = piece->piece.part;
	struct catch_part *part = catch->err ? NULL : find(catch, radio, k);
	if (!catch->err && !part)
		part = part_new(catch, radio, k);
	if (part && !part->away)
		keep(part, piece, now_ns);
	pen_block_put(piece->block);
}

bool catch_lets(const struct catch *catch, const struct radio *radio, uint32_t k)
{
	const struct catch_part *part = find(catch, radio, k);
	return !part || !part->away;
}

void catch_forget(struct catch *catch, const struct radio *radio, uint32_t k)
{
	struct catch_part *part = find(catch, radio, k);
	PEN_CHECK(catch_lets(catch, radio, k));
	if (part)
		part_end(part);
}

unsigned catch_away(const struct catch *catch)
{
	unsigned away = 0;
	for (unsigned i = 0; i < catch->parts_count; i++)
		away += catch->parts[i].used && catch->parts[i].away;
	return away;
}
