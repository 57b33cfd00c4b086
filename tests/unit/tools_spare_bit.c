/*
 * A bit of a zstd frame that no decoder looks at: a file that has it otherwise is the part, and is
 * not what was offered. Who sent right pieces of it must not be held against one that has.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "../../tools/penstock/stash.h"
#include "base/check.h"
#include "part/collect.h"
#include "rounds.h"
#include "scratch.h"
#include "store/catalog.h"

#define VALUE_BYTES 100000u
/* Frame_Header_Descriptor behind envelope and magic number; its Unused_bit (RFC 8878, 3.1.1.1.1).
 */
#define SPARE_AT (PEN_ENVELOPE_HEAD_BYTES + 4)
#define SPARE_BIT 0x10u
/* Of two pieces. */
#define HONEST 0u
#define LIAR 1u
#define LATER 2u /* sends what comes in the second round */
#define SERVERS 3u

static struct fake_state state;
static struct pen_part_id id;
static struct pen_buf honest, spared; /* the part as it is offered; with the bit changed */
static uint8_t blob[PEN_BLOB_BYTES];

static struct scratch scratch;
static struct stash stash;
static struct errand_bench *bench;

static void part_make(void)
{
	struct pen_collect collect = {.list = {0}};
	struct pen_buf content = {0};
	struct pen_zstd zstd = {0};
	rounds_state(&state, VALUE_BYTES);
	id = (struct pen_part_id){state.sum.root, 0, 1};
	PEN_CHECK(!pen_collect_part(&collect, &state.entries, &id, &content, NULL));
	PEN_CHECK(!pen_envelope_seal(
		&zstd, pen_buf_bytes(&content), PEN_LEVEL_DEFAULT, &honest, NULL));
	fake_append(&spared, honest.at, honest.len);
	spared.at[SPARE_AT] ^= SPARE_BIT;
	pen_blob_id(pen_buf_bytes(&honest), blob);
	pen_collect_fini(&collect);
	pen_buf_fini(&content);
	pen_zstd_fini(&zstd);
}

/* ---- what a fetch does with pieces (tools/penstock/catch.c) ---- */

static void proved(const struct errand *errand)
{
	memcpy(lab->copy, rounds.came.bytes.at, rounds.came.bytes.len);
	rounds_proved(errand->others);
}

static struct pen_bytes piece_at(const void *parcel, uint32_t unit)
{
	return parcel_piece(parcel, unit);
}

static void refuted(const struct errand *errand)
{
	const struct pen_client_pieces pieces = {
		rounds.came.is.units, &rounds.came, piece_at, errand->sum};
	cr_assert_not(rounds.compared, "it fails once");
	rounds_refuted(&pieces);
}

static void take(const struct pen_client_piece *piece)
{
	static const struct pen_allowance all = {
		.content_bytes = PEN_PART_BYTES_MAX, .entries = PEN_PART_ENTRIES_MAX};
	if (!rounds_put(piece))
		return;
	struct errand errand = {.kind = ERRAND_PART,
		.id = id,
		.form = PEN_FORM_NEARCORE,
		.allowance = &all,
		.parcel = &rounds.came,
		.before = rounds.compared ? &rounds.before : NULL,
		.bits = rounds.bits};
	errand_run(bench, &errand);
	if (errand.verdict == ERRAND_DONE)
		proved(&errand);
	else if (errand.verdict == ERRAND_REFUTED)
		refuted(&errand);
	else
		cr_assert_fail("verdict %d: %s", (int)errand.verdict, errand.why.text);
}

/* ---- the world ---- */

static void world_open(const struct pen_buf *later)
{
	struct pen_why why = {0};
	rounds_begin(&id, PEN_FORM_NEARCORE);
	scratch = scratch_open();
	const struct stash_ask ask = {scratch_at(&scratch, "store"), id.root, NULL};
	cr_assert_eq(stash_open(&stash, &ask, &why), 0, "%s", why.text);
	bench = errand_bench_open(&stash.depot, &why);
	cr_assert_not_null(bench, "%s", why.text);
	lab_open(honest.len, SERVERS);
	memcpy(lab->object, later->at, later->len);
	memcpy(lab->config.root, id.root.bytes, sizeof lab->config.root);
	lab->config.form = PEN_WIRE_FORM_NEARCORE;
	lab->config.parts_blocks = lab->pool.count / 2;
	lab->take = take;
	for (unsigned t = 0; t < SERVERS; t++) {
		memcpy(lab->toy[t].root, id.root.bytes, sizeof lab->toy[t].root);
		lab->toy[t].object = t == LATER ? later->at : honest.at;
		lab->toy[t].name = blob;
	}
	lab->toy[LIAR].manners.lie_every = 1;
}

static void world_close(void)
{
	lab_close();
	rounds_end();
	errand_bench_close(bench);
	stash_close(&stash);
	scratch_close(&scratch);
}

static bool asked(void)
{
	bool open = false;
	for (unsigned s = 0; s < SERVERS; s++)
		open |= lab->client->server[s].inquiry.open;
	return open;
}

/* All offer the same file. One of the first two lies, so that a third is asked for it alone, and
 * sends the part. If that is the file, what came first can be compared with it: it names the liar.
 * If it is another, by its own fault or that of the path, it says nothing of anybody. */
Test(tools_spare_bit, gets_no_honest_server_banned)
{
	static const struct {
		const char *name;
		const struct pen_buf *later;
		enum pen_server_fault liar;
	} rows[] = {
		{"the file that was offered", &honest, PEN_SERVER_LIED},
		{"the bit is another", &spared, PEN_SERVER_NO_FAULT},
	};
	part_make();
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		world_open(rows[i].later);
		lab_start();
		while (!rounds.compared)
			cr_assert(lab_turn());
		cr_assert_eq(rounds.before.is.units, 2);
		cr_assert_eq(parcel_unit(&rounds.before, 0)->server, HONEST, "%s", rows[i].name);
		cr_assert_eq(parcel_unit(&rounds.before, 1)->server, LIAR, "%s", rows[i].name);
		cr_expect(lab_run(60 * LAB_S), "%s", rows[i].name);
		for (int64_t until = lab->now + 20 * LAB_S; asked() && lab->now < until;) {
			lab_turn();
			lab->now += LAB_MS;
		}
		cr_assert_eq(parcel_unit(&rounds.came, 0)->server, LATER, "%s", rows[i].name);
		const struct pen_server *server = lab->client->server;
		cr_expect_eq(server[HONEST].fault, PEN_SERVER_NO_FAULT, "%s", rows[i].name);
		cr_expect_eq(server[LATER].fault, PEN_SERVER_NO_FAULT, "%s", rows[i].name);
		cr_expect_eq(lab->toy[HONEST].attests, 0, "%s: not even asked", rows[i].name);
		cr_expect_eq(server[LIAR].fault, rows[i].liar, "%s: %d", rows[i].name,
			server[LIAR].fault);
		world_close();
	}
	pen_buf_fini(&honest);
	pen_buf_fini(&spared);
	fake_state_fini(&state);
}
