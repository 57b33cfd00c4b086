/*
 * parcel: the pieces of one part as they came, from one server or many, until it is whole; and what
 * can be said of them then. In nearcore form the pieces are blocks of one file. In lean form they
 * are a head and frames that several makers compressed, so a whole part is joined out of them: the
 * head's stored lengths and its checksum are written anew.
 *
 * Pieces lie side by side in one buffer, in the order in which they came (lean) or at their place
 * (nearcore). One thread at a time.
 */
#ifndef PEN_TOOLS_PARCEL_H
#define PEN_TOOLS_PARCEL_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "part/envelope.h"
#include "part/form.h"
#include "part/id.h"

/* Bytes of a block (wire/wire.h): a piece in nearcore form, or what a longer frame is cut into. */
#define PARCEL_BLOCK_BYTES ((size_t)1 << 20)
/* Most pieces of a part, in either form: a frame for each cut, each after a short one. */
#define PARCEL_UNITS_MAX 8192u
#define PARCEL_NAME_BYTES 16u

/* A piece. */
struct parcel_unit {
	size_t at; /* in the buffer */
	uint32_t bytes;
	uint32_t start; /* as in struct pen_client_piece: of one that came in several blocks */
	uint8_t server; /* who sent it */
	bool here; /* all of it */
};

/* What is known of the part before its pieces. */
struct parcel_name {
	struct pen_part_id id;
	enum pen_form form; /* not raw */
	uint8_t name[PARCEL_NAME_BYTES]; /* the id under which it was offered */
	uint32_t units; /* 1 to PARCEL_UNITS_MAX */
	uint64_t bytes; /* of the whole part; lean: as its first server has it */
	uint64_t bytes_max; /* of what may be kept */
};

/* Zeroed is empty. Fields are to be read, not written. */
struct parcel {
	struct parcel_name is;
	struct pen_buf bytes;
	struct pen_buf units; /* struct parcel_unit */
};

/* A block that came. Borrowed for the call. */
struct parcel_block {
	uint32_t unit;
	uint32_t block, blocks; /* which of how many of this unit */
	uint32_t start;
	uint8_t server;
	bool whole; /* nothing of the unit is missing now */
	struct pen_bytes bytes;
};

/* Begin a part; what was there is forgotten, the memory kept. 0 or -ENOMEM. */
int parcel_begin(struct parcel *parcel, const struct parcel_name *name);

/* Give the memory back; zeroed is fine. */
void parcel_fini(struct parcel *parcel);

/* Keep a copy of a block. 0; PEN_ELARGE if it is more than may be kept, or does not belong at its
 * place; -ENOMEM. */
int parcel_put(struct parcel *parcel, const struct parcel_block *block);

/* A piece is void: it comes again. */
void parcel_drop(struct parcel *parcel, uint32_t unit);

static inline struct parcel_unit *parcel_unit(const struct parcel *parcel, uint32_t unit)
{
	return (struct parcel_unit *)(void *)parcel->units.at + unit;
}

/* The bytes of a piece that is here. */
struct pen_bytes parcel_piece(const struct parcel *parcel, uint32_t unit);

/*
 * All pieces are here: the part they make, as a file. *whole is borrowed from the parcel (nearcore)
 * or from `out`, whose contents are replaced. 0; PEN_EHEAD: the first piece is not the head of this
 * part under its name; -ENOMEM.
 */
int parcel_join(const struct parcel *parcel, struct pen_buf *out, struct pen_bytes *whole,
	struct pen_why *why);

/*
 * The part fails its proof. Which pieces are wrong by themselves? Bit i of *bits (room for
 * PARCEL_UNITS_MAX) is piece i; returns how many. Of nearcore's form none can be told.
 * `scratch` is used up; -ENOMEM.
 */
int parcel_wrong(const struct parcel *parcel, struct pen_zstd *zstd, struct pen_buf *scratch,
	uint64_t *bits);

/*
 * `proved` is the part, and `first` came before it under the same name and failed: which of its
 * pieces are others than were offered? Bits as above; returns how many, or -ENOMEM. In nearcore's
 * form only bytes that have their name can tell: other stored bytes may be the part too, as a frame
 * has bits that nobody looks at, and then a right piece would be called another. So it returns 0 if
 * `proved` has not the name. In lean form the name binds the raw bytes, and those are compared.
 */
int parcel_others(const struct parcel *first, const struct parcel *proved, struct pen_zstd *zstd,
	uint64_t *bits);

/* Have the bytes the id under which they were offered? Of nearcore's form alone: false otherwise.
 */
bool parcel_as_named(const struct parcel *parcel);

#endif
