#include "halls.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"

/* What a rate is worth on the wire: the smallest packet of bulk with its header, and with those of
 * IPv6 and UDP too. Larger packets cost less, so the cap holds for all. */
#define PACKET_BYTES 1232u
#define PACKET_WIRE_BYTES 1280u
/* An administrator sets huge pages aside by number; they have 2 MiB. */
#define HUGE_BYTES ((size_t)2 << 20)

/* Each hall's share of the cap; 0: there is none. */
static uint64_t rate_of(const struct halls_config *config)
{
	uint64_t share = config->rate / config->count;
	share = share / PACKET_WIRE_BYTES * PACKET_BYTES +
		share % PACKET_WIRE_BYTES * PACKET_BYTES / PACKET_WIRE_BYTES;
	return config->rate && !share ? 1 : share;
}

/* What all their memory lacks, in one sentence. */
static void note_pages(const struct halls *halls, struct pen_notes *notes)
{
	size_t small = 0, all = 0;
	for (unsigned i = 0; i < halls->count; i++) {
		const struct pen_arena *arena = hall_arena(halls->halls[i]);
		all += arena->mapped;
		small += arena->kind == PEN_ARENA_HUGETLB ? 0 : arena->mapped;
	}
	if (small)
		pen_notes_add(notes,
			"no huge pages for %zu MiB of blocks: a little more work for each packet; "
			"mend it, as root: sysctl -w vm.nr_hugepages=%zu",
			small >> 20, all / HUGE_BYTES);
}

static int hall_start(struct halls *halls, const struct halls_config *config, unsigned i,
	struct hall_config *hall, struct pen_why *why)
{
	int err = endpoint_parse(config->listen[i], true, &hall->at, why);
	hall->core = (uint8_t)i;
	if (!err)
		err = hall_open(hall, &halls->halls[i], why);
	if (err)
		return err;
	halls->count++;
	endpoint_text(&hall->at, halls->text[i]);
	return 0;
}

int halls_open(struct halls *halls, const struct halls_config *config, struct pen_why *why)
{
	struct identity identity;
	struct pen_notes notes = {0};
	PEN_CHECK(config->count <= HALLS_MAX);
	if (!config->count)
		return 0;
	int err = identity_load(config->store, config->index, &identity, why);
	struct hall_config hall = {.pinned = config->pinned,
		.busy = config->busy,
		.blocks = config->blocks,
		.rate = rate_of(config),
		.identity = &identity,
		.store = config->store,
		.index = config->index,
		.shelf = config->shelf,
		.hush = config->hush,
		.without = config->without,
		.notes = &notes};
	for (unsigned i = 0; !err && i < config->count; i++)
		err = hall_start(halls, config, i, &hall, why);
	if (err)
		return err;
	note_pages(halls, &notes);
	for (unsigned i = 0; i < notes.count; i++)
		fprintf(stderr, "penstock serve: %s\n", notes.text[i]);
	for (unsigned i = 0; i < halls->count; i++)
		fprintf(stderr, "penstock serve: udp %s store %s\n", halls->text[i], config->store);
	return 0;
}

int halls_metrics(struct halls *halls, struct pen_buf *out)
{
	struct hall_counts counts[HALLS_MAX];
	struct hall_counts_of of[HALLS_MAX];
	for (unsigned i = 0; i < halls->count; i++) {
		hall_counts(halls->halls[i], &counts[i]);
		of[i] = (struct hall_counts_of){&counts[i], halls->text[i]};
	}
	return halls->count ? hall_counts_print(of, halls->count, out) : 0;
}

void halls_drain(struct halls *halls, int64_t until_ns)
{
	for (unsigned i = 0; i < halls->count; i++)
		hall_drain(halls->halls[i], until_ns);
}

void halls_close(struct halls *halls)
{
	for (unsigned i = 0; i < halls->count; i++)
		hall_close(halls->halls[i]);
	halls->count = 0;
}
