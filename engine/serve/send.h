/*
 * send: the sending half of a server's turn: what was read is passed on, and each guest in the ring
 * sends a run when it is its turn. For the room alone.
 */
#ifndef PEN_SERVE_SEND_H
#define PEN_SERVE_SEND_H

#include "serve/serve.h"

/* Something was read, or a block came free: guests that wait for it go on. */
void pen_send_wake(struct pen_serve *serve);

/*
 * Send as much as the port, the ceiling and the guests allow. When something may leave next without
 * a packet or a read that comes before: now_ns at once, INT64_MAX never.
 */
int64_t pen_send_turn(struct pen_serve *serve, int64_t now_ns);

#endif
