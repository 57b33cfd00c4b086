/*
 * docket: the parts of one fetch: which are still to be had, and in which forms. Who fetches a part
 * is not written here: the plan and the clients know what they have begun (fetch.h). Pure; one
 * thread.
 *
 * A part is fetched in the form that is best where both are offered. When nobody who is alive has
 * offered it in that form for DOCKET_DEAD_NS, it may come in any form that is asked for.
 */
#ifndef PEN_TOOLS_DOCKET_H
#define PEN_TOOLS_DOCKET_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "part/form.h"

/* Longer than a server needs to be asked anew what it has, and shorter than a user waits. */
#define DOCKET_DEAD_NS INT64_C(3000000000)

enum docket_state {
	DOCKET_OPEN, /* to be fetched */
	DOCKET_HERE, /* in the store, before or by now */
	DOCKET_OUT, /* not asked for */
	DOCKET_LOST, /* cannot be had */
	DOCKET_STATES,
};

struct docket_part {
	int64_t alive_ns; /* when somebody offered it, in a form in which it may come */
	uint8_t state;
	uint8_t forms; /* bit i: it may come in form i */
	uint8_t refused; /* bit i: all radios that have it in form i send what fails */
};

/* Zeroed is closed. Fields are to be read. */
struct docket {
	uint32_t n;
	uint8_t forms; /* that are asked for */
	struct pen_buf parts; /* struct docket_part */
	uint32_t count[DOCKET_STATES];
	uint32_t stored[PEN_FORMS]; /* parts that this fetch has put into the store, by form */
	uint64_t bytes; /* of these */
	int code; /* why the first part that is lost, or was refused, is */
	struct pen_why why;
};

/* n parts, all open, in any of `forms` (bit i: form i; not 0). 0 or -ENOMEM. */
int docket_open(struct docket *docket, uint32_t n, unsigned forms, int64_t now_ns);

/* Zeroed is fine. */
void docket_close(struct docket *docket);

static inline struct docket_part *docket_part(const struct docket *docket, uint32_t k)
{
	return (struct docket_part *)(void *)docket->parts.at + k;
}

/* Is it to be fetched, in this form? */
static inline bool docket_wants(const struct docket *docket, uint32_t k, enum pen_form form)
{
	const struct docket_part *part = docket_part(docket, k);
	return part->state == DOCKET_OPEN && part->forms >> form & 1;
}

/* An open part changes its state. */
void docket_set(struct docket *docket, uint32_t k, enum docket_state state);

/* Only in this form, as long as somebody has it; which is one of those asked for. */
void docket_prefer(struct docket *docket, uint32_t k, enum pen_form form);

/* Somebody alive offers the part in one of its forms (or not): true if it may come in more forms
 * from now on. */
bool docket_look(struct docket *docket, uint32_t k, bool alive, int64_t now_ns);

/* A part was proved and stored. */
void docket_store(struct docket *docket, uint32_t k, enum pen_form form, uint64_t bytes);

/* A part cannot be had, whoever sends it. */
void docket_lose(struct docket *docket, uint32_t k, int code, const struct pen_why *why);

/* What comes of a part by radio in this form fails its proof time and again: it may come otherwise.
 */
void docket_refuse(
	struct docket *docket, uint32_t k, enum pen_form form, int code, const struct pen_why *why);

/* Is it to be fetched by radio, in this form? */
static inline bool docket_airs(const struct docket *docket, uint32_t k, enum pen_form form)
{
	return docket_wants(docket, k, form) && !(docket_part(docket, k)->refused >> form & 1);
}

/* Parts that this fetch has stored. */
uint32_t docket_stored(const struct docket *docket);

#endif
