#include <criterion/criterion.h>

#include "base/check.h"
#include "peer_util.h"

static struct pen_draw draw;
static struct pen_route route;
static struct pen_net_path home, away, third;

static void setup(void)
{
	uint8_t seed[32] = {6};
	pen_draw_init(&draw, seed);
	home = path_from(1);
	away = path_from(2);
	third = path_from(3);
	pen_route_init(&route, &home);
}

TestSuite(peer_route, .init = setup);

static enum pen_route_from heard(const struct pen_net_path *from, int64_t now_ns)
{
	return pen_route_heard(&route, from, &draw, now_ns);
}

static bool answered(const struct pen_net_path *from, int64_t now_ns)
{
	struct pen_wire_path answer;
	memcpy(answer.challenge, route.challenge, sizeof answer.challenge);
	return pen_route_answered(&route, from, &answer, now_ns);
}

Test(peer_route, moves_when_the_new_address_answers)
{
	cr_expect_eq(heard(&home, 0), PEN_ROUTE_HOME);
	cr_expect_eq(heard(&away, 0), PEN_ROUTE_CHALLENGE);
	cr_expect(pen_net_path_equal(&route.path, &home), "not before");
	cr_expect(answered(&away, 100 * MS));
	cr_expect(pen_net_path_equal(&route.path, &away));
	cr_expect_eq(heard(&away, 100 * MS), PEN_ROUTE_HOME);
	cr_expect_eq(route.moves, 1);
	cr_expect_not(answered(&away, 100 * MS), "once");
}

Test(peer_route, believes_only_the_right_answer)
{
	struct pen_wire_path wrong = {{0}};
	cr_expect_not(pen_route_answered(&route, &away, &wrong, 0), "never asked");
	heard(&away, 0);
	cr_expect_not(pen_route_answered(&route, &away, &wrong, MS), "not the challenge");
	cr_expect_not(answered(&third, MS), "not the candidate");
	cr_expect_not(answered(&home, MS));
	cr_expect_not(answered(&away, PEN_ROUTE_ANSWER_NS + 1), "too late");
	cr_expect(pen_net_path_equal(&route.path, &home));
}

Test(peer_route, challenges_once_a_second)
{
	uint8_t first[16];
	cr_expect_eq(heard(&away, 0), PEN_ROUTE_CHALLENGE);
	memcpy(first, route.challenge, sizeof first);
	cr_expect_eq(heard(&away, SECOND - 1), PEN_ROUTE_REFUSED);
	cr_expect_eq(heard(&third, SECOND - 1), PEN_ROUTE_REFUSED);
	cr_expect_eq(route.refused, 2);
	cr_expect_eq(heard(&third, SECOND), PEN_ROUTE_CHALLENGE);
	cr_expect_neq(memcmp(first, route.challenge, sizeof first), 0);
	cr_expect_not(answered(&away, SECOND), "one candidate at a time");
	cr_expect(answered(&third, SECOND));
}

struct row {
	const char *what;
	uint8_t remote[16];
	uint16_t remote_port, local_port;
	bool sane;
};

#define V4(a, b, c, d) \
	{ \
		[10] = 0xff, [11] = 0xff, [12] = (a), [13] = (b), [14] = (c), [15] = (d) \
	}

static const struct row rows[] = {
	{"a host", V4(10, 1, 0, 9), 999, 7070, true},
	{"a host of IPv6", {0x20, 1, [15] = 1}, 999, 7070, true},
	{"a link-local one", {0xfe, 0x80, [15] = 1}, 999, 7070, true},
	{"our host, another process", V4(10, 9, 0, 1), 999, 7070, true},
	{"port 0", V4(10, 1, 0, 9), 0, 7070, false},
	{"to port 0", V4(10, 1, 0, 9), 999, 0, false},
	{"multicast", V4(224, 0, 0, 1), 999, 7070, false},
	{"multicast's last", V4(239, 255, 255, 255), 999, 7070, false},
	{"multicast of IPv6", {0xff, 2, [15] = 1}, 999, 7070, false},
	{"broadcast", V4(255, 255, 255, 255), 999, 7070, false},
	{"no address", V4(0, 0, 0, 0), 999, 7070, false},
	{"no address of IPv6", {0}, 999, 7070, false},
	{"ourselves", V4(10, 9, 0, 1), 7070, 7070, false},
	{"ourselves by another address", V4(10, 9, 0, 2), 7070, 7070, false},
	{"another host with our port", V4(10, 9, 0, 3), 7070, 7070, true},
};

Test(peer_route, some_addresses_are_never_answered)
{
	static const uint8_t locals[][16] = {V4(10, 9, 0, 2)};
	struct pen_route_own own = {locals, 1, 7070};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_net_path path = path_from(1);
		memcpy(path.remote, rows[i].remote, sizeof path.remote);
		path.remote_port = rows[i].remote_port;
		path.local_port = rows[i].local_port;
		cr_expect_eq(pen_route_sane(&path, &own), rows[i].sane, "%s", rows[i].what);
	}
	struct pen_net_path path = path_from(1);
	path.local[12] = 230;
	cr_expect_not(pen_route_sane(&path, &own), "sent to a group");
}
