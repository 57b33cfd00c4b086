/*
 * packet: a control packet that came, and one that goes back: what the functions of this room pass
 * around. Values; what they point to is borrowed for the call.
 */
#ifndef PEN_PEER_PACKET_H
#define PEN_PEER_PACKET_H

#include "mem/frame.h"
#include "wire/encode.h"

/* Came. */
struct pen_packet {
	const struct pen_wire_head *head; /* from pen_wire_head_decode */
	struct pen_bytes body; /* head->body_bytes of it */
	const struct pen_net_path *path; /* whence; its answer goes there */
};

/* Goes. */
struct pen_answer {
	struct pen_wire_packet packet;
	size_t bytes; /* of packet, from its front; 0: there is nothing to send */
};

#endif
