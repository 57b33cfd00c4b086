#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "apply/audit.h"
#include "base/check.h"
#include "part/column.h"
#include "util.h"

/* A sink in memory: two columns of rows, and what it says of the shard. */
struct row {
	struct pen_buf key, value;
};

#define ROWS_MAX 1024

struct fake {
	struct pen_sink sink;
	struct pen_sink_state state;
	struct row rows[2][ROWS_MAX];
	size_t count[2];
	size_t at[2]; /* where the scan stands */
	int scan_error; /* returned in the middle of State */
};

static int fake_begin(struct pen_sink *sink, const struct pen_sink_state *want,
	struct pen_sink_state *have, uint8_t *applied, struct pen_why *why)
{
	(void)why;
	cr_assert_eq(want->parts, 0);
	cr_assert_null(applied);
	*have = ((struct fake *)sink)->state;
	return 0;
}

static int fake_scan(struct pen_sink *sink, enum pen_column column,
	const struct pen_sink_state *shard, struct pen_cursor *cursor, struct pen_scanned *rows,
	unsigned max, struct pen_why *why)
{
	struct fake *fake = (struct fake *)sink;
	cr_assert_eq(shard->shard_id, 7);
	if (!cursor->driver)
		fake->at[column] = 0;
	cursor->driver = fake;
	unsigned count = 0;
	/* Short bursts, so that rows of one scan come in several. */
	for (; count < max && count < 10 && fake->at[column] < fake->count[column]; count++) {
		struct row *row = &fake->rows[column][fake->at[column]++];
		rows[count].key = pen_buf_bytes(&row->key);
		rows[count].value = pen_buf_bytes(&row->value);
	}
	if (fake->scan_error && column == PEN_COLUMN_STATE && fake->at[column] > 10)
		return pen_fail(why, fake->scan_error, "the disk is gone");
	if (!count)
		cursor->driver = NULL;
	return (int)count;
}

static const struct pen_sink_ops fake_ops = {.begin = fake_begin, .scan = fake_scan};

static struct row *fake_add(
	struct fake *fake, enum pen_column column, struct pen_bytes key, struct pen_bytes value)
{
	cr_assert_lt(fake->count[column], (size_t)ROWS_MAX);
	struct row *row = &fake->rows[column][fake->count[column]++];
	cr_assert_eq(pen_buf_append(&row->key, key.at, key.len), 0);
	cr_assert_eq(pen_buf_append(&row->value, value.at, value.len), 0);
	return row;
}

static void fake_remove(struct fake *fake, enum pen_column column, size_t at)
{
	pen_buf_fini(&fake->rows[column][at].key);
	pen_buf_fini(&fake->rows[column][at].value);
	memmove(&fake->rows[column][at], &fake->rows[column][at + 1],
		(--fake->count[column] - at) * sizeof(struct row));
}

static void fake_free(struct fake *fake)
{
	for (int c = 0; c < 2; c++) {
		while (fake->count[c])
			fake_remove(fake, (enum pen_column)c, fake->count[c] - 1);
	}
	free(fake);
}

static int count_node(void *context, const struct pen_hash *hash, struct pen_bytes bytes)
{
	struct pen_entries *entries = context;
	(void)bytes;
	pen_entries_at(entries, pen_entries_find(entries, hash))->refs++;
	return 0;
}

/* Count what the trie of the pairs uses, and write the flat rows on the way. */
static void fake_fill_flat(struct fake *fake, struct test_state *state)
{
	struct pen_build build;
	struct pen_trie_sum sum;
	const struct test_pair *pairs = (const void *)state->pairs.at;
	pen_build_init(&build, count_node, &state->entries);
	for (size_t i = 0; i < state->pairs.len / sizeof *pairs; i++) {
		uint8_t head[PEN_FLAT_HEAD_BYTES_MAX];
		size_t len;
		struct pen_hash hash;
		pen_sha256(pairs[i].value, &hash);
		pen_entries_at(&state->entries, pen_entries_find(&state->entries, &hash))->refs++;
		cr_assert_eq(
			pen_build_push(&build, pairs[i].key, (uint32_t)pairs[i].value.len, &hash),
			0);
		bool inlined = pen_flat_head(pairs[i].value, &hash, head, &len);
		struct row *row = fake_add(
			fake, PEN_COLUMN_FLAT, pairs[i].key, (struct pen_bytes){head, len});
		if (inlined)
			cr_assert_eq(
				pen_buf_append(&row->value, pairs[i].value.at, pairs[i].value.len),
				0);
	}
	cr_assert_eq(pen_build_finish(&build, &sum), 0);
	pen_build_fini(&build);
}

static int by_key(const void *a, const void *b)
{
	const struct row *left = a, *right = b;
	return pen_bytes_compare(pen_buf_bytes(&left->key), pen_buf_bytes(&right->key));
}

static void fake_sort(struct fake *fake)
{
	qsort(fake->rows[PEN_COLUMN_STATE], fake->count[PEN_COLUMN_STATE], sizeof(struct row),
		by_key);
}

/* The database of a state as it should be: 200 pairs, long and shared values among them. */
static struct fake *fake_new(struct pen_hash *root)
{
	struct test_state state = {0};
	struct fake *fake = calloc(1, sizeof *fake);
	static char value[5000];
	for (int i = 0; i < 200; i++) {
		char key[16];
		int len = snprintf(key, sizeof key, "key%03d", i);
		memset(value, 'a' + i % 7, sizeof value);
		size_t value_len = i % 20 == 0 ? 4001 + (size_t)i : (size_t)i % 100;
		test_state_add(&state, key, (size_t)len, value, value_len);
	}
	test_state_build(&state);
	fake->sink = (struct pen_sink){&fake_ops, "fake"};
	fake->state = (struct pen_sink_state){.shard_version = 3,
		.shard_id = 7,
		.root = state.sum.root,
		.parts = 4,
		.applied = 4,
		.done = true};
	*root = state.sum.root;
	fake_fill_flat(fake, &state);
	for (uint32_t i = 0; i < state.entries.count; i++) {
		struct pen_entry *entry = pen_entries_at(&state.entries, i);
		struct row *row = fake_add(fake, PEN_COLUMN_STATE,
			(struct pen_bytes){
				pen_entries_hash(&state.entries, i)->bytes, PEN_HASH_BYTES},
			(struct pen_bytes){entry->at, entry->len});
		uint64_t refs = entry->refs;
		cr_assert_gt(refs, 0);
		cr_assert_eq(pen_buf_append(&row->value, &refs, sizeof refs), 0);
	}
	fake_sort(fake);
	test_state_fini(&state);
	return fake;
}

static struct row *state_row(struct fake *fake, size_t at)
{
	return &fake->rows[PEN_COLUMN_STATE][at];
}

static struct row *flat_row(struct fake *fake, size_t at)
{
	return &fake->rows[PEN_COLUMN_FLAT][at];
}

/* What can be wrong. */
static void nothing(struct fake *fake)
{
	(void)fake;
}

static void no_record(struct fake *fake)
{
	fake->state = (struct pen_sink_state){.shard_version = 3, .shard_id = 7};
}

static void count_off(struct fake *fake)
{
	state_row(fake, 17)->value.at[state_row(fake, 17)->value.len - 8]++;
}

static void count_zero(struct fake *fake)
{
	memset(state_row(fake, 17)->value.at + state_row(fake, 17)->value.len - 8, 0, 8);
}

static void counts_swapped(struct fake *fake)
{
	count_off(fake);
	state_row(fake, 18)->value.at[state_row(fake, 18)->value.len - 8] += 3;
}

static void extra(struct fake *fake)
{
	struct pen_hash hash;
	struct pen_bytes value = {(const uint8_t *)"extra\1\0\0\0\0\0\0\0", 13};
	pen_sha256((struct pen_bytes){value.at, 5}, &hash);
	fake_add(fake, PEN_COLUMN_STATE, (struct pen_bytes){hash.bytes, PEN_HASH_BYTES}, value);
	fake_sort(fake);
}

static void missing(struct fake *fake)
{
	fake_remove(fake, PEN_COLUMN_STATE, 30);
}

static void payload_changed(struct fake *fake)
{
	state_row(fake, 40)->value.at[0] ^= 1;
}

static void state_key_short(struct fake *fake)
{
	state_row(fake, 5)->key.len--;
}

static void state_value_short(struct fake *fake)
{
	state_row(fake, 5)->value.len = 7;
}

static void flat_changed(struct fake *fake)
{
	flat_row(fake, 77)->value.at[flat_row(fake, 77)->value.len - 1] ^= 1;
}

static void flat_length(struct fake *fake)
{
	/* Row 20 is a reference. */
	flat_row(fake, 20)->value.at[1]++;
}

static void flat_removed(struct fake *fake)
{
	fake_remove(fake, PEN_COLUMN_FLAT, 99);
}

static void flat_junk(struct fake *fake)
{
	flat_row(fake, 99)->value.at[0] = 9;
}

static void flat_referred(struct fake *fake)
{
	/* Name a short value instead of inlining it: the same trie, but not nearcore's bytes. */
	struct row *row = flat_row(fake, 33);
	struct pen_hash hash;
	pen_sha256((struct pen_bytes){row->value.at + 5, row->value.len - 5}, &hash);
	row->value.at[0] = 0;
	row->value.len = 5;
	cr_assert_eq(pen_buf_append(&row->value, hash.bytes, sizeof hash.bytes), 0);
}

static void flat_inlined(struct fake *fake)
{
	/* Row 20 as nearcore would not write it: 4,021 bytes of 'g', inlined. */
	struct row *row = flat_row(fake, 20);
	static uint8_t value[4021];
	memset(value, 'a' + 20 % 7, sizeof value);
	row->value.at[0] = 1;
	row->value.len = 5;
	cr_assert_eq(pen_buf_append(&row->value, value, sizeof value), 0);
}

static void flat_key_long(struct fake *fake)
{
	static uint8_t key[2049];
	memset(key, 'z', sizeof key);
	fake_add(fake, PEN_COLUMN_FLAT, (struct pen_bytes){key, sizeof key},
		(struct pen_bytes){(const uint8_t *)"\1\0\0\0\0", 5});
}

static void wrong_record(struct fake *fake)
{
	fake->state.root.bytes[0] ^= 1;
}

static void unfinished(struct fake *fake)
{
	fake->state.done = false;
	fake->state.applied = 3;
}

static void emptied(struct fake *fake)
{
	no_record(fake);
	while (fake->count[PEN_COLUMN_STATE])
		fake_remove(fake, PEN_COLUMN_STATE, fake->count[PEN_COLUMN_STATE] - 1);
	while (fake->count[PEN_COLUMN_FLAT])
		fake_remove(fake, PEN_COLUMN_FLAT, fake->count[PEN_COLUMN_FLAT] - 1);
}

static void unreadable(struct fake *fake)
{
	fake->scan_error = -EIO;
}

#define FOUND(kind) (1u << PEN_FINDING_##kind)

Test(apply_audit, right_and_wrong)
{
	static const struct {
		const char *name;
		void (*change)(struct fake *fake);
		int err;
		const char *says; /* in the sentence */
		unsigned kinds; /* of findings: exactly these */
		uint64_t total; /* findings; 0: any number */
	} rows[] = {
		{"right", nothing, 0, "", 0, 0},
		{"no record", no_record, 0, "", 0, 0},
		{"count off", count_off, PEN_EVERIFY, "a count of", FOUND(COUNT), 1},
		{"count 0", count_zero, PEN_EVERIFY, "a count of 0", FOUND(STATE_USELESS), 1},
		{"two counts", counts_swapped, PEN_EVERIFY, "more is wrong", FOUND(COUNT), 2},
		{"extra", extra, PEN_EVERIFY, "does not use", FOUND(EXTRA), 1},
		{"missing", missing, PEN_EVERIFY, "State lacks", FOUND(MISSING), 1},
		{"payload", payload_changed, PEN_EVERIFY, "another hash", FOUND(STATE_PAYLOAD), 1},
		{"short State key", state_key_short, PEN_EVERIFY, "is not a hash",
			FOUND(STATE_KEY) | FOUND(MISSING), 2},
		{"short State value", state_value_short, PEN_EVERIFY, "too short for a count",
			FOUND(STATE_VALUE), 1},
		{"flat value", flat_changed, PEN_EVERIFY, "have the root",
			FOUND(MISSING) | FOUND(EXTRA) | FOUND(COUNT), 0},
		{"flat length", flat_length, PEN_EVERIFY, "have the root",
			FOUND(MISSING) | FOUND(EXTRA) | FOUND(LENGTH), 0},
		{"flat removed", flat_removed, PEN_EVERIFY, "have the root",
			FOUND(MISSING) | FOUND(EXTRA) | FOUND(COUNT), 0},
		{"flat junk", flat_junk, PEN_EVERIFY, "have the root",
			FOUND(FLAT_VALUE) | FOUND(MISSING) | FOUND(EXTRA) | FOUND(COUNT), 0},
		{"reference too short", flat_referred, PEN_EVERIFY, "a reference, and too short",
			FOUND(FLAT_SHORT), 1},
		{"inlined too long", flat_inlined, PEN_EVERIFY, "inlined, and too long",
			FOUND(FLAT_LONG), 1},
		{"long flat key", flat_key_long, PEN_EVERIFY, "longer than a trie key",
			FOUND(FLAT_KEY), 1},
		{"wrong record", wrong_record, PEN_EVERIFY, "holds the state", 0, 0},
		{"unfinished", unfinished, PEN_EVERIFY, "3 of 4 parts", 0, 0},
		{"nothing there", emptied, PEN_EVERIFY, "holds nothing of shard s7.v3", 0, 0},
		{"unreadable", unreadable, -EIO, "the disk is gone", 0, 0},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_hash root;
		struct pen_audit audit;
		struct pen_why why = {0};
		unsigned kinds = 0;
		struct fake *fake = fake_new(&root);
		rows[i].change(fake);
		int err = pen_audit_run(&fake->sink, (struct pen_shard){.version = 3, .id = 7},
			&root, &audit, &why);
		cr_assert_eq(err, rows[i].err, "%s: %d %s", rows[i].name, err, why.text);
		cr_assert(strstr(why.text, rows[i].says), "%s: %s", rows[i].name, why.text);
		for (unsigned f = 0; f < pen_findings_kept(&audit.findings); f++)
			kinds |= 1u << audit.findings.first[f].kind;
		cr_assert_eq(kinds & ~rows[i].kinds, 0, "%s: kinds %x", rows[i].name, kinds);
		cr_assert_eq(!kinds, !rows[i].kinds, "%s: kinds %x", rows[i].name, kinds);
		if (rows[i].total)
			cr_assert_eq(audit.findings.total, rows[i].total, "%s: %llu", rows[i].name,
				(unsigned long long)audit.findings.total);
		cr_assert(!audit.findings.cut);
		cr_assert_leq(audit.passes, 1);
		fake_free(fake);
	}
}

Test(apply_audit, counts_what_it_saw)
{
	struct pen_hash root, other = {{1}};
	struct pen_audit audit;
	struct pen_why why = {0};
	struct fake *fake = fake_new(&root);
	struct pen_shard shard = {.version = 3, .id = 7};
	cr_assert_eq(pen_audit_run(&fake->sink, shard, &root, &audit, &why), 0, "%s", why.text);
	cr_assert_eq(audit.sum.keys, 200);
	cr_assert_eq(audit.entries, fake->count[PEN_COLUMN_STATE]);
	cr_assert_eq(audit.references, audit.sum.nodes + audit.sum.keys);
	cr_assert_eq(audit.passes, 0);
	/* Both columns agree, but it is another state. */
	no_record(fake);
	cr_assert_eq(pen_audit_run(&fake->sink, shard, &other, &audit, &why), PEN_EVERIFY);
	cr_assert(strstr(why.text, "have the root"), "%s", why.text);
	cr_assert_eq(audit.findings.total, 0);
	fake_free(fake);
}

Test(apply_audit, the_empty_state)
{
	struct pen_hash root, zero = {0};
	struct pen_audit audit;
	struct pen_why why = {0};
	struct fake *fake = fake_new(&root);
	struct pen_shard shard = {.version = 3, .id = 7};
	emptied(fake);
	cr_assert_eq(pen_audit_run(&fake->sink, shard, &zero, &audit, &why), 0, "%s", why.text);
	fake->state.done = true;
	cr_assert_eq(pen_audit_run(&fake->sink, shard, &zero, &audit, &why), 0);
	cr_assert_eq(pen_audit_run(&fake->sink, shard, &root, &audit, &why), PEN_EVERIFY);
	extra(fake);
	cr_assert_eq(pen_audit_run(&fake->sink, shard, &zero, &audit, &why), PEN_EVERIFY);
	cr_assert_eq(audit.findings.total, 1);
	fake_free(fake);
}
