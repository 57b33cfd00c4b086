/*
 * serve: the server of one core: strangers become guests, guests ask, and packets go out. It keeps
 * no timer for anything that it sent; receivers own loss, pace and order (wire/wire.h).
 *
 * The straight line: a PULL comes (pen_serve_hear) -> its guest joins the ring -> in the next turn
 * (pen_serve_turn) each in the ring sends a run of packets, of a stretch of a block that the cache
 * has or has the disk read -> the device is done (tx_reap) -> the block may go. The CPU never reads
 * a payload.
 *
 * Order of calls: open, listing, then for each turn of the core's loop hear for every packet that
 * came (at most PEN_SERVE_BURST), then turn; or poll, which does both for a core that does nothing
 * else. close after the port. Time is an argument and never goes back; randomness comes from the
 * seed. Everything is taken by open: a turn allocates nothing, and the only call that may block is
 * the opening of a file (store/handles.h). One thread, that of the port's queue and of the disks.
 *
 * Bounds: pen_serve_config.guests sessions of 4 KiB; a block for each piece that is being sent;
 * strangers cost what peer/greet.h says. A guest that sends nonsense under its own tag is told so
 * and forgotten; what bears no tag is counted.
 */
#ifndef PEN_SERVE_SERVE_H
#define PEN_SERVE_SERVE_H

#include "peer/greet.h"
#include "serve/attest.h"
#include "serve/fair.h"
#include "serve/guests.h"
#include "serve/later.h"
#include "serve/opening.h"
#include "serve/outbox.h"

/* Packets that are taken in before anything is sent: no livelock at any rate of coming in. And
 * about so many are put out before anything is taken in: what a PULL says is heard within 0.1 ms at
 * 30 Gb/s, and a round trip does not measure how long turns are. */
#define PEN_SERVE_BURST 256u
/* Pieces of one guest that are read ahead of the one that is being sent, and it. */
#define PEN_SERVE_AHEAD 4u
/* Guests that are looked at for having been silent, and how often. */
#define PEN_SERVE_SWEEP 16u
#define PEN_SERVE_SWEEP_NS INT64_C(1000000)
/* Who has said nothing for so long, three of the longest timeouts of a receiver, loses the files
 * that its slots hold when another asks for one and none can be opened: its slots are closed, and
 * it asks anew if it is alive. */
#define PEN_SERVE_SILENT_NS INT64_C(3000000000)
/* A port that refuses is asked again after so long, at most. */
#define PEN_SERVE_REFUSED_NS INT64_C(10000)
#define PEN_SERVE_REFUSED_NS_MAX INT64_C(160000)
/* How long a stranger waits that finds no place. */
#define PEN_SERVE_RETRY_MS 2000u
/* While there are guests, one turn at least in this time, to see which have gone. */
#define PEN_SERVE_IDLE_NS INT64_C(500000000)

struct pen_serve_config {
	struct pen_net *net; /* open; borrowed until close, like all that follows */
	unsigned queue; /* of it, this core's */
	uint8_t core; /* number of this core, in the numbers of its sessions */
	uint8_t owner; /* of the tags that it sends (serve/outbox.h) */
	struct pen_disk *disk; /* the store's, of this core alone */
	struct pen_disk *side; /* of its side files, perhaps the same; NULL: none */
	const char *side_prefix; /* of their names, "" or ".penstock/" */
	struct pen_block_pool *pool; /* has blocks + 1 free */
	uint32_t blocks; /* of the cache */
	uint32_t files; /* open at a time: 1..PEN_HANDLES_MAX */
	uint32_t guests; /* 1..PEN_GUESTS_MAX */
	uint64_t rate; /* bytes a second that leave at most, whatever is pulled; 0: no limit */
	struct pen_greet_config greet; /* who we are; its size is also the largest that is sent */
	uint8_t seed[PEN_DRAW_SEED_BYTES]; /* random and secret, or of a test */
};

/* What happened, ever. */
struct pen_serve_counters {
	uint64_t packets; /* that came for a server */
	uint64_t malformed; /* of them: no such packet, or from where none may come */
	uint64_t strangers; /* of no session of ours */
	uint64_t dropped; /* forged, old, from elsewhere, or of a type that is not used yet */
	uint64_t pulls, opens, questions, attests; /* that were done */
	uint64_t sessions, sessions_refused; /* opened; turned away for want of a place */
	uint64_t idle, closed, broken, unproved; /* how they ended: silent, by the client, by
						    nonsense, by wrong proofs */
	uint64_t data_packets, data_bytes; /* sent; bytes of payload and header */
	uint64_t slots_failed; /* slots whose piece the disk could not read */
	uint64_t slots_reclaimed; /* closed because others needed files that the silent held */
	uint64_t slots[PEN_WIRE_SLOT_FAILED +
		1]; /* what was said of slots, by what: PEN_WIRE_SLOT_...
		     */
	uint64_t moves_unanswered; /* packets from a new address, one challenge too early */
};

struct pen_serve {
	struct pen_serve_config config;
	const struct pen_listing *listing; /* what is offered; borrowed */
	struct pen_greeter greeter;
	struct pen_handles handles;
	struct pen_cache cache;
	struct pen_outbox outbox;
	struct pen_reacher reacher;
	struct pen_opening opening;
	struct pen_attests attests;
	struct pen_fair fair; /* who has something to send and may */
	struct pen_later later; /* who has, and may when its pace says */
	struct pen_pacer ceiling; /* of all that leaves; used if config.rate */
	struct pen_guests guests;
	uint32_t sweep; /* the place to look at next, */
	int64_t sweep_ns; /* and when */
	int64_t refused_ns; /* from the port's last refusal until it is asked again */
	bool leaving; /* no new guests */
	bool read; /* reads ended since guests were last woken */
	uint64_t rested; /* cache.rested when they were */
	struct pen_catalog empty; /* offered until pen_serve_list */
	struct pen_listing nothing;
	struct pen_serve_counters counters;
};

/*
 * Open a server. The port's caps must be known. 0 or -ENOMEM; after a failure there is nothing to
 * close.
 */
int pen_serve_open(struct pen_serve *serve, const struct pen_serve_config *config, int64_t now_ns);

/* The port is closed already: what it had is given back. Guests are forgotten without a word. NULL
 * and zeroed are fine. */
void pen_serve_close(struct pen_serve *serve);

/* From now on offer this (borrowed until the next call, or close). Slots that are open go on. */
void pen_serve_list(struct pen_serve *serve, const struct pen_listing *listing);

/* A packet came. False: it is of a type that goes to clients, and was not looked at. */
bool pen_serve_hear(struct pen_serve *serve, const struct pen_slice *slice, int64_t now_ns);

/* A frame that this server sent is done with: for who reaps a queue that others send by too. */
void pen_serve_done(struct pen_serve *serve, uint64_t tag);

/*
 * Read, send, and forget who is gone. When to call again if no packet comes and no read ends:
 * now_ns if there is more to do at once, INT64_MAX never. `alone`: nobody else sends by the queue,
 * so it is reaped here.
 */
int64_t pen_serve_turn(struct pen_serve *serve, bool alone, int64_t now_ns);

/* Whether the disk has reads in flight: who cannot be woken by their end looks again soon. */
static inline bool pen_serve_reads(const struct pen_serve *serve)
{
	return serve->cache.reading > 0;
}

/* One whole turn of a core that only serves. As pen_serve_turn. */
int64_t pen_serve_poll(struct pen_serve *serve, int64_t now_ns);

/*
 * Take no new guests and open no more slots, and end guests that have none open, with a word. How
 * many are left, who are still being sent something. To be called before each turn until nobody is,
 * or the caller's patience is: then pen_serve_leave.
 */
uint32_t pen_serve_drain(struct pen_serve *serve);

/* Tell every guest that this server leaves, and take no new ones: a turn or two later all of it is
 * with the port, which may be closed. */
void pen_serve_leave(struct pen_serve *serve);

#endif
