/*
 * plan: what a seed stands for: how many machines, their links, devices and disks, the weather
 * between them, what is moved, who lies, and what befalls whom. Pure: the same seed and question
 * give the same plan; nothing is drawn afterwards but what the simulated devices draw themselves.
 */
#ifndef PEN_TESTS_SIM_PLAN_H
#define PEN_TESTS_SIM_PLAN_H

#include "sim/world.h"

#define PLAN_SERVERS_MAX 8u
#define PLAN_CLIENTS_MAX 8u
#define PLAN_HOSTS_MAX (PLAN_SERVERS_MAX + PLAN_CLIENTS_MAX)
/* Bytes of the object that is moved. */
#define PLAN_BYTES_MIN (64u << 10)
#define PLAN_BYTES_MAX (16u << 20)
/* Of one part of it, and of a whole state in lean form: it is compressed three times over. */
#define PLAN_PART_BYTES_MAX (4u << 20)

/* Parts of a state, when it is one that is moved. */
#define PLAN_PARTS_MAX 24u

/* States of the golden profile (sim/golden.h): how many keys, in how many parts, and about how many
 * bytes these have. */
#define PLAN_SHAPES 3u
struct plan_shape {
	uint64_t keys;
	unsigned parts;
	uint32_t bytes;
};
extern const struct plan_shape plan_shapes[PLAN_SHAPES];

/* Between which machines. */
enum plan_climate {
	PLAN_RACK, /* microseconds, gigabits */
	PLAN_CITY, /* milliseconds */
	PLAN_OCEAN, /* 20 to 150 ms, and a little loss */
	PLAN_RADIO, /* slow, far, losses in bursts */
	PLAN_BROKEN, /* bits change, packets come twice and late */
	PLAN_STORM, /* the same, and up to a fifth is lost */
	PLAN_CLIMATES,
};

/* What a server does to its clients. */
enum plan_lie {
	PLAN_HONEST,
	PLAN_BAD_BYTES, /* its object has other bytes here and there */
	PLAN_OTHER_BYTES, /* its object is another one */
	PLAN_OTHER_SIZE, /* it says, and mostly has, more or fewer bytes; in lean form: bad bytes */
	PLAN_BAD_CATALOG, /* it names what it does not have */
	PLAN_SILENT, /* it opens sessions and sends nothing then */
	PLAN_BUSY, /* it is always too busy for a session */
	PLAN_FULL, /* it offers all, and is busy whenever it is asked for it */
	PLAN_LIES,
};

struct plan_host {
	struct pen_sim_host_ask links;
	struct pen_sim_manners manners;
	struct pen_sim_habits habits;
	int64_t poll_ns;
	enum plan_lie lie; /* of servers */
	int64_t apply_ns; /* of clients: what the sink takes for each call */
};

/* A machine on the paths of some (sim/outsider.h). */
struct plan_outsider {
	uint64_t sees; /* hosts all of whose packets it sees, a bit each; 0: there is none */
	unsigned one_in; /* it puts in one for about so many that it sees */
	unsigned left; /* so many at most */
	unsigned spoils; /* of them DATA with bytes of its own */
};

struct plan {
	uint64_t seed;
	enum plan_climate climate;
	bool six;
	unsigned servers, clients;
	struct plan_host hosts[PLAN_HOSTS_MAX]; /* servers, then clients */
	struct pen_sim_weather weather[PLAN_HOSTS_MAX][PLAN_HOSTS_MAX];
	uint32_t bytes; /* of the object, or of all parts */
	unsigned parts; /* 0: a raw object */
	bool lean; /* the parts are in lean form, of a state whose values have so many bytes */
	bool golden; /* they are those of plan_shapes[shape]; `bytes` and `part_bytes` are about
		      * right
		      */
	unsigned shape;
	uint32_t part_bytes[PLAN_PARTS_MAX]; /* in nearcore's form */
	uint32_t holds[PLAN_SERVERS_MAX]; /* parts that each server has, a bit each */
	bool keeps; /* clients have a disk and a sink (sim/depot.h) */
	int missing; /* a part that nobody has, or only liars with wrong bytes; -1: none */
	struct plan_outsider outsider;
	struct fault faults[WORLD_FAULTS_MAX];
	unsigned fault_count;
};

/* Which plans are wanted. */
struct plan_ask {
	unsigned servers_max, clients_max; /* at least 1 */
	bool awkward; /* devices and disks as they may be, else tame ones */
	bool faults; /* crashes, moves, black holes */
	bool liars; /* some servers lie; one is honest */
	bool outsider; /* somebody without keys puts packets in */
	bool parts; /* parts of a state are moved, of which each server has some; in every other
		       world in lean form */
	bool lean; /* the same, always in lean form */
	bool hopeless; /* the same, and one of them cannot be had */
	int climate; /* enum plan_climate, or -1: any */
};

void plan_draw(struct plan *plan, uint64_t seed, const struct plan_ask *ask);

/* Print it to stderr. */
void plan_print(const struct plan *plan);

#endif
