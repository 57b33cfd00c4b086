/*
 * locate: what a source offers of a state: into how many parts it is cut there, and under which
 * names they lie. What a source says is taken as a hint only: every part is proved later.
 *
 *   http(s)  GET root/R: our own front answers {root, memory_usage, of, forms}; parts lie under
 *            root/R/of/N/. Anything else is a plain web server: parts of any N, right there.
 *   dir      a directory with state_part_* or lean_part_* in it; else a store, whose directories
 * are searched for one with a part that is proved to be of this root.
 *   HOST:PORT  a server of our protocol: its list (locate_peer.h).
 */
#ifndef PEN_TOOLS_LOCATE_H
#define PEN_TOOLS_LOCATE_H

#include "fetch/pull.h"
#include "store/layout.h"

/* Different N of one state at one source; a front lists what people made. */
#define LOCATE_OFFERS_MAX 64u
/* Bytes of an answer about a root: 65,536 numbers would not fit, and nobody offers them. */
#define LOCATE_ANSWER_BYTES_MAX 65536u

/* The state cut into n parts, found under prefix and the names of store/layout.h. */
struct locate_offer {
	uint32_t n;
	unsigned forms; /* bit i: some part in form i */
	size_t smaller_at; /* in the offers' bits: its parts that are smaller in nearcore form, or
				there in no other */
	bool smaller; /* there are such bits; else lean form is smaller, or nobody says */
	char prefix[PEN_SOURCE_PREFIX_BYTES];
	bool labelled; /* the source says where it came from; nobody vouches for it: */
	struct pen_labels labels;
};

struct locate_offers {
	uint64_t memory_usage; /* as the source says, 0 if it does not */
	bool any; /* a plain web server: nobody knows which N it has */
	unsigned any_forms; /* the forms that such a one is asked for */
	bool any_labelled; /* its path says where it came from: */
	struct pen_labels any_labels;
	unsigned count;
	struct locate_offer list[LOCATE_OFFERS_MAX];
	struct pen_buf bits; /* bit k & 7 of byte k >> 3: part k, for each N in turn */
};

/* Give the memory back; zeroed is fine, and it is zeroed. */
void locate_offers_fini(struct locate_offers *offers);

struct locate_peer;

struct locate_ask {
	const char *word; /* the source, as the user gave it */
	struct pen_origin *origin; /* opened for it; or NULL: */
	const struct locate_peer *peer; /* a server of our protocol */
	uint32_t n; /* parts that are asked for; 0: of any number */
	const struct pen_hash *root;
	unsigned forms; /* bit i: form i is wanted; nothing else is offered */
	unsigned tries; /* of a get that the network fails, 1 s doubling between */
	int64_t stall_ns; /* no byte for so long: PEN_ESTALL */
	bool (*stop)(void *context); /* asked while waiting: give up with PEN_EINTERRUPTED */
	void *context;
};

/*
 * Ask one source; different sources in different threads, if need be. 0; PEN_ENOTFOUND: it has
 * nothing of this root; PEN_ENET, PEN_ESTALL, PEN_EINTERRUPTED, PEN_EINPUT (an answer that lies),
 * -errno; with a sentence that names it.
 */
int locate(const struct locate_ask *ask, struct locate_offers *out, struct pen_why *why);

/* The offer of n parts, made up for `any`; false if there is none. */
bool locate_find(const struct locate_offers *offers, uint32_t n, struct locate_offer *out);

/*
 * The N to take when the user leaves it open: nearcore's own if any source offers it, else the
 * smallest; 0 if no source names one.
 */
uint32_t locate_choose(const struct locate_offers *offers, unsigned sources);

/* Note which parts of offer i are smaller in nearcore form: (n + 7) / 8 bytes, copied. 0 or
 * -ENOMEM. */
int locate_smaller_add(struct locate_offers *offers, unsigned i, struct pen_bytes bits);

/* The bits of an offer, or NULL. */
static inline const uint8_t *locate_smaller(
	const struct locate_offers *offers, const struct locate_offer *offer)
{
	return offer->smaller ? offers->bits.at + offer->smaller_at : NULL;
}

/* Read a front's answer about `root`; `out` is zeroed or filled before. 0, or PEN_EINPUT: it is
 * none. For locate and its test. */
int locate_answer(struct pen_bytes text, const struct pen_hash *root, struct locate_offers *out);

#endif
