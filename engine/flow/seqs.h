/*
 * seqs: which packets of a session came. The server numbers every DATA packet it sends in a
 * session, resends too, so a number that does not come is a packet lost on the way, whatever was
 * in it. From this follow how many packets are in flight, the loss rate, what a PULL acknowledges.
 *
 * A window of PEN_SEQS_WINDOW numbers as a bitmap: below `floor` all is settled (came, or was
 * called lost), from `top` on nothing came yet, between them holes are still awaited. A packet
 * below the floor that had not come is late: it was called lost, and its bytes are as good as any.
 * The caller drops a number at or beyond its grant before it comes here, and grants at most a
 * window beyond the floor. Counters only rise. Zeroed by init; one thread; time is an argument.
 */
#ifndef PEN_FLOW_SEQS_H
#define PEN_FLOW_SEQS_H

#include "flow/loss.h"
#include "flow/marks.h"

/* Numbers that are remembered, and so the most packets in flight of a session: 1.8 Gb/s at 100 ms
 * with the small packets, 10 Gb/s with the large, in 2 KiB. A power of two. */
#define PEN_SEQS_WINDOW 16384u

enum pen_seqs_came {
	PEN_SEQS_NEW,
	PEN_SEQS_LATE, /* new, but already called lost */
	PEN_SEQS_DUPLICATE,
	PEN_SEQS_STRAY, /* so old that it cannot be told, or a window beyond the floor: refused */
	PEN_SEQS_CAMES,
};

struct pen_seqs {
	struct pen_loss loss;
	uint64_t floor; /* all below is settled */
	uint64_t seen; /* the highest number that came, and one */
	uint64_t top; /* the highest number that came or was given up, and one */
	uint64_t given; /* below this all was given up once: what comes of it was not reordered */
	uint64_t count[PEN_SEQS_CAMES]; /* packets by what became of them */
	uint64_t lost; /* packets called lost, less those that came late */
	uint32_t above; /* packets that came between floor and top */
	struct pen_marks marks; /* of top */
	uint64_t bits[PEN_SEQS_WINDOW / 64]; /* by number modulo the window: it came */
};

/* The first number of a session is 0. */
void pen_seqs_init(struct pen_seqs *seqs);

/* The number whose low 32 bits were on the wire: the one nearest to top. */
uint64_t pen_seqs_expand(const struct pen_seqs *seqs, uint32_t low);

/* How many numbers from `seq` on are new for certain, as nothing came of them or behind them: up to
 * a window beyond the floor. */
static inline uint64_t pen_seqs_fresh(const struct pen_seqs *seqs, uint64_t seq)
{
	uint64_t end = seqs->floor + PEN_SEQS_WINDOW;
	return seq >= seqs->top && seq < end ? end - seq : 0;
}

/* `count` packets from `seq` on came: one, or as many as are fresh, of which all are
 * PEN_SEQS_NEW. */
enum pen_seqs_came pen_seqs_add(
	struct pen_seqs *seqs, uint64_t seq, uint32_t count, int64_t now_ns);

/* Call lost what must be, and raise the floor. Returns how many were. */
uint32_t pen_seqs_settle(struct pen_seqs *seqs, int64_t srtt_ns, int64_t now_ns);

/*
 * Nothing came for a whole timeout: all below `granted` that has not come is lost, also what never
 * was seen to leave. Returns how many were; at most a window beyond the floor.
 */
uint32_t pen_seqs_give_up(struct pen_seqs *seqs, uint64_t granted);

/* Packets that are settled or came: granted - this is in flight, or was not sent. */
uint64_t pen_seqs_done(const struct pen_seqs *seqs);

/* Did `seq` come? Within the window below top; false outside. */
bool pen_seqs_has(const struct pen_seqs *seqs, uint64_t seq);

/* The same of 64 numbers from `first` on, a multiple of 64: bit i is of first + i. */
uint64_t pen_seqs_word(const struct pen_seqs *seqs, uint64_t first);

/* When the oldest gap is due to be called lost, or was; INT64_MAX without a gap. */
int64_t pen_seqs_due_ns(const struct pen_seqs *seqs, int64_t srtt_ns);

#endif
