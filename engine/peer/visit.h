/*
 * visit: the client's side of a session with one server, from the first HELLO to the last CLOSED,
 * and over the server's restarts.
 *
 *     CALLING -> OPEN -> (RESET) CALLING -> ... -> OVER
 *
 * It calls until answered, and waits: first_ns, then twice as long each time, at most
 * PEN_VISIT_WAIT_NS_MAX; after `tries` waits in a row it is over. A longer wait repeats HELLO every
 * PEN_VISIT_REPEAT_NS, since one alone is lost too easily: five waits are sixteen HELLOs in at most
 * 5.75 s, of which all are lost once in 12 million where a fifth is lost each way, and a dead
 * address gets three a second. All gaps are up to a quarter shorter, by chance, so that those who
 * lost a server together do not call together. BUSY makes it wait, which is one of the tries. A
 * RESET with the right token starts a new handshake at once. So does CLOSED of a server that heard
 * nothing of us, since all that we said was lost, or that shuts down, since it may soon be back;
 * but when nothing came of PEN_VISIT_UNUSED_MAX such sessions in a row, it is over. Any other
 * RESET, and a session that the caller finds silent (pen_visit_doubt), starts one beside the
 * session, which goes on if it is alive after all. When a handshake ends, its session takes the
 * place of the old one: slots and counts of packets start anew, what was received stays. A server
 * whose key is not the one that was known is said with PEN_VISIT_STRANGER, and not used until the
 * caller agrees.
 *
 * Deciding only: what is to be sent comes out of poll and hear. No memory of its own; one thread;
 * time and randomness are arguments.
 */
#ifndef PEN_PEER_VISIT_H
#define PEN_PEER_VISIT_H

#include "base/draw.h"
#include "base/err.h"
#include "peer/agree.h"
#include "peer/packet.h"
#include "peer/reset.h"

/* The first wait when nothing is known of the path; the longest; between two HELLOs of a wait; and
 * between two handshakes out of doubt. */
#define PEN_VISIT_FIRST_NS INT64_C(250000000)
#define PEN_VISIT_WAIT_NS_MAX INT64_C(2000000000)
#define PEN_VISIT_REPEAT_NS INT64_C(400000000)
#define PEN_VISIT_DOUBT_NS INT64_C(1000000000)
/* A cookie is replaced by another only after so long without WELCOME: later than the answers to
 * HELLOs that were repeated before the first cookie came, on any path. */
#define PEN_VISIT_COOKIE_NS INT64_C(3000000000)
/* Sessions in a row of which nothing came but CLOSED. */
#define PEN_VISIT_UNUSED_MAX 3u
/* The longest that BUSY is believed. */
#define PEN_VISIT_BUSY_MS_MAX 60000u

struct pen_visit_config {
	struct pen_identity identity; /* who we are */
	uint8_t server_key[PEN_WIRE_KEY_BYTES]; /* who it was last time; all zero: not known */
	uint8_t size; /* largest enum pen_wire_size that may be tried towards us */
	bool sum_absent_ok; /* packets without a UDP checksum reach us */
	int64_t first_ns; /* first wait: a guess at three round trips; 0: PEN_VISIT_FIRST_NS */
	unsigned tries; /* waits without an answer until it is over; at least 1 */
};

enum pen_visit_state {
	PEN_VISIT_CALLING, /* no session yet, or none any more */
	PEN_VISIT_OPEN, /* there is a session; a handshake may go on beside it */
	PEN_VISIT_OVER, /* for good: `code` and `why` */
};

/* A handshake under way. */
struct pen_visit_call {
	bool active;
	bool admitted; /* a cookie is here, and HELLO is signed */
	unsigned hellos; /* sent since the last answer */
	unsigned waits; /* begun since then */
	unsigned left; /* HELLOs of this wait that are still to be sent */
	int64_t due_ns; /* when the next HELLO leaves, or it is over */
	int64_t wait_ns; /* how long this wait is; 0: none was begun */
	int64_t sent_ns; /* when the last left */
	int64_t admitted_ns; /* when the first cookie came */
	uint32_t busy; /* last reason of BUSY; 0: none */
	uint8_t ephemeral[PEN_KEYS_BYTES]; /* private */
	struct pen_wire_packet hello;
};

struct pen_visit {
	struct pen_visit_config config;
	enum pen_visit_state state;
	struct pen_visit_call call;
	struct pen_channel channel; /* OPEN */
	uint8_t token[PEN_WIRE_RESET_BYTES]; /* of a RESET of this session */
	uint8_t key[PEN_WIRE_KEY_BYTES]; /* the server's, proved */
	uint8_t size; /* largest enum pen_wire_size of the session */
	uint8_t slots; /* open at once, 1 to PEN_WIRE_SLOTS_MAX */
	bool sum_absent_ok; /* UDP checksums may be left out towards the server */
	uint16_t idle_s; /* PULL at least four times in so many seconds */
	int64_t rtt_ns; /* of the handshake; 0: not measured, since a HELLO was repeated */
	int64_t doubt_ns; /* no handshake out of doubt before */
	uint32_t sessions; /* opened so far: 2 and more after a restart */
	uint32_t resets, resets_forged; /* ever */
	unsigned unused; /* sessions of which nothing came but such a CLOSED, in a row */
	bool left; /* CALLING: the server said that it shuts down */
	int code; /* OVER: why */
	struct pen_why why;
};

enum pen_visit_heard {
	PEN_VISIT_DROP, /* nothing to do */
	PEN_VISIT_TAKE, /* of the session, new: decode it by its type */
	PEN_VISIT_ANSWER, /* send *answer back to where it came from */
	PEN_VISIT_OPENED, /* a session is there, a new one: open slots, PULL */
	PEN_VISIT_STRANGER, /* the same, but another server than was known: visit->key; PULLing
			       agrees to it, pen_visit_close refuses */
	PEN_VISIT_LOST, /* the server has the session no more; a new one is called for: poll */
	PEN_VISIT_ENDED, /* the server closed it, or this is no server for us: state is OVER */
};

/* Begin to call at now_ns. The config is copied. */
void pen_visit_init(struct pen_visit *visit, const struct pen_visit_config *config,
	struct pen_draw *draw, int64_t now_ns);

/* What is due at now_ns: *answer, to the server, or 0 bytes. */
void pen_visit_poll(struct pen_visit *visit, int64_t now_ns, struct pen_answer *answer);

/* When pen_visit_poll has something to do; INT64_MAX: only a packet helps. */
int64_t pen_visit_due_ns(const struct pen_visit *visit);

/* A packet came that is no DATA, of a type that goes to clients, from the server's address. */
enum pen_visit_heard pen_visit_hear(struct pen_visit *visit, const struct pen_packet *packet,
	struct pen_draw *draw, int64_t now_ns, struct pen_answer *answer);

/* Whether a packet with this header may be for this visit: by number, without looking at its tag.
 */
bool pen_visit_known(const struct pen_visit *visit, const struct pen_wire_head *head);

/* Nothing came of the session for a while: call beside it, once a second at most. */
void pen_visit_doubt(struct pen_visit *visit, struct pen_draw *draw, int64_t now_ns);

/* DATA of the session came, unharmed: it is alive, and what doubt began ends. */
void pen_visit_trust(struct pen_visit *visit);

/* End it: *answer is CLOSE if there is a session. It is OVER, with code 0 unless it was before. */
void pen_visit_close(
	struct pen_visit *visit, enum pen_wire_close_reason reason, struct pen_answer *answer);

#endif
