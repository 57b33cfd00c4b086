#include "sim/sabotage.h"

#include "base/check.h"

/* So many times slower is later than anything that is allowed, if it takes long at all. */
#define LATE_TIMES 16u

/* What clients do wrongly. */
static void mislead(struct stage *stage, enum sabotage what)
{
	const struct plan *plan = stage->plan;
	for (unsigned i = 0; i < plan->clients; i++) {
		stage->clients[i].stubborn = what == SABOTAGE_STUBBORN;
		stage->clients[i].spite = what == SABOTAGE_SPITE;
		if (what == SABOTAGE_HASTE)
			stage->clients[i].tries = 1;
		stage->clients[i].keeps |= what == SABOTAGE_BYTES;
	}
	for (unsigned i = 0; plan->keeps && i < plan->clients; i++) {
		stage->depots[i].hasty = what == SABOTAGE_SYNC;
		stage->depots[i].forgetful = what == SABOTAGE_FORGET;
		stage->depots[i].crate.hasty = what == SABOTAGE_SYNC;
		stage->depots[i].crate.forgetful = what == SABOTAGE_MISLAY;
		stage->depots[i].crate.trusting = what == SABOTAGE_TRUST;
		stage->depots[i].ledger.again = what == SABOTAGE_AGAIN;
		stage->clients[i].rash = what == SABOTAGE_RASH;
	}
}

void sabotage_before(struct stage *stage, enum sabotage what)
{
	const struct plan *plan = stage->plan;
	mislead(stage, what);
	for (unsigned i = 0; what == SABOTAGE_LATE && i < plan->servers; i++)
		pen_sim_link_set(&stage->world.network.hosts[i].up, 0,
			plan->hosts[i].links.up_bits_per_s / LATE_TIMES);
	for (unsigned i = 0; what == SABOTAGE_SILENCE && i < plan->servers; i++)
		stage->world.mute[i] = true;
	stage->world.merciful = what == SABOTAGE_MERCY;
}

void sabotage_after(struct stage *stage, enum sabotage what)
{
	static unsigned runs;
	struct client *client = &stage->clients[0];
	if (what == SABOTAGE_BYTES)
		client->parts[0].bytes.at[0] ^= 1;
	if (what == SABOTAGE_BLOCK)
		PEN_CHECK(pen_block_take(&client->pool));
	if (what == SABOTAGE_PACKET)
		(void)pen_sim_packet_take(&stage->world.network.packets, 1);
	if (what == SABOTAGE_JUSTICE)
		client->client->server[0].fault = PEN_SERVER_LIED;
	if (what == SABOTAGE_LOSE && client->depot)
		ledger_lose(&client->depot->ledger);
	if (what == SABOTAGE_MISCOUNT && client->depot)
		ledger_miscount(&client->depot->ledger);
	if (what == SABOTAGE_CHANCE)
		pen_sim_trace(&stage->world.clock, PEN_SIM_ASKED, runs++);
}
