/*
 * catch_raw: what a fetch does with the pieces of a raw object: workers write its blocks to their
 * places in a temporary file and hash them, and each is proved as soon as the page of its digest is
 * there. When all are, the file gets its name.
 *
 * One thread, the loop's.
 */
#ifndef PEN_TOOLS_CATCH_RAW_H
#define PEN_TOOLS_CATCH_RAW_H

#include "part/raw_page.h"
#include "radio.h"
#include "stash.h"
#include "workshop.h"

/* All borrowed until close. */
struct catch_raw_ask {
	struct pen_hash root;
	struct radio *radio;
	struct workshop *workshop;
	struct stash *stash;
	unsigned blocks; /* that workers may have at a time, at least 1 */
};

/* A block at a worker. */
struct catch_raw_block {
	struct catch_raw *raw;
	struct pen_block *block; /* ours; NULL: not in use */
	unsigned server;
	struct errand errand;
};

/* What is known of a block of the object. */
enum catch_raw_state { CATCH_RAW_ABSENT, CATCH_RAW_AWAY, CATCH_RAW_HERE, CATCH_RAW_PROVED };

struct catch_raw {
	struct catch_raw_ask ask;
	struct pen_writing writing;
	bool begun; /* `blocks` is known, and the file is there */
	uint64_t bytes; /* of the object */
	uint32_t blocks, proved, pages_known;
	struct pen_block *pages[PEN_RAW_PAGES_MAX]; /* that came too early */
	uint32_t page_bytes[PEN_RAW_PAGES_MAX];
	bool page[PEN_RAW_PAGES_MAX]; /* its leaves are known */
	struct pen_hash *leaves, *came; /* of each block: as the page says, as it came */
	uint8_t *state; /* of each block */
	struct errand_object object;
	struct catch_raw_block *away; /* ask.blocks */
	unsigned away_count;
	struct errand end;
	bool done; /* it is in the store */
	uint64_t refuted;
	int err; /* what the machine said: it is over */
	struct pen_why why;
};

/* Asks the client for the digests too. 0 or -ENOMEM with a sentence. */
int catch_raw_open(struct catch_raw *raw, const struct catch_raw_ask *ask, struct pen_why *why);

/* After the workshop was closed. Zeroed is fine. */
void catch_raw_close(struct catch_raw *raw);

/* Can another block be taken? */
static inline bool catch_raw_room(const struct catch_raw *raw)
{
	return raw->away_count < raw->ask.blocks;
}

/* A piece came; its block is ours now. There is room. */
void catch_raw_piece(struct catch_raw *raw, const struct pen_client_piece *piece, int64_t now_ns);

/* The object of no bytes, whose root says so: it is put into the store without asking anybody.
 * 1: it is; 0: another root; or a code. */
int catch_raw_empty(struct stash *stash, const struct pen_hash *root, struct pen_why *why);

#endif
