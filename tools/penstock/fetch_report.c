#include "fetch_report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "cli.h"
#include "memory.h"

void fetch_report_begin(struct fetch_report *report, const struct fetch *fetch, int64_t now_ns)
{
	const struct fetch_ask *ask = &fetch->ask;
	report->fetch = fetch;
	meter_begin(&report->meter, ask->quiet, now_ns);
	if (ask->quiet)
		return;
	memory_say(&fetch->budget, !ask->debug);
	if (fetch->kept)
		fprintf(stderr, "%u of %u parts are kept from before\n", fetch->kept, fetch->n);
}

static double mega(uint64_t bytes)
{
	return (double)bytes / 1e6;
}

/* Parts that workers have are here, and not yet known to be right. */
static const char *phase(const struct fetch *fetch)
{
	bool waits = fetch->workshop.count > 0;
	for (unsigned i = 0; i < fetch->radios.count; i++) {
		const struct pen_client *client = fetch->radios.list[i].client;
		for (unsigned s = 0; s < client->server_count; s++) {
			if (client->server[s].places)
				return "fetching";
		}
	}
	if (mirror_is_open(&fetch->mirror) && fetch->mirror.plan.flights_count)
		return "fetching";
	if (catch_side_busy(&fetch->side))
		return "fetching";
	if (fetch->web.begun && !fetch->web.over && fetch->web.here < fetch->web.blocks)
		return "fetching";
	return waits ? "verifying" : "waiting";
}

/* Of a raw object, from whoever fetches it. */
struct blocks {
	uint32_t all, here, kept;
};

static struct blocks blocks_of(const struct fetch *fetch)
{
	const struct catch_raw *object = &fetch->object;
	const struct catch_web *web = &fetch->web;
	if (web->begun && !web->over)
		return (struct blocks){web->blocks, web->here, web->kept};
	return (struct blocks){object->blocks, object->proved, object->kept};
}

static void parts_print(const struct fetch *fetch, FILE *out)
{
	const struct docket *docket = &fetch->docket;
	struct blocks blocks = blocks_of(fetch);
	if (fetch->ask.raw) {
		fprintf(out, "%u of %u blocks", blocks.here, blocks.all);
		if (blocks.kept)
			fprintf(out, " (%u here from before)", blocks.kept);
		return;
	}
	fprintf(out, "%u of %u parts", docket->count[DOCKET_HERE],
		fetch->n - docket->count[DOCKET_OUT]);
	if (fetch->workshop.count)
		fprintf(out, " (%u being verified)", fetch->workshop.count);
}

/* What is left, at the pace so far. */
static void eta_print(const struct fetch_report *report, FILE *out, int64_t now_ns)
{
	const struct fetch *fetch = report->fetch;
	uint32_t done = docket_stored(&fetch->docket), left = fetch->docket.count[DOCKET_OPEN];
	if (fetch->ask.raw) {
		struct blocks blocks = blocks_of(fetch);
		done = blocks.here;
		left = blocks.all - done;
	}
	meter_eta(&report->meter, out, done, left, now_ns);
}

static void line_print(const void *context, FILE *out, int64_t now_ns)
{
	const struct fetch_report *report = context;
	const struct fetch *fetch = report->fetch;
	fprintf(out, "%s: ", phase(fetch));
	parts_print(fetch, out);
	fprintf(out, ", %.1f MB, %.1f MB/s", mega(report->meter.shown_bytes),
		report->meter.rate / 1e6);
	if (fetch->peers)
		fprintf(out, ", %u servers answer", fetch_ready(fetch));
	if (mirror_is_open(&fetch->mirror))
		fprintf(out, ", %u gets", fetch->mirror.plan.flights_count);
	eta_print(report, out, now_ns);
}

void fetch_report_turn(struct fetch_report *report, int64_t now_ns)
{
	if (!meter_due(&report->meter, now_ns))
		return;
	meter_count(&report->meter, fetch_bytes(report->fetch), now_ns);
	meter_show(&report->meter, line_print, report, now_ns);
}

static void source_print(const struct fetch_source *source)
{
	fprintf(stderr, "%s: %.1f MB", source->word, mega(source->bytes));
	if (source->parts)
		fprintf(stderr, ", %u parts", source->parts);
	if (source->bad)
		fprintf(stderr, ", %u failed their proof", source->bad);
	if (source->liar)
		fprintf(stderr, "; it lied, and was banned");
	else if (source->aside)
		fprintf(stderr, "; it was left aside");
	if (*source->why)
		fprintf(stderr, "; %s", source->why);
	fprintf(stderr, "\n");
}

void fetch_report_end(struct fetch_report *report)
{
	const struct fetch *fetch = report->fetch;
	meter_end(&report->meter);
	for (unsigned i = 0; i < fetch->ask.words_count; i++) {
		struct fetch_source source;
		fetch_source(fetch, i, &source);
		/* Who lied is named in any case. */
		if (!report->meter.muted || source.liar || source.bad)
			source_print(&source);
	}
}

void fetch_sum_add(struct fetch_sum *sum, const struct fetch *fetch)
{
	sum->raw = fetch->ask.raw;
	sum->root = fetch->ask.root;
	struct blocks blocks = blocks_of(fetch);
	bool object = fetch->object.done || fetch->web.done;
	sum->n = fetch->ask.raw ? blocks.all : fetch->n;
	sum->kept += fetch->ask.raw ? blocks.kept : fetch->kept;
	sum->parts += fetch->ask.raw ? object : docket_stored(&fetch->docket);
	for (unsigned form = 0; form < PEN_FORMS; form++)
		sum->stored[form] += fetch->docket.stored[form];
	sum->bytes += fetch->object.done ? fetch->object.bytes
		: fetch->web.done        ? fetch->web.bytes
					 : fetch->docket.bytes;
	sum->wire_bytes += fetch_bytes(fetch);
	sum->prove_seconds += (double)fetch->workshop.prove_ns / 1e9;
	sum->store_seconds += (double)fetch->workshop.store_ns / 1e9;
}

void fetch_sum_text(const struct fetch_sum *sum)
{
	if (sum->raw)
		fprintf(stderr,
			"penstock fetch: 1 object, %" PRIu64
			" bytes, proved and stored in %.1f s (%u of %u blocks were here before; "
			"%.1f MB on the wire)\n",
			sum->bytes, sum->seconds, sum->kept, sum->n, mega(sum->wire_bytes));
	else
		fprintf(stderr,
			"penstock fetch: %u parts, %" PRIu64
			" bytes, proved and stored in %.1f s (%u lean, %u nearcore; %.1f MB on the "
			"wire)\n",
			sum->parts, sum->bytes, sum->seconds, sum->stored[PEN_FORM_LEAN],
			sum->stored[PEN_FORM_NEARCORE], mega(sum->wire_bytes));
}

void fetch_sum_json(const struct fetch_sum *sum, int err, const struct pen_why *why)
{
	char root[PEN_HASH_TEXT_BYTES];
	printf("{\"root\": \"%s\", ", pen_base58(&sum->root, root));
	if (sum->raw)
		printf("\"blocks\": %u, \"kept\": %u, ", sum->n, sum->kept);
	else
		printf("\"of\": %u, \"parts\": %u, \"kept\": %u, \"forms\": {\"nearcore\": %u, "
		       "\"lean\": %u}, ",
			sum->n, sum->parts, sum->kept, sum->stored[PEN_FORM_NEARCORE],
			sum->stored[PEN_FORM_LEAN]);
	printf("\"bytes\": %" PRIu64 ", \"wire_bytes\": %" PRIu64
	       ", \"seconds\": %.3f, \"prove_seconds\": %.3f, \"store_seconds\": %.3f, "
	       "\"done\": %s",
		sum->bytes, sum->wire_bytes, sum->seconds, sum->prove_seconds, sum->store_seconds,
		err ? "false" : "true");
	if (err) {
		printf(", ");
		cli_json_why(err, why->text);
	}
	printf("}\n");
}
