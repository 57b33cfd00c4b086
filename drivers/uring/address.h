/* address: struct pen_net_path's addresses, and those of sockets. Pure. */
#ifndef PEN_DRIVERS_URING_ADDRESS_H
#define PEN_DRIVERS_URING_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

/* An address of a socket, of either family. */
union pen_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* Whether it is IPv4, as ::ffff:a.b.c.d. */
bool pen_address_is_v4(const uint8_t address[16]);

/* Whether it is "any": all zero, or ::ffff:0.0.0.0. */
bool pen_address_is_any(const uint8_t address[16]);

/* Write `v4` (in network byte order) as an address of 16 bytes. */
void pen_address_map(struct in_addr v4, uint8_t address[16]);

/* The 4 bytes of an IPv4 address. */
struct in_addr pen_address_v4(const uint8_t address[16]);

/* An address of a socket of family AF_INET6 (`v6`) or AF_INET. Returns its length; 0 if the family
 * has no such address. */
socklen_t pen_address_make(
	union pen_address *out, bool v6, const uint8_t address[16], uint16_t port, uint32_t scope);

/* Take one apart; false: neither IPv4 nor IPv6. Pointers may be NULL. */
bool pen_address_take(
	const union pen_address *in, uint8_t address[16], uint16_t *port, uint32_t *scope);

#endif
