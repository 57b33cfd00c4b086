#include <criterion/criterion.h>

#include "peer_util.h"

static struct duo duo;
static struct pen_answer pull, back, there;
static struct pen_net_path away, third;

static void setup(void)
{
	duo_init(&duo);
	cr_assert_eq(duo_shake(&duo), PEN_VISIT_OPENED);
	away = path_from(50);
	third = path_from(51);
	duo_pull(&duo, &pull);
}

TestSuite(peer_session, .init = setup);

Test(peer_session, takes_a_pull_once)
{
	cr_expect_not(duo.session.confirmed);
	cr_expect_eq(duo_session(&duo, &pull, &duo.path, &back), PEN_SESSION_TAKE);
	cr_expect(duo.session.confirmed);
	cr_expect_eq(back.bytes, 0);
	cr_expect_eq(duo_session(&duo, &pull, &duo.path, &back), PEN_SESSION_DROP, "replayed");
	cr_expect_eq(duo.session.channel.old, 1);
}

Test(peer_session, drops_a_pull_that_a_later_one_overtook)
{
	struct pen_answer later;
	duo_pull(&duo, &later);
	cr_expect_eq(duo_session(&duo, &later, &duo.path, &back), PEN_SESSION_TAKE);
	cr_expect_eq(duo_session(&duo, &pull, &duo.path, &back), PEN_SESSION_DROP);
}

Test(peer_session, drops_what_is_forged)
{
	pull.packet.body[0] ^= 1;
	cr_expect_eq(duo_session(&duo, &pull, &duo.path, &back), PEN_SESSION_DROP);
	cr_expect_eq(duo_session(&duo, &pull, &away, &back), PEN_SESSION_DROP);
	cr_expect_eq(back.bytes, 0);
	cr_expect_eq(duo.session.channel.forged, 2);
	cr_expect_not(duo.session.confirmed);
}

/* What is no type of the session's, with the best of tags. */
Test(peer_session, drops_types_that_are_not_for_it)
{
	static const uint8_t types[] = {0, PEN_WIRE_HELLO, PEN_WIRE_RECEIPT, 0x0b, PEN_WIRE_DATA,
		PEN_WIRE_RESET, PEN_WIRE_PATH_CHALLENGE, PEN_WIRE_CLOSED, 0xff};
	for (size_t i = 0; i < PEN_COUNT(types); i++) {
		pull.bytes = pen_channel_seal(&duo.visit.channel,
			types[i] == PEN_WIRE_DATA ? 0xfe : types[i], &pull.packet, 16);
		cr_expect_eq(duo_session(&duo, &pull, &duo.path, &back), PEN_SESSION_DROP);
		cr_expect_eq(duo_session(&duo, &pull, &away, &back), PEN_SESSION_DROP);
		cr_expect_eq(back.bytes, 0);
	}
}

Test(peer_session, moves_by_challenge)
{
	cr_assert_eq(duo_session(&duo, &pull, &away, &back), PEN_SESSION_ANSWER);
	cr_expect_eq(back.bytes, PEN_WIRE_PATH_BYTES);
	cr_expect(pen_net_path_equal(&duo.session.route.candidate, &away));
	cr_expect(pen_net_path_equal(&duo.session.route.path, &duo.path), "data still goes there");
	cr_assert_eq(duo_visit(&duo, &back, &there), PEN_VISIT_ANSWER);
	cr_expect_eq(duo_session(&duo, &there, &third, &back), PEN_SESSION_DROP, "not from there");
	cr_expect_eq(duo_session(&duo, &there, &duo.path, &back), PEN_SESSION_DROP, "nor there");
	cr_expect_eq(back.bytes, 0);
	cr_assert_eq(duo_session(&duo, &there, &away, &back), PEN_SESSION_MOVED);
	cr_expect(pen_net_path_equal(&duo.session.route.path, &away));
	cr_expect_eq(duo_session(&duo, &there, &away, &back), PEN_SESSION_DROP, "once");
	duo_pull(&duo, &pull);
	cr_expect_eq(duo_session(&duo, &pull, &away, &back), PEN_SESSION_TAKE);
	duo_pull(&duo, &pull);
	duo.now_ns += SECOND;
	cr_expect_eq(duo_session(&duo, &pull, &duo.path, &back), PEN_SESSION_ANSWER,
		"the old address is a stranger now");
}

/* Somebody sends a copy of a PULL from elsewhere, before it arrives itself. */
Test(peer_session, pull_from_a_third_address_moves_nothing)
{
	cr_expect_eq(duo_session(&duo, &pull, &away, &back), PEN_SESSION_ANSWER);
	cr_expect_eq(duo_session(&duo, &pull, &third, &back), PEN_SESSION_DROP, "one a second");
	cr_expect_eq(back.bytes, 0);
	cr_expect_eq(duo_session(&duo, &pull, &duo.path, &back), PEN_SESSION_TAKE);
	duo.now_ns += SECOND;
	cr_expect_eq(duo_session(&duo, &pull, &third, &back), PEN_SESSION_DROP, "it is old now");
}

Test(peer_session, ends_without_a_word)
{
	pen_visit_close(&duo.visit, PEN_WIRE_CLOSE_DONE, &there);
	cr_expect_eq(there.bytes, PEN_WIRE_CLOSE_BYTES);
	cr_expect_eq(duo_session(&duo, &there, &away, &back), PEN_SESSION_CLOSED);
	cr_expect_eq(back.bytes, 0);
}

Test(peer_session, says_why_it_ends)
{
	pen_session_close(&duo.session, PEN_WIRE_CLOSE_BANNED, &back);
	cr_expect_eq(duo_visit(&duo, &back, &there), PEN_VISIT_ENDED);
	cr_expect_eq(there.bytes, 0);
	cr_expect_eq(duo.visit.state, PEN_VISIT_OVER);
	cr_expect_eq(duo.visit.code, PEN_ENET);
	cr_expect_str_eq(duo.visit.why.text, "the server closed the session: it has banned us");
}

Test(peer_session, is_forgotten_in_time)
{
	int64_t made_ns = duo.session.heard_ns;
	cr_expect_eq(pen_session_due_ns(&duo.session), made_ns + PEN_SESSION_UNUSED_NS);
	duo.now_ns += SECOND;
	duo_session(&duo, &pull, &duo.path, &back);
	cr_expect_eq(pen_session_due_ns(&duo.session), duo.now_ns + 30 * SECOND);
}

Test(peer_session, numbers_name_core_and_place)
{
	uint64_t last = 0;
	for (uint32_t i = 0; i < 64; i++) {
		uint64_t number = pen_session_number(255, (1 << 20) - 1 - i, &duo.draw);
		cr_expect_eq(pen_session_core(number), 255);
		cr_expect_eq(pen_session_index(number), (1 << 20) - 1 - i);
		cr_expect_neq(number >> 20, last >> 20);
		last = number;
	}
	cr_expect_neq(pen_session_number(0, 0, &duo.draw), 0);
}
