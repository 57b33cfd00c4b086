/*
 * recent: HELLOs that opened a session while their cookie lives, so that one that is repeated,
 * because WELCOME was lost or by somebody else, finds the session that it opened.
 *
 * A table of fixed size from a name to a number; entries older than `life_ns` are free. Four places
 * for each name; if all are in use it is refused, which the limit of handshakes makes rare. One
 * thread; time is an argument.
 */
#ifndef PEN_PEER_RECENT_H
#define PEN_PEER_RECENT_H

#include <stdbool.h>
#include <stdint.h>

/* Twice the handshakes of a core in a cookie's life (250 * 10). */
#define PEN_RECENT_SETS 2048u
#define PEN_RECENT_WAYS 4u

struct pen_recent_entry {
	uint64_t name; /* a secret hash of the HELLO */
	uint64_t session; /* 0: free */
	int64_t until_ns; /* free from then on */
};

struct pen_recent {
	struct pen_recent_entry entry[PEN_RECENT_SETS][PEN_RECENT_WAYS];
};

void pen_recent_init(struct pen_recent *recent);

/* The session of this name, 0 if there is none. */
uint64_t pen_recent_find(const struct pen_recent *recent, uint64_t name, int64_t now_ns);

/* Remember it until then. False if all its places are in use. The name is not there yet. */
bool pen_recent_add(
	struct pen_recent *recent, const struct pen_recent_entry *entry, int64_t now_ns);

#endif
