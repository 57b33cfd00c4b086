/*
 * envelope: StatePart, how a PartialState travels and lies in files (nearcore
 * core/primitives/src/state_part.rs).
 *
 *   u8 tag | u32 len | len bytes      tag 0 = V0: the PartialState itself
 *                                     tag 1 = V1: zstd frames of it (RFC 8878)
 *   bare                              before protocol version 82: the PartialState, no envelope
 *
 * Any valid frames are accepted: several, empty, skippable, with or without content size or
 * checksum (which is verified). Compressed bytes are not canonical; never compare or hash them.
 */
#ifndef PEN_PART_ENVELOPE_H
#define PEN_PART_ENVELOPE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "part/id.h"

#define PEN_ENVELOPE_HEAD_BYTES 5
/* nearcore's default for state_sync.parts_compression_lvl, and the range that it accepts. */
#define PEN_LEVEL_DEFAULT 1
#define PEN_LEVEL_MIN (-22)
#define PEN_LEVEL_MAX 22

enum pen_envelope_kind {
	PEN_ENVELOPE_V0 = 0,
	PEN_ENVELOPE_V1 = 1,
	PEN_ENVELOPE_BARE = 2, /* never recognised by itself: the caller says so */
};

/* What pen_envelope_open found. */
struct pen_envelope {
	enum pen_envelope_kind kind;
	struct pen_bytes payload; /* as stored, borrowed from the input */
	struct pen_bytes content; /* the PartialState: borrowed from the input or from `plain` */
};

/* The largest window that a frame may ask for, as a power of two: zstd's own limit for streams. */
#define PEN_WINDOW_LOG_MAX 27u

/* A decompressor with its window, kept from part to part. Zeroed is valid. One thread at a time. */
struct pen_zstd {
	size_t bytes_max; /* that may be decompressed at all; 0: PEN_PART_BYTES_MAX */
	unsigned window_log; /* largest window; 0: PEN_WINDOW_LOG_MAX */
	void *decoder; /* ZSTD_DCtx */
	void *encoder; /* ZSTD_CCtx */
};

/* Give the memory back; zeroed and NULL are fine. It is zeroed. */
void pen_zstd_fini(struct pen_zstd *zstd);

/*
 * Take the envelope off `bytes`. V1 is decompressed into `plain` (its old content is replaced),
 * never beyond PEN_PART_BYTES_MAX, and a count beyond the entry limit stops it at once. `bare`
 * takes the bytes as a PartialState without envelope. 0, PEN_EENVELOPE with a sentence, -ENOMEM;
 * PEN_ELARGE if bytes_max or window_log of `zstd` are exceeded and lie below those limits.
 */
int pen_envelope_open(struct pen_zstd *zstd, struct pen_bytes bytes, bool bare,
	struct pen_buf *plain, struct pen_envelope *out, struct pen_why *why);

/*
 * Append a StatePart V1 of `content` to `out`: one zstd frame without content size or checksum,
 * as nearcore writes it. `level` is PEN_LEVEL_MIN..PEN_LEVEL_MAX. 0, -ENOMEM, or PEN_EREFUSED if
 * the content is over PEN_PART_BYTES_MAX.
 */
int pen_envelope_seal(struct pen_zstd *zstd, struct pen_bytes content, int level,
	struct pen_buf *out, struct pen_why *why);

/* A StatePart V1 being written piece by piece. Zeroed is closed. */
struct pen_seal {
	struct pen_zstd *zstd;
	struct pen_buf *out;
	size_t head; /* where it begins in out */
	size_t content_bytes; /* taken so far */
};

/* Begin one behind what `out` holds; both are borrowed until close. 0 or -ENOMEM. */
int pen_seal_open(struct pen_seal *seal, struct pen_zstd *zstd, int level, struct pen_buf *out,
	struct pen_why *why);

/* Compress the next piece. 0; -ENOMEM; PEN_EREFUSED beyond PEN_PART_BYTES_MAX. */
int pen_seal_put(struct pen_seal *seal, struct pen_bytes piece, struct pen_why *why);

/* End the frame and fill in the envelope's head. After an error of any call, cut `out` back. */
int pen_seal_close(struct pen_seal *seal, struct pen_why *why);

#endif
