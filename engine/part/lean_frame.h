/*
 * lean_frame: one frame of a lean part (part/lean.h): sealed, opened, and read record by record.
 * Pure functions of one frame: any number of threads may work on different frames of one part.
 */
#ifndef PEN_PART_LEAN_FRAME_H
#define PEN_PART_LEAN_FRAME_H

#include "part/envelope.h"
#include "part/lean.h"

/* One record. */
struct pen_record {
	uint32_t shared; /* bytes of the key that are those of the key before */
	struct pen_bytes rest; /* of the key; borrowed from the raw bytes */
	bool named; /* the value is that of an earlier pair */
	uint32_t name; /* its number; named only */
	struct pen_bytes value; /* inline only; borrowed from the raw bytes */
};

/* Where a frame stands in its part. */
struct pen_lean_frame_place {
	uint32_t i; /* number of the frame */
	uint32_t first; /* number of its first pair */
	struct pen_lean_row row;
	bool short_before; /* the frame before closed below the cut: this one is a pair alone */
};

/* Reads a raw frame from front to back. Filled by pen_lean_frame_begin. */
struct pen_lean_frame_reader {
	struct pen_bytes numbers, keys, values; /* what is left of each column */
	bool begun; /* there is a key before */
	uint8_t key[PEN_KEY_BYTES_MAX]; /* of the record read last */
	uint32_t key_len; /* bytes */
};

/*
 * Compress raw frame bytes, column by column, behind what `out` holds, and fill in the row but for
 * its pairs. `level` is PEN_LEAN_LEVEL_MIN..MAX. 0 or -ENOMEM.
 */
int pen_lean_frame_seal(struct pen_zstd *zstd, struct pen_bytes raw, int level, struct pen_buf *out,
	struct pen_lean_row *row, struct pen_why *why);

/* Frame i of a part. */
struct pen_lean_frame_place pen_lean_frame_place(const struct pen_lean_head *head, uint32_t i);

/*
 * Decompress a frame into `raw`, which has room for place->row.raw_bytes, and check its sum. 0;
 * PEN_EFRAME: not one zstd frame, another length, another sum; -ENOMEM.
 */
int pen_lean_frame_open(struct pen_zstd *zstd, const struct pen_lean_frame_place *place,
	struct pen_bytes stored, uint8_t *raw, struct pen_why *why);

/* Read `raw` (borrowed) from its first record on. 0, or PEN_EFRAME: its columns do not fit. */
int pen_lean_frame_begin(
	struct pen_lean_frame_reader *reader, struct pen_bytes raw, struct pen_why *why);

/*
 * The next record, of pair number `index`; reader->key then is its key. 1; 0 at the end; PEN_EFRAME
 * with a sentence: bytes that are no record, a key not larger than the one before or not as much
 * shared as could be, a key or value too long, a name that is not below `index`.
 */
int pen_lean_frame_next(struct pen_lean_frame_reader *reader, uint32_t index,
	struct pen_record *record, struct pen_why *why);

/*
 * Read a whole frame: `records` then holds its records (struct pen_record), place->row.pairs of
 * them. Checks each as pen_lean_frame_next, their number, and that the cut may be in this place. 0;
 * PEN_EFRAME; -ENOMEM.
 */
int pen_lean_frame_decode(struct pen_bytes raw, const struct pen_lean_frame_place *place,
	struct pen_buf *records, struct pen_why *why);

#endif
