/*
 * net_http: what everybody has: nginx, one worker, with sendfile out of memory (tmpfs), and a
 * client of libcurl that asks for the object in so many ranges at once, each on a connection of its
 * own, and hashes each block of 1 MiB as its bytes come (no copy beyond curl's own buffer, the
 * largest there is). That is faster than the curl program, whose output must go through a pipe to
 * be hashed.
 */
#ifndef PEN_BENCH_NET_HTTP_H
#define PEN_BENCH_NET_HTTP_H

#include "bench/net_lab.h"

#define BENCH_NET_STREAMS_MAX 4u

/* Whether this build and this machine have all of it. */
bool bench_net_http_there(void);

/* The server; `context` is not looked at. */
void bench_net_nginx(struct bench_net_lab *lab, void *context, struct bench_net_did *did);

/* What a client does. */
struct bench_net_curl {
	unsigned streams; /* 1 to BENCH_NET_STREAMS_MAX */
	enum bench_net_check check; /* BENCH_NET_XXH3 or BENCH_NET_SHA256 */
};

/* The client; `context` is its struct bench_net_curl. */
void bench_net_curl(struct bench_net_lab *lab, void *context, struct bench_net_did *did);

#endif
