#include "radio.h"

#include <errno.h>
#include <stdio.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/rng.h"
#include "drivers/table.h"
#include "drivers/uring/udp.h"
#include "serve/tell.h"

/* The longest sleep beside a port that can wake us. */
#define RADIO_SLEEP_NS PEN_NS_PER_S

static unsigned forms_count(const struct radios_ask *ask)
{
	return (unsigned)__builtin_popcount(ask->forms);
}

/* Before a port is open its lag is not known: the most that a post takes. */
static unsigned blocks_of(const struct radios_ask *ask)
{
	return ask->blocks + forms_count(ask) * PEN_POST_BLOCKS_MAX + RADIO_PLACES;
}

uint64_t radios_bytes(const struct radios_ask *ask)
{
	return blocks_of(ask) * (uint64_t)PEN_BLOCK_BYTES + forms_count(ask) * RADIO_SOCKET_BYTES;
}

static int net_open(struct radio *radio, struct pen_notes *notes, struct pen_why *why)
{
	const struct pen_udp_options port = {.notes = notes};
	return pen_net_open_udp(&port, &radio->net, why);
}

static int memory_open(struct radios *radios, const struct radios_ask *ask, struct pen_why *why)
{
	const struct pen_arena_ask memory = {
		.bytes = blocks_of(ask) * PEN_BLOCK_BYTES, .node = PEN_NODE_ANY};
	int err = pen_arena_open(&radios->arena, &memory, why);
	if (!err && pen_block_pool_init(&radios->pool, &radios->arena, blocks_of(ask)))
		err = pen_fail(why, -ENOMEM, "no memory for pieces");
	return err;
}

static void servers_add(struct radio *radio, const struct radios_ask *ask)
{
	for (unsigned i = 0; i < ask->count; i++) {
		struct pen_client_whom whom = {
			.path.remote_port = ask->ends[i].port, .path.scope = ask->ends[i].scope};
		memcpy(whom.path.remote, ask->ends[i].address, sizeof whom.path.remote);
		PEN_CHECK(pen_client_add(radio->client, &whom, pen_clock_ns()) == (int)i);
	}
}

static int client_open(struct radios *radios, struct radio *radio, const struct radios_ask *ask,
	struct pen_why *why)
{
	struct pen_client_config config = {.n = ask->n,
		.form = (enum pen_wire_form)pen_tell_wire_form(radio->form),
		.identity = ask->identity,
		.pool = &radios->pool,
		.tx_lag = radio->net->caps.tx_lag,
		.rate_max = ask->rate,
		/* The kernel counts what packets cost it, about twice their bytes. */
		.rx_bytes = pen_udp_state_of(radio->net).rx_bytes / 2,
		.size_max = pen_wire_size_most(radio->net->caps.payload_bytes),
		.sum_absent_ok = radio->net->caps.sum_absent_ok,
		.sized = radio->form == PEN_FORM_RAW,
		.parts_blocks = ask->parts_blocks,
		.units_max = ask->units_max,
		.places = RADIO_PLACES,
		.tries = ask->tries};
	memcpy(config.root, ask->root.bytes, sizeof config.root);
	pen_rng_secret(config.seed, sizeof config.seed);
	int err = pen_client_open(&radio->client, &config, why);
	if (!err)
		servers_add(radio, ask);
	return err;
}

static int radio_open(struct radios *radios, struct radio *radio, const struct radios_ask *ask,
	struct pen_why *why)
{
	const struct pen_arena *arenas[] = {&radios->arena};
	int err = radio->net->ops->start(radio->net, arenas, 1, why);
	if (!err)
		err = client_open(radios, radio, ask, why);
	radio->moved_ns = pen_clock_ns();
	return err;
}

int radios_open(struct radios *radios, const struct radios_ask *ask, struct pen_why *why)
{
	struct pen_notes notes = {0};
	PEN_CHECK(ask->count > 0);
	PEN_CHECK(ask->count <= PEN_HAUL_PEERS);
	*radios = (struct radios){.rate = ask->rate};
	int err = memory_open(radios, ask, why);
	for (unsigned form = 0; !err && form < PEN_FORMS; form++) {
		if (!(ask->forms >> form & 1))
			continue;
		PEN_CHECK(radios->count < RADIOS_MAX);
		struct radio *radio = &radios->list[radios->count++];
		*radio = (struct radio){.form = (enum pen_form)form, .watched = -1};
		err = net_open(radio, &notes, why);
		if (!err)
			err = radio_open(radios, radio, ask, why);
	}
	for (unsigned i = 0; i < notes.count; i++)
		fprintf(stderr, "penstock %s: %s\n", ask->verb, notes.text[i]);
	return err;
}

static void radio_leave(struct radio *radio)
{
	int64_t now_ns = pen_clock_ns();
	pen_client_leave(radio->client, now_ns);
	pen_post_flush(&radio->client->post, radio->net, 0, now_ns);
}

void radios_close(struct radios *radios)
{
	for (unsigned i = 0; i < radios->count; i++) {
		struct radio *radio = &radios->list[i];
		if (radio->client)
			radio_leave(radio);
		pen_net_close(radio->net);
		pen_client_close(radio->client);
	}
	pen_block_pool_fini(&radios->pool);
	pen_arena_close(&radios->arena);
	*radios = (struct radios){0};
}

struct radio *radios_find(struct radios *radios, enum pen_form form)
{
	for (unsigned i = 0; i < radios->count; i++) {
		if (radios->list[i].form == form)
			return &radios->list[i];
	}
	return NULL;
}

bool radio_busy(const struct radio *radio)
{
	const struct pen_client *client = radio->client;
	return client->hauls.count > 0 || client->parts.count[PEN_PARTS_WANTED] > 0;
}

bool radio_offers(const struct radio *radio, uint32_t k)
{
	const struct pen_client *client = radio->client;
	return pen_parts_holders(&client->parts, k) & pen_client_ready(client);
}

bool radio_holds(const struct radio *radio, uint32_t k)
{
	struct pen_client *client = radio->client;
	if (client->parts.state[k] != PEN_PARTS_BEGUN)
		return false;
	const struct pen_haul *haul = pen_hauls_find(&client->hauls, PEN_WIRE_KIND_PIECE, k);
	bool holds = haul && haul->done > 0;
	for (unsigned i = 0; haul && i < client->config.places; i++)
		holds |= client->place[i].state != PEN_PLACE_FREE && client->haul[i] == haul;
	return holds;
}

void radios_rate(struct radios *radios, uint64_t rate)
{
	unsigned busy = 0;
	for (unsigned i = 0; i < radios->count; i++)
		busy += radio_busy(&radios->list[i]);
	for (unsigned i = 0; rate && i < radios->count; i++)
		pen_client_limit(radios->list[i].client, rate / (busy ? busy : 1));
}

void radio_hear(struct radio *radio, int64_t now_ns)
{
	pen_client_receive(radio->client, radio->net, 0, now_ns);
	pen_client_turn(radio->client, now_ns);
}

void radio_speak(struct radio *radio, int64_t now_ns)
{
	pen_client_turn(radio->client, now_ns);
	pen_post_flush(&radio->client->post, radio->net, 0, now_ns);
	if (radio->busy)
		radio->busy_ns += now_ns - radio->spoke_ns;
	radio->busy = radio_busy(radio);
	radio->spoke_ns = now_ns;
	if (radio->client->counters.placed != radio->placed || !radio->busy)
		radio->moved_ns = now_ns;
	radio->placed = radio->client->counters.placed;
}

int64_t radio_due_ns(const struct radio *radio, int64_t now_ns)
{
	return pen_client_due_ns(radio->client, now_ns);
}

int64_t radio_arm(struct radio *radio, struct nap *nap)
{
	int fd = -1;
	switch (radio->net->ops->arm(radio->net, 0, &fd)) {
	case PEN_NET_ARM_WORK: return 0;
	case PEN_NET_ARM_BLIND: return radio->net->blind_ns;
	case PEN_NET_ARM_FD: break;
	}
	if (fd != radio->watched && nap_watch(nap, fd))
		return PEN_NET_BLIND_NS;
	radio->watched = fd;
	return RADIO_SLEEP_NS;
}
