#include "make/kv.h"

#include "base/check.h"

void pen_kv_head(const struct pen_pair *pair, uint8_t head[PEN_KV_HEAD_BYTES])
{
	PEN_CHECK(pair->key.len <= PEN_KEY_BYTES_MAX);
	PEN_CHECK(pair->value.len <= PEN_VALUE_BYTES_MAX);
	pen_put_le32(head, (uint32_t)pair->key.len);
	pen_put_le32(head + 4, (uint32_t)pair->value.len);
}

int pen_kv_decode(struct pen_bytes bytes, struct pen_pair *out, size_t *used, struct pen_why *why)
{
	*used = PEN_KV_HEAD_BYTES;
	if (bytes.len < PEN_KV_HEAD_BYTES)
		return 0;
	uint32_t key = pen_le32(bytes.at), value = pen_le32(bytes.at + 4);
	if (key > PEN_KEY_BYTES_MAX)
		return pen_fail(why, PEN_EINPUT,
			"it announces a key of %u bytes, at most %u are allowed", key,
			PEN_KEY_BYTES_MAX);
	if (value > PEN_VALUE_BYTES_MAX)
		return pen_fail(why, PEN_EINPUT,
			"it announces a value of %u bytes, at most %u are allowed", value,
			PEN_VALUE_BYTES_MAX);
	*used = PEN_KV_HEAD_BYTES + (size_t)key + value;
	if (bytes.len < *used)
		return 0;
	out->key = (struct pen_bytes){bytes.at + PEN_KV_HEAD_BYTES, key};
	out->value = (struct pen_bytes){bytes.at + PEN_KV_HEAD_BYTES + key, value};
	return 1;
}
