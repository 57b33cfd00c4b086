/*
 * stir: what makes a turn of a client necessary. The one place that says so.
 *
 * A client that did its work anew for each packet would spend its time finding out that nothing has
 * changed. So every change says whom it concerns, and a turn looks at these alone:
 *
 *     a server   its session, silence, questions, PULL: something of it changed, or its due_ns has
 *                come. A DATA packet counts as a change only if it does more than bring bytes
 *                (fetch/data.c); otherwise the next turn brings due_ns forward to when its PULL is
 *                due, once for all that came.
 *     places     units became missing, a place or block became free, a server has room for more
 *                slots, is there, or is there no more; catalogues; bonds
 *     credit     a claim on it changed, or what bounds it, or its own time (pen_credit_due_ns) came
 *
 * A claim is stated when a server's places change and when a PULL leaves, not for each packet. Nor
 * are a unit's chances elsewhere weighed for each: rates and repairs change with a PULL, and
 * `weigh` says so. It is no reason for a turn by itself.
 *
 * Whoever changes a field that a turn decides by calls one of these. A turn ends when nothing is
 * stirred; then a turn that looks at everything (pen_stir_all) must find nothing to do, which tests
 * try after every turn (tests/fakes/still.h).
 *
 * Rules of struct pen_client.
 */
#ifndef PEN_FETCH_STIR_H
#define PEN_FETCH_STIR_H

#include "base/check.h"
#include "fetch/client.h"

static inline void pen_stir_server(struct pen_client *client, unsigned server)
{
	PEN_CHECK(server < PEN_HAUL_PEERS);
	client->stirred |= UINT64_C(1) << server;
}

/* Bytes of it came, which change nothing but when its PULL is due. */
static inline void pen_stir_came(struct pen_client *client, unsigned server)
{
	PEN_CHECK(server < PEN_HAUL_PEERS);
	client->came |= UINT64_C(1) << server;
}

/* Its places are others, or of another length: it claims other credit, too. */
static inline void pen_stir_claim(struct pen_client *client, unsigned server)
{
	pen_stir_server(client, server);
	client->claims |= UINT64_C(1) << server;
}

static inline void pen_stir_places(struct pen_client *client)
{
	client->unassigned = true;
	client->weigh = true;
}

static inline void pen_stir_credit(struct pen_client *client)
{
	client->unshared = true;
}

/* Everything, but for what is only weighed: for tests. */
static inline void pen_stir_all(struct pen_client *client)
{
	for (unsigned s = 0; s < client->server_count; s++)
		pen_stir_server(client, s);
	client->unassigned = true;
	client->unshared = true;
}

/* It is over: no turn follows. */
static inline void pen_stir_nothing(struct pen_client *client)
{
	client->stirred = client->came = 0;
	client->unassigned = client->unshared = client->starved = false;
	client->due_ns = client->lapse_ns = INT64_MAX;
}

/* Is there a block for whom there was none? Whoever gives one back does not say so. */
static inline bool pen_stir_fed(const struct pen_client *client)
{
	return client->starved && client->config.pool->free > 0;
}

/* Is there anything? But for time. */
static inline bool pen_stir_any(const struct pen_client *client)
{
	return client->stirred || client->unassigned || client->unshared || pen_stir_fed(client);
}

#endif
