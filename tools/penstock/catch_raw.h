/*
 * catch_raw: what a fetch does with a raw object that comes by radio.
 *
 * Servers say how large it is, and the sizes they say are tried in turn (catch_size.h). Of one that
 * is tried the pages of digests come first; when they lead to the root (part/raw_page.h) it is
 * known that there are no more blocks than that, and only then memory is taken for them. Then the
 * blocks that an earlier fetch has left (store/partial.h) are proved, and then the others are
 * asked for: workers prove each as it comes, and write it to its place. When all are there the file
 * gets its name. A size whose turn is over is dropped, and what was proved is found again in the
 * file if it was true after all.
 *
 * How long the last block is, is known when it is proved: then the size is, too.
 *
 * One thread, the loop's.
 */
#ifndef PEN_TOOLS_CATCH_RAW_H
#define PEN_TOOLS_CATCH_RAW_H

#include "catch_size.h"
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
	bool used;
	unsigned round; /* as the object's when it was sent */
	struct pen_block *block; /* ours; NULL: it is in the file */
	struct errand errand;
};

enum catch_raw_phase {
	CATCH_RAW_IDLE, /* no size is tried */
	CATCH_RAW_PAGES, /* its pages are asked for */
	CATCH_RAW_KEPT, /* blocks that are here from before are proved */
	CATCH_RAW_BLOCKS, /* the others are asked for */
	CATCH_RAW_DROPPED, /* the size was none: until workers have nothing of it */
	CATCH_RAW_END, /* all is here */
};

/* What is known of a block of the object. */
enum catch_raw_state { CATCH_RAW_ABSENT, CATCH_RAW_AWAY, CATCH_RAW_PROVED };

/* Zeroed is closed. Fields are to be read. */
struct catch_raw {
	struct catch_raw_ask ask;
	struct catch_size size;
	enum catch_raw_phase phase;
	bool stopped; /* nothing is asked for */
	unsigned round; /* sizes tried so far */
	uint64_t bytes; /* of the object, if the size that is tried is right */
	uint32_t blocks, proved, pages_known;
	uint32_t kept; /* of those that are proved: they were here before */
	uint32_t look, look_end; /* KEPT: the next to be proved, and the end of the file */
	bool page[PEN_RAW_PAGES_MAX]; /* its leaves are known */
	struct pen_hash *leaves; /* of each block; NULL until a page is proved */
	uint8_t *state; /* of each block; NULL until all pages are proved */
	uint64_t *here; /* the same: a bit for each that is PROVED */
	struct errand_object object;
	struct catch_raw_block *away; /* ask.blocks */
	unsigned away_count;
	unsigned lent; /* blocks that workers have for somebody else */
	uint32_t lent_proved; /* of those that are proved: they came from there */
	struct errand end;
	bool done; /* it is in the store */
	uint64_t refuted; /* pages and blocks that failed their proof */
	int err; /* what the machine said: it is over */
	struct pen_why why;
};

/* 0, or -ENOMEM with a sentence. */
int catch_raw_open(struct catch_raw *raw, const struct catch_raw_ask *ask, struct pen_why *why);

/* After the workshop was closed. What was proved stays for the next fetch. Zeroed is fine. */
void catch_raw_close(struct catch_raw *raw);

/* Can another block be taken? */
static inline bool catch_raw_room(const struct catch_raw *raw)
{
	return raw->away_count < raw->ask.blocks;
}

/* Decide which size is tried, and go on with what waits for nobody: in each turn of the loop. */
void catch_raw_turn(struct catch_raw *raw, int64_t now_ns);

/* Is there something to go on with at once? */
static inline bool catch_raw_ready(const struct catch_raw *raw)
{
	return raw->phase == CATCH_RAW_KEPT && raw->away_count == 0;
}

/* May blocks come from elsewhere, too? All digests are proved then, and `state` says which are
 * ABSENT. */
static inline bool catch_raw_asks(const struct catch_raw *raw)
{
	bool looked = raw->phase == CATCH_RAW_KEPT && raw->look == raw->look_end &&
		!raw->away_count;
	return !raw->err && !raw->stopped && (looked || raw->phase == CATCH_RAW_BLOCKS);
}

/* One that is absent came from elsewhere: fill in its errand, which a worker is to have then. It is
 * AWAY until it comes back. */
void catch_raw_lend(struct catch_raw *raw, struct errand *errand, uint32_t unit);

/* It did; `stale`: since it was lent, another round has begun. If it is wrong it is absent again.
 */
void catch_raw_back(struct catch_raw *raw, const struct errand *errand, bool stale);

/* Has no worker a block of it? */
static inline bool catch_raw_idle(const struct catch_raw *raw)
{
	return raw->away_count == 0 && raw->lent == 0;
}

/* The machine failed: it is over. `why` may be NULL. */
void catch_raw_fail(struct catch_raw *raw, int err, const struct pen_why *why);

/* Leave the object to somebody else, who may have it when it is idle; not after the end. */
void catch_raw_stop(struct catch_raw *raw, int64_t now_ns);

/* Begin again, with the how-manieth file it is by now (struct errand_object). */
void catch_raw_again(struct catch_raw *raw, unsigned file);

/* A piece came; its block is ours now. There is room. */
void catch_raw_piece(struct catch_raw *raw, const struct pen_client_piece *piece, int64_t now_ns);

/* The object of no bytes, whose root says so: it is put into the store without asking anybody.
 * 1: it is; 0: another root; or a code. */
int catch_raw_empty(struct stash *stash, const struct pen_hash *root, struct pen_why *why);

#endif
