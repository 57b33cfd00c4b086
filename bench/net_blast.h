/*
 * net_blast: what the kernel's UDP gives at best between the two ends of the lab: a sender that
 * sends as much as it can in the largest batches (GSO), without asking anybody, and a receiver that
 * takes batches (GRO) and reads each byte once (XXH3-64). Datagrams are as long as those of our
 * protocol. What the receiver cannot take is lost, and not missed.
 *
 * It is a fair rival in what it reads: the object lies in memory of its own and goes by from end to
 * end, as a server's blocks do, so that neither finds it in a cache. But its packets have no
 * headers, and a batch is one stretch of memory; what that is worth by itself is told by the one
 * that sends in pieces.
 */
#ifndef PEN_BENCH_NET_BLAST_H
#define PEN_BENCH_NET_BLAST_H

#include "bench/net_lab.h"

/* The sender: waits for a packet, then blasts at whoever sent it until it is told to stop, and so
 * on. `context` is not looked at. */
void bench_net_blast(struct bench_net_lab *lab, void *context, struct bench_net_did *did);

/* The same with a header of 32 bytes from elsewhere in front of each packet's payload: two pieces a
 * packet, which is what any protocol with headers has to hand to the kernel. */
void bench_net_blast_pieces(struct bench_net_lab *lab, void *context, struct bench_net_did *did);

/* The same without a copy into the kernel (IORING_OP_SEND_ZC, out of registered memory). */
void bench_net_blast_uncopied(struct bench_net_lab *lab, void *context, struct bench_net_did *did);

/* The receiver of one blast, as long as the object; `context` is the blaster's port, uint16_t. */
void bench_net_bear(struct bench_net_lab *lab, void *context, struct bench_net_did *did);

#endif
