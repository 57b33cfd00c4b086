#include "sim/transfer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"

#define BLOCKS 32u
#define PLACES 16u
#define LIMIT_NS (600 * PEN_NS_PER_S)
/* Between a packet's arrival and the turn that sees it. */
#define POLL_NS 20000
#define STREAM_IDENTITIES 1u
#define STREAM_DISK 9u
#define DIR \
	"chain_id=sim/epoch_height=1/epoch_id=CVDFLCAjXhVWiPXH9nTCTpCgVzmDVoiPzNJYuccr1dqB/" \
	"shard_id=0"

static const struct pen_hash root = {{1, 2, 3}};

static struct transfer_machine *machine_of(struct actor *actor)
{
	return (struct transfer_machine *)actor;
}

static void memory_open(struct transfer_machine *machine, unsigned blocks)
{
	world_arena(&machine->actor, &machine->arena, blocks);
	PEN_CHECK(!pen_block_pool_init(&machine->pool, &machine->arena, blocks));
}

static void memory_close(struct transfer_machine *machine)
{
	PEN_CHECK(machine->pool.free == machine->pool.count);
	pen_block_pool_fini(&machine->pool);
	pen_arena_close(&machine->arena);
}

/* Whoever it is: the same in every run of a seed. */
static struct pen_identity identity(const struct actor *actor)
{
	struct pen_rng rng = pen_sim_clock_rng(
		&actor->world->clock, STREAM_IDENTITIES + actor->host);
	struct pen_identity identity;
	uint8_t own[PEN_KEYS_BYTES];
	pen_rng_bytes(&rng, own, sizeof own);
	pen_identity_init(&identity, own);
	return identity;
}

static struct transfer_side side_of(const struct pen_net *net)
{
	return (struct transfer_side){
		.packets = net->counters[0].tx_packets, .bytes = net->counters[0].tx_bytes};
}

static void server_start(struct actor *actor, int64_t now_ns)
{
	struct transfer *transfer = machine_of(actor)->transfer;
	if (transfer->ask.server_opened)
		transfer->ask.server_opened(actor->net);
	memory_open(&transfer->server_machine, BLOCKS + 1);
	const struct pen_serve_config config = {.net = actor->net,
		.disk = &transfer->disk.disk,
		.pool = &transfer->server_machine.pool,
		.blocks = BLOCKS,
		.files = 2,
		.guests = 4,
		.greet = {.identity = identity(actor),
			.size = world_size(actor),
			.sum_absent_ok = true,
			.slots = PEN_WIRE_SLOTS_MAX,
			.idle_s = 30},
		.seed = {1}};
	PEN_CHECK(!pen_serve_open(&transfer->serve, &config, now_ns));
	pen_serve_list(&transfer->serve, &transfer->listing);
}

int64_t transfer_server_turn(struct transfer *transfer, int64_t now_ns)
{
	return pen_serve_poll(&transfer->serve, now_ns);
}

static int64_t server_turn(struct actor *actor, int64_t now_ns)
{
	struct transfer *transfer = machine_of(actor)->transfer;
	return transfer->ask.server_turn(transfer, now_ns);
}

static void server_stop(struct actor *actor)
{
	struct transfer *transfer = machine_of(actor)->transfer;
	transfer->from_server = side_of(actor->net);
	transfer->from_server.data = transfer->serve.counters.data_packets;
	pen_net_close(actor->net);
	pen_serve_close(&transfer->serve);
	memory_close(&transfer->server_machine);
}

static void client_start(struct actor *actor, int64_t now_ns)
{
	struct transfer *transfer = machine_of(actor)->transfer;
	struct pen_why why = {0};
	if (transfer->ask.client_opened)
		transfer->ask.client_opened(actor->net);
	memory_open(&transfer->client_machine, BLOCKS + pen_post_blocks(0));
	struct pen_client_config config = {.n = 1,
		.form = PEN_WIRE_FORM_NEARCORE,
		.identity = identity(actor),
		.pool = &transfer->client_machine.pool,
		.rx_bytes = UINT64_C(4) << 20,
		.size_max = world_size(actor),
		.sum_absent_ok = true,
		.units_max = transfer->ask.bytes / PEN_BLOCK_BYTES + 1,
		.places = PLACES,
		.tries = 100,
		.seed = {2}};
	memcpy(config.root, root.bytes, sizeof config.root);
	PEN_CHECK(!pen_client_open(&transfer->client, &config, &why));
	struct pen_client_whom whom = {.path = pen_sim_path(&transfer->world.network, 1, 0)};
	PEN_CHECK(pen_client_add(transfer->client, &whom, now_ns) == 0);
}

void transfer_compare(struct transfer *transfer, const struct pen_client_piece *piece)
{
	const uint8_t *right = transfer->bytes + (size_t)piece->unit * PEN_BLOCK_BYTES;
	transfer->wrong |= memcmp(piece->block->at, right, piece->bytes) != 0;
	transfer->came += piece->bytes;
}

static bool pieces_take(struct transfer *transfer, int64_t now_ns)
{
	struct pen_client_piece piece;
	bool some = false;
	while (pen_client_next(transfer->client, &piece, now_ns)) {
		transfer->ask.compare(transfer, &piece);
		if (piece.last)
			pen_client_proved(transfer->client, PEN_WIRE_KIND_PIECE, piece.piece.part);
		pen_block_put(piece.block);
		some = true;
	}
	return some;
}

int64_t transfer_client_turn(struct transfer *transfer, int64_t now_ns)
{
	struct pen_client *client = transfer->client;
	pen_client_receive(client, transfer->client_machine.actor.net, 0, now_ns);
	pen_client_turn(client, now_ns);
	if (pieces_take(transfer, now_ns))
		pen_client_turn(client, now_ns);
	pen_post_flush(&client->post, transfer->client_machine.actor.net, 0, now_ns);
	transfer->done = pen_client_done(client);
	return pen_client_due_ns(client, now_ns);
}

static int64_t client_turn(struct actor *actor, int64_t now_ns)
{
	struct transfer *transfer = machine_of(actor)->transfer;
	return transfer->ask.client_turn(transfer, now_ns);
}

static void client_stop(struct actor *actor)
{
	struct transfer *transfer = machine_of(actor)->transfer;
	transfer->from_client = side_of(actor->net);
	transfer->from_client.pulls = transfer->client->counters.pulls;
	pen_net_close(actor->net);
	pen_client_close(transfer->client);
	memory_close(&transfer->client_machine);
}

static void machine_add(
	struct transfer *transfer, struct transfer_machine *machine, const struct actor_ops *ops)
{
	const struct transfer_ask *ask = &transfer->ask;
	uint64_t queue = ask->bits_per_s / 8 * (uint64_t)ask->rtt_ns / PEN_NS_PER_S;
	const struct pen_sim_host_ask host = {.up_bits_per_s = ask->bits_per_s,
		.down_bits_per_s = ask->bits_per_s,
		.queue_bytes = 100000 + queue};
	machine->transfer = transfer;
	machine->actor.ops = ops;
	machine->actor.poll_ns = POLL_NS;
	machine->actor.manners = pen_sim_manners_tame;
	/* Batches as a kernel makes them, and no look at payloads. */
	machine->actor.manners.share_max = 45;
	machine->actor.manners.run_frames = 64;
	machine->actor.manners.watch = 0;
	world_add(&transfer->world, &machine->actor, &host);
}

static void part_place(struct transfer *transfer)
{
	const struct transfer_ask *ask = &transfer->ask;
	char name[PEN_NAME_BYTES], base[PEN_PART_NAME_BYTES];
	struct pen_catalog_file entry = {.root = root,
		.memory_usage = ask->bytes,
		.form = PEN_FORM_NEARCORE,
		.n = 1,
		.bytes = ask->bytes,
		.blob = {1}};
	snprintf(name, sizeof name, "%s/%s", DIR, pen_part_name(PEN_FORM_NEARCORE, 0, 1, base));
	PEN_CHECK(!pen_sim_disk_lend(&transfer->disk, name, transfer->bytes, ask->bytes));
	entry.mtime_ns = transfer->disk.files.files[pen_sim_files_find(&transfer->disk.files, name)]
				 .mtime_ns;
	PEN_CHECK(!pen_catalog_note(&transfer->catalog, DIR, &entry));
	PEN_CHECK(!pen_catalog_settle(&transfer->catalog));
	PEN_CHECK(!pen_listing_make(&transfer->listing, &transfer->catalog, 1));
}

int transfer_init(struct transfer *transfer, const struct transfer_ask *ask)
{
	static const struct actor_ops server_ops = {
		"server", server_start, server_turn, server_stop};
	static const struct actor_ops client_ops = {
		"client", client_start, client_turn, client_stop};
	const struct pen_sim_weather weather = {
		.delay_ns = ask->rtt_ns / 2, .loss = PEN_SIM_PPM(ask->loss_ppm)};
	struct pen_rng rng = {ask->seed};
	*transfer = (struct transfer){.ask = *ask, .bytes = malloc(ask->bytes)};
	if (!transfer->bytes)
		return -ENOMEM;
	pen_rng_bytes(&rng, transfer->bytes, ask->bytes);
	world_open(&transfer->world, ask->seed, 2, false);
	uint64_t most = (ask->bytes / PEN_BLOCK_BYTES + 1) * PEN_BLOCK_BYTES;
	const struct pen_sim_disk_ask disk = {.clock = &transfer->world.clock,
		.stream = STREAM_DISK,
		.habits = pen_sim_habits_tame,
		.files = 8,
		.file_bytes_max = most,
		.bytes_max = most};
	PEN_CHECK(!pen_sim_disk_open(&transfer->disk, &disk));
	transfer->server_machine.actor.disk = &transfer->disk;
	part_place(transfer);
	machine_add(transfer, &transfer->server_machine, &server_ops);
	machine_add(transfer, &transfer->client_machine, &client_ops);
	pen_sim_weather_set(&transfer->world.network, 0, 1, &weather);
	pen_sim_weather_set(&transfer->world.network, 1, 0, &weather);
	return 0;
}

static bool is_done(void *context)
{
	return ((const struct transfer *)context)->done;
}

bool transfer_run(struct transfer *transfer)
{
	int64_t limit_ns = transfer->ask.limit_ns ? transfer->ask.limit_ns : LIMIT_NS;
	bool ended = world_run(&transfer->world, limit_ns, is_done, transfer);
	transfer->took_ns = transfer->world.clock.now_ns;
	actor_stop(&transfer->server_machine.actor);
	actor_stop(&transfer->client_machine.actor);
	return ended && !transfer->wrong && transfer->came == transfer->ask.bytes;
}

void transfer_fini(struct transfer *transfer)
{
	world_close(&transfer->world);
	pen_listing_fini(&transfer->listing);
	pen_catalog_fini(&transfer->catalog);
	pen_sim_disk_close(&transfer->disk);
	free(transfer->bytes);
}
