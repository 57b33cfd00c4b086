/*
 * net: raw form out of memory over the kernel's UDP, against nginx and curl with 1, 2 and 4
 * streams, and against the most that the same UDP gives (bench/net_blast.h). One core for each end,
 * the same cable, XXH3-64 of each block of 1 MiB at both receivers.
 *
 *     net/MTU-on    offloads: virtual Ethernet hands on packets of 64 KiB, uncut and unsummed
 *     net/MTU-off   cut, summed and joined by the kernel, as behind a plain network card
 *     .../http      the best rival of each round over ours
 *     .../ceiling   the best rival over the blaster: no UDP of this kernel can be ahead by more
 *     .../blaster   the blaster's time over ours: 1 is all that there is
 *     .../pieces    the same for a blaster whose packets have headers, as ours have
 *     .../sha256    the first with SHA-256 of each block instead: told, without a floor
 *     .../proof     the same, ours proving each block against the object's root
 *     .../uncopied  the blaster's time over that of one that sends by SEND_ZC: above 1 it gains
 *     .../cost      what one transfer takes: system calls, packets, copies, feedback
 *
 * All sides take turns in each round; with the blaster there and back, because what a virtual
 * machine's memory does in a second changes by half from one moment to the next, and a ratio of two
 * transfers with it. PEN_BENCH_RACE is one of the names, or a cable's (1500-on); one of the names
 * is the short way, above all 1500-on/blaster, which asks nginx for nothing. All of it takes eight
 * minutes at most on a quiet machine.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "bench/machine.h"
#include "bench/net_http.h"
#include "bench/net_rounds.h"

#define BLOCKS 1024u
#define BLOCKS_CHECK 4u
#define GIB ((double)(1 << 30))

#define FLOOR_HTTP 2.0
#define FLOOR_BLASTER 0.8

/* So long at most, the wait for others included; then the intervals are what they are. */
static const struct net_patience main_patience = {35, BENCH_ROUNDS_MIN},
				 blaster_patience = {35, BENCH_ROUNDS_MIN},
				 short_patience = {10, 2};

static const struct {
	const char *name;
	struct bench_net_cable cable;
} cables[] = {{"1500-on", {1500, true}}, {"9000-on", {9000, true}}, {"1500-off", {1500, false}},
	{"9000-off", {9000, false}}};

struct net {
	struct bench bench;
	struct bench_net_lab lab;
	struct net_rounds rounds;
	const char *cable; /* "1500-on" */
};

static void print_head(const struct net *net, const char *race,
	const struct bench_interval *interval, double floor)
{
	const struct net_rounds *rounds = &net->rounds;
	double value = bench_interval_value(interval);
	double others = bench_median(rounds->others, rounds->count);
	bool quiet = others <= BENCH_OTHERS_MAX;
	printf("{\"name\":\"net/%s/%s\",\"value\":%.4f,\"unit\":\"rival's time / ours\",",
		net->cable, race, value);
	printf("\"spread\":{\"min\":%.4f,\"max\":%.4f,\"low95\":%.4f,\"high95\":%.4f,"
	       "\"mean\":%.4f,\"tight\":%s},",
		interval->min, interval->max, interval->low, interval->high, interval->mean,
		bench_interval_tight(interval) ? "true" : "false");
	printf("\"rounds\":%zu,\"clock\":\"wall\",\"others\":%.3f,\"disturbed\":%u,", rounds->count,
		others, rounds->disturbed);
	if (floor > 0)
		printf("\"floor\":%.2f,\"holds\":%s,", floor,
			value >= floor && quiet ? "true" : "false");
	if (!quiet)
		printf("\"void\":\"others were at work on this machine\",");
}

static void print_side(const struct net *net, const char *role, enum net_side side)
{
	const struct net_rounds *rounds = &net->rounds;
	double gib = net->lab.blocks * (double)BENCH_NET_BLOCK / GIB;
	double median = bench_median(rounds->seconds[side], rounds->count);
	printf("\"%s\":{\"name\":\"%s\",\"seconds\":%.4f,\"Gb_per_s\":%.2f,"
	       "\"server_CPU_s_per_GiB\":%.3f,\"client_CPU_s_per_GiB\":%.3f},",
		role, net_side_name(side), median, gib * GIB * 8 / 1e9 / median,
		bench_median(rounds->cpu[side][BENCH_NET_SERVER], rounds->count) / gib,
		bench_median(rounds->cpu[side][BENCH_NET_CLIENT], rounds->count) / gib);
}

static void print_end(const struct net *net)
{
	printf("\"MiB\":%u,\"mtu\":%u,\"offloads\":%s,", net->lab.blocks, net->lab.cable.mtu,
		net->lab.cable.offloads ? "true" : "false");
	bench_machine_print();
	printf("}\n");
	fflush(stdout);
}

/* Is a race wanted, of this cable? */
static bool is_wanted(const struct net *net, const char *race)
{
	char name[64];
	const char *only = net->bench.only;
	snprintf(name, sizeof name, "%s/%s", net->cable, race);
	return !only || !strcmp(only, net->cable) || !strcmp(only, name);
}

/* `ours` may be another's: of the ceiling it is the blaster. */
static void print_race(const struct net *net, const char *race, enum net_side rival,
	enum net_side ours, double floor)
{
	static const char *const streams[] = {"1_stream", "2_streams", "4_streams"};
	if (!is_wanted(net, race))
		return;
	struct bench_interval interval = net_rounds_ratio(&net->rounds, rival, ours);
	print_head(net, race, &interval, floor);
	print_side(net, "rival", rival == NET_HTTP_1 ? net_rounds_best(&net->rounds) : rival);
	print_side(net, ours == NET_OURS || ours == NET_PROOF ? "ours" : "other", ours);
	for (int i = 0; rival == NET_HTTP_1 && i < 3; i++)
		print_side(net, streams[i], (enum net_side)(NET_HTTP_1 + i));
	print_end(net);
}

static double per(uint64_t a, uint64_t b)
{
	return b ? (double)a / (double)b : 0;
}

/* What one transfer of ours takes. */
static void print_cost(const struct net *net)
{
	const struct bench_net_took *took = &net->rounds.last[NET_OURS];
	const struct bench_net_did *server = &took->did[BENCH_NET_SERVER];
	const struct bench_net_did *client = &took->did[BENCH_NET_CLIENT];
	double megabytes = (double)client->bytes / 1e6;
	printf("{\"name\":\"net/%s/cost\",\"value\":%.4f,\"unit\":\"system calls per MB, both "
	       "ends\",",
		net->cable, (double)(server->calls + client->calls) / megabytes);
	printf("\"calls_per_MB\":{\"server\":%.3f,\"client\":%.3f,\"known\":%s},",
		(double)server->calls / megabytes, (double)client->calls / megabytes,
		server->calls && client->calls ? "true" : "false");
	printf("\"packets\":{\"per_s\":%.0f,\"per_send\":%.1f,\"per_receive\":%.1f,\"lost\":%llu},",
		(double)client->rx_packets / client->seconds,
		per(server->tx_packets, server->tx_calls),
		per(client->rx_packets, client->rx_calls), (unsigned long long)client->rx_lost);
	/* Into the kernel; out of it, and then to where it is hashed. */
	printf("\"copied_per_byte\":{\"sender\":%.3f,\"receiver\":%.3f},",
		per(server->tx_bytes, client->bytes),
		per(client->rx_bytes + client->copied, client->bytes));
	printf("\"feedback\":{\"packets\":%.5f,\"one_in\":%.0f,\"bytes\":%.5f,\"pulls\":%llu},",
		per(client->tx_packets, client->rx_packets),
		per(client->rx_packets, client->tx_packets),
		per(client->tx_bytes, client->rx_bytes), (unsigned long long)client->pulls);
	printf("\"believed\":{\"silences\":%llu,\"lost\":%llu,\"slowed_down\":%llu},",
		(unsigned long long)client->silences, (unsigned long long)client->called_lost,
		(unsigned long long)client->lowered);
	print_side(net, "ours", NET_OURS);
	print_end(net);
}

static int race_http(struct net *net)
{
	struct net_rounds *rounds = &net->rounds;
	if (!is_wanted(net, "http") && !is_wanted(net, "ceiling"))
		return 0;
	rounds->group = NET_WITH_XXH3;
	rounds->check = BENCH_NET_XXH3;
	int err = net_rounds_run(rounds, &main_patience);
	if (err || !net_rounds_has(rounds, NET_HTTP_1))
		return err;
	print_race(net, "http", NET_HTTP_1, NET_OURS, FLOOR_HTTP);
	print_race(net, "ceiling", NET_HTTP_1, NET_BLASTER, 0);
	return 0;
}

/* Ours and blasters, there and back. */
static int race_there_and_back(struct net *net, enum net_group group)
{
	struct net_rounds *rounds = &net->rounds;
	rounds->group = group;
	rounds->check = BENCH_NET_XXH3;
	rounds->twice = true;
	int err = net_rounds_run(rounds, &blaster_patience);
	rounds->twice = false;
	return err;
}

static int race_blaster(struct net *net)
{
	if (!is_wanted(net, "blaster"))
		return 0;
	int err = race_there_and_back(net, NET_WITH_BLASTER);
	if (!err)
		print_race(net, "blaster", NET_BLASTER, NET_OURS, FLOOR_BLASTER);
	return err;
}

static int race_pieces(struct net *net)
{
	if (!is_wanted(net, "pieces"))
		return 0;
	int err = race_there_and_back(net, NET_WITH_PIECES);
	if (!err)
		print_race(net, "pieces", NET_PIECES, NET_OURS, 0);
	return err;
}

static int race_cost(struct net *net)
{
	struct net_rounds *rounds = &net->rounds;
	if (!is_wanted(net, "cost"))
		return 0;
	rounds->group = NET_WITH_OURS;
	rounds->check = BENCH_NET_XXH3;
	rounds->count = 0;
	int err = net_rounds_one(rounds);
	net->lab.count_calls = true;
	if (!err)
		err = net_rounds_one(rounds);
	net->lab.count_calls = false;
	rounds->count = 1;
	if (!err)
		print_cost(net);
	return err;
}

static int race_sha(struct net *net)
{
	struct net_rounds *rounds = &net->rounds;
	if (!is_wanted(net, "sha256") && !is_wanted(net, "proof"))
		return 0;
	rounds->group = NET_WITH_SHA256;
	rounds->check = BENCH_NET_SHA256;
	int err = net_rounds_run(rounds, &short_patience);
	if (err || !net_rounds_has(rounds, NET_HTTP_1))
		return err;
	print_race(net, "sha256", NET_HTTP_1, NET_OURS, 0);
	print_race(net, "proof", NET_HTTP_1, NET_PROOF, 0);
	return 0;
}

static int race_uncopied(struct net *net)
{
	struct net_rounds *rounds = &net->rounds;
	if (!is_wanted(net, "uncopied") || !net->lab.cable.offloads)
		return 0;
	int err = net_rounds_start(rounds, NET_BLAST_UNCOPIED);
	if (err)
		return err;
	rounds->group = NET_WITH_UNCOPIED;
	err = net_rounds_run(rounds, &short_patience);
	if (!err)
		print_race(net, "uncopied", NET_BLASTER, NET_UNCOPIED, 0);
	bench_net_stop(&rounds->servers[NET_BLAST_UNCOPIED]);
	return err;
}

/* Each side once, and what came is compared. */
static int check_cable(struct net *net)
{
	struct net_rounds *rounds = &net->rounds;
	rounds->count = 0;
	rounds->group = NET_WITH_XXH3;
	rounds->check = BENCH_NET_XXH3;
	int err = net_rounds_one(rounds);
	rounds->group = NET_WITH_PIECES;
	rounds->twice = true;
	if (!err)
		err = net_rounds_one(rounds);
	rounds->twice = false;
	rounds->group = NET_WITH_SHA256;
	rounds->check = BENCH_NET_SHA256;
	return err ? err : net_rounds_one(rounds);
}

static int race_cable(struct net *net, const struct bench_net_cable *cable)
{
	struct net_rounds *rounds = &net->rounds;
	*rounds = (struct net_rounds){.lab = &net->lab};
	int err = bench_net_lab_cable(&net->lab, cable);
	for (int i = 0; !err && i < NET_BLAST_UNCOPIED; i++)
		err = net_rounds_start(rounds, (enum net_server)i);
	if (!err && net->bench.check)
		err = check_cable(net);
	if (!err && !net->bench.check) {
		int (*const races[])(struct net *) = {
			race_http, race_blaster, race_pieces, race_cost, race_sha, race_uncopied};
		for (size_t i = 0; i < PEN_COUNT(races); i++)
			if (races[i](net))
				err = -EIO;
	}
	net_rounds_stop(rounds);
	return err;
}

/* Is any race of this cable wanted? */
static bool is_cable(const struct net *net, const char *cable)
{
	const char *only = net->bench.only;
	size_t length = strlen(cable);
	return !only || (!strncmp(only, cable, length) && (!only[length] || only[length] == '/'));
}

int main(int argc, char **argv)
{
	static struct net net;
	bench_open(&net.bench, "net", argc, argv);
	int err = bench_net_lab_open(&net.lab, net.bench.check ? BLOCKS_CHECK : BLOCKS);
	if (err == -EPERM) {
		fprintf(stderr,
			"net: it lays a cable between two network namespaces: run it as "
			"root\n");
		return net.bench.check ? 77 : 9;
	}
	if (err)
		bench_fail(&net.bench, "there is nothing to run on");
	if (!bench_net_http_there())
		fprintf(stderr,
			"net: without nginx and libcurl (tools/packages --install bench) "
			"the rival is missing\n");
	for (size_t i = 0; !err && i < PEN_COUNT(cables); i++) {
		net.cable = cables[i].name;
		if (is_cable(&net, net.cable) && race_cable(&net, &cables[i].cable))
			bench_fail(&net.bench, "%s: not all of it could be run", net.cable);
	}
	bench_net_lab_close(&net.lab);
	return bench_close(&net.bench);
}
