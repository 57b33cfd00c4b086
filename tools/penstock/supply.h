/*
 * supply: the sources of one sync: opened, asked what they offer, and agreed on one N. A source
 * that cannot take part is left out with a line on stderr, as long as another one can. One that
 * is slow to answer holds up nobody: it joins when it has. One thread, but for the asking itself.
 */
#ifndef PEN_TOOLS_SUPPLY_H
#define PEN_TOOLS_SUPPLY_H

#include "fetch/hauls.h"
#include "supply_query.h"

/* How long others are waited for once a source has answered usefully: long enough that healthy
 * sources agree on the same N in every run. */
#define SUPPLY_GRACE_NS INT64_C(1000000000)

/* Words that a user types for origins; each may be a source in two forms. */
#define SUPPLY_ORIGINS_MAX (PEN_SOURCES_MAX / 2)
/* Words in all: servers of our protocol are no sources of the plan. */
#define SUPPLY_WORDS_MAX (SUPPLY_ORIGINS_MAX + PEN_HAUL_PEERS)

struct supply_ask {
	const char *const *words; /* as the user gave them */
	unsigned count; /* 1..SUPPLY_WORDS_MAX */
	unsigned forms; /* bit i: parts in form i are taken; lean ones first */
	struct pen_origin_options options; /* for all of them */
	const struct pen_identity *identity; /* of who asks servers of our protocol; NULL: such a
						word is none. For open only */
	bool one_n; /* sources that offer different numbers of parts are refused, not chosen from */
	unsigned tries;
	int64_t stall_ns;
	bool (*stop)(void);
};

/* Zeroed is closed. */
struct supply {
	struct supply_ask ask;
	struct pen_hash root;
	struct supply_query *queries; /* one a word */
	_Atomic bool quit; /* whoever still waits for an answer gives up */
	struct pen_source sources[PEN_SOURCES_MAX]; /* those that take part, or may join later */
	unsigned count; /* of them */
	uint8_t ranks[PEN_SOURCES_MAX]; /* of these, for the plan */
	struct pen_buf reversed; /* the same: parts that are smaller in nearcore form */
	uint32_t absent; /* bit i: sources[i] has not answered yet */
	uint32_t asked_n; /* what the user said; 0: nothing */
	uint32_t n; /* what was agreed on */
};

/* Open every source. 0, or the first error: a word that is none must not go unnoticed. */
int supply_open(struct supply *supply, const struct supply_ask *ask, struct pen_why *why);

/* Ends what is still being asked. Nothing may use the origins any more. */
void supply_close(struct supply *supply);

/*
 * Find the state at the sources, all of them asked at once. *n is the number of parts, or 0: then
 * it is chosen (locate.h) among what has been answered SUPPLY_GRACE_NS after the first useful
 * answer. Who answers later may join. 0 and supply->sources; PEN_EUSAGE if N must be given;
 * PEN_EREFUSED if the state cannot have so many; else the gravest of what the sources said (not
 * found if they have other N).
 */
int supply_locate(
	struct supply *supply, const struct pen_hash *root, uint32_t *n, struct pen_why *why);

/* For supply_locate: what supply->n is, if the user has not said it, as those say that were `seen`;
 * 0 if they say nothing. 0, or PEN_EUSAGE if it must be given. (supply_n.c) */
int supply_agree(struct supply *supply, struct pen_why *why);

/* Is this word a server of our protocol? How many of these words are? (supply_words.c) */
bool supply_is_peer(const char *word);
unsigned supply_count_peers(const char *const *words, unsigned count);

/* Are there more words of a sort than one sync can have? 0, or PEN_EUSAGE with a sentence. */
int supply_count_check(const char *const *words, unsigned count, struct pen_why *why);

/* The share of each web server in `rate` bytes a second: they know nothing of each other. */
uint64_t supply_web_rate(const char *const *words, unsigned count, uint64_t rate);

/* The servers of our protocol, in the order of their words: as many as there is room for. Returns
 * how many there are. */
unsigned supply_peers(const struct supply *supply, struct endpoint *ends, unsigned max);

/* Has a source that was located parts in this form? */
bool supply_has_form(const struct supply *supply, enum pen_form form);

/* Labels that a source of the plan knows, or the i-th server of our protocol; NULL if it has said
 * none. They stay until close. */
const struct pen_labels *supply_labels(const struct supply *supply, unsigned source);
const struct pen_labels *supply_peer_labels(const struct supply *supply, unsigned peer);

/* Let sources that have answered meanwhile join the plan, or leave it; never blocks. */
void supply_turn(struct supply *supply, struct pen_plan *plan);

#endif
