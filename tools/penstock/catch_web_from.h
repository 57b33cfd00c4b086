/* catch_web_from: whom a block is asked of; see catch_web.h, whose it is, and of no use to others.
 */
#ifndef PEN_TOOLS_CATCH_WEB_FROM_H
#define PEN_TOOLS_CATCH_WEB_FROM_H

#include "catch_web.h"

static inline struct pen_origin *catch_web_origin(const struct catch_web *web, unsigned word)
{
	return web->ask.supply->queries[word].origin;
}

/* The sources of a round: all that are left, or the first of them. How many. */
unsigned catch_web_from_begin(struct catch_web *web);

/* May the source be asked in this round, as far as is known? */
bool catch_web_from_can(const struct catch_web *web, unsigned word);

/* May any? */
bool catch_web_from_any(const struct catch_web *web);

/* Gets that it has on their way. */
unsigned catch_web_from_flights(const struct catch_web *web, unsigned word);

/* Whom to ask for the next block: of those that rest not, and have room, who will have brought it
 * first. False: nobody now. */
bool catch_web_from_next(const struct catch_web *web, unsigned *word);

/* Is the block here, or at a worker? */
bool catch_web_from_taken(const struct catch_web *web, uint32_t unit);

/* Nothing is left to be asked for: what one source brings, and another would much sooner. False:
 * nothing. */
bool catch_web_from_twin(const struct catch_web *web, uint32_t *unit);

/* A source is asked no more. */
void catch_web_from_out(struct catch_web *web, unsigned word, int code, const struct pen_why *why);

/* A get of the source failed: it rests, or is out. */
void catch_web_from_failed(
	struct catch_web *web, unsigned word, const struct pen_origin_done *done);

/* All blocks are here, and are not the object: who is to blame, if it is known. Another round
 * follows. */
void catch_web_from_refuted(struct catch_web *web);

#endif
