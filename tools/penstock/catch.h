/*
 * catch: what a fetch does with whole pieces of parts that come by radio: they are kept until their
 * part is whole, then a worker proves and stores it (errand.h), and what it says of them is told to
 * the client: that the part is proved, which pieces are wrong, or that nobody knows which.
 *
 * One thread, the loop's.
 */
#ifndef PEN_TOOLS_CATCH_H
#define PEN_TOOLS_CATCH_H

#include "docket.h"
#include "radio.h"
#include "supply.h"
#include "workshop.h"

/* All borrowed until close. */
struct catch_ask {
	struct pen_hash root;
	uint32_t n; /* parts */
	struct radios *radios;
	struct workshop *workshop;
	struct docket *docket;
	uint64_t bytes_max; /* of a part as it comes: what is more is refused */
	uint64_t bytes_kept; /* of all buffers together, as long as some are kept for other parts */
	const char *limit; /* says why bytes_max is not more, for a sentence */
	const struct supply *supply; /* whose servers the radios call */
	bool told; /* it says on stderr when the first bytes of a part come */
};

/* A part under way. */
struct catch_part {
	struct catch *catch;
	struct radio *radio;
	bool used;
	bool away; /* a worker has it */
	unsigned failures; /* times that it failed as a whole */
	bool compared; /* it failed before: `before` is what came then */
	uint32_t k;
	uint32_t round; /* as the client's */
	struct parcel parcel, before;
	struct errand errand;
	uint64_t bits[PARCEL_UNITS_MAX / 64]; /* for the errand */
};

/* A piece that came, as a parcel takes it: its bytes are borrowed. */
static inline struct parcel_block catch_block(const struct pen_client_piece *piece)
{
	return (struct parcel_block){.unit = piece->unit,
		.block = piece->piece.block,
		.blocks = piece->blocks,
		.start = piece->start,
		.server = (uint8_t)piece->server,
		.whole = piece->whole,
		.bytes = {piece->block->at, piece->bytes}};
}

struct catch
{
	struct catch_ask ask;
	struct catch_part *parts; /* PEN_HAULS_MAX for each radio */
	unsigned parts_count;
	uint64_t refuted; /* parts and pieces that failed their proof */
	int err; /* what the machine said: it is over */
	struct pen_why why;
};

/* 0 or -ENOMEM with a sentence. */
int catch_open(struct catch *catch, const struct catch_ask *ask, struct pen_why *why);

/* After the workshop was closed. Zeroed is fine. */
void catch_close(struct catch *catch);

/* A piece of a part came; its block is ours now, and is put back. */
void catch_piece(struct catch *catch, struct radio *radio, const struct pen_client_piece *piece,
	int64_t now_ns);

/* May a part that this radio has begun be given up? Not while a worker has it. */
bool catch_lets(const struct catch *catch, const struct radio *radio, uint32_t k);

/* It was given up. */
void catch_forget(struct catch *catch, const struct radio *radio, uint32_t k);

/* Parts that workers have. */
unsigned catch_away(const struct catch *catch);

#endif
