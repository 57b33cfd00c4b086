#include "sim/client.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"

/* Blocks of pieces on their way. */
#define CLIENT_BLOCKS 6u
#define CLIENT_PLACES 8u
/* HELLOs until a server is given up: more than any fault of a plan lasts. */
#define CLIENT_TRIES 1000u
/* While packets wait for the device to take them. */
#define CLIENT_WAIT_NS 100000

static struct client *self(struct actor *actor)
{
	return (struct client *)actor;
}

static void servers_add(struct client *client, int64_t now_ns)
{
	for (unsigned host = 0; host < client->servers; host++) {
		struct pen_client_whom whom = {.path = pen_sim_path(&client->actor.world->network,
						       client->actor.host, host)};
		/* From wherever the port is: it may move. */
		memset(whom.path.local, 0, sizeof whom.path.local);
		whom.path.local_port = 0;
		PEN_CHECK(pen_client_add(client->client, &whom, now_ns) == (int)host);
	}
}

static void start(struct actor *actor, int64_t now_ns)
{
	struct client *client = self(actor);
	struct pen_why why = {0};
	struct pen_rng rng = pen_sim_clock_rng(&actor->world->clock, 6000 + actor->host);
	for (unsigned life = 0; life < actor->lives; life++)
		pen_rng_next(&rng);
	uint32_t lag = actor->net->caps.tx_lag;
	unsigned blocks = CLIENT_BLOCKS + pen_post_blocks(lag);
	world_arena(actor, &client->arena, blocks);
	PEN_CHECK(!pen_block_pool_init(&client->pool, &client->arena, blocks));
	struct pen_client_config config = {.n = 1,
		.form = PEN_WIRE_FORM_RAW,
		.identity = client->identity,
		.pool = &client->pool,
		.tx_lag = lag,
		.rx_bytes = 4u << 20,
		.size_max = world_size(actor),
		.sum_absent_ok = actor->net->caps.sum_absent_ok,
		.units_max = OBJECT_BLOCKS_MAX,
		.places = CLIENT_PLACES,
		.tries = CLIENT_TRIES};
	memcpy(config.root, client->object->root.bytes, sizeof config.root);
	pen_rng_bytes(&rng, config.seed, sizeof config.seed);
	PEN_CHECK(!pen_client_open(&client->client, &config, &why));
	PEN_CHECK(!pen_client_want(client->client, PEN_WIRE_KIND_TABLE, 0));
	client->page = client->done = false;
	client->proved = 0;
	servers_add(client, now_ns);
}

static void receive(struct client *client, int64_t now_ns)
{
	struct pen_slice slices[PEN_NET_BURST_MAX];
	struct pen_net *net = client->actor.net;
	unsigned count = net->ops->rx_burst(net, 0, now_ns, slices, PEN_NET_BURST_MAX);
	for (unsigned i = 0; i < count; i++)
		pen_client_hear(client->client, &slices[i], now_ns);
	net->ops->rx_put(net, 0, slices, count);
}

static void reap(struct client *client)
{
	uint64_t tags[PEN_NET_BURST_MAX];
	struct pen_net *net = client->actor.net;
	unsigned count;
	while ((count = net->ops->tx_reap(net, 0, tags, PEN_NET_BURST_MAX)))
		for (unsigned i = 0; i < count; i++)
			PEN_CHECK(pen_post_reaped(&client->client->post, tags[i]));
}

/* The digests of the blocks: believed if they lead to the root. */
static void page_take(struct client *client, const struct pen_client_piece *piece, int64_t now_ns)
{
	const struct pen_raw_page_ask ask = {
		.root = client->object->root, .blocks = client->object->blocks};
	const struct pen_hash *leaves;
	struct pen_bytes bytes = {piece->block->at, piece->bytes};
	if (pen_raw_page_decode(bytes, &ask, &leaves)) {
		client->refused++;
		pen_client_wrong(client->client, &piece->piece, piece->unit, bytes, now_ns);
		return;
	}
	memcpy(client->leaves, leaves, client->object->blocks * sizeof *leaves);
	client->page = true;
	pen_client_proved(client->client, PEN_WIRE_KIND_TABLE, 0);
}

static void block_take(struct client *client, const struct pen_client_piece *piece, int64_t now_ns)
{
	uint64_t bytes = client->object->bytes.len;
	if (piece->unit >= client->object->blocks ||
		piece->bytes != pen_raw_block_bytes(bytes, piece->unit)) {
		client->refused++;
		pen_client_wrong(client->client, &piece->piece, piece->unit,
			(struct pen_bytes){piece->block->at, piece->bytes}, now_ns);
		return;
	}
	memcpy(client->got.at + (size_t)piece->unit * PEN_RAW_BLOCK_BYTES, piece->block->at,
		piece->bytes);
	client->proved |= 1u << (16 + piece->unit);
}

/* Blocks that are here and not looked at yet, as soon as the page is known. */
static void prove(struct client *client, int64_t now_ns)
{
	uint64_t bytes = client->object->bytes.len;
	for (uint32_t i = 0; client->page && i < client->object->blocks; i++) {
		struct pen_bytes block = {client->got.at + (size_t)i * PEN_RAW_BLOCK_BYTES,
			pen_raw_block_bytes(bytes, i)};
		struct pen_hash leaf;
		if (!(client->proved & 1u << (16 + i)))
			continue;
		client->proved &= ~(1u << (16 + i));
		pen_raw_leaf(block, &leaf);
		if (pen_hash_equal(&leaf, &client->leaves[i])) {
			client->proved |= 1u << i;
			continue;
		}
		client->refused++;
		pen_client_wrong(client->client,
			&(struct pen_piece){.kind = PEN_WIRE_KIND_PIECE, .piece = i}, i, block,
			now_ns);
	}
}

static void pieces_take(struct client *client, int64_t now_ns)
{
	struct pen_client_piece piece;
	while (pen_client_next(client->client, &piece, now_ns)) {
		if (piece.piece.kind == PEN_WIRE_KIND_TABLE)
			page_take(client, &piece, now_ns);
		else
			block_take(client, &piece, now_ns);
		pen_block_put(piece.block);
		prove(client, now_ns);
	}
	if (client->done || client->proved != (1u << client->object->blocks) - 1)
		return;
	pen_client_proved(client->client, PEN_WIRE_KIND_PIECE, 0);
	client->done = true;
	client->done_ns = client->actor.world->clock.now_ns;
}

static int64_t turn(struct actor *actor, int64_t now_ns)
{
	struct client *client = self(actor);
	reap(client);
	receive(client, now_ns);
	pen_client_turn(client->client, now_ns);
	pieces_take(client, now_ns);
	pen_client_turn(client->client, now_ns);
	pen_post_flush(&client->client->post, actor->net, 0, now_ns);
	if (client->done)
		return INT64_MAX;
	int64_t due_ns = pen_client_due_ns(client->client, now_ns);
	if (client->client->post.waiting && due_ns > now_ns + CLIENT_WAIT_NS)
		due_ns = now_ns + CLIENT_WAIT_NS;
	return due_ns;
}

static void stop(struct actor *actor)
{
	struct client *client = self(actor);
	client->counters = client->client->counters;
	pen_net_close(actor->net);
	pen_client_close(client->client);
	if (client->pool.free != client->pool.count)
		pen_sim_breach(&actor->world->clock, "client %u: %u blocks leaked", actor->host,
			client->pool.count - client->pool.free);
	pen_block_pool_fini(&client->pool);
	pen_arena_close(&client->arena);
}

static const struct actor_ops client_ops = {"client", start, turn, stop};

void client_open(struct client *client, struct world *world, const struct plan_host *host,
	const struct object *object, unsigned servers, uint64_t stream)
{
	uint8_t own[PEN_KEYS_BYTES];
	*client = (struct client){.object = object, .servers = servers};
	client->actor = (struct actor){
		.ops = &client_ops, .manners = host->manners, .poll_ns = host->poll_ns};
	PEN_CHECK(!pen_buf_reserve(&client->got, object->bytes.len));
	struct pen_rng rng = pen_sim_clock_rng(&world->clock, stream);
	pen_rng_bytes(&rng, own, sizeof own);
	pen_identity_init(&client->identity, own);
}

static void server_tell(const struct pen_server *server, unsigned number)
{
	static const char *const states[] = {"absent", "calling", "ready", "silent", "gone"};
	const struct pen_stream *stream = &server->stream;
	fprintf(stderr,
		"  server %u: %s, %u places, granted %llu, seen %llu, pace %llu, share %llu, %llu "
		"silences, %u bad\n",
		number, states[server->state], server->places, (unsigned long long)stream->granted,
		(unsigned long long)stream->seqs.seen, (unsigned long long)stream->rate.pace,
		(unsigned long long)server->share, (unsigned long long)stream->silences,
		server->bad);
}

void client_tell(const struct client *client)
{
	static const char *const states[] = {"free", "asked", "opened", "whole"};
	const struct pen_client *own = client->client;
	fprintf(stderr, "client %u, which is %s; %u blocks free\n", client->actor.host,
		client->done ? "done" : "not done", client->pool.free);
	for (unsigned i = 0; i < own->server_count; i++)
		server_tell(&own->server[i], i);
	for (unsigned i = 0; i < CLIENT_PLACES; i++) {
		const struct pen_place *place = &own->place[i];
		if (place->state == PEN_PLACE_FREE)
			continue;
		fprintf(stderr, "  place %u: %s of server %u, kind %u block %u, %u packets left\n",
			i, states[place->state], place->peer, place->piece.kind, place->piece.block,
			pen_place_left(place));
	}
	for (unsigned i = 0; i < own->hauls.count; i++) {
		struct pen_haul *haul = pen_hauls_nth((struct pen_hauls *)&own->hauls, i);
		fprintf(stderr, "  haul: kind %u, %u of %u units here, can %llx, cannot %llx\n",
			haul->kind, haul->done, haul->name.units, (unsigned long long)haul->can,
			(unsigned long long)haul->cannot);
	}
}

void client_close(struct client *client)
{
	pen_buf_fini(&client->got);
}
