#include "apply/audit.h"

#include <errno.h>
#include <stdlib.h>

#include "apply/suspects.h"
#include "apply/tally.h"
#include "base/check.h"
#include "base/rng.h"
#include "base/text.h"
#include "part/column.h"

/* Rows read and hashed at a time: enough for the hashing to run without pause. */
#define BURST_ROWS 64

/* One audit under way. The first pass tallies and finds what a row shows by itself; later passes
 * fill the table of suspects instead. */
struct run {
	struct pen_sink *sink;
	struct pen_audit *out;
	struct pen_tally *tally;
	struct pen_suspects *suspects; /* NULL in the first pass */
	struct pen_build *build;
	struct pen_scanned rows[BURST_ROWS];
	struct pen_bytes payloads[BURST_ROWS];
	struct pen_hash hashes[BURST_ROWS];
	struct pen_flat flats[BURST_ROWS];
	int64_t refs[BURST_ROWS];
	unsigned kept[BURST_ROWS]; /* index in rows of each payload */
};

static void use(struct run *run, const struct pen_hash *hash, uint64_t len)
{
	if (run->suspects)
		pen_suspects_use(run->suspects, hash, len);
	else
		pen_tally_use(run->tally, hash, len);
}

static void store(struct run *run, const struct pen_hash *hash, uint64_t len, int64_t refs)
{
	if (run->suspects) {
		pen_suspects_store(run->suspects, hash, len, refs);
		return;
	}
	pen_tally_store(run->tally, hash, len, refs);
	run->out->references += (uint64_t)refs;
	run->out->payload_bytes += len;
}

/* A row that is wrong by itself is named once; later passes would only name its absence. */
static void row_wrong(
	struct run *run, enum pen_finding_kind kind, struct pen_bytes key, int64_t have)
{
	if (!run->suspects)
		pen_findings_add(
			&run->out->findings, kind, key, (struct pen_finding){.have = have});
	else if (key.len == PEN_HASH_BYTES && kind <= PEN_FINDING_STATE_PAYLOAD)
		pen_suspects_excuse(run->suspects, (const struct pen_hash *)key.at);
}

static int node_built(void *context, const struct pen_hash *hash, struct pen_bytes bytes)
{
	use(context, hash, bytes.len);
	return 0;
}

/* Would nearcore have written this row? False if it cannot be used at all. */
static bool flat_usable(
	struct run *run, struct pen_bytes key, struct pen_bytes value, struct pen_flat *flat)
{
	if (key.len > PEN_KEY_BYTES_MAX) {
		row_wrong(run, PEN_FINDING_FLAT_KEY, key, 0);
		return false;
	}
	if (pen_flat_decode(value, flat)) {
		row_wrong(run, PEN_FINDING_FLAT_VALUE, key, 0);
		return false;
	}
	if (flat->inlined && flat->value_len > PEN_INLINE_BYTES_MAX)
		row_wrong(run, PEN_FINDING_FLAT_LONG, key, 0);
	if (!flat->inlined && flat->value_len <= PEN_INLINE_BYTES_MAX)
		row_wrong(run, PEN_FINDING_FLAT_SHORT, key, 0);
	return true;
}

static int flat_push(
	struct run *run, unsigned row, const struct pen_flat *flat, const struct pen_hash *hash)
{
	use(run, hash, flat->value_len);
	return pen_build_push(run->build, run->rows[row].key, flat->value_len, hash);
}

static int flat_burst(struct run *run, unsigned count)
{
	unsigned kept = 0;
	for (unsigned i = 0; i < count; i++) {
		struct pen_flat *flat = &run->flats[kept];
		if (!flat_usable(run, run->rows[i].key, run->rows[i].value, flat))
			continue;
		/* A reference brings its hash along; hashing nothing in its place is cheap. */
		run->payloads[kept] = flat->value;
		run->kept[kept++] = i;
	}
	pen_sha256_many(run->payloads, kept, run->hashes);
	for (unsigned i = 0; i < kept; i++) {
		struct pen_flat *flat = &run->flats[i];
		int err = flat_push(
			run, run->kept[i], flat, flat->inlined ? &run->hashes[i] : &flat->hash);
		if (err)
			return err;
	}
	return 0;
}

static bool state_usable(
	struct run *run, struct pen_scanned row, struct pen_bytes *payload, int64_t *refs)
{
	if (row.key.len != PEN_HASH_BYTES)
		row_wrong(run, PEN_FINDING_STATE_KEY, row.key, 0);
	else if (pen_refs_decode(row.value, payload, refs))
		row_wrong(run, PEN_FINDING_STATE_VALUE, row.key, 0);
	else if (*refs <= 0)
		row_wrong(run, PEN_FINDING_STATE_USELESS, row.key, *refs);
	else
		return true;
	return false;
}

static int state_burst(struct run *run, unsigned count)
{
	unsigned kept = 0;
	for (unsigned i = 0; i < count; i++) {
		if (!state_usable(run, run->rows[i], &run->payloads[kept], &run->refs[kept]))
			continue;
		run->kept[kept++] = i;
	}
	pen_sha256_many(run->payloads, kept, run->hashes);
	for (unsigned i = 0; i < kept; i++) {
		struct pen_bytes key = run->rows[run->kept[i]].key;
		if (memcmp(key.at, run->hashes[i].bytes, PEN_HASH_BYTES) == 0)
			store(run, &run->hashes[i], run->payloads[i].len, run->refs[i]);
		else
			row_wrong(run, PEN_FINDING_STATE_PAYLOAD, key, 0);
	}
	if (!run->suspects)
		run->out->entries += count;
	return 0;
}

static int scan(struct run *run, enum pen_column column,
	int (*burst)(struct run *run, unsigned count), struct pen_why *why)
{
	const struct pen_sink_ops *ops = run->sink->ops;
	struct pen_cursor cursor = {0};
	int count;
	while ((count = ops->scan(run->sink, column, &run->out->state, &cursor, run->rows,
			BURST_ROWS, why)) > 0) {
		int err = burst(run, (unsigned)count);
		if (!err)
			continue;
		ops->scan(run->sink, column, &run->out->state, &cursor, run->rows, 0, NULL);
		/* Only a sink that breaks its promise of order gets here with PEN_EINPUT. */
		return pen_fail(why, err, "%s: cannot build the trie of FlatState: %s",
			run->sink->label, pen_err_text(err));
	}
	return count;
}

static int scan_flat(struct run *run, struct pen_why *why)
{
	struct pen_build build;
	pen_build_init(&build, node_built, run);
	run->build = &build;
	int err = scan(run, PEN_COLUMN_FLAT, flat_burst, why);
	if (!err)
		err = pen_build_finish(&build, &run->out->sum);
	pen_build_fini(&build);
	run->build = NULL;
	return err;
}

/* Name what makes the sums uneven. */
static int run_name(struct run *run, struct pen_why *why)
{
	struct pen_suspects suspects;
	unsigned range = 0;
	int err = pen_suspects_init(&suspects, run->tally->secret);
	if (err)
		return pen_fail(why, err, "out of memory for naming what is wrong");
	run->suspects = &suspects;
	while (!err && pen_suspects_choose(&suspects, run->tally, &range)) {
		if (run->out->passes == PEN_AUDIT_PASSES_MAX) {
			run->out->findings.cut = true;
			break;
		}
		run->out->passes++;
		err = scan(run, PEN_COLUMN_STATE, state_burst, why);
		if (!err)
			err = scan_flat(run, why);
		if (!err)
			pen_suspects_name(&suspects, &run->out->findings);
	}
	run->suspects = NULL;
	pen_suspects_fini(&suspects);
	return err;
}

static int verdict_root(const struct run *run, const struct pen_hash *root, struct pen_why *why)
{
	const struct pen_audit *out = run->out;
	char have[PEN_HASH_TEXT_BYTES], want[PEN_HASH_TEXT_BYTES];
	if (pen_hash_equal(&out->sum.root, root))
		return 0;
	if (!out->sum.keys && !out->entries)
		return pen_fail(why, PEN_EVERIFY, "%s holds nothing of shard s%u.v%u",
			run->sink->label, out->state.shard_id, out->state.shard_version);
	return pen_fail(why, PEN_EVERIFY, "%s: the pairs of FlatState have the root %s, not %s",
		run->sink->label, pen_base58(&out->sum.root, have), pen_base58(root, want));
}

static int verdict(const struct run *run, const struct pen_hash *root, struct pen_why *why)
{
	const struct pen_findings *findings = &run->out->findings;
	char text[PEN_FINDING_TEXT_BYTES];
	int err = verdict_root(run, root, why);
	if (err)
		return err;
	if (findings->total)
		return pen_fail(why, PEN_EVERIFY, "%s: %s%s", run->sink->label,
			pen_finding_text(&findings->first[0], text),
			findings->total > 1 ? ", and more is wrong" : "");
	if (!pen_tally_even(run->tally))
		return pen_fail(why, PEN_EVERIFY,
			"%s: the counts of State do not add up to the trie's uses; which ones "
			"could not be found again",
			run->sink->label);
	return 0;
}

/* Is there a finished state of this root to look at? A shard without a record may be one that
 * others wrote: its bytes decide. */
static int record_check(struct run *run, const struct pen_hash *root, struct pen_why *why)
{
	char have[PEN_HASH_TEXT_BYTES], want[PEN_HASH_TEXT_BYTES];
	struct pen_sink_state ask = run->out->state, *state = &run->out->state;
	int err = run->sink->ops->begin(run->sink, &ask, state, NULL, why);
	if (err)
		return err;
	if (state->parts && !state->done)
		return pen_fail(why, PEN_EVERIFY,
			"%s is unfinished: %u of %u parts of shard s%u.v%u are applied",
			run->sink->label, state->applied, state->parts, state->shard_id,
			state->shard_version);
	if ((state->parts || state->done) && !pen_hash_equal(&state->root, root))
		return pen_fail(why, PEN_EVERIFY, "%s: shard s%u.v%u holds the state %s, not %s",
			run->sink->label, state->shard_id, state->shard_version,
			pen_base58(&state->root, have), pen_base58(root, want));
	return 0;
}

static int run_all(struct run *run, const struct pen_hash *root, struct pen_why *why)
{
	int err = record_check(run, root, why);
	if (!err)
		err = scan_flat(run, why);
	if (!err)
		err = scan(run, PEN_COLUMN_STATE, state_burst, why);
	if (!err && !pen_tally_even(run->tally))
		err = run_name(run, why);
	return err ? err : verdict(run, root, why);
}

int pen_audit_run(struct pen_sink *sink, struct pen_shard shard, const struct pen_hash *root,
	struct pen_audit *out, struct pen_why *why)
{
	*out = (struct pen_audit){.state = {.shard_version = shard.version, .shard_id = shard.id}};
	struct run *run = calloc(1, sizeof *run);
	struct pen_tally *tally = calloc(1, sizeof *tally);
	int err = -ENOMEM;
	if (run && tally) {
		pen_rng_secret(tally->secret, sizeof tally->secret);
		run->sink = sink;
		run->out = out;
		run->tally = tally;
		err = run_all(run, root, why);
	} else {
		pen_fail(why, err, "out of memory");
	}
	free(tally);
	free(run);
	return err;
}
