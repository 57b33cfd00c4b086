#include "part/id.h"

#include <stdio.h>

#include "base/err.h"

uint64_t pen_part_count(uint64_t memory_usage)
{
	return memory_usage / PEN_PART_MEMORY_LIMIT + (memory_usage % PEN_PART_MEMORY_LIMIT != 0);
}

uint64_t pen_part_count_max(uint64_t memory_usage)
{
	return memory_usage < PEN_PARTS_MAX ? memory_usage : PEN_PARTS_MAX;
}

/* Read decimal digits that fit 32 bits; moves *text behind them. */
static int u32_parse(const char **text, uint32_t *out)
{
	uint64_t value = 0;
	const char *at = *text;
	for (; *at >= '0' && *at <= '9' && value <= UINT32_MAX; at++)
		value = value * 10 + (uint64_t)(*at - '0');
	if (at == *text || value > UINT32_MAX)
		return PEN_EINPUT;
	*text = at;
	*out = (uint32_t)value;
	return 0;
}

int pen_shard_parse(const char *text, struct pen_shard *out)
{
	struct pen_shard shard;
	if (*text++ != 's' || u32_parse(&text, &shard.id))
		return PEN_EINPUT;
	if (*text++ != '.' || *text++ != 'v' || u32_parse(&text, &shard.version) || *text)
		return PEN_EINPUT;
	*out = shard;
	return 0;
}

const char *pen_shard_text(struct pen_shard shard, char text[PEN_SHARD_TEXT_BYTES])
{
	snprintf(text, PEN_SHARD_TEXT_BYTES, "s%u.v%u", shard.id, shard.version);
	return text;
}

void pen_shard_key(struct pen_shard shard, uint8_t key[PEN_SHARD_KEY_BYTES])
{
	pen_put_le32(key, shard.version);
	pen_put_le32(key + 4, shard.id);
}
