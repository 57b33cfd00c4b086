#include "sim/stage.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/check.h"
#include "base/clock.h"
#include "sim/ideal.h"

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
	const struct stage *stage = context;
	return server_holds(&stage->servers[server], &stage->object, piece, bytes);
}

void stage_open(struct stage *stage, const struct plan *plan, enum stage_tell tell)
{
	unsigned hosts = plan->servers + plan->clients;
	stage->plan = plan;
	world_open(&stage->world, plan->seed, hosts, plan->six);
	stage->world.told = tell > STAGE_QUIET;
	stage->world.see = tell == STAGE_PACKETS ? see : NULL;
	object_make(&stage->object, plan);
	for (unsigned i = 0; i < plan->servers; i++) {
		server_open(&stage->servers[i], &stage->world, plan, i, &stage->object);
		world_add(&stage->world, &stage->servers[i].actor, &plan->hosts[i].links);
		stage->world.mute[i] = plan->hosts[i].lie == PLAN_SILENT;
	}
	for (unsigned i = 0; i < plan->clients; i++) {
		unsigned host = plan->servers + i;
		struct depot *depot = plan->keeps ? &stage->depots[i] : NULL;
		if (depot)
			depot_open(depot, &stage->world, plan, host, &stage->object);
		client_open(&stage->clients[i], &stage->world, plan, host, &stage->object, depot);
		stage->clients[i].holds = holds;
		stage->clients[i].context = stage;
		world_add(&stage->world, &stage->clients[i].actor, &plan->hosts[host].links);
	}
	for (unsigned i = 0; i < hosts; i++)
		for (unsigned j = 0; j < hosts; j++)
			pen_sim_weather_set(&stage->world.network, i, j, &plan->weather[i][j]);
	for (unsigned i = 0; i < plan->fault_count; i++)
		world_fault(&stage->world, &plan->faults[i]);
	outsider_open(&stage->outsider, &stage->world, plan);
	stage->world.listen = plan->outsider.sees ? listen : NULL;
	stage->world.listener = &stage->outsider;
}

void stage_close(struct stage *stage)
{
	world_close(&stage->world);
	for (unsigned i = 0; i < stage->plan->servers; i++)
		server_close(&stage->servers[i]);
	for (unsigned i = 0; i < stage->plan->clients; i++) {
		client_close(&stage->clients[i]);
		if (stage->clients[i].depot)
			depot_close(stage->clients[i].depot);
	}
}

bool stage_done(void *context)
{
	const struct stage *stage = context;
	for (unsigned i = 0; i < stage->plan->clients; i++) {
		const struct client *client = &stage->clients[i];
		if (!client->done && (stage->plan->missing < 0 || !client->stalled))
			return false;
		if (client_charges(client))
			return false;
	}
	return true;
}

int64_t stage_ideal_ns(const struct stage *stage)
{
	uint32_t part_bytes[PLAN_PARTS_MAX];
	for (unsigned k = 0; k < stage->object.n; k++) {
		const struct object_part *part = &stage->object.parts[k];
		part_bytes[k] = (uint32_t)(stage->object.lean ? part->made[0].len
							      : part->bytes.len);
	}
	return ideal_ns(stage->plan, part_bytes);
}

void stage_tell(const struct stage *stage)
{
	const struct pen_sim_network *network = &stage->world.network;
	for (unsigned i = 0; i < stage->plan->clients; i++) {
		const struct client *client = &stage->clients[i];
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
	for (unsigned i = 0; i < stage->world.actor_count; i++)
		fprintf(stderr, " %" PRIu64, stage->world.actors[i]->turns);
	fprintf(stderr, "\n");
}
