/*
 * stop: SIGINT and SIGTERM as a question that long work asks itself between two steps. The first
 * one is remembered, so that the step under way ends in order; a second one ends the process at
 * once, as if nobody had caught it (an echo of the first within 0.2 s does not count).
 */
#ifndef PEN_TOOLS_STOP_H
#define PEN_TOOLS_STOP_H

#include <stdbool.h>

/* Catch both signals from now on. */
void stop_install(void);

/* Has one come? Async-signal-safe, any thread. */
bool stop_asked(void);

#endif
