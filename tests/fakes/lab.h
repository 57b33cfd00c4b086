/*
 * lab: a client and toy servers on a link with delay, loss and reordering, in virtual time: what
 * tests of fetch/ hold the client against before whole machines do (tests/sim).
 */
#ifndef PEN_TESTS_FAKES_LAB_H
#define PEN_TESTS_FAKES_LAB_H

#include "base/rng.h"
#include "fakes/toy.h"
#include "fetch/client.h"

#define LAB_MS INT64_C(1000000)
#define LAB_S INT64_C(1000000000)
#define LAB_MB UINT64_C(1000000)
#define LAB_TOYS_MAX 8u
#define LAB_HELD_MAX 32768u
#define LAB_UNITS_MAX 256u

/* A packet on its way. */
struct lab_held {
	int64_t at;
	uint8_t *bytes;
	uint32_t len;
	int to; /* toy, or -1: the client */
	struct pen_net_path path;
};

struct lab {
	struct pen_net net; /* the client's port: first */
	struct toy toy[LAB_TOYS_MAX];
	unsigned toys;
	struct pen_client_config config;
	struct pen_client *client;
	struct pen_arena arena;
	struct pen_block_pool pool;
	struct pen_rng rng;
	int64_t now;
	int64_t one_way;
	unsigned lose_per_mille, late_per_mille; /* of packets */
	unsigned harm_per_mille; /* get a wrong bit in their header, and no checksum tells */
	/* How often this packet, to a toy or to the client (-1), is sent; NULL: once. */
	unsigned (*copies)(const uint8_t *at, size_t bytes, int to);
	/* How much later than others this packet arrives, ns; NULL: not at all. */
	int64_t (*later)(const uint8_t *at, size_t bytes, int to);
	/* An outsider who sees and writes, but stops nothing, has a copy of each packet: true if he
	 * sends it, changed, and it comes first. NULL: there is none. */
	unsigned moves; /* the client has moved so often: servers see another port */
	bool (*outsider)(uint8_t *at, size_t bytes, int to, const struct pen_net_path *path);
	/* Takes each piece, whose block stays the lab's, instead of the lab; NULL: the lab does. */
	void (*take)(const struct pen_client_piece *piece);
	uint64_t tags[512];
	unsigned tag_count;
	unsigned held_count;
	struct lab_held held[LAB_HELD_MAX]; /* a heap by time */
	uint8_t *object, *copy;
	uint64_t bytes;
	uint64_t wrong; /* pieces that were not the object's */
	/* Nothing is said of single pieces: when all are here the whole is proved, and refuted if
	 * it is not the object. */
	bool as_whole;
	uint8_t *before; /* what came when it was refuted first; NULL: it was not */
	uint8_t sender[LAB_UNITS_MAX], sender_before[LAB_UNITS_MAX];
	unsigned refuted;
	unsigned looked; /* pieces that the client looked at when the whole was refuted last */
	bool as_named; /* what is said then */
	int64_t first_ns; /* when the first DATA came */
};

/* The lab of the test that runs. */
extern struct lab *lab;

/* A lab with so many toys, all good, that have an object of so many bytes: 1 ms of round trip, 1
 * Gb/s each. Change what you like, then start. */
void lab_open(uint64_t bytes, unsigned toys);
void lab_start(void);

/* One turn of everything; false when the client is done. */
bool lab_turn(void);

/* What has arrived by now arrives; the client itself does nothing. */
void lab_turn_toys(void);

/* Until it is done (true) or it is `until`. */
bool lab_run(int64_t until);

/* What came is the object, no block was kept; and all is freed. */
void lab_close(void);

/* How long the transfer took, in times of what the toys' links need. */
double lab_slower(void);

#endif
