/*
 * net_rounds: transfers of the same object by several sides, one after the other in each round, and
 * what that says of the ratio of two of them. A round may go by all sides there and back: then each
 * side's reading is its mean, and a machine that grows slower or faster meanwhile does so for all.
 * As bench/bench.h does it: a round waits until others leave the machine alone, and one that they
 * had much of is taken again, as long as that may take.
 */
#ifndef PEN_BENCH_NET_ROUNDS_H
#define PEN_BENCH_NET_ROUNDS_H

#include "bench/bench.h"
#include "bench/interval.h"
#include "bench/net_lab.h"

enum net_side {
	NET_HTTP_1, /* nginx and curl with so many streams */
	NET_HTTP_2,
	NET_HTTP_4,
	NET_OURS,
	NET_PROOF, /* ours, each block proved */
	NET_BLASTER,
	NET_PIECES, /* a blaster whose packets have headers */
	NET_UNCOPIED, /* a blaster that sends without a copy */
	NET_SIDES,
};

/* Who serves whom. */
enum net_server {
	NET_NGINX,
	NET_SERVE,
	NET_BLAST,
	NET_BLAST_PIECES,
	NET_BLAST_UNCOPIED,
	NET_SERVERS
};

/* Sides that take part in rounds: a set. */
enum net_group {
	NET_WITH_XXH3 = 1 << NET_HTTP_1 | 1 << NET_HTTP_2 | 1 << NET_HTTP_4 | 1 << NET_OURS |
		1 << NET_BLASTER,
	NET_WITH_SHA256 = 1 << NET_HTTP_1 | 1 << NET_HTTP_2 | 1 << NET_HTTP_4 | 1 << NET_OURS |
		1 << NET_PROOF,
	NET_WITH_BLASTER = 1 << NET_OURS | 1 << NET_BLASTER,
	NET_WITH_PIECES = 1 << NET_OURS | 1 << NET_BLASTER | 1 << NET_PIECES,
	NET_WITH_UNCOPIED = 1 << NET_BLASTER | 1 << NET_UNCOPIED,
	NET_WITH_OURS = 1 << NET_OURS,
};

/* Readings of some rounds. */
struct net_rounds {
	struct bench_net_lab *lab;
	struct bench_net_process servers[NET_SERVERS]; /* those that run */
	enum net_group group;
	enum bench_net_check check; /* what receivers do with each block */
	bool twice; /* a round goes there and back */
	double seconds[NET_SIDES][BENCH_ROUNDS_MAX];
	double cpu[NET_SIDES][BENCH_NET_ENDS][BENCH_ROUNDS_MAX];
	double others[BENCH_ROUNDS_MAX]; /* of the machine's time */
	struct bench_net_took last[NET_SIDES]; /* of the last round */
	size_t count;
	unsigned disturbed; /* rounds thrown away */
};

/* How long to go on, and how many rounds at least. */
struct net_patience {
	double seconds;
	size_t rounds_min; /* 2 or more */
};

const char *net_side_name(enum net_side side);

/* Start a server, if this machine has it: nginx may be missing. 0 or -1. */
int net_rounds_start(struct net_rounds *rounds, enum net_server server);

/* End all servers. */
void net_rounds_stop(struct net_rounds *rounds);

/* Does it take part? */
bool net_rounds_has(const struct net_rounds *rounds, enum net_side side);

/* One round, without a reading if there is room for none; what came is compared. 0 or -1, with a
 * sentence on stderr. */
int net_rounds_one(struct net_rounds *rounds);

/* One round to warm up, then as many as it takes. 0 or -1. */
int net_rounds_run(struct net_rounds *rounds, const struct net_patience *patience);

/* The side with the least median among those with nginx. */
enum net_side net_rounds_best(const struct net_rounds *rounds);

/* The rival's time over ours; of NET_HTTP_1 the best of nginx in each round. */
struct bench_interval net_rounds_ratio(
	const struct net_rounds *rounds, enum net_side rival, enum net_side ours);

#endif
