/*
 * hauls: the objects that are being fetched, piece by piece: which pieces are here, which are on
 * their way, and which servers can send them.
 *
 * A haul is one part (or a small object of the state) under way. Its pieces, here *units*, are
 * numbered from 0; a unit is at most 1 MiB, what one slot carries, but for lean frames that are
 * longer (fetch/bonds.h). A unit is missing, flying (asked of one server or two), or done. Servers
 * may be mixed in a haul only where their bytes are the same: who named the same id and length
 * (nearcore, raw); or, of a lean part, the same id, which leaves out how frames are compressed: so
 * each unit comes whole from one server, and its length is that server's own. A haul is named by
 * the first entry of a catalogue; servers that say otherwise can not serve it.
 *
 * Hauls are finished in the order in which they were begun, as far as servers allow. Where the
 * pieces of a part stay in memory until the part is proved, a haul may only fly when it and all
 * older ones fit the blocks there are: so the oldest always gets through.
 *
 * Servers are numbers below PEN_HAUL_PEERS, sets of them words. All memory is taken by open. Fields
 * are to be read, not written. One thread.
 */
#ifndef PEN_FETCH_HAULS_H
#define PEN_FETCH_HAULS_H

#include "fetch/place.h"

/* Servers of one fetch: a set of them is one word. */
#define PEN_HAUL_PEERS 64u
/* Hauls at once: enough that a part with one slow piece does not keep the others waiting. */
#define PEN_HAULS_MAX 32u
#define PEN_HAUL_NONE UINT32_MAX
/* How long those whose part failed are not asked for it again: at first, and at most. */
#define PEN_HAUL_VAIN_NS INT64_C(2000000000)
#define PEN_HAUL_VAIN_NS_MAX INT64_C(64000000000)
/* Of a unit that nobody has sent. */
#define PEN_PEER_NONE UINT8_MAX

/* What a catalogue says of a part, or what is otherwise known of a haul. */
struct pen_haul_name {
	uint8_t id[16]; /* as in struct pen_wire_entry */
	uint64_t bytes; /* of all units; 0: not known */
	uint32_t head_bytes; /* lean: of unit 0 */
	uint32_t units; /* 1 to units_max */
};

struct pen_haul {
	bool used;
	bool named; /* `name` is known */
	bool by_block; /* unit u is block u of piece 0, else it is piece u */
	bool given; /* the caller names it, no server does (fetch/sized.h) */
	uint8_t kind; /* enum pen_wire_kind */
	uint8_t form; /* enum pen_wire_form */
	uint32_t part;
	uint64_t order; /* the smaller, the older */
	struct pen_haul_name name;
	uint64_t can; /* servers that named it so */
	uint64_t cannot; /* servers that have not got it, or other bytes */
	uint64_t lacked; /* servers that did not send what they had named; ends with the name */
	uint64_t only; /* servers that may send: all, but for a part that is fetched for comparison
			*/
	uint64_t compared; /* servers from which alone it was fetched, in vain */
	uint64_t vain; /* servers from which it failed its proof when nobody was left to compare */
	unsigned vain_times; /* how often that was */
	int64_t vain_ns; /* those are not asked again before */
	uint32_t rounds; /* times that all units were forgotten */
	uint32_t done; /* units that are here */
	uint32_t low; /* all units below are done or flying */
	uint64_t *here, *flying; /* bitmaps of units_max bits */
	uint8_t *from; /* who sent each unit that is here, else PEN_PEER_NONE */
};

struct pen_hauls {
	uint32_t units_max; /* of a haul */
	uint32_t hauls_max; /* at most PEN_HAULS_MAX */
	uint32_t blocks; /* of 1 MiB: that units may be held in until their haul ends; 0: they are
			    not held, or somebody else counts */
	uint32_t count; /* used */
	uint64_t begun; /* ever */
	struct pen_haul haul[PEN_HAULS_MAX];
	uint8_t oldest[PEN_HAULS_MAX]; /* `count` of them, in the order in which they were begun */
	void *memory; /* of all bitmaps */
};

struct pen_hauls_config {
	uint32_t hauls_max; /* 1 to PEN_HAULS_MAX */
	uint32_t units_max; /* more than 0, at most 2^20 */
	uint32_t blocks;
};

/* Take the memory. 0 or -ENOMEM (nothing to close). */
int pen_hauls_open(struct pen_hauls *hauls, const struct pen_hauls_config *config);

/* NULL and zeroed are fine. */
void pen_hauls_close(struct pen_hauls *hauls);

/* Bytes that open takes. */
uint64_t pen_hauls_bytes(const struct pen_hauls_config *config);

/* Begin a haul; there is room (count < hauls_max), and none of this kind and part. */
struct pen_haul *pen_hauls_begin(
	struct pen_hauls *hauls, enum pen_wire_form form, enum pen_wire_kind kind, uint32_t part);

/* The haul is over; its place may be used again. */
void pen_hauls_end(struct pen_hauls *hauls, struct pen_haul *haul);

/* The haul of this kind and part, or NULL. */
struct pen_haul *pen_hauls_find(struct pen_hauls *hauls, enum pen_wire_kind kind, uint32_t part);

/* The i-th oldest haul, i < count. */
struct pen_haul *pen_hauls_nth(struct pen_hauls *hauls, uint32_t i);

/*
 * A server says what the haul's bytes are at its place. The first one names the haul. True if the
 * server can serve it; false if its bytes are others, or more than units_max.
 */
bool pen_haul_offer(struct pen_hauls *hauls, struct pen_haul *haul, unsigned peer,
	const struct pen_haul_name *name);

/* A server has not got it (any more), is gone, or is not to be asked. */
void pen_haul_refuse(struct pen_haul *haul, unsigned peer);

/* The same of one that was asked for a unit, and says so: it may promise again, but what comes from
 * elsewhere is not given up for that. */
void pen_haul_lack(struct pen_haul *haul, unsigned peer);

/* Forget the name and all units that are here: nobody is left who could finish it. Nothing of it
 * flies. Servers that have other bytes may be asked again. */
void pen_haul_rename(struct pen_haul *haul);

/* It failed its proof from all who can send it, and nobody is left to compare with: as rename, and
 * they are not asked again for a while that doubles each time, up to PEN_HAUL_VAIN_NS_MAX. */
void pen_haul_vain(struct pen_haul *haul, int64_t now_ns);

/* The server may be asked again for what it did not have, unless it is one of those. */
void pen_haul_forgive(struct pen_haul *haul, unsigned peer, int64_t now_ns);

/* Is nobody left who has the bytes that it was named by, and does nothing of it fly? */
bool pen_haul_orphaned(const struct pen_haul *haul);

/* Ask everybody again, if it is orphaned. In raw form all have the same bytes, and what is here
 * stays; else the next server names it, and what is here is forgotten: it comes again. */
void pen_haul_adopt(struct pen_haul *haul);

/* Forget all units that are here, and let only these servers send it. Nothing of it flies. */
void pen_haul_restart(struct pen_haul *haul, uint64_t only);

/* Servers that sent units that are here. */
uint64_t pen_haul_senders(const struct pen_haul *haul);

/* May this server be asked for units? */
bool pen_haul_serves(const struct pen_haul *haul, unsigned peer);

/* May units of the haul fly: do it and all older hauls fit the blocks? */
bool pen_hauls_fits(const struct pen_hauls *hauls, const struct pen_haul *haul);

/* An object by blocks turns out to have so many units. False if they are too many, or fewer than it
 * was known to have. */
bool pen_haul_grow(struct pen_hauls *hauls, struct pen_haul *haul, uint32_t units);

/* The first unit that is neither here nor flying; PEN_HAUL_NONE if there is none. */
uint32_t pen_haul_missing(struct pen_haul *haul);

/* Which bytes a unit is, and how many: 0 if that is not known. */
struct pen_piece pen_haul_piece(const struct pen_haul *haul, uint32_t unit);
uint32_t pen_haul_unit_bytes(const struct pen_haul *haul, uint32_t unit);

/* A unit is asked of a server; it is so no more; it is here, from that server; it is not here after
 * all. */
void pen_haul_fly(struct pen_haul *haul, uint32_t unit);
void pen_haul_fail(struct pen_haul *haul, uint32_t unit);
void pen_haul_land(struct pen_haul *haul, uint32_t unit, unsigned peer);
void pen_haul_drop(struct pen_haul *haul, uint32_t unit);

bool pen_haul_has(const struct pen_haul *haul, uint32_t unit);
bool pen_haul_whole(const struct pen_haul *haul);

#endif
