#include "drivers/rocks/keys.h"

#include "base/check.h"
#include "part/borsh.h"
#include "part/id.h"

enum { RECORD_VERSION = 1 };

void pen_rocks_shard(const struct pen_sink_state *state, uint8_t shard[8])
{
	pen_shard_key(
		(struct pen_shard){.version = state->shard_version, .id = state->shard_id}, shard);
}

static void key_append(struct pen_rocks_key *key, const void *at, size_t len)
{
	PEN_CHECK(key->len + len <= sizeof key->at);
	memcpy(key->at + key->len, at, len);
	key->len += len;
}

static struct pen_rocks_key key_of(const char *name, const struct pen_sink_state *state)
{
	struct pen_rocks_key key = {0};
	uint8_t shard[PEN_SHARD_KEY_BYTES];
	pen_rocks_shard(state, shard);
	key_append(&key, name, strlen(name));
	key_append(&key, shard, sizeof shard);
	return key;
}

struct pen_rocks_key pen_rocks_state_key(const struct pen_sink_state *state)
{
	return key_of("penstock/state/", state);
}

struct pen_rocks_key pen_rocks_part_prefix(const struct pen_sink_state *state)
{
	return key_of("penstock/part/", state);
}

struct pen_rocks_key pen_rocks_part_key(const struct pen_sink_state *state, uint32_t k)
{
	struct pen_rocks_key key = pen_rocks_part_prefix(state);
	uint32_t sorted = __builtin_bswap32(k);
	key_append(&key, &sorted, sizeof sorted);
	return key;
}

int pen_rocks_part_decode(struct pen_bytes key, uint32_t *k)
{
	size_t head = sizeof "penstock/part/" - 1 + PEN_SHARD_KEY_BYTES;
	if (key.len != head + sizeof *k)
		return PEN_EVERIFY;
	*k = __builtin_bswap32(pen_le32(key.at + head));
	return 0;
}

void pen_rocks_record_encode(
	const struct pen_sink_state *state, char record[PEN_ROCKS_RECORD_BYTES])
{
	uint8_t *at = (uint8_t *)record;
	at[0] = RECORD_VERSION;
	memcpy(at + 1, state->root.bytes, PEN_HASH_BYTES);
	pen_put_le32(at + 33, state->parts);
	at[37] = state->done;
}

int pen_rocks_record_decode(struct pen_bytes record, struct pen_sink_state *state)
{
	struct pen_borsh reader = pen_borsh_reader(record);
	uint8_t version = pen_borsh_u8(&reader);
	const uint8_t *root = pen_borsh_take(&reader, PEN_HASH_BYTES);
	uint32_t parts = pen_borsh_u32(&reader);
	uint8_t done = pen_borsh_u8(&reader);
	if (!pen_borsh_done(&reader) || version != RECORD_VERSION || done > 1)
		return PEN_EVERIFY;
	if (parts > PEN_PARTS_MAX)
		return PEN_EVERIFY;
	memcpy(state->root.bytes, root, PEN_HASH_BYTES);
	state->parts = parts;
	state->done = done;
	return 0;
}
