#include "serve/attest.h"

#include "base/check.h"

static void answer(const struct pen_wire_object *object, enum pen_wire_attested_state state,
	struct pen_wire_attested *attested)
{
	*attested = (struct pen_wire_attested){.object = *object, .state = (uint8_t)state};
}

void pen_attest_busy(const struct pen_wire_object *object, struct pen_wire_attested *attested)
{
	answer(object, PEN_WIRE_ATTESTED_BUSY, attested);
}

static enum pen_wire_attested_state failed_state(enum pen_reach_state state)
{
	/* A disk that fails now may hold it tomorrow: nobody is to conclude anything. */
	return state == PEN_REACH_NOT_HELD ? PEN_WIRE_ATTESTED_NOT_HELD : PEN_WIRE_ATTESTED_BUSY;
}

bool pen_attests_ask(struct pen_attests *attests, struct pen_reacher *reacher, uint64_t session,
	const struct pen_wire_object *object, struct pen_wire_attested *attested)
{
	struct pen_attest *place = attests->places;
	if (attests->count == PEN_ATTESTS_MAX) {
		answer(object, PEN_WIRE_ATTESTED_BUSY, attested);
		return false;
	}
	while (place->busy)
		place++;
	struct pen_reach reach;
	enum pen_reach_state state = pen_reach_begin(reacher, object, false, &reach);
	if (state != PEN_REACH_FOUND && state != PEN_REACH_LATER) {
		answer(object, failed_state(state), attested);
		return false;
	}
	*place = (struct pen_attest){.busy = true,
		.session = session,
		.object = *object,
		.reach = reach,
		.found = state == PEN_REACH_FOUND,
		.entry = PEN_REACH_NONE};
	attests->count++;
	return true;
}

static void finish(
	struct pen_attests *attests, struct pen_reacher *reacher, struct pen_attest *place)
{
	if (place->entry != PEN_REACH_NONE)
		pen_cache_put(reacher->cache, place->entry);
	pen_reach_end(reacher, &place->reach);
	place->busy = false;
	attests->count--;
}

static void digest(const struct pen_attest *place, const struct pen_reacher *reacher,
	struct pen_wire_attested *attested)
{
	struct pen_hash hash;
	const struct pen_reach *reach = &place->reach;
	struct pen_bytes bytes = {
		pen_cache_at(reacher->cache, place->entry, reach->offset, reach->bytes),
		reach->bytes};
	pen_sha256(bytes, &hash);
	answer(&place->object, PEN_WIRE_ATTESTED_HELD, attested);
	attested->bytes = reach->bytes;
	memcpy(attested->digest, hash.bytes, PEN_HASH_BYTES);
}

/* Bring one on. True if its answer is ready. */
static bool advance(struct pen_attests *attests, struct pen_reacher *reacher,
	struct pen_attest *place, int64_t now_ns, struct pen_wire_attested *attested)
{
	if (!place->found) {
		enum pen_reach_state state = pen_reach_head(reacher, &place->object, &place->reach);
		place->found = state == PEN_REACH_FOUND;
		if (!place->found && state != PEN_REACH_LATER)
			answer(&place->object, failed_state(state), attested);
		if (!place->found)
			return state != PEN_REACH_LATER;
	}
	if (place->entry == PEN_REACH_NONE) {
		struct pen_cache_ask ask = {
			place->reach.handle, place->reach.offset, place->reach.bytes};
		int entry = pen_cache_get(reacher->cache, &ask);
		if (entry < 0)
			return false;
		place->entry = (uint32_t)entry;
	}
	switch (pen_cache_state(reacher->cache, place->entry)) {
	case PEN_CACHE_READY:
		if (attests->hashed && now_ns - attests->hashed_ns < PEN_ATTEST_ALL_NS)
			return false;
		digest(place, reacher, attested);
		attests->hashed_ns = now_ns;
		attests->hashed++;
		return true;
	case PEN_CACHE_FAILED:
		answer(&place->object, PEN_WIRE_ATTESTED_BUSY, attested);
		return true;
	default: return false;
	}
}

bool pen_attests_poll(struct pen_attests *attests, struct pen_reacher *reacher, int64_t now_ns,
	uint64_t *session, struct pen_wire_attested *attested)
{
	for (unsigned i = 0; attests->count && i < PEN_ATTESTS_MAX; i++) {
		struct pen_attest *place = &attests->places[i];
		if (!place->busy || !advance(attests, reacher, place, now_ns, attested))
			continue;
		*session = place->session;
		finish(attests, reacher, place);
		return true;
	}
	return false;
}

int64_t pen_attests_due_ns(const struct pen_attests *attests, int64_t now_ns)
{
	if (attests->count == 0)
		return INT64_MAX;
	int64_t hash_ns = attests->hashed_ns + PEN_ATTEST_ALL_NS;
	return attests->hashed && hash_ns > now_ns ? hash_ns : now_ns + PEN_ATTEST_AGAIN_NS;
}

void pen_attests_end(struct pen_attests *attests, struct pen_reacher *reacher)
{
	for (unsigned i = 0; i < PEN_ATTESTS_MAX; i++)
		if (attests->places[i].busy)
			finish(attests, reacher, &attests->places[i]);
}
