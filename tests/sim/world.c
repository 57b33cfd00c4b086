#include "sim/world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/check.h"
#include "base/clock.h"
#include "mem/poison.h"

/* Packets on their way at most (what net's figures of the simulator allow), and jumbo ones. */
#define WORLD_PACKETS 8192u
#define WORLD_PACKETS_LARGE 2048u

static bool tap(void *context, unsigned from, unsigned to, uint8_t *at, uint32_t bytes)
{
	const struct world *world = context;
	if (world->see)
		world->see(world, from, to, at, bytes);
	if (world->mute[from] && bytes && at[0] == PEN_WIRE_DATA)
		return false;
	if (world->merciful && bytes && at[0] == PEN_WIRE_ATTESTED)
		return false;
	if (world->dark[from])
		return false;
	if (world->listen)
		world->listen(world->listener, from, to, at, bytes);
	return true;
}

void world_close(struct world *world)
{
	for (unsigned i = 0; i < world->actor_count; i++)
		actor_stop(world->actors[i]);
	pen_sim_network_close(&world->network);
}

unsigned world_add(struct world *world, struct actor *actor, const struct pen_sim_host_ask *host)
{
	PEN_CHECK(world->actor_count < WORLD_ACTORS_MAX);
	unsigned number = world->actor_count++;
	PEN_CHECK(pen_sim_host_add(&world->network, host) == number);
	actor->world = world;
	actor->host = number;
	world->actors[number] = actor;
	return number;
}

/* Most arenas fit a slab: all of what one needs whose device keeps 64 frames. */
#define SLABS (2 * WORLD_ACTORS_MAX)
#define SLAB_BYTES (80 * PEN_BLOCK_BYTES)
#define HUGE_BYTES (2u << 20)

/* Memory of arenas, from one world to the next, the first ones again and again: fresh pages cost
 * more than most worlds do. */
static struct slab {
	void *at; /* NULL: not taken yet */
	bool used;
} slabs[SLABS];

static int pages_take(void *context, size_t bytes, int node, void **at, struct pen_why *why)
{
	(void)context, (void)node, (void)why;
	unsigned i = bytes <= SLAB_BYTES ? 0 : SLABS;
	while (i < SLABS && slabs[i].used)
		i++;
	if (i == SLABS) {
		*at = aligned_alloc(PEN_BLOCK_BYTES, bytes);
		return *at ? 0 : -ENOMEM;
	}
	if (!slabs[i].at) {
		slabs[i].at = aligned_alloc(HUGE_BYTES, SLAB_BYTES);
		if (!slabs[i].at)
			return -ENOMEM;
		(void)madvise(slabs[i].at, SLAB_BYTES, MADV_HUGEPAGE);
	}
	slabs[i].used = true;
	*at = slabs[i].at;
	/* Behind its end the arena is not. */
	pen_unpoison(*at, bytes);
	pen_poison((uint8_t *)*at + bytes, SLAB_BYTES - bytes);
	return 0;
}

static void pages_give(void *context, void *at, size_t bytes)
{
	(void)context, (void)bytes;
	for (unsigned i = 0; i < SLABS; i++) {
		if (slabs[i].at == at) {
			slabs[i].used = false;
			return;
		}
	}
	free(at);
}

/* The same memory, for devices that want arenas to be theirs. */
static int own_take(void *context, size_t bytes, int node, void **at, struct pen_why *why)
{
	return pages_take(context, bytes, node, at, why);
}

void world_open(struct world *world, uint64_t seed, unsigned actors, bool six)
{
	PEN_CHECK(actors <= WORLD_ACTORS_MAX);
	*world = (struct world){0};
	pen_sim_clock_init(&world->clock, seed);
	const struct pen_sim_network_ask ask = {.clock = &world->clock,
		.hosts = actors,
		.small = WORLD_PACKETS,
		.large = WORLD_PACKETS_LARGE,
		.six = six,
		.pages = {.take = own_take, .give = pages_give}};
	PEN_CHECK(!pen_sim_network_open(&world->network, &ask));
	world->network.tap = tap;
	world->network.tap_context = world;
}

void world_arena(struct actor *actor, struct pen_arena *arena, unsigned blocks)
{
	const struct pen_arena *arenas[] = {arena};
	struct pen_arena_ask ask = {.bytes = blocks * PEN_BLOCK_BYTES,
		.node = PEN_NODE_ANY,
		.pages = actor->net->pages};
	if (!ask.pages.take)
		ask.pages = (struct pen_pages){.take = pages_take, .give = pages_give};
	PEN_CHECK(!pen_arena_open(arena, &ask, NULL));
	PEN_CHECK(!actor->net->ops->start(actor->net, arenas, 1, NULL));
}

enum pen_wire_size world_size(const struct actor *actor)
{
	return pen_wire_size_most(actor->net->caps.payload_bytes);
}

void world_fault(struct world *world, const struct fault *fault)
{
	PEN_CHECK(world->fault_count < WORLD_FAULTS_MAX);
	unsigned at = world->fault_count++;
	for (; at && world->faults[at - 1].at_ns > fault->at_ns; at--)
		world->faults[at] = world->faults[at - 1];
	world->faults[at] = *fault;
}

static void actor_start(struct actor *actor)
{
	PEN_CHECK(!actor->up);
	PEN_CHECK(!pen_sim_port_open(
		&actor->world->network, actor->host, actor->lives++, &actor->manners, &actor->net));
	actor->up = true;
	actor->due_ns = actor->world->clock.now_ns;
	actor->ops->start(actor, actor_now(actor));
}

void actor_stop(struct actor *actor)
{
	if (!actor->up)
		return;
	actor->ops->stop(actor);
	actor->up = false;
	actor->due_ns = INT64_MAX;
}

static void narrow(struct world *world, unsigned from, uint32_t bytes)
{
	for (unsigned to = 0; to < world->actor_count; to++)
		world->network.ways[from * world->network.host_max + to].weather.payload_bytes =
			bytes;
}

static void happen(struct world *world, const struct fault *fault)
{
	static const char *const names[] = {"crashes", "starts", "loses power", "has power again",
		"moves", "is seen elsewhere", "sends less a packet", "has narrow paths",
		"has another rate", "is not heard", "is heard again"};
	struct actor *actor = world->actors[fault->actor];
	struct pen_sim_network *network = &world->network;
	struct pen_sim_host *host = &network->hosts[actor->host];
	int64_t now_ns = world->clock.now_ns;
	if (world->told)
		fprintf(stderr, "%10.3f ms: actor %u (%s) %s (%llu)\n",
			(double)now_ns / PEN_NS_PER_MS, fault->actor, actor->ops->name,
			names[fault->kind], (unsigned long long)fault->value);
	pen_sim_trace(&world->clock, PEN_SIM_CHANGED, (uint64_t)fault->kind << 8 | fault->actor);
	switch (fault->kind) {
	case FAULT_POWER:
		/* What the disk was given is still there to be torn. */
		if (actor->disk)
			pen_sim_disk_cut(actor->disk);
		actor_stop(actor);
		pen_sim_host_kill(network, actor->host);
		break;
	case FAULT_CRASH: actor_stop(actor); break;
	case FAULT_BACK:
		if (actor->disk)
			pen_sim_disk_revive(actor->disk);
		pen_sim_host_revive(network, actor->host);
		actor_start(actor);
		break;
	case FAULT_START: actor_start(actor); break;
	case FAULT_MOVE: pen_sim_host_move(network, actor->host); break;
	case FAULT_REBIND: pen_sim_host_rebind(network, actor->host); break;
	case FAULT_PAYLOAD:
		pen_sim_host_payload_set(network, actor->host, (uint32_t)fault->value);
		break;
	case FAULT_NARROW: narrow(world, actor->host, (uint32_t)fault->value); break;
	case FAULT_RATE:
		pen_sim_link_set(&host->up, now_ns, fault->value);
		pen_sim_link_set(&host->down, now_ns, fault->value);
		break;
	case FAULT_DARK: world->dark[fault->actor] = true; break;
	case FAULT_LIGHT: world->dark[fault->actor] = false; break;
	}
}

/* Its disk will be done with something; what is done already has roused it. */
static int64_t disk_next_ns(const struct actor *actor)
{
	int64_t next_ns = actor->disk ? pen_sim_disk_next_ns(actor->disk) : INT64_MAX;
	return next_ns > actor->world->clock.now_ns ? next_ns : INT64_MAX;
}

static void soon(struct world *world, unsigned number)
{
	int64_t due_ns = world->due_ns[number], disk_ns = world->disk_ns[number];
	due_ns = due_ns < disk_ns ? due_ns : disk_ns;
	world->soon_ns = due_ns < world->soon_ns ? due_ns : world->soon_ns;
}

/* When an actor has something to do next, one way or the other: kept beside the others' for the
 * loop. */
static void note(struct world *world, unsigned number)
{
	const struct actor *actor = world->actors[number];
	world->due_ns[number] = actor->up ? actor->due_ns : INT64_MAX;
	world->disk_ns[number] = actor->up ? disk_next_ns(actor) : INT64_MAX;
	soon(world, number);
}

/* When the world has something to do. */
static int64_t next_ns(const struct world *world)
{
	int64_t next = pen_sim_network_next_ns(&world->network);
	if (world->fault_next < world->fault_count && world->faults[world->fault_next].at_ns < next)
		next = world->faults[world->fault_next].at_ns;
	return world->soon_ns < next ? world->soon_ns : next;
}

static void turn(struct actor *actor)
{
	struct world *world = actor->world;
	int64_t now_ns = world->clock.now_ns;
	int64_t due_ns = actor->ops->turn(actor, actor_now(actor));
	if (due_ns != INT64_MAX)
		due_ns -= actor->manners.skew_ns;
	actor->due_ns = due_ns > now_ns + WORLD_TURN_NS ? due_ns : now_ns + WORLD_TURN_NS;
	world->turns++;
	actor->turns++;
}

/* Packets are there, or the disk is done: a turn soon. */
static void rouse(struct world *world)
{
	uint64_t ready = world->network.ready;
	int64_t now_ns = world->clock.now_ns;
	for (unsigned i = 0; world->soon_ns <= now_ns && i < world->actor_count; i++)
		ready |= (uint64_t)(world->disk_ns[i] <= now_ns) << i;
	for (; ready; ready &= ready - 1) {
		unsigned number = (unsigned)__builtin_ctzll(ready);
		struct actor *actor = world->actors[number];
		bool late = actor->up && actor->due_ns > now_ns + actor->poll_ns;
		if (late)
			actor->due_ns = now_ns + actor->poll_ns;
		if (late || world->disk_ns[number] <= now_ns)
			note(world, number);
	}
}

/* What is to happen by now does. Whether anything changed but for what is on its way. */
static bool happen_all(struct world *world)
{
	bool any = false;
	while (world->fault_next < world->fault_count &&
		world->faults[world->fault_next].at_ns <= world->clock.now_ns) {
		const struct fault *fault = &world->faults[world->fault_next++];
		happen(world, fault);
		note(world, fault->actor);
		any = true;
	}
	return any;
}

/* Whose time has come have a turn. Whether anybody had. */
static bool turn_all(struct world *world)
{
	int64_t now_ns = world->clock.now_ns;
	if (world->soon_ns > now_ns)
		return false;
	world->soon_ns = INT64_MAX;
	for (unsigned i = 0; i < world->actor_count; i++) {
		if (world->due_ns[i] <= now_ns) {
			turn(world->actors[i]);
			note(world, i);
		} else {
			soon(world, i);
		}
	}
	return true;
}

bool world_run(struct world *world, int64_t until_ns, bool (*done)(void *context), void *context)
{
	bool changed = true;
	world->soon_ns = INT64_MAX;
	for (unsigned i = 0; i < world->actor_count; i++) {
		if (!world->actors[i]->lives)
			actor_start(world->actors[i]);
		note(world, i);
	}
	/* Only actors can be done. */
	while (!changed || !done(context)) {
		int64_t next = next_ns(world);
		if (next > until_ns) {
			world->asleep = next == INT64_MAX;
			return false;
		}
		if (next < world->clock.now_ns)
			next = world->clock.now_ns;
		pen_sim_network_run(&world->network, next);
		changed = happen_all(world);
		rouse(world);
		changed |= turn_all(world);
	}
	return true;
}
