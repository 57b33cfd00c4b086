/*
 * guest: all that a server keeps of one session: who it is (peer/session.h), what it is being sent,
 * and what it may be sent.
 *
 * What may leave is the least of: the grant of the newest PULL, while its lease lasts; what the
 * receipts allow; the pace of the PULL, or the brake's limit if that is lower. Nothing here has a
 * timer: a PULL that comes changes what may leave, time only ever lets more of it go.
 * Everything is in the struct, at most PEN_SESSION_BYTES_MAX. One thread; time is an argument.
 */
#ifndef PEN_SERVE_GUEST_H
#define PEN_SERVE_GUEST_H

#include "flow/pacer.h"
#include "peer/session.h"
#include "serve/brake.h"
#include "serve/receipt.h"
#include "serve/sendings.h"
#include "wire/decode.h"

/* Packets that leave in one go: a run that a device sends in one call (mem/frame.h), and at most
 * what fits the buffer of a kernel's send (64). */
#define PEN_GUEST_RUN_MIN 16u
#define PEN_GUEST_RUN_MAX 64u
/* What a paced session may save up: so long a time's worth, or a run. */
#define PEN_GUEST_BURST_NS INT64_C(2000000)
/* One that had to wait for its pace goes on when it may send so long a time's worth, or a long run,
 * and a run that has begun may be so long: at a high pace runs are long, and turns few. Less than a
 * short run at 1 Gb/s. */
#define PEN_GUEST_QUANTUM_NS INT64_C(125000)

struct pen_guest {
	bool open; /* the place is taken (serve/guests.h, as the next two) */
	bool waiting; /* the place is on the list of those who wait */
	bool locating; /* a slot's piece has still to be found */
	bool echo; /* the next DATA brings pulled_us back */
	uint32_t next_free; /* place, while not open */
	bool attested; /* an ATTEST was answered with a digest, at attested_ns */
	uint32_t pulled_us; /* time_us of the newest PULL */
	int64_t pulled_ns; /* when it came */
	int64_t lease_ns; /* when its grant ends */
	int64_t attested_ns;
	uint64_t grant; /* packets with lower numbers may be sent */
	uint64_t pace; /* bytes a second that the receiver wants at most; 0: any */
	struct pen_pacer pacer;
	struct pen_brake brake;
	struct pen_receipt receipt;
	struct pen_session session;
	struct pen_sendings slots;
};
static_assert(sizeof(struct pen_guest) <= PEN_SESSION_BYTES_MAX, "4 KiB a session");

/* Why nothing may leave. */
enum pen_guest_stop {
	PEN_GUEST_GO, /* something may */
	PEN_GUEST_GRANT, /* the grant is used up, its lease is over, or nothing is proved: only a
			    PULL helps */
	PEN_GUEST_PACE, /* too soon */
};

/* A session begins: sets all but guest->session, which is the greeter's, and what is the table's.
 */
void pen_guest_init(struct pen_guest *guest, const struct pen_prf_key *tokens, int64_t now_ns);

/* A PULL came, decoded. False: its proof is wrong once too often, the session ends. */
bool pen_guest_pull(struct pen_guest *guest, const struct pen_wire_pulled *pulled, int64_t now_ns);

/* The client moved to another address, where nothing is proved. */
void pen_guest_move(struct pen_guest *guest);

/* How many packets of a slot of this size may leave now, in *packets: at least 1 if it says GO, at
 * most what a device sends in one call (mem/frame.h), PEN_GUEST_RUN_MAX. */
enum pen_guest_stop pen_guest_may(
	struct pen_guest *guest, enum pen_wire_size size, int64_t now_ns, unsigned *packets);

/* When PEN_GUEST_PACE ends. */
int64_t pen_guest_due_ns(struct pen_guest *guest, int64_t now_ns);

/* What a packet of a slot of this size counts for. */
static inline uint32_t pen_guest_packet_bytes(enum pen_wire_size size)
{
	return PEN_WIRE_HEAD_BYTES + pen_wire_size_bytes(size);
}

/* Microseconds as DATA carries them; never 0, which means "none". */
static inline uint32_t pen_guest_us(int64_t now_ns)
{
	uint32_t us = (uint32_t)(now_ns / 1000);
	return us ? us : 1;
}

#endif
