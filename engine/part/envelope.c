#include "part/envelope.h"

/* For one parameter that zstd still calls experimental; without it a part is only larger. */
#define ZSTD_STATIC_LINKING_ONLY

#include <errno.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/check.h"
#include "part/partial.h"

/* The first output of a V1: enough for the head of a PartialState and for most small parts. */
#define PLAIN_BYTES_MIN ((size_t)64 << 10)

void pen_zstd_fini(struct pen_zstd *zstd)
{
	if (!zstd)
		return;
	ZSTD_freeDCtx(zstd->decoder);
	ZSTD_freeCCtx(zstd->encoder);
	*zstd = (struct pen_zstd){0};
}

static size_t bytes_max(const struct pen_zstd *zstd)
{
	return zstd->bytes_max ? zstd->bytes_max : PEN_PART_BYTES_MAX;
}

static unsigned window_log(const struct pen_zstd *zstd)
{
	return zstd->window_log ? zstd->window_log : PEN_WINDOW_LOG_MAX;
}

static int decoder_reset(struct pen_zstd *zstd)
{
	if (!zstd->decoder)
		zstd->decoder = ZSTD_createDCtx();
	if (!zstd->decoder)
		return -ENOMEM;
	ZSTD_DCtx_reset(zstd->decoder, ZSTD_reset_session_only);
	ZSTD_DCtx_setParameter(zstd->decoder, ZSTD_d_windowLogMax, (int)window_log(zstd));
	return 0;
}

/* Room for the next output: doubled, and never more than one byte above the limit, so that one
 * byte too many is seen. */
static int plain_grow(const struct pen_zstd *zstd, struct pen_buf *plain)
{
	size_t most = bytes_max(zstd) + 1;
	if (plain->len < plain->cap)
		return 0;
	size_t cap = plain->cap < PLAIN_BYTES_MIN ? PLAIN_BYTES_MIN : plain->cap * 2;
	return pen_buf_reserve(plain, cap > most ? most : cap);
}

/* The entry limit is checked as soon as the head of the PartialState is out. */
static int plain_check(
	const struct pen_zstd *zstd, const struct pen_buf *plain, struct pen_why *why)
{
	uint32_t count;
	if (plain->len > bytes_max(zstd) && bytes_max(zstd) < PEN_PART_BYTES_MAX)
		return pen_fail(why, PEN_ELARGE, "decompressed it has more than %zu bytes",
			bytes_max(zstd));
	if (plain->len > PEN_PART_BYTES_MAX)
		return pen_fail(why, PEN_EENVELOPE,
			"decompression limit exceeded: more than %zu bytes", PEN_PART_BYTES_MAX);
	return plain->len < PEN_PARTIAL_HEAD_BYTES ? 0 : pen_partial_head(plain->at, &count, why);
}

static int frame_fail(
	const struct pen_zstd *zstd, size_t code, const ZSTD_inBuffer *in, struct pen_why *why)
{
	if (ZSTD_getErrorCode(code) == ZSTD_error_frameParameter_windowTooLarge &&
		window_log(zstd) < PEN_WINDOW_LOG_MAX)
		return pen_fail(why, PEN_ELARGE, "its zstd window is larger than %zu bytes",
			(size_t)1 << window_log(zstd));
	return pen_fail(why, PEN_EENVELOPE, "zstd: %s at byte %zu of %zu", ZSTD_getErrorName(code),
		in->pos, in->size);
}

static int decompress(
	struct pen_zstd *zstd, struct pen_bytes payload, struct pen_buf *plain, struct pen_why *why)
{
	int err = decoder_reset(zstd);
	if (err)
		return pen_fail(why, err, "no memory for a decompressor");
	ZSTD_inBuffer in = {payload.at, payload.len, 0};
	size_t rest = 1; /* 0 at the end of a frame: there the input may end */
	plain->len = 0;
	while (in.pos < in.size || (rest && plain->len == plain->cap && in.size)) {
		err = plain_grow(zstd, plain);
		if (err)
			return pen_fail(why, err, "no memory for a part of more than %zu bytes",
				plain->cap);
		ZSTD_outBuffer out = {plain->at, plain->cap, plain->len};
		rest = ZSTD_decompressStream(zstd->decoder, &out, &in);
		if (ZSTD_isError(rest))
			return frame_fail(zstd, rest, &in, why);
		plain->len = out.pos;
		err = plain_check(zstd, plain, why);
		if (err)
			return err;
	}
	if (rest)
		return pen_fail(why, PEN_EENVELOPE, "zstd: the last frame ends too early");
	return 0;
}

int pen_envelope_open(struct pen_zstd *zstd, struct pen_bytes bytes, bool bare,
	struct pen_buf *plain, struct pen_envelope *out, struct pen_why *why)
{
	if (bare) {
		*out = (struct pen_envelope){PEN_ENVELOPE_BARE, bytes, bytes};
		return 0;
	}
	if (bytes.len < PEN_ENVELOPE_HEAD_BYTES)
		return pen_fail(why, PEN_EENVELOPE, "a part of %zu bytes: its head alone has %d",
			bytes.len, PEN_ENVELOPE_HEAD_BYTES);
	if (bytes.at[0] > PEN_ENVELOPE_V1)
		return pen_fail(
			why, PEN_EENVELOPE, "unknown StatePart version, tag %u", bytes.at[0]);
	uint32_t len = pen_le32(bytes.at + 1);
	if (len != bytes.len - PEN_ENVELOPE_HEAD_BYTES)
		return pen_fail(why, PEN_EENVELOPE, "the envelope says %u bytes and %zu follow",
			len, bytes.len - PEN_ENVELOPE_HEAD_BYTES);
	out->kind = (enum pen_envelope_kind)bytes.at[0];
	out->payload = (struct pen_bytes){bytes.at + PEN_ENVELOPE_HEAD_BYTES, len};
	out->content = out->payload;
	if (out->kind == PEN_ENVELOPE_V0)
		return 0;
	int err = decompress(zstd, out->payload, plain, why);
	out->content = pen_buf_bytes(plain);
	return err;
}

/*
 * Level 1 with parameters for sorted entries of a trie. Half of their bytes are hashes, in which
 * nothing repeats: a smaller table stays in the first cache, longer matches are looked for at every
 * other place, and literals are compressed nevertheless. On parts of the mainnet profile a fifth
 * faster than zstd's own level 1 and no larger; other levels are zstd's own.
 */
static void tune(ZSTD_CCtx *encoder)
{
	ZSTD_CCtx_setParameter(encoder, ZSTD_c_hashLog, 12);
	ZSTD_CCtx_setParameter(encoder, ZSTD_c_minMatch, 5);
	ZSTD_CCtx_setParameter(encoder, ZSTD_c_targetLength, 2);
	ZSTD_CCtx_setParameter(encoder, ZSTD_c_literalCompressionMode, ZSTD_ps_enable);
}

int pen_seal_open(struct pen_seal *seal, struct pen_zstd *zstd, int level, struct pen_buf *out,
	struct pen_why *why)
{
	PEN_CHECK(level >= PEN_LEVEL_MIN);
	PEN_CHECK(level <= PEN_LEVEL_MAX);
	*seal = (struct pen_seal){zstd, out, out->len, 0};
	if (!zstd->encoder)
		zstd->encoder = ZSTD_createCCtx();
	if (!zstd->encoder || pen_buf_grow(out, PEN_ENVELOPE_HEAD_BYTES))
		return pen_fail(why, -ENOMEM, "no memory for a compressor");
	ZSTD_CCtx_reset(zstd->encoder, ZSTD_reset_session_and_parameters);
	ZSTD_CCtx_setParameter(zstd->encoder, ZSTD_c_compressionLevel, level);
	ZSTD_CCtx_setParameter(zstd->encoder, ZSTD_c_contentSizeFlag, 0);
	if (level == PEN_LEVEL_DEFAULT)
		tune(zstd->encoder);
	out->len += PEN_ENVELOPE_HEAD_BYTES;
	return 0;
}

/* Compress until the piece is taken, or with `end` until nothing is left inside. */
static int seal_move(
	struct pen_seal *seal, struct pen_bytes piece, ZSTD_EndDirective end, struct pen_why *why)
{
	ZSTD_inBuffer in = {piece.at, piece.len, 0};
	struct pen_buf *out = seal->out;
	size_t left = 1;
	while (end == ZSTD_e_end ? left > 0 : in.pos < in.size) {
		/* Between blocks nothing comes out: room is only needed when there is none. */
		if (out->cap - out->len < ZSTD_CStreamOutSize() &&
			pen_buf_grow(out, ZSTD_CStreamOutSize()))
			return pen_fail(why, -ENOMEM, "no memory to compress a part");
		ZSTD_outBuffer to = {out->at, out->cap, out->len};
		left = ZSTD_compressStream2(seal->zstd->encoder, &to, &in, end);
		if (ZSTD_isError(left))
			return pen_fail(why, -ENOMEM, "zstd: %s", ZSTD_getErrorName(left));
		out->len = to.pos;
	}
	return 0;
}

int pen_seal_put(struct pen_seal *seal, struct pen_bytes piece, struct pen_why *why)
{
	seal->content_bytes += piece.len;
	if (seal->content_bytes > PEN_PART_BYTES_MAX)
		return pen_fail(why, PEN_EREFUSED, "a part of %zu bytes, at most %zu are allowed",
			seal->content_bytes, PEN_PART_BYTES_MAX);
	return seal_move(seal, piece, ZSTD_e_continue, why);
}

/* What stands before the frame, once that is whole. */
static void seal_head(const struct pen_seal *seal)
{
	size_t payload = seal->out->len - seal->head - PEN_ENVELOPE_HEAD_BYTES;
	seal->out->at[seal->head] = PEN_ENVELOPE_V1;
	pen_put_le32(seal->out->at + seal->head + 1, (uint32_t)payload);
}

int pen_seal_close(struct pen_seal *seal, struct pen_why *why)
{
	int err = seal_move(seal, (struct pen_bytes){0}, ZSTD_e_end, why);
	if (!err)
		seal_head(seal);
	return err;
}

/* All at once: zstd then reads the content where it lies, and takes no copy of it. */
static int seal_whole(struct pen_seal *seal, struct pen_bytes content, struct pen_why *why)
{
	struct pen_buf *out = seal->out;
	if (pen_buf_grow(out, ZSTD_compressBound(content.len)))
		return pen_fail(why, -ENOMEM, "no memory to compress a part");
	size_t bytes = ZSTD_compress2(seal->zstd->encoder, out->at + out->len, out->cap - out->len,
		content.at, content.len);
	if (ZSTD_isError(bytes))
		return pen_fail(why, -ENOMEM, "zstd: %s", ZSTD_getErrorName(bytes));
	out->len += bytes;
	seal_head(seal);
	return 0;
}

int pen_envelope_seal(struct pen_zstd *zstd, struct pen_bytes content, int level,
	struct pen_buf *out, struct pen_why *why)
{
	struct pen_seal seal;
	size_t before = out->len;
	if (content.len > PEN_PART_BYTES_MAX)
		return pen_fail(why, PEN_EREFUSED, "a part of %zu bytes, at most %zu are allowed",
			content.len, PEN_PART_BYTES_MAX);
	/* Parts of a state differ by little: a buffer that is new takes some more. */
	if (!out->cap && pen_buf_reserve_whole(out, content.len + content.len / 8))
		return pen_fail(why, -ENOMEM, "no memory to compress a part");
	int err = pen_seal_open(&seal, zstd, level, out, why);
	if (!err)
		err = seal_whole(&seal, content, why);
	if (err)
		out->len = before;
	return err;
}
