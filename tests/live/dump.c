/*
 * dump: both columns of one shard of a database as text, for comparing databases key by key.
 * usage: dump DB SHARD state|flat
 *   state: HASH COUNT PAYLOAD_LENGTH, and !PAYLOAD if the payload does not hash to its key
 *   flat:  KEY VALUE
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "drivers/table.h"
#include "part/column.h"

/* Rows asked for at a time. */
#define ROWS 64

static void print_hex(struct pen_bytes bytes)
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < bytes.len; i++) {
		putchar_unlocked(digits[bytes.at[i] >> 4]);
		putchar_unlocked(digits[bytes.at[i] & 15]);
	}
}

static void print_state(const struct pen_scanned *row)
{
	struct pen_bytes payload;
	int64_t refs;
	struct pen_hash hash;
	print_hex(row->key);
	if (pen_refs_decode(row->value, &payload, &refs)) {
		printf(" !SHORT\n");
		return;
	}
	pen_sha256(payload, &hash);
	int named = row->key.len == PEN_HASH_BYTES && !memcmp(row->key.at, hash.bytes, 32);
	printf(" %lld %zu%s\n", (long long)refs, payload.len, named ? "" : " !PAYLOAD");
}

static void print_flat(const struct pen_scanned *row)
{
	print_hex(row->key);
	putchar(' ');
	print_hex(row->value);
	putchar('\n');
}

static int dump(struct pen_sink *sink, const struct pen_sink_state *shard, enum pen_column column,
	struct pen_why *why)
{
	struct pen_cursor cursor = {0};
	struct pen_scanned rows[ROWS];
	int count;
	while ((count = sink->ops->scan(sink, column, shard, &cursor, rows, ROWS, why)) > 0) {
		for (int i = 0; i < count; i++) {
			if (column == PEN_COLUMN_STATE)
				print_state(&rows[i]);
			else
				print_flat(&rows[i]);
		}
	}
	return count;
}

int main(int argc, char **argv)
{
	struct pen_shard shard;
	struct pen_sink *sink = NULL;
	struct pen_why why = {0};
	if (argc != 4 || pen_shard_parse(argv[2], &shard)) {
		fprintf(stderr, "usage: dump DB SHARD state|flat\n");
		return 2;
	}
	struct pen_sink_state state = {.shard_version = shard.version, .shard_id = shard.id};
	enum pen_column column = strcmp(argv[3], "flat") ? PEN_COLUMN_STATE : PEN_COLUMN_FLAT;
	int err = pen_sink_open_rocks(argv[1], false, &sink, &why);
	if (!err) {
		err = dump(sink, &state, column, &why);
		sink->ops->shut(sink);
	}
	if (err)
		fprintf(stderr, "dump: %s\n", why.text);
	return err ? 1 : 0;
}
