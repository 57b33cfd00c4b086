#include "fetch_share.h"

#include "base/clock.h"

/* A radio that left its parts to others tries again after so long. */
#define FETCH_REST_NS (10 * PEN_NS_PER_S)

static bool is_begun(const struct radio *radio, uint32_t k)
{
	return radio->client->parts.state[k] == PEN_PARTS_BEGUN;
}

static bool begun_elsewhere(const struct fetch *fetch, const struct radio *radio, uint32_t k)
{
	for (unsigned i = 0; i < fetch->radios.count; i++) {
		if (&fetch->radios.list[i] != radio && is_begun(&fetch->radios.list[i], k))
			return true;
	}
	return mirror_has(&fetch->mirror, k);
}

/* Let a radio want a part, or not. */
static void choose(struct fetch *fetch, struct radio *radio, uint32_t k, bool want, int64_t now_ns)
{
	enum pen_parts_state state = radio->client->parts.state[k];
	if (want && state == PEN_PARTS_DONE) {
		pen_client_choose(radio->client, k, true, now_ns);
	} else if (!want && state != PEN_PARTS_DONE && catch_lets(&fetch->catch, radio, k)) {
		catch_forget(&fetch->catch, radio, k);
		pen_client_choose(radio->client, k, false, now_ns);
	}
}

/* Is the part offered by radio, in a form in which it is to come? */
static bool radios_offer(const struct fetch *fetch, uint32_t k)
{
	for (unsigned i = 0; i < fetch->radios.count; i++) {
		const struct radio *radio = &fetch->radios.list[i];
		if (docket_airs(&fetch->docket, k, radio->form) && radio_offers(radio, k))
			return true;
	}
	return false;
}

static void part_sweep(struct fetch *fetch, uint32_t k, int64_t now_ns)
{
	bool open = docket_part(&fetch->docket, k)->state == DOCKET_OPEN;
	if (open)
		docket_look(&fetch->docket, k,
			radios_offer(fetch, k) || mirror_hopes(&fetch->mirror, k, now_ns), now_ns);
	else
		mirror_taken(&fetch->mirror, k);
	for (unsigned i = 0; i < fetch->radios.count; i++) {
		struct radio *radio = &fetch->radios.list[i];
		bool want = docket_airs(&fetch->docket, k, radio->form) &&
			now_ns >= radio->rest_ns && !begun_elsewhere(fetch, radio, k);
		choose(fetch, radio, k, want, now_ns);
	}
}

/* A radio that is silent leaves its parts to the mirror for a while. */
static void rest_look(struct fetch *fetch, struct radio *radio, int64_t now_ns)
{
	bool others = mirror_is_open(&fetch->mirror) && !fetch->mirror.over;
	if (others && radio_busy(radio) && now_ns - radio->moved_ns >= FETCH_SILENT_NS)
		radio->rest_ns = now_ns + FETCH_REST_NS;
	if (!others)
		radio->rest_ns = 0;
}

void fetch_sweep(struct fetch *fetch, int64_t now_ns)
{
	if (fetch->ask.raw || now_ns - fetch->swept_ns < fetch_sweep_ns(fetch))
		return;
	fetch->swept_ns = now_ns;
	for (unsigned i = 0; i < fetch->radios.count; i++)
		rest_look(fetch, &fetch->radios.list[i], now_ns);
	for (uint32_t k = 0; k < fetch->n; k++)
		part_sweep(fetch, k, now_ns);
	/* What the mirror does not use is theirs. */
	bool gets = mirror_is_open(&fetch->mirror) && fetch->mirror.plan.flights_count;
	radios_rate(&fetch->radios, gets ? fetch_rate(fetch) : fetch->ask.rate);
}

void fetch_claim(struct fetch *fetch, const struct radio *radio, int64_t now_ns)
{
	const struct pen_hauls *hauls = &radio->client->hauls;
	for (unsigned i = 0; fetch->radios.count > 1 && i < hauls->hauls_max; i++) {
		const struct pen_haul *haul = &hauls->haul[i];
		if (!haul->used || haul->kind != PEN_WIRE_KIND_PIECE)
			continue;
		for (unsigned r = 0; r < fetch->radios.count; r++) {
			struct radio *other = &fetch->radios.list[r];
			if (other != radio && !is_begun(other, haul->part))
				choose(fetch, other, haul->part, false, now_ns);
		}
	}
}
