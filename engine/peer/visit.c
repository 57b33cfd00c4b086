#include "peer/visit.h"

#include "base/check.h"
#include "base/rng.h"
#include "wire/decode.h"

#define MS_NS INT64_C(1000000)

static struct pen_wire_hello *hello_of(struct pen_visit_call *call)
{
	return (void *)call->hello.body;
}

/* A handshake from its beginning, with a number and a key of its own. */
static void call_begin(struct pen_visit *visit, struct pen_draw *draw, int64_t now_ns)
{
	const struct pen_visit_config *config = &visit->config;
	struct pen_visit_call *call = &visit->call;
	*call = (struct pen_visit_call){.active = true, .due_ns = now_ns};
	pen_draw_bytes(draw, call->ephemeral, sizeof call->ephemeral);
	struct pen_wire_hello *hello = hello_of(call);
	hello->client = pen_draw_number(draw);
	hello->versions[0] = PEN_WIRE_VERSION;
	hello->flags = config->sum_absent_ok ? PEN_WIRE_SUM_ABSENT_OK : 0;
	hello->size = config->size;
	pen_keys_exchange_public(call->ephemeral, hello->ephemeral);
	memcpy(hello->key, config->identity.key, sizeof hello->key);
	call->hello.head = (struct pen_wire_head){
		.type = PEN_WIRE_HELLO, .version = PEN_WIRE_VERSION, .body_bytes = sizeof *hello};
}

void pen_visit_init(struct pen_visit *visit, const struct pen_visit_config *config,
	struct pen_draw *draw, int64_t now_ns)
{
	PEN_CHECK(config->tries >= 1);
	PEN_CHECK(config->size < PEN_WIRE_SIZES);
	PEN_CHECK(config->first_ns >= 0);
	*visit = (struct pen_visit){
		.config = *config, .state = PEN_VISIT_CALLING, .doubt_ns = INT64_MIN};
	call_begin(visit, draw, now_ns);
}

static void end(struct pen_visit *visit, int code)
{
	PEN_CHECK(visit->state != PEN_VISIT_OVER);
	visit->state = PEN_VISIT_OVER;
	visit->code = code;
	visit->call.active = false;
}

/* No HELLO was answered. Beside a session this says nothing about it. */
static void give_up(struct pen_visit *visit)
{
	struct pen_visit_call *call = &visit->call;
	call->active = false;
	if (visit->state == PEN_VISIT_OPEN)
		return;
	const char *said = "no answer: it is not served there, or UDP does not get through";
	if (visit->left)
		said = "it was shutting down, and is not back";
	else if (call->busy == PEN_WIRE_BUSY_VERSION)
		said = "it speaks no version of the protocol that we do; update the older side";
	else if (call->busy)
		said = "it is busy";
	else if (call->admitted)
		said = "it answers, but opens no session";
	end(visit, pen_fail(&visit->why, PEN_ENET, "%s (%u HELLOs)", said, call->hellos));
}

/* The HELLOs of a wait: as many as it has room for. */
static unsigned hellos_of(int64_t wait_ns)
{
	return (unsigned)((wait_ns + PEN_VISIT_REPEAT_NS - 1) / PEN_VISIT_REPEAT_NS);
}

static void wait_begin(struct pen_visit *visit)
{
	struct pen_visit_call *call = &visit->call;
	int64_t first_ns = visit->config.first_ns ? visit->config.first_ns : PEN_VISIT_FIRST_NS;
	call->wait_ns = call->wait_ns ? 2 * call->wait_ns : first_ns;
	if (call->wait_ns > PEN_VISIT_WAIT_NS_MAX)
		call->wait_ns = PEN_VISIT_WAIT_NS_MAX;
	call->left = hellos_of(call->wait_ns);
	call->waits++;
}

/* Until the next HELLO. Chance is that of the handshake's number, and no secret. */
static int64_t gap_ns(struct pen_visit_call *call)
{
	int64_t gap = call->wait_ns / hellos_of(call->wait_ns);
	struct pen_rng rng = {hello_of(call)->client + call->hellos};
	PEN_CHECK(gap > 0);
	return gap - (int64_t)pen_rng_below(&rng, (uint64_t)gap / 4 + 1);
}

void pen_visit_poll(struct pen_visit *visit, int64_t now_ns, struct pen_answer *answer)
{
	struct pen_visit_call *call = &visit->call;
	answer->bytes = 0;
	if (!call->active || now_ns < call->due_ns)
		return;
	if (!call->left && call->waits >= visit->config.tries) {
		give_up(visit);
		return;
	}
	PEN_CHECK(visit->state != PEN_VISIT_OVER);
	if (!call->left)
		wait_begin(visit);
	answer->packet = call->hello;
	answer->bytes = PEN_WIRE_HELLO_BYTES;
	call->left--;
	call->hellos++;
	call->sent_ns = now_ns;
	call->due_ns = now_ns + gap_ns(call);
}

int64_t pen_visit_due_ns(const struct pen_visit *visit)
{
	return visit->call.active ? visit->call.due_ns : INT64_MAX;
}

/* For the handshake under way? COOKIE, WELCOME and BUSY without keys have no counter. */
static bool for_call(const struct pen_visit *visit, const struct pen_wire_head *head)
{
	const struct pen_wire_hello *hello = (const void *)visit->call.hello.body;
	return visit->call.active && head->session == hello->client && !head->counter;
}

/* The first cookie is used at once; another one only when HELLO is due again, so that a server that
 * likes none cannot make us send without end. */
static enum pen_visit_heard hear_cookie(struct pen_visit *visit, const struct pen_packet *packet,
	int64_t now_ns, struct pen_answer *answer)
{
	struct pen_visit_call *call = &visit->call;
	const struct pen_wire_cookie *cookie = pen_wire_cookie_decode(packet->body);
	if (!cookie || !for_call(visit, packet->head) || packet->head->tag)
		return PEN_VISIT_DROP;
	if (call->admitted && now_ns - call->admitted_ns < PEN_VISIT_COOKIE_NS)
		return PEN_VISIT_DROP;
	hello_of(call)->cookie = *cookie;
	pen_agree_sign_hello(&visit->config.identity, &call->hello);
	if (call->admitted)
		return PEN_VISIT_DROP;
	call->admitted = true;
	call->admitted_ns = now_ns;
	call->hellos = call->waits = call->left = 0;
	call->wait_ns = 0;
	call->due_ns = now_ns;
	pen_visit_poll(visit, now_ns, answer);
	return PEN_VISIT_ANSWER;
}

/* Without keys it is believed for a while, and never as an end. */
static enum pen_visit_heard hear_busy(
	struct pen_visit *visit, const struct pen_packet *packet, int64_t now_ns)
{
	struct pen_visit_call *call = &visit->call;
	const struct pen_wire_busy *busy = pen_wire_busy_decode(packet->body);
	if (!busy || packet->head->tag || !call->admitted)
		return PEN_VISIT_DROP;
	uint32_t wait_ms = busy->retry_ms < PEN_VISIT_BUSY_MS_MAX ? busy->retry_ms
								  : PEN_VISIT_BUSY_MS_MAX;
	int64_t due_ns = now_ns + wait_ms * MS_NS;
	call->busy = busy->reason;
	call->left = 0;
	if (due_ns > call->due_ns)
		call->due_ns = due_ns;
	return PEN_VISIT_DROP;
}

/* Whether WELCOME answers our HELLO, from whom it says, and what follows from it. */
static bool welcome_fits(
	struct pen_visit *visit, const struct pen_packet *packet, struct pen_agreed *agreed)
{
	struct pen_wire_packet whole = {.head = *packet->head};
	const struct pen_wire_welcome *welcome = pen_wire_welcome_decode(packet->body);
	if (!welcome || !visit->call.admitted || !for_call(visit, packet->head) ||
		welcome->version != PEN_WIRE_VERSION || packet->head->version != welcome->version)
		return false;
	memcpy(whole.body, welcome, sizeof *welcome);
	struct pen_agree agree = {
		.hello = &visit->call.hello, .welcome = &whole, .ephemeral = visit->call.ephemeral};
	if (!pen_agree_check_welcome(&visit->call.hello, &whole) || !pen_agree_keys(&agree, agreed))
		return false;
	uint64_t tag = pen_agree_tag(&agreed->channel, &whole, false), came = packet->head->tag;
	return pen_mac_equal(&tag, &came, sizeof tag);
}

/* The new session takes the place of the old one. */
static void open_session(struct pen_visit *visit, const struct pen_wire_welcome *welcome,
	const struct pen_agreed *agreed, int64_t now_ns)
{
	PEN_CHECK(visit->call.hellos > 0);
	visit->channel = agreed->channel;
	for (unsigned i = 0; i < sizeof visit->token; i++)
		visit->token[i] = welcome->reset[i] ^ agreed->mask[i];
	memcpy(visit->key, welcome->key, sizeof visit->key);
	visit->size = welcome->size < visit->config.size ? welcome->size : visit->config.size;
	visit->slots = welcome->slots;
	visit->sum_absent_ok = welcome->flags & PEN_WIRE_SUM_ABSENT_OK;
	visit->idle_s = welcome->idle_s;
	visit->rtt_ns = visit->call.hellos == 1 ? now_ns - visit->call.sent_ns : 0;
	visit->sessions++;
	visit->left = false;
	visit->state = PEN_VISIT_OPEN;
	visit->call.active = false;
}

static enum pen_visit_heard hear_welcome(
	struct pen_visit *visit, const struct pen_packet *packet, int64_t now_ns)
{
	static const uint8_t unknown[PEN_WIRE_KEY_BYTES];
	struct pen_agreed agreed;
	uint8_t *known = visit->config.server_key;
	if (!welcome_fits(visit, packet, &agreed))
		return PEN_VISIT_DROP;
	open_session(visit, (const void *)packet->body.at, &agreed, now_ns);
	bool stranger = memcmp(known, unknown, sizeof unknown) &&
		memcmp(known, visit->key, sizeof visit->key);
	memcpy(known, visit->key, sizeof visit->key);
	return stranger ? PEN_VISIT_STRANGER : PEN_VISIT_OPENED;
}

/* The session is no more, and the server may well open another. */
static enum pen_visit_heard lose(struct pen_visit *visit, struct pen_draw *draw, int64_t now_ns)
{
	PEN_CHECK(visit->state == PEN_VISIT_OPEN);
	visit->state = PEN_VISIT_CALLING;
	call_begin(visit, draw, now_ns);
	return PEN_VISIT_LOST;
}

static enum pen_visit_heard hear_reset(struct pen_visit *visit, const struct pen_packet *packet,
	struct pen_draw *draw, int64_t now_ns)
{
	const struct pen_wire_head *head = packet->head;
	if (visit->state != PEN_VISIT_OPEN || head->session != visit->channel.other ||
		head->body_bytes)
		return PEN_VISIT_DROP;
	if (!pen_reset_fits(head, visit->token)) {
		visit->resets_forged++;
		return PEN_VISIT_DROP;
	}
	visit->resets++;
	return lose(visit, draw, now_ns);
}

static enum pen_visit_heard hear_challenge(
	struct pen_visit *visit, const struct pen_packet *packet, struct pen_answer *answer)
{
	const struct pen_wire_path *path = pen_wire_path_decode(packet->body);
	if (!path)
		return PEN_VISIT_DROP;
	memcpy(answer->packet.body, path, sizeof *path);
	answer->bytes = pen_channel_seal(
		&visit->channel, PEN_WIRE_PATH_RESPONSE, &answer->packet, sizeof *path);
	return PEN_VISIT_ANSWER;
}

static enum pen_visit_heard hear_closed(struct pen_visit *visit, const struct pen_packet *packet,
	struct pen_draw *draw, int64_t now_ns)
{
	static const char *const reasons[] = {[PEN_WIRE_CLOSE_DONE] = "nothing more was asked for",
		[PEN_WIRE_CLOSE_LEAVING] = "it is shutting down",
		[PEN_WIRE_CLOSE_PROOF] = "our proofs of receipt were wrong",
		[PEN_WIRE_CLOSE_BROKEN] = "it does not understand us",
		[PEN_WIRE_CLOSE_BANNED] = "it has banned us",
		[PEN_WIRE_CLOSE_IDLE] = "it heard nothing of us for too long"};
	const struct pen_wire_close *close = pen_wire_close_decode(packet->body);
	if (!close)
		return PEN_VISIT_DROP;
	visit->left = close->reason == PEN_WIRE_CLOSE_LEAVING;
	if ((visit->left || close->reason == PEN_WIRE_CLOSE_IDLE) &&
		++visit->unused < PEN_VISIT_UNUSED_MAX)
		return lose(visit, draw, now_ns);
	const char *reason = close->reason < PEN_COUNT(reasons) ? reasons[close->reason] : NULL;
	end(visit,
		pen_fail(&visit->why, PEN_ENET, "the server closed the session: %s",
			reason ? reason : "for a reason that we do not know"));
	return PEN_VISIT_ENDED;
}

/* What has a tag of the session. */
static enum pen_visit_heard hear_session(struct pen_visit *visit, const struct pen_packet *packet,
	struct pen_draw *draw, int64_t now_ns, struct pen_answer *answer)
{
	const struct pen_wire_head *head = packet->head;
	if (visit->state != PEN_VISIT_OPEN || !(head->type & PEN_WIRE_TO_CLIENT) ||
		head->type >= PEN_WIRE_ANNOUNCE ||
		pen_channel_check(&visit->channel, head, packet->body) != PEN_CHANNEL_FINE)
		return PEN_VISIT_DROP;
	pen_channel_take(&visit->channel, head);
	if (head->type == PEN_WIRE_CLOSED)
		return hear_closed(visit, packet, draw, now_ns);
	pen_visit_trust(visit);
	return head->type == PEN_WIRE_PATH_CHALLENGE ? hear_challenge(visit, packet, answer)
						     : PEN_VISIT_TAKE;
}

enum pen_visit_heard pen_visit_hear(struct pen_visit *visit, const struct pen_packet *packet,
	struct pen_draw *draw, int64_t now_ns, struct pen_answer *answer)
{
	PEN_CHECK(packet->body.len == packet->head->body_bytes);
	answer->bytes = 0;
	switch (packet->head->type) {
	case PEN_WIRE_COOKIE: return hear_cookie(visit, packet, now_ns, answer);
	case PEN_WIRE_WELCOME: return hear_welcome(visit, packet, now_ns);
	case PEN_WIRE_RESET: return hear_reset(visit, packet, draw, now_ns);
	case PEN_WIRE_BUSY:
		if (for_call(visit, packet->head))
			return hear_busy(visit, packet, now_ns);
		return hear_session(visit, packet, draw, now_ns, answer);
	default: return hear_session(visit, packet, draw, now_ns, answer);
	}
}

bool pen_visit_known(const struct pen_visit *visit, const struct pen_wire_head *head)
{
	if (head->type == PEN_WIRE_RESET)
		return visit->state == PEN_VISIT_OPEN && head->session == visit->channel.other;
	return for_call(visit, head) ||
		(visit->state == PEN_VISIT_OPEN && head->session == visit->channel.own);
}

void pen_visit_doubt(struct pen_visit *visit, struct pen_draw *draw, int64_t now_ns)
{
	if (visit->state != PEN_VISIT_OPEN || visit->call.active || now_ns < visit->doubt_ns)
		return;
	visit->doubt_ns = now_ns + PEN_VISIT_DOUBT_NS;
	call_begin(visit, draw, now_ns);
}

void pen_visit_trust(struct pen_visit *visit)
{
	if (visit->state != PEN_VISIT_OPEN)
		return;
	visit->call.active = false;
	visit->unused = 0;
}

void pen_visit_close(
	struct pen_visit *visit, enum pen_wire_close_reason reason, struct pen_answer *answer)
{
	answer->bytes = 0;
	if (visit->state == PEN_VISIT_OPEN) {
		struct pen_wire_close close = {.reason = reason};
		memcpy(answer->packet.body, &close, sizeof close);
		answer->bytes = pen_channel_seal(
			&visit->channel, PEN_WIRE_CLOSE, &answer->packet, sizeof close);
	}
	if (visit->state != PEN_VISIT_OVER)
		end(visit, 0);
}
