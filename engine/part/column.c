#include "part/column.h"

#include "base/check.h"
#include "part/borsh.h"

/* Tags of nearcore's FlatStateValue. */
enum { FLAT_REF = 0, FLAT_INLINED = 1 };

bool pen_flat_head(struct pen_bytes value, const struct pen_hash *hash,
	uint8_t head[PEN_FLAT_HEAD_BYTES_MAX], size_t *len)
{
	PEN_CHECK(value.len <= UINT32_MAX);
	bool inlined = value.len <= PEN_INLINE_BYTES_MAX;
	head[0] = inlined ? FLAT_INLINED : FLAT_REF;
	pen_put_le32(head + 1, (uint32_t)value.len);
	*len = 5;
	if (inlined)
		return true;
	memcpy(head + 5, hash->bytes, PEN_HASH_BYTES);
	*len += PEN_HASH_BYTES;
	return false;
}

int pen_flat_decode(struct pen_bytes bytes, struct pen_flat *out)
{
	struct pen_borsh reader = pen_borsh_reader(bytes);
	struct pen_flat flat = {0};
	uint8_t tag = pen_borsh_u8(&reader);
	if (tag > FLAT_INLINED)
		return PEN_EVERIFY;
	flat.inlined = tag == FLAT_INLINED;
	flat.value_len = pen_borsh_u32(&reader);
	const uint8_t *at = pen_borsh_take(
		&reader, flat.inlined ? (size_t)flat.value_len : PEN_HASH_BYTES);
	if (!pen_borsh_done(&reader))
		return PEN_EVERIFY;
	if (flat.inlined)
		flat.value = (struct pen_bytes){at, flat.value_len};
	else
		memcpy(flat.hash.bytes, at, PEN_HASH_BYTES);
	*out = flat;
	return 0;
}

int pen_refs_decode(struct pen_bytes bytes, struct pen_bytes *payload, int64_t *refs)
{
	if (bytes.len < PEN_REFS_BYTES)
		return PEN_EVERIFY;
	payload->at = bytes.at;
	payload->len = bytes.len - PEN_REFS_BYTES;
	*refs = (int64_t)pen_le64(bytes.at + payload->len);
	return 0;
}
