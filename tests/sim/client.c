#include "sim/client.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "fetch/blame.h"
#include "fakes/still.h"

/* Blocks of pieces on their way. */
#define CLIENT_BLOCKS 6u
#define CLIENT_PLACES 8u
/* Waits for a server's first word until it is given up, as commands have them; and longer than any
 * fault of a plan lasts, or anybody can make a client wait. */
#define CLIENT_TRIES 5u
#define CLIENT_TRIES_FAULTS 1000u
/* Streams of the world's chance: identities. */
#define STREAM_CLIENTS 2000u
/* A server that lied is called a liar within so long: a question is asked so often
 * (peer/inquiry.h), after one that is under way; or for as long as more is asked of it. */
#define CLIENT_JUDGES_NS (2 * (PEN_INQUIRY_TRIES * PEN_INQUIRY_WAIT_NS) + INT64_C(1000000000))
/* One client of so many keeps a raw object that goes nowhere: to copy and read it twice more takes
 * longer than a packet does. */
#define CLIENT_KEEPS_SHARE 16u

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

/* What an earlier life has left, of which the memory is gone: the set of parts that are on the
 * disk. */
static uint32_t resume(struct client *client)
{
	struct pen_buf *bytes[PLAN_PARTS_MAX];
	uint32_t there = 0;
	for (unsigned k = 0; k < PLAN_PARTS_MAX; k++) {
		bytes[k] = client_joins(client) ? &client->parts[k].file : &client->parts[k].bytes;
		lean_forget(client->parts[k].came);
	}
	if (client->depot)
		there = depot_start(client->depot, bytes);
	for (unsigned k = 0; k < client->object->n; k++) {
		client->parts[k].proved = there >> k & 1;
		client->parts[k].compared = false;
	}
	if (client->object->raw)
		raw_start(client, there);
	return there;
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
	const struct object *object = client->object;
	uint8_t skip[(PLAN_PARTS_MAX + 7) / 8] = {0};
	uint32_t there = resume(client);
	for (unsigned k = 0; k < object->n; k++)
		skip[k / 8] |= (uint8_t)((there >> k & 1) << k % 8);
	struct pen_client_config config = {.n = object->n,
		.form = object->raw    ? PEN_WIRE_FORM_RAW
			: object->lean ? PEN_WIRE_FORM_LEAN
				       : PEN_WIRE_FORM_NEARCORE,
		.skip = skip,
		.identity = client->identity,
		.pool = &client->pool,
		.tx_lag = lag,
		.rx_bytes = 4u << 20,
		.size_max = world_size(actor),
		.sum_absent_ok = actor->net->caps.sum_absent_ok,
		.units_max = object->lean ? OBJECT_PIECES_MAX : OBJECT_BLOCKS_MAX,
		.sized = object->raw,
		.places = CLIENT_PLACES,
		.tries = client->tries};
	memcpy(config.root, client->object->root.bytes, sizeof config.root);
	pen_rng_bytes(&rng, config.seed, sizeof config.seed);
	PEN_CHECK(!pen_client_open(&client->client, &config, &why));
	client->done = client->stalled = false;
	client->placed = 0;
	memset(client->caught_ns, 0, sizeof client->caught_ns);
	client->placed_ns = now_ns;
	client->begun_ns = actor->world->clock.now_ns;
	servers_add(client, now_ns);
}

/* Whether there were any: places are free then. */
static bool pieces_take(struct client *client, int64_t now_ns)
{
	struct pen_client_piece piece;
	bool some = false;
	while (pen_client_next(client->client, &piece, now_ns)) {
		if (client->depot && piece.piece.kind == PEN_WIRE_KIND_PIECE)
			depot_came(client->depot, piece.piece.part, piece.unit);
		client_take(client, &piece, now_ns);
		pen_block_put(piece.block);
		some = true;
	}
	return some;
}

/* Whether parts became durable, and were acknowledged. */
static bool parts_store(struct client *client, int64_t now_ns)
{
	uint32_t durable = client->depot ? depot_turn(client->depot) : 0;
	for (uint32_t left = durable; left; left &= left - 1)
		client_acknowledge(client, (unsigned)__builtin_ctz(left), now_ns);
	return durable != 0;
}

static void end(struct client *client)
{
	if (client->done || !pen_client_done(client->client) ||
		(client->depot && !depot_done(client->depot)))
		return;
	client->done = true;
	client->done_ns = client->actor.world->clock.now_ns;
}

/* As whoever waits for it would ask, when nothing has come for a while. */
static void look(struct client *client, int64_t now_ns)
{
	if (client->client->counters.placed != client->placed)
		client->placed_ns = now_ns;
	client->placed = client->client->counters.placed;
	client->stalled = false;
	if (now_ns - client->placed_ns < PEN_CLIENT_STALL_NS)
		return;
	pen_stuck_look(client->client, now_ns, &client->stuck);
	client->stalled = client->stuck.reason != PEN_STUCK_NOT;
}

static void decide(struct client *client, int64_t now_ns)
{
	pen_client_turn(client->client, now_ns);
	if (client->still)
		still_check(client->client, now_ns);
}

static int64_t turn(struct actor *actor, int64_t now_ns)
{
	struct client *client = self(actor);
	pen_client_receive(client->client, actor->net, 0, now_ns);
	decide(client, now_ns);
	bool some = pieces_take(client, now_ns);
	some |= parts_store(client, now_ns);
	some |= client->object->raw && raw_turn(client, now_ns);
	end(client);
	if (some)
		decide(client, now_ns);
	pen_post_flush(&client->client->post, actor->net, 0, now_ns);
	if (client->done && !client_charges(client))
		return INT64_MAX;
	look(client, now_ns);
	int64_t due_ns = pen_client_due_ns(client->client, now_ns);
	int64_t wait_ns = client->depot ? depot_wait_ns(client->depot) : INT64_MAX;
	if (client->object->raw && raw_wait_ns(client) < wait_ns)
		wait_ns = raw_wait_ns(client);
	if (due_ns - now_ns > wait_ns)
		due_ns = now_ns + wait_ns;
	return due_ns;
}

static void stop(struct actor *actor)
{
	struct client *client = self(actor);
	client->counters = client->client->counters;
	if (client->depot)
		depot_stop(client->depot);
	pen_net_close(actor->net);
	pen_client_close(client->client);
	if (client->pool.free != client->pool.count)
		pen_sim_breach(&actor->world->clock, "client %u: %u blocks leaked", actor->host,
			client->pool.count - client->pool.free);
	pen_block_pool_fini(&client->pool);
	pen_arena_close(&client->arena);
}

static const struct actor_ops client_ops = {"client", start, turn, stop};

void client_open(struct client *client, struct world *world, const struct plan *plan, unsigned host,
	const struct object *object, struct depot *depot)
{
	uint8_t own[PEN_KEYS_BYTES];
	*client = (struct client){.object = object,
		.servers = plan->servers,
		.depot = depot,
		.tries = plan->fault_count || plan->outsider.sees ? CLIENT_TRIES_FAULTS
								  : CLIENT_TRIES,
		.keeps = depot || (plan->seed + host) % CLIENT_KEEPS_SHARE == 0};
	client->actor = (struct actor){.ops = &client_ops,
		.disk = depot ? &depot->disk : NULL,
		.manners = plan->hosts[host].manners,
		.poll_ns = plan->hosts[host].poll_ns};
	struct pen_rng rng = pen_sim_clock_rng(&world->clock, STREAM_CLIENTS + host);
	pen_rng_bytes(&rng, own, sizeof own);
	pen_identity_init(&client->identity, own);
}

void client_catch(struct client *client, unsigned server, const struct pen_piece *piece,
	struct pen_bytes bytes)
{
	PEN_CHECK(server < client->servers);
	if (!client->caught_ns[server] && client->holds(client->context, server, piece, bytes))
		client->caught_ns[server] = client->actor.world->clock.now_ns;
}

void client_blame(struct client *client, unsigned server, const struct pen_piece *piece,
	struct pen_bytes bytes, int64_t now_ns)
{
	client_catch(client, server, piece, bytes);
	pen_client_blame(client->client, server, piece, bytes, now_ns);
	if (client->spite)
		pen_blame_end(client->client, server, PEN_SERVER_LIED, now_ns);
}

void client_wrong(
	struct client *client, unsigned server, const struct client_wrong *wrong, int64_t now_ns)
{
	client->refused++;
	client_catch(client, server, &wrong->piece, wrong->bytes);
	pen_client_wrong(client->client, &wrong->piece, wrong->unit, wrong->bytes, now_ns);
	if (client->spite)
		pen_blame_end(client->client, server, PEN_SERVER_LIED, now_ns);
}

bool client_convicted(const struct client *client, unsigned server)
{
	return client->client->server[server].fault == PEN_SERVER_LIED;
}

bool client_charges(const struct client *client)
{
	int64_t since_ns = client->actor.world->clock.now_ns - CLIENT_JUDGES_NS;
	for (unsigned s = 0; client->actor.up && s < client->servers; s++)
		if (client->caught_ns[s] && !client_convicted(client, s) &&
			(client->caught_ns[s] > since_ns ||
				pen_blame_asks(&client->client->server[s])))
			return true;
	return false;
}

unsigned client_proved(const struct client *client)
{
	unsigned count = 0;
	if (client->object->raw)
		return (unsigned)__builtin_popcount(client->proved);
	for (unsigned k = 0; k < client->object->n; k++)
		count += client->parts[k].proved;
	return count;
}

bool client_right(const struct client *client)
{
	if (client->object->raw && !client->keeps)
		return client_proved(client) == client->object->blocks;
	for (unsigned k = 0; k < client->object->n; k++) {
		const struct client_part *part = &client->parts[k];
		const struct pen_buf *has = client_joins(client) ? &part->file : &part->bytes;
		if (!object_right(client->object, k, pen_buf_bytes(has)))
			return false;
	}
	return true;
}

static void server_tell(const struct pen_server *server, unsigned number)
{
	static const char *const states[] = {"absent", "calling", "ready", "silent", "gone"};
	const struct pen_stream *stream = &server->stream;
	fprintf(stderr,
		"  server %u: %s, %u places, granted %llu, seen %llu, pace %llu, share %llu, %llu "
		"silences, %u bad; size proven %u, limit %u%s\n",
		number, states[server->state], server->places, (unsigned long long)stream->granted,
		(unsigned long long)stream->seqs.seen, (unsigned long long)stream->rate.pace,
		(unsigned long long)server->share, (unsigned long long)stream->silences,
		server->bad, server->sizes.proven, server->sizes.limit,
		server->sizes.trying ? ", trying" : "");
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
		fprintf(stderr, "  place %u: %s of server %u, kind %u, size %u, %u packets left\n",
			i, states[place->state], place->peer, place->piece.kind, place->size,
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
	for (unsigned k = 0; k < PLAN_PARTS_MAX; k++) {
		pen_buf_fini(&client->parts[k].bytes);
		pen_buf_fini(&client->parts[k].before);
		pen_buf_fini(&client->parts[k].file);
		lean_fini(client->parts[k].came);
		lean_fini(client->parts[k].refuted);
	}
}
