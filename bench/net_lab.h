/*
 * net_lab: where the programs of bench/net race: two network namespaces joined by virtual Ethernet,
 * a core for each end, and an object in memory that is to be moved from one to the other.
 *
 * Every end is a process of its own, in its namespace and on its core, and says what it did in
 * memory that all share. The namespaces have no name, and the object lies in a file system that
 * only these processes see: all of it goes when the last of them ends, and they end with this one
 * (PR_SET_PDEATHSIG). So nothing is left lying about, whatever happens.
 *
 * Order: open, then any number of cable, start and run; close. Needs root. Thread: the one that
 * opened it.
 */
#ifndef PEN_BENCH_NET_LAB_H
#define PEN_BENCH_NET_LAB_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "store/layout.h"

/* The unit that both sides hash, and that our protocol moves. */
#define BENCH_NET_BLOCK ((size_t)1 << 20)
#define BENCH_NET_BLOCKS_MAX 1024u
/* No run takes so long unless something is broken. */
#define BENCH_NET_RUN_S 20u
#define BENCH_NET_WORDS 160u
#define BENCH_NET_SERVERS_MAX 5u
/* Where the object is, a store of ours. */
#define BENCH_NET_DIR "/dev/shm"

enum bench_net_end { BENCH_NET_SERVER, BENCH_NET_CLIENT, BENCH_NET_ENDS };

/* What a receiver does with each block of 1 MiB. */
enum bench_net_check {
	BENCH_NET_XXH3, /* XXH3-64 */
	BENCH_NET_SHA256,
	BENCH_NET_PROOF, /* ours alone: SHA-256 as a leaf, held against the object's root */
};

/* How the cable is laid. */
struct bench_net_cable {
	unsigned mtu;
	bool offloads; /* segmentation and checksums are left to the device. A virtual one then does
			  neither, and packets of 64 KiB pass through it; without them the kernel
			  cuts and sums before, and joins packets behind it (GRO) as behind any
			  network card */
};

/* What an end did. Written by its process, read when that is over; a server's only grows. */
struct bench_net_did {
	bool ready; /* a server: it may be called */
	uint16_t port;
	double seconds; /* a client: from the first packet or connection to the last hash; */
	double cpu; /* CPU seconds of its process in that time: not what it made ready before */
	uint64_t bytes; /* of the object that came */
	uint64_t tx_packets, tx_bytes, rx_packets, rx_bytes; /* of UDP payload; 0: not known */
	uint64_t rx_lost; /* packets that the socket had no room for */
	uint64_t tx_calls, rx_calls; /* batches: what the kernel handled at a time */
	uint64_t silences, called_lost, lowered; /* what a receiver of ours believed: timeouts,
						    losses, queues that made it slow down */
	uint64_t pulls; /* packets that asked, or acknowledged */
	uint64_t copied; /* bytes that a receiver copied in user space */
	uint64_t calls; /* into the system, if they are counted */
	char why[BENCH_NET_WORDS]; /* of a failure; empty: it is well */
};

/* In memory that all processes share. */
struct bench_net_shared {
	struct bench_net_did client; /* of the last run */
	struct bench_net_did server[BENCH_NET_SERVERS_MAX];
	_Atomic uint32_t over; /* clients that have all they wanted: to a server that sends unasked,
				  which may look only when the next one is there */
	uint64_t came[BENCH_NET_BLOCKS_MAX]; /* XXH3-64 of each block that came, if that was asked
						for */
};

struct bench_net_lab {
	int space[BENCH_NET_ENDS]; /* namespaces */
	int cpu[BENCH_NET_ENDS];
	struct bench_net_cable cable;
	char name[PEN_NAME_BYTES]; /* of the object's file below BENCH_NET_DIR: raw/ROOT */
	struct pen_hash root;
	uint32_t blocks; /* of the object, each of 1 MiB */
	uint64_t sums[BENCH_NET_BLOCKS_MAX]; /* XXH3-64 of each block */
	struct bench_net_shared *shared;
	bool count_calls; /* count system calls of runs; costs time */
};

/* A process of the lab. */
struct bench_net_process {
	pid_t pid; /* 0: none */
	clockid_t clock; /* its CPU time */
	struct bench_net_did *did;
};

/* What to do in a process: returns when it is over; its why says what failed. */
typedef void (*bench_net_role)(struct bench_net_lab *lab, void *context, struct bench_net_did *did);

/*
 * Make both namespaces, and an object of so many random blocks. 0; -EPERM without root; -errno,
 * with a sentence on stderr.
 */
int bench_net_lab_open(struct bench_net_lab *lab, uint32_t blocks);

/* Zeroed is fine. */
void bench_net_lab_close(struct bench_net_lab *lab);

/* Lay the cable, in place of the one that is there. 0 or -1. */
int bench_net_lab_cable(struct bench_net_lab *lab, const struct bench_net_cable *cable);

/* Address of an end, as text. */
const char *bench_net_address(enum bench_net_end end);

/* Start server `number` below BENCH_NET_SERVERS_MAX; back when it is ready. 0, or -1 with its
 * sentence on stderr. */
int bench_net_start(struct bench_net_lab *lab, unsigned number, bench_net_role role,
	struct bench_net_process *process);

/* End a server, or nothing. */
void bench_net_stop(struct bench_net_process *process);

/* A client to be run against a server. */
struct bench_net_call {
	bench_net_role role;
	void *context;
	const struct bench_net_process *server;
};

/* What a run took. */
struct bench_net_took {
	double cpu[BENCH_NET_ENDS]; /* seconds; of a client from its beginning to its end */
	struct bench_net_did did[BENCH_NET_ENDS];
};

/* Run a client to its end. 0, or -1 with its sentence on stderr. */
int bench_net_run(
	struct bench_net_lab *lab, const struct bench_net_call *call, struct bench_net_took *took);

/* CPU seconds that this process had so far. */
double bench_net_own_cpu(void);

/* CPU seconds that a process had so far. */
double bench_net_cpu(const struct bench_net_process *process);

/* Say why an end fails. */
__attribute__((format(printf, 2, 3))) void bench_net_fail(
	struct bench_net_did *did, const char *format, ...);

/* Now, in seconds. */
double bench_net_now(void);

#endif
