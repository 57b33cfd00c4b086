/*
 * packetize: from a piece in memory to packets, without a copy: each is a header and a stretch of
 * the block that the piece lies in.
 */
#ifndef PEN_SERVE_PACKETIZE_H
#define PEN_SERVE_PACKETIZE_H

#include "serve/guest.h"
#include "serve/outbox.h"

/*
 * Put up to `max` (1..PEN_GUEST_RUN_MAX) packets of a slot into the outbox, which has room for
 * them: those asked for again, then the next. The slot's entry is held and READY. Returns how many;
 * they count as sent, for the guest's pacer and brake too.
 */
unsigned pen_packetize(struct pen_guest *guest, struct pen_sending *slot, unsigned max,
	struct pen_outbox *outbox, int64_t now_ns);

#endif
