/*
 * pair: a live client and a live server with a path between them, in virtual time: the whole of
 * engine/fetch and engine/serve, and nothing else. Whoever holds the pair meets every packet as it
 * leaves, and decides what becomes of it; what it lets fly arrives after its delay. The client's
 * taker proves what comes: blocks of a raw object against the page of their digests, parts in
 * nearcore's form by comparing them with what the test knows.
 *
 * It is driven by session.c, which holds the two to this, at every step: no more than three times
 * what an address sent goes back to it until it is proved; pieces are within their object; only
 * what is proved is taken, and it is the object; a client's turn leaves nothing undone
 * (fakes/still.h); steps, sessions and packets on their way are bounded. At the end every block,
 * file and session is given back.
 *
 * The client has addresses 0 to 3, of which it uses one at a time; 4 to 7 are strangers', where
 * nothing is ever delivered. One pair at a time, since its objects are made once.
 */
#ifndef PEN_TESTS_FUZZ_PAIR_H
#define PEN_TESTS_FUZZ_PAIR_H

#include "fakes/disk.h"
#include "fetch/client.h"
#include "fetch/stuck.h"
#include "serve/serve.h"

#define PAIR_MS INT64_C(1000000)
#define PAIR_FLYING 2048u
#define PAIR_ADDRESSES 8u
#define PAIR_STRANGERS 4u /* the first of them */
#define PAIR_PARTS 2u
#define PAIR_GUESTS 2u
#define PAIR_PIECES 4u /* of a part that the client believes in, at most */
#define PAIR_RAW_BYTES ((1u << 20) + 5000u)

/* A packet, in memory of exactly its size. */
struct pair_packet {
	int64_t at_ns; /* when it arrives */
	uint8_t *at; /* `bytes` of them, its own; never NULL */
	uint32_t bytes;
	bool to_server;
	struct pen_net_path path; /* as its receiver sees it */
};

/* Of an address as the server sees it: bytes on the wire, and whether who is there has shown it. */
struct pair_address {
	uint64_t sent, got; /* by it, to it */
	bool delivered, proved;
};

struct pair;
/* A packet leaves: it is the holder's now. */
typedef void (*pair_meet)(struct pair *pair, struct pair_packet packet);

struct pair {
	struct pen_net server_net, client_net; /* ports */
	pair_meet meet;
	void *holder;
	int64_t now_ns;
	unsigned steps;
	bool raw; /* else nearcore */
	unsigned flying; /* packets, the soonest first */
	struct pair_packet packet[PAIR_FLYING];
	unsigned client_at; /* address that the client sends from */
	struct pair_address address[PAIR_ADDRESSES];
	unsigned coming; /* packets at the server's port, */
	struct pair_packet come[PEN_NET_BURST_MAX];
	unsigned refuse; /* frames that the server's port does not take */
	unsigned tag_count; /* of frames to be given back */
	uint64_t tags[4096];
	struct fake_disk disk;
	struct pen_arena arena;
	struct pen_block_pool server_pool, client_pool;
	struct pen_catalog catalog;
	struct pen_listing listing;
	struct pen_serve serve;
	int64_t serve_due_ns;
	struct pen_client *client;
	/* The taker's: */
	uint8_t *bytes; /* what came: PAIR_PIECES MiB a part */
	struct pen_hash leaves[2];
	bool page; /* `leaves` are proved */
	unsigned here, proved; /* blocks of the raw object, or parts: sets */
	uint32_t round[PAIR_PARTS]; /* of the haul that they are of */
	uint64_t placed; /* counters.placed, */
	int64_t placed_ns; /* and when it last rose */
};

/* A pair that is about to begin, in memory that was zeroed or closed. */
void pair_open(struct pair *pair, bool raw, pair_meet meet, void *holder);

/* The client leaves, and all is given back. */
void pair_close(struct pair *pair);

/* A packet with these bytes (copied), as its receiver sees it: from the client's address `address`
 * to the server, or from the server's to the client. */
struct pair_packet pair_packet(const void *at, size_t bytes, bool to_server, unsigned address);

/* The address of the client's or of a stranger's that this is, as the server sees it. */
struct pair_address *pair_address(struct pair *pair, const uint8_t at[16]);

/* It arrives in so long, unless too many fly; it is the pair's now. */
void pair_fly(struct pair *pair, struct pair_packet packet, int64_t delay_ns);

/* The sender's side of the session that packets to the server, or to the client, belong to; NULL
 * if there is none. */
struct pen_channel *pair_channel(struct pair *pair, bool to_server);

#endif
