#include "serve/serve.h"

#include <errno.h>

#include "base/check.h"
#include "serve/send.h"
#include "serve/talk.h"

static void wire_up(struct pen_serve *serve, const struct pen_serve_config *config)
{
	serve->reacher = (struct pen_reacher){.room = {.disk = config->disk,
						      .side = config->side,
						      .side_prefix = config->side_prefix},
		.handles = &serve->handles,
		.cache = &serve->cache};
	serve->opening = (struct pen_opening){.reacher = &serve->reacher,
		.slots = config->greet.slots,
		.size = config->greet.size};
}

static uint64_t ceiling_burst(uint64_t rate)
{
	uint64_t burst = rate / (uint64_t)(INT64_C(1000000000) / PEN_GUEST_BURST_NS);
	burst = burst > PEN_FAIR_SHARE_BYTES ? burst : PEN_FAIR_SHARE_BYTES;
	return burst < PEN_PACER_BURST_MAX ? burst : PEN_PACER_BURST_MAX;
}

static int open_all(struct pen_serve *serve, const struct pen_serve_config *config)
{
	int err = pen_handles_open(&serve->handles, config->files);
	if (err)
		return err;
	struct pen_cache_config cache = {.handles = &serve->handles,
		.pool = config->pool,
		.blocks = config->blocks,
		.disks = {config->disk, config->side == config->disk ? NULL : config->side}};
	err = pen_cache_open(&serve->cache, &cache);
	if (err)
		return err;
	struct pen_outbox_config outbox = {.net = config->net,
		.queue = config->queue,
		.owner = config->owner,
		.cache = &serve->cache,
		.pool = config->pool};
	err = pen_outbox_open(&serve->outbox, &outbox);
	if (!err)
		err = pen_fair_open(&serve->fair, config->guests);
	if (!err)
		err = pen_later_open(&serve->later, config->guests);
	if (!err)
		err = pen_guests_open(&serve->guests, config->guests);
	return err;
}

int pen_serve_open(struct pen_serve *serve, const struct pen_serve_config *config, int64_t now_ns)
{
	PEN_CHECK(config->rate <= PEN_PACER_RATE_MAX);
	PEN_CHECK(config->greet.size < PEN_WIRE_SIZES);
	memset(serve, 0, sizeof *serve);
	serve->config = *config;
	serve->listing = &serve->nothing;
	serve->nothing.catalog = &serve->empty;
	wire_up(serve, config);
	serve->reacher.room.listing = serve->listing;
	int err = open_all(serve, config);
	if (err) {
		pen_serve_close(serve);
		return err;
	}
	pen_greeter_init(&serve->greeter, &config->greet, config->seed, now_ns);
	if (config->rate)
		pen_pacer_init(&serve->ceiling, config->rate, ceiling_burst(config->rate), now_ns);
	return 0;
}

void pen_serve_close(struct pen_serve *serve)
{
	if (!serve || !serve->config.net)
		return;
	for (uint32_t i = 0; i < serve->guests.count; i++)
		if (serve->guests.places[i].open)
			pen_talk_forget(serve, &serve->guests.places[i]);
	pen_attests_end(&serve->attests, &serve->reacher);
	pen_guests_close(&serve->guests);
	pen_later_close(&serve->later);
	pen_fair_close(&serve->fair);
	pen_outbox_close(&serve->outbox);
	pen_cache_close(&serve->cache);
	pen_handles_close(&serve->handles);
	memset(serve, 0, sizeof *serve);
}

void pen_serve_list(struct pen_serve *serve, const struct pen_listing *listing)
{
	serve->listing = listing;
	serve->reacher.room.listing = listing;
}

void pen_serve_done(struct pen_serve *serve, uint64_t tag)
{
	pen_outbox_done(&serve->outbox, tag);
}

/* Look at a few guests: those that were silent for too long go. */
static void sweep(struct pen_serve *serve, int64_t now_ns)
{
	if (now_ns < serve->sweep_ns)
		return;
	serve->sweep_ns = now_ns + PEN_SERVE_SWEEP_NS;
	for (uint32_t i = 0; i < PEN_SERVE_SWEEP && i < serve->guests.count; i++) {
		struct pen_guest *guest = &serve->guests.places[serve->sweep];
		serve->sweep = (serve->sweep + 1) % serve->guests.count;
		if (!guest->open || now_ns < pen_session_due_ns(&guest->session))
			continue;
		serve->counters.idle++;
		pen_talk_end(serve, guest, PEN_WIRE_CLOSE_IDLE);
	}
}

static void attest(struct pen_serve *serve, int64_t now_ns)
{
	uint64_t session;
	struct pen_wire_attested attested;
	while (pen_attests_poll(&serve->attests, &serve->reacher, now_ns, &session, &attested)) {
		struct pen_guest *guest = pen_guests_find(&serve->guests, session);
		if (guest)
			pen_talk_attested(serve, guest, &attested);
	}
}

/* Guests wait for a read or a block, and some came since they were last woken. */
static bool can_wake(const struct pen_serve *serve)
{
	return serve->guests.waiting && (serve->read || serve->rested != serve->cache.rested);
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int64_t pen_serve_turn(struct pen_serve *serve, bool alone, int64_t now_ns)
{
	if (alone)
		pen_outbox_reap(&serve->outbox);
	if (pen_cache_poll(&serve->cache))
		serve->read = true;
	if (can_wake(serve))
		pen_send_wake(serve);
	serve->read = false;
	serve->rested = serve->cache.rested;
	attest(serve, now_ns);
	sweep(serve, now_ns);
	int64_t due_ns = pen_send_turn(serve, now_ns);
	/* What sending asked for goes to the disk at once. A disk that has nothing and takes
	 * nothing is asked again. */
	serve->read = pen_cache_poll(&serve->cache) > 0;
	if (can_wake(serve) || (serve->cache.queued && !serve->cache.reading))
		return now_ns;
	due_ns = earlier(due_ns, pen_attests_due_ns(&serve->attests, now_ns));
	return serve->guests.open ? earlier(due_ns, now_ns + PEN_SERVE_IDLE_NS) : due_ns;
}

int64_t pen_serve_poll(struct pen_serve *serve, int64_t now_ns)
{
	struct pen_slice slices[PEN_SERVE_BURST];
	struct pen_net *net = serve->config.net;
	unsigned queue = serve->config.queue;
	unsigned count = net->ops->rx_burst(net, queue, now_ns, slices, PEN_SERVE_BURST);
	for (unsigned i = 0; i < count; i++)
		pen_serve_hear(serve, &slices[i], now_ns);
	net->ops->rx_put(net, queue, slices, count);
	int64_t due_ns = pen_serve_turn(serve, true, now_ns);
	return count == PEN_SERVE_BURST ? now_ns : due_ns;
}

uint32_t pen_serve_drain(struct pen_serve *serve)
{
	serve->leaving = true;
	serve->opening.leaving = true;
	for (uint32_t i = 0; i < serve->guests.count; i++) {
		struct pen_guest *guest = &serve->guests.places[i];
		if (guest->open && !guest->slots.count)
			pen_talk_end(serve, guest, PEN_WIRE_CLOSE_LEAVING);
	}
	return serve->guests.open;
}

void pen_serve_leave(struct pen_serve *serve)
{
	serve->leaving = true;
	for (uint32_t i = 0; i < serve->guests.count; i++)
		if (serve->guests.places[i].open)
			pen_talk_end(serve, &serve->guests.places[i], PEN_WIRE_CLOSE_LEAVING);
}
