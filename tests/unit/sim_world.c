/* The world's loop and faults, with the simplest protocol there is: a client asks for numbers, and
 * asks again what did not come. */
#include "sim/world.h"

#include <criterion/criterion.h>

#include "base/bits.h"
#include "base/clock.h"

#define WINDOW 32u
#define AGAIN_NS (300 * PEN_NS_PER_MS)
#define REPLY_BYTES 1168u
#define WANTED 2000u
#define BURST 64u

struct courier {
	struct actor actor; /* first */
	struct pen_arena arena;
	struct pen_net_path from[BURST]; /* server: of whom answers wait for */
	uint64_t asked[BURST];
	unsigned waiting;
	bool got[WANTED]; /* client; survives restarts, as a store would */
	unsigned count;
	unsigned next; /* asked last */
	int64_t asked_ns;
	unsigned server; /* whom to ask */
	unsigned epochs;
};

static void start(struct actor *actor, int64_t now_ns)
{
	struct courier *courier = (struct courier *)actor;
	struct pen_arena_ask ask = {
		.bytes = PEN_BLOCK_BYTES, .node = PEN_NODE_ANY, .pages = actor->net->pages};
	const struct pen_arena *arenas[] = {&courier->arena};
	(void)now_ns;
	cr_assert_eq(pen_arena_open(&courier->arena, &ask, NULL), 0);
	memset(courier->arena.at, 7, REPLY_BYTES);
	cr_assert_eq(actor->net->ops->start(actor->net, arenas, 1, NULL), 0);
	courier->waiting = 0;
	courier->asked_ns = -AGAIN_NS;
}

static void stop(struct actor *actor)
{
	struct courier *courier = (struct courier *)actor;
	pen_net_close(actor->net);
	pen_arena_close(&courier->arena);
}

static void reap(struct actor *actor)
{
	uint64_t tags[BURST];
	while (actor->net->ops->tx_reap(actor->net, 0, tags, BURST))
		;
}

static int64_t serve(struct actor *actor, int64_t now_ns)
{
	struct courier *courier = (struct courier *)actor;
	struct pen_slice slices[BURST];
	struct pen_frame frames[BURST];
	struct pen_net *net = actor->net;
	reap(actor);
	unsigned count = net->ops->rx_burst(net, 0, now_ns, slices, BURST - courier->waiting);
	for (unsigned i = 0; i < count; i++) {
		uint8_t bytes[8];
		if (slices[i].bytes != 8 || !pen_slice_sum_fits(&slices[i]))
			continue;
		pen_slice_copy(&slices[i], 0, 8, bytes);
		courier->from[courier->waiting] = slices[i].path;
		courier->asked[courier->waiting++] = pen_le64(bytes);
	}
	net->ops->rx_put(net, 0, slices, count);
	for (unsigned i = 0; i < courier->waiting; i++) {
		frames[i] = (struct pen_frame){.path = &courier->from[i],
			.header_bytes = 8,
			.payload = courier->arena.at,
			.payload_bytes = REPLY_BYTES};
		pen_put_le64(frames[i].header, courier->asked[i]);
	}
	unsigned taken = net->ops->tx_burst(net, 0, now_ns, frames, courier->waiting);
	courier->waiting -= taken;
	memmove(courier->from, courier->from + taken, courier->waiting * sizeof courier->from[0]);
	memmove(courier->asked, courier->asked + taken, courier->waiting * 8);
	return courier->waiting ? now_ns + PEN_NS_PER_MS : INT64_MAX;
}

static void ask(struct courier *courier, int64_t now_ns)
{
	struct pen_net *net = courier->actor.net;
	struct pen_frame frames[WINDOW];
	unsigned count = 0;
	struct pen_net_path path = pen_sim_path(
		&courier->actor.world->network, courier->actor.host, courier->server);
	for (unsigned i = 0; i < WANTED && count < WINDOW; i++) {
		if (courier->got[i])
			continue;
		frames[count] = (struct pen_frame){.path = &path, .header_bytes = 8};
		pen_put_le64(frames[count++].header, i);
	}
	net->ops->tx_burst(net, 0, now_ns, frames, count);
	courier->asked_ns = now_ns;
	courier->next = courier->count + count / 2;
}

static int64_t fetch(struct actor *actor, int64_t now_ns)
{
	struct courier *courier = (struct courier *)actor;
	struct pen_slice slices[BURST];
	struct pen_net *net = actor->net;
	reap(actor);
	unsigned count = net->ops->rx_burst(net, 0, now_ns, slices, BURST);
	courier->epochs = net->epoch;
	for (unsigned i = 0; i < count; i++) {
		uint8_t bytes[8];
		if (slices[i].bytes != 8 + REPLY_BYTES || !pen_slice_sum_fits(&slices[i]))
			continue;
		pen_slice_copy(&slices[i], 0, 8, bytes);
		uint64_t number = pen_le64(bytes);
		if (number < WANTED && !courier->got[number]) {
			courier->got[number] = true;
			courier->count++;
		}
	}
	net->ops->rx_put(net, 0, slices, count);
	if (courier->count == WANTED)
		return INT64_MAX;
	if (courier->count >= courier->next || now_ns - courier->asked_ns >= AGAIN_NS)
		ask(courier, now_ns);
	return courier->asked_ns + AGAIN_NS;
}

static const struct actor_ops server_ops = {"server", start, serve, stop};
static const struct actor_ops client_ops = {"client", start, fetch, stop};

static struct courier couriers[3];
static struct world world;

static bool all_here(void *context)
{
	(void)context;
	return couriers[1].count == WANTED && couriers[2].count == WANTED;
}

/* One server and two clients. */
static void open_world(uint64_t seed, bool awkward)
{
	struct pen_sim_host_ask host = {
		.up_bits_per_s = 100000000, .down_bits_per_s = 100000000, .queue_bytes = 200000};
	struct pen_sim_weather weather = {.delay_ns = 2 * PEN_NS_PER_MS,
		.loss = awkward ? PEN_SIM_PPM(20000) : 0,
		.corrupt = awkward ? PEN_SIM_PPM(20000) : 0,
		.reorder = awkward ? PEN_SIM_PPM(20000) : 0,
		.late_ns = 20 * PEN_NS_PER_MS};
	memset(couriers, 0, sizeof couriers);
	world_open(&world, seed, 3, seed & 1);
	struct pen_rng rng = pen_sim_clock_rng(&world.clock, 99);
	for (unsigned i = 0; i < 3; i++) {
		couriers[i].actor.ops = i ? &client_ops : &server_ops;
		couriers[i].actor.manners = awkward ? pen_sim_manners_draw(&rng)
						    : pen_sim_manners_tame;
		couriers[i].actor.poll_ns = 20000;
		world_add(&world, &couriers[i].actor, &host);
	}
	for (unsigned i = 0; i < 9; i++)
		pen_sim_weather_set(&world.network, i / 3, i % 3, &weather);
}

static uint64_t run(int64_t until_ns)
{
	cr_assert(world_run(&world, until_ns, all_here, NULL), "seed %lu: %u and %u of %u",
		world.clock.seed, couriers[1].count, couriers[2].count, WANTED);
	uint64_t trace = world.clock.trace;
	world_close(&world);
	return trace;
}

Test(sim_world, gets_everything_across)
{
	open_world(1, false);
	run(2 * PEN_NS_PER_S);
}

Test(sim_world, gets_everything_across_in_any_weather_the_same_way_twice)
{
	for (uint64_t seed = 1; seed <= 10; seed++) {
		open_world(seed, true);
		uint64_t trace = run(300 * PEN_NS_PER_S);
		open_world(seed, true);
		cr_assert_eq(trace, run(300 * PEN_NS_PER_S), "seed %lu", seed);
	}
}

Test(sim_world, stops_when_time_is_up)
{
	open_world(1, false);
	cr_assert(!world_run(&world, 5 * PEN_NS_PER_MS, all_here, NULL));
	world_close(&world);
}

Test(sim_world, lets_faults_happen)
{
	const struct fault faults[] = {{300 * PEN_NS_PER_MS, FAULT_BACK, 2, 0},
		{10 * PEN_NS_PER_MS, FAULT_CRASH, 0, 0}, {20 * PEN_NS_PER_MS, FAULT_POWER, 2, 0},
		{500 * PEN_NS_PER_MS, FAULT_START, 0, 0}, {1 * PEN_NS_PER_MS, FAULT_MOVE, 0, 0},
		{605 * PEN_NS_PER_MS, FAULT_REBIND, 1, 0}, {900 * PEN_NS_PER_MS, FAULT_DARK, 0, 0},
		{2000 * PEN_NS_PER_MS, FAULT_LIGHT, 0, 0},
		{2100 * PEN_NS_PER_MS, FAULT_PAYLOAD, 1, 1200},
		{2110 * PEN_NS_PER_MS, FAULT_RATE, 0, 1000000},
		{5000 * PEN_NS_PER_MS, FAULT_NARROW, 0, 1000},
		{9000 * PEN_NS_PER_MS, FAULT_NARROW, 0, 1500},
		{9000 * PEN_NS_PER_MS, FAULT_RATE, 0, 100000000}};
	open_world(3, false);
	for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
		world_fault(&world, &faults[i]);
	cr_assert(!world_run(&world, 8999 * PEN_NS_PER_MS, all_here, NULL));
	cr_assert_eq(couriers[0].actor.lives, 2);
	cr_assert_eq(couriers[2].actor.lives, 2);
	cr_assert_eq(couriers[1].epochs, 1);
	cr_assert_gt(world.network.lost[PEN_SIM_BY_TAP], 10);
	cr_assert_gt(world.network.lost[PEN_SIM_BY_MTU], 10);
	cr_assert_gt(world.network.lost[PEN_SIM_BY_DEATH], 0);
	cr_assert_gt(world.network.lost[PEN_SIM_BY_ADDRESS], 0);
	run(60 * PEN_NS_PER_S);
}
