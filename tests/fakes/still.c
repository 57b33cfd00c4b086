#include "fakes/still.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "fetch/stir.h"

/* The client before the second turn, and what its pointers lead to. */
static struct {
	struct pen_client client;
	uint8_t *hauls, *parts;
	size_t hauls_max, parts_max;
} before;

static uint64_t hauls_bytes(const struct pen_client *client)
{
	return pen_hauls_bytes(&(struct pen_hauls_config){
		.hauls_max = client->hauls.hauls_max, .units_max = client->hauls.units_max});
}

static void keep(uint8_t **at, size_t *max, const void *from, size_t bytes)
{
	if (*max < bytes) {
		free(*at);
		*at = malloc(bytes);
		*max = bytes;
		PEN_CHECK(*at);
	}
	memcpy(*at, from, bytes);
}

static void differs(const char *what, unsigned i, const void *a, const void *b, size_t bytes)
{
	const uint8_t *was = a, *is = b;
	size_t at = 0;
	if (!memcmp(a, b, bytes))
		return;
	while (was[at] == is[at])
		at++;
	fprintf(stderr, "still: a full turn changes byte %zu of %s %u\n", at, what, i);
	PEN_CHECK(!"a turn left something undone");
}

/* Times may be later in a full turn: the client keeps its own, which are as soon or sooner. */
static void hints_keep(struct pen_client *client)
{
	PEN_CHECK(client->due_ns >= before.client.due_ns);
	client->due_ns = before.client.due_ns;
	for (unsigned s = 0; s < client->server_count; s++) {
		struct pen_server *is = &client->server[s], *was = &before.client.server[s];
		PEN_CHECK(is->due_ns >= was->due_ns);
		PEN_CHECK(is->want.repair_ns >= was->want.repair_ns);
		is->due_ns = was->due_ns;
		is->want.repair_ns = was->want.repair_ns;
	}
	client->lapse_ns = before.client.lapse_ns;
	/* A block that was wanted for what flies elsewhere: that is not weighed again. */
	client->starved |= before.client.starved;
	/* How far a search for missing units came. */
	for (unsigned i = 0; i < client->hauls.hauls_max; i++)
		client->hauls.haul[i].low = before.client.hauls.haul[i].low;
}

static void compare(const struct pen_client *client)
{
	const struct pen_client *was = &before.client;
	differs("the client", 0, was, client, offsetof(struct pen_client, server));
	for (unsigned s = 0; s < client->server_count; s++)
		differs("server", s, &was->server[s], &client->server[s], sizeof was->server[s]);
	for (unsigned i = 0; i < client->config.places; i++)
		differs("place", i, &was->place[i], &client->place[i], sizeof was->place[i]);
	differs("hauls", 0, before.hauls, client->hauls.memory, hauls_bytes(client));
	differs("parts", 0, before.parts, client->parts.state, pen_parts_bytes(client->parts.n));
}

void still_check(struct pen_client *client, int64_t now_ns)
{
	/* What could not be written is asked for again and again. */
	if (!pen_post_room(&client->post))
		return;
	PEN_CHECK(!pen_stir_any(client));
	memcpy(&before.client, client, offsetof(struct pen_client, server));
	memcpy(before.client.server, client->server,
		client->server_count * sizeof client->server[0]);
	memcpy(before.client.place, client->place, client->config.places * sizeof client->place[0]);
	keep(&before.hauls, &before.hauls_max, client->hauls.memory, hauls_bytes(client));
	keep(&before.parts, &before.parts_max, client->parts.state,
		pen_parts_bytes(client->parts.n));
	pen_stir_all(client);
	pen_client_turn(client, now_ns);
	PEN_CHECK(pen_client_due_ns(client, now_ns) > now_ns);
	hints_keep(client);
	compare(client);
}
