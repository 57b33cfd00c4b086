#include "peer/agree.h"

#include "base/check.h"

/* What a signature is over begins with what it is for, so that none passes for another. */
#define HELLO_PREFIX "penstock hello"
#define WELCOME_PREFIX "penstock welcome"
#define KEYS_INFO "penstock keys"

/* What HKDF gives, in this order. */
struct derived {
	uint8_t to_server[32], to_client[32], seed[8], mask[PEN_WIRE_RESET_BYTES];
};
static_assert(sizeof(struct derived) == 88, "no gaps");

void pen_identity_init(struct pen_identity *identity, const uint8_t own[PEN_KEYS_BYTES])
{
	memcpy(identity->own, own, PEN_KEYS_BYTES);
	pen_keys_identity_public(own, identity->key);
}

static struct pen_wire_hello *hello_of(const struct pen_wire_packet *packet)
{
	return (void *)packet->body;
}

static struct pen_wire_welcome *welcome_of(const struct pen_wire_packet *packet)
{
	return (void *)packet->body;
}

struct hello_text {
	char prefix[sizeof HELLO_PREFIX - 1];
	uint8_t packet[PEN_WIRE_HELLO_SIGNED_BYTES];
};

static void hello_text(const struct pen_wire_packet *hello, struct hello_text *out)
{
	PEN_CHECK(hello->head.type == PEN_WIRE_HELLO);
	memcpy(out->prefix, HELLO_PREFIX, sizeof out->prefix);
	memcpy(out->packet, hello, sizeof out->packet);
}

void pen_agree_sign_hello(const struct pen_identity *identity, struct pen_wire_packet *hello)
{
	struct hello_text text;
	hello_text(hello, &text);
	pen_keys_sign(identity->own, identity->key,
		(struct pen_bytes){(uint8_t *)&text, sizeof text}, hello_of(hello)->signature);
}

bool pen_agree_check_hello(const struct pen_wire_packet *hello)
{
	struct hello_text text;
	hello_text(hello, &text);
	return pen_keys_verify(hello_of(hello)->key,
		(struct pen_bytes){(uint8_t *)&text, sizeof text}, hello_of(hello)->signature);
}

/* T of wire.h. */
static void transcript(const struct pen_wire_packet *hello, const struct pen_wire_packet *welcome,
	struct pen_hash *out)
{
	PEN_CHECK(hello->head.type == PEN_WIRE_HELLO);
	PEN_CHECK(welcome->head.type == PEN_WIRE_WELCOME);
	struct pen_wire_head head = welcome->head;
	head.tag = 0;
	struct pen_bytes runs[] = {{(const uint8_t *)hello, PEN_WIRE_HELLO_BYTES},
		{(const uint8_t *)&head, sizeof head},
		{welcome->body, PEN_WIRE_WELCOME_SIGNED_BYTES - sizeof head}};
	pen_sha256_runs(runs, PEN_COUNT(runs), out);
}

struct welcome_text {
	char prefix[sizeof WELCOME_PREFIX - 1];
	struct pen_hash transcript;
};

static void welcome_text(const struct pen_wire_packet *hello, const struct pen_wire_packet *welcome,
	struct welcome_text *out)
{
	memcpy(out->prefix, WELCOME_PREFIX, sizeof out->prefix);
	transcript(hello, welcome, &out->transcript);
}

void pen_agree_sign_welcome(const struct pen_identity *identity,
	const struct pen_wire_packet *hello, struct pen_wire_packet *welcome)
{
	struct welcome_text text;
	welcome_text(hello, welcome, &text);
	pen_keys_sign(identity->own, identity->key,
		(struct pen_bytes){(uint8_t *)&text, sizeof text}, welcome_of(welcome)->signature);
}

bool pen_agree_check_welcome(
	const struct pen_wire_packet *hello, const struct pen_wire_packet *welcome)
{
	struct welcome_text text;
	welcome_text(hello, welcome, &text);
	return pen_keys_verify(welcome_of(welcome)->key,
		(struct pen_bytes){(uint8_t *)&text, sizeof text}, welcome_of(welcome)->signature);
}

bool pen_agree_keys(const struct pen_agree *agree, struct pen_agreed *out)
{
	const struct pen_wire_hello *hello = hello_of(agree->hello);
	const struct pen_wire_welcome *welcome = welcome_of(agree->welcome);
	struct pen_hash salt, key;
	struct derived derived;
	uint8_t secret[PEN_KEYS_BYTES];
	if (!pen_keys_exchange(agree->ephemeral,
		    agree->server ? hello->ephemeral : welcome->ephemeral, secret))
		return false;
	transcript(agree->hello, agree->welcome, &salt);
	pen_mac_extract((struct pen_bytes){salt.bytes, PEN_HASH_BYTES},
		(struct pen_bytes){secret, sizeof secret}, &key);
	pen_mac_expand(&key, (struct pen_bytes){(const uint8_t *)KEYS_INFO, sizeof KEYS_INFO - 1},
		(uint8_t *)&derived, sizeof derived);
	*out = (struct pen_agreed){
		.channel = {.check_seed = pen_le64(derived.seed),
			.own = agree->server ? welcome->session : hello->client,
			.other = agree->server ? hello->client : welcome->session,
			.version = welcome->version}};
	pen_mac_init(agree->server ? &out->channel.rx : &out->channel.tx, derived.to_server, 32);
	pen_mac_init(agree->server ? &out->channel.tx : &out->channel.rx, derived.to_client, 32);
	memcpy(out->mask, derived.mask, sizeof out->mask);
	return true;
}

uint64_t pen_agree_tag(
	const struct pen_channel *channel, const struct pen_wire_packet *welcome, bool server)
{
	PEN_CHECK(welcome->head.type == PEN_WIRE_WELCOME);
	struct pen_wire_head head = welcome->head;
	struct pen_hash code;
	head.tag = 0;
	struct pen_bytes pieces[] = {{(const uint8_t *)&head, sizeof head},
		{welcome->body, sizeof(struct pen_wire_welcome)}};
	pen_mac_make(server ? &channel->tx : &channel->rx, pieces, PEN_COUNT(pieces), &code);
	return pen_le64(code.bytes);
}
