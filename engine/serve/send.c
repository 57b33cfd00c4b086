#include "serve/send.h"

#include "base/check.h"
#include "serve/packetize.h"
#include "serve/talk.h"

/* Slots whose head has been read by now are found. */
static void settle(struct pen_serve *serve, struct pen_guest *guest)
{
	struct pen_opened opened;
	opened.count = 0;
	opened.retry_ms = 0;
	guest->locating = pen_opening_settle(&serve->opening, guest, &opened);
	pen_talk_opened(serve, guest, &opened);
}

void pen_send_wake(struct pen_serve *serve)
{
	uint32_t waiting = serve->guests.waiting;
	/* Those who must wait on stand at the end of the list again. */
	for (uint32_t i = 0; i < waiting; i++) {
		struct pen_guest *guest = pen_guests_wake(&serve->guests);
		if (!guest)
			return;
		settle(serve, guest);
		pen_fair_join(&serve->fair, pen_guests_place(&serve->guests, guest));
	}
}

/* The stretch of a slot, held; false if there is no block for it now. */
static bool hold_stretch(struct pen_serve *serve, struct pen_sending *slot)
{
	struct pen_cache_ask ask = {slot->handle, slot->offset, slot->bytes};
	if (slot->entry != PEN_SENDING_NONE)
		return true;
	int entry = pen_cache_get(&serve->cache, &ask);
	if (entry < 0)
		return false;
	slot->entry = (uint32_t)entry;
	return true;
}

static void fail_slot(struct pen_serve *serve, struct pen_guest *guest, struct pen_sending *slot)
{
	struct pen_opened opened = {.count = 0};
	pen_opening_fail(&serve->opening, guest, slot, &opened);
	pen_talk_opened(serve, guest, &opened);
	serve->counters.slots_failed++;
}

/* The least size of what is to be sent. */
static enum pen_wire_size size_least(struct pen_guest *guest)
{
	enum pen_wire_size least = PEN_WIRE_SIZE_8192;
	for (unsigned i = 0; i < guest->slots.count; i++) {
		const struct pen_sending *slot = pen_sendings_nth(&guest->slots, i);
		if (slot->state == PEN_SENDING_FOUND && pen_sending_left(slot) &&
			slot->size < least)
			least = slot->size;
	}
	return least;
}

/* The largest size of which a packet may leave. A path in doubt may be one that swallows large
 * packets: then only the smallest of what is to be sent. */
static enum pen_wire_size size_most(struct pen_guest *guest, int64_t now_ns)
{
	unsigned packets;
	enum pen_wire_size most = guest->receipt.doubt ? size_least(guest) : PEN_WIRE_SIZE_8192;
	while (most > PEN_WIRE_SIZE_1200 &&
		pen_guest_may(guest, most, now_ns, &packets) != PEN_GUEST_GO)
		most--;
	return most;
}

/*
 * The oldest slot of which something can leave now, or NULL; *waits if more could when it is read.
 * A few of those behind it are read meanwhile, as far as the grant goes.
 */
static struct pen_sending *choose(
	struct pen_serve *serve, struct pen_guest *guest, int64_t now_ns, bool *waits)
{
	struct pen_sending *chosen = NULL;
	uint64_t granted = guest->grant - guest->receipt.sent;
	enum pen_wire_size most = size_most(guest, now_ns);
	unsigned ahead = 0;
	*waits = guest->locating;
	for (unsigned i = 0; i < guest->slots.count && granted && ahead < PEN_SERVE_AHEAD;) {
		struct pen_sending *slot = pen_sendings_nth(&guest->slots, i++);
		if (slot->state != PEN_SENDING_FOUND || pen_sending_left(slot) == 0 ||
			slot->size > most)
			continue;
		ahead++;
		granted -= granted < pen_sending_left(slot) ? granted : pen_sending_left(slot);
		if (!hold_stretch(serve, slot)) {
			*waits = true;
			break;
		}
		switch (pen_cache_state(&serve->cache, slot->entry)) {
		case PEN_CACHE_READY: chosen = chosen ? chosen : slot; break;
		case PEN_CACHE_FAILED:
			fail_slot(serve, guest, slot);
			i--;
			break;
		default: *waits = true;
		}
	}
	return chosen;
}

static void rest_slot(struct pen_serve *serve, struct pen_sending *slot)
{
	if (pen_sending_left(slot))
		return;
	pen_cache_put(&serve->cache, slot->entry);
	slot->entry = PEN_SENDING_NONE;
}

enum outcome {
	SENT, /* some */
	PACED, /* nothing yet: its pacer says when */
	DONE, /* nothing: it leaves the ring until something comes */
};

/* The guest at the head sends a run: a whole one, of which its next share pays what is left. */
static enum outcome send_run(
	struct pen_serve *serve, struct pen_guest *guest, int64_t now_ns, uint64_t *sent)
{
	unsigned may;
	bool waits;
	/* Reads that ended while it stood in the ring have woken nobody for it. */
	if (guest->locating)
		settle(serve, guest);
	enum pen_guest_stop stop = pen_guest_may(guest, PEN_WIRE_SIZE_1200, now_ns, &may);
	if (stop == PEN_GUEST_PACE)
		return PACED;
	struct pen_sending *slot = stop == PEN_GUEST_GO ? choose(serve, guest, now_ns, &waits)
							: NULL;
	if (stop == PEN_GUEST_GO && !slot) {
		if (waits)
			pen_guests_wait(&serve->guests, guest);
		else
			pen_opening_rest(&serve->opening, guest);
		return DONE;
	}
	/* The slot chosen may have larger packets than the one asked by. */
	if (slot)
		stop = pen_guest_may(guest, slot->size, now_ns, &may);
	if (stop != PEN_GUEST_GO) {
		/* It may never PULL again: no block is kept for it. */
		pen_opening_rest(&serve->opening, guest);
		if (guest->locating)
			pen_guests_wait(&serve->guests, guest);
		return DONE;
	}
	uint32_t packet = pen_guest_packet_bytes(slot->size);
	unsigned count = pen_packetize(guest, slot, may, &serve->outbox, now_ns);
	PEN_CHECK(count > 0);
	rest_slot(serve, slot);
	*sent = (uint64_t)count * packet;
	serve->counters.data_packets += count;
	serve->counters.data_bytes += *sent;
	return SENT;
}

/* Room for another run, after what waits was offered to the port if need be. */
static bool make_room(struct pen_serve *serve, int64_t now_ns)
{
	if (pen_outbox_room(&serve->outbox) < PEN_OUTBOX_FRAMES - PEN_NET_BURST_MAX)
		pen_outbox_flush(&serve->outbox, now_ns);
	return pen_outbox_room(&serve->outbox) >= PEN_GUEST_RUN_MAX;
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Those whose pace lets them stand in the ring again. */
static void rejoin(struct pen_serve *serve, int64_t now_ns)
{
	uint32_t place;
	while ((place = pen_later_take(&serve->later, now_ns)) != PEN_LATER_NONE)
		pen_fair_join(&serve->fair, place);
}

/* What the port refused is offered again soon, and ever later while it takes nothing. */
static int64_t refused_ns(struct pen_serve *serve, unsigned taken, int64_t now_ns)
{
	if (serve->outbox.count == 0)
		return INT64_MAX;
	serve->refused_ns = taken ? PEN_SERVE_REFUSED_NS : 2 * serve->refused_ns;
	if (serve->refused_ns > PEN_SERVE_REFUSED_NS_MAX)
		serve->refused_ns = PEN_SERVE_REFUSED_NS_MAX;
	return now_ns + serve->refused_ns;
}

int64_t pen_send_turn(struct pen_serve *serve, int64_t now_ns)
{
	int64_t due_ns = INT64_MAX, bytes;
	uint64_t before = serve->outbox.left, most = serve->outbox.packets + PEN_SERVE_BURST;
	rejoin(serve, now_ns);
	while (serve->fair.standing && serve->outbox.packets < most && make_room(serve, now_ns)) {
		uint64_t sent = 0;
		if (serve->config.rate && !pen_pacer_allowed(&serve->ceiling, now_ns)) {
			due_ns = pen_pacer_due_ns(&serve->ceiling, 1, now_ns);
			break;
		}
		uint32_t place = pen_fair_head(&serve->fair, &bytes);
		struct pen_guest *guest = &serve->guests.places[place];
		switch (send_run(serve, guest, now_ns, &sent)) {
		case SENT:
			pen_fair_spend(&serve->fair, sent);
			if (serve->config.rate)
				pen_pacer_spend(&serve->ceiling, sent);
			break;
		case PACED:
			pen_later_set(&serve->later, place, pen_guest_due_ns(guest, now_ns));
			pen_fair_leave(&serve->fair, place);
			break;
		case DONE: pen_fair_leave(&serve->fair, place); break;
		}
	}
	pen_outbox_flush(&serve->outbox, now_ns);
	unsigned taken = (unsigned)(serve->outbox.left - before);
	if (serve->fair.standing && serve->outbox.packets >= most && !serve->outbox.count)
		due_ns = now_ns;
	due_ns = earlier(due_ns, pen_later_due_ns(&serve->later));
	return earlier(due_ns, refused_ns(serve, taken, now_ns));
}
