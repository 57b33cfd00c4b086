/*
 * tend: looks after each server of a client: its session comes, falls silent, comes back or ends;
 * timers pass; questions are asked until they are answered; PULLs leave when they are due.
 *
 * Rules of struct pen_client.
 */
#ifndef PEN_FETCH_TEND_H
#define PEN_FETCH_TEND_H

#include "fetch/client.h"

/* The visit has a new session: streams and questions start anew, what came stays. */
void pen_tend_greet(struct pen_client *client, unsigned server, int64_t now_ns);

/* The visit is over: the server has nothing any more, and fills no place. */
void pen_tend_lose(struct pen_client *client, unsigned server, int64_t now_ns);

/* It shuts down, and is called in case that it comes back: others are asked meanwhile for what it
 * was to give. */
void pen_tend_left(struct pen_client *client, unsigned server, int64_t now_ns);

/* We are elsewhere now, and it has heard nothing of what was said from there: say it again. */
void pen_tend_moved(struct pen_client *client, unsigned server, int64_t now_ns);

/* Let time pass for a server: before new places are assigned. */
void pen_tend_time(struct pen_client *client, unsigned server, int64_t now_ns);

/* Say what is due to a server, after they were; its due_ns is right from then on. */
void pen_tend_say(struct pen_client *client, unsigned server, int64_t now_ns);

/* Data came that changes nothing else: bring due_ns forward if it must be. */
void pen_tend_data(struct pen_client *client, unsigned server);

#endif
