#include "locate_peer.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/rng.h"
#include "drivers/table.h"
#include "fetch/post.h"
#include "locate_sizes.h"
#include "mem/block.h"
#include "peer/visit.h"
#include "wire/decode.h"

/* A server that has begun to look at its store may have the state in a moment: how long it is asked
 * anew, and how often. */
#define PEER_PATIENCE_NS (5 * PEN_NS_PER_S)
#define PEER_AGAIN_NS (500 * PEN_NS_PER_MS)
/* How often it is looked whether to stop. */
#define PEER_LOOK_NS (100 * PEN_NS_PER_MS)
#define PEER_RX_BUFFERS 16u

struct peer {
	const struct locate_ask *ask;
	struct locate_offers *out;
	struct pen_net *net;
	struct pen_arena arena;
	struct pen_block_pool pool;
	struct pen_post post;
	bool posting; /* post is open */
	struct pen_net_path path;
	struct pen_draw draw;
	struct pen_visit visit;
	int64_t begun_ns;
	/* The list. */
	uint32_t from, generation;
	unsigned asks;
	int64_t next_ns;
	bool listed;
	struct locate_sizes sizes;
	int err;
	struct pen_why why;
};

static const char *label_of(const struct peer *peer)
{
	return peer->ask->word;
}

static int open_port(struct peer *peer, struct pen_why *why)
{
	const struct pen_udp_options options = {.rx_buffers = PEER_RX_BUFFERS};
	const struct pen_arena *arenas[] = {&peer->arena};
	int err = pen_net_open_udp(&options, &peer->net, why);
	if (err)
		return err;
	unsigned blocks = pen_post_blocks(peer->net->caps.tx_lag);
	const struct pen_arena_ask ask = {.bytes = blocks * PEN_BLOCK_BYTES, .node = PEN_NODE_ANY};
	err = pen_arena_open(&peer->arena, &ask, why);
	if (err)
		return err;
	if (pen_block_pool_init(&peer->pool, &peer->arena, blocks) ||
		pen_post_open(&peer->post, &peer->pool, 0, peer->net->caps.tx_lag))
		return pen_fail(why, -ENOMEM, "no memory to ask %s", label_of(peer));
	peer->posting = true;
	return peer->net->ops->start(peer->net, arenas, 1, why);
}

static void call(struct peer *peer, int64_t now_ns)
{
	const struct locate_peer *whom = peer->ask->peer;
	uint8_t seed[PEN_DRAW_SEED_BYTES];
	const struct pen_visit_config config = {
		.identity = whom->identity, .tries = peer->ask->tries};
	pen_rng_secret(seed, sizeof seed);
	pen_draw_init(&peer->draw, seed);
	peer->path = (struct pen_net_path){.remote_port = whom->end.port, .scope = whom->end.scope};
	memcpy(peer->path.remote, whom->end.address, sizeof peer->path.remote);
	pen_visit_init(&peer->visit, &config, &peer->draw, now_ns);
	peer->begun_ns = now_ns;
}

static void peer_close(struct peer *peer)
{
	pen_net_close(peer->net);
	if (peer->posting)
		pen_post_close(&peer->post);
	pen_block_pool_fini(&peer->pool);
	pen_arena_close(&peer->arena);
	locate_sizes_fini(&peer->sizes);
}

static void post(struct peer *peer, const struct pen_answer *answer)
{
	struct pen_wire_packet *packet = answer->bytes ? pen_post_write(&peer->post) : NULL;
	if (!packet)
		return;
	memcpy(packet, &answer->packet, answer->bytes);
	pen_post_put(&peer->post, answer->bytes, &peer->path);
}

static void say(struct peer *peer, enum pen_wire_type type, const void *body, size_t bytes)
{
	struct pen_wire_packet *packet = pen_post_write(&peer->post);
	if (!packet)
		return;
	memcpy(packet->body, body, bytes);
	bytes = pen_channel_seal(&peer->visit.channel, type, packet, bytes);
	pen_post_put(&peer->post, bytes, &peer->path);
}

void locate_peer_state(
	struct locate_offers *out, const struct pen_wire_state *state, unsigned forms)
{
	enum pen_form form = state->form == PEN_WIRE_FORM_LEAN ? PEN_FORM_LEAN : PEN_FORM_NEARCORE;
	if (state->form == PEN_WIRE_FORM_RAW || !(forms >> form & 1))
		return;
	struct locate_offer *offer = out->list;
	while (offer < out->list + out->count && offer->n != state->n)
		offer++;
	if (offer == out->list + LOCATE_OFFERS_MAX)
		return;
	if (offer == out->list + out->count) {
		out->count++;
		*offer = (struct locate_offer){.n = state->n};
	}
	offer->forms |= 1u << form;
	out->memory_usage = state->memory_usage;
	if (offer->labelled || !state->chain_bytes)
		return;
	struct pen_labels *labels = &offer->labels;
	memcpy(labels->chain, state->chain, state->chain_bytes);
	labels->chain[state->chain_bytes] = 0;
	labels->epoch_height = state->epoch_height;
	labels->shard = state->shard;
	memcpy(labels->epoch_id.bytes, state->epoch_id, sizeof labels->epoch_id.bytes);
	offer->labelled = pen_chain_valid(labels->chain);
}

static void heard_list(struct peer *peer, const struct pen_wire_listed *listed, int64_t now_ns)
{
	if (peer->listed || listed->from != peer->from)
		return;
	/* The list has changed meanwhile: what was offered is not less true. */
	if (listed->from && listed->generation != peer->generation) {
		peer->from = 0;
		peer->next_ns = now_ns;
		return;
	}
	peer->generation = listed->generation;
	peer->asks = 0;
	for (unsigned i = 0; i < listed->count; i++) {
		if (!memcmp(listed->states[i].root, peer->ask->root->bytes,
			    sizeof listed->states[i].root))
			locate_peer_state(peer->out, &listed->states[i], peer->ask->forms);
	}
	peer->next_ns = now_ns;
	peer->from = listed->next;
	if (listed->next != PEN_WIRE_LIST_END)
		return;
	peer->from = 0;
	peer->next_ns = now_ns + PEER_AGAIN_NS;
	peer->listed = peer->out->count > 0 || now_ns - peer->begun_ns >= PEER_PATIENCE_NS;
}

static void heard(struct peer *peer, const struct pen_packet *packet, int64_t now_ns)
{
	const struct pen_wire_listed *listed;
	const struct pen_wire_catalog *entries;
	if (packet->head->type == PEN_WIRE_LISTED &&
		(listed = pen_wire_listed_decode(packet->body)))
		heard_list(peer, listed, now_ns);
	else if (packet->head->type == PEN_WIRE_ENTRIES &&
		(entries = pen_wire_entries_decode(packet->body)))
		locate_sizes_hear(&peer->sizes, entries);
}

static void hear(struct peer *peer, const struct pen_slice *slice, int64_t now_ns)
{
	struct pen_answer answer = {.bytes = 0};
	if (slice->bytes < PEN_WIRE_HEAD_BYTES || !pen_slice_sum_fits(slice))
		return;
	struct pen_bytes front = {slice->head, PEN_WIRE_HEAD_BYTES};
	struct pen_packet packet = {.head = pen_wire_head_decode(front, slice->bytes),
		.body = {slice->tail, slice->bytes - PEN_WIRE_HEAD_BYTES},
		.path = &slice->path};
	if (!packet.head || !pen_visit_known(&peer->visit, packet.head))
		return;
	switch (pen_visit_hear(&peer->visit, &packet, &peer->draw, now_ns, &answer)) {
	case PEN_VISIT_TAKE: heard(peer, &packet, now_ns); break;
	case PEN_VISIT_ANSWER: post(peer, &answer); break;
	default: break;
	}
}

static void ask_list(struct peer *peer, int64_t now_ns)
{
	struct pen_wire_list list = {.from = peer->from, .filters = PEN_WIRE_BY_ROOT};
	if (!locate_is_due(&peer->asks, &peer->next_ns, now_ns))
		return;
	memcpy(list.root, peer->ask->root->bytes, sizeof list.root);
	say(peer, PEN_WIRE_LIST, &list, sizeof list);
}

/* Ask what is to be asked of sizes. False when there is nothing left to know. */
static bool sizes_turn(struct peer *peer, int64_t now_ns)
{
	struct pen_wire_catalog catalog;
	enum locate_sizes_act act;
	while ((act = locate_sizes_next(&peer->sizes, &catalog, now_ns)) == LOCATE_SIZES_ASK)
		say(peer, PEN_WIRE_CATALOG, &catalog, sizeof catalog);
	return act == LOCATE_SIZES_WAIT;
}

/* True while there is something to be asked. */
static bool turn(struct peer *peer, int64_t now_ns)
{
	struct pen_answer answer = {.bytes = 0};
	pen_visit_poll(&peer->visit, now_ns, &answer);
	post(peer, &answer);
	if (peer->visit.state == PEN_VISIT_OVER) {
		peer->err = pen_fail(&peer->why, PEN_ENET, "%s: %s", label_of(peer),
			*peer->visit.why.text ? peer->visit.why.text : "it does not answer");
		return false;
	}
	if (peer->visit.state != PEN_VISIT_OPEN)
		return true;
	if (peer->listed)
		return sizes_turn(peer, now_ns);
	ask_list(peer, now_ns);
	if (peer->asks <= LOCATE_ASKS_MAX)
		return true;
	peer->err = pen_fail(
		&peer->why, PEN_ESTALL, "%s: does not say what it has", label_of(peer));
	return false;
}

static void receive(struct peer *peer, int64_t now_ns)
{
	struct pen_slice slices[PEN_NET_BURST_MAX];
	struct pen_net *net = peer->net;
	pen_post_reap(&peer->post, net, 0);
	unsigned count = net->ops->rx_burst(net, 0, now_ns, slices, PEN_NET_BURST_MAX);
	for (unsigned i = 0; i < count; i++)
		hear(peer, &slices[i], now_ns);
	net->ops->rx_put(net, 0, slices, count);
}

static void rest(struct peer *peer)
{
	struct pollfd fd = {.events = POLLIN};
	enum pen_net_arm arm = peer->net->ops->arm(peer->net, 0, &fd.fd);
	if (arm == PEN_NET_ARM_FD)
		poll(&fd, 1, (int)(PEER_LOOK_NS / PEN_NS_PER_MS));
	else if (arm == PEN_NET_ARM_BLIND)
		pen_clock_sleep_ns(peer->net->blind_ns);
}

static int talk(struct peer *peer)
{
	int64_t now_ns = pen_clock_ns();
	struct pen_answer answer = {.bytes = 0};
	call(peer, now_ns);
	while (turn(peer, now_ns)) {
		pen_post_flush(&peer->post, peer->net, 0, now_ns);
		rest(peer);
		now_ns = pen_clock_ns();
		receive(peer, now_ns);
		if (peer->ask->stop(peer->ask->context))
			return pen_fail(
				&peer->why, PEN_EINTERRUPTED, "%s: interrupted", label_of(peer));
	}
	pen_visit_close(&peer->visit, PEN_WIRE_CLOSE_DONE, &answer);
	post(peer, &answer);
	pen_post_flush(&peer->post, peer->net, 0, now_ns);
	return peer->err;
}

int locate_peer(const struct locate_ask *ask, struct locate_offers *out, struct pen_why *why)
{
	char root[PEN_HASH_TEXT_BYTES];
	struct peer *peer = calloc(1, sizeof *peer);
	if (!peer)
		return pen_fail(why, -ENOMEM, "no memory to ask %s", ask->word);
	*peer = (struct peer){.ask = ask, .out = out, .sizes = {.ask = ask, .out = out}};
	int err = open_port(peer, why);
	if (!err && (err = talk(peer)))
		pen_fail(why, err, "%s", peer->why.text);
	else if (!err && !out->count)
		err = pen_fail(why, PEN_ENOTFOUND, "%s: has no part of %s%s", ask->word,
			pen_base58(ask->root, root),
			ask->forms == 1u << PEN_FORM_LEAN               ? " in lean form"
				: ask->forms == 1u << PEN_FORM_NEARCORE ? " in nearcore form"
									: "");
	peer_close(peer);
	free(peer);
	return err;
}
