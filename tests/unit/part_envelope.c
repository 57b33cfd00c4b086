#include <criterion/criterion.h>
#include <stdlib.h>
#include <zstd.h>

#include "base/check.h"
#include "part/envelope.h"
#include "part/partial.h"
#include "util.h"

/* 27 x 'a', 20 x 'x', 20 x '0', unsorted: the input of nearcore's own tests of StatePart. */
#define CONTENT \
	"00030000001b000000616161616161616161616161616161616161616161616161616161140000007878" \
	"787878787878787878787878787878787878140000003030303030303030303030303030303030303030"

static struct pen_bytes of_hex(const char *hex, uint8_t *out)
{
	cr_assert_eq(pen_hex_decode(hex, strlen(hex), out), 0);
	return (struct pen_bytes){out, strlen(hex) / 2};
}

Test(part_envelope, published_parts)
{
	static const struct {
		const char *hex;
		enum pen_envelope_kind kind;
		const char *content;
	} rows[] = {
		{"0054000000" CONTENT, PEN_ENVELOPE_V0, CONTENT},
		{"015d00000028b52ffd2054a10200" CONTENT, PEN_ENVELOPE_V1, CONTENT},
		{"012600000028b52ffd0048ed0000a000030000001b000000611400000078140000003003"
		 "1000894eb48d04",
			PEN_ENVELOPE_V1, CONTENT},
		{"00050000000000000000", PEN_ENVELOPE_V0, "0000000000"},
		{"010e00000028b52ffd20052900000000000000", PEN_ENVELOPE_V1, "0000000000"},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		uint8_t bytes[256], content[256];
		struct pen_zstd zstd = {0};
		struct pen_buf plain = {0};
		struct pen_envelope out;
		struct pen_why why = {0};
		cr_assert_eq(pen_envelope_open(
				     &zstd, of_hex(rows[i].hex, bytes), false, &plain, &out, &why),
			0, "row %zu: %s", i, why.text);
		cr_expect_eq(out.kind, rows[i].kind);
		cr_expect_eq(pen_bytes_compare(out.content, of_hex(rows[i].content, content)), 0);
		pen_buf_fini(&plain);
		pen_zstd_fini(&zstd);
	}
}

Test(part_envelope, bare_only_when_asked)
{
	uint8_t bytes[256];
	struct pen_zstd zstd = {0};
	struct pen_buf plain = {0};
	struct pen_envelope out;
	struct pen_bytes bare = of_hex(CONTENT, bytes);
	cr_expect_eq(pen_envelope_open(&zstd, bare, true, &plain, &out, NULL), 0);
	cr_expect_eq(out.content.at, bare.at);
	cr_expect_eq(out.kind, PEN_ENVELOPE_BARE);
	cr_expect_eq(pen_envelope_open(&zstd, bare, false, &plain, &out, NULL), PEN_EENVELOPE);
	pen_zstd_fini(&zstd);
}

Test(part_envelope, seals_what_it_opens)
{
	static const int levels[] = {PEN_LEVEL_MIN, -5, 0, 1, 3, 19};
	struct pen_zstd zstd = {0};
	struct pen_buf plain = {0};
	struct pen_buf content = test_data("mainnet-genesis.hex");
	/* Head of a PartialState with no entries: the envelope looks at no more. */
	memcpy(content.at, "\0\0\0\0\0", 5);
	for (size_t i = 0; i < PEN_COUNT(levels); i++) {
		struct pen_buf file = {0};
		struct pen_envelope out;
		cr_assert_eq(
			pen_envelope_seal(&zstd, pen_buf_bytes(&content), levels[i], &file, NULL),
			0);
		cr_expect_lt(file.len, content.len);
		/* No content size and no checksum in the frame header, as nearcore writes it. */
		cr_expect_eq(file.at[9] & 0xe4, 0);
		cr_assert_eq(
			pen_envelope_open(&zstd, pen_buf_bytes(&file), false, &plain, &out, NULL),
			0);
		cr_expect_eq(pen_bytes_compare(out.content, pen_buf_bytes(&content)), 0);
		pen_buf_fini(&file);
	}
	pen_buf_fini(&content);
	pen_buf_fini(&plain);
	pen_zstd_fini(&zstd);
}

/* The content of a frame is all there long before its checksum is: that it must come, too. */
Test(part_envelope, a_frame_ends_where_it_ends)
{
	uint8_t content[128], file[256];
	struct pen_bytes plain_bytes = of_hex(CONTENT, content);
	ZSTD_CCtx *encoder = ZSTD_createCCtx();
	struct pen_zstd zstd = {0};
	struct pen_buf plain = {0};
	struct pen_envelope out;
	ZSTD_CCtx_setParameter(encoder, ZSTD_c_checksumFlag, 1);
	size_t len = ZSTD_compress2(
		encoder, file + 5, sizeof file - 5, plain_bytes.at, plain_bytes.len);
	ZSTD_freeCCtx(encoder);
	file[0] = 1;
	for (size_t cut = 0; cut < len; cut++) {
		pen_put_le32(file + 1, (uint32_t)(len - cut));
		struct pen_bytes bytes = {file, 5 + len - cut};
		cr_expect_eq(pen_envelope_open(&zstd, bytes, false, &plain, &out, NULL),
			cut ? PEN_EENVELOPE : 0, "%zu bytes cut off", cut);
	}
	pen_buf_fini(&plain);
	pen_zstd_fini(&zstd);
}

/* Compress `len` equal bytes behind a PartialState head with this count. */
static void seal_bomb(struct pen_buf *file, size_t len, uint32_t count)
{
	uint8_t *bytes = calloc(1, len);
	pen_put_le32(bytes + 1, count);
	size_t bound = ZSTD_compressBound(len);
	cr_assert_eq(pen_buf_reserve(file, bound + 5), 0);
	file->len = 5 + ZSTD_compress(file->at + 5, bound, bytes, len, 1);
	file->at[0] = 1;
	pen_put_le32(file->at + 1, (uint32_t)file->len - 5);
	free(bytes);
}

Test(part_envelope, bombs_end_early, .timeout = 60)
{
	static const struct {
		size_t len;
		uint32_t count;
		const char *why;
		size_t cap_max;
	} rows[] = {
		{((size_t)512 << 20) + 1, 0, "decompression limit exceeded",
			((size_t)512 << 20) + 1},
		{(size_t)64 << 20, PEN_PART_ENTRIES_MAX + 1, "entry limit exceeded", 1 << 20},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_buf file = {0}, plain = {0};
		struct pen_zstd zstd = {0};
		struct pen_envelope out;
		struct pen_why why = {0};
		seal_bomb(&file, rows[i].len, rows[i].count);
		cr_expect_eq(
			pen_envelope_open(&zstd, pen_buf_bytes(&file), false, &plain, &out, &why),
			PEN_EENVELOPE);
		cr_expect_not_null(strstr(why.text, rows[i].why), "%s", why.text);
		cr_expect_leq(plain.cap, rows[i].cap_max);
		pen_buf_fini(&file);
		pen_buf_fini(&plain);
		pen_zstd_fini(&zstd);
	}
}
