/* fetch_share: who may fetch which part; see fetch.h. The loop's, and of no use to others. */
#ifndef PEN_TOOLS_FETCH_SHARE_H
#define PEN_TOOLS_FETCH_SHARE_H

#include "base/clock.h"
#include "fetch.h"

/* How often it is looked who may fetch what: with many parts less often, as each costs some 100 ns.
 */
#define FETCH_SWEEP_NS (100 * PEN_NS_PER_MS)
#define FETCH_SWEEP_PART_NS 5000
static inline int64_t fetch_sweep_ns(const struct fetch *fetch)
{
	return FETCH_SWEEP_NS + fetch->n * (int64_t)FETCH_SWEEP_PART_NS;
}

/* Beside radios the mirror turns so often, since the plan looks at every part that it may not have;
 * what its sockets hold waits. */
#define FETCH_MIRROR_NS (2 * PEN_NS_PER_MS)
#define FETCH_MIRROR_PART_NS 1000
static inline int64_t fetch_mirror_ns(const struct fetch *fetch)
{
	return fetch->radios.count ? FETCH_MIRROR_NS + fetch->n * (int64_t)FETCH_MIRROR_PART_NS : 0;
}

/* Let each radio want what it may fetch, if it is time to look at it. */
void fetch_sweep(struct fetch *fetch, int64_t now_ns);

/* What a radio has just begun is not to be begun by another. */
void fetch_claim(struct fetch *fetch, const struct radio *radio, int64_t now_ns);

/* Can nothing more come? Then the gravest reason, as a code and a sentence; else 0. */
int fetch_patience(struct fetch *fetch, int64_t now_ns, struct pen_why *why);

/* Bytes a second for each sort of servers; 0: no cap. */
uint64_t fetch_rate(const struct fetch *fetch);

#endif
