/*
 * world: machines on a simulated network, the processes on them, and what befalls them: the loop
 * that moves virtual time from one thing that happens to the next.
 *
 * A process (actor) is turned when it asked for it, when packets reached its host, and when its
 * disk is done with something. Its clock is the world's and its port's skew. Everything follows
 * from one seed; the clock's trace tells two runs apart.
 */
#ifndef PEN_TESTS_SIM_WORLD_H
#define PEN_TESTS_SIM_WORLD_H

#include "drivers/sim/disk.h"
#include "drivers/sim/port.h"
#include "wire/piece.h"

#define WORLD_ACTORS_MAX 24u
#define WORLD_FAULTS_MAX 64u
/* A turn takes so long at least: an actor that wants to be turned again at once is, then. */
#define WORLD_TURN_NS 5000

struct world;
struct actor;

struct actor_ops {
	const char *name;
	/* The process starts: actor->net is open, and to be started with the actor's arenas. */
	void (*start)(struct actor *actor, int64_t now_ns);
	/* One turn of its loop. When it wants the next at the latest; INT64_MAX: when something
	 * comes. */
	int64_t (*turn)(struct actor *actor, int64_t now_ns);
	/* The process ends, by a crash or in peace: close the net, give everything back. */
	void (*stop)(struct actor *actor);
};

/* A process and its machine. The test's own struct begins with it. */
struct actor {
	const struct actor_ops *ops;
	struct world *world;
	unsigned host;
	struct pen_net *net; /* while up */
	struct pen_sim_disk *disk; /* or NULL; outlives the process */
	struct pen_sim_manners manners; /* of its device */
	int64_t poll_ns; /* from a packet's arrival to the turn that sees it */
	int64_t due_ns; /* of the next turn, in the world's time */
	uint64_t turns;
	unsigned lives; /* times it was started */
	bool up;
};

enum fault_kind {
	FAULT_CRASH, /* the process dies; the machine stays */
	FAULT_START, /* and is started again */
	FAULT_POWER, /* the machine dies too, and its disk forgets what was not durable */
	FAULT_BACK, /* the machine is there again, and the process is started */
	FAULT_MOVE, /* another address */
	FAULT_REBIND, /* another address in front of it */
	FAULT_PAYLOAD, /* its device sends at most `value` bytes */
	FAULT_NARROW, /* paths from it carry at most `value` bytes, and nobody is told */
	FAULT_RATE, /* its links have `value` bits/s */
	FAULT_DARK, /* everything from it is lost */
	FAULT_LIGHT, /* and no more */
};

struct fault {
	int64_t at_ns;
	enum fault_kind kind;
	unsigned actor; /* its number */
	uint64_t value;
};

struct world {
	struct pen_sim_clock clock;
	struct pen_sim_network network;
	struct actor *actors[WORLD_ACTORS_MAX];
	unsigned actor_count;
	int64_t due_ns[WORLD_ACTORS_MAX]; /* of its next turn; INT64_MAX: never, or not up */
	int64_t disk_ns[WORLD_ACTORS_MAX]; /* when its disk is done with something, the same way */
	int64_t soon_ns; /* the soonest of all these */
	struct fault faults[WORLD_FAULTS_MAX]; /* by time */
	unsigned fault_count, fault_next;
	bool dark[WORLD_ACTORS_MAX]; /* nothing from it arrives */
	bool mute[WORLD_ACTORS_MAX]; /* no DATA of it does */
	bool merciful; /* no ATTESTED arrives */
	uint64_t turns;
	bool asleep; /* it ended because nothing was going to happen any more */
	bool told; /* faults are printed as they happen */
	void (*see)(const struct world *world, unsigned from, unsigned to, const uint8_t *at,
		uint32_t bytes); /* sees each packet that leaves; or NULL */
	/* The same with a context, of those that are not lost by a fault; it may put others in. */
	void (*listen)(
		void *context, unsigned from, unsigned to, const uint8_t *at, uint32_t bytes);
	void *listener;
};

/* A world of so many actors at most, without any yet. Aborts the test without memory. */
void world_open(struct world *world, uint64_t seed, unsigned actors, bool six);

/* All actors are stopped first. */
void world_close(struct world *world);

/* Add a machine with these links; the actor (its ops, manners, disk and poll_ns set) starts when
 * the world runs. Its number, which is its host's too. */
unsigned world_add(struct world *world, struct actor *actor, const struct pen_sim_host_ask *host);

/* Something that will happen; in any order, before the world runs. */
void world_fault(struct world *world, const struct fault *fault);

/* Run until done(context) or the time is there. Whether it was done. */
bool world_run(struct world *world, int64_t until_ns, bool (*done)(void *context), void *context);

/* Open an arena of so many blocks for the actor, from where its device wants it, and start its port
 * with it. */
void world_arena(struct actor *actor, struct pen_arena *arena, unsigned blocks);

/* The largest size of DATA that the actor's device sends. */
enum pen_wire_size world_size(const struct actor *actor);

/* Stop an actor that is up. */
void actor_stop(struct actor *actor);

/* The world's time as the actor has it. */
static inline int64_t actor_now(const struct actor *actor)
{
	return actor->world->clock.now_ns + actor->manners.skew_ns;
}

#endif
