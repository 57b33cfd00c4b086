#include "fetch/stream.h"

#include "base/check.h"

#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S INT64_C(1000000000)
#define KIB 1024u

void pen_stream_init(struct pen_stream *stream, const struct pen_rtt *rtt,
	const struct pen_rate_config *config, int64_t now_ns)
{
	*stream = (struct pen_stream){.rtt = *rtt, .came_ns = now_ns, .calm_ns = now_ns};
	pen_rate_init(&stream->rate, config, now_ns);
	pen_seqs_init(&stream->seqs);
	pen_proof_init(&stream->proof);
	pen_feedback_init(&stream->feedback, now_ns);
}

/* Packets that were granted and are not settled: in flight, or not sent yet. */
static uint64_t in_flight(const struct pen_stream *stream)
{
	uint64_t done = pen_seqs_done(&stream->seqs);
	return stream->granted > done ? stream->granted - done : 0;
}

/* The first packet of a run may bring back our own stamp, the last brings the newest of the
 * server's. */
static void take_stamps(struct pen_stream *stream, const struct pen_run *run, int64_t now_ns)
{
	const struct pen_wire_data *first = pen_run_data(run, 0),
				   *last = pen_run_data(run, run->count - 1);
	if (first->flags & PEN_WIRE_DATA_ECHO)
		pen_rtt_sample(&stream->rtt, pen_rtt_age_ns(first->time_us, now_ns), now_ns);
	if (last->flags & PEN_WIRE_DATA_ECHO)
		return;
	stream->echo_any = true;
	stream->echo_us = last->time_us;
	stream->echo_ns = now_ns;
}

uint64_t pen_stream_fresh(const struct pen_stream *stream, const struct pen_wire_data *data)
{
	uint64_t seq = pen_seqs_expand(&stream->seqs, data->seq);
	uint64_t fresh = pen_seqs_fresh(&stream->seqs, seq);
	uint64_t granted = seq < stream->granted ? stream->granted - seq : 0;
	return fresh < granted ? fresh : granted;
}

enum pen_stream_came pen_stream_data(
	struct pen_stream *stream, const struct pen_run *run, int64_t now_ns)
{
	const struct pen_wire_data *data = pen_run_data(run, 0);
	PEN_CHECK(pen_run_bytes(run) >= PEN_WIRE_HEAD_BYTES);
	PEN_CHECK(run->count == 1 || run->count <= pen_stream_fresh(stream, data));
	uint64_t seq = pen_seqs_expand(&stream->seqs, data->seq);
	if (seq >= stream->granted) {
		stream->beyond++;
		return PEN_STREAM_REFUSED;
	}
	enum pen_seqs_came came = pen_seqs_add(&stream->seqs, seq, run->count, now_ns);
	if (came == PEN_SEQS_STRAY)
		return PEN_STREAM_REFUSED;
	if (came == PEN_SEQS_DUPLICATE)
		return PEN_STREAM_AGAIN;
	for (uint32_t i = 0; i < run->count; i++)
		pen_proof_note(&stream->proof, seq + i, pen_run_data(run, i)->token);
	take_stamps(stream, run, now_ns);
	bool last = data->flags & PEN_WIRE_DATA_LAST;
	pen_feedback_came(&stream->feedback, run->count, last && seq + 1 == stream->granted);
	stream->report.packets += run->count;
	stream->report.bytes += (uint64_t)run->count * pen_run_bytes(run);
	stream->came_ns = now_ns;
	return PEN_STREAM_NEW;
}

int64_t pen_stream_patience_ns(const struct pen_stream *stream)
{
	return pen_rtt_timeout_ns(&stream->rtt) + 2 * stream->run_ns;
}

/* Packets that may be in flight by window and credit. */
static uint64_t bound_of(const struct pen_stream *stream, const struct pen_stream_want *want)
{
	PEN_CHECK(want->packet_bytes > PEN_WIRE_HEAD_BYTES);
	uint64_t window = pen_rate_window(&stream->rate, &stream->rtt) / want->packet_bytes +
		PEN_STREAM_SLACK_PACKETS;
	uint64_t share = want->share / want->packet_bytes;
	return window < share ? window : share;
}

/* What follows from pace, share and the size of packets: divisions that no packet has to wait for.
 */
static void reckon(struct pen_stream *stream, const struct pen_stream_want *want)
{
	PEN_CHECK(stream->rate.pace > 0);
	uint64_t run = PEN_STREAM_RUN_PACKETS * (uint64_t)want->packet_bytes;
	stream->run_ns = (int64_t)(run * (uint64_t)NS_PER_S / stream->rate.pace);
	stream->bound = bound_of(stream, want);
}

void pen_stream_watch(struct pen_stream *stream, const struct pen_stream_want *want, int64_t now_ns)
{
	reckon(stream, want);
	/* Nothing wanted, or nothing that could be granted: silence is what was asked for. */
	bool waiting = want->packets > 0 && (in_flight(stream) > 0 || want->share > 0);
	if (waiting && !stream->waiting)
		stream->came_ns = now_ns;
	stream->waiting = waiting;
}

bool pen_stream_tick(struct pen_stream *stream, const struct pen_stream_want *want, int64_t now_ns)
{
	uint32_t lost = pen_seqs_settle(&stream->seqs, stream->rtt.srtt_ns, now_ns);
	stream->losses += lost;
	stream->report.lost += lost;
	pen_stream_watch(stream, want, now_ns);
	if (!stream->waiting || now_ns - stream->came_ns < pen_stream_patience_ns(stream))
		return false;
	/* One silence may be a lost PULL; two in a row are a path that carries nothing. */
	if (in_flight(stream) && stream->rtt.doublings > 0) {
		pen_rate_timeout(&stream->rate, now_ns);
		stream->report = (struct pen_rate_report){0};
	}
	stream->losses += pen_seqs_give_up(&stream->seqs,
		stream->granted > stream->seqs.top ? stream->granted : stream->seqs.top);
	stream->came_ns = now_ns;
	stream->forced = true;
	stream->silences++;
	reckon(stream, want);
	return true;
}

/* The grant of a PULL that would leave now. */
static uint64_t next_grant(const struct pen_stream *stream, const struct pen_stream_want *want)
{
	uint64_t most_now = stream->bound < want->packets ? stream->bound : want->packets;
	uint64_t grant = pen_seqs_done(&stream->seqs) + most_now;
	/* A server that was held back goes on where it stopped, however often all was given up: its
	 * next packet must still be told from an ancient one. */
	uint64_t settled = stream->seqs.floor < stream->seqs.seen ? stream->seqs.floor
								  : stream->seqs.seen;
	uint64_t most = settled + PEN_SEQS_WINDOW;
	grant = grant < most ? grant : most;
	return grant > stream->granted ? grant : stream->granted;
}

static struct pen_feedback_need need_of(
	const struct pen_stream *stream, const struct pen_stream_want *want)
{
	return (struct pen_feedback_need){
		.more = want->packets > 0 && next_grant(stream, want) > stream->granted,
		.srtt_ns = stream->rtt.srtt_ns,
		.missing = want->packets > 0,
		.bytes = stream->report.bytes,
	};
}

bool pen_stream_due(
	const struct pen_stream *stream, const struct pen_stream_want *want, int64_t now_ns)
{
	struct pen_feedback_need need = need_of(stream, want);
	if (stream->forced || (need.more && in_flight(stream) == 0))
		return true;
	need.repair = want->repair_ns <= now_ns;
	return pen_feedback_due(&stream->feedback, &need, now_ns) != PEN_FEEDBACK_NOT;
}

static int64_t sooner(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int64_t pen_stream_due_ns(const struct pen_stream *stream, const struct pen_stream_want *want)
{
	struct pen_feedback_need need = need_of(stream, want);
	if (stream->forced || (need.more && in_flight(stream) == 0))
		return stream->came_ns;
	int64_t due = pen_feedback_due_ns(&stream->feedback, &need);
	if (want->repair_ns < INT64_MAX) {
		need.repair = true;
		int64_t at = pen_feedback_due_ns(&stream->feedback, &need);
		due = sooner(due, at > want->repair_ns ? at : want->repair_ns);
	}
	due = sooner(due, pen_seqs_due_ns(&stream->seqs, stream->rtt.srtt_ns));
	if (stream->waiting)
		due = sooner(due, stream->came_ns + pen_stream_patience_ns(stream));
	return due;
}

/* Losses that the server can have seen: of packets below `seen`, and never fewer than before. */
static uint64_t lost_so_far(const struct pen_stream *stream)
{
	const struct pen_seqs *seqs = &stream->seqs;
	uint64_t came = seqs->count[PEN_SEQS_NEW] + seqs->count[PEN_SEQS_LATE];
	PEN_CHECK(came <= seqs->seen);
	uint64_t lost = seqs->seen - came < seqs->lost ? seqs->seen - came : seqs->lost;
	return lost > stream->lost_said ? lost : stream->lost_said;
}

static uint16_t lease_ms(const struct pen_stream *stream)
{
	int64_t lease = PEN_STREAM_LEASE_TIMEOUTS * pen_stream_patience_ns(stream) / NS_PER_MS;
	PEN_CHECK(lease > 0);
	return lease < UINT16_MAX ? (uint16_t)lease : UINT16_MAX;
}

/* Tell the rate what came; it was held back if less than its window could be in flight. */
static void report(struct pen_stream *stream, const struct pen_stream_want *want, int64_t now_ns)
{
	uint64_t window = pen_rate_window(&stream->rate, &stream->rtt);
	uint64_t wanted = (uint64_t)want->packets * want->packet_bytes;
	stream->report.limited = want->share < window || wanted < window;
	uint64_t flying = in_flight(stream);
	stream->report.flying = (flying < want->packets ? flying : want->packets) *
		(uint64_t)want->packet_bytes;
	pen_rate_report(&stream->rate, &stream->report, &stream->rtt, now_ns);
	stream->report = (struct pen_rate_report){0};
}

/* After a second in which no packet came late the loss thresholds go down again. */
static void calm(struct pen_stream *stream, int64_t now_ns)
{
	if (now_ns - stream->calm_ns < NS_PER_S)
		return;
	if (stream->calm_spurious == stream->seqs.loss.spurious)
		pen_loss_calm(&stream->seqs.loss);
	stream->calm_spurious = stream->seqs.loss.spurious;
	stream->calm_ns = now_ns;
}

size_t pen_stream_pull(struct pen_stream *stream, const struct pen_stream_want *want,
	const struct pen_stream_gaps *gaps, int64_t now_ns, uint8_t *body)
{
	PEN_CHECK(gaps->count <= PEN_STREAM_GAPS_MAX);
	/* The gaps were looked for with the timeout that has passed; the next one is longer. */
	if (stream->forced)
		pen_rtt_expired(&stream->rtt);
	struct pen_proof_set proof;
	calm(stream, now_ns);
	report(stream, want, now_ns);
	reckon(stream, want);
	pen_proof_make(&stream->proof, &stream->seqs, &proof);
	stream->granted = next_grant(stream, want);
	stream->lost_said = lost_so_far(stream);
	uint64_t pace = stream->rate.pace / KIB;
	int64_t held = now_ns - stream->echo_ns;
	struct pen_wire_pull pull = {
		.grant = stream->granted,
		.seen = stream->seqs.seen,
		.lost = stream->lost_said,
		.pace = pace < UINT32_MAX ? (uint32_t)pace : UINT32_MAX,
		.time_us = pen_rtt_stamp(now_ns),
		.echo_us = stream->echo_any ? stream->echo_us : 0,
		.echo_held_us = stream->echo_any ? pen_rtt_stamp(held) : 0,
		.proof = proof.sum,
		.lease_ms = lease_ms(stream),
	};
	struct pen_wire_pull_parts parts = {
		.proof_first = proof.first,
		.proof = proof.bits,
		.proof_words = proof.words,
		.gaps = gaps->gaps,
		.gap_count = gaps->count,
	};
	pen_proof_sent(&stream->proof, &stream->seqs);
	pen_feedback_sent(&stream->feedback, now_ns);
	stream->forced = false;
	return pen_wire_pull_encode(&pull, &parts, body);
}

uint64_t pen_stream_useful(const struct pen_stream *stream, const struct pen_stream_want *want)
{
	struct pen_stream_want free = *want;
	free.share = UINT64_MAX;
	uint64_t bound = bound_of(stream, &free);
	return (bound < want->packets ? bound : want->packets) * want->packet_bytes;
}

struct pen_recv_view pen_stream_view(const struct pen_stream *stream, int64_t now_ns)
{
	return (struct pen_recv_view){
		.loss = &stream->seqs.loss,
		.srtt_ns = stream->rtt.srtt_ns,
		.timeout_ns = pen_stream_patience_ns(stream),
		.now_ns = now_ns,
	};
}
