#include "util.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <zstd.h>

#include "base/rng.h"
#include "base/text.h"
#include "make/kv.h"
#include "part/judge.h"
#include "part/press.h"

static struct pen_buf unpack(struct pen_buf packed)
{
	struct pen_buf plain = {0};
	ZSTD_DStream *stream = ZSTD_createDStream();
	ZSTD_inBuffer in = {packed.at, packed.len, 0};
	while (in.pos < in.size) {
		cr_assert_eq(pen_buf_grow(&plain, 1 << 20), 0);
		ZSTD_outBuffer out = {plain.at, plain.cap, plain.len};
		cr_assert_not(ZSTD_isError(ZSTD_decompressStream(stream, &out, &in)));
		plain.len = out.pos;
	}
	ZSTD_freeDStream(stream);
	pen_buf_fini(&packed);
	return plain;
}

struct pen_buf test_data(const char *name)
{
	char path[1024];
	struct pen_buf buf = {0};
	const char *root = getenv("PEN_TEST_DATA");
	cr_assert_not_null(root, "PEN_TEST_DATA is not set: run by meson test");
	snprintf(path, sizeof path, "%s/near/%s", root, name);
	FILE *file = fopen(path, "rb");
	cr_assert_not_null(file, "no test data at %s", path);
	for (size_t got = 1; got; buf.len += got) {
		cr_assert_eq(pen_buf_grow(&buf, 1 << 16), 0);
		got = fread(buf.at + buf.len, 1, buf.cap - buf.len, file);
	}
	fclose(file);
	size_t len = strlen(name);
	return len > 4 && !strcmp(name + len - 4, ".zst") ? unpack(buf) : buf;
}

bool test_line(const struct pen_buf *text, size_t *at, char **line)
{
	if (*at >= text->len)
		return false;
	*line = (char *)text->at + *at;
	uint8_t *end = memchr(text->at + *at, '\n', text->len - *at);
	cr_assert_not_null(end, "test data must end in a newline");
	*end = 0;
	*at = (size_t)(end + 1 - text->at);
	return true;
}

/* Memory that lives as long as the state. */
static uint8_t *keep(struct test_state *state, const void *bytes, size_t len)
{
	uint8_t *at = malloc(len ? len : 1);
	cr_assert_not_null(at);
	if (len)
		memcpy(at, bytes, len);
	cr_assert_eq(pen_buf_append(&state->chunks, &at, sizeof at), 0);
	return at;
}

void test_state_fini(struct test_state *state)
{
	void **chunks = (void **)(void *)state->chunks.at;
	for (size_t i = 0; i < state->chunks.len / sizeof *chunks; i++)
		free(chunks[i]);
	pen_buf_fini(&state->chunks);
	pen_buf_fini(&state->pairs);
	pen_entries_fini(&state->entries);
}

void test_state_add(struct test_state *state, const void *key, size_t key_len, const void *value,
	size_t value_len)
{
	struct test_pair pair = {
		{keep(state, key, key_len), key_len}, {keep(state, value, value_len), value_len}};
	cr_assert_eq(pen_buf_append(&state->pairs, &pair, sizeof pair), 0);
}

static int built(void *context, const struct pen_hash *hash, struct pen_bytes node)
{
	struct test_state *state = context;
	struct pen_bytes bytes = {keep(state, node.at, node.len), node.len};
	return pen_entries_add(&state->entries, hash, bytes) < 0 ? -1 : 0;
}

void test_state_build(struct test_state *state)
{
	struct pen_build build;
	const struct test_pair *pairs = (const struct test_pair *)(void *)state->pairs.at;
	pen_build_init(&build, built, state);
	for (size_t i = 0; i < state->pairs.len / sizeof *pairs; i++) {
		struct pen_hash hash;
		pen_sha256(pairs[i].value, &hash);
		cr_assert_geq(pen_entries_add(&state->entries, &hash, pairs[i].value), 0);
		cr_assert_eq(
			pen_build_push(&build, pairs[i].key, (uint32_t)pairs[i].value.len, &hash),
			0, "pair %zu", i);
	}
	cr_assert_eq(pen_build_finish(&build, &state->sum), 0);
	pen_build_fini(&build);
}

static int compare_keys(const void *a, const void *b)
{
	return pen_bytes_compare(
		((const struct test_pair *)a)->key, ((const struct test_pair *)b)->key);
}

void test_state_random(struct test_state *state, struct pen_rng *rng)
{
	static const uint8_t alphabet[] = {0x00, 0x01, 0x10, 0x11, 0xf0, 0xff};
	size_t count = pen_rng_below(rng, 40);
	*state = (struct test_state){0};
	for (size_t i = 0; i < count; i++) {
		uint8_t key[8], value[64];
		size_t key_len = pen_rng_below(rng, sizeof key), value_len = pen_rng_below(rng, 64);
		for (size_t j = 0; j < key_len; j++)
			key[j] = alphabet[pen_rng_below(rng, pen_rng_below(rng, 2) ? 2 : 6)];
		memset(value, (int)pen_rng_below(rng, 3), sizeof value);
		test_state_add(state, key, key_len, value, pen_rng_below(rng, 2) ? value_len : 20);
	}
	struct test_pair *pairs = (struct test_pair *)(void *)state->pairs.at;
	if (count)
		qsort(pairs, count, sizeof *pairs, compare_keys);
	size_t kept = 0;
	for (size_t i = 0; i < count; i++) {
		if (kept == 0 || pen_bytes_compare(pairs[i].key, pairs[kept - 1].key))
			pairs[kept++] = pairs[i];
	}
	state->pairs.len = kept * sizeof *pairs;
	test_state_build(state);
}

static void load_hex(struct test_state *state, struct pen_buf *text)
{
	char *line;
	for (size_t at = 0; test_line(text, &at, &line);) {
		char *value = strchr(line, ' ') + 1;
		size_t key_len = (size_t)(value - 1 - line) / 2, value_len = strlen(value) / 2;
		uint8_t *bytes = malloc(key_len + value_len);
		cr_assert_eq(pen_hex_decode(line, key_len * 2, bytes), 0);
		cr_assert_eq(pen_hex_decode(value, value_len * 2, bytes + key_len), 0);
		test_state_add(state, bytes, key_len, bytes + key_len, value_len);
		free(bytes);
	}
}

void test_state_load(struct test_state *state, const char *name)
{
	struct pen_buf text = test_data(name);
	*state = (struct test_state){0};
	if (strstr(name, ".hex"))
		load_hex(state, &text);
	for (const uint8_t *at = text.at; !strstr(name, ".hex") && at < text.at + text.len;) {
		uint32_t key_len = pen_le32(at), value_len = pen_le32(at + 4);
		test_state_add(state, at + 8, key_len, at + 8 + key_len, value_len);
		at += 8 + key_len + value_len;
	}
	pen_buf_fini(&text);
	test_state_build(state);
}

void test_state_part(struct test_state *state, uint64_t k, uint64_t n, struct pen_buf *out)
{
	struct pen_collect collect = {0};
	struct pen_why why = {0};
	struct pen_part_id id = {state->sum.root, k, n};
	cr_assert_eq(
		pen_collect_part(&collect, &state->entries, &id, out, &why), 0, "%s", why.text);
	pen_collect_fini(&collect);
}

static void write_hex(FILE *file, struct pen_bytes bytes, char end)
{
	for (size_t i = 0; i < bytes.len; i++)
		fprintf(file, "%02x", bytes.at[i]);
	fprintf(file, bytes.len ? "%c" : "-%c", end);
}

void test_state_write(const struct test_state *state, const char *path, bool hex)
{
	const struct test_pair *pairs = (const struct test_pair *)(const void *)state->pairs.at;
	FILE *file = fopen(path, "wb");
	cr_assert_not_null(file);
	for (size_t i = 0; i < state->pairs.len / sizeof *pairs; i++) {
		uint8_t head[PEN_KV_HEAD_BYTES];
		struct pen_pair pair = {pairs[i].key, pairs[i].value};
		pen_kv_head(&pair, head);
		if (hex) {
			write_hex(file, pair.key, ' ');
			write_hex(file, pair.value, '\n');
			continue;
		}
		fwrite(head, sizeof head, 1, file);
		fwrite(pair.key.at, 1, pair.key.len, file);
		fwrite(pair.value.at, 1, pair.value.len, file);
	}
	cr_assert_eq(fclose(file), 0);
}

const char *test_sha_hex(struct pen_bytes bytes, char text[PEN_HASH_HEX_BYTES])
{
	struct pen_hash hash;
	pen_sha256(bytes, &hash);
	return pen_hex((struct pen_bytes){hash.bytes, sizeof hash.bytes}, text);
}

void test_lean(struct pen_bytes stored, const struct pen_part_id *id, struct pen_buf *out)
{
	static struct pen_judge judge;
	static struct pen_press press;
	struct pen_why why = {0};
	cr_assert_eq(pen_judge_part(&judge, id, stored, &why), 0, "%s", why.text);
	cr_assert_eq(pen_press_proof(&press, &judge.proof, 1, out, &why), 0, "%s", why.text);
}
