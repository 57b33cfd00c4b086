/* pair: a simulated world of two or more hosts with a started port each, and an arena for all. */
#ifndef PEN_TESTS_SIM_PAIR_H
#define PEN_TESTS_SIM_PAIR_H

#include <criterion/criterion.h>
#include <errno.h>

#include "base/bits.h"
#include "base/check.h"
#include "base/clock.h"
#include "drivers/sim/port.h"

#define PAIR_HOSTS_MAX 4u
/* Payload of the frames that pair_send sends: header of 32 and the rest. */
#define PAIR_BYTES 1200u
#define PAIR_PAYLOADS 1024u
#define PAIR_PAYLOAD_BYTES 2048u

struct pair {
	struct pen_sim_clock clock;
	struct pen_sim_network network;
	struct pen_arena arena;
	struct pen_net *nets[PAIR_HOSTS_MAX];
	unsigned hosts;
	uint64_t next; /* number of the next packet sent */
	int64_t step_ns; /* how far pair_step goes */
	uint8_t seen[1 << 16]; /* how often packet n arrived, by pair_drain */
	uint64_t order_breaks; /* packets that came after a later one */
	uint64_t last_seen;
	uint64_t wrong; /* that came with other bytes than were sent */
};

/* Byte i of the payload of packet n. Payloads repeat, and so need never be written again. */
static inline uint8_t pair_byte(uint64_t n, uint32_t i)
{
	return (uint8_t)(n % PAIR_PAYLOADS * 31 + i * 7);
}

static inline uint8_t *pair_payload(const struct pair *pair, uint64_t n)
{
	return pair->arena.at + n % PAIR_PAYLOADS * PAIR_PAYLOAD_BYTES;
}

static inline void pair_open(struct pair *pair, uint64_t seed, unsigned hosts,
	const struct pen_sim_host_ask *host, const struct pen_sim_manners *manners)
{
	static const struct pen_sim_host_ask usual;
	*pair = (struct pair){.hosts = hosts, .step_ns = PEN_NS_PER_MS};
	pen_sim_clock_init(&pair->clock, seed);
	const struct pen_sim_network_ask ask = {
		.clock = &pair->clock, .hosts = hosts, .small = 4096, .large = 64, .six = seed & 1};
	cr_assert_eq(pen_sim_network_open(&pair->network, &ask), 0);
	const struct pen_arena_ask memory = {.bytes = 2 * PEN_BLOCK_BYTES, .node = PEN_NODE_ANY};
	cr_assert_eq(pen_arena_open(&pair->arena, &memory, NULL), 0);
	for (unsigned n = 0; n < PAIR_PAYLOADS; n++)
		for (uint32_t i = 0; i < PAIR_BYTES - 32; i++)
			pair_payload(pair, n)[i] = pair_byte(n, i);
	const struct pen_arena *arenas[] = {&pair->arena};
	for (unsigned i = 0; i < hosts; i++) {
		struct pen_why why = {0};
		cr_assert_eq(pen_sim_host_add(&pair->network, host ? host : &usual), i);
		cr_assert_eq(pen_sim_port_open(&pair->network, i, 0,
				     manners ? manners : &pen_sim_manners_tame, &pair->nets[i]),
			0);
		cr_assert_eq(pair->nets[i]->ops->start(pair->nets[i], arenas, 1, &why), 0, "%s",
			why.text);
	}
}

static inline void pair_close(struct pair *pair)
{
	for (unsigned i = 0; i < pair->hosts; i++)
		pen_net_close(pair->nets[i]);
	pen_sim_network_close(&pair->network);
	pen_arena_close(&pair->arena);
}

static inline int64_t pair_now(const struct pair *pair, unsigned host)
{
	const struct pen_sim_port *port = (const struct pen_sim_port *)pair->nets[host];
	return pair->clock.now_ns + port->manners.skew_ns;
}

/* Offer `count` (at most 64) numbered packets from one host to another; how many were taken. */
static inline unsigned pair_send(struct pair *pair, unsigned from, unsigned to, unsigned count)
{
	static struct pen_frame frames[64];
	struct pen_net_path path = pen_sim_path(&pair->network, from, to);
	memset(frames, 0, sizeof frames);
	for (unsigned i = 0; i < count; i++) {
		frames[i].path = &path;
		frames[i].tag = pair->next + i;
		frames[i].header_bytes = 32;
		pen_put_le64(frames[i].header, pair->next + i);
		frames[i].payload = pair_payload(pair, pair->next + i);
		frames[i].payload_bytes = PAIR_BYTES - 32;
	}
	unsigned taken = pair->nets[from]->ops->tx_burst(
		pair->nets[from], 0, pair_now(pair, from), frames, count);
	pair->next += taken;
	return taken;
}

static inline void pair_see(struct pair *pair, const struct pen_slice *slice)
{
	uint8_t bytes[PAIR_BYTES];
	cr_assert_eq(slice->bytes, PAIR_BYTES);
	pen_slice_copy(slice, 0, slice->bytes, bytes);
	uint64_t n = pen_le64(bytes);
	bool fine = n < sizeof pair->seen;
	for (uint32_t i = 0; fine && i < PAIR_BYTES - 32; i++)
		fine = bytes[32 + i] == pair_byte(n, i);
	if (!fine) {
		pair->wrong++;
		return;
	}
	pair->seen[n]++;
	pair->order_breaks += n < pair->last_seen;
	pair->last_seen = n;
}

/* Take and look at all that a host can receive now; how many. */
static inline unsigned pair_drain(struct pair *pair, unsigned host)
{
	struct pen_slice slices[64];
	struct pen_net *net = pair->nets[host];
	unsigned all = 0;
	for (;;) {
		unsigned count = net->ops->rx_burst(net, 0, pair_now(pair, host), slices, 64);
		if (!count)
			return all;
		for (unsigned i = 0; i < count; i++) {
			if (pen_slice_sum_fits(&slices[i]))
				pair_see(pair, &slices[i]);
		}
		net->ops->rx_put(net, 0, slices, count);
		all += count;
	}
}

static inline unsigned pair_reap(struct pair *pair, unsigned host)
{
	uint64_t tags[256];
	return pair->nets[host]->ops->tx_reap(pair->nets[host], 0, tags, 256);
}

/* One step of time, and everything that came to the host. */
static inline unsigned pair_step(struct pair *pair, unsigned host)
{
	pen_sim_network_run(&pair->network, pair->clock.now_ns + pair->step_ns);
	return pair_drain(pair, host);
}

/* Send `count` packets from 0 to 1 in steps of 32, reap, and let all arrive; how many came. */
static inline unsigned pair_run(struct pair *pair, unsigned count)
{
	unsigned came = 0;
	while (pair->next < count) {
		unsigned left = count - (unsigned)pair->next;
		pair_send(pair, 0, 1, left < 32 ? left : 32);
		came += pair_step(pair, 1);
		while (pair_reap(pair, 0))
			;
	}
	for (unsigned i = 0; i < 1000; i++)
		came += pair_step(pair, 1);
	return came;
}

#endif
