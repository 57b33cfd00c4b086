/*
 * fake_net: a net port without a network: what is sent lies in a list for the test to look at, and
 * what comes is what the test puts in. Takes as many frames as it is told to, and gives memory back
 * when it is told to.
 */
#ifndef PEN_FAKES_NET_H
#define PEN_FAKES_NET_H

#include "port/net.h"

#define FAKE_NET_SENT 4096u
#define FAKE_NET_COMING 512u
#define FAKE_NET_BYTES 8256u

/* A packet that was sent, or is to come. */
struct fake_packet {
	struct pen_net_path path;
	uint64_t tag;
	uint32_t bytes;
	uint8_t flags;
	uint8_t at[FAKE_NET_BYTES];
};

struct fake_net {
	struct pen_net net; /* first */
	struct fake_packet *sent; /* FAKE_NET_SENT of them; `sent_count` in use */
	struct fake_packet *coming; /* FAKE_NET_COMING, `coming_count` in use */
	unsigned sent_count, coming_count, coming_at;
	uint64_t *unreaped; /* tags of frames that are sent and not given back */
	unsigned unreaped_count;
	unsigned allowed; /* frames that tx_burst still takes; UINT_MAX: all */
	bool keep; /* nothing is given back */
	unsigned bursts; /* calls of tx_burst that took something */
};

/* A port that takes everything and gives all of it back at once. */
void fake_net_init(struct fake_net *net);

/* Give the memory back; not pen_net_close, which changes nothing here. */
void fake_net_fini(struct fake_net *net);

/* Let a packet come from `path`. */
void fake_net_come(
	struct fake_net *net, const struct pen_net_path *path, const void *at, size_t bytes);

/* Forget what was sent. */
void fake_net_clear(struct fake_net *net);

#endif
