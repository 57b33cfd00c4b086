#include "part/nibbles.h"

#include "base/check.h"
#include "base/err.h"

size_t pen_hpe_encode(const uint8_t *nibbles, uint32_t count, bool leaf, uint8_t *out)
{
	PEN_CHECK(count <= PEN_KEY_NIBBLES_MAX);
	uint32_t odd = count % 2;
	out[0] = (uint8_t)((leaf ? 0x20 : 0) | (odd ? 0x10 | nibbles[0] : 0));
	for (uint32_t i = odd; i < count; i += 2)
		out[1 + i / 2] = (uint8_t)(nibbles[i] << 4 | nibbles[i + 1]);
	return 1 + count / 2;
}

int pen_path_append_hpe(struct pen_path *path, struct pen_bytes encoded)
{
	PEN_CHECK(encoded.len > 0);
	if (encoded.len > PEN_HPE_BYTES_MAX)
		return PEN_EINCONSISTENT;
	uint32_t count = pen_hpe_count(encoded);
	if (count > PEN_KEY_NIBBLES_MAX - path->len)
		return PEN_EINCONSISTENT;
	for (uint32_t i = 0; i < count; i++)
		path->at[path->len + i] = pen_hpe_at(encoded, i);
	path->len += count;
	return 0;
}

int pen_path_append(struct pen_path *path, uint8_t nibble)
{
	if (path->len == PEN_KEY_NIBBLES_MAX)
		return PEN_EINCONSISTENT;
	path->at[path->len++] = nibble;
	return 0;
}

void pen_path_of_key(struct pen_path *path, struct pen_bytes key)
{
	PEN_CHECK(key.len <= PEN_KEY_BYTES_MAX);
	path->len = (uint32_t)key.len * 2;
	for (size_t i = 0; i < key.len; i++) {
		path->at[2 * i] = key.at[i] >> 4;
		path->at[2 * i + 1] = key.at[i] & 15;
	}
}

int pen_path_key(const struct pen_path *path, uint8_t *key)
{
	if (path->len % 2)
		return PEN_EINCONSISTENT;
	for (uint32_t i = 0; i < path->len / 2; i++)
		key[i] = (uint8_t)(path->at[2 * i] << 4 | path->at[2 * i + 1]);
	return (int)(path->len / 2);
}

int pen_path_compare(const struct pen_path *a, const struct pen_path *b)
{
	return pen_bytes_compare(
		(struct pen_bytes){a->at, a->len}, (struct pen_bytes){b->at, b->len});
}

uint32_t pen_key_common(struct pen_bytes a, struct pen_bytes b)
{
	size_t most = a.len < b.len ? a.len : b.len, i = 0;
	for (; i + 8 <= most; i += 8) {
		uint64_t differ = pen_le64(a.at + i) ^ pen_le64(b.at + i);
		if (differ) {
			unsigned bit = (unsigned)__builtin_ctzll(differ);
			/* The high nibble of a byte comes first. */
			bool same_half = (differ >> (bit & ~7u) & 0xf0) == 0;
			return (uint32_t)(2 * (i + bit / 8) + same_half);
		}
	}
	while (i < most && a.at[i] == b.at[i])
		i++;
	return (uint32_t)(2 * i + (i < most && (a.at[i] ^ b.at[i]) < 16));
}
