/*
 * stream: the flow of DATA of one session, as its receiver steers it: what came, how much more may
 * come, how fast, what to say in the next PULL and when.
 *
 * Decides and never does: packets and the time come in; that a PULL is due, and its body, come out.
 * It puts together the parts of flow/ and holds nothing of the pieces themselves (fetch/place.h):
 * those it is told of in a struct pen_stream_want, so that it can be tested with numbers alone.
 *
 * The grant is a total: packets that are settled (came, or were given up), and as many again as may
 * be in flight: by the rate's window, by the share of credit, by what is still missing. It never
 * falls. When nothing comes for a timeout although something is missing, all that is in flight
 * is given up, the timeout doubles, and a PULL goes out at once; from the second in a row on the
 * rate halves.
 *
 * One for each session; a new session (after a RESET) begins with a new stream, but the rate and
 * round trip of the path may be taken over. About 12 KiB, no other memory; one thread.
 */
#ifndef PEN_FETCH_STREAM_H
#define PEN_FETCH_STREAM_H

#include "fetch/run.h"
#include "flow/feedback.h"
#include "flow/proof.h"
#include "flow/rate.h"
#include "flow/recv.h"
#include "flow/rtt.h"
#include "flow/seqs.h"
#include "wire/encode.h"

/* Packets granted beyond the window, so that the stream goes on between two PULLs of 256. The pace,
 * not the grant, is what keeps a queue short. */
#define PEN_STREAM_SLACK_PACKETS (2 * PEN_FEEDBACK_PACKETS_MAX)
/* Gaps of one PULL, each of a whole piece: so many fit beside the longest proof. */
#define PEN_STREAM_GAPS_MAX 7u
/* Packets that a server sends side by side (a device takes such a run in one call), so that at a
 * slow pace nothing comes for as long as a run takes: that is no silence. */
#define PEN_STREAM_RUN_PACKETS 16u
/* A lease is for so many timeouts: the same after which credit lapses. */
#define PEN_STREAM_LEASE_TIMEOUTS 3

struct pen_stream {
	struct pen_rtt rtt;
	struct pen_rate rate;
	struct pen_seqs seqs;
	struct pen_proofs proof;
	struct pen_feedback feedback;
	struct pen_rate_report report; /* since the last PULL */
	uint64_t granted; /* of the last PULL: packets in all */
	uint64_t lost_said; /* in the last PULL: only rises */
	uint64_t beyond; /* packets beyond the grant: dropped */
	uint64_t silences; /* timeouts in which nothing came */
	uint64_t losses; /* packets called lost, ever: some may have come late */
	int64_t came_ns; /* when the last packet came, or the stream was waited for anew */
	int64_t calm_ns; /* when the loss thresholds were last lowered */
	uint64_t calm_spurious; /* packets that had come late by then */
	int64_t run_ns; /* between two runs at the pace */
	uint64_t bound; /* packets that may be in flight by window and credit, however many are
			   wanted; this and run_ns as of the last tick, watch or PULL */
	bool waiting; /* something is missing: silence means something */
	bool forced; /* a timeout has passed: the next PULL goes at once */
	bool echo_any; /* the next two are set */
	uint32_t echo_us; /* stamp of the newest DATA that was the server's own */
	int64_t echo_ns; /* when that came */
};

/* What the session's places want, all together. */
struct pen_stream_want {
	uint32_t packets; /* that are missing, in flight or not */
	uint32_t packet_bytes; /* of the largest, header and payload */
	uint64_t share; /* bytes that may be in flight, by credit */
	int64_t repair_ns; /* when something is to be asked for again; INT64_MAX: nothing */
};

/* What became of a packet's number. */
enum pen_stream_came {
	PEN_STREAM_NEW,
	PEN_STREAM_AGAIN, /* a duplicate on the way */
	PEN_STREAM_REFUSED, /* beyond the grant, or too old: to be dropped */
};

/* Begin. `rtt` (of the handshake, or of an earlier session) and `config` are borrowed. */
void pen_stream_init(struct pen_stream *stream, const struct pen_rtt *rtt,
	const struct pen_rate_config *config, int64_t now_ns);

/* How many packets from this one on would be fresh here, and granted: several make a run. */
uint64_t pen_stream_fresh(const struct pen_stream *stream, const struct pen_wire_data *data);

/*
 * DATA packets with good checks: one, or a run of as many as are fresh. The payload is to be looked
 * at unless it was refused; what is new here may still be a duplicate there.
 */
enum pen_stream_came pen_stream_data(
	struct pen_stream *stream, const struct pen_run *run, int64_t now_ns);

/* How long nothing may come while something is due: a timeout of the path, and two runs, as
 * one may be late. */
int64_t pen_stream_patience_ns(const struct pen_stream *stream);

/* Something else is wanted from now on, or another share may be used (not: packets that came). */
void pen_stream_watch(
	struct pen_stream *stream, const struct pen_stream_want *want, int64_t now_ns);

/* Let time pass: gaps become losses, silence becomes a timeout; watches too. Returns true when a
 * timeout has just passed in which nothing came. */
bool pen_stream_tick(struct pen_stream *stream, const struct pen_stream_want *want, int64_t now_ns);

/* Is a PULL due? As of the last watch, but for packets, repairs and time. */
bool pen_stream_due(
	const struct pen_stream *stream, const struct pen_stream_want *want, int64_t now_ns);

/* When to tick again, at the latest, if nothing comes; INT64_MAX: no time will change anything.
 * Cheap enough for each packet. */
int64_t pen_stream_due_ns(const struct pen_stream *stream, const struct pen_stream_want *want);

/* What the places ask for again: `count` of them, at most PEN_STREAM_GAPS_MAX, borrowed. */
struct pen_stream_gaps {
	const struct pen_wire_gap *gaps;
	uint32_t count;
};

/* Write the body of a PULL that leaves now, to `body` (PEN_WIRE_BODY_BYTES_MAX); all gaps stand in
 * it. Returns its bytes. */
size_t pen_stream_pull(struct pen_stream *stream, const struct pen_stream_want *want,
	const struct pen_stream_gaps *gaps, int64_t now_ns, uint8_t *body);

/* Bytes that could be in flight if credit did not bound them: what to claim of it. */
uint64_t pen_stream_useful(const struct pen_stream *stream, const struct pen_stream_want *want);

/* How the places should judge gaps now; borrows from the stream. */
struct pen_recv_view pen_stream_view(const struct pen_stream *stream, int64_t now_ns);

#endif
