#include <criterion/criterion.h>

#include "peer_util.h"

static struct duo duo;
static struct pen_answer pull, back, there;

static void setup(void)
{
	duo_init(&duo);
	cr_assert_eq(duo_shake(&duo), PEN_VISIT_OPENED);
	duo_pull(&duo, &pull);
}

TestSuite(peer_reset, .init = setup);

/* What a server that does not know the session says to a packet. */
static void reset(const struct pen_answer *cause)
{
	struct pen_packet packet = packet_of(cause, &duo.path);
	pen_resets_answer(&duo.greeter.resets, &packet, duo.now_ns, &back);
}

Test(peer_reset, outlives_the_process)
{
	duo_server(&duo, 99);
	reset(&pull);
	cr_expect_eq(back.bytes, PEN_WIRE_HEAD_BYTES);
	cr_expect_lt(back.bytes, pull.bytes);
	cr_expect(pen_reset_fits(&back.packet.head, duo.visit.token));
	cr_expect(pen_visit_known(&duo.visit, &back.packet.head));
}

Test(peer_reset, is_made_by_this_store_alone)
{
	static const uint8_t other[32] = {6};
	reset(&pull);
	back.packet.head.counter ^= 1;
	cr_expect_not(pen_reset_fits(&back.packet.head, duo.visit.token));
	back.packet.head.counter ^= 1;
	back.packet.head.tag ^= UINT64_C(1) << 63;
	cr_expect_not(pen_reset_fits(&back.packet.head, duo.visit.token));
	pen_resets_init(&duo.greeter.resets, other);
	reset(&pull);
	cr_expect_not(pen_reset_fits(&back.packet.head, duo.visit.token));
	uint8_t token[PEN_WIRE_RESET_BYTES];
	pen_resets_token(&duo.greeter.resets, duo.number ^ 1, token);
	cr_expect_not(pen_reset_fits(&back.packet.head, token), "of another session");
}

/* Nothing that is an answer, a HELLO or a CLOSE, and nothing without a body. */
Test(peer_reset, has_few_causes)
{
	for (unsigned type = 0; type < 256; type++) {
		bool causes = type >= PEN_WIRE_LIST && type < PEN_WIRE_CLOSE;
		if (type == PEN_WIRE_DATA)
			continue;
		pull.packet.head.type = (uint8_t)type;
		reset(&pull);
		cr_expect_eq(back.bytes != 0, causes, "type %#x", type);
		duo.now_ns += SECOND;
	}
	pull.packet.head.type = PEN_WIRE_PULL;
	reset(&pull);
	there = back;
	reset(&there);
	cr_expect_eq(back.bytes, 0, "a reset");
	pull.packet.head.body_bytes = 0;
	pull.bytes = PEN_WIRE_HEAD_BYTES;
	reset(&pull);
	cr_expect_eq(back.bytes, 0, "no body");
}

Test(peer_reset, has_a_rate)
{
	unsigned sent = 0;
	int64_t start_ns = duo.now_ns;
	for (int i = 0; i < 20000; i++) {
		duo.now_ns = start_ns + i * (SECOND / 10000);
		reset(&pull);
		sent += back.bytes != 0;
	}
	cr_expect_leq(sent, 2 * PEN_RESET_PER_S + PEN_RESET_PER_S / 10);
	cr_expect_geq(sent, 2 * PEN_RESET_PER_S);
	cr_expect_eq(duo.greeter.resets.refused, 20000 - sent);
}

Test(peer_reset, makes_the_client_come_back)
{
	int64_t start_ns = duo.now_ns;
	struct pen_answer welcome;
	duo_server(&duo, 99);
	reset(&pull);
	cr_assert_eq(duo_visit(&duo, &back, &there), PEN_VISIT_LOST);
	cr_assert_eq(pen_visit_due_ns(&duo.visit), start_ns, "at once");
	pen_visit_poll(&duo.visit, duo.now_ns, &there);
	duo.now_ns += 10 * MS;
	cr_assert_eq(duo_greet(&duo, &there, &back), PEN_GREET_ANSWER);
	cr_assert_eq(duo_visit(&duo, &back, &there), PEN_VISIT_ANSWER);
	duo.now_ns += 10 * MS;
	cr_assert_eq(duo_greet(&duo, &there, &welcome), PEN_GREET_NEW);
	cr_expect_eq(duo_visit(&duo, &welcome, &there), PEN_VISIT_OPENED);
	cr_expect_eq(duo.visit.sessions, 2);
	cr_expect_eq(duo.now_ns - start_ns, 20 * MS, "two round trips");
	duo_pull(&duo, &pull);
	cr_expect_eq(duo_session(&duo, &pull, &duo.path, &back), PEN_SESSION_TAKE);
}
