#include <criterion/criterion.h>

#include "peer_util.h"

static struct duo duo;
static struct pen_answer first, there, back;

/* A client that holds a cookie: its second HELLO is `there`, its first `first`. */
static void setup(void)
{
	duo_init(&duo);
	pen_visit_poll(&duo.visit, duo.now_ns, &first);
	duo_greet(&duo, &first, &back);
	duo_visit(&duo, &back, &there);
}

TestSuite(peer_greet, .init = setup);

static struct pen_wire_hello *hello(struct pen_answer *answer)
{
	return (void *)answer->packet.body;
}

Test(peer_greet, a_stranger_gets_a_cookie_and_costs_nothing)
{
	struct pen_greeter before = duo.greeter;
	cr_expect_eq(duo_greet(&duo, &first, &back), PEN_GREET_ANSWER);
	cr_expect_eq(back.packet.head.type, PEN_WIRE_COOKIE);
	cr_expect_eq(back.bytes, PEN_WIRE_COOKIE_BYTES);
	cr_expect_eq(memcmp(&before.recent, &duo.greeter.recent, sizeof before.recent), 0);
	cr_expect_eq(memcmp(&before.limit, &duo.greeter.limit, sizeof before.limit), 0);
}

Test(peer_greet, a_cookie_opens_one_session)
{
	struct pen_answer welcome;
	cr_expect_eq(duo_greet(&duo, &there, &welcome), PEN_GREET_NEW);
	cr_expect_eq(welcome.packet.head.type, PEN_WIRE_WELCOME);
	cr_expect_eq(welcome.bytes, PEN_WIRE_WELCOME_BYTES);
	cr_expect_eq(memcmp(duo.session.key, duo.visit.config.identity.key, 32), 0);
	cr_expect_eq(duo.session.size, PEN_WIRE_SIZE_3328, "the smaller of both");
	cr_expect_eq(pen_session_core(duo.number), 3);
	cr_expect_eq(pen_session_index(duo.number), 17);
	duo.now_ns += SECOND;
	cr_expect_eq(duo_greet(&duo, &there, &back), PEN_GREET_AGAIN);
	cr_expect_eq(memcmp(&back, &welcome, PEN_WIRE_WELCOME_BYTES), 0, "the same WELCOME");
	cr_expect_eq(back.bytes, welcome.bytes);
	duo.now_ns += 11 * SECOND;
	cr_expect_eq(duo_greet(&duo, &there, &back), PEN_GREET_ANSWER, "the cookie has expired");
	cr_expect_eq(back.packet.head.type, PEN_WIRE_COOKIE);
}

/* At the last moment of a cookie its session is still remembered. */
Test(peer_greet, replayed_cookie_opens_no_second_session)
{
	duo.now_ns += 9 * SECOND;
	cr_expect_eq(duo_greet(&duo, &there, &back), PEN_GREET_NEW);
	for (int i = 0; i < 30; i++) {
		duo.now_ns += SECOND / 2;
		cr_expect_neq(duo_greet(&duo, &there, &back), PEN_GREET_NEW);
	}
}

Test(peer_greet, a_cookie_from_elsewhere_is_none)
{
	duo.path.remote[15]++;
	cr_expect_eq(duo_greet(&duo, &there, &back), PEN_GREET_ANSWER);
	cr_expect_eq(back.packet.head.type, PEN_WIRE_COOKIE);
	cr_expect_eq(duo.greeter.welcomes_sent, 0);
}

Test(peer_greet, a_changed_hello_is_dropped)
{
	hello(&there)->size = 0;
	cr_expect_eq(duo_greet(&duo, &there, &back), PEN_GREET_DROP, "its signature is wrong");
	cr_expect_eq(duo.greeter.unsigned_dropped, 1);
}

Test(peer_greet, malformed_ones_are_dropped)
{
	hello(&there)->padding[9] = 1;
	cr_expect_eq(duo_greet(&duo, &there, &back), PEN_GREET_DROP);
	hello(&there)->padding[9] = 0;
	there.packet.head.counter = 1;
	cr_expect_eq(duo_greet(&duo, &there, &back), PEN_GREET_DROP);
	there.packet.head.counter = 0;
	cr_expect_eq(duo_greet(&duo, &there, &back), PEN_GREET_NEW);
}

Test(peer_greet, no_version_in_common_is_said)
{
	hello(&there)->versions[0] = 77;
	cr_expect_eq(duo_greet(&duo, &there, &back), PEN_GREET_ANSWER);
	cr_expect_eq(back.packet.head.type, PEN_WIRE_BUSY);
	cr_expect_eq(pen_wire_busy_decode((struct pen_bytes){back.packet.body, 8})->reason,
		PEN_WIRE_BUSY_VERSION);
}

/* Handshakes of one address are limited, also when none of them is signed. */
Test(peer_greet, haste_is_refused)
{
	hello(&there)->size = 0;
	unsigned dropped = 0, busy = 0;
	for (int i = 0; i < 20; i++) {
		enum pen_greet_heard heard = duo_greet(&duo, &there, &back);
		dropped += heard == PEN_GREET_DROP;
		busy += heard == PEN_GREET_ANSWER && back.packet.head.type == PEN_WIRE_BUSY;
		cr_expect_leq(back.bytes, PEN_WIRE_BUSY_BYTES);
	}
	cr_expect_leq(dropped, PEN_LIMIT_PREFIX_PER_S);
	cr_expect_eq(dropped + busy, 20);
}

/* A server that starts anew knows none of the old cookies. */
Test(peer_greet, a_cookie_ends_with_the_process)
{
	duo_server(&duo, 99);
	cr_expect_eq(duo_greet(&duo, &there, &back), PEN_GREET_ANSWER);
	cr_expect_eq(back.packet.head.type, PEN_WIRE_COOKIE);
}

Test(peer_greet, a_full_server_says_busy)
{
	uint64_t again;
	struct pen_packet packet = packet_of(&there, &duo.path);
	struct pen_wire_busy busy = {PEN_WIRE_BUSY_SESSIONS, 500};
	cr_assert_eq(
		pen_greeter_hear(&duo.greeter, &packet, duo.now_ns, &again, &back), PEN_GREET_NEW);
	pen_greeter_busy(&duo.greeter, &packet, &busy, &back);
	cr_expect_eq(back.packet.head.session, hello(&there)->client);
	cr_expect_eq(back.bytes, PEN_WIRE_BUSY_BYTES);
}

Test(peer_greet, an_x25519_key_that_is_none_opens_nothing)
{
	uint64_t again;
	struct pen_packet packet = packet_of(&there, &duo.path);
	memset(hello(&there)->ephemeral, 0, 32);
	cr_expect_not(
		pen_greeter_welcome(&duo.greeter, &packet, 5, duo.now_ns, &duo.session, &back));
	cr_expect_eq(back.bytes, 0);
	cr_expect_eq(pen_greeter_hear(&duo.greeter, &packet, duo.now_ns, &again, &back),
		PEN_GREET_ANSWER, "its cookie is for another key");
}
