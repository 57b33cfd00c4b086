#include "peer/route.h"

#include "base/check.h"
#include "base/mac.h"

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

void pen_route_init(struct pen_route *route, const struct pen_net_path *path)
{
	PEN_CHECK(path->remote_port != 0);
	*route = (struct pen_route){.path = *path};
}

enum pen_route_from pen_route_heard(struct pen_route *route, const struct pen_net_path *from,
	struct pen_draw *draw, int64_t now_ns)
{
	if (pen_net_path_equal(&route->path, from))
		return PEN_ROUTE_HOME;
	if (route->challenged && now_ns - route->challenged_ns < PEN_ROUTE_CHALLENGE_NS) {
		route->refused++;
		return PEN_ROUTE_REFUSED;
	}
	route->candidate = *from;
	route->challenged = true;
	route->challenged_ns = now_ns;
	route->waiting = true;
	pen_draw_bytes(draw, route->challenge, sizeof route->challenge);
	return PEN_ROUTE_CHALLENGE;
}

bool pen_route_answered(struct pen_route *route, const struct pen_net_path *from,
	const struct pen_wire_path *answer, int64_t now_ns)
{
	if (!route->waiting || now_ns - route->challenged_ns > PEN_ROUTE_ANSWER_NS ||
		!pen_net_path_equal(&route->candidate, from) ||
		!pen_mac_equal(answer->challenge, route->challenge, sizeof route->challenge))
		return false;
	PEN_CHECK(!pen_net_path_equal(&route->path, from));
	route->path = *from;
	route->waiting = false;
	route->moves++;
	return true;
}

/* One host, as far as the address alone tells. */
static bool address_sane(const uint8_t address[16])
{
	static const uint8_t none[16], everyone[4] = {255, 255, 255, 255};
	if (!memcmp(address, mapped, sizeof mapped)) {
		const uint8_t *v4 = address + sizeof mapped;
		return v4[0] != 0 && v4[0] >> 4 != 0xe && memcmp(v4, everyone, sizeof everyone);
	}
	return address[0] != 0xff && memcmp(address, none, sizeof none);
}

bool pen_route_sane(const struct pen_net_path *path, const struct pen_route_own *own)
{
	if (!path->remote_port || !path->local_port || !address_sane(path->remote) ||
		!address_sane(path->local))
		return false;
	if (path->remote_port != own->port)
		return true;
	if (!memcmp(path->remote, path->local, sizeof path->remote))
		return false;
	for (unsigned i = 0; i < own->count; i++) {
		if (!memcmp(path->remote, own->addresses[i], sizeof path->remote))
			return false;
	}
	return true;
}
