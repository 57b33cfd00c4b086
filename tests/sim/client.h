/* client: an actor that fetches an object from all servers, as production does. What it may believe
 * is shown by take.c. */
#ifndef PEN_TESTS_SIM_CLIENT_H
#define PEN_TESTS_SIM_CLIENT_H

#include "catch_size.h"
#include "fetch/stuck.h"
#include "sim/depot.h"

/* One piece of a lean part as it came. */
struct client_piece {
	struct pen_buf bytes;
	uint8_t from; /* who sent it */
	uint32_t start; /* of which these blocks are */
	bool here, fine; /* all of it came; it is what the head says */
};

/* A lean part as it came: under the first name, and until it is proved. */
struct client_lean {
	struct client_piece pieces[OBJECT_PIECES_MAX]; /* head, frames */
	uint32_t count; /* of them; 0: none came yet */
	uint8_t name[PEN_BLOB_BYTES]; /* under which they were offered */
};

/* One part as it came. */
struct client_part {
	struct pen_buf bytes;
	uint8_t from[OBJECT_BLOCKS_MAX]; /* who sent each block */
	bool proved;
	/* It was refuted, and is fetched once more from one server: what came first. */
	bool compared;
	struct pen_buf before;
	bool named; /* its bytes have the id under which they were offered; nearcore's form */
	uint8_t before_from[OBJECT_BLOCKS_MAX];
	/* lean: */
	uint32_t round; /* of its haul */
	struct client_lean *came, *refuted; /* `refuted` while `compared` */
	struct pen_buf file; /* of a golden state: the proved pieces, joined */
};

/* How far it is with a raw object. */
enum client_phase {
	CLIENT_RAW_IDLE, /* no size is tried */
	CLIENT_RAW_PAGES, /* its page is asked for */
	CLIENT_RAW_PAGED, /* it is proved */
	CLIENT_RAW_BLOCKS, /* blocks are asked for */
};

/* What failed its proof by itself. */
struct client_wrong {
	struct pen_piece piece;
	uint32_t unit; /* of its haul */
	struct pen_bytes bytes; /* borrowed */
};

/* A part that is wrong as a whole; borrowed. */
struct client_sole {
	const struct pen_client_pieces *pieces;
	const uint8_t *from; /* who sent each */
};

struct client {
	struct actor actor; /* first */
	struct pen_arena arena;
	struct pen_block_pool pool;
	struct pen_client *client;
	const struct object *object; /* what it must become */
	unsigned servers; /* hosts 0 to servers - 1 */
	struct depot *depot; /* where proved parts go, or NULL: nowhere; borrowed */
	bool rash; /* sabotage: blocks are applied as they come */
	unsigned tries; /* as the client's */
	bool stubborn; /* sabotage: the first size that a server says is tried for ever */
	bool spite; /* sabotage: whoever sent wrong bytes is a liar */
	/* Whether a server holds these bytes as that piece: the world can look. */
	bool (*holds)(void *context, unsigned server, const struct pen_piece *piece,
		struct pen_bytes bytes);
	void *context;
	/* By the world's time: when wrong bytes that a server holds were laid at its door first;
	 * 0: never, in this life. */
	int64_t caught_ns[PLAN_SERVERS_MAX];
	struct client_part parts[PLAN_PARTS_MAX];
	/* raw: */
	struct catch_size size; /* that is tried */
	enum client_phase phase;
	uint32_t blocks; /* of the size that is tried */
	struct pen_hash leaves[OBJECT_BLOCKS_MAX]; /* of the page, once it is proved */
	bool keeps; /* blocks stay in parts[0] until all is judged; else each is compared with the
		       object's where the engine hands it over, and forgotten */
	uint32_t proved; /* blocks */
	bool disputed; /* a server says another size than is tried */
	unsigned sizes; /* that were tried, in all lives */
	bool done;
	uint64_t placed; /* packets, as of the last turn */
	int64_t placed_ns; /* when one came, by the actor's clock */
	bool stalled; /* nothing came for PEN_CLIENT_STALL_NS, and `stuck` says why */
	struct pen_stuck stuck;
	int64_t begun_ns, done_ns; /* the world's time: of its last life, and when it had all */
	int64_t fetched_ns; /* the world's time at which the last part was proved */
	uint64_t refused; /* pieces and parts that failed their proof */
	struct pen_client_counters counters; /* of its last life */
	struct pen_identity identity;
	bool still; /* after each turn it is tried whether anything was left undone */
};

/* Whether what it keeps of a part is a file joined out of pieces, and not their raw bytes. */
static inline bool client_joins(const struct client *client)
{
	return client->object->lean && client->object->golden;
}

/* Make the client on host `host` of a plan; `depot` may be NULL. */
void client_open(struct client *client, struct world *world, const struct plan *plan, unsigned host,
	const struct object *object, struct depot *depot);

/* Print what it waits for; while it is up. */
void client_tell(const struct client *client);

/* Parts, or blocks of a raw object, that it has proved. */
unsigned client_proved(const struct client *client);

/* Whether all that it has is what it should be. */
bool client_right(const struct client *client);

/* The actor is stopped. */
void client_close(struct client *client);

/* Bytes that came from a server as this piece are wrong: by themselves, so that they are to come
 * again, or as is known later. The engine is told, and the world. */
void client_wrong(
	struct client *client, unsigned server, const struct client_wrong *wrong, int64_t now_ns);
void client_blame(struct client *client, unsigned server, const struct pen_piece *piece,
	struct pen_bytes bytes, int64_t now_ns);

/* Only the world is told. */
void client_catch(struct client *client, unsigned server, const struct pen_piece *piece,
	struct pen_bytes bytes);

/* Only the world is told: part k, all of which came, is wrong as a whole. It is a lie if one server
 * sent all pieces, and holds them so. */
void client_catch_sole(struct client *client, unsigned k, const struct client_sole *sole);

/* Has it called this server a liar, in this life? */
bool client_convicted(const struct client *client, unsigned server);

/* Is it still to be seen whether a server will be called one? */
bool client_charges(const struct client *client);

/* A whole piece came (take.c): keep its bytes, prove what can be proved, say so. */
void client_take(struct client *client, const struct pen_client_piece *piece, int64_t now_ns);

/* Part k is proved, its bytes are in parts[k]: acknowledge it, as soon as it is durable. */
void client_keep(struct client *client, unsigned k, int64_t now_ns);

/* It is; and if it was refuted before, those whose pieces were others then are blamed. */
void client_acknowledge(struct client *client, unsigned k, int64_t now_ns);

/* The same of a raw object (raw.c), of which a life begins with all or nothing. */
void raw_start(struct client *client, bool there);
void raw_take(struct client *client, const struct pen_client_piece *piece, int64_t now_ns);
void raw_acknowledge(struct client *client, int64_t now_ns);

/* Decide which size is tried. Whether anything was asked of the engine. */
bool raw_turn(struct client *client, int64_t now_ns);

/* In how long to decide again; INT64_MAX: when something comes. */
int64_t raw_wait_ns(const struct client *client);

/* The same for a piece of a lean part (lean.c). */
void lean_take(struct client *client, const struct pen_client_piece *piece, int64_t now_ns);

/* A lean part that was refuted is proved at last: blame those whose pieces were others then. */
void lean_compare(struct client *client, unsigned k, int64_t now_ns);

/* Forget what came of a lean part; its memory stays. NULL is fine. */
void lean_forget(struct client_lean *lean);

/* And free it. */
void lean_fini(struct client_lean *lean);

#endif
