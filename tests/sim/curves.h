/*
 * curves: how much CPU time the curves of handshakes take (base/keys.h). The linker leads the
 * engine's calls through here (-Wl,--wrap), which only looks at the clock. A handshake costs the
 * same in a world of ten packets and of ten million, so it is told apart.
 */
#ifndef PEN_TESTS_SIM_CURVES_H
#define PEN_TESTS_SIM_CURVES_H

#include <stdint.h>

/* Nanoseconds so far, of this process. */
extern int64_t curves_ns;

/* The CPU time of this process. */
int64_t cpu_ns(void);

#endif
