#include <criterion/criterion.h>

#include "base/check.h"
#include "peer_util.h"

static struct pen_draw draw;
static struct pen_cookies cookies;
static struct pen_net_path path;
static struct pen_wire_hello hello;
static const int64_t start_ns = 5 * SECOND;

static void setup(void)
{
	uint8_t seed[32] = {6};
	pen_draw_init(&draw, seed);
	pen_cookies_init(&cookies, &draw, start_ns);
	path = path_from(1);
	hello = (struct pen_wire_hello){.client = 4, .ephemeral = {8}};
	pen_cookies_make(&cookies, &path, &hello, start_ns, &hello.cookie);
}

TestSuite(peer_cookie, .init = setup);

static bool fits(int64_t after_ns)
{
	return pen_cookies_fits(&cookies, &path, &hello, start_ns + after_ns);
}

Test(peer_cookie, is_good_for_a_while)
{
	cr_expect(fits(0));
	cr_expect(fits(10 * SECOND));
	cr_expect_not(fits(11 * SECOND), "expired");
	cr_expect_not(fits(-SECOND), "from the future");
	hello.cookie.when_s += 5;
	cr_expect_not(fits(12 * SECOND), "made younger");
}

Test(peer_cookie, is_good_for_one_hello_from_one_address)
{
	path.remote[15]++;
	cr_expect_not(fits(0), "another address");
	path.remote[15]--;
	path.remote_port++;
	cr_expect_not(fits(0), "another port");
	path.remote_port--;
	path.scope++;
	cr_expect_not(fits(0), "another link");
	path.scope--;
	hello.client++;
	cr_expect_not(fits(0), "another client");
	hello.client--;
	hello.ephemeral[31]++;
	cr_expect_not(fits(0), "another key");
	hello.ephemeral[31]--;
	hello.cookie.mac[15]++;
	cr_expect_not(fits(0), "another code");
	hello.cookie.mac[15]--;
	path.local[15]++;
	cr_expect(fits(0), "which of our addresses it came to is no matter");
}

/* Made just before the secret turns, it is good until it expires; two turns later none is. */
Test(peer_cookie, outlives_one_secret)
{
	int64_t turn_ns = PEN_COOKIE_TURN_NS;
	pen_cookies_turn(&cookies, &draw, start_ns + turn_ns - 1);
	pen_cookies_make(&cookies, &path, &hello, start_ns + turn_ns - 1, &hello.cookie);
	pen_cookies_turn(&cookies, &draw, start_ns + turn_ns);
	cr_expect(fits(turn_ns + 5 * SECOND));
	pen_cookies_turn(&cookies, &draw, start_ns + turn_ns + SECOND);
	cr_expect(fits(turn_ns + 5 * SECOND), "it turns no sooner");
	pen_cookies_turn(&cookies, &draw, start_ns + 2 * turn_ns);
	cr_expect_not(fits(turn_ns + 5 * SECOND), "its secret is gone");
}
