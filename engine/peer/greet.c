#include "peer/greet.h"

#include "base/check.h"
#include "wire/decode.h"

#define SECOND_NS INT64_C(1000000000)
/* A client that was refused for the rate comes again when a token has flown in for sure. */
#define BUSY_HELLOS_MS 1000u

/* What is drawn from a HELLO: always the same, so that its WELCOME is. */
struct drawn {
	uint64_t name; /* of it in `recent` */
	uint8_t ephemeral[PEN_KEYS_BYTES]; /* private X25519 key of its session */
};

void pen_greeter_init(struct pen_greeter *greeter, const struct pen_greet_config *config,
	const uint8_t seed[PEN_DRAW_SEED_BYTES], int64_t now_ns)
{
	PEN_CHECK(config->size < PEN_WIRE_SIZES);
	PEN_CHECK(config->slots >= 1 && config->slots <= PEN_WIRE_SLOTS_MAX);
	PEN_CHECK(config->idle_s >= 1 && config->idle_s <= PEN_WIRE_IDLE_S_MAX);
	struct pen_prf_key key;
	uint8_t secret[32];
	memset(greeter, 0, sizeof *greeter);
	greeter->config = *config;
	pen_draw_init(&greeter->draw, seed);
	pen_cookies_init(&greeter->cookies, &greeter->draw, now_ns);
	pen_draw_bytes(&greeter->draw, key.bytes, sizeof key.bytes);
	pen_limit_init(&greeter->limit, &key);
	pen_recent_init(&greeter->recent);
	pen_resets_init(&greeter->resets, config->reset_key);
	pen_draw_bytes(&greeter->draw, secret, sizeof secret);
	pen_mac_init(&greeter->secret, secret, sizeof secret);
}

static void draw_from(
	const struct pen_greeter *greeter, const struct pen_wire_hello *hello, struct drawn *out)
{
	struct pen_hash code, name;
	struct pen_bytes whole = {(const uint8_t *)hello, sizeof *hello};
	pen_mac_make(&greeter->secret, &whole, 1, &code);
	pen_sha256((struct pen_bytes){code.bytes, PEN_HASH_BYTES}, &name);
	memcpy(out->ephemeral, code.bytes, sizeof out->ephemeral);
	out->name = pen_le64(name.bytes);
}

static const struct pen_wire_hello *hello_of(const struct pen_packet *packet)
{
	return (const void *)packet->body.at;
}

static void answer_alone(struct pen_answer *answer, enum pen_wire_type type,
	const struct pen_packet *packet, struct pen_bytes body)
{
	PEN_CHECK(PEN_WIRE_AMPLIFIES_LITTLE(PEN_WIRE_HELLO_BYTES, sizeof *packet->head + body.len));
	memcpy(answer->packet.body, body.at, body.len);
	answer->packet.head = (struct pen_wire_head){.type = (uint8_t)type,
		.version = PEN_WIRE_VERSION,
		.body_bytes = (uint16_t)body.len,
		.session = hello_of(packet)->client};
	answer->bytes = sizeof answer->packet.head + body.len;
}

void pen_greeter_busy(struct pen_greeter *greeter, const struct pen_packet *packet,
	const struct pen_wire_busy *busy, struct pen_answer *answer)
{
	struct pen_bytes body = {(const uint8_t *)busy, sizeof *busy};
	answer_alone(answer, PEN_WIRE_BUSY, packet, body);
	greeter->busies_sent++;
}

static enum pen_greet_heard busy(struct pen_greeter *greeter, const struct pen_packet *packet,
	enum pen_wire_busy_reason reason, struct pen_answer *answer)
{
	struct pen_wire_busy body = {.reason = reason, .retry_ms = BUSY_HELLOS_MS};
	pen_greeter_busy(greeter, packet, &body, answer);
	return PEN_GREET_ANSWER;
}

static enum pen_greet_heard give_cookie(struct pen_greeter *greeter,
	const struct pen_packet *packet, int64_t now_ns, struct pen_answer *answer)
{
	struct pen_wire_cookie cookie;
	pen_cookies_make(&greeter->cookies, packet->path, hello_of(packet), now_ns, &cookie);
	struct pen_bytes body = {(const uint8_t *)&cookie, sizeof cookie};
	answer_alone(answer, PEN_WIRE_COOKIE, packet, body);
	greeter->cookies_sent++;
	return PEN_GREET_ANSWER;
}

/* Header and body in one piece, as they are hashed and signed. */
static void join(const struct pen_packet *packet, struct pen_wire_packet *out)
{
	PEN_CHECK(packet->body.len == sizeof out->body);
	out->head = *packet->head;
	memcpy(out->body, packet->body.at, sizeof out->body);
}

/* The address is proved; work may be done for it, within limits. */
static enum pen_greet_heard hear_proved(struct pen_greeter *greeter,
	const struct pen_packet *packet, int64_t now_ns, uint64_t *session,
	struct pen_answer *answer)
{
	struct drawn drawn;
	struct pen_wire_packet whole;
	if (!memchr(hello_of(packet)->versions, PEN_WIRE_VERSION, PEN_WIRE_VERSIONS_MAX))
		return busy(greeter, packet, PEN_WIRE_BUSY_VERSION, answer);
	if (!pen_limit_admit(&greeter->limit, packet->path, now_ns))
		return busy(greeter, packet, PEN_WIRE_BUSY_HELLOS, answer);
	draw_from(greeter, hello_of(packet), &drawn);
	*session = pen_recent_find(&greeter->recent, drawn.name, now_ns);
	if (*session)
		return PEN_GREET_AGAIN;
	join(packet, &whole);
	if (pen_agree_check_hello(&whole))
		return PEN_GREET_NEW;
	greeter->unsigned_dropped++;
	return PEN_GREET_DROP;
}

enum pen_greet_heard pen_greeter_hear(struct pen_greeter *greeter, const struct pen_packet *packet,
	int64_t now_ns, uint64_t *session, struct pen_answer *answer)
{
	PEN_CHECK(packet->body.len == packet->head->body_bytes);
	answer->bytes = 0;
	greeter->hellos++;
	const struct pen_wire_hello *hello = pen_wire_hello_decode(packet->body);
	if (packet->head->type != PEN_WIRE_HELLO || !hello || packet->head->session ||
		packet->head->counter || packet->head->tag)
		return PEN_GREET_DROP;
	pen_cookies_turn(&greeter->cookies, &greeter->draw, now_ns);
	if (pen_wire_cookie_absent(&hello->cookie) ||
		!pen_cookies_fits(&greeter->cookies, packet->path, hello, now_ns))
		return give_cookie(greeter, packet, now_ns, answer);
	return hear_proved(greeter, packet, now_ns, session, answer);
}

/* WELCOME but for what needs the keys. */
static void write_welcome(const struct pen_greeter *greeter, const struct pen_wire_hello *hello,
	uint64_t number, const struct drawn *drawn, struct pen_wire_packet *out)
{
	const struct pen_greet_config *config = &greeter->config;
	struct pen_wire_welcome welcome = {.session = number,
		.version = PEN_WIRE_VERSION,
		.flags = config->sum_absent_ok ? PEN_WIRE_SUM_ABSENT_OK : 0,
		.size = config->size,
		.slots = config->slots,
		.idle_s = config->idle_s};
	pen_keys_exchange_public(drawn->ephemeral, welcome.ephemeral);
	memcpy(welcome.key, config->identity.key, sizeof welcome.key);
	memcpy(out->body, &welcome, sizeof welcome);
	out->head = (struct pen_wire_head){.type = PEN_WIRE_WELCOME,
		.version = welcome.version,
		.body_bytes = sizeof welcome,
		.session = hello->client};
}

static void write_token(const struct pen_greeter *greeter, const struct pen_agreed *agreed,
	struct pen_wire_welcome *welcome)
{
	uint8_t token[PEN_WIRE_RESET_BYTES];
	pen_resets_token(&greeter->resets, welcome->session, token);
	for (unsigned i = 0; i < sizeof token; i++)
		welcome->reset[i] = token[i] ^ agreed->mask[i];
}

/* WELCOME for this HELLO, the same each time, and the keys. False if its X25519 key is none. */
static bool make_welcome(const struct pen_greeter *greeter, const struct pen_packet *packet,
	uint64_t number, struct pen_agreed *agreed, struct pen_wire_packet *out)
{
	struct drawn drawn;
	struct pen_wire_packet hello;
	PEN_CHECK(number != 0);
	join(packet, &hello);
	draw_from(greeter, hello_of(packet), &drawn);
	write_welcome(greeter, hello_of(packet), number, &drawn, out);
	struct pen_agree agree = {
		.hello = &hello, .welcome = out, .ephemeral = drawn.ephemeral, .server = true};
	if (!pen_agree_keys(&agree, agreed))
		return false;
	pen_agree_sign_welcome(&greeter->config.identity, &hello, out);
	write_token(greeter, agreed, (void *)out->body);
	out->head.tag = pen_agree_tag(&agreed->channel, out, true);
	return true;
}

static void fill_session(const struct pen_greeter *greeter, const struct pen_packet *packet,
	const struct pen_channel *channel, int64_t now_ns, struct pen_session *out)
{
	const struct pen_wire_hello *hello = hello_of(packet);
	*out = (struct pen_session){.channel = *channel,
		.size = hello->size < greeter->config.size ? hello->size : greeter->config.size,
		.sum_absent_ok = hello->flags & PEN_WIRE_SUM_ABSENT_OK,
		.idle_s = greeter->config.idle_s,
		.heard_ns = now_ns};
	pen_route_init(&out->route, packet->path);
	memcpy(out->key, hello->key, sizeof out->key);
}

bool pen_greeter_welcome(struct pen_greeter *greeter, const struct pen_packet *packet,
	uint64_t number, int64_t now_ns, struct pen_session *session, struct pen_answer *answer)
{
	struct drawn drawn;
	struct pen_agreed agreed;
	answer->bytes = 0;
	draw_from(greeter, hello_of(packet), &drawn);
	/* A second more than the cookie, whose time is in whole seconds. */
	struct pen_recent_entry entry = {.name = drawn.name,
		.session = number,
		.until_ns = now_ns + (PEN_WIRE_COOKIE_S + 2) * SECOND_NS};
	if (!make_welcome(greeter, packet, number, &agreed, &answer->packet) ||
		!pen_recent_add(&greeter->recent, &entry, now_ns))
		return false;
	fill_session(greeter, packet, &agreed.channel, now_ns, session);
	answer->bytes = PEN_WIRE_WELCOME_BYTES;
	greeter->welcomes_sent++;
	return true;
}

void pen_greeter_again(struct pen_greeter *greeter, const struct pen_packet *packet,
	uint64_t number, struct pen_answer *answer)
{
	struct pen_agreed agreed;
	answer->bytes = 0;
	if (!make_welcome(greeter, packet, number, &agreed, &answer->packet))
		return;
	answer->bytes = PEN_WIRE_WELCOME_BYTES;
	greeter->welcomes_sent++;
}
