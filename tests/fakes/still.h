/*
 * still: does a client's turn leave nothing undone? A turn looks only at what was stirred
 * (fetch/stir.h); so after it one that looks at everything must change nothing, say nothing, and
 * find nothing due sooner. This is how it is known that no wake-up is missed. Nor is anything due
 * at once: who waits until then would turn in circles.
 */
#ifndef PEN_TESTS_FAKES_STILL_H
#define PEN_TESTS_FAKES_STILL_H

#include "fetch/client.h"

/* After pen_client_turn, at the same time. Aborts with what changed; else the client is as it was.
 */
void still_check(struct pen_client *client, int64_t now_ns);

#endif
