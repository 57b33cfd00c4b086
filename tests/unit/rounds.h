/*
 * rounds: what a fetch does with the pieces of a part that may fail and come once more
 * (tools/penstock/catch.c), for tests of a whole client (fakes/lab.h): they are joined, and when
 * the part is proved at last, those of the first round that differ are laid at their senders'
 * doors.
 */
#ifndef PEN_TESTS_ROUNDS_H
#define PEN_TESTS_ROUNDS_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../tools/penstock/catch.h"
#include "fakes/lab.h"
#include "fakes/lean.h"

#define ROUNDS_PAIRS 12u

/* Part 0 of 1. */
static struct {
	struct pen_part_id id;
	enum pen_form form;
	struct parcel came, before; /* of this round; of the first, if it failed */
	uint64_t bits[PARCEL_UNITS_MAX / 64]; /* pieces that an errand found wrong */
	bool compared; /* it failed */
	uint32_t round; /* of `came` */
} rounds;

/* A state of random values that no compression makes smaller. End it with fake_state_fini. */
static void rounds_state(struct fake_state *state, size_t value_bytes)
{
	uint8_t *values = malloc(ROUNDS_PAIRS * value_bytes);
	static char keys[ROUNDS_PAIRS][4];
	struct pen_pair pairs[ROUNDS_PAIRS];
	struct pen_rng rng = {3};
	cr_assert_not_null(values);
	for (unsigned i = 0; i < ROUNDS_PAIRS; i++) {
		uint8_t *value = values + i * value_bytes;
		pen_rng_bytes(&rng, value, value_bytes);
		snprintf(keys[i], sizeof keys[i], "k%02u", i);
		pairs[i] = (struct pen_pair){{(const uint8_t *)keys[i], 3}, {value, value_bytes}};
	}
	fake_state_of(state, pairs, ROUNDS_PAIRS);
	free(values);
}

static void rounds_begin(const struct pen_part_id *id, enum pen_form form)
{
	rounds.id = *id;
	rounds.form = form;
	rounds.compared = false;
	rounds.round = UINT32_MAX;
}

static void rounds_end(void)
{
	parcel_fini(&rounds.came);
	parcel_fini(&rounds.before);
	rounds.came = rounds.before = (struct parcel){0};
}

/* A piece came. Was it the last? */
static bool rounds_put(const struct pen_client_piece *piece)
{
	const struct parcel_block block = catch_block(piece);
	const struct pen_haul_name *name = pen_client_name(lab->client, PEN_WIRE_KIND_PIECE, 0);
	cr_assert_not_null(name);
	struct parcel_name is = {.id = rounds.id,
		.form = rounds.form,
		.units = name->units,
		.bytes = name->bytes,
		.bytes_max = 64 << 20};
	memcpy(is.name, name->id, sizeof is.name);
	if (rounds.round != piece->round)
		cr_assert_eq(parcel_begin(&rounds.came, &is), 0);
	rounds.round = piece->round;
	cr_assert_eq(parcel_put(&rounds.came, &block), 0);
	return piece->last;
}

/* The part is proved; with `others` the bits say which pieces of the first round differ. */
static void rounds_proved(bool others)
{
	pen_client_proved(lab->client, PEN_WIRE_KIND_PIECE, 0);
	for (uint32_t u = 0; others && u < rounds.before.is.units; u++) {
		const struct pen_piece piece = {.kind = PEN_WIRE_KIND_PIECE, .piece = u};
		if (rounds.bits[u / 64] >> u % 64 & 1)
			pen_client_blame(lab->client, parcel_unit(&rounds.before, u)->server,
				&piece, parcel_piece(&rounds.before, u), lab->now);
	}
}

/* The part fails its proof; the first time its pieces are kept. */
static void rounds_refuted(const struct pen_client_pieces *pieces)
{
	rounds.round = UINT32_MAX;
	pen_client_refuted(lab->client, 0, false, pieces, lab->now);
	if (rounds.compared)
		return;
	struct parcel swap = rounds.before;
	rounds.before = rounds.came;
	rounds.came = swap;
	rounds.compared = true;
}

#endif
