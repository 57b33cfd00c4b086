/*
 * sha_ni: SHA-256 of many messages with the x86 SHA extensions, two messages at a time.
 *
 * One message leaves the unit idle most of the time, because each pair of rounds waits for the one
 * before; two independent messages fill the gaps. Used by base/sha alone, which asks
 * pen_sha_ni_available first. Reference: Intel, "Intel SHA Extensions", 2013.
 */
#ifndef PEN_BASE_SHA_NI_H
#define PEN_BASE_SHA_NI_H

#include <stdbool.h>

#include "base/sha.h"

/* True if this CPU has SHA and SSE4.1. */
bool pen_sha_ni_available(void);

/* out[i] = SHA-256 of messages[i]. Only where pen_sha_ni_available. */
void pen_sha_ni_many(const struct pen_bytes *messages, size_t count, struct pen_hash *out);

#endif
