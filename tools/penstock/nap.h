/*
 * nap: one place to sleep at, for several descriptors and the time. It is an epoll descriptor
 * itself, readable as soon as something is to be done, so others can wait for it beside their own.
 * One thread.
 */
#ifndef PEN_TOOLS_NAP_H
#define PEN_TOOLS_NAP_H

#include <stdint.h>

#include "base/err.h"
#include "base/wake.h"

struct nap {
	struct pen_wake wake; /* the epoll descriptor: to be waited for, not to be signalled */
	int timer;
};

/* 0 or -errno with a sentence. */
int nap_open(struct nap *nap, struct pen_why *why);

/* Closed and zeroed by open alone. */
void nap_close(struct nap *nap);

/* End every nap while this descriptor is readable; once for each. 0 or -errno. */
int nap_watch(struct nap *nap, int fd);

/* The naps from now on end in `ns` (> 0). */
void nap_set(struct nap *nap, int64_t ns);

/* Sleep. */
void nap_take(struct nap *nap);

#endif
