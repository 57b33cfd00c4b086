#include "fakes/lab.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "fakes/still.h"

struct lab *lab;

/* ---- the link ---- */

static void sift(unsigned i)
{
	for (;;) {
		unsigned least = i, l = 2 * i + 1, r = l + 1;
		if (l < lab->held_count && lab->held[l].at < lab->held[least].at)
			least = l;
		if (r < lab->held_count && lab->held[r].at < lab->held[least].at)
			least = r;
		if (least == i)
			return;
		struct lab_held swap = lab->held[i];
		lab->held[i] = lab->held[least];
		lab->held[least] = swap;
		i = least;
	}
}

static void hold(const struct lab_held *held)
{
	cr_assert_lt(lab->held_count, LAB_HELD_MAX);
	unsigned i = lab->held_count++;
	for (; i > 0 && lab->held[(i - 1) / 2].at > held->at; i = (i - 1) / 2)
		lab->held[i] = lab->held[(i - 1) / 2];
	lab->held[i] = *held;
}

static void launch_once(int to, const void *at, size_t bytes, const struct pen_net_path *path)
{
	if (pen_rng_below(&lab->rng, 1000) < lab->lose_per_mille)
		return;
	struct lab_held held = {.at = lab->now + lab->one_way,
		.bytes = malloc(bytes),
		.len = (uint32_t)bytes,
		.to = to,
		.path = *path};
	if (pen_rng_below(&lab->rng, 1000) < lab->late_per_mille)
		held.at += (int64_t)pen_rng_below(&lab->rng, 2 * (uint64_t)lab->one_way + 1);
	if (lab->later)
		held.at += lab->later(at, bytes, to);
	memcpy(held.bytes, at, bytes);
	if (pen_rng_below(&lab->rng, 1000) < lab->harm_per_mille)
		held.bytes[pen_rng_below(&lab->rng, PEN_WIRE_HEAD_BYTES)] ^= (uint8_t)(1u
			<< pen_rng_below(&lab->rng, 8));
	hold(&held);
}

/* A microsecond sooner than the packet itself, by a path that loses nothing. */
static void inject(int to, const void *at, size_t bytes, const struct pen_net_path *path)
{
	struct lab_held held = {.at = lab->now + lab->one_way - 1000,
		.bytes = malloc(bytes),
		.len = (uint32_t)bytes,
		.to = to,
		.path = *path};
	memcpy(held.bytes, at, bytes);
	if (lab->outsider(held.bytes, bytes, to, path))
		hold(&held);
	else
		free(held.bytes);
}

static void launch(int to, const void *at, size_t bytes, const struct pen_net_path *path)
{
	unsigned copies = lab->copies ? lab->copies(at, bytes, to) : 1;
	if (lab->outsider)
		inject(to, at, bytes, path);
	while (copies-- > 0)
		launch_once(to, at, bytes, path);
}

static void toy_out(void *context, const void *at, size_t bytes, const struct pen_net_path *to)
{
	struct pen_net_path path = *to;
	unsigned t = (unsigned)(uintptr_t)context;
	memcpy(path.remote, to->local, sizeof path.remote);
	path.remote_port = (uint16_t)(7000 + t);
	launch(-1, at, bytes, &path);
}

static unsigned client_out(struct pen_net *net, unsigned queue, int64_t now_ns,
	const struct pen_frame *frames, unsigned count)
{
	(void)net, (void)queue, (void)now_ns;
	for (unsigned i = 0; i < count; i++) {
		struct pen_net_path path = {
			.local_port = 7000, .remote_port = (uint16_t)(9000 + lab->moves)};
		int t = frames[i].path->remote_port - 7000;
		path.local[0] = path.remote[0] = 10;
		cr_assert_lt(lab->tag_count, PEN_COUNT(lab->tags));
		lab->tags[lab->tag_count++] = frames[i].tag;
		launch(t, frames[i].payload, frames[i].payload_bytes, &path);
	}
	return count;
}

static void arrive(void)
{
	struct lab_held held = lab->held[0];
	lab->held[0] = lab->held[--lab->held_count];
	sift(0);
	if (held.to >= 0) {
		toy_hear(&lab->toy[held.to], held.bytes, held.len, &held.path, lab->now);
	} else {
		struct pen_slice slice = {.head = held.bytes,
			.tail = held.bytes + PEN_WIRE_HEAD_BYTES,
			.bytes = (uint16_t)held.len,
			.flags = PEN_SLICE_SUM_GOOD,
			.path = held.path};
		pen_client_hear(lab->client, &slice, 1, lab->now);
		if (lab->client->counters.packets == 1)
			lab->first_ns = lab->now;
	}
	free(held.bytes);
}

/* ---- the world ---- */

static const struct pen_net_ops ops = {.tx_burst = client_out};

void lab_open(uint64_t bytes, unsigned toys)
{
	struct pen_why why;
	struct pen_arena_ask ask = {.bytes = 64 * PEN_BLOCK_BYTES, .node = PEN_NODE_ANY};
	lab = calloc(1, sizeof *lab);
	lab->net.ops = &ops;
	lab->rng.state = 42;
	lab->one_way = LAB_MS / 2;
	lab->bytes = bytes;
	lab->object = malloc(bytes);
	lab->copy = calloc(1, bytes);
	pen_rng_bytes(&lab->rng, lab->object, bytes);
	cr_assert_eq(pen_arena_open(&lab->arena, &ask, &why), 0, "%s", why.text);
	cr_assert_eq(pen_block_pool_init(&lab->pool, &lab->arena, 64), 0);
	lab->config = (struct pen_client_config){
		.n = 1,
		.form = PEN_WIRE_FORM_RAW,
		.pool = &lab->pool,
		.rx_bytes = UINT64_MAX,
		.size_max = PEN_WIRE_SIZE_1200,
		.units_max = 1024,
		.places = 32,
		.tries = 8,
		.tag = UINT64_C(7) << 32,
	};
	memset(lab->config.root, 0xaa, sizeof lab->config.root);
	pen_identity_init(&lab->config.identity, (const uint8_t[32]){9});
	lab->toys = toys;
	for (unsigned t = 0; t < toys; t++) {
		struct toy *toy = &lab->toy[t];
		memset(toy->root, 0xaa, sizeof toy->root);
		toy->object = lab->object;
		toy->bytes = bytes;
		toy->send = toy_out;
		toy->context = (void *)(uintptr_t)t;
		toy->manners.rate = 125 * LAB_MB;
	}
}

void lab_start(void)
{
	struct pen_why why;
	if (lab->as_whole)
		lab->config.parts_blocks = lab->pool.count / 2;
	cr_assert_eq(pen_client_open(&lab->client, &lab->config, &why), 0, "%s", why.text);
	for (unsigned t = 0; t < lab->toys; t++) {
		struct pen_client_whom whom = {
			.path = {.local_port = 9000, .remote_port = (uint16_t)(7000 + t)}};
		whom.path.remote[0] = 10;
		toy_init(&lab->toy[t], (uint8_t)(t + 1), lab->now);
		cr_assert_eq(pen_client_add(lab->client, &whom, lab->now), (int)t);
	}
}

/* A piece as it came, looked at by the client. */
static struct pen_bytes piece_at(const void *none, uint32_t unit)
{
	uint64_t from = (uint64_t)unit * PEN_BLOCK_BYTES, left = lab->bytes - from;
	(void)none;
	lab->looked++;
	return (struct pen_bytes){
		lab->copy + from, left < PEN_BLOCK_BYTES ? left : PEN_BLOCK_BYTES};
}

/* All pieces are here. Is it the object? If not, it is fetched again, and what differs from that is
 * laid at its sender's door. */
static void prove_whole(void)
{
	if (memcmp(lab->object, lab->copy, lab->bytes)) {
		lab->refuted++;
		if (!lab->before) {
			lab->before = malloc(lab->bytes);
			memcpy(lab->before, lab->copy, lab->bytes);
			memcpy(lab->sender_before, lab->sender, sizeof lab->sender);
		}
		struct pen_client_pieces pieces = {
			.count = (uint32_t)((lab->bytes + PEN_BLOCK_BYTES - 1) / PEN_BLOCK_BYTES),
			.piece = piece_at};
		for (uint32_t u = 0; u < pieces.count; u++)
			pen_sum_add(&pieces.sum, piece_at(NULL, u));
		lab->looked = 0;
		pen_client_refuted(lab->client, 0, lab->as_named, &pieces, lab->now);
		return;
	}
	pen_client_proved(lab->client, PEN_WIRE_KIND_PIECE, 0);
	for (uint64_t from = 0; lab->before && from < lab->bytes; from += PEN_BLOCK_BYTES) {
		uint64_t left = lab->bytes - from;
		size_t bytes = left < PEN_BLOCK_BYTES ? left : PEN_BLOCK_BYTES;
		struct pen_piece piece = {
			.piece = (uint32_t)(from >> 20), .kind = PEN_WIRE_KIND_PIECE};
		if (memcmp(lab->before + from, lab->copy + from, bytes))
			pen_client_blame(lab->client, lab->sender_before[piece.piece], &piece,
				(struct pen_bytes){lab->before + from, bytes}, lab->now);
	}
}

static void take_piece(struct pen_client_piece *piece)
{
	uint64_t from = (uint64_t)piece->unit << 20;
	cr_assert_leq(from + piece->bytes, lab->bytes);
	struct pen_bytes came = {piece->block->at, piece->bytes};
	if (lab->as_whole || memcmp(lab->object + from, came.at, came.len) == 0) {
		memcpy(lab->copy + from, came.at, came.len);
		lab->sender[piece->unit] = (uint8_t)piece->server;
		return;
	}
	lab->wrong++;
	pen_client_wrong(lab->client, &piece->piece, piece->unit, came, lab->now);
	piece->last = false;
}

static void take_pieces(void)
{
	struct pen_client_piece piece;
	while (pen_client_next(lab->client, &piece, lab->now)) {
		if (lab->take)
			lab->take(&piece);
		else
			take_piece(&piece);
		pen_block_put(piece.block);
		if (lab->take)
			continue;
		if (piece.last && lab->as_whole)
			prove_whole();
		else if (piece.last)
			pen_client_proved(lab->client, PEN_WIRE_KIND_PIECE, 0);
	}
}

void lab_turn_toys(void)
{
	while (lab->held_count && lab->held[0].at <= lab->now)
		arrive();
	while (lab->tag_count)
		cr_assert(pen_post_reaped(&lab->client->post, lab->tags[--lab->tag_count]));
}

bool lab_turn(void)
{
	lab_turn_toys();
	take_pieces();
	pen_client_turn(lab->client, lab->now);
	still_check(lab->client, lab->now);
	pen_post_flush(&lab->client->post, &lab->net, 0, lab->now);
	while (lab->tag_count)
		cr_assert(pen_post_reaped(&lab->client->post, lab->tags[--lab->tag_count]));
	if (pen_client_done(lab->client))
		return false;
	int64_t next = pen_client_due_ns(lab->client, lab->now);
	for (unsigned t = 0; t < lab->toys; t++) {
		int64_t due = toy_turn(&lab->toy[t], lab->now);
		next = due < next ? due : next;
	}
	if (lab->held_count && lab->held[0].at < next)
		next = lab->held[0].at;
	cr_assert_lt(next, INT64_MAX, "nothing would ever happen again");
	/* A loop takes its time. */
	lab->now = next > lab->now + 20000 ? next : lab->now + 20000;
	return true;
}

bool lab_run(int64_t until)
{
	while (lab->now < until) {
		if (!lab_turn())
			return true;
	}
	return false;
}

double lab_slower(void)
{
	uint64_t rate = 0;
	for (unsigned t = 0; t < lab->toys; t++)
		rate += lab->toy[t].manners.rate;
	double ideal = (double)lab->bytes / (double)rate * 1e9 + 2 * (double)lab->one_way;
	return (double)(lab->now - lab->first_ns) / ideal;
}

void lab_close(void)
{
	for (unsigned i = 0; i < lab->held_count; i++)
		free(lab->held[i].bytes);
	bool done = pen_client_done(lab->client);
	cr_assert(!done || memcmp(lab->object, lab->copy, lab->bytes) == 0);
	pen_client_close(lab->client);
	cr_assert_eq(lab->pool.free, lab->pool.count, "a block was kept");
	pen_block_pool_fini(&lab->pool);
	pen_arena_close(&lab->arena);
	free(lab->object);
	free(lab->copy);
	free(lab->before);
	free(lab);
}
