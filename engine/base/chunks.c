#include "base/chunks.h"

#include <errno.h>
#include <stdlib.h>

void pen_chunks_fini(struct pen_chunks *chunks)
{
	if (!chunks)
		return;
	uint8_t **list = (uint8_t **)(void *)chunks->list.at;
	for (size_t i = 0; i < chunks->list.len / sizeof *list; i++)
		free(list[i]);
	pen_buf_fini(&chunks->list);
	*chunks = (struct pen_chunks){0};
}

void pen_chunks_reset(struct pen_chunks *chunks)
{
	uint8_t **list = (uint8_t **)(void *)chunks->list.at;
	size_t count = chunks->list.len / sizeof *list;
	for (size_t i = 1; i < count; i++)
		free(list[i]);
	/* The first may be larger than others; it is used as one of theirs. */
	if (count) {
		chunks->list.len = sizeof *list;
		chunks->cap = PEN_CHUNK_BYTES;
		chunks->bytes = PEN_CHUNK_BYTES;
	}
	chunks->used = 0;
}

static int add_chunk(struct pen_chunks *chunks, size_t need)
{
	size_t cap = need > PEN_CHUNK_BYTES ? need : PEN_CHUNK_BYTES;
	uint8_t *chunk = malloc(cap);
	if (!chunk)
		return -ENOMEM;
	int err = pen_buf_append(&chunks->list, &chunk, sizeof chunk);
	if (err) {
		free(chunk);
		return err;
	}
	chunks->used = 0;
	chunks->cap = cap;
	chunks->bytes += cap;
	return 0;
}

int pen_chunks_copy(struct pen_chunks *chunks, struct pen_bytes bytes, struct pen_bytes *out)
{
	if (!chunks->list.len || chunks->cap - chunks->used < bytes.len) {
		int err = add_chunk(chunks, bytes.len);
		if (err)
			return err;
	}
	uint8_t **list = (uint8_t **)(void *)chunks->list.at;
	uint8_t *at = list[chunks->list.len / sizeof *list - 1] + chunks->used;
	if (bytes.len)
		memcpy(at, bytes.at, bytes.len);
	chunks->used += bytes.len;
	*out = (struct pen_bytes){at, bytes.len};
	return 0;
}
