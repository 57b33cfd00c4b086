/* catch_side_share: who brings which block; see catch_side.h, whose it is, and of no use to others.
 */
#ifndef PEN_TOOLS_CATCH_SIDE_SHARE_H
#define PEN_TOOLS_CATCH_SIDE_SHARE_H

#include "catch_side.h"

static inline struct pen_origin *catch_side_origin(const struct catch_side *side, unsigned word)
{
	return side->ask.supply->queries[word].origin;
}

static inline struct pen_client *catch_side_client(const struct catch_side *side)
{
	return side->ask.raw->ask.radio->client;
}

/* May the source be asked for blocks, as far as is known? */
bool catch_side_can(const struct catch_side *side, unsigned word);

/* Is the block of a get still to be had? */
bool catch_side_wants(const struct catch_side *side, const struct catch_side_get *at);

/* Does any get bring this block? */
bool catch_side_gets(const struct catch_side *side, uint32_t unit);

/* Give a free get something to bring. False if there is nothing, or nobody to ask. */
bool catch_side_next(struct catch_side *side, struct catch_side_get *at);

/* See what came by radio, and how fast, in the time since the last turn. */
void catch_side_listen(struct catch_side *side, int64_t since_ns);

/* Let the radio bring, too, what takes too long here, when it has nothing else to do. */
void catch_side_help(struct catch_side *side);

#endif
