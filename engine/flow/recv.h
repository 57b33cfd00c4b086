/*
 * recv: what came of one slot, and what to ask for again.
 *
 * A slot is one piece in flight: up to PEN_RECV_PACKETS_MAX packets of one size, which the server
 * sends once in the order of their index, and again when a PULL names them. A packet is counted by
 * its index only, so any packet may come at any time, twice, or from a repair that was thought in
 * vain. What is missing is asked for when it is seen to be lost: `reach`, the highest index that
 * came, has left it behind by the thresholds of flow/loss.h. When the slot is silent for a timeout,
 * what lies beyond reach is asked for too, if the caller thinks that it may have been sent and lost
 * (the server skips what it has not sent a first time), or knows that it was (pen_recv_pass). What
 * was asked for is not asked again before a timeout has passed. After the second time it is a miss
 * that another peer may mend.
 *
 * A slot may be opened from a later packet than the first on: what lies before came, or comes by
 * another slot for now (pen_recv_hold), and is not asked for until that has ended.
 * Zeroed by init; no memory of its own; one thread; time is an argument.
 */
#ifndef PEN_FLOW_RECV_H
#define PEN_FLOW_RECV_H

#include "flow/loss.h"
#include "flow/marks.h"

/* Packets of a slot: 1 MiB in payloads of 1,200 bytes are 874. */
#define PEN_RECV_PACKETS_MAX 896u
#define PEN_RECV_WORDS (PEN_RECV_PACKETS_MAX / 64)

enum pen_recv_came {
	PEN_RECV_NEW,
	PEN_RECV_DUPLICATE,
	PEN_RECV_OUTSIDE, /* the index is beyond the slot */
};

struct pen_recv {
	uint32_t packets; /* of the slot, 1..PEN_RECV_PACKETS_MAX */
	uint32_t first; /* index of the first that the server sends unasked */
	uint32_t held; /* all below come by another slot; 0: none do */
	uint32_t got; /* that came */
	uint32_t filled; /* of them, by another slot or before the slot began anew */
	uint32_t reach; /* the highest index that came, and one */
	uint32_t ahead; /* packets from reach on that came before the slot began anew: the server
			   sends them once more before anything behind them */
	uint32_t asked; /* indices asked for again so far, repetitions too */
	uint32_t again; /* the most often that one index was asked for again */
	uint32_t duplicates; /* packets that had come before */
	uint32_t unasked; /* all below came, or were asked for again */
	uint32_t awaited; /* indices that were asked for again, and have not come: so many at most
			   */
	int64_t last_ns; /* when the last packet came, or the slot was opened, or passed */
	bool passed; /* the server has sent all of it once: see pen_recv_pass */
	struct pen_marks marks; /* of reach */
	uint64_t bits[PEN_RECV_WORDS]; /* came */
	uint32_t asked_us[PEN_RECV_PACKETS_MAX]; /* stamp of the last time it was asked for */
	uint8_t times[PEN_RECV_PACKETS_MAX]; /* how often it was asked for again, 255 at most */
};

/* What decides whether a gap is to be asked for: of the session that serves the slot. */
struct pen_recv_view {
	const struct pen_loss *loss; /* borrowed for the call */
	int64_t srtt_ns;
	int64_t timeout_ns; /* of flow/rtt.h */
	int64_t now_ns;
	bool tail; /* what is beyond reach may be asked for, when the slot is silent for a timeout
		    */
};

/* A slot of `packets` packets is opened. */
void pen_recv_init(struct pen_recv *recv, uint32_t packets, const struct pen_recv_view *view);

/* The server begins to send it anew, from the first packet on that is missing: what came stays.
 * Nothing is held any more. */
void pen_recv_again(struct pen_recv *recv, const struct pen_recv_view *view);

/* The packets before index `first` (below the slot's packets) come by another slot; nothing came
 * yet. */
void pen_recv_hold(struct pen_recv *recv, uint32_t first);

/* They do so no more: those that are missing count as left behind, if it is `known` how many
 * packets the slot has. May be called again when it is. */
void pen_recv_release(struct pen_recv *recv, bool known, int64_t now_ns);

/* Packet `index`, which is missing, came by another slot. */
void pen_recv_fill(struct pen_recv *recv, uint32_t index);

/* The slot turns out to have fewer packets. False if one beyond them has come already; the slot is
 * then unchanged, and the peer is not to be believed. */
bool pen_recv_shrink(struct pen_recv *recv, uint32_t packets);

/* How many packets from `index` on are missing for certain, as nothing came of them or behind them:
 * up to the slot's end. */
uint32_t pen_recv_fresh(const struct pen_recv *recv, uint32_t index);

/* `count` packets from `index` on came: one, or as many as are fresh, of which all are
 * PEN_RECV_NEW. */
enum pen_recv_came pen_recv_add(
	struct pen_recv *recv, uint32_t index, uint32_t count, int64_t now_ns);

/* Something came of a slot that the server sends behind this one: what has not come of this one by
 * a timeout from now was lost. Repetitions change nothing. */
void pen_recv_pass(struct pen_recv *recv, int64_t now_ns);

/* Have all packets come? */
bool pen_recv_whole(const struct pen_recv *recv);

bool pen_recv_has(const struct pen_recv *recv, uint32_t index);

/*
 * Write the bitmap of what is to be asked for now (bit i of word i / 64) and return how many bits
 * are set. Changes nothing: pen_recv_asked does, when the PULL leaves.
 */
uint32_t pen_recv_missing(const struct pen_recv *recv, const struct pen_recv_view *view,
	uint64_t missing[PEN_RECV_WORDS]);

/* A PULL with these bits left. */
void pen_recv_asked(struct pen_recv *recv, const uint64_t missing[PEN_RECV_WORDS], int64_t now_ns);

/* When pen_recv_missing will have something new to say, if nothing comes; INT64_MAX when whole. */
int64_t pen_recv_due_ns(const struct pen_recv *recv, const struct pen_recv_view *view);

/* The same, of gaps alone that were not asked for yet; for each packet, as it costs little. */
int64_t pen_recv_gap_ns(const struct pen_recv *recv, const struct pen_recv_view *view);

#endif
