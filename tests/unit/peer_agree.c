#include <criterion/criterion.h>

#include "base/check.h"
#include "peer/agree.h"

static struct pen_identity client, server;
static struct pen_wire_packet hello, welcome;
static const uint8_t client_ephemeral[32] = {11}, server_ephemeral[32] = {12};

static void setup(void)
{
	uint8_t own[32] = {1};
	pen_identity_init(&client, own);
	own[0] = 2;
	pen_identity_init(&server, own);
	struct pen_wire_hello *h = (void *)hello.body;
	struct pen_wire_welcome *w = (void *)welcome.body;
	hello.head = (struct pen_wire_head){.type = PEN_WIRE_HELLO, .version = 1};
	*h = (struct pen_wire_hello){.client = 5, .versions = {2, 1}, .cookie = {.when_s = 9}};
	memcpy(h->key, client.key, 32);
	pen_keys_exchange_public(client_ephemeral, h->ephemeral);
	pen_agree_sign_hello(&client, &hello);
	welcome.head = (struct pen_wire_head){.type = PEN_WIRE_WELCOME, .version = 2, .session = 5};
	*w = (struct pen_wire_welcome){.session = 6, .version = 2, .slots = 1, .idle_s = 1};
	memcpy(w->key, server.key, 32);
	pen_keys_exchange_public(server_ephemeral, w->ephemeral);
	pen_agree_sign_welcome(&server, &hello, &welcome);
}

TestSuite(peer_agree, .init = setup);

static bool keys(bool at_server, struct pen_agreed *out)
{
	struct pen_agree agree = {
		&hello, &welcome, at_server ? server_ephemeral : client_ephemeral, at_server};
	return pen_agree_keys(&agree, out);
}

Test(peer_agree, both_sides_have_the_same_keys)
{
	struct pen_agreed a, b;
	cr_assert(keys(false, &a));
	cr_assert(keys(true, &b));
	cr_expect_eq(memcmp(&a.channel.tx, &b.channel.rx, sizeof a.channel.tx), 0);
	cr_expect_eq(memcmp(&a.channel.rx, &b.channel.tx, sizeof a.channel.rx), 0);
	cr_expect_neq(memcmp(&a.channel.tx, &a.channel.rx, sizeof a.channel.tx), 0);
	cr_expect_eq(a.channel.check_seed, b.channel.check_seed);
	cr_expect_eq(memcmp(a.mask, b.mask, sizeof a.mask), 0);
	cr_expect_eq(a.channel.own, 5);
	cr_expect_eq(a.channel.other, 6);
	cr_expect_eq(b.channel.own, 6);
	cr_expect_eq(b.channel.other, 5);
	cr_expect_eq(a.channel.version, 2);
	cr_expect_eq(pen_agree_tag(&a.channel, &welcome, false),
		pen_agree_tag(&b.channel, &welcome, true));
}

/* Versions, sizes, keys, cookie: nothing can be changed on the way. */
Test(peer_agree, signatures_cover_what_was_said)
{
	uint8_t *bytes = (uint8_t *)&hello;
	cr_expect(pen_agree_check_hello(&hello));
	cr_expect(pen_agree_check_welcome(&hello, &welcome));
	for (size_t i = 1; i < PEN_WIRE_HELLO_SIGNED_BYTES; i += 3) {
		bytes[i] ^= 1;
		cr_expect_not(pen_agree_check_hello(&hello), "HELLO, byte %zu", i);
		cr_expect_not(pen_agree_check_welcome(&hello, &welcome), "HELLO, byte %zu", i);
		bytes[i] ^= 1;
	}
	bytes = (uint8_t *)&welcome;
	for (size_t i = 1; i < PEN_WIRE_WELCOME_SIGNED_BYTES; i += 3) {
		/* The tag is made after the signature. */
		if (i >= offsetof(struct pen_wire_head, tag) && i < sizeof welcome.head)
			continue;
		bytes[i] ^= 1;
		cr_expect_not(pen_agree_check_welcome(&hello, &welcome), "WELCOME, byte %zu", i);
		bytes[i] ^= 1;
	}
}

Test(peer_agree, keys_follow_from_all_that_was_said)
{
	struct pen_agreed a, b;
	cr_assert(keys(true, &a));
	hello.body[offsetof(struct pen_wire_hello, padding)] = 1;
	cr_assert(keys(true, &b));
	cr_expect_neq(a.channel.check_seed, b.channel.check_seed);
	hello.body[offsetof(struct pen_wire_hello, padding)] = 0;
	welcome.body[offsetof(struct pen_wire_welcome, slots)] = 9;
	cr_assert(keys(true, &b));
	cr_expect_neq(a.channel.check_seed, b.channel.check_seed);
}

Test(peer_agree, a_key_that_is_none_ends_it)
{
	struct pen_agreed out;
	memset(hello.body + offsetof(struct pen_wire_hello, ephemeral), 0, 32);
	cr_expect_not(keys(true, &out));
}
