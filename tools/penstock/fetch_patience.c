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
	strcpy(text, "the object");
	if (fetch->ask.raw || pen_buf_reserve(&open, (fetch->n + 7) / 8))
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
	open_parts(fetch, parts);
	return pen_fail(why, code, "%s%s, %s form: %s of %u of %s",
		refuted ? "what came fails its proof, and " : "", pen_stuck_text(stuck.reason),
		pen_form_text(radio->form), parts, fetch->n, pen_base58(&fetch->ask.root, root));
}

int fetch_patience(struct fetch *fetch, int64_t now_ns, struct pen_why *why)
{
	int worst = 0;
	if (fetch->workshop.count)
		return 0;
	if (mirror_is_open(&fetch->mirror)) {
		struct pen_why said = {0};
		if (!fetch->mirror.over)
			return 0;
		worst = pen_plan_result(&fetch->mirror.plan, &said);
		*why = said;
	}
	for (unsigned i = 0; i < fetch->radios.count; i++) {
		struct radio *radio = &fetch->radios.list[i];
		struct pen_why said;
		int code = radio_busy(radio) ? radio_hopeless(fetch, radio, now_ns, &said) : 0;
		if (!code && radio_busy(radio))
			return 0;
		if (pen_gravity(code) > pen_gravity(worst)) {
			worst = code;
			*why = said;
		}
	}
	return worst;
}
