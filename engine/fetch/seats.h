/*
 * seats: opening and closing of a client's places: what joins a block of the pool, a unit of a haul
 * and a slot of a server, and parts them again. The moves that fetch/client.h's other files make;
 * each leaves the three agreeing with each other.
 *
 * Rules of struct pen_client: one thread; time is an argument.
 */
#ifndef PEN_FETCH_SEATS_H
#define PEN_FETCH_SEATS_H

#include "fetch/client.h"
#include "fetch/sched.h"

#define PEN_SEAT_NONE UINT32_MAX

/* Ask a server for a unit: takes a place and a block. False if none is free. A larger size is tried
 * by it if that is due. */
bool pen_seat_take(struct pen_client *client, unsigned server, struct pen_haul *haul, uint32_t unit,
	int64_t now_ns);

/* The place of a slot number that is open, or its trial's, or PEN_SEAT_NONE. */
uint32_t pen_seat_find(const struct pen_client *client, uint32_t slot);

/* The server that a slot number names, open or not; PEN_HAUL_PEERS if there is none. */
unsigned pen_seat_server(const struct pen_client *client, uint32_t slot);

/* The trial of this place is over, if there is one: what it showed is known of the path, and what
 * it did not bring is asked for in the place's size. */
void pen_seat_try_end(struct pen_client *client, uint32_t seat, int64_t now_ns);

/* The place, which is neither free nor whole, goes on in another size: what came stays. */
void pen_seat_resize(
	struct pen_client *client, uint32_t seat, enum pen_wire_size size, int64_t now_ns);

/* The unit will not come by this place: it is missing again, unless it flies elsewhere too. `tell`
 * the server, if it may still be sending. */
void pen_seat_drop(struct pen_client *client, uint32_t seat, bool tell, int64_t now_ns);

/*
 * OPENED said how many blocks the piece of this place has, which is of a lean part: if there are
 * more than one, its server is bound to send them all (fetch/bonds.h); the place is dropped if
 * another has the piece already. False: a piece of this part has not so many, or not such ones.
 */
bool pen_seat_bind(struct pen_client *client, uint32_t seat, uint32_t blocks, int64_t now_ns);

/* Has all come of a piece that is bound, though not all is handed over? */
bool pen_seats_complete(const struct pen_client *client, const struct pen_bond *bond);

/* The piece starts again at another server: all its places are dropped, what came is void. */
void pen_seats_unbind(struct pen_client *client, struct pen_bond *bond, int64_t now_ns);

/* The block is whole: with the last of its unit that lands; other places of it are closed, and it
 * is the caller's. */
struct pen_block *pen_seat_land(struct pen_client *client, uint32_t seat, int64_t now_ns);

/* Drop all places of a haul, or of a server that is gone. */
void pen_seats_drop_haul(struct pen_client *client, const struct pen_haul *haul, int64_t now_ns);
void pen_seats_drop_server(struct pen_client *client, unsigned server, int64_t now_ns);

/* Make room for others: drop the place at a silent server that has least to lose, if somebody else
 * can fill it. False if there is none. */
bool pen_seats_evict(struct pen_client *client, int64_t now_ns);

/* A server has a new session: its places are asked for anew, in the size that is proven by now;
 * what came stays. */
void pen_seats_reopen(struct pen_client *client, unsigned server, int64_t now_ns);

/* Flights of all places, for sched; `out` has room for PEN_CLIENT_PLACES_MAX. Returns how many. */
unsigned pen_seats_flights(struct pen_client *client, struct pen_sched_flight *out);

#endif
