/*
 * fetch: one state's parts, or one raw object, from servers of our protocol (radio), and from
 * directories and HTTP servers (mirror), to where they belong (depot): a store (stash), or of a
 * sync a database (vault).
 *
 *     supply: what the sources offer -> docket: parts and forms
 *     radios -> catch ------\
 *     mirror: plan, pull ----> workshop: prove, put -> docket
 *     of a raw object: radio -> catch_raw, catch_side, catch_web --> workshop
 *
 * Who fetches a part: whoever begins it first. A radio begins a part when it is there in a form in
 * which it is to come; once anything of it is on its way the mirror may not, and the other way
 * round. A radio that has been silent for FETCH_SILENT_NS leaves what it has begun to the mirror,
 * if there is one.
 *
 * A raw object comes by radio, and as soon as its digests are proved from directories and web
 * servers as well, block by block (catch_side.h). Where there are no digests, because the radio has
 * been silent for FETCH_NOBODY_NS or there is none, it comes from these alone (catch_web.h).
 *
 * The loop is one thread: it moves packets and bytes, and never waits for a proof or a disk.
 */
#ifndef PEN_TOOLS_FETCH_H
#define PEN_TOOLS_FETCH_H

#include "catch_side.h"
#include "catch_web.h"
#include "core/budget.h"
#include "mirror.h"

/* Silence of a radio until others may have its parts. */
#define FETCH_SILENT_NS (3 * PEN_NS_PER_S)
/* Silence until we say why: what nobody has, and who is gone. */
#define FETCH_NOBODY_NS (5 * PEN_NS_PER_S)
/* How long what all is here for waits until a server has said whether it lied. */
#define FETCH_VERDICT_NS (2 * PEN_NS_PER_S)
/* Parts that come by radio at a time, as far as memory is concerned. */
#define FETCH_FLIGHTS 4u
/* Bytes of the sentence that says what a larger part would need. */
#define FETCH_LIMIT_BYTES 160u

struct fetch_ask {
	const char *const *words; /* sources */
	unsigned words_count; /* 1 to SUPPLY_WORDS_MAX */
	struct pen_hash root;
	uint32_t n; /* 0: as the sources say */
	bool raw; /* the root is that of a raw object */
	unsigned forms; /* bit i: parts may come in form i; of several, what is smaller */
	const char *parts; /* a choice (set.h), or NULL: all */
	const char *store; /* parts go into this store; or NULL: */
	struct depot *depot; /* parts go there; no raw object does; borrowed until close */
	const struct pen_labels *labels; /* or NULL */
	const char *cacert; /* or NULL */
	unsigned jobs, connections, tries;
	int64_t stall_ns;
	uint64_t memory_bytes;
	uint64_t rate; /* bytes a second; 0: no cap */
	bool one_n; /* as the supply's */
	bool busy; /* never sleep */
	bool quiet, debug;
	const char *verb; /* "fetch": who speaks on stderr */
};

/* Figures of a source, for the report. */
struct fetch_source {
	const char *word;
	uint64_t bytes; /* of pieces and parts that came from it */
	uint32_t parts; /* whole ones; 0 of a server of our protocol */
	uint32_t bad; /* parts and pieces that failed their proof */
	bool liar, aside; /* it lied and was banned; what came from it was too bad */
	int code; /* why it is out, or its last failure; 0 */
	const char *why; /* a sentence, or "" */
};

/* Zeroed is closed. Fields are to be read. */
struct fetch {
	struct fetch_ask ask;
	struct stash stash;
	struct depot *depot; /* where parts go */
	struct identity identity;
	struct supply supply;
	bool peers, origins; /* which sorts of sources there are */
	uint32_t n;
	struct docket docket;
	uint32_t kept; /* parts that were here before */
	struct pen_budget budget;
	char limit[FETCH_LIMIT_BYTES];
	struct workshop workshop;
	struct radios radios;
	struct catch catch;
	struct catch_sources sources; /* of a raw object, from elsewhere */
	struct catch_raw object; /* by radio */
	struct catch_side side; /* the same, from elsewhere beside that */
	struct catch_web web; /* the same, from elsewhere alone */
	struct mirror mirror;
	struct nap nap;
	int64_t swept_ns; /* when it was last looked who may fetch what */
	int64_t done_ns; /* when all was here; 0: it is not */
};

/*
 * Open the store, ask the sources, and find out what is missing. 0: fetch_next will fetch it; 1:
 * there is nothing to do; or a code with a sentence. fetch_close is due either way.
 */
int fetch_open(struct fetch *fetch, const struct fetch_ask *ask, struct pen_why *why);

/*
 * Turn once, and sleep until there may be something to do, at most a fifth of a second. 0: go on;
 * 1: all is here; or a code with a sentence. `stop`: begin nothing more, and end with
 * PEN_EINTERRUPTED when workers are done.
 */
int fetch_next(struct fetch *fetch, bool stop, struct pen_why *why);

/* Zeroed is fine. */
void fetch_close(struct fetch *fetch);

/* Bytes of payload and bodies that came so far. */
uint64_t fetch_bytes(const struct fetch *fetch);

/* Servers of our protocol that answer. */
unsigned fetch_ready(const struct fetch *fetch);

/* Figures of source i < ask.words_count. */
void fetch_source(const struct fetch *fetch, unsigned i, struct fetch_source *out);

#endif
