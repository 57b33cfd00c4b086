/*
 * net_blast: what the kernel's UDP gives at best between the two ends of the lab: a sender that
 * sends as much as it can in the largest batches (GSO), without asking anybody, and a receiver that
 * takes batches (GRO) and reads each byte once (XXH3-64). Datagrams are as long as those of our
 * protocol. What the receiver cannot take is lost, and not missed.
 */
#ifndef PEN_BENCH_NET_BLAST_H
#define PEN_BENCH_NET_BLAST_H

#include "bench/net_lab.h"

/* The sender: waits for a packet, then blasts at whoever sent it until it is told to stop, and so
 * on. `context` is not looked at. */
void bench_net_blast(struct bench_net_lab *lab, void *context, struct bench_net_did *did);

/* The same without a copy into the kernel (IORING_OP_SEND_ZC, out of registered memory). */
void bench_net_blast_uncopied(struct bench_net_lab *lab, void *context, struct bench_net_did *did);

/* The receiver of one blast, as long as the object; `context` is the blaster's port, uint16_t. */
void bench_net_bear(struct bench_net_lab *lab, void *context, struct bench_net_did *did);

#endif
