/*
 * A forged part in lean form, offered to a whole client: a frame's bytes are others, and so are the
 * frame table, the sums in it and the name, so that all of them agree. Only the proof of the trie
 * can tell. What came is joined, proved and stored as a fetch does it.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "../../tools/penstock/stash.h"
#include "base/check.h"
#include "rounds.h"
#include "scratch.h"
#include "store/catalog.h"

#define VALUE_BYTES 70000u
#define PIECES_MAX 32u

/* A part as a server has it. */
struct edition {
	struct pen_buf bytes;
	uint64_t ends[PIECES_MAX];
	uint32_t pieces;
	uint8_t name[PEN_BLOB_BYTES];
};

static struct fake_state state;
static struct pen_part_id id;
static struct edition honest, forged;

static struct scratch scratch;
static struct stash stash;
static struct workshop workshop;
static struct errand errand;
static unsigned verdicts[ERRAND_BROKEN + 1];

/* ---- the part, and its forgery ---- */

static void edition_make(struct edition *edition, const struct fake_part *part)
{
	struct pen_lean_head head;
	struct pen_catalog_file file = {.k = 0};
	struct pen_buf spare = {0};
	edition->bytes.len = 0;
	fake_part_write(part, &edition->bytes);
	cr_assert_eq(pen_lean_decode(pen_buf_bytes(&edition->bytes), &head, NULL), 0);
	cr_assert_leq(head.frames + 1, PIECES_MAX);
	edition->pieces = head.frames + 1;
	edition->ends[0] = head.bytes;
	for (uint32_t i = 0; i < head.frames; i++)
		edition->ends[i + 1] = edition->ends[i] + pen_lean_row(&head, i).stored_bytes;
	cr_assert_eq(edition->ends[head.frames], edition->bytes.len);
	cr_assert_eq(pen_catalog_lean(pen_buf_bytes(&edition->bytes), &spare, &file), 0);
	memcpy(edition->name, file.blob, sizeof edition->name);
	pen_buf_fini(&spare);
}

static void editions_make(void)
{
	struct fake_part part;
	rounds_state(&state, VALUE_BYTES);
	fake_part_open(&part, &state, 0, 1);
	id = part.id;
	edition_make(&honest, &part);
	struct pen_bytes *value = &fake_pairs(&part.pairs)[7].value;
	*value = fake_copy(&part.memory, *value);
	((uint8_t *)(uintptr_t)value->at)[VALUE_BYTES / 2] ^= 1;
	edition_make(&forged, &part);
	cr_assert_eq(forged.pieces, honest.pieces);
	cr_assert_neq(memcmp(forged.name, honest.name, sizeof forged.name), 0);
	fake_part_fini(&part);
}

/* ---- what a fetch does with pieces (tools/penstock/catch.c) ---- */

/* What is stored is what the lab is to have. */
static void stored(void)
{
	struct pen_buf joined = {0};
	struct pen_bytes whole;
	cr_assert_eq(parcel_join(&rounds.came, &joined, &whole, NULL), 0);
	cr_assert_eq(whole.len, lab->bytes);
	memcpy(lab->copy, whole.at, whole.len);
	pen_buf_fini(&joined);
	rounds_proved(errand.others);
}

static void wrong(void)
{
	for (uint32_t u = 0; u < rounds.came.is.units; u++) {
		const struct pen_piece piece = {.kind = PEN_WIRE_KIND_PIECE, .piece = u};
		if (!(rounds.bits[u / 64] >> u % 64 & 1))
			continue;
		pen_client_wrong(lab->client, &piece, u, parcel_piece(&rounds.came, u), lab->now);
		parcel_drop(&rounds.came, u);
	}
}

/* The worker has summed them up: the loop looks at none. */
static struct pen_bytes piece_at(const void *parcel, uint32_t unit)
{
	cr_expect_fail("piece %u is hashed in the loop", unit);
	return parcel_piece(parcel, unit);
}

static void refuted(void)
{
	/* All that can be looked at without the trie agrees. */
	struct pen_zstd zstd = {0};
	struct pen_buf spare = {0};
	cr_expect_eq(parcel_wrong(&rounds.came, &zstd, &spare, rounds.bits), 0);
	pen_zstd_fini(&zstd);
	pen_buf_fini(&spare);
	const struct pen_client_pieces pieces = {
		rounds.came.is.units, &rounds.came, piece_at, errand.sum};
	cr_assert_gt(rounds.came.is.units, 1);
	rounds_refuted(&pieces);
}

static bool is_here(void)
{
	struct pen_buf here = {0};
	struct pen_why why = {0};
	cr_assert_eq(stash_look(&stash, 1, PEN_FORM_LEAN, &here, &why), 0, "%s", why.text);
	bool is = here.at[0] & 1;
	pen_buf_fini(&here);
	return is;
}

static void came_back(struct errand *back, int64_t now_ns)
{
	(void)now_ns;
	verdicts[back->verdict]++;
	cr_expect_eq(is_here(), back->verdict == ERRAND_DONE, "%s", back->why.text);
	switch (back->verdict) {
	case ERRAND_DONE: stored(); break;
	case ERRAND_WRONG: wrong(); break;
	case ERRAND_REFUTED: refuted(); break;
	default: cr_assert_fail("verdict %d", (int)back->verdict);
	}
}

static void take(const struct pen_client_piece *piece)
{
	if (!rounds_put(piece))
		return;
	bool same = rounds.compared && rounds.came.is.units == rounds.before.is.units &&
		!memcmp(rounds.came.is.name, rounds.before.is.name, sizeof rounds.came.is.name);
	errand = (struct errand){.kind = ERRAND_PART,
		.back = came_back,
		.id = id,
		.form = PEN_FORM_LEAN,
		.parcel = &rounds.came,
		.before = same ? &rounds.before : NULL,
		.bits = rounds.bits};
	workshop_put(&workshop, &errand);
	while (workshop.count) {
		if (!workshop_turn(&workshop, lab->now))
			pen_wake_wait(workshop_wake(&workshop), -1);
	}
}

/* ---- the world ---- */

static void offer(struct toy *toy, const struct edition *edition, const uint8_t *name)
{
	memcpy(toy->root, id.root.bytes, sizeof toy->root);
	toy->object = edition->bytes.at;
	toy->bytes = edition->bytes.len;
	toy->ends = edition->ends;
	toy->pieces = edition->pieces;
	toy->name = name;
}

static void world_open(unsigned servers, const uint8_t *liars_name)
{
	struct pen_why why = {0};
	const struct pen_allowance all = {
		.content_bytes = PEN_PART_BYTES_MAX, .entries = PEN_PART_ENTRIES_MAX};
	memset(verdicts, 0, sizeof verdicts);
	rounds_begin(&id, PEN_FORM_LEAN);
	scratch = scratch_open();
	const struct stash_ask ask = {scratch_at(&scratch, "store"), id.root, NULL};
	cr_assert_eq(stash_open(&stash, &ask, &why), 0, "%s", why.text);
	const struct workshop_ask work = {
		.depot = &stash.depot, .jobs = 1, .part = all, .alone = all};
	cr_assert_eq(workshop_open(&workshop, &work, &why), 0, "%s", why.text);
	lab_open(honest.bytes.len, servers);
	memcpy(lab->object, honest.bytes.at, honest.bytes.len);
	memcpy(lab->config.root, id.root.bytes, sizeof lab->config.root);
	lab->config.form = PEN_WIRE_FORM_LEAN;
	lab->take = take;
	offer(&lab->toy[0], &forged, liars_name);
	for (unsigned t = 1; t < servers; t++)
		offer(&lab->toy[t], &honest, honest.name);
}

static void world_close(void)
{
	lab_close();
	rounds_end();
	workshop_close(&workshop);
	stash_close(&stash);
	scratch_close(&scratch);
}

/* Who offers it under its own name is believed by nobody; if all of it came from him he is asked
 * what he holds, and named, as is who offers it under the part's. Honest ones never are. */
Test(tools_forgery, forged_lean_frame_is_never_stored)
{
	static const struct {
		const char *name;
		unsigned servers; /* the first is the liar */
		bool own_name; /* it offers its forgery under the forgery's name */
		bool first; /* the others say nothing until it was found out */
		bool refuted; /* the forgery came whole, and the proof of the trie fails */
		bool done;
		enum pen_server_fault fault;
	} rows[] = {
		{"alone", 2, true, false, true, false, PEN_SERVER_LIED},
		{"under its own name, first", 2, true, true, true, true, PEN_SERVER_LIED},
		{"under its own name, beside others", 3, true, false, false, true,
			PEN_SERVER_NO_FAULT},
		{"under the name of the part, first", 2, false, true, false, true, PEN_SERVER_LIED},
		{"under the name of the part", 3, false, false, false, true, PEN_SERVER_LIED},
	};
	editions_make();
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		world_open(rows[i].servers, rows[i].own_name ? forged.name : honest.name);
		for (unsigned t = 1; t < rows[i].servers; t++)
			lab->toy[t].manners = (struct toy_manners){.mute = rows[i].first,
				.lacks = !rows[i].done,
				.rate = lab->toy[t].manners.rate};
		lab_start();
		while (rows[i].first && !verdicts[ERRAND_REFUTED] && !verdicts[ERRAND_WRONG])
			cr_assert(lab_turn());
		for (unsigned t = 1; t < rows[i].servers; t++)
			lab->toy[t].manners.mute = false;
		bool done = lab_run(lab->now + 60 * LAB_S);
		int64_t until = lab->now + 20 * LAB_S;
		while (lab->client->server[0].inquiry.open && lab->now < until) {
			lab_turn();
			lab->now += LAB_MS;
		}
		cr_expect_eq(done, rows[i].done, "%s", rows[i].name);
		cr_expect_eq(verdicts[ERRAND_DONE], rows[i].done, "%s", rows[i].name);
		cr_expect_eq(is_here(), rows[i].done, "%s", rows[i].name);
		unsigned refusals = verdicts[ERRAND_REFUTED], wrongs = verdicts[ERRAND_WRONG];
		if (rows[i].own_name)
			cr_expect(wrongs == 0 && (refusals > 0) == rows[i].refuted, "%s: %u, %u",
				rows[i].name, refusals, wrongs);
		else
			cr_expect(wrongs > 0 && refusals == 0, "%s: %u, %u", rows[i].name, refusals,
				wrongs);
		cr_expect_leq(refusals, 12, "%s: %u", rows[i].name, refusals);
		cr_expect_eq(lab->client->server[0].fault, rows[i].fault, "%s: %d", rows[i].name,
			lab->client->server[0].fault);
		for (unsigned t = 1; t < rows[i].servers; t++) {
			cr_expect_eq(lab->client->server[t].fault, PEN_SERVER_NO_FAULT, "%s: %u",
				rows[i].name, t);
			cr_expect_eq(lab->toy[t].attests, 0, "%s: not even asked", rows[i].name);
		}
		world_close();
	}
	pen_buf_fini(&honest.bytes);
	pen_buf_fini(&forged.bytes);
	fake_state_fini(&state);
}
