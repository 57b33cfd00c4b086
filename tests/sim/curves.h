/*
 * curves: which curves the handshakes of a world use, and how much CPU time they take
 * (base/keys.h). The linker leads the engine's calls through here (-Wl,--wrap). In one world of
 * CURVES_SHARE they go on to OpenSSL, as in the program; in the others to a toy (sim/toy.h), as a
 * handshake costs the same in a world of ten packets and of ten million, and says the same of
 * OpenSSL in each.
 */
#ifndef PEN_TESTS_SIM_CURVES_H
#define PEN_TESTS_SIM_CURVES_H

#include <stdbool.h>
#include <stdint.h>

#define CURVES_SHARE 8u

/* Nanoseconds that OpenSSL's took so far, in this process. */
extern int64_t curves_ns;

/* From now on they are OpenSSL's, or a toy. */
void curves_choose(bool real);

/* The CPU time of this process. */
int64_t cpu_ns(void);

#endif
