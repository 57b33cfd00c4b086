/*
 * wire: every byte of the protocol. With this file alone a stranger can write a peer.
 *
 * One UDP payload is one packet: a header of 32 bytes, then a body. Integers are little endian,
 * bitmaps have bit i in byte i >> 3 at 1 << (i & 7), bytes named zero are zero and bits without a
 * name are clear: a receiver drops what breaks that, and what is longer or shorter than it says.
 * Times on the wire are durations, or stamps of the sender's clock that only come back to it.
 *
 * A *client* asks, a *server* answers; one process can be both. Types below 0x80 go to servers, the
 * others to clients, and each side drops the rest unanswered: no reply ever causes a reply.
 * Packets from or to port 0, multicast or broadcast, or from an address of our own are dropped.
 *
 * OPENING A SESSION. The client chooses a random number for itself and an X25519 key for this one
 * session, and repeats a packet until its answer comes; the server keeps no timer.
 *
 *     client                                    server
 *     HELLO, no cookie    ------------------->  keeps nothing
 *                         <-------------------  COOKIE: MAC(its secret, address, HELLO)
 *     HELLO with cookie,  ------------------->  address proved, key of the client proved;
 *       signed                                  the same HELLO again gets the same WELCOME
 *                         <-------------------  WELCOME, signed, and MAC under the new keys
 *     OPEN, PULL          ------------------->  session confirmed by their MAC
 *
 *   T = SHA-256(the signed HELLO, all its bytes | WELCOME up to its signature, tag zero). WELCOME
 *   is signed over "penstock welcome" | T, so what was changed on the way, versions too, is seen;
 *   HELLO over "penstock hello" | its bytes up to the signature. Ed25519, RFC 8032. X =
 *   X25519(own, other), RFC 7748; all zero ends it. HKDF-SHA-256 (RFC 5869), salt T, key X, info
 *   "penstock keys", gives 32 bytes key of packets to the server, 32 of packets to the client,
 *   8 seed of the check of DATA, 16 mask of the reset token. A cookie that is no good is answered
 *   like none. BUSY may come instead of WELCOME; it only makes the client wait.
 *
 * Every packet of a session but DATA and RESET has a tag: the first 8 bytes of HMAC-SHA-256 of
 * header (tag zero) and body under the key of its direction. Its counter is 1, 2, ... for each
 * direction, never used twice. A receiver takes a counter once, and none 64 below the highest; a
 * PULL must be newer than any other PULL. Sessions are found by number, never by address.
 *
 * WHAT THERE IS. LIST finds states by root or by label; WANT and HAVE tell which parts of one
 * (root, N, form), in windows of 8,192; CATALOG names and measures them. One question, one answer.
 *
 * A TRANSFER. What travels are *pieces* of at most 1 MiB: struct pen_wire_object. A *slot* is one
 * piece on its way, with a number that the client chose and a nonce that strangers must guess.
 *
 *     OPEN slots           ------------------->
 *                          <-------------------  OPENED: bytes of each piece, or why not
 *     PULL grant           ------------------->
 *                          <-------------------  DATA seq 0, 1, ... up to the grant, slot by slot
 *     PULL more, missing   ------------------->
 *                          <-------------------  DATA: what is missing, then on
 *     OPEN, close          ------------------->
 *
 *   OPEN is repeated until OPENED came for each entry; opening the same slot with the same nonce
 *   again changes nothing. PULL may be sent at once. DATA, or OPENED, of a slot that the client has
 *   closed makes it say so again. seq counts the packets of a session, resends too, and is never
 *   used twice; its upper half is left out and follows from what came before.
 *   PULL is state, not an event: a later one heals a lost one, an older one is dropped. The grant
 *   is a total, so no credit is lost or given twice, and it lapses with its lease. Each
 *   PULL that names a missing packet has it sent once more, if it was sent before; so a packet is
 *   named once, and again only after a timeout: of the resent packet, or of a lost PULL.
 *
 * PROOF OF RECEIPT. token = PRF(a secret of the server, seq). A PULL proves a set of packets by the
 * XOR of their tokens; the set stands in it whole, so PULLs may be lost. Until the first proof on a
 * path at most 64 KiB go there; later, in each round trip, at most twice what was proved in the one
 * before, and 64 KiB. Two wrong proofs close the session.
 *
 * MOVING. A packet of a session from a new address, with a good tag:
 *
 *     PULL from B          ------------------->
 *                          <-------------------  PATH_CHALLENGE to B; DATA still goes to A
 *     PATH_RESPONSE from B ------------------->  from now on to B, where nothing is proved yet
 *
 * FORGETTING. A server that does not know a session answers with RESET, whose token only it, or
 * its predecessor with the same store, can have made:
 *
 *     PULL                 ------------------->  (restarted)
 *                          <-------------------  RESET: MAC(key of the store, session)
 *     HELLO ...            ------------------->  as above; what was received is kept
 *
 *   A client that cannot verify the token keeps its session, and says HELLO beside it only when the
 *   session is silent. WELCOME with another key of the server is another server.
 *
 * BEFORE A BAN. ATTEST asks what a server holds of a piece, ATTESTED says it with a tag: bytes of
 * DATA alone prove nothing against anybody.
 *
 *     ATTEST               ------------------->  reads it
 *                          <-------------------  ATTESTED: digest
 *
 * ENDING. CLOSE and CLOSED, either side, never answered. After LEAVING, IDLE clients call again.
 */
#ifndef PEN_WIRE_WIRE_H
#define PEN_WIRE_WIRE_H

#include <assert.h>
#include <stdint.h>

#include "base/bits.h"

/* Little endian on the wire; base/bits.h sees to it that the CPU agrees. Structs are packed, so
 * they may lie anywhere and hold no gaps. */
typedef uint16_t pen_le16_t;
typedef uint32_t pen_le32_t;
typedef uint64_t pen_le64_t;
#define PEN_PACKED __attribute__((packed))

/* Of this file. May still mean something else tomorrow until a release is tagged. */
#define PEN_WIRE_VERSION 1u
#define PEN_WIRE_HEAD_BYTES 32u
/* A packet that is no DATA: fits every IPv6 path (1,280 less 40 and 8), so it always arrives. */
#define PEN_WIRE_PACKET_BYTES_MAX 1232u
#define PEN_WIRE_BODY_BYTES_MAX (PEN_WIRE_PACKET_BYTES_MAX - PEN_WIRE_HEAD_BYTES)
#define PEN_WIRE_FITS(body, count, each) \
	(sizeof(body) + (count) * sizeof(each) <= PEN_WIRE_BODY_BYTES_MAX)

/* What a packet costs beyond its UDP payload. */
#define PEN_WIRE_OVERHEAD_V4 28u
#define PEN_WIRE_OVERHEAD_V6 48u

/* Whether an answer is at most three times its cause, in bytes of the wire: what a stranger may
 * make us send elsewhere. IPv4 adds less, so it is the harder case when the answer is larger. */
#define PEN_WIRE_AMPLIFIES_LITTLE(cause, answer) \
	((answer) + PEN_WIRE_OVERHEAD_V4 <= 3 * ((cause) + PEN_WIRE_OVERHEAD_V4))

enum pen_wire_type {
	/* to servers */
	PEN_WIRE_HELLO = 0x01,
	PEN_WIRE_LIST = 0x02,
	PEN_WIRE_WANT = 0x03,
	PEN_WIRE_CATALOG = 0x04,
	PEN_WIRE_OPEN = 0x05,
	PEN_WIRE_PULL = 0x06,
	PEN_WIRE_PATH_RESPONSE = 0x07,
	PEN_WIRE_ATTEST = 0x08,
	PEN_WIRE_CLOSE = 0x09,
	PEN_WIRE_RECEIPT = 0x0a, /* reserved: signed bytes of a ledger; dropped */
	/* to clients */
	PEN_WIRE_DATA = 0x81,
	PEN_WIRE_COOKIE = 0x82,
	PEN_WIRE_WELCOME = 0x83,
	PEN_WIRE_BUSY = 0x84,
	PEN_WIRE_RESET = 0x85,
	PEN_WIRE_LISTED = 0x86,
	PEN_WIRE_HAVE = 0x87,
	PEN_WIRE_ENTRIES = 0x88,
	PEN_WIRE_OPENED = 0x89,
	PEN_WIRE_PATH_CHALLENGE = 0x8a,
	PEN_WIRE_ATTESTED = 0x8b,
	PEN_WIRE_CLOSED = 0x8c,
	PEN_WIRE_ANNOUNCE = 0x8d, /* reserved: parts that came or went; dropped */
	PEN_WIRE_DELTA = 0x8e, /* reserved: parts as changes of an older root; dropped */
};
#define PEN_WIRE_TO_CLIENT 0x80u

/* The header of every packet but DATA. */
struct PEN_PACKED pen_wire_head {
	uint8_t type; /* enum pen_wire_type */
	uint8_t version; /* of the session; of HELLO and COOKIE: PEN_WIRE_VERSION */
	pen_le16_t body_bytes; /* what follows, all of it: 0 to PEN_WIRE_BODY_BYTES_MAX */
	pen_le32_t zero;
	pen_le64_t session; /* as the receiver chose; HELLO: 0; RESET: the unknown one */
	pen_le64_t counter; /* HELLO, COOKIE, WELCOME, BUSY without a session: 0; RESET: token */
	pen_le64_t tag; /* HELLO, COOKIE, BUSY without a session: 0; RESET: token, second half */
};
static_assert(sizeof(struct pen_wire_head) == PEN_WIRE_HEAD_BYTES, "the header's size");

/* ---- opening ---- */

#define PEN_WIRE_KEY_BYTES 32u /* X25519 and Ed25519, public or private */
#define PEN_WIRE_SIGNATURE_BYTES 64u
#define PEN_WIRE_RESET_BYTES 16u
/* Versions that one peer speaks: more would be a museum. */
#define PEN_WIRE_VERSIONS_MAX 8u
/* A cookie is good for so long: two round trips of the worst path, and a client that is stuck. */
#define PEN_WIRE_COOKIE_S 10u
/* A session in which nothing comes from the client is forgotten; clients that mean to keep an idle
 * one PULL four times as often. WELCOME says it; this is the longest. */
#define PEN_WIRE_IDLE_S_MAX 60u

enum pen_wire_peer_flags {
	PEN_WIRE_SUM_ABSENT_OK = 1 << 0, /* UDP checksums may be left out towards me */
};

/* Made by the server, opaque to the client, sent back as it came; all zero: none yet. */
struct PEN_PACKED pen_wire_cookie {
	pen_le32_t when_s; /* clock of the server */
	pen_le32_t zero;
	uint8_t mac[16];
};

/* Padded to the largest packet, so that the path is known to carry it. */
struct PEN_PACKED pen_wire_hello {
	pen_le64_t client; /* the client's number of this session, random, never 0 */
	uint8_t versions[PEN_WIRE_VERSIONS_MAX]; /* spoken, best first, then zeros; at least one */
	uint8_t flags; /* enum pen_wire_peer_flags */
	uint8_t size; /* largest enum pen_wire_size that may be tried towards the client */
	uint8_t zero[6];
	uint8_t ephemeral[PEN_WIRE_KEY_BYTES]; /* X25519, of this session alone */
	uint8_t key[PEN_WIRE_KEY_BYTES]; /* Ed25519: who the client is */
	struct pen_wire_cookie cookie;
	uint8_t signature[PEN_WIRE_SIGNATURE_BYTES]; /* by key; all zero when the cookie is */
	uint8_t padding[1024]; /* zeros */
};
#define PEN_WIRE_HELLO_BYTES (PEN_WIRE_HEAD_BYTES + sizeof(struct pen_wire_hello))
#define PEN_WIRE_HELLO_SIGNED_BYTES \
	(PEN_WIRE_HEAD_BYTES + offsetof(struct pen_wire_hello, signature))
static_assert(sizeof(struct pen_wire_hello) == PEN_WIRE_BODY_BYTES_MAX, "HELLO fills its packet");

/* Body of COOKIE is one pen_wire_cookie. */
#define PEN_WIRE_COOKIE_BYTES (PEN_WIRE_HEAD_BYTES + sizeof(struct pen_wire_cookie))
static_assert(PEN_WIRE_AMPLIFIES_LITTLE(PEN_WIRE_HELLO_BYTES, PEN_WIRE_COOKIE_BYTES), "cookie");

struct PEN_PACKED pen_wire_welcome {
	pen_le64_t session; /* the server's number of it, never 0; the top byte names its core */
	uint8_t version; /* the first of the client's that the server speaks */
	uint8_t flags; /* enum pen_wire_peer_flags */
	uint8_t size; /* largest enum pen_wire_size that the server sends */
	uint8_t slots; /* open at once: 1 to PEN_WIRE_SLOTS_MAX */
	pen_le16_t idle_s; /* 1 to PEN_WIRE_IDLE_S_MAX */
	pen_le16_t zero;
	uint8_t ephemeral[PEN_WIRE_KEY_BYTES];
	uint8_t key[PEN_WIRE_KEY_BYTES]; /* Ed25519: who the server is */
	uint8_t signature[PEN_WIRE_SIGNATURE_BYTES];
	uint8_t reset[PEN_WIRE_RESET_BYTES]; /* token of a RESET of this session, XOR the mask */
};
#define PEN_WIRE_WELCOME_BYTES (PEN_WIRE_HEAD_BYTES + sizeof(struct pen_wire_welcome))
#define PEN_WIRE_WELCOME_SIGNED_BYTES \
	(PEN_WIRE_HEAD_BYTES + offsetof(struct pen_wire_welcome, signature))
static_assert(sizeof(struct pen_wire_welcome) == 160, "no gaps");
static_assert(PEN_WIRE_AMPLIFIES_LITTLE(PEN_WIRE_HELLO_BYTES, PEN_WIRE_WELCOME_BYTES), "welcome");

/* No body. Smaller than any packet of a session, all of which have one, so it never grows. */
#define PEN_WIRE_RESET_PACKET_BYTES PEN_WIRE_HEAD_BYTES

enum pen_wire_busy_reason {
	PEN_WIRE_BUSY_HELLOS = 1, /* handshakes of this second, or of this prefix, are used up */
	PEN_WIRE_BUSY_SESSIONS = 2, /* all sessions are taken */
	PEN_WIRE_BUSY_DISK = 3, /* reads are queued for longer than is worth waiting */
	PEN_WIRE_BUSY_SHARE = 4, /* this peer, or its prefix, had its share */
	PEN_WIRE_BUSY_LEAVING = 5, /* the server is shutting down: go elsewhere */
	PEN_WIRE_BUSY_VERSION = 6, /* no version in common: one of us is too old */
};

/* Not now. In answer to a HELLO with a good cookie, or under the tag of a session. */
struct PEN_PACKED pen_wire_busy {
	pen_le32_t reason; /* enum pen_wire_busy_reason; a client takes any */
	pen_le32_t retry_ms; /* ask no sooner; a client believes at most a minute */
};
#define PEN_WIRE_BUSY_BYTES (PEN_WIRE_HEAD_BYTES + sizeof(struct pen_wire_busy))
static_assert(PEN_WIRE_AMPLIFIES_LITTLE(PEN_WIRE_HELLO_BYTES, PEN_WIRE_BUSY_BYTES), "busy");

enum pen_wire_close_reason {
	PEN_WIRE_CLOSE_DONE = 1, /* nothing more is wanted */
	PEN_WIRE_CLOSE_LEAVING = 2, /* the process ends */
	PEN_WIRE_CLOSE_PROOF = 3, /* two wrong proofs of receipt */
	PEN_WIRE_CLOSE_BROKEN = 4, /* packets with a good tag that make no sense */
	PEN_WIRE_CLOSE_BANNED = 5, /* you lied */
	PEN_WIRE_CLOSE_IDLE = 6, /* nothing came for the time of WELCOME */
};

/* Body of CLOSE and CLOSED. */
struct PEN_PACKED pen_wire_close {
	pen_le32_t reason; /* enum pen_wire_close_reason; a receiver takes any */
	pen_le32_t zero;
};
#define PEN_WIRE_CLOSE_BYTES (PEN_WIRE_HEAD_BYTES + sizeof(struct pen_wire_close))

/* Body of PATH_CHALLENGE, random, and of PATH_RESPONSE, the same again. */
struct PEN_PACKED pen_wire_path {
	uint8_t challenge[16];
};
#define PEN_WIRE_PATH_BYTES (PEN_WIRE_HEAD_BYTES + sizeof(struct pen_wire_path))
/* The smallest packet of a session may cause either, from a new address or after a restart. */
static_assert(PEN_WIRE_AMPLIFIES_LITTLE(PEN_WIRE_CLOSE_BYTES, PEN_WIRE_PATH_BYTES), "challenge");
static_assert(PEN_WIRE_RESET_PACKET_BYTES < PEN_WIRE_CLOSE_BYTES, "a reset is below its cause");

/* ---- what there is ---- */

/* Parts of one state: nearcore's largest has 1,324; the same bound everywhere in penstock. */
#define PEN_WIRE_PARTS_MAX 65536u
/* Parts of one window: its bitmap (1 KiB) fits a packet. */
#define PEN_WIRE_WINDOW_PARTS 8192u
#define PEN_WIRE_WINDOW_BYTES (PEN_WIRE_WINDOW_PARTS / 8)
/* What a piece is cut at, and the largest that travels in one slot: one block of memory. */
#define PEN_WIRE_PIECE_BYTES_MAX (1u << 20)

/* How a part's bytes are laid out. */
enum pen_wire_form {
	PEN_WIRE_FORM_RAW = 1, /* an opaque object under a Merkle root; N is 1, its part 0 */
	PEN_WIRE_FORM_NEARCORE = 2, /* nearcore's envelope */
	PEN_WIRE_FORM_LEAN = 3, /* pairs and proof, in frames */
};

/* Which bytes of a part or state are meant. */
enum pen_wire_kind {
	/* Of a part. raw, nearcore: `piece` counts blocks of 1 MiB of the stored bytes, `block` is
	 * 0. lean: piece 0 is all before the first frame, then the frames, cut into blocks. */
	PEN_WIRE_KIND_PIECE = 1,
	/* Of the state, in any form: the node of its root; part, piece and block 0. */
	PEN_WIRE_KIND_ROOT = 2,
	/* Of the state, in any form: nearcore's state header; part and piece 0. */
	PEN_WIRE_KIND_HEADER = 3,
	/* Of a part, piece 0. lean: the table of its frames. raw: the digests of its blocks, in
	 * pages of which `block` is the number: each proves itself (part/raw_page.h). */
	PEN_WIRE_KIND_TABLE = 4,
};
/* Blocks of one piece: 64 MiB, which bounds a header; a lean frame has at most five. */
#define PEN_WIRE_BLOCKS_MAX 64u

/* Which bytes: the address of a piece, or with piece and block 0 of an object. */
struct PEN_PACKED pen_wire_object {
	uint8_t root[32]; /* state root; raw: root of the tree over its blocks */
	pen_le32_t n; /* parts of the state: 1 to PEN_WIRE_PARTS_MAX */
	uint8_t form; /* enum pen_wire_form */
	uint8_t kind; /* enum pen_wire_kind */
	uint8_t block; /* of the piece, in MiB: 0 to PEN_WIRE_BLOCKS_MAX - 1 */
	uint8_t zero;
	pen_le32_t part; /* below n */
	pen_le32_t piece;
};
static_assert(sizeof(struct pen_wire_object) == 48, "no gaps");

/* Bytes of a label of a chain (store/layout.h). */
#define PEN_WIRE_CHAIN_BYTES_MAX 64u

enum pen_wire_filter {
	PEN_WIRE_BY_ROOT = 1 << 0,
	PEN_WIRE_BY_CHAIN = 1 << 1,
	PEN_WIRE_BY_EPOCH = 1 << 2, /* height */
	PEN_WIRE_BY_SHARD = 1 << 3,
	PEN_WIRE_BY_FORM = 1 << 4,
};

/* Which states are there that pass all filters named? Fields of filters that are not named are
 * zero. */
struct PEN_PACKED pen_wire_list {
	pen_le32_t from; /* of those that pass, leave out so many: 0, or `next` of an answer */
	uint8_t filters; /* enum pen_wire_filter */
	uint8_t form; /* enum pen_wire_form */
	uint8_t chain_bytes; /* of chain: 1 to 64 with BY_CHAIN */
	uint8_t zero;
	uint8_t root[32];
	pen_le64_t epoch_height;
	pen_le64_t shard; /* nearcore's ShardId */
	uint8_t chain[PEN_WIRE_CHAIN_BYTES_MAX]; /* [a-z0-9_-], then zeros */
};
static_assert(sizeof(struct pen_wire_list) == 120, "no gaps");

/* One (root, N, form) under one label: the same state appears once for each label. */
struct PEN_PACKED pen_wire_state {
	uint8_t root[32];
	uint8_t epoch_id[32];
	pen_le64_t epoch_height;
	pen_le64_t shard;
	pen_le64_t memory_usage; /* of the root; raw: bytes of the object */
	pen_le32_t n; /* 1 to PEN_WIRE_PARTS_MAX */
	pen_le32_t held; /* parts there: 1 to n */
	uint8_t form; /* enum pen_wire_form */
	uint8_t chain_bytes; /* 0: no label is known, its fields are zero */
	uint8_t zero[6];
	uint8_t chain[PEN_WIRE_CHAIN_BYTES_MAX]; /* then zeros */
};
static_assert(sizeof(struct pen_wire_state) == 168, "no gaps");

/* What fits a packet. */
#define PEN_WIRE_STATES_MAX 6u
/* `next` when nothing follows. */
#define PEN_WIRE_LIST_END UINT32_MAX

struct PEN_PACKED pen_wire_listed {
	pen_le32_t from; /* as asked */
	pen_le32_t next; /* ask again from there, or PEN_WIRE_LIST_END */
	pen_le32_t generation; /* changes when the list does: begin again */
	uint8_t count; /* 0 to PEN_WIRE_STATES_MAX */
	uint8_t zero[3];
	struct pen_wire_state states[];
};
static_assert(PEN_WIRE_FITS(struct pen_wire_listed, PEN_WIRE_STATES_MAX, struct pen_wire_state),
	"one packet");

enum pen_wire_window_flags {
	PEN_WIRE_WINDOW_CACHED = 1 << 0, /* only what can be sent without a disk */
	PEN_WIRE_WINDOW_ALL = 1 << 1, /* WANT: tell all parts of the window; no bitmap follows */
};

/*
 * WANT: which of these parts have you? The server keeps the last window of a session and may read
 * ahead for it. HAVE: these of them. A bitmap of all parts of the window follows, in whole bytes,
 * bits of parts beyond n clear; not behind a WANT with PEN_WIRE_WINDOW_ALL.
 */
struct PEN_PACKED pen_wire_window {
	uint8_t root[32];
	pen_le32_t n; /* 1 to PEN_WIRE_PARTS_MAX */
	pen_le32_t held; /* HAVE: parts of all n that are there, cached or not; WANT: 0 */
	pen_le16_t window; /* bit i is part 8192 * window + i, below n */
	uint8_t form; /* enum pen_wire_form */
	uint8_t flags; /* enum pen_wire_window_flags */
	pen_le32_t zero;
	uint8_t bits[];
};
static_assert(sizeof(struct pen_wire_window) == 48, "no gaps");
static_assert(sizeof(struct pen_wire_window) + PEN_WIRE_WINDOW_BYTES <= PEN_WIRE_BODY_BYTES_MAX,
	"a window fits a packet");

/* Which bytes a part has at this server. A part that is not there is all zeros. */
struct PEN_PACKED pen_wire_entry {
	uint8_t id[16]; /* SHA-256, cut: nearcore: stored bytes; lean: pen_lean_name; raw: root */
	pen_le64_t bytes; /* stored; 0: not there */
	pen_le32_t head_bytes; /* lean: of piece 0; else 0 */
	pen_le32_t pieces; /* nearcore, raw: bytes / 1 MiB, rounded up; lean: 1 and frames */
};
static_assert(sizeof(struct pen_wire_entry) == 32, "no gaps");
/* Entries of an answer: fills a packet but for a few bytes. */
#define PEN_WIRE_ENTRIES_MAX 32u

/* CATALOG asks for `count` parts from `first` on; ENTRIES repeats it with the entries behind. */
struct PEN_PACKED pen_wire_catalog {
	uint8_t root[32];
	pen_le32_t n; /* 1 to PEN_WIRE_PARTS_MAX */
	pen_le32_t first; /* part, below n */
	uint8_t form; /* enum pen_wire_form */
	uint8_t count; /* 1 to PEN_WIRE_ENTRIES_MAX, first + count <= n */
	uint8_t zero[6];
	struct pen_wire_entry entries[]; /* of ENTRIES */
};
static_assert(sizeof(struct pen_wire_catalog) == 48, "no gaps");
static_assert(PEN_WIRE_FITS(struct pen_wire_catalog, PEN_WIRE_ENTRIES_MAX, struct pen_wire_entry),
	"one packet");

/* ---- a transfer ---- */

/* Payload of the DATA packets of a slot, all but the last of a piece: chosen by the client. Each
 * with the header and 48 bytes of IPv6 and UDP: */
enum pen_wire_size {
	PEN_WIRE_SIZE_1200, /* 1,280: any IPv6 path; where a session begins */
	PEN_WIRE_SIZE_1328, /* 1,408: tunnels, clouds with 1,460 */
	PEN_WIRE_SIZE_1408, /* 1,488: Ethernet */
	PEN_WIRE_SIZE_3328, /* 3,408: AF_XDP on veth carries 3,506 */
	PEN_WIRE_SIZE_8192, /* 8,272: jumbo frames */
	PEN_WIRE_SIZES,
};

/* Packets of the largest piece at the smallest size. */
#define PEN_WIRE_SLOT_PACKETS_MAX ((PEN_WIRE_PIECE_BYTES_MAX + 1199) / 1200)
/* Slots that a session has open at once: 16 MiB, what 10 Gbit/s brings in 13 ms. */
#define PEN_WIRE_SLOTS_MAX 16u
/* Entries of an OPEN: all slots closed, and all opened again. */
#define PEN_WIRE_OPEN_MAX 32u

enum pen_wire_slot_do {
	PEN_WIRE_SLOT_OPEN = 1,
	PEN_WIRE_SLOT_CLOSE = 2, /* slot and nonce count, the rest is zero; unknown ones are fine */
};

struct PEN_PACKED pen_wire_slot {
	pen_le32_t slot; /* the client's number, one piece at a time in all its sessions */
	pen_le32_t part;
	pen_le64_t nonce; /* random for each piece */
	pen_le32_t piece;
	uint8_t kind; /* enum pen_wire_kind */
	uint8_t block;
	uint8_t size; /* enum pen_wire_size, not above WELCOME's and HELLO's */
	uint8_t act; /* enum pen_wire_slot_do */
	/* Not all of it: others only when a PULL names them. To try a size, or go on in another. */
	pen_le16_t first; /* index of the first packet that is wanted */
	pen_le16_t packets; /* wanted from there on, as far as there are; 0: to the end */
};
static_assert(sizeof(struct pen_wire_slot) == 28, "no gaps");

enum pen_wire_open_flags {
	PEN_WIRE_OPEN_CACHED = 1 << 0, /* only what can be sent without a disk */
};

/* Slots of one (root, N, form). */
struct PEN_PACKED pen_wire_open {
	uint8_t root[32];
	pen_le32_t n;
	uint8_t form; /* enum pen_wire_form */
	uint8_t flags; /* enum pen_wire_open_flags */
	uint8_t count; /* 1 to PEN_WIRE_OPEN_MAX */
	uint8_t zero;
	struct pen_wire_slot slots[];
};
static_assert(sizeof(struct pen_wire_open) == 40, "no gaps");
static_assert(
	PEN_WIRE_FITS(struct pen_wire_open, PEN_WIRE_OPEN_MAX, struct pen_wire_slot), "one packet");

enum pen_wire_slot_state {
	PEN_WIRE_SLOT_OPENED = 1,
	PEN_WIRE_SLOT_CLOSED = 2, /* as asked, or it was never there */
	PEN_WIRE_SLOT_NOT_HELD = 3, /* no such root, N, form, part, piece or block here */
	PEN_WIRE_SLOT_NOT_CACHED = 4, /* held, and PEN_WIRE_OPEN_CACHED was asked for */
	PEN_WIRE_SLOT_BUSY = 5, /* ask again after retry_ms, here or elsewhere */
	PEN_WIRE_SLOT_FULL = 6, /* as many are open as WELCOME allows */
	PEN_WIRE_SLOT_FAILED = 7, /* the server cannot read it */
};

struct PEN_PACKED pen_wire_slot_answer {
	pen_le32_t slot;
	pen_le32_t bytes; /* OPENED: of the piece, 1 to PEN_WIRE_PIECE_BYTES_MAX; else 0 */
	pen_le64_t nonce;
	pen_le32_t blocks; /* OPENED: of this piece in all, 1 to PEN_WIRE_BLOCKS_MAX; else 0 */
	uint8_t state; /* enum pen_wire_slot_state */
	uint8_t zero[3];
};
static_assert(sizeof(struct pen_wire_slot_answer) == 24, "no gaps");

/* Also sent unasked when a slot fails later. */
struct PEN_PACKED pen_wire_opened {
	uint8_t count; /* 1 to PEN_WIRE_OPEN_MAX */
	uint8_t zero[3];
	pen_le32_t retry_ms; /* of those that are BUSY */
	struct pen_wire_slot_answer slots[];
};
static_assert(PEN_WIRE_FITS(struct pen_wire_opened, PEN_WIRE_OPEN_MAX, struct pen_wire_slot_answer),
	"one packet");

/* Words of 64 packets that a PULL can prove: 2,048, twice what a server sends between two PULLs
 * of a receiver that is content with one in 1,024, so each packet can stand in two. */
#define PEN_WIRE_PROOF_WORDS_MAX 32u
/* Words of 64 packets that one section can name: a whole piece. */
#define PEN_WIRE_MISSING_WORDS_MAX ((PEN_WIRE_SLOT_PACKETS_MAX + 63) / 64)

/*
 * Then proof_words words of 8 bytes, a bitmap: bit i is seq proof_first + i. Then missing_count
 * sections, each a pen_wire_missing and its bitmap.
 */
struct PEN_PACKED pen_wire_pull {
	pen_le64_t grant; /* seq below it may be sent: the total of all packets, resends too */
	pen_le64_t seen; /* the highest seq that came, plus 1; 0: none yet */
	pen_le64_t lost; /* of those below seen, given up so far; only rises */
	pen_le32_t pace; /* KiB/s of UDP payload at most; 0: as fast as the server likes */
	pen_le32_t time_us; /* clock of the client; one DATA brings it back: PEN_WIRE_DATA_ECHO */
	pen_le32_t echo_us; /* time_us of the newest DATA without ECHO, 0 if none came ... */
	pen_le32_t echo_held_us; /* ... and how long ago that came */
	pen_le64_t proof_first; /* a multiple of 64; 0 without a proof */
	pen_le16_t proof; /* XOR of the tokens of all packets whose bit is set */
	pen_le16_t lease_ms; /* the grant ends so long after this came, at least 1 */
	uint8_t proof_words; /* 0 to PEN_WIRE_PROOF_WORDS_MAX; the last has a bit set */
	uint8_t missing_count; /* sections: 0 to PEN_WIRE_SLOTS_MAX */
	pen_le16_t zero;
	uint8_t behind[];
};
static_assert(sizeof(struct pen_wire_pull) == 56, "no gaps");

/* Packets of a slot to be sent again: bit i is index 64 * first_word + i; the first
 * and the last word have a bit set. */
struct PEN_PACKED pen_wire_missing {
	pen_le32_t slot;
	pen_le16_t first_word;
	pen_le16_t words; /* 1 and on, first_word + words <= PEN_WIRE_MISSING_WORDS_MAX */
	uint8_t bits[];
};
static_assert(sizeof(struct pen_wire_missing) == 8, "no gaps");
static_assert(sizeof(struct pen_wire_pull) + 8 * PEN_WIRE_PROOF_WORDS_MAX +
			7 * (sizeof(struct pen_wire_missing) + 8 * PEN_WIRE_MISSING_WORDS_MAX) <=
		PEN_WIRE_BODY_BYTES_MAX,
	"with the longest proof, seven whole pieces can be missing; the rest waits for the next");

enum pen_wire_data_flags {
	PEN_WIRE_DATA_LAST = 1 << 0, /* nothing follows under this grant: its seq is grant - 1 */
	/* time_us is that of the newest PULL plus what it waited at the server: now - time_us is a
	 * round trip. On the first DATA after each PULL. Elsewhere it is the server's own clock. */
	PEN_WIRE_DATA_ECHO = 1 << 1,
};

/*
 * A packet of a piece; the bytes of the piece from index * size on follow, `size` of them, or what
 * is left. Of the wrong length, for a closed slot, with another nonce, or with a seq beyond the
 * grant, or a wrong check: dropped and counted. Its session follows from the slot.
 */
struct PEN_PACKED pen_wire_data {
	uint8_t type; /* PEN_WIRE_DATA */
	uint8_t flags; /* enum pen_wire_data_flags */
	pen_le16_t token; /* PRF of seq, which only the server can make */
	pen_le32_t slot;
	pen_le64_t nonce;
	pen_le32_t index; /* of the packet in its piece */
	pen_le32_t seq; /* the lower half */
	pen_le32_t time_us;
	pen_le32_t check; /* lower half of XXH3-64 of the 28 bytes before, seeded by session */
};
static_assert(sizeof(struct pen_wire_data) == PEN_WIRE_HEAD_BYTES, "fixed for ever");

/* ---- before a ban ---- */

/* Body of ATTEST is one pen_wire_object. */
enum pen_wire_attested_state {
	PEN_WIRE_ATTESTED_HELD = 1,
	PEN_WIRE_ATTESTED_NOT_HELD = 2,
	PEN_WIRE_ATTESTED_BUSY = 3, /* asked too often: at most four a second are read */
};

struct PEN_PACKED pen_wire_attested {
	struct pen_wire_object object; /* as asked */
	uint8_t digest[32]; /* HELD: SHA-256 of this block of the piece; else zeros */
	pen_le32_t bytes; /* HELD: that were hashed; else 0 */
	uint8_t state; /* enum pen_wire_attested_state */
	uint8_t zero[3];
};
static_assert(sizeof(struct pen_wire_attested) == 88, "no gaps");

#endif
