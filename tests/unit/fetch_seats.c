/* Places, blocks, units and slots agree, whatever happens to them. */
#include "fetch/seats.h"

#include <criterion/criterion.h>

#include "base/check.h"
#include "fakes/lab.h"

static unsigned busy(void)
{
	unsigned count = 0;
	for (unsigned i = 0; i < lab->client->config.places; i++)
		count += lab->client->place[i].state != PEN_PLACE_FREE;
	return count;
}

/* Everything that two of them say of the same thing is the same. */
static void check_agreement(void)
{
	const struct pen_client *client = lab->client;
	unsigned places = 0;
	for (unsigned s = 0; s < client->server_count; s++) {
		const struct pen_server *server = &client->server[s];
		places += server->places;
		for (unsigned i = 0; i < server->places; i++) {
			const struct pen_place *place = &client->place[server->place[i]];
			cr_assert_neq(place->state, PEN_PLACE_FREE);
			cr_assert_eq(place->peer, s);
			cr_assert_eq(pen_seat_find(client, place->slot), server->place[i]);
			cr_assert_eq(pen_seat_server(client, place->slot), s);
			const struct pen_haul *haul = client->haul[server->place[i]];
			cr_assert(!pen_haul_has(haul, client->unit[server->place[i]]));
		}
	}
	cr_assert_eq(places, busy());
	/* One block is the post's. */
	cr_assert_eq(lab->pool.count - lab->pool.free, places + 1);
}

Test(fetch_seats, agree_at_every_turn)
{
	lab_open(20 << 20, 3);
	lab->lose_per_mille = 20;
	lab->toy[2].manners.rate = 5 * LAB_MB;
	lab_start();
	int64_t dead_ns = 60 * LAB_MS;
	bool died = false;
	while (lab_turn()) {
		check_agreement();
		if (!died && lab->now > dead_ns) {
			pen_seats_drop_server(lab->client, 1, lab->now);
			check_agreement();
			died = true;
		}
		cr_assert_lt(lab->now, 60 * LAB_S);
	}
	cr_expect_eq(busy(), 0);
	cr_expect_eq(lab->pool.count - lab->pool.free, 1);
	lab_close();
}

Test(fetch_seats, take_drop_and_find)
{
	lab_open(4 << 20, 2);
	lab_start();
	while (busy() == 0)
		cr_assert(lab_turn());
	struct pen_client *client = lab->client;
	struct pen_haul *haul = pen_hauls_nth(&client->hauls, 0);
	struct pen_sched_flight flights[PEN_CLIENT_PLACES_MAX];
	cr_expect_eq(pen_seats_flights(client, flights), busy());
	pen_seats_drop_haul(client, haul, lab->now);
	cr_expect_eq(busy(), 0);
	cr_expect_eq(pen_haul_missing(haul), 0, "all is missing again");
	cr_assert(pen_seat_take(client, 0, haul, 2, lab->now));
	uint32_t slot = client->place[0].slot;
	cr_expect_eq(pen_haul_missing(haul), 0);
	cr_assert(pen_seat_take(client, 1, haul, 2, lab->now), "twice");
	cr_expect_eq(pen_seat_find(client, slot), 0);
	cr_expect_eq(pen_seat_find(client, slot ^ 0x10000), PEN_SEAT_NONE, "another generation");
	cr_expect_eq(pen_seat_server(client, slot | 0xff00), PEN_HAUL_PEERS, "no such server");
	pen_seat_drop(client, 0, true, lab->now);
	pen_haul_fly(haul, 0);
	pen_haul_fly(haul, 1);
	cr_expect_eq(pen_haul_missing(haul), 3, "2 flies still");
	pen_seat_drop(client, 1, false, lab->now);
	cr_expect_eq(pen_haul_missing(haul), 2);
	cr_expect_geq(client->server[0].closes, 1);
	pen_haul_fail(haul, 0);
	pen_haul_fail(haul, 1);
	cr_expect(lab_run(10 * LAB_S));
	lab_close();
}

/* A unit turns out to have several blocks: they are its server's, until it starts again. */
Test(fetch_seats, bind_and_unbind)
{
	lab_open(4 << 20, 2);
	lab_start();
	while (busy() == 0)
		cr_assert(lab_turn());
	struct pen_client *client = lab->client;
	struct pen_haul *haul = pen_hauls_nth(&client->hauls, 0);
	pen_seats_drop_haul(client, haul, lab->now);
	cr_assert(pen_seat_take(client, 0, haul, 1, lab->now));
	cr_assert(pen_seat_take(client, 1, haul, 1, lab->now), "twice");
	cr_assert(pen_seat_take(client, 1, haul, 1, lab->now), "as if two were dead");
	cr_expect(pen_seat_bind(client, 0, 1, lab->now), "one block: nothing to bind");
	cr_expect_eq(client->bonds.count, 0);
	cr_expect(!pen_seat_bind(client, 0, PEN_BOND_BLOCKS_MAX + 1, lab->now), "too many");
	cr_expect(pen_seat_bind(client, 0, 3, lab->now));
	cr_expect_eq(busy(), 1, "the others were asked in vain");
	cr_expect(pen_seat_bind(client, 0, 3, lab->now), "it says so again");
	cr_expect(!pen_seat_bind(client, 0, 2, lab->now), "it says something else");
	struct pen_bond *bond = pen_bonds_find(&client->bonds, haul, 1);
	cr_assert_not_null(bond);
	cr_expect_eq(bond->peer, 0);
	for (unsigned b = 1; b < 3; b++) {
		cr_assert(pen_seat_take(client, 0, haul, 1, lab->now));
		cr_expect_eq(client->place[b].piece.block, b);
	}
	pen_seat_drop(client, 1, true, lab->now);
	cr_expect_eq(pen_bond_block(bond), 1, "it is asked for again");
	cr_expect_eq(pen_haul_missing(haul), 0);
	pen_haul_fly(haul, 0);
	cr_expect_eq(pen_haul_missing(haul), 2, "but by nobody else");
	cr_expect(!pen_seats_complete(client, bond));
	pen_seats_unbind(client, bond, lab->now);
	cr_expect_eq(busy(), 0);
	cr_expect_eq(pen_haul_missing(haul), 1);
	cr_expect_eq(client->bonds.count, 0);
	pen_haul_fail(haul, 0);
	cr_expect(lab_run(60 * LAB_S));
	lab_close();
}
