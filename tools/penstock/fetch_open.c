/* The beginning of a fetch: what is missing, who may have it, and how memory is divided. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "fetch.h"
#include "fetch_share.h"
#include "set.h"
#include "stop.h"
#include "store/partial.h"

/* Blocks of a raw object that workers may have. */
#define FETCH_RAW_BLOCKS 64u

/* Where there are servers of both sorts, each has its half of a rate. */
uint64_t fetch_rate(const struct fetch *fetch)
{
	uint64_t rate = fetch->ask.rate;
	return fetch->peers && fetch->origins ? (rate + 1) / 2 : rate;
}

static int store_open(struct fetch *fetch, struct pen_why *why)
{
	const struct fetch_ask *ask = &fetch->ask;
	const struct stash_ask stash = {ask->store, ask->root, ask->labels};
	fetch->depot = ask->depot ? ask->depot : &fetch->stash.depot;
	if (ask->depot) {
		/* There is no place for an identity, and nobody has to know us again. */
		identity_draw(&fetch->identity);
		return 0;
	}
	int err = stash_open(&fetch->stash, &stash, why);
	fetch->stash.depot.told = ask->debug;
	if (!err && fetch->peers)
		err = identity_load(ask->store, NULL, &fetch->identity, why);
	return err;
}

static int sources_find(struct fetch *fetch, struct pen_why *why)
{
	const struct fetch_ask *ask = &fetch->ask;
	const struct supply_ask supply = {.words = ask->words,
		.count = ask->words_count,
		.forms = ask->forms,
		.options = {.cacert = ask->cacert,
			.rate = supply_web_rate(ask->words, ask->words_count, fetch_rate(fetch))},
		.identity = &fetch->identity.peer,
		.one_n = ask->one_n,
		.tries = ask->tries,
		.stall_ns = ask->stall_ns,
		.stop = stop_asked};
	int err = supply_open(&fetch->supply, &supply, why);
	if (!err && !ask->raw)
		err = supply_locate(&fetch->supply, &ask->root, &fetch->n, why);
	return err;
}

/* What is not asked for, and what is there in some form that is. */
static int docket_fill(struct fetch *fetch, struct pen_why *why)
{
	const struct fetch_ask *ask = &fetch->ask;
	struct pen_buf wanted = {0}, here = {0};
	int err = docket_open(&fetch->docket, fetch->n, ask->forms, pen_clock_ns());
	if (err)
		pen_fail(why, err, "no memory for %u parts", fetch->n);
	if (!err && ask->parts)
		err = set_parse(ask->parts, fetch->n, &wanted, why);
	for (uint32_t k = 0; !err && ask->parts && k < fetch->n; k++) {
		if (!(wanted.at[k >> 3] >> (k & 7) & 1))
			docket_set(&fetch->docket, k, DOCKET_OUT);
	}
	if (!err)
		err = fetch->depot->ops->look(fetch->depot, fetch->n, ask->forms, &here, why);
	for (uint32_t k = 0; !err && k < fetch->n; k++) {
		if (here.at[k >> 3] >> (k & 7) & 1 &&
			docket_part(&fetch->docket, k)->state == DOCKET_OPEN)
			docket_set(&fetch->docket, k, DOCKET_HERE);
	}
	pen_buf_fini(&wanted);
	pen_buf_fini(&here);
	fetch->kept = fetch->docket.count[DOCKET_HERE];
	return err;
}

/* In which form each part comes, where there is a choice: lean, but for those that are smaller in
 * nearcore form wherever both are. */
static void forms_choose(struct fetch *fetch)
{
	const struct pen_buf *reversed = &fetch->supply.reversed;
	if (fetch->ask.forms != (1u << PEN_FORM_NEARCORE | 1u << PEN_FORM_LEAN))
		return;
	bool lean = supply_has_form(&fetch->supply, PEN_FORM_LEAN);
	for (uint32_t k = 0; k < fetch->n; k++) {
		bool other = reversed->len && reversed->at[k >> 3] >> (k & 7) & 1;
		docket_prefer(
			&fetch->docket, k, lean && !other ? PEN_FORM_LEAN : PEN_FORM_NEARCORE);
	}
}

static int object_look(struct fetch *fetch, struct pen_why *why)
{
	char name[PEN_NAME_BYTES];
	struct pen_disk *disk = fetch->stash.disk;
	int file = disk->ops->open(
		disk, pen_raw_path(&fetch->ask.root, name), PEN_DISK_RDONLY, NULL);
	disk->ops->close(disk, file);
	if (file >= 0)
		pen_partial_drop(disk, &fetch->ask.root);
	/* What has its name was proved before it got it. */
	return file >= 0 ? 1 : catch_raw_empty(&fetch->stash, &fetch->ask.root, why);
}

static struct radios_ask radios_ask(const struct fetch *fetch)
{
	bool raw = fetch->ask.raw;
	return (struct radios_ask){.root = fetch->ask.root,
		.n = fetch->n,
		.forms = raw ? 1u << PEN_FORM_RAW : fetch->ask.forms,
		.identity = fetch->identity.peer,
		.blocks = raw ? FETCH_RAW_BLOCKS : 0,
		.units_max = raw ? PEN_RAW_BLOCKS_MAX : PARCEL_UNITS_MAX,
		.rate = fetch_rate(fetch),
		.tries = fetch->ask.tries,
		.verb = fetch->ask.verb};
}

/* Blocks of a raw object that come from elsewhere at a time. */
static unsigned web_gets(const struct fetch *fetch)
{
	unsigned gets = fetch->ask.connections;
	return gets < CATCH_WEB_GETS_MAX ? gets : CATCH_WEB_GETS_MAX;
}

static int budget_open(struct fetch *fetch, struct pen_why *why)
{
	const struct fetch_ask *ask = &fetch->ask;
	const struct radios_ask radios = radios_ask(fetch);
	const struct pen_budget_ask budget = {.memory_bytes = ask->memory_bytes,
		.connections = (fetch->origins ? ask->connections : 0) +
			(fetch->peers ? FETCH_FLIGHTS : 0),
		.jobs = ask->jobs,
		.sink_bytes = fetch->depot->memory_bytes,
		.batch_copies = fetch->depot->batch_copies,
		.packets_bytes = (fetch->peers ? radios_bytes(&radios) : 0) +
			(ask->raw && fetch->origins ? (uint64_t)web_gets(fetch) * PEN_BLOCK_BYTES
						    : 0)};
	int err = pen_budget_make(&fetch->budget, &budget, why);
	snprintf(fetch->limit, sizeof fetch->limit,
		"--memory %llu MiB leaves room for a part of %zu MiB; the largest that there can "
		"be needs %llu MiB",
		(unsigned long long)(ask->memory_bytes >> 20),
		fetch->budget.alone.allowance.content_bytes >> 20,
		(unsigned long long)(fetch->budget.largest_bytes >> 20));
	return err;
}

/* Parts that may be on their way by radio, as far as memory goes; the rest is the mirror's. */
static unsigned flights(const struct fetch *fetch)
{
	unsigned all = fetch->budget.connections;
	if (!fetch->origins)
		return all;
	return !fetch->peers ? 0 : all > FETCH_FLIGHTS ? FETCH_FLIGHTS : (all + 1) / 2;
}

static int workshop_begin(struct fetch *fetch, struct pen_why *why)
{
	const struct workshop_ask ask = {.depot = fetch->depot,
		.jobs = fetch->budget.jobs,
		.part = fetch->budget.part.allowance,
		.alone = fetch->budget.alone.allowance};
	int err = workshop_open(&fetch->workshop, &ask, why);
	if (!err && nap_watch(&fetch->nap, workshop_wake(&fetch->workshop)->fd))
		err = pen_fail(why, -errno, "cannot wait for workers");
	return err;
}

static int radios_begin(struct fetch *fetch, struct pen_why *why)
{
	struct endpoint ends[PEN_HAUL_PEERS];
	struct radios_ask ask = radios_ask(fetch);
	ask.count = supply_peers(&fetch->supply, ends, PEN_HAUL_PEERS);
	ask.ends = ends;
	uint64_t bytes = flights(fetch) * fetch->budget.part.wire_bytes /
		(unsigned)__builtin_popcount(ask.forms);
	ask.parts_blocks = fetch->ask.raw ? 0 : (uint32_t)(bytes / PEN_BLOCK_BYTES) + 1;
	if (ask.count > PEN_HAUL_PEERS)
		return pen_fail(why, PEN_EUSAGE, "--from: at most %u servers", PEN_HAUL_PEERS);
	return radios_open(&fetch->radios, &ask, why);
}

static int catch_begin(struct fetch *fetch, struct pen_why *why)
{
	uint64_t kept = flights(fetch) * fetch->budget.part.wire_bytes;
	uint64_t alone = fetch->budget.alone.wire_bytes;
	const struct catch_ask ask = {.root = fetch->ask.root,
		.n = fetch->n,
		.radios = &fetch->radios,
		.workshop = &fetch->workshop,
		.docket = &fetch->docket,
		/* Beside one that is larger than the others there may still be what they had. */
		.bytes_max = alone > 2 * kept ? alone - kept : alone,
		.bytes_kept = kept,
		.limit = fetch->limit,
		.supply = &fetch->supply,
		.told = fetch->ask.debug};
	return catch_open(&fetch->catch, &ask, why);
}

static int mirror_begin(struct fetch *fetch, struct pen_why *why)
{
	unsigned connections = fetch->budget.connections - flights(fetch);
	const struct mirror_ask ask = {.root = fetch->ask.root,
		.n = fetch->n,
		.supply = &fetch->supply,
		.docket = &fetch->docket,
		.radios = &fetch->radios,
		.catch = &fetch->catch,
		.workshop = &fetch->workshop,
		.connections = connections,
		.slots = connections + fetch->budget.jobs,
		.part_bytes = fetch->budget.part.wire_bytes,
		.alone_bytes = fetch->budget.alone.wire_bytes,
		.limit = fetch->limit,
		.tries = fetch->ask.tries,
		.stall_ns = fetch->ask.stall_ns,
		.wake = &fetch->nap.wake,
		.told = fetch->ask.debug};
	return mirror_open(&fetch->mirror, &ask, why);
}

static int object_begin(struct fetch *fetch, struct pen_why *why)
{
	const struct fetch_ask *ask = &fetch->ask;
	const struct catch_raw_ask raw = {.root = ask->root,
		.radio = &fetch->radios.list[0],
		.workshop = &fetch->workshop,
		.stash = &fetch->stash,
		.blocks = FETCH_RAW_BLOCKS};
	const struct catch_web_ask web = {.root = ask->root,
		.supply = &fetch->supply,
		.sources = &fetch->sources,
		.workshop = &fetch->workshop,
		.stash = &fetch->stash,
		.wake = &fetch->nap.wake,
		.gets = web_gets(fetch),
		.tries = ask->tries,
		.stall_ns = ask->stall_ns};
	const struct catch_side_ask side = {.supply = &fetch->supply,
		.sources = &fetch->sources,
		.workshop = &fetch->workshop,
		.raw = &fetch->object,
		.gets = web_gets(fetch),
		.tries = ask->tries,
		.stall_ns = ask->stall_ns};
	int err = pen_partial_sweep(fetch->stash.disk, &ask->root, why);
	if (!err && fetch->peers)
		err = catch_raw_open(&fetch->object, &raw, why);
	if (!err && fetch->origins)
		catch_web_open(&fetch->web, &web);
	if (!err && fetch->origins && fetch->peers)
		catch_side_open(&fetch->side, &side);
	return err;
}

/* Who fetches, and who proves and stores. */
static int begin(struct fetch *fetch, struct pen_why *why)
{
	int err = budget_open(fetch, why);
	if (!err)
		err = nap_open(&fetch->nap, why);
	if (!err)
		err = workshop_begin(fetch, why);
	if (!err && fetch->peers)
		err = radios_begin(fetch, why);
	if (!err && fetch->ask.raw)
		return object_begin(fetch, why);
	if (!err)
		err = catch_begin(fetch, why);
	if (!err && fetch->supply.count)
		err = mirror_begin(fetch, why);
	return err;
}

int fetch_open(struct fetch *fetch, const struct fetch_ask *ask, struct pen_why *why)
{
	*fetch = (struct fetch){.ask = *ask, .n = ask->raw ? 1 : ask->n, .nap = {{-1}, -1}};
	unsigned peers = supply_count_peers(ask->words, ask->words_count);
	fetch->peers = peers > 0;
	fetch->origins = peers < ask->words_count;
	int err = store_open(fetch, why);
	if (!err && ask->raw && (err = object_look(fetch, why)))
		return err;
	if (!err)
		err = sources_find(fetch, why);
	if (!err && !ask->raw)
		err = docket_fill(fetch, why);
	if (!err && !ask->raw && !fetch->docket.count[DOCKET_OPEN])
		return 1;
	if (!err && !ask->raw)
		forms_choose(fetch);
	if (!err)
		err = begin(fetch, why);
	return err;
}

void fetch_close(struct fetch *fetch)
{
	/* Workers read what the others hold: they go first. */
	workshop_close(&fetch->workshop);
	mirror_close(&fetch->mirror);
	catch_close(&fetch->catch);
	catch_side_close(&fetch->side);
	catch_raw_close(&fetch->object);
	catch_web_close(&fetch->web);
	radios_close(&fetch->radios);
	supply_close(&fetch->supply);
	docket_close(&fetch->docket);
	nap_close(&fetch->nap);
	stash_close(&fetch->stash);
}
