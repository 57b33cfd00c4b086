/*
 * say: the packets that a client sends to one of its servers, put together in the post.
 *
 * Each returns whether there was room to write; if not, the question stays open and is asked again.
 * Rules of struct pen_client.
 */
#ifndef PEN_FETCH_SAY_H
#define PEN_FETCH_SAY_H

#include "fetch/client.h"

/* A packet that a visit wants to be sent to `path`. */
bool pen_say_answer(struct pen_client *client, const struct pen_answer *answer,
	const struct pen_net_path *path);

/* Which parts of a window has it? */
bool pen_say_want(struct pen_client *client, struct pen_server *server, uint32_t window);

/* What are the bytes of the parts around server->catalog_part? */
bool pen_say_catalog(struct pen_client *client, struct pen_server *server);

/* Open what is asked for, close what is over: as much as fits one packet. */
bool pen_say_open(struct pen_client *client, struct pen_server *server, int64_t now_ns);

/* How much may come, what came, what is missing. */
bool pen_say_pull(struct pen_client *client, struct pen_server *server,
	const struct pen_stream_want *want, int64_t now_ns);

#endif
