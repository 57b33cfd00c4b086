/*
 * server: one server as its client sees it: the session, the stream, the places that it fills, what
 * it was asked and has not answered yet.
 *
 *     CALLING -> READY <-> SILENT -> ... -> GONE
 *
 * READY: it has a session and answers. SILENT: nothing came for PEN_SERVER_SILENCES timeouts in a
 * row although something was due; it gets nothing new, is called beside its session, and is READY
 * again when DATA comes, or anything once it has no place to fill: then it has one, until DATA
 * comes. GONE: for good; the visit says why.
 *
 * Questions are repeated until they are answered, after a timeout of the path, twice as long each
 * time: nothing here counts on one packet. State of fetch/client.h; the functions here decide, and
 * touch nothing but the server. One thread; time is an argument.
 */
#ifndef PEN_FETCH_SERVER_H
#define PEN_FETCH_SERVER_H

#include "fetch/doubts.h"
#include "fetch/hauls.h"
#include "fetch/sizes.h"
#include "fetch/stream.h"
#include "flow/past.h"
#include "peer/visit.h"

/* Timeouts in a row without a sign of life until a server counts as silent; as for credit. */
#define PEN_SERVER_SILENCES 3u
/* Packets at the end of a piece that are asked for again after the first silence; more only after
 * the second, since the first may be a slow server's. */
#define PEN_SERVER_TAIL_PACKETS 64u
/* How long a place whose turn it is gets no packet of a larger size until the size is given up:
 * timeouts, and at least so long, since a disk may be slow too; but where hosts are busy, so that
 * timeouts are long, not much longer: what came stays, so a mistake costs a question. */
#define PEN_SERVER_STUCK_TIMEOUTS 3
#define PEN_SERVER_STUCK_NS_MIN INT64_C(200000000)
#define PEN_SERVER_STUCK_NS_MAX INT64_C(500000000)
/* Closed slots of which the server may not know yet; those beyond are told when it sends more. */
#define PEN_SERVER_CLOSES_MAX 32u
/* How long what a server has is believed before it is asked again, if something is missing. */
#define PEN_SERVER_NEWS_NS INT64_C(2000000000)
/* Windows of the largest state. */
#define PEN_SERVER_WINDOWS (PEN_WIRE_PARTS_MAX / PEN_WIRE_WINDOW_PARTS)

enum pen_server_state {
	PEN_SERVER_ABSENT, /* no such server */
	PEN_SERVER_CALLING,
	PEN_SERVER_READY,
	PEN_SERVER_SILENT,
	PEN_SERVER_GONE,
	PEN_SERVER_STATES,
};

/* Why a server is GONE although it may be there. */
enum pen_server_fault {
	PEN_SERVER_NO_FAULT, /* it left, or never answered: visit.why says more */
	PEN_SERVER_LIED, /* it attested bytes that fail their proof: banned */
	PEN_SERVER_SPOILT, /* what comes from it is not what it holds: left aside, not banned; it
			      stays said when it is called again */
};

/* A question that is repeated until answered. Zeroed: not asked. */
struct pen_server_question {
	bool open; /* asked, or to be asked, and not answered */
	unsigned times; /* asked so far */
	int64_t next_ns; /* to be asked (again) then */
};

struct pen_server_close {
	uint32_t slot;
	uint64_t nonce;
	struct pen_server_question question;
};

struct pen_server {
	enum pen_server_state state;
	struct pen_net_path path;
	struct pen_visit visit;
	struct pen_stream stream;
	struct pen_past past; /* of the streams before it */
	struct pen_sizes sizes;
	unsigned silences; /* timeouts in a row */
	int64_t heard_ns; /* when anything of the session came */
	int64_t busy_ns; /* no new slots before: it said so */
	unsigned refusals; /* slots that it was too busy for, since it opened one */
	int64_t due_ns; /* when it is to have a turn, or earlier: fetch/stir.h */
	bool room; /* it could be given another slot, as of its last turn */
	uint64_t share; /* bytes of credit */
	struct pen_stream_want want; /* as of its last turn, less what came since */
	unsigned places; /* open at it, oldest first: */
	uint8_t place[PEN_WIRE_SLOTS_MAX]; /* indices in the client's table */
	struct pen_server_question opens; /* of its places that are ASKED */
	struct pen_server_question window[PEN_SERVER_WINDOWS];
	int64_t news_ns[PEN_SERVER_WINDOWS]; /* when the window is to be asked for anew */
	struct pen_server_question catalog;
	uint32_t catalog_part; /* that it is asked for */
	bool garbled; /* some answer in this session was none: another is not waited for in hope */
	uint64_t object_bytes; /* of the raw object, as it says; 0: it has not said, or what it said
				  since shows that it has not got it */
	int64_t moved_ns; /* when it was said all again since we had moved; 0: never */
	unsigned closes;
	struct pen_server_close close[PEN_SERVER_CLOSES_MAX];
	uint64_t pieces, bytes; /* whole ones that came from it, and their bytes */
	uint64_t harmed; /* packets whose check or sum was wrong */
	uint64_t strays; /* of closed slots, or not as they should be */
	uint32_t bad; /* pieces that failed their proof */
	uint32_t bad_before; /* as of its last turn in which it was not held (fetch/blame.h) */
	enum pen_server_fault fault;
	unsigned asides; /* times it was left aside */
	int64_t aside_ns; /* if it is: when to see whether it is called again (fetch/blame.h) */
	uint64_t aside_placed; /* packets that the client had placed when that was seen last */
	struct pen_inquiry inquiry; /* about one of them, or about a part */
	struct pen_inquiry_record record;
	struct pen_piece asked; /* what the inquiry is about */
	bool counts; /* it is a part, or the first of the pieces that failed together: what comes of
			it says how good the path is */
	struct pen_doubts doubts; /* what it is to be asked about next */
	bool held; /* a first one is open or waits: until it is answered it is given only what
		      nobody else could send */
};

/* Ask (again) when it is due: true, and the next time is set. */
bool pen_server_ask(struct pen_server_question *question, int64_t timeout_ns, int64_t now_ns);

/* Begin to ask, if it is not being asked. */
void pen_server_begin(struct pen_server_question *question, int64_t now_ns);

/* A new session: stream and questions start anew; closed slots are forgotten there. What is known
 * of the path's sizes stays. */
void pen_server_opened(struct pen_server *server, const struct pen_rate_config *rate,
	enum pen_wire_size most, int64_t now_ns);

/* Anything of the session came; while it has places to fill, only `data` is a sign of life. */
void pen_server_heard(struct pen_server *server, bool data, int64_t now_ns);

/* A place was opened at it. */
void pen_server_place(struct pen_server *server, unsigned place);

/* A place of it is closed; if another becomes the oldest, it is waited for from now on. */
void pen_server_displace(
	struct pen_server *server, struct pen_place *places, unsigned place, int64_t now_ns);

/* It may be the oldest place's turn, which is opened or has become the oldest: if it has only a
 * trial, behind which nothing comes that shows its end, that ends a timeout from now. */
void pen_server_turn(const struct pen_server *server, struct pen_place *places, int64_t now_ns);

/* The first packet of this place came: those before it were sent before it (flow/recv.h). */
void pen_server_pass(
	const struct pen_server *server, struct pen_place *places, unsigned place, int64_t now_ns);

/* The server is to be told that a slot is closed. */
void pen_server_shut(struct pen_server *server, uint32_t slot, uint64_t nonce, int64_t now_ns);

/* The server has closed it: no need to say so again. */
void pen_server_shut_done(struct pen_server *server, uint32_t slot);

/* Packets to be granted for a place: what is missing, and what the server may send before that,
 * because it begins anew, or was asked twice. */
static inline uint32_t pen_server_packets(const struct pen_place *place)
{
	uint32_t twice = place->recv.asked < PEN_SERVER_TAIL_PACKETS ? place->recv.asked
								     : PEN_SERVER_TAIL_PACKETS;
	uint32_t left = pen_place_left(place);
	return left ? left + place->recv.ahead + twice : 0;
}

/* What its places want, all together. */
struct pen_stream_want pen_server_want(
	const struct pen_server *server, const struct pen_place *places, int64_t now_ns);

/* Up to `max` gaps for a PULL, the oldest place first; `bits` holds them. The places count as
 * asked.
 */
unsigned pen_server_gaps(const struct pen_server *server, struct pen_place *places, int64_t now_ns,
	struct pen_wire_gap *gaps, uint64_t (*bits)[PEN_RECV_WORDS], unsigned max);

/* The place whose trial ends by now, or UINT_MAX; and when it does, or INT64_MAX. */
unsigned pen_server_tried(
	const struct pen_server *server, const struct pen_place *places, int64_t now_ns);
int64_t pen_server_tried_ns(const struct pen_server *server, const struct pen_place *places);

/* Of the places, the one that a black hole swallows: it is its turn, and nothing came of it for too
 * long. UINT_MAX if there is none; and when there could be one, or INT64_MAX. */
unsigned pen_server_stuck(
	const struct pen_server *server, const struct pen_place *places, int64_t now_ns);
int64_t pen_server_stuck_ns(const struct pen_server *server, const struct pen_place *places);

#endif
