/* fetch_share: who may fetch which part; see fetch.h. The loop's, and of no use to others. */
#ifndef PEN_TOOLS_FETCH_SHARE_H
#define PEN_TOOLS_FETCH_SHARE_H

#include "fetch.h"

/* How often it is looked who may fetch what. */
#define FETCH_SWEEP_NS (100 * PEN_NS_PER_MS)

/* Let each radio want what it may fetch, if it is time to look at it. */
void fetch_sweep(struct fetch *fetch, int64_t now_ns);

/* What a radio has just begun is not to be begun by another. */
void fetch_claim(struct fetch *fetch, const struct radio *radio, int64_t now_ns);

/* Can nothing more come? Then the gravest reason, as a code and a sentence; else 0. */
int fetch_patience(struct fetch *fetch, int64_t now_ns, struct pen_why *why);

/* Bytes a second for each sort of servers; 0: no cap. */
uint64_t fetch_rate(const struct fetch *fetch);

#endif
