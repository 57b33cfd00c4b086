/*
 * catch_web: a raw object from directories and web servers alone, which send bytes and no digests:
 * a block of 1 MiB with each get, several gets at once, from all sources that say the same size.
 * Workers hash blocks and write them to the file that is kept (store/partial.h); when all are here
 * their hashes must lead to the root, and then the file gets its name.
 *
 * The first block, which tells the size, is asked of all at once; and when nothing is left but what
 * a slow source brings, a faster one is asked for it as well. Which copy comes first counts.
 *
 * Which block is wrong is not known, so if they do not, all of them come again, in another round:
 * if some had been kept from before (they are believed until then, but for such as have holes),
 * from the same sources; if several sources gave blocks, from one at a time from then on; and
 * the only one that gave them was wrong, and is left out. A source that does not have it, or fails
 * too often, is left to the others, who go on with what is here; those of another size are asked
 * when nobody of the first is left.
 *
 * One thread, the loop's.
 */
#ifndef PEN_TOOLS_CATCH_WEB_H
#define PEN_TOOLS_CATCH_WEB_H

#include "catch_get.h"
#include "catch_pace.h"
#include "catch_sources.h"
#include "part/raw.h"
#include "stash.h"
#include "workshop.h"

/* Gets at once: each has a block in memory. */
#define CATCH_WEB_GETS_MAX 16u

/* All borrowed until close. */
struct catch_web_ask {
	struct pen_hash root;
	struct supply *supply; /* opened */
	struct catch_sources *sources; /* of its words */
	struct workshop *workshop;
	struct stash *stash;
	const struct pen_wake *wake; /* ends a wait */
	unsigned gets; /* at a time, 1 to CATCH_WEB_GETS_MAX */
	unsigned tries; /* of a get */
	int64_t stall_ns;
};

struct catch_web_get {
	struct catch_get get; /* first */
	unsigned word; /* the source, if it was begun */
	int64_t begun_ns;
};

/* A source of the round. */
struct catch_web_source {
	uint64_t bytes; /* of the object, as it says; 0: it has not yet */
	unsigned fails; /* in a row */
	int64_t again_ns; /* it rests until then */
	struct catch_pace pace;
};

/* Zeroed is closed. Fields are to be read. */
struct catch_web {
	struct catch_web_ask ask;
	bool begun, over; /* it fetches; no source is left */
	bool renew; /* the next round, as soon as nothing is under way */
	bool alone; /* only `word` is asked: blocks of several were not the object */
	unsigned word;
	int64_t now_ns; /* of the last turn */
	uint64_t bytes; /* of the object, as the first source says; 0: it has not yet */
	uint32_t blocks, next, here; /* in all; the next to be got; hashed and written */
	uint32_t kept, kept_end; /* of those: from before; the end of the file as it was */
	struct pen_hash *leaves; /* of each block that is here */
	uint64_t *taken; /* a bit for each block that is here, or at a worker */
	struct errand_object object;
	struct catch_web_source source[SUPPLY_WORDS_MAX]; /* by the word's number */
	bool gave[SUPPLY_WORDS_MAX]; /* blocks that are here came from it */
	struct catch_web_get get[CATCH_WEB_GETS_MAX];
	struct errand end;
	bool done; /* it is in the store */
	int err; /* what the machine said: the fetch is over */
	struct pen_why why;
};

static inline bool catch_web_is_open(const struct catch_web *web)
{
	return web->ask.supply != NULL;
}

/* Nothing is begun. */
void catch_web_open(struct catch_web *web, const struct catch_web_ask *ask);

/* After the workshop was closed, before the supply. Zeroed is fine. */
void catch_web_close(struct catch_web *web);

/* Begin to fetch; the object is nobody else's from now on. */
void catch_web_begin(struct catch_web *web);

/* Do what can be done now, without blocking. */
void catch_web_turn(struct catch_web *web, int64_t now_ns);

/* Sleep until bytes come, the wake ends it, or `ns` have passed. False if nothing is on its way
 * that it could wait for. */
bool catch_web_wait(struct catch_web *web, int64_t ns);

#endif
