/*
 * sized: a raw object whose size is decided by the caller of the client, not by the first server
 * that says one (pen_client_config.sized).
 *
 * How large a raw object is, is a server's word, until the pages of its digests prove how many
 * blocks it has (part/raw_page.h), and its last block how long that is. A liar who is heard first
 * must not name the object for all others, whose pages and blocks would then fail. So nothing is
 * asked for until the caller has chosen one of the sizes that servers say (pen_sized_said_by): at
 * first the pages (pen_sized_pages), from servers that say this size alone; then, when they lead to
 * the root, the blocks (pen_sized_blocks), from the same. A size that comes to nothing is dropped,
 * with all that is under way, and another one chosen. So what comes is judged by the size that its
 * own sender says, and nobody is asked about bytes that are right.
 *
 * Blocks may come from elsewhere, too: what somebody else is about to bring is held
 * (pen_sized_hold), so that no server is asked for it; what he does not bring is missing again
 * (pen_sized_miss).
 *
 * Pages are the units of a haul of kind TABLE, blocks of one of kind PIECE; both come out of
 * pen_client_next, and end with pen_client_choose. Of the last block it is not known how long it
 * is, until it comes. Rules of struct pen_client.
 */
#ifndef PEN_FETCH_SIZED_H
#define PEN_FETCH_SIZED_H

#include "fetch/client.h"

/* How large the object is, as this server says, with which there is a session; 0: it says nothing,
 * or it is not there. */
uint64_t pen_sized_said_by(const struct pen_client *client, unsigned server);

/* Servers that say anything: a set. */
uint64_t pen_sized_offers(const struct pen_client *client);

/* Ask for all pages of the object, of which servers say that it has `bytes`, 1 to units_max MiB.
 * No size is chosen. */
void pen_sized_pages(struct pen_client *client, uint64_t bytes);

/* The pages are here and proved: ask for the blocks instead. Bit u of `here`, 64 to a word: block u
 * is here from before, and is not asked for (it is never wrong). False, and nothing has changed,
 * while no server is known to have the object. */
bool pen_sized_blocks(struct pen_client *client, const uint64_t *here, int64_t now_ns);

/* Somebody else brings this block, or has brought it: no server is asked for it, and what is under
 * way of it is given up. It is never wrong. Nothing happens where it is here already, or no blocks
 * are asked for. */
void pen_sized_hold(struct pen_client *client, uint32_t unit, int64_t now_ns);

/* After all nobody else does, or not alone: it is asked for, unless it is on its way. */
void pen_sized_miss(struct pen_client *client, uint32_t unit);

/* Is this block on its way from a server? How many are, counted once for each server? */
bool pen_sized_flies(const struct pen_client *client, uint32_t unit);
unsigned pen_sized_flights(const struct pen_client *client);

/* Is any block neither here, nor held, nor on its way? */
bool pen_sized_lacks(struct pen_client *client);

/* The size is none after all: give up what is under way, and what came is void. */
void pen_sized_drop(struct pen_client *client, int64_t now_ns);

/* For whoever hears entries: a server says what the object is. */
void pen_sized_said(struct pen_client *client, unsigned server, const struct pen_haul_name *name);

#endif
