#include "drivers/rocks/shard.h"

#include <string.h>

#include "base/text.h"
#include "drivers/rocks/errors.h"
#include "drivers/rocks/keys.h"

static struct pen_bytes key_bytes(const struct pen_rocks_key *key)
{
	return (struct pen_bytes){(const uint8_t *)key->at, key->len};
}

int pen_rocks_shard_read(struct pen_rocks_db *db, struct pen_sink_state *state, struct pen_why *why)
{
	struct pen_rocks_key key = pen_rocks_state_key(state);
	struct pen_buf value = {0};
	int found = pen_rocks_db_get(db, key_bytes(&key), &value, why);
	if (found == 1 && pen_rocks_record_decode(pen_buf_bytes(&value), state))
		found = pen_fail(why, PEN_EVERIFY,
			"%s: the record of shard s%u.v%u cannot be read: it is damaged or of a "
			"newer penstock",
			db->path, state->shard_id, state->shard_version);
	pen_buf_fini(&value);
	return found;
}

void pen_rocks_shard_put(rocksdb_writebatch_t *batch, const struct pen_sink_state *state)
{
	char record[PEN_ROCKS_RECORD_BYTES];
	struct pen_rocks_key key = pen_rocks_state_key(state);
	pen_rocks_record_encode(state, record);
	rocksdb_writebatch_put(batch, key.at, key.len, record, sizeof record);
}

int pen_rocks_shard_markers(struct pen_rocks_db *db, struct pen_sink_state *state, uint8_t *applied,
	struct pen_why *why)
{
	struct pen_rocks_key prefix = pen_rocks_part_prefix(state);
	rocksdb_readoptions_t *options = rocksdb_readoptions_create();
	rocksdb_iterator_t *at = rocksdb_create_iterator_cf(
		db->db, options, db->family[PEN_ROCKS_DEFAULT]);
	char *error = NULL;
	int err = 0;
	state->applied = 0;
	for (rocksdb_iter_seek(at, prefix.at, prefix.len); rocksdb_iter_valid(at) && !err;
		rocksdb_iter_next(at)) {
		uint32_t k = 0;
		struct pen_bytes key = {0};
		key.at = (const uint8_t *)rocksdb_iter_key(at, &key.len);
		if (key.len < prefix.len || memcmp(key.at, prefix.at, prefix.len) != 0)
			break;
		if (pen_rocks_part_decode(key, &k) || k >= state->parts)
			err = pen_fail(why, PEN_EVERIFY,
				"%s: it holds a marker of a part that shard s%u.v%u, cut into %u, "
				"has not",
				db->path, state->shard_id, state->shard_version, state->parts);
		else if (applied)
			applied[k >> 3] |= (uint8_t)(1u << (k & 7));
		state->applied++;
	}
	rocksdb_iter_get_error(at, &error);
	if (!err)
		err = pen_rocks_fail(why, db->path, "cannot read its markers", &error);
	rocksdb_free(error);
	rocksdb_iter_destroy(at);
	rocksdb_readoptions_destroy(options);
	return err;
}

int pen_rocks_shard_marked(struct pen_rocks_db *db, const struct pen_sink_state *state, uint32_t k,
	struct pen_why *why)
{
	struct pen_rocks_key key = pen_rocks_part_key(state, k);
	struct pen_buf value = {0};
	int found = pen_rocks_db_get(db, key_bytes(&key), &value, why);
	pen_buf_fini(&value);
	return found;
}

bool pen_rocks_shard_is(const struct pen_sink_state *a, const struct pen_sink_state *b)
{
	return pen_hash_equal(&a->root, &b->root) && a->parts == b->parts;
}

int pen_rocks_shard_same(struct pen_rocks_db *db, const struct pen_sink_state *want,
	const struct pen_sink_state *have, struct pen_why *why)
{
	char want_root[PEN_HASH_TEXT_BYTES], have_root[PEN_HASH_TEXT_BYTES];
	if (pen_rocks_shard_is(want, have))
		return 0;
	return pen_fail(why, PEN_EREFUSED,
		"%s: shard s%u.v%u holds the state %s in %u parts, not %s in %u; use another "
		"database for another state",
		db->path, have->shard_id, have->shard_version, pen_base58(&have->root, have_root),
		have->parts, pen_base58(&want->root, want_root), want->parts);
}
