/* What came from whom. */
#include "base/check.h"
#include "fetch.h"

uint64_t fetch_bytes(const struct fetch *fetch)
{
	uint64_t bytes = mirror_bytes(&fetch->mirror) + catch_sources_bytes(&fetch->sources);
	for (unsigned i = 0; i < fetch->radios.count; i++) {
		/* One that could not be opened has none. */
		const struct pen_client *client = fetch->radios.list[i].client;
		bytes += client ? client->counters.placed_bytes : 0;
	}
	return bytes;
}

unsigned fetch_ready(const struct fetch *fetch)
{
	uint64_t set = 0;
	for (unsigned i = 0; i < fetch->radios.count; i++)
		set |= pen_client_ready(fetch->radios.list[i].client);
	return (unsigned)__builtin_popcountll(set);
}

static void peer_figures(const struct fetch *fetch, unsigned peer, struct fetch_source *out)
{
	unsigned calling = 0;
	for (unsigned i = 0; i < fetch->radios.count; i++) {
		const struct pen_client *client = fetch->radios.list[i].client;
		if (peer >= client->server_count)
			return;
		const struct pen_server *server = &client->server[peer];
		out->bytes += server->bytes;
		out->bad += server->bad;
		calling += server->state == PEN_SERVER_CALLING;
		out->liar |= server->fault == PEN_SERVER_LIED;
		out->aside |= server->fault == PEN_SERVER_SPOILT;
		if (server->state == PEN_SERVER_GONE && server->visit.code) {
			out->code = server->visit.code;
			out->why = server->visit.why.text;
		}
	}
	if (calling && calling == fetch->radios.count)
		out->why = "it does not answer";
}

static void origin_figures(const struct fetch *fetch, unsigned i, struct fetch_source *out)
{
	const struct supply_query *query = &fetch->supply.queries[i];
	const struct pen_plan *plan = &fetch->mirror.plan;
	for (unsigned s = query->source; s < query->source + query->sources; s++) {
		const struct pen_plan_source *source = &plan->source[s];
		out->parts += source->parts;
		out->bytes += fetch->mirror.bytes[s];
		out->bad += source->bad;
		out->aside |= source->aside && source->bad;
		if (source->said) {
			out->code = source->said;
			out->why = source->why.text;
		}
	}
}

static void web_figures(const struct fetch *fetch, unsigned i, struct fetch_source *out)
{
	const struct catch_source *source = &fetch->sources.list[i];
	out->bytes = source->bytes;
	out->bad = source->bad;
	out->aside = source->bad > 0;
	out->code = source->code;
	out->why = source->out ? source->why.text : "";
}

void fetch_source(const struct fetch *fetch, unsigned i, struct fetch_source *out)
{
	unsigned peer = 0;
	PEN_CHECK(i < fetch->ask.words_count);
	*out = (struct fetch_source){.word = fetch->ask.words[i], .why = ""};
	for (unsigned at = 0; at < i; at++)
		peer += supply_is_peer(fetch->ask.words[at]);
	if (!fetch->supply.queries)
		return;
	if (supply_is_peer(fetch->ask.words[i]))
		peer_figures(fetch, peer, out);
	else if (mirror_is_open(&fetch->mirror))
		origin_figures(fetch, i, out);
	else if (fetch->ask.raw)
		web_figures(fetch, i, out);
	const struct supply_query *query = &fetch->supply.queries[i];
	if (!out->code && atomic_load(&query->over) && query->result) {
		out->code = query->result;
		out->why = query->why.text;
	}
}
