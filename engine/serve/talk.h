/*
 * talk: what a server says to its guests beside DATA, and how a guest is let go of; what hearing
 * (hear.c) and sending (send.c) share. For the room alone.
 */
#ifndef PEN_SERVE_TALK_H
#define PEN_SERVE_TALK_H

#include "serve/serve.h"

/* Send what a function of room peer wrote, if it wrote anything. It may be lost. */
void pen_talk_answer(
	struct pen_serve *serve, const struct pen_net_path *path, const struct pen_answer *answer);

/* Seal the body that stands in *answer, and send it to the guest. */
void pen_talk_reply(struct pen_serve *serve, struct pen_guest *guest, enum pen_wire_type type,
	struct pen_answer *answer, size_t body_bytes);

/* Send OPENED, unless it says nothing. */
void pen_talk_opened(
	struct pen_serve *serve, struct pen_guest *guest, const struct pen_opened *opened);

/* Send ATTESTED. */
void pen_talk_attested(
	struct pen_serve *serve, struct pen_guest *guest, const struct pen_wire_attested *attested);

/* Let a guest go without a word. */
void pen_talk_forget(struct pen_serve *serve, struct pen_guest *guest);

/* Let a guest go, and say why. */
void pen_talk_end(
	struct pen_serve *serve, struct pen_guest *guest, enum pen_wire_close_reason reason);

#endif
