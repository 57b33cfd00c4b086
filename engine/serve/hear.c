#include "base/check.h"
#include "serve/talk.h"
#include "serve/tell.h"

static void turn_away(struct pen_serve *serve, const struct pen_packet *packet, uint32_t reason)
{
	struct pen_answer answer = {.bytes = 0};
	struct pen_wire_busy busy = {.reason = reason, .retry_ms = PEN_SERVE_RETRY_MS};
	pen_greeter_busy(&serve->greeter, packet, &busy, &answer);
	pen_talk_answer(serve, packet->path, &answer);
	serve->counters.sessions_refused++;
}

static void welcome(struct pen_serve *serve, const struct pen_packet *packet, int64_t now_ns)
{
	struct pen_answer answer = {.bytes = 0};
	struct pen_guest *guest = pen_guests_free(&serve->guests);
	if (serve->leaving || !guest) {
		turn_away(serve, packet,
			serve->leaving ? PEN_WIRE_BUSY_LEAVING : PEN_WIRE_BUSY_SESSIONS);
		return;
	}
	struct pen_prf_key tokens;
	struct pen_draw *draw = &serve->greeter.draw;
	uint64_t number = pen_session_number(
		serve->config.core, pen_guests_place(&serve->guests, guest), draw);
	if (!pen_greeter_welcome(&serve->greeter, packet, number, now_ns, &guest->session, &answer))
		return;
	pen_draw_bytes(draw, &tokens, sizeof tokens);
	pen_guests_enter(&serve->guests, guest);
	pen_guest_init(guest, &tokens, now_ns);
	serve->counters.sessions++;
	pen_talk_answer(serve, packet->path, &answer);
}

static void greet(struct pen_serve *serve, const struct pen_packet *packet, int64_t now_ns)
{
	struct pen_answer answer = {.bytes = 0};
	uint64_t number;
	switch (pen_greeter_hear(&serve->greeter, packet, now_ns, &number, &answer)) {
	case PEN_GREET_NEW: welcome(serve, packet, now_ns); return;
	case PEN_GREET_AGAIN:
		if (!pen_guests_find(&serve->guests, number))
			return;
		pen_greeter_again(&serve->greeter, packet, number, &answer);
		break;
	default: break;
	}
	pen_talk_answer(serve, packet->path, &answer);
}

static bool hear_pull(struct pen_serve *serve, struct pen_guest *guest,
	const struct pen_packet *packet, int64_t now_ns)
{
	struct pen_wire_pulled pulled;
	if (!pen_wire_pull_decode(packet->body, &pulled))
		return false;
	serve->counters.pulls++;
	if (!pen_guest_pull(guest, &pulled, now_ns)) {
		serve->counters.unproved++;
		pen_talk_end(serve, guest, PEN_WIRE_CLOSE_PROOF);
		return true;
	}
	pen_fair_join(&serve->fair, pen_guests_place(&serve->guests, guest));
	return true;
}

/* When no more files can be open, close slots of guests that have gone without a word. */
static void reclaim(struct pen_serve *serve, int64_t now_ns)
{
	if (!pen_handles_full(&serve->handles))
		return;
	for (uint32_t i = 0; i < serve->guests.count; i++) {
		struct pen_guest *guest = &serve->guests.places[i];
		if (!guest->open || !guest->slots.count ||
			now_ns - guest->session.heard_ns < PEN_SERVE_SILENT_NS)
			continue;
		serve->counters.slots_reclaimed += guest->slots.count;
		pen_opening_end(&serve->opening, guest);
	}
}

static bool hear_open(struct pen_serve *serve, struct pen_guest *guest,
	const struct pen_packet *packet, int64_t now_ns)
{
	struct pen_opened opened;
	const struct pen_wire_open *open = pen_wire_open_decode(packet->body);
	if (!open)
		return false;
	serve->counters.opens++;
	reclaim(serve, now_ns);
	guest->locating |= pen_opening_do(&serve->opening, guest, open, &opened);
	pen_talk_opened(serve, guest, &opened);
	if (guest->locating)
		pen_guests_wait(&serve->guests, guest);
	pen_fair_join(&serve->fair, pen_guests_place(&serve->guests, guest));
	return true;
}

static size_t tell_want(struct pen_serve *serve, const struct pen_wire_window *want, uint8_t *body)
{
	uint8_t cached[PEN_WIRE_WINDOW_BYTES] = {0};
	const struct pen_catalog *catalog = serve->listing->catalog;
	const struct pen_catalog_set *set = pen_tell_window_set(catalog, want);
	if (set && want->flags & PEN_WIRE_WINDOW_CACHED)
		pen_reach_cached(&serve->reacher, set, want->window * PEN_WIRE_WINDOW_PARTS,
			pen_wire_window_parts(want->n, want->window), cached);
	return pen_tell_want(catalog, want, cached, body);
}

/* LIST, WANT and CATALOG. */
static bool hear_question(
	struct pen_serve *serve, struct pen_guest *guest, const struct pen_packet *packet)
{
	struct pen_answer answer;
	uint8_t *body = answer.packet.body;
	const struct pen_catalog *catalog = serve->listing->catalog;
	enum pen_wire_type type = PEN_WIRE_LISTED;
	size_t bytes = 0;
	if (packet->head->type == PEN_WIRE_LIST) {
		const struct pen_wire_list *list = pen_wire_list_decode(packet->body);
		bytes = list ? pen_tell_list(serve->listing, list, body) : 0;
	} else if (packet->head->type == PEN_WIRE_WANT) {
		const struct pen_wire_window *want = pen_wire_want_decode(packet->body);
		type = PEN_WIRE_HAVE;
		bytes = want ? tell_want(serve, want, body) : 0;
	} else {
		const struct pen_wire_catalog *ask = pen_wire_catalog_decode(packet->body);
		type = PEN_WIRE_ENTRIES;
		bytes = ask ? pen_tell_catalog(catalog, ask, body) : 0;
	}
	if (bytes == 0)
		return false;
	serve->counters.questions++;
	pen_talk_reply(serve, guest, type, &answer, bytes);
	return true;
}

static bool hear_attest(struct pen_serve *serve, struct pen_guest *guest,
	const struct pen_packet *packet, int64_t now_ns)
{
	struct pen_wire_attested attested;
	const struct pen_wire_object *object = pen_wire_attest_decode(packet->body);
	if (!object)
		return false;
	bool soon = guest->attested && now_ns - guest->attested_ns < PEN_ATTEST_NS;
	if (soon)
		pen_attest_busy(object, &attested);
	else if (pen_attests_ask(&serve->attests, &serve->reacher, guest->session.channel.own,
			 object, &attested)) {
		guest->attested = true;
		guest->attested_ns = now_ns;
		return true;
	}
	pen_talk_attested(serve, guest, &attested);
	return true;
}

/* A packet of a guest, new and under its tag. False: it makes no sense. */
static bool hear_guest(struct pen_serve *serve, struct pen_guest *guest,
	const struct pen_packet *packet, int64_t now_ns)
{
	switch (packet->head->type) {
	case PEN_WIRE_PULL: return hear_pull(serve, guest, packet, now_ns);
	case PEN_WIRE_OPEN: return hear_open(serve, guest, packet, now_ns);
	case PEN_WIRE_LIST:
	case PEN_WIRE_WANT:
	case PEN_WIRE_CATALOG: return hear_question(serve, guest, packet);
	case PEN_WIRE_ATTEST: return hear_attest(serve, guest, packet, now_ns);
	default: serve->counters.dropped++; return true;
	}
}

static void hear_session(struct pen_serve *serve, const struct pen_packet *packet, int64_t now_ns)
{
	struct pen_answer answer = {.bytes = 0};
	struct pen_guest *guest = pen_guests_find(&serve->guests, packet->head->session);
	if (!guest) {
		serve->counters.strangers++;
		pen_resets_answer(&serve->greeter.resets, packet, now_ns, &answer);
		pen_talk_answer(serve, packet->path, &answer);
		return;
	}
	uint32_t unanswered = guest->session.route.refused;
	switch (pen_session_hear(&guest->session, packet, &serve->greeter.draw, now_ns, &answer)) {
	case PEN_SESSION_TAKE:
		if (hear_guest(serve, guest, packet, now_ns))
			return;
		serve->counters.broken++;
		pen_talk_end(serve, guest, PEN_WIRE_CLOSE_BROKEN);
		return;
	case PEN_SESSION_ANSWER:
		pen_talk_answer(serve, &guest->session.route.candidate, &answer);
		return;
	case PEN_SESSION_MOVED: pen_guest_move(guest); return;
	case PEN_SESSION_CLOSED:
		serve->counters.closed++;
		pen_talk_forget(serve, guest);
		return;
	default:
		serve->counters.dropped++;
		serve->counters.moves_unanswered += guest->session.route.refused - unanswered;
		return;
	}
}

static struct pen_route_own own_addresses(const struct pen_net *net)
{
	return (struct pen_route_own){net->locals, net->local_count, net->local_port};
}

bool pen_serve_hear(struct pen_serve *serve, const struct pen_slice *slice, int64_t now_ns)
{
	struct pen_route_own own = own_addresses(serve->config.net);
	if (slice->bytes == 0 || slice->head[0] & PEN_WIRE_TO_CLIENT)
		return false;
	serve->counters.packets++;
	size_t head_bytes = slice->bytes < PEN_SLICE_HEAD_BYTES ? slice->bytes
								: PEN_SLICE_HEAD_BYTES;
	const struct pen_wire_head *head = pen_wire_head_decode(
		(struct pen_bytes){slice->head, head_bytes}, slice->bytes);
	if (!head || !pen_route_sane(&slice->path, &own) || !pen_slice_sum_fits(slice)) {
		serve->counters.malformed++;
		return true;
	}
	struct pen_packet packet = {.head = head,
		.body = {slice->tail, slice->bytes - PEN_SLICE_HEAD_BYTES},
		.path = &slice->path};
	if (head->type == PEN_WIRE_HELLO)
		greet(serve, &packet, now_ns);
	else
		hear_session(serve, &packet, now_ns);
	return true;
}
