/* A whole sync with workers, for TSan: golden parts from a scripted source into a sink in memory.
 */
#include "core/sync.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/text.h"
#include "drivers/sim/sink.h"
#include "fakes/origin.h"
#include "plain.h"

#define N 7u
#define ROUNDS 5

static struct pen_buf parts[N];
static atomic_uint events;

static void part_load(uint32_t k)
{
	char path[1024];
	const char *data = getenv("PEN_TEST_DATA");
	snprintf(path, sizeof path, "%s/near/golden/small/state_part_%06u_of_%06u",
		data ? data : "tests/data", k, N);
	FILE *file = fopen(path, "rb");
	PEN_CHECK(file);
	for (size_t got = 1; got; parts[k].len += got) {
		PEN_CHECK(pen_buf_grow(&parts[k], 1 << 16) == 0);
		got = fread(parts[k].at + parts[k].len, 1, parts[k].cap - parts[k].len, file);
	}
	fclose(file);
}

/* Every part comes wrong the first time. */
static void script(void *context, uint32_t k, unsigned before, struct fake_answer *answer)
{
	bool lies = *(bool *)context;
	(void)before;
	answer->body = pen_buf_bytes(&parts[lies ? (k + 1) % N : k]);
	answer->pieces = 3;
	answer->piece_ns = PEN_NS_PER_MS / 10;
}

static void on_event(void *context, uint32_t k, enum pen_sync_event event)
{
	(void)context, (void)k, (void)event;
	events++;
}

static int run(struct pen_sim_sink *sink, unsigned jobs, struct pen_why *why)
{
	static struct fake_origin origins[2];
	static bool lies[2] = {true, false};
	int64_t now = 0;
	struct pen_source sources[2] = {{.prefix = ""}, {.prefix = ""}};
	struct pen_sync sync;
	for (unsigned s = 0; s < 2; s++) {
		fake_origin_init(&origins[s], s ? "good" : "liar", &now);
		origins[s].script = script;
		origins[s].context = &lies[s];
		sources[s].origin = &origins[s].origin;
	}
	struct pen_sync_config config = {.sink = &sink->sink,
		.shard = sink->shard,
		.applied = sink->applied,
		.sources = sources,
		.sources_count = 2,
		.tries = 3,
		.connections = 4,
		.jobs = jobs,
		.stall_ns = 30 * PEN_NS_PER_S,
		.on_event = on_event};
	PLAIN_EXPECT(pen_sync_open(&sync, &config, why) == 0);
	while (pen_sync_turn(&sync, now)) {
		now += PEN_NS_PER_MS / 10;
		if (sync.plan.flights_count == 0)
			pen_sync_wait(&sync, now);
	}
	int err = pen_sync_finish(&sync, why);
	pen_sync_close(&sync);
	return err;
}

static void workers(void)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		static struct pen_sim_sink sink;
		struct pen_sim_clock simclock;
		struct pen_hash root;
		struct pen_why why = {0};
		PEN_CHECK(!pen_hash_parse("GRqsQiLsteXhPiadvQ3Xkpuop5c87g35UyhpTB8LuMxv", &root));
		pen_sim_sink_tame(&sink, &simclock, &root, N);
		int err = run(&sink, 1 + i % 4, &why);
		PLAIN_EXPECT(err == 0);
		PLAIN_EXPECT(sink.commits == N);
		if (err)
			fprintf(stderr, "%s\n", why.text);
	}
	PLAIN_EXPECT(events >= ROUNDS * N * PEN_SYNC_EVENTS);
}

int main(void)
{
	static const struct plain_test tests[] = {{"workers", workers}};
	for (uint32_t k = 0; k < N; k++)
		part_load(k);
	int code = plain_main(tests, PEN_COUNT(tests));
	for (uint32_t k = 0; k < N; k++)
		pen_buf_fini(&parts[k]);
	return code;
}
