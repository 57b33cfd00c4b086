/*
 * links: what the machine's interfaces say of an address that a socket listens at: whether packets
 * can pass, how large, and which addresses are ours. Read again when the kernel says that something
 * changed.
 */
#ifndef PEN_DRIVERS_URING_LINKS_H
#define PEN_DRIVERS_URING_LINKS_H

#include "port/net.h"

/* Some of struct pen_net, as the interfaces are now. */
struct pen_links {
	uint32_t payload_bytes; /* that the widest interface carries; at least 1,200 */
	bool up; /* one of them can send and receive */
	unsigned count;
	uint8_t addresses[PEN_NET_LOCALS_MAX][16]; /* those of the loopback last */
};

/*
 * Look at the interfaces that have `address`, or at all of its family if it is an unspecified one;
 * of these the loopback's width counts only if there is no other. 0 or -errno. Allocates.
 */
int pen_links_look(const uint8_t address[16], struct pen_links *links);

/* A descriptor that pen_links_changed takes, or -errno. */
int pen_links_watch(void);

/* Whether anything changed since the last call; never waits. Negative descriptors: never. */
bool pen_links_changed(int watch);

#endif
