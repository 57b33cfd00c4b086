/*
 * catch: what a fetch does with whole pieces: they are proved, and what is proved goes into the
 * store. Parts in nearcore form are held in their blocks until they are whole, proved against the
 * state root, and written; blocks of a raw object go to their place in a temporary file at once,
 * and are proved one by one as soon as the page of their digests is there.
 *
 * Who sends bytes that fail is told to the client, which asks others. One thread.
 */
#ifndef PEN_TOOLS_CATCH_H
#define PEN_TOOLS_CATCH_H

#include "fetch/client.h"
#include "part/raw_page.h"
#include "prover.h"
#include "store/layout.h"
#include "store/store.h"

/* All borrowed until close. */
struct catch_ask {
	struct pen_client *client;
	struct pen_store *store; /* open to write */
	struct pen_hash root;
	uint32_t n; /* parts */
	uint32_t units_max; /* pieces of a part, as the client's */
	bool raw; /* or nearcore */
};

/* A piece that waits for the others of its part. */
struct catch_unit {
	struct pen_block *block; /* ours; NULL: not here */
	uint32_t bytes;
	uint8_t server; /* who sent it */
};

/* A part under way. */
struct catch_part {
	bool used;
	uint32_t part;
	struct catch_unit *units; /* units_max */
	struct pen_buf before; /* what failed, to find out whose pieces were others */
	uint8_t *before_from; /* who sent each of its pieces */
};

/* A raw object under way. */
struct catch_raw {
	struct pen_writing writing;
	bool begun; /* `blocks` is known, and the file is there */
	uint64_t bytes;
	uint32_t blocks, proved, pages_known;
	struct pen_block *pages[PEN_RAW_PAGES_MAX]; /* that came too early */
	uint32_t page_bytes[PEN_RAW_PAGES_MAX];
	bool page[PEN_RAW_PAGES_MAX]; /* its leaves are known */
	struct pen_hash *leaves, *came; /* of each block: as the page says, as it came */
	uint8_t *state; /* of each block: enum in catch_raw.c */
};

struct catch
{
	struct catch_ask ask;
	struct catch_part parts[PEN_HAULS_MAX];
	struct catch_raw raw;
	struct prover *prover;
	struct pen_buf bytes; /* of the part that is proved */
	uint64_t proved, proved_bytes, refuted;
	int err; /* what the machine said: it is over */
	struct pen_why why;
};

/* 0 or -ENOMEM with a sentence. */
int catch_open(struct catch *catch, const struct catch_ask *ask, struct pen_why *why);

/* Gives blocks back; before the client is closed. */
void catch_close(struct catch *catch);

/* A piece came; its block is ours now. */
void catch_piece(struct catch *catch, const struct pen_client_piece *piece, int64_t now_ns);

/* The two sorts. */
void catch_part_piece(struct catch *catch, const struct pen_client_piece *piece, int64_t now_ns);
void catch_raw_piece(struct catch *catch, const struct pen_client_piece *piece, int64_t now_ns);
void catch_raw_close(struct catch *catch);

/* Where part k goes. */
const char *catch_part_path(
	const struct pen_hash *root, uint32_t k, uint32_t n, char name[PEN_NAME_BYTES]);

#endif
