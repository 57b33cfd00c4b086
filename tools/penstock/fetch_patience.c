/* When nothing more can come, and why. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "fetch/trouble.h"
#include "fetch_share.h"
#include "set.h"

/* The parts that are still to be had, as a user would write them. */
static void open_parts(const struct fetch *fetch, char text[SET_TEXT_BYTES])
{
	struct pen_buf open = {0};
	strcpy(text, "parts");
	if (pen_buf_reserve(&open, (fetch->n + 7) / 8))
		return;
	memset(open.at, 0, (fetch->n + 7) / 8);
	for (uint32_t k = 0; k < fetch->n; k++) {
		if (docket_part(&fetch->docket, k)->state == DOCKET_OPEN)
			open.at[k >> 3] |= (uint8_t)(1u << (k & 7));
	}
	set_text(open.at, fetch->n, text);
	pen_buf_fini(&open);
}

/* Has a radio no hope of what it has to fetch? 0: it has, or nothing to fetch. */
static int radio_hopeless(
	const struct fetch *fetch, struct radio *radio, int64_t now_ns, struct pen_why *why)
{
	int64_t quiet_ns = now_ns - radio->moved_ns;
	uint64_t refuted = fetch->catch.refuted + fetch->object.refuted;
	struct pen_stuck stuck;
	char parts[SET_TEXT_BYTES], root[PEN_HASH_TEXT_BYTES];
	if (quiet_ns < FETCH_NOBODY_NS)
		return 0;
	pen_stuck_look(radio->client, now_ns, &stuck);
	bool gone = stuck.reason == PEN_STUCK_GONE, nobody = stuck.reason == PEN_STUCK_NOBODY;
	if (!gone && !nobody && quiet_ns < fetch->ask.stall_ns)
		return 0;
	if (refuted && !gone && quiet_ns < fetch->ask.stall_ns)
		return 0;
	int code = refuted ? PEN_EVERIFY : gone ? PEN_ENET : nobody ? PEN_ENOTFOUND : PEN_ESTALL;
	const char *failed = refuted ? "what came fails its proof, and " : "";
	pen_base58(&fetch->ask.root, root);
	if (fetch->ask.raw)
		return pen_fail(why, code, "%s%s: raw object %s", failed,
			pen_stuck_text(stuck.reason), root);
	open_parts(fetch, parts);
	return pen_fail(why, code, "%s%s, %s form: %s of %u of %s", failed,
		pen_stuck_text(stuck.reason), pen_form_text(radio->form), parts, fetch->n, root);
}

/* Are there parts that are about to be allowed to come in another form? */
static bool may_widen(const struct fetch *fetch)
{
	for (uint32_t k = 0; !fetch->ask.raw && k < fetch->n; k++) {
		const struct docket_part *part = docket_part(&fetch->docket, k);
		if (part->state == DOCKET_OPEN && part->forms != fetch->docket.forms)
			return true;
	}
	return false;
}

/* The graver of two reasons. */
static void graver(int *worst, struct pen_why *why, int code, const struct pen_why *said)
{
	if (pen_gravity(code) <= pen_gravity(*worst))
		return;
	*worst = code;
	*why = *said;
}

int fetch_patience(struct fetch *fetch, int64_t now_ns, struct pen_why *why)
{
	int worst = 0;
	bool busy = false;
	struct pen_why said = {0};
	if (fetch->workshop.count || (fetch->web.begun && !fetch->web.over) ||
		catch_side_hopes(&fetch->side) ||
		(mirror_is_open(&fetch->mirror) && !fetch->mirror.over))
		return 0;
	if (mirror_is_open(&fetch->mirror))
		graver(&worst, why, pen_plan_result(&fetch->mirror.plan, &said), &said);
	graver(&worst, why, fetch->sources.code, &fetch->sources.why);
	for (unsigned i = 0; i < fetch->radios.count; i++) {
		struct radio *radio = &fetch->radios.list[i];
		if (!radio_busy(radio))
			continue;
		int code = radio_hopeless(fetch, radio, now_ns, &said);
		if (!code)
			return 0;
		busy = true;
		graver(&worst, why, code, &said);
	}
	graver(&worst, why, fetch->docket.code, &fetch->docket.why);
	return !busy && may_widen(fetch) ? 0 : worst;
}
