#include "part/pack.h"

#include <errno.h>

#include "base/check.h"

void pen_pack_init(struct pen_pack *pack, pen_pack_fn fn, void *context)
{
	*pack = (struct pen_pack){.fn = fn, .context = context};
}

void pen_pack_fini(struct pen_pack *pack)
{
	if (!pack)
		return;
	pen_buf_fini(&pack->numbers);
	pen_buf_fini(&pack->keys);
	pen_buf_fini(&pack->values);
	pen_buf_fini(&pack->raw);
	pen_entries_fini(&pack->named);
	pen_buf_fini(&pack->firsts);
	*pack = (struct pen_pack){0};
}

static void begin_frame(struct pen_pack *pack)
{
	pack->numbers.len = 0;
	pack->keys.len = 0;
	pack->values.len = 0;
	pack->raw_pairs = 0;
}

void pen_pack_reset(struct pen_pack *pack)
{
	begin_frame(pack);
	pen_entries_reset(&pack->named);
	pack->firsts.len = 0;
	pack->key_len = 0;
	pack->pairs = 0;
	pack->frames = 0;
	pack->raw_bytes = 0;
	pack->scratch_bytes = 0;
}

/* Raw bytes of the open frame. */
static size_t raw_bytes(const struct pen_pack *pack)
{
	return PEN_LEAN_COLUMNS_BYTES + pack->numbers.len + pack->keys.len + pack->values.len;
}

/* Lay the columns one behind the other: a compressor and a checksum want them in one piece, and
 * only now it is known where each ends. */
static int lay_out(struct pen_pack *pack)
{
	uint8_t head[PEN_LEAN_COLUMNS_BYTES];
	const struct pen_buf *columns[] = {&pack->numbers, &pack->keys, &pack->values};
	if (pen_buf_reserve(&pack->raw, raw_bytes(pack)))
		return -ENOMEM;
	pen_put_le32(head, (uint32_t)pack->numbers.len);
	pen_put_le32(head + 4, (uint32_t)pack->keys.len);
	pack->raw.len = 0;
	int err = pen_buf_append(&pack->raw, head, sizeof head);
	for (unsigned i = 0; i < 3 && !err; i++)
		err = pen_buf_append(&pack->raw, columns[i]->at, columns[i]->len);
	return err;
}

/* The open frame goes out, if there is one. */
static int close_frame(struct pen_pack *pack)
{
	if (!pack->raw_pairs)
		return 0;
	int err = lay_out(pack);
	if (!err)
		err = pack->fn(
			pack->context, pack->frames, pen_buf_bytes(&pack->raw), pack->raw_pairs);
	pack->frames++;
	pack->raw_bytes += pack->raw.len;
	begin_frame(pack);
	return err;
}

/* The first pair that has this value: *first is below pack->pairs if there was one. */
static int find_first(
	struct pen_pack *pack, struct pen_bytes value, const struct pen_hash *hash, uint32_t *first)
{
	struct pen_hash own;
	*first = pack->pairs;
	if (value.len < PEN_LEAN_NAMED_BYTES_MIN)
		return 0;
	if (!hash) {
		pen_sha256(value, &own);
		hash = &own;
	}
	uint32_t at = pen_entries_find(&pack->named, hash);
	if (at != PEN_ENTRY_NONE) {
		*first = ((const uint32_t *)(const void *)pack->firsts.at)[at];
		return 0;
	}
	pack->scratch_bytes += value.len;
	int err = pen_entries_add(&pack->named, hash, (struct pen_bytes){0});
	return err < 0 ? err : pen_buf_append(&pack->firsts, first, sizeof *first);
}

static uint8_t *put_number(uint8_t *at, uint64_t number)
{
	for (; number > 127; number >>= 7)
		*at++ = (uint8_t)(number | 128);
	*at++ = (uint8_t)number;
	return at;
}

/* Append the record of a pair whose value is that of pair `first`, or its own. */
static int put_record(struct pen_pack *pack, const struct pen_pair *pair, uint32_t first)
{
	bool named = first != pack->pairs;
	struct pen_bytes last = {pack->key, pack->key_len};
	size_t shared = pack->raw_pairs ? pen_key_common(last, pair->key) / 2 : 0;
	size_t rest = pair->key.len - shared;
	if (pen_buf_grow(&pack->numbers, PEN_LEAN_RECORD_BYTES_MAX))
		return -ENOMEM;
	uint8_t *begin = pack->numbers.at + pack->numbers.len;
	uint8_t *at = put_number(put_number(begin, shared), rest);
	at = put_number(at, named ? 2 * (uint64_t)first + 1 : 2 * (uint64_t)pair->value.len);
	pack->numbers.len += (size_t)(at - begin);
	/* The frame is what a compressor reads: keys and values lie scattered before. */
	int err = rest ? pen_buf_append(&pack->keys, pair->key.at + shared, rest) : 0;
	return err || named ? err : pen_buf_append(&pack->values, pair->value.at, pair->value.len);
}

static int check_pair(const struct pen_pack *pack, const struct pen_pair *pair, struct pen_why *why)
{
	struct pen_bytes last = {pack->key, pack->key_len};
	if (pair->key.len > PEN_KEY_BYTES_MAX || pair->value.len > PEN_VALUE_BYTES_MAX)
		return pen_fail(why, PEN_EINPUT,
			"a key of %zu bytes with a value of %zu, at most %u and %u are allowed",
			pair->key.len, pair->value.len, PEN_KEY_BYTES_MAX, PEN_VALUE_BYTES_MAX);
	if (pack->pairs && pen_bytes_compare(pair->key, last) <= 0)
		return pen_fail(why, PEN_EINPUT, "pair %u is not larger than the one before it",
			pack->pairs);
	return 0;
}

static int append(struct pen_pack *pack, const struct pen_pair *pair, const struct pen_hash *hash)
{
	uint32_t first;
	int err = find_first(pack, pair->value, hash, &first);
	bool alone = first == pack->pairs && pair->value.len >= PEN_LEAN_CUT_BYTES;
	if (!err && alone)
		err = close_frame(pack);
	if (!err)
		err = put_record(pack, pair, first);
	if (err)
		return err;
	if (pair->key.len)
		memcpy(pack->key, pair->key.at, pair->key.len);
	pack->key_len = (uint32_t)pair->key.len;
	pack->pairs++;
	pack->raw_pairs++;
	return raw_bytes(pack) >= PEN_LEAN_CUT_BYTES ? close_frame(pack) : 0;
}

int pen_pack_push(struct pen_pack *pack, const struct pen_pair *pair, const struct pen_hash *hash,
	struct pen_why *why)
{
	PEN_CHECK(pack->fn != NULL);
	int err = check_pair(pack, pair, why);
	if (err)
		return err;
	err = append(pack, pair, hash);
	if (err == -ENOMEM)
		return pen_fail(why, err, "no memory for the frame of a lean part");
	size_t open = pack->raw_pairs ? raw_bytes(pack) : 0;
	if (!err && pack->raw_bytes + open > PEN_PART_BYTES_MAX)
		return pen_fail(why, PEN_EREFUSED,
			"no lean form: more than %zu bytes of keys and values", PEN_PART_BYTES_MAX);
	return err;
}

int pen_pack_close(struct pen_pack *pack)
{
	return close_frame(pack);
}
