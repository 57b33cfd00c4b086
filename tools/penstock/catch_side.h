/*
 * catch_side: blocks of a raw object that come from directories and web servers, beside those that
 * come by radio (catch_raw.h), as soon as the digests are proved. All sources are asked at once,
 * and each block is proved alone; so it does not matter whose it is, and who sent a wrong one is
 * known.
 *
 * Servers of our protocol are asked from the front, so these are asked from the back. What one of
 * them is to bring is held (fetch/sized.h), so that nobody else is asked for it. When nothing is
 * left but what others bring, the faster one is asked for it as well, once for each block
 * (catch_pace.h): a source for what is on its way by radio or from another source, the radio for
 * what is on its way from here. Which copy comes first counts; the other is given up.
 *
 * Who says that the object has another number of blocks than the digests that are proved is not
 * asked for more: either he or who sent these digests lies. When the object is whole it is known
 * who.
 *
 * One thread, the loop's.
 */
#ifndef PEN_TOOLS_CATCH_SIDE_H
#define PEN_TOOLS_CATCH_SIDE_H

#include "catch_get.h"
#include "catch_pace.h"
#include "catch_raw.h"
#include "catch_sources.h"

/* Gets at once: each has a block in memory. */
#define CATCH_SIDE_GETS_MAX 16u
/* How often it turns: what sockets hold waits. */
#define CATCH_SIDE_NS INT64_C(2000000)

/* All borrowed until close. */
struct catch_side_ask {
	struct supply *supply; /* opened */
	struct catch_sources *sources; /* of its words */
	struct workshop *workshop;
	struct catch_raw *raw; /* opened: the object */
	unsigned gets; /* at a time, 1 to CATCH_SIDE_GETS_MAX */
	unsigned tries; /* of a get */
	int64_t stall_ns;
};

struct catch_side_get {
	struct catch_get get; /* first */
	unsigned word; /* the source */
	unsigned round; /* of the object when it was begun */
	int64_t begun_ns;
	bool shared; /* the radio may bring its block, too */
};

/* Zeroed is closed. Fields are to be read. */
struct catch_side {
	struct catch_side_ask ask;
	int64_t now_ns; /* of the last turn */
	unsigned round; /* of the object: what is known of its blocks is of that one */
	uint64_t *twice; /* a bit for each block: it was asked of two; NULL: none is asked for */
	struct catch_side_get get[CATCH_SIDE_GETS_MAX];
	uint64_t said[SUPPLY_WORDS_MAX]; /* bytes of the object, as each source says; 0: nothing */
	struct catch_pace pace[SUPPLY_WORDS_MAX];
	struct catch_pace radio; /* of all servers of our protocol together */
	uint32_t aired; /* blocks that had come by radio at the last turn */
	int64_t aired_ns; /* when the last of them had, or nothing was on its way */
};

static inline bool catch_side_is_open(const struct catch_side *side)
{
	return side->ask.raw != NULL;
}

/* Nothing is begun. */
void catch_side_open(struct catch_side *side, const struct catch_side_ask *ask);

/* After the workshop was closed, before the object and the supply. Zeroed is fine. */
void catch_side_close(struct catch_side *side);

/* Do what can be done now, without blocking; too soon after the last time nothing. */
void catch_side_turn(struct catch_side *side, int64_t now_ns);

/* Is anything on its way? Until then nobody else may use the sources. */
bool catch_side_busy(const struct catch_side *side);

/* May blocks still come from here? False while the digests are not known. Zeroed is fine. */
bool catch_side_hopes(const struct catch_side *side);

/* The object is whole: who was wrong about its size is known now. Zeroed is fine. */
void catch_side_judge(struct catch_side *side);

#endif
