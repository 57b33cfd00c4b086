/*
 * plan: which part is fetched from where, when, and when to give up. Decides and never does: time
 * and events come in, the next action goes out, so every rule can be tested as a table.
 *
 * The rules. A part is asked of one source at a time, of the one that failed it least, and among
 * these of the one with the lowest rank: one place that offers parts in two forms is two sources,
 * and the form with fewer bytes ranks first. Every
 * source may fail a part `tries` times, with 1 s, 2 s, 4 s ... between; "not there", "not allowed"
 * and bytes that fail their proof are its last word on that part. A part is lost when every source
 * has said its last word. A source that sent PEN_PLAN_BAD_MAX bad parts is left aside. A source
 * that fails two gets in a row gets no new part while one that it failed waits for its turn, so a
 * dead server costs a few tries, not a few for each part; once a part has used all its tries
 * there, it gets none. A get without progress for `stall_ns` is cancelled and counts as a
 * failure; when all gets are quiet for that long and no other source is left to ask, all is over.
 * Lost parts do not stop the others, unless there are PEN_PLAN_LOST_MAX of them.
 *
 * A part may turn out larger than what an ordinary one is allowed (PEN_ELARGE). That is no failure;
 * the source is asked for it once more, alone: when nothing else flies or is held, and with all
 * the memory there is. Other sources are asked first, so that one that sends without end costs the
 * others nothing. A part that must go alone goes before any that comes after it. PEN_ELARGE of one
 * that is alone is the source's last word, and counts as a bad part.
 *
 * A source may be absent at first: it is not asked, but no part is lost before it is known whether
 * it joins or leaves.
 *
 * One thread. The order of events is the caller's; every START is answered by one ended(), and
 * every ended() that returned success by one applied(), bad() or dropped().
 */
#ifndef PEN_FETCH_PLAN_H
#define PEN_FETCH_PLAN_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "fetch/trouble.h"
#include "part/id.h"

/* Sources of one sync: more than a user types, each in two forms. */
#define PEN_SOURCES_MAX 32u
/* Gets in flight: what one origin takes at once. */
#define PEN_CONNECTIONS_MAX 64u
/* Tries per part and source: with doubling waits the tenth comes after half a minute a time. */
#define PEN_TRIES_MAX 100u
/* Bad parts until a source is left aside: one may be bad luck on its disk, three are not. */
#define PEN_PLAN_BAD_MAX 3u
/* Lost parts until the rest is not begun: this run cannot end well, and each costs requests. */
#define PEN_PLAN_LOST_MAX 64u
/* First wait after a failure, and the longest, also when a server asks for more. */
#define PEN_BACKOFF_NS_MIN INT64_C(1000000000)
#define PEN_BACKOFF_NS_MAX INT64_C(60000000000)

#define PEN_PART_NONE UINT32_MAX

enum pen_part_state {
	PEN_PART_MISSING, /* to be fetched, now or after a wait */
	PEN_PART_FLYING, /* a get is under way */
	PEN_PART_HELD, /* its bytes are here, not yet applied */
	PEN_PART_APPLIED, /* in the sink, for good */
	PEN_PART_LOST, /* no source is left for it */
	PEN_PART_STATES,
};

/* What one source said about one part. */
struct pen_plan_try {
	int64_t next_ns; /* not again before */
	int32_t said; /* last failure, 0 for none */
	uint8_t tries; /* failures so far */
	bool final; /* it will not be asked again */
	bool large; /* beyond an ordinary allowance: to be asked again alone */
};

struct pen_plan_source {
	unsigned flying; /* gets under way */
	unsigned failures; /* gets that failed in a row */
	unsigned retrying; /* parts it failed that wait for another try with it */
	unsigned bad; /* parts that failed their proof */
	uint32_t parts; /* fetched from it */
	int64_t hold_ns; /* it asked to be left alone until then */
	int64_t doubt_ns; /* no new part before, while it is in doubt */
	int said; /* its last failure, and the sentence */
	struct pen_why why;
	bool dead; /* a part used up its tries while nothing else worked: no new parts */
	bool aside; /* too many bad parts, or it has left */
	bool absent; /* it may still join or leave */
};

/* A get under way. */
struct pen_flight {
	uint32_t part;
	unsigned source;
	int64_t byte_ns; /* when it last moved on, or began */
	bool cancelled; /* told the caller so, for the stall */
};

struct pen_plan_config {
	uint32_t parts; /* N, at most PEN_PARTS_MAX */
	unsigned sources; /* 1..PEN_SOURCES_MAX */
	unsigned tries; /* 1..PEN_TRIES_MAX, per part and source */
	unsigned connections; /* 1..PEN_CONNECTIONS_MAX gets in flight */
	int64_t stall_ns; /* > 0 */
	const uint8_t *applied; /* bit k & 7 of byte k >> 3: part k needs no fetching; or NULL */
	uint8_t ranks[PEN_SOURCES_MAX]; /* of each source; lower is asked first */
	/* Bit k & 7 of byte k >> 3: for part k the higher rank comes first. NULL: for none. */
	const uint8_t *reversed;
	/* NULL: always. False: not this part of this source now, as it may come in another way; no
	 * part is lost for that. Asked often: cheap. */
	bool (*may)(void *context, uint32_t part, unsigned source);
	void *context;
	uint32_t lost_max; /* lost parts until the rest is not begun; 0: PEN_PLAN_LOST_MAX */
};

struct pen_plan {
	struct pen_plan_config config;
	struct pen_buf states; /* uint8_t a part: enum pen_part_state */
	struct pen_buf attempts; /* struct pen_plan_try, sources of part 0, of part 1, ... */
	struct pen_plan_source source[PEN_SOURCES_MAX];
	struct pen_flight flights[PEN_CONNECTIONS_MAX];
	unsigned flights_count;
	struct pen_troubles troubles; /* of parts that wait or are lost */
	uint32_t low; /* all parts below are applied or lost */
	uint32_t alone; /* the part that flies or is held alone, PEN_PART_NONE if none */
	uint32_t count[PEN_PART_STATES]; /* parts in each state */
	int code; /* the worst loss, by class: proof, stall, network, machine, not found */
	struct pen_why why; /* its sentence */
	bool stopping; /* nothing new is begun, gets under way are cancelled */
	int stop_code; /* why: outranks losses; 0 if not stopped */
	struct pen_why stop_why;
};

enum pen_plan_act {
	PEN_PLAN_START, /* begin the get of `part` from `source` */
	PEN_PLAN_CANCEL, /* give up the get of `part` from `source`; answer with ended() */
	PEN_PLAN_WAIT, /* nothing to do before until_ns or an event */
	PEN_PLAN_END, /* over: no get and no part is held; pen_plan_result says how */
};

struct pen_plan_action {
	enum pen_plan_act act;
	uint32_t part;
	unsigned source;
	bool alone; /* START: nothing else is under way, all memory is for this part */
	int64_t until_ns; /* INT64_MAX: only an event helps */
};

/* How a get ended, or why a part is bad. `why` is borrowed for the call and names the source. */
struct pen_plan_event {
	uint32_t part;
	unsigned source;
	int result; /* 0, or as pen_origin_done and pen_task say; or PEN_ELARGE */
	int64_t retry_after_ns;
	const struct pen_why *why;
};

/* Why a run does not move on, for progress lines. */
struct pen_plan_stuck {
	uint32_t part; /* PEN_PART_NONE: it does */
	unsigned source; /* of the quietest get; unused with `trouble` */
	int64_t quiet_ns; /* since its last byte */
	const struct pen_trouble *trouble; /* the last words on a part that waits; borrowed */
};

/* Zeroes and fills *plan. 0 or -ENOMEM. */
int pen_plan_init(struct pen_plan *plan, const struct pen_plan_config *config);

/* Give the memory back; zeroed is fine. It is not to be used again. */
void pen_plan_fini(struct pen_plan *plan);

/* This source may still join; before the first pen_plan_next. */
void pen_plan_absent(struct pen_plan *plan, unsigned source);

/* An absent source takes part from now on. */
void pen_plan_join(struct pen_plan *plan, unsigned source);

/* An absent source does not take part, for this reason; `why` is copied. */
void pen_plan_leave(struct pen_plan *plan, unsigned source, int code, const struct pen_why *why);

/*
 * What to do now. START and CANCEL take effect in the plan at once: call again until WAIT or END.
 * `may_start` false keeps gets from being begun (no buffer is free).
 */
struct pen_plan_action pen_plan_next(struct pen_plan *plan, bool may_start, int64_t now_ns);

/* Bytes came for the get of this part, enough to count as a step forward. */
void pen_plan_progress(struct pen_plan *plan, uint32_t part, int64_t now_ns);

/* The get of a part ended. After a 0 the part is held. -ECANCELED as answer to CANCEL is a stall.
 */
void pen_plan_ended(struct pen_plan *plan, const struct pen_plan_event *event, int64_t now_ns);

/* A held part is in the sink. */
void pen_plan_applied(struct pen_plan *plan, uint32_t part);

/* A held part failed its proof: the source has had its say, others are asked. */
void pen_plan_bad(struct pen_plan *plan, const struct pen_plan_event *event);

/* A held part, not fetched alone, is larger than an ordinary one may be: its source is asked again,
 * alone. */
void pen_plan_large(struct pen_plan *plan, uint32_t part, unsigned source);

/* A held part was neither applied nor bad: the run is stopping. It is missing again. */
void pen_plan_dropped(struct pen_plan *plan, uint32_t part);

/* A part that is neither under way nor held came in another way: it needs no fetching. */
void pen_plan_taken(struct pen_plan *plan, uint32_t part);

/* Is a part under way here, or held? */
bool pen_plan_has(const struct pen_plan *plan, uint32_t part);

/* Might one of these sources (bit s: source s) still deliver a part, now or later? */
bool pen_plan_hopes(const struct pen_plan *plan, uint32_t part, uint32_t sources, int64_t now_ns);

/* Begin nothing more and cancel what flies, because of `code`; the first call counts. */
void pen_plan_stop(struct pen_plan *plan, int code, const struct pen_why *why);

/* After END: 0 if all parts are applied, else the code and sentence of what ended it. */
int pen_plan_result(const struct pen_plan *plan, struct pen_why *why);

/* The get that is quiet for longest, or the first part that waits after a failure. */
void pen_plan_stuck(const struct pen_plan *plan, int64_t now_ns, struct pen_plan_stuck *out);

#endif
