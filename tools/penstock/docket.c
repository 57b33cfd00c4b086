#include "docket.h"

#include <errno.h>

#include "base/check.h"

int docket_open(struct docket *docket, uint32_t n, unsigned forms, int64_t now_ns)
{
	PEN_CHECK(n > 0);
	PEN_CHECK(forms > 0);
	*docket = (struct docket){.n = n, .forms = (uint8_t)forms, .count[DOCKET_OPEN] = n};
	if (pen_buf_reserve(&docket->parts, n * sizeof(struct docket_part)))
		return -ENOMEM;
	for (uint32_t k = 0; k < n; k++)
		*docket_part(docket, k) = (struct docket_part){
			.alive_ns = now_ns, .state = DOCKET_OPEN, .forms = docket->forms};
	return 0;
}

void docket_close(struct docket *docket)
{
	pen_buf_fini(&docket->parts);
}

void docket_set(struct docket *docket, uint32_t k, enum docket_state state)
{
	PEN_CHECK(k < docket->n);
	struct docket_part *part = docket_part(docket, k);
	PEN_CHECK(part->state == DOCKET_OPEN);
	docket->count[part->state]--;
	docket->count[state]++;
	part->state = (uint8_t)state;
}

void docket_prefer(struct docket *docket, uint32_t k, enum pen_form form)
{
	PEN_CHECK(k < docket->n);
	PEN_CHECK(docket->forms >> form & 1);
	docket_part(docket, k)->forms = (uint8_t)(1u << form);
}

bool docket_look(struct docket *docket, uint32_t k, bool alive, int64_t now_ns)
{
	PEN_CHECK(k < docket->n);
	struct docket_part *part = docket_part(docket, k);
	if (alive)
		part->alive_ns = now_ns;
	if (part->forms == docket->forms || now_ns - part->alive_ns < DOCKET_DEAD_NS)
		return false;
	part->forms = docket->forms;
	return true;
}

void docket_store(struct docket *docket, uint32_t k, enum pen_form form, uint64_t bytes)
{
	docket_set(docket, k, DOCKET_HERE);
	docket->stored[form]++;
	docket->bytes += bytes;
}

static void note(struct docket *docket, int code, const struct pen_why *why)
{
	if (docket->code)
		return;
	docket->code = code;
	docket->why = *why;
}

void docket_lose(struct docket *docket, uint32_t k, int code, const struct pen_why *why)
{
	docket_set(docket, k, DOCKET_LOST);
	note(docket, code, why);
}

void docket_refuse(
	struct docket *docket, uint32_t k, enum pen_form form, int code, const struct pen_why *why)
{
	PEN_CHECK(k < docket->n);
	docket_part(docket, k)->refused |= (uint8_t)(1u << form);
	note(docket, code, why);
}

uint32_t docket_stored(const struct docket *docket)
{
	uint32_t stored = 0;
	for (unsigned form = 0; form < PEN_FORMS; form++)
		stored += docket->stored[form];
	return stored;
}
