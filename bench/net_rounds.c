#include "bench/net_rounds.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/check.h"
#include "bench/net_blast.h"
#include "bench/net_http.h"
#include "bench/net_ours.h"
#include "bench/others.h"

static const struct {
	const char *name;
	enum net_server server;
	unsigned streams; /* of nginx */
} sides[NET_SIDES] = {{"nginx + curl, 1 stream", NET_NGINX, 1},
	{"nginx + curl, 2 streams", NET_NGINX, 2}, {"nginx + curl, 4 streams", NET_NGINX, 4},
	{"penstock", NET_SERVE, 0}, {"penstock", NET_SERVE, 0}, {"blaster", NET_BLAST, 0},
	{"blaster in pieces", NET_BLAST_PIECES, 0}, {"blaster by SEND_ZC", NET_BLAST_UNCOPIED, 0}};

const char *net_side_name(enum net_side side)
{
	return sides[side].name;
}

int net_rounds_start(struct net_rounds *rounds, enum net_server server)
{
	static const bench_net_role roles[NET_SERVERS] = {bench_net_nginx, bench_net_serve,
		bench_net_blast, bench_net_blast_pieces, bench_net_blast_uncopied};
	if (server == NET_NGINX && !bench_net_http_there())
		return 0;
	return bench_net_start(
		rounds->lab, (unsigned)server, roles[server], &rounds->servers[server]);
}

void net_rounds_stop(struct net_rounds *rounds)
{
	for (int i = 0; i < NET_SERVERS; i++)
		bench_net_stop(&rounds->servers[i]);
}

bool net_rounds_has(const struct net_rounds *rounds, enum net_side side)
{
	return rounds->group >> side & 1 && rounds->servers[sides[side].server].pid;
}

static int run_client(struct net_rounds *rounds, enum net_side side, struct bench_net_took *took)
{
	enum bench_net_check check = side == NET_PROOF ? BENCH_NET_PROOF : rounds->check;
	struct bench_net_curl curl = {.streams = sides[side].streams, .check = check};
	const struct bench_net_process *server = &rounds->servers[sides[side].server];
	uint16_t port = server->did->port;
	struct bench_net_call call = {.server = server};
	switch (sides[side].server) {
	case NET_NGINX:
		call.role = bench_net_curl;
		call.context = &curl;
		break;
	case NET_SERVE:
		call.role = bench_net_fetch;
		call.context = &check;
		break;
	default: call.role = bench_net_bear; call.context = &port;
	}
	return bench_net_run(rounds->lab, &call, took);
}

/* Did the object come? */
static bool is_whole(const struct net_rounds *rounds, enum net_side side)
{
	const struct bench_net_lab *lab = rounds->lab;
	bool hashed = side < NET_BLASTER && rounds->check == BENCH_NET_XXH3;
	return !hashed || !memcmp(lab->shared->came, lab->sums, lab->blocks * sizeof *lab->sums);
}

/* One transfer; its readings are added to those of round `at`, with that weight. */
static int run_side(struct net_rounds *rounds, enum net_side side, size_t at, double weight)
{
	struct bench_net_took *took = &rounds->last[side];
	memset(rounds->lab->shared->came, 0, sizeof rounds->lab->shared->came);
	int err = run_client(rounds, side, took);
	if (err)
		return err;
	rounds->seconds[side][at] += weight * took->did[BENCH_NET_CLIENT].seconds;
	rounds->cpu[side][BENCH_NET_CLIENT][at] += weight * took->did[BENCH_NET_CLIENT].cpu;
	rounds->cpu[side][BENCH_NET_SERVER][at] += weight * took->cpu[BENCH_NET_SERVER];
	if (is_whole(rounds, side))
		return 0;
	fprintf(stderr, "net: %s brings other bytes\n", net_side_name(side));
	return -1;
}

/* CPU seconds of everything of ours that is not this process, and lives. */
static double cpu_of_servers(const struct net_rounds *rounds)
{
	double sum = 0;
	for (int i = 0; i < NET_SERVERS; i++)
		sum += bench_net_cpu(&rounds->servers[i]);
	return sum;
}

static void forget(struct net_rounds *rounds, size_t at)
{
	for (int side = 0; side < NET_SIDES; side++) {
		rounds->seconds[side][at] = 0;
		for (int end = 0; end < BENCH_NET_ENDS; end++)
			rounds->cpu[side][end][at] = 0;
	}
}

int net_rounds_one(struct net_rounds *rounds)
{
	struct bench_others others;
	size_t at = rounds->count < BENCH_ROUNDS_MAX ? rounds->count : BENCH_ROUNDS_MAX - 1;
	int turns = rounds->twice ? 2 * NET_SIDES : NET_SIDES, err = 0;
	double clients = 0;
	forget(rounds, at);
	bench_others_begin(&others);
	others.own += cpu_of_servers(rounds);
	for (int turn = 0; turn < turns && !err; turn++) {
		int side = turn < NET_SIDES ? turn : 2 * NET_SIDES - 1 - turn;
		if (!net_rounds_has(rounds, (enum net_side)side))
			continue;
		err = run_side(rounds, (enum net_side)side, at, rounds->twice ? 0.5 : 1);
		clients += rounds->last[side].cpu[BENCH_NET_CLIENT];
	}
	others.own -= cpu_of_servers(rounds) + clients;
	rounds->others[at] = bench_others_end(&others);
	return err;
}

/* The best of nginx's times in a round. */
static double best_http(const struct net_rounds *rounds, size_t round)
{
	const double(*seconds)[BENCH_ROUNDS_MAX] = rounds->seconds;
	return fmin(seconds[NET_HTTP_1][round],
		fmin(seconds[NET_HTTP_2][round], seconds[NET_HTTP_4][round]));
}

enum net_side net_rounds_best(const struct net_rounds *rounds)
{
	enum net_side best = NET_HTTP_1;
	for (int side = NET_HTTP_2; side <= NET_HTTP_4; side++)
		if (bench_median(rounds->seconds[side], rounds->count) <
			bench_median(rounds->seconds[best], rounds->count))
			best = (enum net_side)side;
	return best;
}

struct bench_interval net_rounds_ratio(
	const struct net_rounds *rounds, enum net_side rival, enum net_side ours)
{
	double ratios[BENCH_ROUNDS_MAX];
	PEN_CHECK(net_rounds_has(rounds, rival) && net_rounds_has(rounds, ours));
	for (size_t i = 0; i < rounds->count; i++)
		ratios[i] = (rival == NET_HTTP_1 ? best_http(rounds, i)
						 : rounds->seconds[rival][i]) /
			rounds->seconds[ours][i];
	return bench_interval_of(ratios, rounds->count);
}

/* Is every ratio of the group known well enough? */
static bool is_tight(const struct net_rounds *rounds)
{
	static const enum net_side pairs[][2] = {{NET_HTTP_1, NET_OURS}, {NET_HTTP_1, NET_PROOF},
		{NET_BLASTER, NET_OURS}, {NET_PIECES, NET_OURS}, {NET_BLASTER, NET_UNCOPIED}};
	for (size_t i = 0; i < PEN_COUNT(pairs); i++) {
		if (!net_rounds_has(rounds, pairs[i][0]) || !net_rounds_has(rounds, pairs[i][1]))
			continue;
		struct bench_interval interval = net_rounds_ratio(rounds, pairs[i][0], pairs[i][1]);
		if (!bench_interval_tight(&interval))
			return false;
	}
	return true;
}

/* Wait until others leave the machine alone, or time is up. */
static void wait_quiet(const struct net_rounds *rounds, double until)
{
	const struct timespec moment = {0, BENCH_QUIET_NS};
	double share = 1;
	while (share > BENCH_OTHERS_MAX && bench_net_now() < until) {
		struct bench_others others;
		bench_others_begin(&others);
		others.own += cpu_of_servers(rounds);
		nanosleep(&moment, NULL);
		others.own -= cpu_of_servers(rounds);
		share = bench_others_end(&others);
	}
}

/* Until when a round may wait, or be thrown away, so that those that are still missing fit into the
 * time that is left. */
static double spare_until(const struct net_rounds *rounds, const struct net_patience *patience,
	double until, double each)
{
	size_t least = patience->rounds_min, count = rounds->count;
	return least > count ? until - (double)(least - count) * each : until;
}

int net_rounds_run(struct net_rounds *rounds, const struct net_patience *patience)
{
	PEN_CHECK(patience->rounds_min >= 2);
	double start = bench_net_now(), until = start + patience->seconds;
	rounds->count = 0;
	rounds->disturbed = 0;
	int err = net_rounds_one(rounds);
	double each = bench_net_now() - start;
	while (!err && rounds->count < BENCH_ROUNDS_MAX) {
		bool enough = rounds->count >= patience->rounds_min;
		if (enough && (bench_net_now() > until || is_tight(rounds)))
			break;
		double spare = spare_until(rounds, patience, until, each);
		wait_quiet(rounds, spare);
		err = net_rounds_one(rounds);
		bool disturbed = rounds->others[rounds->count] > BENCH_OTHERS_MAX &&
			bench_net_now() < spare;
		rounds->disturbed += disturbed;
		rounds->count += !disturbed;
	}
	return err;
}
