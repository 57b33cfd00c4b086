/*
 * net_ours: our own protocol between the two ends of the lab: the production server (engine/serve)
 * with the object in its cache, and the production client (engine/fetch), over drivers/uring. Their
 * loops are those of `penstock serve` and `penstock fetch`; what comes is hashed and dropped.
 */
#ifndef PEN_BENCH_NET_OURS_H
#define PEN_BENCH_NET_OURS_H

#include "bench/net_lab.h"

/* A server; `context` is not looked at. */
void bench_net_serve(struct bench_net_lab *lab, void *context, struct bench_net_did *did);

/* A client that fetches the object once; `context` is its enum bench_net_check. */
void bench_net_fetch(struct bench_net_lab *lab, void *context, struct bench_net_did *did);

#endif
