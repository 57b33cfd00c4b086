/*
 * wake: how one thread ends another's sleep: an eventfd. Signals add up to one wake until it is
 * cleared, and one that comes before the sleep is not lost. Signal from any thread or signal
 * handler; wait and clear belong to the one that sleeps.
 */
#ifndef PEN_BASE_WAKE_H
#define PEN_BASE_WAKE_H

#include <stdint.h>

#define PEN_WAKE_NONE ((struct pen_wake){-1})

struct pen_wake {
	int fd; /* readable while signalled; -1: not open */
};

/* 0 or -errno. */
int pen_wake_open(struct pen_wake *wake);

/* PEN_WAKE_NONE and one already closed are fine. */
void pen_wake_close(struct pen_wake *wake);

/* End the sleep under way, or the next one. Safe in a signal handler; errno is kept. */
void pen_wake_signal(const struct pen_wake *wake);

/* Forget the signals so far. */
void pen_wake_clear(const struct pen_wake *wake);

/* Sleep until signalled, at most `ns` (negative: for ever); a signal of the process may end it
 * early. Clears. */
void pen_wake_wait(const struct pen_wake *wake, int64_t ns);

#endif
