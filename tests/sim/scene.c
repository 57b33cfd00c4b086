#include "sim/scene.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "sim/client.h"
#include "sim/curves.h"
#include "sim/ideal.h"
#include "sim/outsider.h"
#include "sim/server.h"

/* A fetch that takes longer hangs: long after every fault of a plan is over. */
#define LIMIT_NS (120 * PEN_NS_PER_S)
#define LIMIT_TIMES 30
/* So many times slower is later than anything that is allowed, if it takes long at all. */
#define LATE_TIMES 16u

struct scene {
	struct world world;
	struct object object;
	struct server servers[PLAN_SERVERS_MAX];
	struct client clients[PLAN_CLIENTS_MAX];
	struct depot depots[PLAN_CLIENTS_MAX]; /* of plans whose clients keep */
	struct outsider outsider; /* of plans that have one */
	const struct plan *plan;
};

static void fail(struct outcome *outcome, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The first reason stays. */
static void fail(struct outcome *outcome, const char *format, ...)
{
	va_list arguments;
	if (outcome->failed)
		return;
	outcome->failed = true;
	va_start(arguments, format);
	vsnprintf(outcome->why, sizeof outcome->why, format, arguments);
	va_end(arguments);
}

/* One packet, as a line. */
static void see(
	const struct world *world, unsigned from, unsigned to, const uint8_t *at, uint32_t bytes)
{
	static const char *const names[] = {"?", "HELLO", "LIST", "WANT", "CATALOG", "OPEN", "PULL",
		"PATH_RESPONSE", "ATTEST", "CLOSE", "RECEIPT"};
	static const char *const answers[] = {"?", "DATA", "COOKIE", "WELCOME", "BUSY", "RESET",
		"LISTED", "HAVE", "ENTRIES", "OPENED", "PATH_CHALLENGE", "ATTESTED", "CLOSED"};
	unsigned type = at[0] & (PEN_WIRE_TO_CLIENT - 1);
	bool answer = at[0] & PEN_WIRE_TO_CLIENT;
	const struct pen_wire_data *data = (const struct pen_wire_data *)(const void *)at;
	const struct pen_wire_pull *pull = (const struct pen_wire_pull *)(const void *)(at +
		PEN_WIRE_HEAD_BYTES);
	const char *name = "?";
	if (type < (answer ? PEN_COUNT(answers) : PEN_COUNT(names)))
		name = answer ? answers[type] : names[type];
	fprintf(stderr, "%12.3f ms  %u -> %u  %4u  %s", (double)world->clock.now_ns / PEN_NS_PER_MS,
		from, to, bytes, name);
	if (at[0] == PEN_WIRE_DATA)
		fprintf(stderr, " slot %u index %u seq %u flags %u", data->slot, data->index,
			data->seq, data->flags);
	if (at[0] == PEN_WIRE_PULL)
		fprintf(stderr,
			" grant %" PRIu64 " seen %" PRIu64 " lost %" PRIu64
			" pace %u lease %u words %u missing %u",
			pull->grant, pull->seen, pull->lost, pull->pace, pull->lease_ms,
			pull->proof_words, pull->missing_count);
	fprintf(stderr, "\n");
}

static void listen(void *context, unsigned from, unsigned to, const uint8_t *at, uint32_t bytes)
{
	outsider_see(context, from, to, at, bytes);
}

static bool holds(
	void *context, unsigned server, const struct pen_piece *piece, struct pen_bytes bytes)
{
	const struct scene *scene = context;
	return server_holds(&scene->servers[server], &scene->object, piece, bytes);
}

static void build(struct scene *scene, const struct plan *plan, enum scene_tell tell)
{
	unsigned hosts = plan->servers + plan->clients;
	scene->plan = plan;
	world_open(&scene->world, plan->seed, hosts, plan->six);
	scene->world.told = tell > SCENE_QUIET;
	scene->world.see = tell == SCENE_PACKETS ? see : NULL;
	object_make(&scene->object, plan);
	for (unsigned i = 0; i < plan->servers; i++) {
		server_open(&scene->servers[i], &scene->world, plan, i, &scene->object);
		world_add(&scene->world, &scene->servers[i].actor, &plan->hosts[i].links);
		scene->world.mute[i] = plan->hosts[i].lie == PLAN_SILENT;
	}
	for (unsigned i = 0; i < plan->clients; i++) {
		unsigned host = plan->servers + i;
		struct depot *depot = plan->keeps ? &scene->depots[i] : NULL;
		if (depot)
			depot_open(depot, &scene->world, plan, host, &scene->object);
		client_open(&scene->clients[i], &scene->world, plan, host, &scene->object, depot);
		scene->clients[i].holds = holds;
		scene->clients[i].context = scene;
		world_add(&scene->world, &scene->clients[i].actor, &plan->hosts[host].links);
	}
	for (unsigned i = 0; i < hosts; i++)
		for (unsigned j = 0; j < hosts; j++)
			pen_sim_weather_set(&scene->world.network, i, j, &plan->weather[i][j]);
	for (unsigned i = 0; i < plan->fault_count; i++)
		world_fault(&scene->world, &plan->faults[i]);
	outsider_open(&scene->outsider, &scene->world, plan);
	scene->world.listen = plan->outsider.sees ? listen : NULL;
	scene->world.listener = &scene->outsider;
}

static bool all_done(void *context)
{
	const struct scene *scene = context;
	for (unsigned i = 0; i < scene->plan->clients; i++) {
		const struct client *client = &scene->clients[i];
		if (!client->done && (scene->plan->missing < 0 || !client->stalled))
			return false;
		if (client_charges(client))
			return false;
	}
	return true;
}

static void tell_counters(const struct scene *scene)
{
	const struct pen_sim_network *network = &scene->world.network;
	for (unsigned i = 0; i < scene->plan->clients; i++) {
		const struct client *client = &scene->clients[i];
		const struct pen_client_counters *counters = &client->counters;
		fprintf(stderr,
			"client %u: done %d at %.3f ms, %" PRIu64 " packets, %" PRIu64
			" placed, %" PRIu64 " twice, %" PRIu64 " strays, %" PRIu64
			" harmed, %" PRIu64 " pulls, %" PRIu64 " opens, %" PRIu64 " again, %" PRIu64
			" stuck, %" PRIu64 " parted, %" PRIu64 " restarts, %" PRIu64 " refused\n",
			client->actor.host, client->done, (double)client->done_ns / PEN_NS_PER_MS,
			counters->packets, counters->placed, counters->duplicates, counters->strays,
			counters->harmed, counters->pulls, counters->opens, counters->again,
			counters->stuck, counters->parted, counters->restarts, client->refused);
	}
	fprintf(stderr, "network: %" PRIu64 " sent, %" PRIu64 " arrived; lost", network->sent,
		network->arrived);
	static const char *const reasons[PEN_SIM_BY_REASONS] = {
		"weather", "uplink", "downlink", "mtu", "death", "address", "tap", "ring", "cells"};
	for (unsigned i = 0; i < PEN_SIM_BY_REASONS; i++)
		fprintf(stderr, " %s %" PRIu64, reasons[i], network->lost[i]);
	fprintf(stderr, "; at most %u on their way\nturns:", network->packets.used_max);
	for (unsigned i = 0; i < scene->world.actor_count; i++)
		fprintf(stderr, " %" PRIu64, scene->world.actors[i]->turns);
	fprintf(stderr, "\n");
}

/* What its machine has, and was given in between. */
static void judge_depot(struct client *client, struct outcome *outcome)
{
	struct depot *depot = client->depot;
	if (!depot)
		return;
	depot_judge(depot, client->done);
	outcome->resumed += depot->resumed;
	outcome->blocks += depot->crate.resumed;
	outcome->torn += depot->crate.torn;
	if (depot->wrong[0])
		fail(outcome, "client %u: %s", client->actor.host, depot->wrong);
}

/* What the other clients fetch again after they were started again comes through the same links. */
static int64_t time_limit_ns(
	const struct scene *scene, const struct client *client, const struct outcome *outcome)
{
	int64_t clients = scene->plan->clients, fetches = clients;
	for (unsigned i = 0; i < scene->plan->clients; i++)
		if (&scene->clients[i] != client)
			fetches += scene->clients[i].actor.lives - 1;
	return ideal_limit_ns(outcome->ideal_ns * fetches / clients);
}

/* With an honest server near by it must not take long, since it was started last, to have it all:
 * on its disk and in its sink too, unless its machine is one that was made as slow as the network.
 */
static void judge_time(
	const struct scene *scene, const struct client *client, struct outcome *outcome)
{
	bool slow = client->depot && client->depot->ledger.apply_ns > 0;
	int64_t took_ns = (slow ? client->fetched_ns : client->done_ns) - client->begun_ns;
	int64_t limit_ns = time_limit_ns(scene, client, outcome);
	if (outcome->binds && took_ns > limit_ns)
		fail(outcome, "client %u took %.3f s, and may take %.3f s: ideal is %.3f s",
			client->actor.host, (double)took_ns / PEN_NS_PER_S,
			(double)limit_ns / PEN_NS_PER_S, (double)outcome->ideal_ns / PEN_NS_PER_S);
}

static void judge_client(const struct scene *scene, unsigned i, struct outcome *outcome)
{
	const struct client *client = &scene->clients[i];
	outcome->refused += client->refused;
	outcome->sizes += client->sizes;
	outcome->parted += client->counters.parted;
	outcome->restarts += client->counters.restarts;
	if (!client->done) {
		fail(outcome, "client %u hangs: %u of %u %s proved after %.1f s%s",
			client->actor.host, client_proved(client),
			scene->object.raw ? scene->object.blocks : scene->object.n,
			scene->object.raw ? "blocks" : "parts",
			(double)scene->world.clock.now_ns / PEN_NS_PER_S,
			scene->world.asleep ? ", and nobody will ever do anything again" : "");
		return;
	}
	if (!client_right(client))
		fail(outcome, "client %u has other bytes than the object", client->actor.host);
	if (client->done_ns > outcome->took_ns)
		outcome->took_ns = client->done_ns;
	judge_time(scene, client, outcome);
}

/* Bytes of the parts as servers have them. */
static int64_t scene_ideal_ns(const struct scene *scene)
{
	uint32_t part_bytes[PLAN_PARTS_MAX];
	for (unsigned k = 0; k < scene->object.n; k++) {
		const struct object_part *part = &scene->object.parts[k];
		part_bytes[k] = (uint32_t)(scene->object.lean ? part->made[0].len
							      : part->bytes.len);
	}
	return ideal_ns(scene->plan, part_bytes);
}

/* One part cannot be had: all others must be here, and the client say which is not. */
static void judge_hopeless(const struct scene *scene, unsigned i, struct outcome *outcome)
{
	const struct client *client = &scene->clients[i];
	unsigned n = scene->object.n, missing = (unsigned)scene->plan->missing;
	outcome->refused += client->refused;
	if (client->parts[missing].proved)
		fail(outcome, "client %u has part %u, which nobody has", client->actor.host,
			missing);
	if (client_proved(client) != n - 1)
		fail(outcome, "client %u has %u of the %u parts that there are, and says: %s",
			client->actor.host, client_proved(client), n - 1,
			pen_stuck_text(client->stuck.reason));
	else if (!client->stalled || client->stuck.part != missing)
		fail(outcome, "client %u does not say that part %u is missing, but: %s of %u",
			client->actor.host, missing, pen_stuck_text(client->stuck.reason),
			client->stuck.part);
	outcome->took_ns = outcome->ideal_ns;
}

/* Whoever told no lie about bytes is never called a liar, whatever came from him. */
static void judge_justice(const struct scene *scene, struct outcome *outcome)
{
	for (unsigned i = 0; i < scene->plan->clients; i++) {
		const struct client *client = &scene->clients[i];
		for (unsigned s = 0; client->actor.up && s < scene->plan->servers; s++) {
			enum plan_lie lie = scene->plan->hosts[s].lie;
			bool guilty = client->client->server[s].fault == PEN_SERVER_LIED;
			outcome->convicted += guilty;
			if (guilty &&
				(lie == PLAN_HONEST || lie == PLAN_SILENT || lie == PLAN_BUSY ||
					lie == PLAN_FULL))
				fail(outcome, "client %u calls server %u a liar, which never lied",
					client->actor.host, s);
		}
	}
}

/* Where no machine ever dies, nobody is given up for dead, whatever the paths lose. Who never lets
 * anybody in may be. */
static void judge_patience(const struct scene *scene, struct outcome *outcome)
{
	if (scene->plan->fault_count || scene->plan->outsider.sees)
		return;
	for (unsigned i = 0; i < scene->plan->clients; i++) {
		const struct client *client = &scene->clients[i];
		for (unsigned s = 0; s < scene->plan->servers; s++) {
			const struct pen_visit *visit = &client->client->server[s].visit;
			if (visit->code == PEN_ENET && !visit->sessions &&
				scene->plan->hosts[s].lie != PLAN_BUSY)
				fail(outcome, "client %u: server %u was given up, which lives: %s",
					client->actor.host, s, visit->why.text);
		}
	}
}

/* Whoever gave a client wrong bytes that it holds, and was found out, is called a liar. */
static void judge_mercy(const struct scene *scene, struct outcome *outcome)
{
	for (unsigned i = 0; i < scene->plan->clients; i++) {
		const struct client *client = &scene->clients[i];
		for (unsigned s = 0; client->actor.up && s < scene->plan->servers; s++) {
			if (!client->caught_ns[s])
				continue;
			outcome->caught++;
			if (!client_convicted(client, s))
				fail(outcome,
					"server %u gave client %u wrong bytes at %.3f s, and is "
					"not called a liar",
					s, client->actor.host,
					(double)client->caught_ns[s] / PEN_NS_PER_S);
		}
	}
}

/* What is still on its way arrives nowhere; then no packet may be in use. */
static void drain(struct scene *scene, struct outcome *outcome)
{
	struct pen_sim_network *network = &scene->world.network;
	for (unsigned i = 0; i < scene->world.actor_count; i++)
		actor_stop(scene->world.actors[i]);
	while (network->queue.count)
		pen_sim_network_run(network, pen_sim_network_next_ns(network));
	if (network->packets.used)
		fail(outcome, "%u packets leaked", network->packets.used);
}

/* Break something, at the end of the world. */
static void sabotage(struct scene *scene, enum scene_sabotage what)
{
	static unsigned runs;
	struct client *client = &scene->clients[0];
	if (what == SABOTAGE_BYTES)
		client->parts[0].bytes.at[0] ^= 1;
	if (what == SABOTAGE_BLOCK)
		PEN_CHECK(pen_block_take(&client->pool));
	if (what == SABOTAGE_PACKET)
		(void)pen_sim_packet_take(&scene->world.network.packets, 1);
	if (what == SABOTAGE_JUSTICE)
		client->client->server[0].fault = PEN_SERVER_LIED;
	if (what == SABOTAGE_LOSE && client->depot)
		ledger_lose(&client->depot->ledger);
	if (what == SABOTAGE_MISCOUNT && client->depot)
		ledger_miscount(&client->depot->ledger);
	if (what == SABOTAGE_CHANCE)
		pen_sim_trace(&scene->world.clock, PEN_SIM_ASKED, runs++);
}

/* What clients are to do, and what of it wrongly. */
static void mislead(struct scene *scene, const struct scene_ask *ask)
{
	const struct plan *plan = ask->plan;
	for (unsigned i = 0; i < plan->clients; i++) {
		scene->clients[i].still = ask->still;
		scene->clients[i].stubborn = ask->sabotage == SABOTAGE_STUBBORN;
		scene->clients[i].spite = ask->sabotage == SABOTAGE_SPITE;
		if (ask->sabotage == SABOTAGE_HASTE)
			scene->clients[i].tries = 1;
		scene->clients[i].keeps |= ask->sabotage == SABOTAGE_BYTES;
	}
	for (unsigned i = 0; plan->keeps && i < plan->clients; i++) {
		scene->depots[i].hasty = ask->sabotage == SABOTAGE_SYNC;
		scene->depots[i].forgetful = ask->sabotage == SABOTAGE_FORGET;
		scene->depots[i].crate.hasty = ask->sabotage == SABOTAGE_SYNC;
		scene->depots[i].crate.forgetful = ask->sabotage == SABOTAGE_MISLAY;
		scene->depots[i].crate.trusting = ask->sabotage == SABOTAGE_TRUST;
		scene->depots[i].ledger.again = ask->sabotage == SABOTAGE_AGAIN;
		scene->clients[i].rash = ask->sabotage == SABOTAGE_RASH;
	}
}

void scene_run(const struct scene_ask *ask, struct outcome *outcome)
{
	static struct scene scene; /* too large for a stack; one at a time */
	const struct plan *plan = ask->plan;
	bool tell = ask->tell > SCENE_QUIET;
	bool curves = ask->curves || plan->seed % CURVES_SHARE == 0;
	*outcome = (struct outcome){0};
	curves_choose(curves);
	build(&scene, plan, ask->tell);
	mislead(&scene, ask);
	outcome->ideal_ns = scene_ideal_ns(&scene);
	for (unsigned i = 0; ask->sabotage == SABOTAGE_LATE && i < plan->servers; i++)
		pen_sim_link_set(&scene.world.network.hosts[i].up, 0,
			plan->hosts[i].links.up_bits_per_s / LATE_TIMES);
	for (unsigned i = 0; ask->sabotage == SABOTAGE_SILENCE && i < plan->servers; i++)
		scene.world.mute[i] = true;
	scene.world.merciful = ask->sabotage == SABOTAGE_MERCY;
	int64_t begin_ns = cpu_ns(), curves_before_ns = curves_ns;
	world_run(&scene.world, LIMIT_NS + LIMIT_TIMES * outcome->ideal_ns, all_done, &scene);
	outcome->run_ns = cpu_ns() - begin_ns;
	outcome->curves_ns = curves_ns - curves_before_ns;
	sabotage(&scene, ask->sabotage);
	outcome->trace = scene.world.clock.trace;
	/* Each spoilt packet costs a piece, or a part. */
	outcome->binds = ideal_binds(plan) && !plan->outsider.spoils;
	for (unsigned i = 0; tell && i < plan->clients; i++)
		if (scene.clients[i].actor.up && !scene.clients[i].done)
			client_tell(&scene.clients[i]);
	judge_justice(&scene, outcome);
	judge_mercy(&scene, outcome);
	judge_patience(&scene, outcome);
	drain(&scene, outcome);
	for (unsigned i = 0; i < plan->clients; i++) {
		judge_depot(&scene.clients[i], outcome);
		if (plan->missing < 0)
			judge_client(&scene, i, outcome);
		else
			judge_hopeless(&scene, i, outcome);
	}
	outcome->packets = scene.world.network.sent;
	outcome->turns = scene.world.turns;
	outcome->put = scene.outsider.put;
	outcome->spoilt = scene.outsider.spoilt;
	for (unsigned i = 0; i < plan->servers; i++)
		outcome->sessions += scene.servers[i].sessions;
	outcome->curves = curves ? outcome->sessions : 0;
	if (tell)
		tell_counters(&scene);
	world_close(&scene.world);
	for (unsigned i = 0; i < plan->servers; i++)
		server_close(&scene.servers[i]);
	for (unsigned i = 0; i < plan->clients; i++) {
		client_close(&scene.clients[i]);
		if (scene.clients[i].depot)
			depot_close(scene.clients[i].depot);
	}
}
