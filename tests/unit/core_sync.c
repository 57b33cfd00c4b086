/* The whole line in virtual time: scripted sources, real proofs, a sink that remembers. */
#include "core/sync.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/clock.h"
#include "drivers/sim/sink.h"
#include "fakes/origin.h"
#include "util.h"

#define N 7u
#define ROOT "GRqsQiLsteXhPiadvQ3Xkpuop5c87g35UyhpTB8LuMxv"

enum manner {
	GOOD,
	MISSING,
	BROKEN,
	SHORT, /* half a body, as a whole one */
	CUT, /* half a body, and the connection breaks */
	OTHER, /* another part's body */
	SLOW, /* a piece every 20 s */
	SILENT,
	ONE_OTHER, /* part 4 is another part's */
	WIDE, /* larger than an ordinary part, as long as it is not asked alone */
	ENDLESS, /* more than any allowance */
	BOMB, /* decompresses to more than any allowance */
};

/* Small enough that what is too large for it is quickly made. */
#define MEMORY_BYTES ((uint64_t)340 << 20)
#define ENDLESS_BYTES ((size_t)50 << 20)

struct world {
	int64_t now;
	struct fake_origin origins[2];
	enum manner manners[2];
	struct pen_source sources[2];
	struct pen_sim_sink sink;
	struct pen_sim_clock clock;
	struct pen_buf parts[N];
	const struct pen_buf *endless, *bomb;
	struct pen_sync sync;
	_Atomic unsigned events[PEN_SYNC_EVENTS];
	uint64_t wire_max; /* bytes of all slots, at most, before any task */
};

static void script(void *context, uint32_t k, unsigned before, struct fake_answer *answer)
{
	const struct world *world = ((void **)context)[0];
	enum manner manner = *(enum manner *)((void **)context)[1];
	answer->body = pen_buf_bytes(&world->parts[k]);
	answer->pieces = 2;
	answer->piece_ns = PEN_NS_PER_MS;
	switch (manner) {
	case MISSING:
		answer->result = PEN_ENOTFOUND;
		answer->body.len = 0;
		break;
	case BROKEN:
		answer->result = PEN_ENET;
		answer->body.len = 0;
		break;
	case CUT:
		answer->result = PEN_ENET;
		answer->body.len /= 2;
		break;
	case SHORT: answer->body.len /= 2; break;
	case OTHER: answer->body = pen_buf_bytes(&world->parts[(k + 1) % N]); break;
	case ONE_OTHER:
		if (k == 4)
			answer->body = pen_buf_bytes(&world->parts[5]);
		break;
	case SLOW:
		answer->pieces = 10;
		answer->piece_ns = 20 * PEN_NS_PER_S;
		break;
	case SILENT: answer->silent = true; break;
	case WIDE: answer->result = before ? 0 : PEN_EINPUT; break;
	case ENDLESS:
		answer->body = pen_buf_bytes(world->endless);
		answer->pieces = 16;
		break;
	case BOMB: answer->body = pen_buf_bytes(world->bomb); break;
	case GOOD: break;
	}
}

static void on_event(void *context, uint32_t k, enum pen_sync_event event)
{
	struct world *world = context;
	cr_assert_lt(k, N);
	world->events[event]++;
}

static void world_open(struct world *world)
{
	struct pen_hash root;
	memset(world, 0, sizeof *world);
	cr_assert_eq(pen_hash_parse(ROOT, &root), 0);
	pen_sim_sink_tame(&world->sink, &world->clock, &root, N);
	for (uint32_t k = 0; k < N; k++) {
		char name[64];
		snprintf(name, sizeof name, "golden/small/state_part_%06u_of_000007", k);
		world->parts[k] = test_data(name);
	}
}

/* Zeros are a PartialState without entries, with too much behind it. */
static void hostile_make(struct pen_buf *endless, struct pen_buf *bomb)
{
	struct pen_zstd zstd = {0};
	struct pen_bytes zeros = {calloc(1, ENDLESS_BYTES), ENDLESS_BYTES};
	cr_assert_not_null(zeros.at);
	cr_assert_eq(pen_envelope_seal(&zstd, zeros, 1, bomb, NULL), 0);
	*endless = (struct pen_buf){(uint8_t *)zeros.at, zeros.len, zeros.len};
	pen_zstd_fini(&zstd);
}

static void wire_look(struct world *world)
{
	uint64_t bytes = 0;
	for (unsigned i = 0; i < world->sync.budget.slots; i++)
		bytes += world->sync.pull.slots[i].bytes.cap;
	if (bytes > world->wire_max)
		world->wire_max = bytes;
}

static void world_close(struct world *world)
{
	for (uint32_t k = 0; k < N; k++)
		pen_buf_fini(&world->parts[k]);
}

/* Run to the end with these sources; the result of the sync. */
static int run(struct world *world, unsigned sources, unsigned jobs, struct pen_why *why)
{
	void *contexts[2][2];
	static const char *const labels[] = {"http://a", "http://b"};
	for (unsigned s = 0; s < sources; s++) {
		contexts[s][0] = world;
		contexts[s][1] = &world->manners[s];
		fake_origin_init(&world->origins[s], labels[s], &world->now);
		world->origins[s].script = script;
		world->origins[s].context = contexts[s];
		world->sources[s].origin = &world->origins[s].origin;
		strcpy(world->sources[s].prefix, "of/7/");
	}
	struct pen_sync_config config = {.sink = &world->sink.sink,
		.shard = world->sink.shard,
		.applied = world->sink.applied,
		.sources = world->sources,
		.sources_count = sources,
		.tries = 3,
		.connections = 3,
		.jobs = jobs,
		.memory_bytes = MEMORY_BYTES,
		.stall_ns = 30 * PEN_NS_PER_S,
		.on_event = on_event,
		.context = world};
	cr_assert_eq(pen_sync_open(&world->sync, &config, why), 0, "%s", why->text);
	for (int turns = 0; pen_sync_turn(&world->sync, world->now); turns++) {
		cr_assert_lt(turns, 100000);
		wire_look(world);
		int64_t next = world->sync.until_ns;
		for (unsigned s = 0; s < sources; s++) {
			int64_t at = fake_origin_next(&world->origins[s]);
			next = at < next ? at : next;
		}
		if (jobs)
			pen_sync_wait(&world->sync, world->now);
		world->now = next < INT64_MAX ? next : world->now;
	}
	int result = pen_sync_finish(&world->sync, why);
	pen_sync_close(&world->sync);
	return result;
}

Test(core_sync, sources_of_every_kind)
{
	static const struct {
		const char *name;
		unsigned sources;
		enum manner manners[2];
		int result;
		const char *says;
		unsigned commits;
	} rows[] = {
		{"good", 1, {GOOD}, 0, "", N},
		{"404", 1, {MISSING}, PEN_ENOTFOUND, "part 0 of 7: http://a/of/7/state_part_000000",
			0},
		{"500", 1, {BROKEN}, PEN_ENET, "http://a/of/7/state_part_00000", 0},
		{"cut", 1, {CUT}, PEN_ENET, "http://a", 0},
		{"short", 1, {SHORT}, PEN_EENVELOPE,
			"http://a/of/7/state_part_000000_of_000007: ", 0},
		{"another part", 1, {OTHER}, PEN_EMISSING, "MissingTrieValue", 0},
		{"one is another", 1, {ONE_OTHER}, PEN_EMISSING,
			"part 4 of 7: http://a/of/7/state_part_000004_of_000007: MissingTrieValue",
			N - 1},
		{"slow", 1, {SLOW}, 0, "", N},
		{"silent", 1, {SILENT}, PEN_ESTALL, "no byte", 0},
		{"404 and good", 2, {MISSING, GOOD}, 0, "", N},
		{"500 and good", 2, {BROKEN, GOOD}, 0, "", N},
		{"another part and good", 2, {OTHER, GOOD}, 0, "", N},
		{"cut and good", 2, {CUT, GOOD}, 0, "", N},
		{"silent and good", 2, {SILENT, GOOD}, 0, "", N},
		{"404 and one bad", 2, {MISSING, ONE_OTHER}, PEN_EMISSING, "http://b", N - 1},
	};
	static struct world world;
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_why why = {0};
		world_open(&world);
		memcpy(world.manners, rows[i].manners, sizeof world.manners);
		int result = run(&world, rows[i].sources, 0, &why);
		cr_expect_eq(result, rows[i].result, "%s: %d %s", rows[i].name, result, why.text);
		cr_expect(strstr(why.text, rows[i].says), "%s: %s", rows[i].name, why.text);
		cr_expect_eq(world.sink.commits, rows[i].commits, "%s: %u", rows[i].name,
			(unsigned)world.sink.commits);
		cr_expect_eq(world.sink.finishes, rows[i].result == 0, "%s", rows[i].name);
		cr_expect_eq(world.sync.sum.parts, rows[i].commits);
		cr_expect_eq(world.events[PEN_SYNC_DONE], rows[i].commits);
		cr_expect(world.origins[0].gets_max <= 3);
		cr_expect_eq(world.sink.batches, 0);
		world_close(&world);
	}
}

/* Servers that send more than there is room for: what they cost is bounded, and how it ends. */
Test(core_sync, what_is_too_large)
{
	static const struct {
		const char *name;
		unsigned sources;
		enum manner manners[2];
		int result;
		const char *says;
		unsigned commits, asked_max;
	} rows[] = {
		{"wide", 1, {WIDE}, 0, "", N, 2 * N},
		{"wide and good", 2, {WIDE, GOOD}, 0, "", N, N},
		{"endless", 1, {ENDLESS}, PEN_ELARGE, "--memory 340 MiB leaves room for a part of",
			0, N + 3},
		{"bomb", 1, {BOMB}, PEN_ELARGE, "the largest that there can be needs", 0, N + 3},
		{"endless and good", 2, {ENDLESS, GOOD}, 0, "", N, N},
		{"bomb and good", 2, {BOMB, GOOD}, 0, "", N, N},
		{"404 and bomb", 2, {MISSING, BOMB}, PEN_ELARGE, "http://b", 0, N},
	};
	static struct world world;
	struct pen_buf endless = {0}, bomb = {0};
	hostile_make(&endless, &bomb);
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_why why = {0};
		world_open(&world);
		world.endless = &endless;
		world.bomb = &bomb;
		memcpy(world.manners, rows[i].manners, sizeof world.manners);
		int result = run(&world, rows[i].sources, 0, &why);
		const struct pen_budget *budget = &world.sync.budget;
		uint64_t slots = budget->slots * budget->part.wire_bytes;
		cr_expect_eq(result, rows[i].result, "%s: %d %s", rows[i].name, result, why.text);
		cr_expect(strstr(why.text, rows[i].says), "%s: %s", rows[i].name, why.text);
		cr_expect_eq(world.sink.commits, rows[i].commits, "%s", rows[i].name);
		cr_expect_leq(world.origins[0].asked_all, rows[i].asked_max, "%s: %u", rows[i].name,
			world.origins[0].asked_all);
		cr_expect_leq(world.wire_max,
			slots > budget->alone.wire_bytes ? slots : budget->alone.wire_bytes,
			"%s: %llu", rows[i].name, (unsigned long long)world.wire_max);
		cr_expect_eq(world.sink.batches, 0);
		world_close(&world);
	}
	pen_buf_fini(&endless);
	pen_buf_fini(&bomb);
}

Test(core_sync, a_full_disk_ends_it_and_the_rest_goes_on_later)
{
	static struct world world;
	struct pen_why why = {0};
	world_open(&world);
	world.sink.faults.commit_of = 5 + 1;
	cr_expect_eq(run(&world, 1, 0, &why), -ENOSPC);
	cr_expect(strstr(why.text, "part 5 of 7, commit: sim"), "%s", why.text);
	unsigned kept = (unsigned)world.sink.commits;
	cr_expect_geq(kept, 1);
	cr_expect_lt(kept, N);
	world.sink.faults.commit_of = 0;
	cr_expect_eq(run(&world, 1, 0, &why), 0, "%s", why.text);
	cr_expect_eq(world.origins[0].asked_all, N - kept, "what was applied is not asked again");
	cr_expect_eq(world.sink.commits, N);
	world_close(&world);
}

Test(core_sync, workers_and_a_stop)
{
	static struct world world;
	struct pen_why why = {0};
	world_open(&world);
	cr_expect_eq(run(&world, 1, 2, &why), 0, "%s", why.text);
	cr_expect_eq(world.sink.commits, N);
	for (unsigned event = 0; event < PEN_SYNC_EVENTS; event++)
		cr_expect_eq(world.events[event], N, "%s", pen_sync_event_text(event));
	world_close(&world);

	world_open(&world);
	struct pen_source source = {.origin = &world.origins[0].origin};
	void *context[] = {&world, &world.manners[0]};
	fake_origin_init(&world.origins[0], "http://a", &world.now);
	world.origins[0].script = script;
	world.origins[0].context = context;
	struct pen_sync_config config = {.sink = &world.sink.sink,
		.shard = world.sink.shard,
		.sources = &source,
		.sources_count = 1,
		.tries = 1,
		.connections = 2,
		.jobs = 1,
		.stall_ns = PEN_NS_PER_S};
	cr_assert_eq(pen_sync_open(&world.sync, &config, &why), 0);
	cr_assert(pen_sync_turn(&world.sync, 0));
	pen_fail(&why, 0, "stopped");
	pen_sync_stop(&world.sync, PEN_EINTERRUPTED, &why);
	pen_sync_wake(&world.sync);
	while (pen_sync_turn(&world.sync, 0))
		pen_sync_wait(&world.sync, 0);
	cr_expect_eq(pen_sync_finish(&world.sync, &why), PEN_EINTERRUPTED);
	pen_sync_close(&world.sync);
	cr_expect_eq(world.sink.finishes, 0);
	world_close(&world);
}
