/*
 * transfer: one part goes from a server to a client, both as they ship, on simulated machines
 * (drivers/sim), with nothing else in the way: what is counted of it depends on its seed alone.
 *
 * The part is some random bytes in nearcore's form; the client compares what comes with them, and
 * nobody hashes them. Order: init; run, in which hooks of the caller may stand around every turn;
 * fini. One transfer in a program at a time.
 */
#ifndef PEN_TESTS_SIM_TRANSFER_H
#define PEN_TESTS_SIM_TRANSFER_H

#include "fetch/client.h"
#include "serve/serve.h"
#include "sim/world.h"

struct transfer;

struct transfer_ask {
	uint64_t seed;
	uint32_t bytes; /* of the part */
	uint64_t bits_per_s; /* of all links */
	int64_t rtt_ns;
	uint32_t loss_ppm; /* both ways */
	int64_t limit_ns; /* it ends in so much virtual time; 0: in ten minutes */
	/* One turn of either: transfer_server_turn and transfer_client_turn, or what calls them. */
	int64_t (*server_turn)(struct transfer *transfer, int64_t now_ns);
	int64_t (*client_turn)(struct transfer *transfer, int64_t now_ns);
	/* Their ports were opened, and not started; or NULL. */
	void (*server_opened)(struct pen_net *net);
	void (*client_opened)(struct pen_net *net);
	/* Look at a piece that came: transfer_compare, or what calls it. */
	void (*compare)(struct transfer *transfer, const struct pen_client_piece *piece);
};

/* Packets that one side sent, whether they arrived or not, and their bytes (UDP payload). */
struct transfer_side {
	uint64_t packets, bytes;
	uint64_t data, pulls; /* of the packets */
};

struct transfer_machine {
	struct actor actor; /* first */
	struct transfer *transfer;
	struct pen_arena arena;
	struct pen_block_pool pool;
};

struct transfer {
	struct transfer_ask ask;
	struct world world;
	struct transfer_machine server_machine, client_machine;
	struct pen_sim_disk disk;
	struct pen_catalog catalog;
	struct pen_listing listing;
	struct pen_serve serve;
	struct pen_client *client;
	uint8_t *bytes; /* of the part */
	uint64_t came; /* bytes that were right */
	bool done, wrong;
	int64_t took_ns; /* virtual */
	struct transfer_side from_server, from_client;
};

/* Make the machines. 0 or -ENOMEM. `ask` is copied. */
int transfer_init(struct transfer *transfer, const struct transfer_ask *ask);

/* Let it happen. False: it does not end, or brings other bytes. */
bool transfer_run(struct transfer *transfer);

void transfer_fini(struct transfer *transfer);

/* What the hooks of a caller who counts call in the end. */
int64_t transfer_server_turn(struct transfer *transfer, int64_t now_ns);
int64_t transfer_client_turn(struct transfer *transfer, int64_t now_ns);
void transfer_compare(struct transfer *transfer, const struct pen_client_piece *piece);

#endif
