/*
 * radio: clients of our protocol, each on a port of its own and in a form of its own, that share
 * the blocks for pieces on their way. The loop lets one turn, takes its pieces, and sleeps until
 * one is due. One thread.
 */
#ifndef PEN_TOOLS_RADIO_H
#define PEN_TOOLS_RADIO_H

#include "endpoint.h"
#include "fetch/client.h"
#include "fetch/stuck.h"
#include "identity.h"
#include "nap.h"
#include "part/form.h"

/* Parts in nearcore and in lean form. */
#define RADIOS_MAX 2u
/* Pieces on their way at once, for each. */
#define RADIO_PLACES 64u
/* Bytes of a socket's buffers (drivers/table.h: rx_buffers). */
#define RADIO_SOCKET_BYTES ((uint64_t)17 << 20)

struct radios_ask {
	struct pen_hash root;
	uint32_t n; /* parts */
	unsigned forms; /* bit i: a radio for form i */
	const struct endpoint *ends; /* servers; borrowed for open */
	unsigned count; /* of them, 1 to PEN_HAUL_PEERS */
	struct pen_identity identity;
	uint32_t blocks; /* more than for places, that the caller may hold at once */
	uint32_t parts_blocks; /* as the client's; 0: the caller holds no parts */
	uint32_t units_max; /* pieces of a part */
	uint64_t rate; /* bytes a second of all together; 0: no cap */
	unsigned tries; /* waits for an answer until a server is gone (peer/visit.h) */
	const char *verb; /* "fetch": who says what this machine lacks; for open only */
};

struct radio {
	enum pen_form form;
	int64_t rest_ns; /* it leaves parts to others until then */
	struct pen_net *net;
	struct pen_client *client;
	int watched; /* descriptor that the nap knows; -1: none */
	uint64_t placed;
	int64_t moved_ns; /* when the last payload came, or there was nothing to wait for */
	int64_t spoke_ns; /* when it last spoke */
	bool busy; /* it had something to fetch then */
	int64_t busy_ns; /* how long it had, in all */
};

/* Zeroed is closed. */
struct radios {
	struct pen_arena arena;
	struct pen_block_pool pool;
	unsigned count;
	struct radio list[RADIOS_MAX];
	uint64_t rate;
};

/* Open ports and clients, and begin to call. What this machine lacks is said on stderr. 0 or a code
 * with a sentence; close is due either way. */
int radios_open(struct radios *radios, const struct radios_ask *ask, struct pen_why *why);

/* Tell the servers that nothing more is wanted, and close. Zeroed is fine. */
void radios_close(struct radios *radios);

/* Bytes that open takes. */
uint64_t radios_bytes(const struct radios_ask *ask);

/* The radio of a form, or NULL. */
struct radio *radios_find(struct radios *radios, enum pen_form form);

/* Share the rate among those that have something to fetch. */
void radios_rate(struct radios *radios, uint64_t rate);

/* Hear what came, and decide. Then take pieces with pen_client_next, and let it speak. */
void radio_hear(struct radio *radio, int64_t now_ns);
void radio_speak(struct radio *radio, int64_t now_ns);

/* Has it anything to fetch? */
bool radio_busy(const struct radio *radio);

/* Does a server that is there offer this part? */
bool radio_offers(const struct radio *radio, uint32_t k);

/* Is anything of this part here, or on its way? One that is only begun is soon given up. */
bool radio_holds(const struct radio *radio, uint32_t k);

/* When it is to turn again, if nothing comes. */
int64_t radio_due_ns(const struct radio *radio, int64_t now_ns);

/* Before a nap: let it end when packets come. How long the nap may be; 0: they are here. */
int64_t radio_arm(struct radio *radio, struct nap *nap);

#endif
