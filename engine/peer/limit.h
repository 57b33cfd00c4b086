/*
 * limit: how many handshakes a second, in all and from one prefix: signatures are the most
 * expensive thing that a stranger can ask for.
 *
 * A token bucket for all, and one for each prefix (/24 of IPv4, /56 of IPv6) in a table of fixed
 * size, found by a keyed hash so that nobody can choose who shares a place. A bucket that has
 * filled up again says nothing, so places are taken from the oldest; if all are in use the
 * stranger waits. Only addresses that are proved come here. One thread; time is an argument.
 */
#ifndef PEN_PEER_LIMIT_H
#define PEN_PEER_LIMIT_H

#include <stdbool.h>

#include "base/prf.h"
#include "mem/frame.h"

/* In any second, of one core: two X25519 at 32,000 a second, an Ed25519 signature at 27,000 and a
 * check at 10,000 each, so 250 take 5 % of it. */
#define PEN_LIMIT_HELLOS_PER_S 250u
/* In any second, of one prefix: a house full of clients that start together waits a little. */
#define PEN_LIMIT_PREFIX_PER_S 4u
/* Prefixes that are remembered: more than come in a second at the limit of the core. */
#define PEN_LIMIT_SETS 256u
#define PEN_LIMIT_WAYS 4u

struct pen_limit_bucket {
	uint64_t prefix; /* keyed hash; 0: free */
	int64_t full_ns; /* when it will have filled up again */
};

struct pen_limit {
	struct pen_prf_key key;
	int64_t full_ns; /* of the bucket for all */
	struct pen_limit_bucket bucket[PEN_LIMIT_SETS][PEN_LIMIT_WAYS];
	uint64_t refused_all, refused_prefix; /* ever */
};

/* All buckets are full. The key is secret and random. */
void pen_limit_init(struct pen_limit *limit, const struct pen_prf_key *key);

/* May one more handshake go on, from `path`? Counts it if so. */
bool pen_limit_admit(struct pen_limit *limit, const struct pen_net_path *path, int64_t now_ns);

#endif
