/*
 * mirror: the half of a fetch that gets whole parts from directories and HTTP servers: the plan and
 * the pull of a sync (fetch/plan.h, fetch/pull.h), with workers that store what they prove.
 *
 * It shares the docket with the radios: it begins only what none of them has anything of, and what
 * it begins is taken from them. A source that sends nothing for MIRROR_SILENT_NS leaves what was
 * begun there to the radios that have it, and for a while gets nothing more that they have. One
 * thread, the loop's.
 */
#ifndef PEN_TOOLS_MIRROR_H
#define PEN_TOOLS_MIRROR_H

#include "catch.h"
#include "supply.h"

/* Silence of a get until a radio may have its part. */
#define MIRROR_SILENT_NS INT64_C(3000000000)
/* How long its source then gets only what no radio has. */
#define MIRROR_REST_NS INT64_C(10000000000)

/* All borrowed until close. */
struct mirror_ask {
	struct pen_hash root;
	uint32_t n;
	struct supply *supply; /* located */
	struct docket *docket;
	struct radios *radios;
	struct catch *catch;
	struct workshop *workshop;
	unsigned connections, slots; /* as of the pull */
	uint64_t part_bytes, alone_bytes; /* the same */
	const char *limit; /* the same */
	unsigned tries;
	int64_t stall_ns;
	const struct pen_wake *wake; /* ends a wait */
	bool told; /* it says on stderr when the get of a part begins */
};

/* Zeroed is closed. */
struct mirror {
	struct mirror_ask ask;
	struct pen_plan plan;
	struct pen_pull pull;
	struct errand *errands; /* one a slot */
	uint64_t bytes[PEN_SOURCES_MAX]; /* of whole parts, from each source */
	int64_t now_ns; /* of the turn under way */
	int64_t rest_ns[PEN_SOURCES_MAX]; /* each source rests until then */
	int64_t until_ns; /* when the plan has something to do again */
	bool over; /* it has nothing more to do */
	int err; /* what the machine said: the fetch is over */
	struct pen_why why;
};

/* 0 or -ENOMEM with a sentence. */
int mirror_open(struct mirror *mirror, const struct mirror_ask *ask, struct pen_why *why);

/* After the workshop was closed. Zeroed is fine. */
void mirror_close(struct mirror *mirror);

static inline bool mirror_is_open(const struct mirror *mirror)
{
	return mirror->pull.slots != NULL;
}

/* Do what can be done now, without blocking. */
void mirror_turn(struct mirror *mirror, int64_t now_ns);

/* Is this part under way here, or held? */
bool mirror_has(const struct mirror *mirror, uint32_t k);

/* A part is in the store, whoever brought it. */
void mirror_taken(struct mirror *mirror, uint32_t k);

/* May some source still deliver this part in a form in which it may come? */
bool mirror_hopes(const struct mirror *mirror, uint32_t k, int64_t now_ns);

/* Body bytes that came, of gets under way too. */
uint64_t mirror_bytes(const struct mirror *mirror);

#endif
