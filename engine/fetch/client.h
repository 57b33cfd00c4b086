/*
 * client: fetches the parts of one state, or one raw object, from many servers at once, over one
 * net port. The receiving half of wire/wire.h, put together.
 *
 *     servers (visit: sessions) -> what they have (parts) -> hauls -> sched -> places, OPEN
 *     DATA -> stream (what came, grants) -> place (bytes) -> piece, to the caller -> proved or not
 *
 * It decides and builds packets: the caller's loop takes from the port what came
 * (pen_client_receive, or pen_client_hear), lets it turn (pen_client_turn), and
 * sends what waits (pen_post_flush of client->post). pen_client_due_ns says how long the loop may
 * sleep. A loop that receives at most a burst, turns, and receives again cannot be held up by
 * packets, and PULLs leave in time.
 *
 * Whole pieces come out of pen_client_next with their block, which is the caller's from then on: it
 * puts it (pen_block_put) when it is done. After the last piece of a part the caller proves it, and
 * says pen_client_proved, or which pieces are wrong, or that it does not know which.
 *
 * A haul ends with its proof; its part is begun again from other servers when it fails. Nobody is
 * banned for bytes alone (fetch/blame.h).
 *
 * Memory is taken by open, and from the pool of blocks: one block for each piece on its way, and
 * as many as the caller holds. One thread, the core that owns the port's queue and the pool; time
 * is an argument.
 */
#ifndef PEN_FETCH_CLIENT_H
#define PEN_FETCH_CLIENT_H

#include "fetch/bonds.h"
#include "fetch/post.h"
#include "fetch/parts.h"
#include "fetch/server.h"
#include "fetch/sum.h"
#include "flow/credit.h"

/* Places of all servers: a byte of the slot's number. */
#define PEN_CLIENT_PLACES_MAX 256u
/* Silence of all servers after which the fetch says that it is stuck. */
#define PEN_CLIENT_STALL_NS INT64_C(30000000000)

/* Whom to ask. */
struct pen_client_whom {
	struct pen_net_path path;
	uint8_t key[PEN_WIRE_KEY_BYTES]; /* who it was last time; all zero: not known */
};

struct pen_client_config {
	uint8_t root[32];
	uint32_t n; /* parts: 1 to PEN_WIRE_PARTS_MAX */
	enum pen_wire_form form;
	const uint8_t *skip; /* parts that are not wanted, a bitmap; NULL: none. For open only */
	struct pen_identity identity;
	uint8_t seed[PEN_DRAW_SEED_BYTES]; /* secret and random */
	struct pen_block_pool *pool; /* borrowed until close */
	uint64_t tag; /* of frames: lower 32 bits clear */
	uint32_t tx_lag; /* as the port's caps say: pen_post_blocks of the pool are for that */
	uint64_t rate_max; /* bytes a second of all servers together; 0: no cap */
	uint64_t rx_bytes; /* packets that the port can hold until they are heard */
	enum pen_wire_size size_max; /* that the port can receive */
	bool sum_absent_ok; /* packets without a UDP checksum reach us */
	uint32_t parts_blocks; /* MiB that parts under way may have all together, in whatever
				  memory the caller puts them; the oldest goes on beyond it, alone.
				  0: the caller keeps no pieces until their part is whole */
	uint32_t units_max; /* pieces of a part, at most */
	bool sized; /* raw form: the caller says how large the object is (fetch/sized.h) */
	unsigned places; /* pieces on their way at once, 1 to PEN_CLIENT_PLACES_MAX */
	unsigned tries; /* waits for an answer until a server is gone (peer/visit.h) */
};

struct pen_client_counters {
	uint64_t packets; /* DATA that came, with a good check */
	uint64_t placed, placed_bytes; /* payloads that were new, and their bytes: copied once */
	uint64_t duplicates; /* packets of places that had them */
	uint64_t strays; /* DATA of no session, or beyond the grant, or of closed slots */
	uint64_t harmed; /* packets whose sum, check or tag was wrong */
	uint64_t broken; /* packets that make no sense although their tag is good */
	uint64_t pulls, opens; /* packets sent */
	uint64_t again; /* pieces asked of a second server */
	uint64_t stuck; /* places that went on in small packets because nothing came */
	uint64_t parted; /* pieces of several blocks that came */
	uint64_t restarts; /* of such pieces at another server */
};

struct pen_client {
	struct pen_client_config config;
	struct pen_draw draw;
	struct pen_post post;
	struct pen_parts parts;
	struct pen_hauls hauls;
	uint64_t sized_bytes; /* of the object, as the caller says; 0: it does not (yet) */
	struct pen_bonds bonds;
	struct pen_credit credit;
	struct pen_client_counters counters;
	uint64_t backlog_bytes; /* that the caller can still take: pen_client_backlog */
	uint16_t generation; /* of slot numbers */
	/* What the next turn looks at: fetch/stir.h. */
	uint64_t stirred; /* servers: a set */
	uint64_t came; /* those of which bytes came, and nothing that stirs them */
	uint64_t claims; /* those whose claim on credit is to be stated anew */
	bool unassigned; /* places */
	bool weigh; /* and whether what flies would come sooner from another */
	bool unshared; /* credit */
	bool starved; /* a place was wanted, and no block was free */
	bool landed; /* a place may be whole */
	int64_t due_ns; /* the soonest of the servers' and of credit's, or earlier */
	int64_t lapse_ns; /* when credit is to be shared again */
	unsigned server_count;
	struct pen_haul *haul[PEN_CLIENT_PLACES_MAX]; /* whose unit each busy place fills */
	uint32_t unit[PEN_CLIENT_PLACES_MAX];
	/* Two megabytes, of which open writes what the client can use: server_count servers, of the
	 * others their state alone, and config.places places. */
	struct pen_server server[PEN_HAUL_PEERS];
	struct pen_place place[PEN_CLIENT_PLACES_MAX];
};

/* A piece that is whole; or of a lean frame of several blocks one of them (piece.block), in any
 * order. */
struct pen_client_piece {
	struct pen_piece piece;
	uint32_t unit; /* of its haul */
	struct pen_block *block; /* the caller's from now on */
	uint32_t bytes; /* in the block */
	unsigned server; /* who sent it */
	uint32_t round; /* of the haul: pieces of an earlier one are void, they come again */
	uint32_t start; /* of a piece of several blocks; 0: of one. Blocks of another start are void
			 */
	uint32_t blocks; /* of the piece; all but the last are full */
	bool whole; /* all blocks of it have come now */
	bool last; /* all units of the haul have come now */
};

/* All pieces of a part, where the caller keeps them. */
struct pen_client_pieces {
	uint32_t count;
	const void *context; /* for: */
	struct pen_bytes (*piece)(const void *context, uint32_t unit); /* its bytes, borrowed */
	struct pen_sum sum; /* of all; of none: they are hashed in the call that needs it */
};

/* Take the memory. 0; -ENOMEM or PEN_EREFUSED with a sentence. *out is NULL then. */
int pen_client_open(
	struct pen_client **out, const struct pen_client_config *config, struct pen_why *why);

/* After the port has returned all tags, or was closed. NULL is fine. */
void pen_client_close(struct pen_client *client);

/* Begin to call a server. Its number, or -ENOSPC when there are PEN_HAUL_PEERS. */
int pen_client_add(struct pen_client *client, const struct pen_client_whom *whom, int64_t now_ns);

/* Tell all servers that nothing more is wanted: written to the post, to be flushed once more.
 * Nothing but pen_client_next and close follows. */
void pen_client_leave(struct pen_client *client, int64_t now_ns);

/* Packets came, of types that go to clients, in this order. Borrowed for the call. */
void pen_client_hear(
	struct pen_client *client, const struct pen_slice *slices, uint32_t count, int64_t now_ns);

/* Take tags back, and hear at most one burst of what came, from a queue of a port that is the
 * client's alone. */
void pen_client_receive(
	struct pen_client *client, struct pen_net *net, unsigned queue, int64_t now_ns);

/* Let time pass, decide, and write what is to be sent. Costs next to nothing when nothing is due
 * and nothing came. */
void pen_client_turn(struct pen_client *client, int64_t now_ns);

/* When to turn again if nothing comes, after the post was flushed: soon, if the port did not take
 * all of it. */
int64_t pen_client_due_ns(const struct pen_client *client, int64_t now_ns);

/* The next piece that is whole; false if there is none. */
bool pen_client_next(struct pen_client *client, struct pen_client_piece *out, int64_t now_ns);

/* How many bytes of pieces the caller can take now; at first as many as there are blocks. */
void pen_client_backlog(struct pen_client *client, uint64_t bytes);

/* Another cap than the config's rate_max from now on; both are more than 0. */
void pen_client_limit(struct pen_client *client, uint64_t rate);

/* Ask for a small object of the state, or of a part: its units come like pieces. 0, -EBUSY if all
 * hauls are taken, -EEXIST. */
int pen_client_want(struct pen_client *client, enum pen_wire_kind kind, uint32_t part);

/* What is known of a part under way, or of an object; NULL if there is no such haul, or no name. */
const struct pen_haul_name *pen_client_name(
	struct pen_client *client, enum pen_wire_kind kind, uint32_t part);

/* The haul whose last piece came is proved: it ends. */
void pen_client_proved(struct pen_client *client, enum pen_wire_kind kind, uint32_t part);

/*
 * A piece that is here is wrong by itself (`bytes` is what came, all blocks, borrowed; `piece`
 * names the first block): it is fetched again, from another server if there is one, and its sender
 * is asked what it holds (fetch/blame.h).
 */
void pen_client_wrong(struct pen_client *client, const struct pen_piece *piece, uint32_t unit,
	struct pen_bytes bytes, int64_t now_ns);

/*
 * All pieces of a part are here, and it fails its proof. `as_named`: its bytes have the id under
 * which they were offered (struct pen_haul_name; nearcore's form alone): all who offered it lied,
 * and the part is begun again without them. Else it is fetched once more from one server alone,
 * chosen here: keep what came, with pen_client_piece.server of each, and when the part is proved,
 * call pen_client_blame for each piece that was another; in nearcore's form only if the proved
 * bytes have that id, as else they may differ from right ones (fetch/blame.h). When nobody is left
 * whom it could be fetched from, it waits for somebody who has it. `pieces` are what came, all of
 * them, borrowed for the call: if they came from one server he is asked what he holds of them
 * (fetch/blame.h). NULL: each is right by itself, so that no sender is to blame.
 */
void pen_client_refuted(struct pen_client *client, uint32_t part, bool as_named,
	const struct pen_client_pieces *pieces, int64_t now_ns);

/* This came as a piece from that server once, all blocks, and is known not to be what it offered.
 * Borrowed. */
void pen_client_blame(struct pen_client *client, unsigned server, const struct pen_piece *piece,
	struct pen_bytes bytes, int64_t now_ns);

/*
 * From now on this part is wanted, or not (so that it can be had in another way: the config's
 * `skip` says it for the beginning). One that is under way and not wanted any more is given up:
 * what came of it is void, and the caller forgets it. Of one that is here for good nothing changes
 * if it is not wanted; if it is, it comes once more.
 */
void pen_client_choose(struct pen_client *client, uint32_t part, bool wanted, int64_t now_ns);

/* Servers that have a session and answer: a set. */
uint64_t pen_client_ready(const struct pen_client *client);

/* Is everything here that was wanted? */
bool pen_client_done(const struct pen_client *client);

#endif
