#include "sim/verdict.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"
#include "sim/ideal.h"

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
	const struct stage *stage, const struct client *client, const struct outcome *outcome)
{
	int64_t clients = stage->plan->clients, fetches = clients;
	for (unsigned i = 0; i < stage->plan->clients; i++)
		if (&stage->clients[i] != client)
			fetches += stage->clients[i].actor.lives - 1;
	return ideal_limit_ns(outcome->ideal_ns * fetches / clients);
}

/* With an honest server near by it must not take long, since it was started last, to have it all:
 * on its disk and in its sink too, unless its machine is one that was made as slow as the network.
 */
static void judge_time(
	const struct stage *stage, const struct client *client, struct outcome *outcome)
{
	bool slow = client->depot && client->depot->ledger.apply_ns > 0;
	int64_t took_ns = (slow ? client->fetched_ns : client->done_ns) - client->begun_ns;
	int64_t limit_ns = time_limit_ns(stage, client, outcome);
	if (outcome->binds && took_ns > limit_ns)
		fail(outcome, "client %u took %.3f s, and may take %.3f s: ideal is %.3f s",
			client->actor.host, (double)took_ns / PEN_NS_PER_S,
			(double)limit_ns / PEN_NS_PER_S, (double)outcome->ideal_ns / PEN_NS_PER_S);
}

static void judge_client(const struct stage *stage, unsigned i, struct outcome *outcome)
{
	const struct client *client = &stage->clients[i];
	outcome->refused += client->refused;
	outcome->sizes += client->sizes;
	outcome->parted += client->counters.parted;
	outcome->restarts += client->counters.restarts;
	if (!client->done) {
		fail(outcome, "client %u hangs: %u of %u %s proved after %.1f s%s",
			client->actor.host, client_proved(client),
			stage->object.raw ? stage->object.blocks : stage->object.n,
			stage->object.raw ? "blocks" : "parts",
			(double)stage->world.clock.now_ns / PEN_NS_PER_S,
			stage->world.asleep ? ", and nobody will ever do anything again" : "");
		return;
	}
	if (!client_right(client))
		fail(outcome, "client %u has other bytes than the object", client->actor.host);
	if (client->done_ns > outcome->took_ns)
		outcome->took_ns = client->done_ns;
	judge_time(stage, client, outcome);
}

/* One part cannot be had: all others must be here, and the client say which is not. */
static void judge_hopeless(const struct stage *stage, unsigned i, struct outcome *outcome)
{
	const struct client *client = &stage->clients[i];
	unsigned n = stage->object.n, missing = (unsigned)stage->plan->missing;
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
static void judge_justice(const struct stage *stage, struct outcome *outcome)
{
	for (unsigned i = 0; i < stage->plan->clients; i++) {
		const struct client *client = &stage->clients[i];
		for (unsigned s = 0; client->actor.up && s < stage->plan->servers; s++) {
			enum plan_lie lie = stage->plan->hosts[s].lie;
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
static void judge_patience(const struct stage *stage, struct outcome *outcome)
{
	if (stage->plan->fault_count || stage->plan->outsider.sees)
		return;
	for (unsigned i = 0; i < stage->plan->clients; i++) {
		const struct client *client = &stage->clients[i];
		for (unsigned s = 0; s < stage->plan->servers; s++) {
			const struct pen_visit *visit = &client->client->server[s].visit;
			if (visit->code == PEN_ENET && !visit->sessions &&
				stage->plan->hosts[s].lie != PLAN_BUSY)
				fail(outcome, "client %u: server %u was given up, which lives: %s",
					client->actor.host, s, visit->why.text);
		}
	}
}

/* Whoever gave a client wrong bytes that it holds, and was found out, is called a liar. */
static void judge_mercy(const struct stage *stage, struct outcome *outcome)
{
	for (unsigned i = 0; i < stage->plan->clients; i++) {
		const struct client *client = &stage->clients[i];
		for (unsigned s = 0; client->actor.up && s < stage->plan->servers; s++) {
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
static void drain(struct stage *stage, struct outcome *outcome)
{
	struct pen_sim_network *network = &stage->world.network;
	for (unsigned i = 0; i < stage->world.actor_count; i++)
		actor_stop(stage->world.actors[i]);
	while (network->queue.count)
		pen_sim_network_run(network, pen_sim_network_next_ns(network));
	if (network->packets.used)
		fail(outcome, "%u packets leaked", network->packets.used);
}

static void count(const struct stage *stage, struct outcome *outcome)
{
	outcome->packets = stage->world.network.sent;
	outcome->turns = stage->world.turns;
	outcome->put = stage->outsider.put;
	outcome->spoilt = stage->outsider.spoilt;
	for (unsigned i = 0; i < stage->plan->servers; i++)
		outcome->sessions += stage->servers[i].sessions;
}

void verdict_give(struct stage *stage, struct outcome *outcome)
{
	judge_justice(stage, outcome);
	judge_mercy(stage, outcome);
	judge_patience(stage, outcome);
	drain(stage, outcome);
	for (unsigned i = 0; i < stage->plan->clients; i++) {
		judge_depot(&stage->clients[i], outcome);
		if (stage->plan->missing < 0)
			judge_client(stage, i, outcome);
		else
			judge_hopeless(stage, i, outcome);
	}
	count(stage, outcome);
}
