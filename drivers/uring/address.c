#include "drivers/uring/address.h"

#include <string.h>

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

bool pen_address_is_v4(const uint8_t address[16])
{
	return !memcmp(address, mapped, sizeof mapped);
}

bool pen_address_is_any(const uint8_t address[16])
{
	static const uint8_t zero[16];
	if (pen_address_is_v4(address))
		return !memcmp(address + sizeof mapped, zero, 4);
	return !memcmp(address, zero, sizeof zero);
}

void pen_address_map(struct in_addr v4, uint8_t address[16])
{
	memcpy(address, mapped, sizeof mapped);
	memcpy(address + sizeof mapped, &v4, sizeof v4);
}

struct in_addr pen_address_v4(const uint8_t address[16])
{
	struct in_addr v4;
	memcpy(&v4, address + sizeof mapped, sizeof v4);
	return v4;
}

socklen_t pen_address_make(
	union pen_address *out, bool v6, const uint8_t address[16], uint16_t port, uint32_t scope)
{
	memset(out, 0, sizeof *out);
	if (!v6 && !pen_address_is_v4(address))
		return 0;
	if (!v6) {
		out->v4.sin_family = AF_INET;
		out->v4.sin_port = htons(port);
		out->v4.sin_addr = pen_address_v4(address);
		return sizeof out->v4;
	}
	out->v6.sin6_family = AF_INET6;
	out->v6.sin6_port = htons(port);
	out->v6.sin6_scope_id = scope;
	memcpy(&out->v6.sin6_addr, address, 16);
	return sizeof out->v6;
}

bool pen_address_take(
	const union pen_address *in, uint8_t address[16], uint16_t *port, uint32_t *scope)
{
	if (in->any.sa_family == AF_INET) {
		pen_address_map(in->v4.sin_addr, address);
		if (port)
			*port = ntohs(in->v4.sin_port);
		if (scope)
			*scope = 0;
		return true;
	}
	if (in->any.sa_family != AF_INET6)
		return false;
	memcpy(address, &in->v6.sin6_addr, 16);
	if (port)
		*port = ntohs(in->v6.sin6_port);
	if (scope)
		*scope = in->v6.sin6_scope_id;
	return true;
}
