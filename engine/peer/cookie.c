#include "peer/cookie.h"

#include "base/check.h"

#define SECOND_NS INT64_C(1000000000)

/* What a cookie vouches for. */
struct PEN_PACKED subject {
	pen_le32_t when_s;
	uint8_t address[16];
	pen_le16_t port;
	pen_le32_t scope;
	pen_le64_t client;
	uint8_t ephemeral[PEN_WIRE_KEY_BYTES];
};

static void draw_secret(struct pen_mac_key *secret, struct pen_draw *draw)
{
	uint8_t bytes[32];
	pen_draw_bytes(draw, bytes, sizeof bytes);
	pen_mac_init(secret, bytes, sizeof bytes);
}

void pen_cookies_init(struct pen_cookies *cookies, struct pen_draw *draw, int64_t now_ns)
{
	draw_secret(&cookies->secret[0], draw);
	draw_secret(&cookies->secret[1], draw);
	cookies->turned_ns = now_ns;
}

void pen_cookies_turn(struct pen_cookies *cookies, struct pen_draw *draw, int64_t now_ns)
{
	static_assert(PEN_COOKIE_TURN_NS > PEN_WIRE_COOKIE_S * SECOND_NS, "outlives its cookies");
	PEN_CHECK(now_ns >= cookies->turned_ns);
	if (now_ns - cookies->turned_ns < PEN_COOKIE_TURN_NS)
		return;
	cookies->secret[1] = cookies->secret[0];
	draw_secret(&cookies->secret[0], draw);
	cookies->turned_ns = now_ns;
}

static uint32_t seconds(int64_t now_ns)
{
	PEN_CHECK(now_ns >= 0);
	return (uint32_t)(now_ns / SECOND_NS);
}

static void code_of(const struct pen_mac_key *secret, const struct pen_net_path *path,
	const struct pen_wire_hello *hello, uint32_t when_s, struct pen_hash *out)
{
	struct subject subject = {.when_s = when_s,
		.port = path->remote_port,
		.scope = path->scope,
		.client = hello->client};
	memcpy(subject.address, path->remote, sizeof subject.address);
	memcpy(subject.ephemeral, hello->ephemeral, sizeof subject.ephemeral);
	pen_mac_make(secret, &(struct pen_bytes){(uint8_t *)&subject, sizeof subject}, 1, out);
}

void pen_cookies_make(const struct pen_cookies *cookies, const struct pen_net_path *path,
	const struct pen_wire_hello *hello, int64_t now_ns, struct pen_wire_cookie *out)
{
	struct pen_hash code;
	*out = (struct pen_wire_cookie){.when_s = seconds(now_ns)};
	code_of(&cookies->secret[0], path, hello, out->when_s, &code);
	memcpy(out->mac, code.bytes, sizeof out->mac);
}

bool pen_cookies_fits(const struct pen_cookies *cookies, const struct pen_net_path *path,
	const struct pen_wire_hello *hello, int64_t now_ns)
{
	struct pen_hash code;
	const struct pen_wire_cookie *cookie = &hello->cookie;
	if (seconds(now_ns) - cookie->when_s > PEN_WIRE_COOKIE_S)
		return false;
	for (size_t i = 0; i < PEN_COUNT(cookies->secret); i++) {
		code_of(&cookies->secret[i], path, hello, cookie->when_s, &code);
		if (pen_mac_equal(code.bytes, cookie->mac, sizeof cookie->mac))
			return true;
	}
	return false;
}
