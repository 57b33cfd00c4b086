/*
 * sim: carries out worlds by their seeds, and says which ones failed and how to see them again.
 *
 *   sim [--seeds A..B] [--servers N] [--clients N] [--climate NAME] [--awkward] [--faults]
 *       [--liars] [--parts] [--lean] [--hopeless] [--outsider] [--jobs N] [--twice N] [--tell]
 *       [--packets] [--sabotage NAME] [--curves]
 *
 * Each of --jobs processes takes the next seed until none is left; one that aborts (a broken
 * contract, a failed check, a sanitizer) fails its seed, and another takes its place. Every
 * --twice-th seed is run twice, and must do the same; the second time clients are asked after each
 * turn whether they left anything undone (tests/fakes/still.h). --sabotage breaks something in
 * each, to show that it is noticed (tests/sim/catches). --curves: no handshake uses a toy
 * (tests/sim/curves.h).
 */
#include <getopt.h>
#include <limits.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "sim/scene.h"

#define JOBS_MAX 64u
/* Failures that are told; the rest is counted. */
#define FAILURES_MAX 20u
/* Classes of time over ideal time: up to so many hundredths. */
static const unsigned classes[] = {110, 125, 150, 200, 300, 500, 1000, 10000, UINT32_MAX};

struct options {
	uint64_t first, last;
	struct plan_ask ask;
	unsigned jobs, twice;
	bool curves;
	enum stage_tell tell;
	enum sabotage sabotage;
};

/* What the processes share. */
struct shared {
	_Atomic uint64_t next; /* seed */
	_Atomic uint64_t at[JOBS_MAX]; /* seed that each is at */
	_Atomic uint64_t done, failed, packets, turns, sessions, curves, run_ns, curves_ns, refused,
		parted, restarts, convicted, caught, resumed, blocks, torn, sizes, put, spoilt, raw;
	_Atomic uint64_t ratio[PEN_COUNT(classes)][PLAN_CLIMATES];
	uint64_t world_packets[]; /* of each seed */
};

static const char *const climate_names[PLAN_CLIMATES] = {
	"rack", "city", "ocean", "radio", "broken", "storm"};

static void flags_print(const struct options *options)
{
	fprintf(stderr, " --servers %u --clients %u%s%s%s%s%s%s%s", options->ask.servers_max,
		options->ask.clients_max, options->ask.awkward ? " --awkward" : "",
		options->ask.faults ? " --faults" : "", options->ask.liars ? " --liars" : "",
		options->ask.parts ? " --parts" : "", options->ask.lean ? " --lean" : "",
		options->ask.hopeless ? " --hopeless" : "",
		options->ask.outsider ? " --outsider" : "");
	if (options->ask.climate >= 0)
		fprintf(stderr, " --climate %s", climate_names[options->ask.climate]);
}

static void failed(
	struct shared *shared, const struct options *options, uint64_t seed, const char *why)
{
	if (atomic_fetch_add(&shared->failed, 1) >= FAILURES_MAX)
		return;
	fprintf(stderr, "seed %llu failed: %s\n  again: tests/sim/run --seeds %llu..%llu --tell",
		(unsigned long long)seed, why, (unsigned long long)seed, (unsigned long long)seed);
	flags_print(options);
	fprintf(stderr, "\n");
}

static void ratio_note(
	struct shared *shared, const struct plan *plan, const struct outcome *outcome)
{
	uint64_t hundredths = (uint64_t)(outcome->took_ns * 100 / outcome->ideal_ns);
	unsigned class = 0;
	while (hundredths > classes[class])
		class ++;
	atomic_fetch_add(&shared->ratio[class][plan->climate], 1);
}

/* What the CPU was busy with. */
static void work_note(struct shared *shared, const struct outcome *outcome)
{
	atomic_fetch_add(&shared->packets, outcome->packets);
	atomic_fetch_add(&shared->turns, outcome->turns);
	atomic_fetch_add(&shared->sessions, outcome->sessions);
	atomic_fetch_add(&shared->curves, outcome->curves);
	atomic_fetch_add(&shared->run_ns, (uint64_t)outcome->run_ns);
	atomic_fetch_add(&shared->curves_ns, (uint64_t)outcome->curves_ns);
}

static void one(struct shared *shared, const struct options *options, uint64_t seed)
{
	static struct plan plan;
	struct outcome outcome, again;
	struct scene_ask ask = {.plan = &plan,
		.tell = options->tell,
		.sabotage = options->sabotage,
		.curves = options->curves};
	plan_draw(&plan, seed, &options->ask);
	atomic_fetch_add(&shared->raw, plan.parts == 0);
	if (options->tell)
		plan_print(&plan);
	scene_run(&ask, &outcome);
	work_note(shared, &outcome);
	shared->world_packets[seed - options->first] = outcome.packets;
	if (options->twice && seed % options->twice == 0 && !outcome.failed) {
		ask.tell = STAGE_QUIET;
		ask.still = true;
		scene_run(&ask, &again);
		work_note(shared, &again);
		if (again.trace != outcome.trace)
			failed(shared, options, seed, "a second run does something else");
	}
	if (options->tell)
		fprintf(stderr, "took %.3f ms, ideally %.3f ms, trace %016llx\n",
			(double)outcome.took_ns / PEN_NS_PER_MS,
			(double)outcome.ideal_ns / PEN_NS_PER_MS,
			(unsigned long long)outcome.trace);
	if (outcome.failed)
		failed(shared, options, seed, outcome.why);
	else
		ratio_note(shared, &plan, &outcome);
	atomic_fetch_add(&shared->done, 1);
	atomic_fetch_add(&shared->refused, outcome.refused);
	atomic_fetch_add(&shared->parted, outcome.parted);
	atomic_fetch_add(&shared->restarts, outcome.restarts);
	atomic_fetch_add(&shared->convicted, outcome.convicted);
	atomic_fetch_add(&shared->resumed, outcome.resumed);
	atomic_fetch_add(&shared->blocks, outcome.blocks);
	atomic_fetch_add(&shared->torn, outcome.torn);
	atomic_fetch_add(&shared->caught, outcome.caught);
	atomic_fetch_add(&shared->sizes, outcome.sizes);
	atomic_fetch_add(&shared->put, outcome.put);
	atomic_fetch_add(&shared->spoilt, outcome.spoilt);
}

/* What one world gives back the next one takes: fresh pages cost more than most worlds do. */
static void keep_memory(void)
{
	mallopt(M_MMAP_THRESHOLD, 32 << 20);
	mallopt(M_TRIM_THRESHOLD, INT_MAX);
}

static void work(struct shared *shared, const struct options *options, unsigned job)
{
	uint64_t seed;
	while ((seed = atomic_fetch_add(&shared->next, 1)) <= options->last) {
		atomic_store(&shared->at[job], seed);
		one(shared, options, seed);
	}
}

static pid_t spawn(struct shared *shared, const struct options *options, unsigned job)
{
	pid_t pid = fork();
	PEN_CHECK(pid >= 0);
	if (pid == 0) {
		keep_memory();
		work(shared, options, job);
		exit(0);
	}
	return pid;
}

/* Start workers, and another for each that dies before its time. */
static void run(struct shared *shared, const struct options *options)
{
	pid_t pids[JOBS_MAX];
	unsigned alive = options->jobs;
	for (unsigned job = 0; job < options->jobs; job++)
		pids[job] = spawn(shared, options, job);
	while (alive) {
		int status;
		pid_t pid = wait(&status);
		unsigned job = 0;
		PEN_CHECK(pid > 0);
		while (job < options->jobs && pids[job] != pid)
			job++;
		PEN_CHECK(job < options->jobs);
		alive--;
		if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
			continue;
		atomic_fetch_add(&shared->done, 1);
		failed(shared, options, atomic_load(&shared->at[job]), "it aborted (see above)");
		if (atomic_load(&shared->next) <= options->last) {
			pids[job] = spawn(shared, options, job);
			alive++;
		}
	}
}

static int more_or_less(const void *a, const void *b)
{
	const uint64_t *one = a, *other = b;
	return (*one > *other) - (*one < *other);
}

/* How large worlds are, and how many move a raw object. */
static void sizes_report(struct shared *shared, uint64_t count)
{
	uint64_t *packets = shared->world_packets;
	qsort(packets, count, sizeof *packets, more_or_less);
	printf("packets a world: median %llu, a tenth up to %llu, a tenth from %llu on, most %llu; "
	       "%.0f %% raw\n",
		(unsigned long long)packets[count / 2], (unsigned long long)packets[count / 10],
		(unsigned long long)packets[count - 1 - count / 10],
		(unsigned long long)packets[count - 1],
		100.0 * (double)shared->raw / (double)count);
}

static void report(struct shared *shared, double seconds)
{
	struct rusage usage;
	PEN_CHECK(!getrusage(RUSAGE_CHILDREN, &usage));
	double busy = (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec +
		(double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
	double ran = (double)shared->run_ns / PEN_NS_PER_S, packets = (double)shared->packets;
	printf("%llu worlds, %llu failed; %.1f s, %.1f of CPU, %llu pieces refused, %llu liars "
	       "named, %llu caught, %llu sizes tried, %llu frames of several blocks, %llu times "
	       "again, %llu parts resumed, %llu blocks resumed, %llu torn, %llu packets of "
	       "outsiders, %llu of them DATA with other "
	       "bytes\n",
		(unsigned long long)shared->done, (unsigned long long)shared->failed, seconds, busy,
		(unsigned long long)shared->refused, (unsigned long long)shared->convicted,
		(unsigned long long)shared->caught, (unsigned long long)shared->sizes,
		(unsigned long long)shared->parted, (unsigned long long)shared->restarts,
		(unsigned long long)shared->resumed, (unsigned long long)shared->blocks,
		(unsigned long long)shared->torn, (unsigned long long)shared->put,
		(unsigned long long)shared->spoilt);
	double curves = (double)shared->curves_ns / PEN_NS_PER_S;
	printf("%llu packets, %.2f turns a packet, %llu handshakes, %llu with OpenSSL's curves, "
	       "the "
	       "others with a toy's; packets a CPU second: %.0f k in all, %.0f k while worlds run "
	       "(not made, not judged), %.0f k of that without OpenSSL's curves\n",
		(unsigned long long)shared->packets, (double)shared->turns / packets,
		(unsigned long long)shared->sessions, (unsigned long long)shared->curves,
		packets / busy / 1000, packets / ran / 1000, packets / (ran - curves) / 1000);
	printf("time over ideal time:");
	for (unsigned i = 0; i + 1 < PEN_COUNT(classes); i++)
		printf("  <=%g", classes[i] / 100.0);
	printf("  more\n");
	for (unsigned climate = 0; climate < PLAN_CLIMATES; climate++) {
		printf("%21s", climate_names[climate]);
		for (unsigned i = 0; i < PEN_COUNT(classes); i++)
			printf(" %6llu", (unsigned long long)shared->ratio[i][climate]);
		printf("\n");
	}
	uint64_t fine = shared->done - shared->failed;
	printf("%llu passed, %llu failed\n", (unsigned long long)fine,
		(unsigned long long)shared->failed);
}

static const char *const sabotage_names[SABOTAGES] = {"none", "bytes", "silence", "block", "packet",
	"justice", "sync", "forget", "rash", "mislay", "trust", "again", "lose", "miscount", "late",
	"stubborn", "mercy", "spite", "haste", "chance"};

/* The number of a name; `count` if it is none of them. */
static unsigned word_parse(const char *name, const char *const *names, unsigned count)
{
	unsigned i = 0;
	while (i < count && strcmp(name, names[i]))
		i++;
	return i;
}

static bool option_take(struct options *options, int option)
{
	unsigned long long first, last;
	switch (option) {
	case 's':
		if (sscanf(optarg, "%llu..%llu", &first, &last) != 2 || first > last)
			return false;
		options->first = first;
		options->last = last;
		return true;
	case 'n': options->ask.servers_max = (unsigned)atoi(optarg); break;
	case 'm': options->ask.clients_max = (unsigned)atoi(optarg); break;
	case 'j': options->jobs = (unsigned)atoi(optarg); break;
	case 't': options->twice = (unsigned)atoi(optarg); return true;
	case 'c':
		options->ask.climate = (int)word_parse(optarg, climate_names, PLAN_CLIMATES);
		if (options->ask.climate == PLAN_CLIMATES)
			return false;
		break;
	case 'b':
		options->sabotage = (enum sabotage)word_parse(optarg, sabotage_names, SABOTAGES);
		return options->sabotage < SABOTAGES;
	case 'a': options->ask.awkward = true; break;
	case 'f': options->ask.faults = true; break;
	case 'l': options->ask.liars = true; break;
	case 'q': options->ask.parts = true; break;
	case 'e': options->ask.lean = true; break;
	case 'h': options->ask.hopeless = true; break;
	case 'o': options->ask.outsider = true; break;
	case 'x': options->curves = true; break;
	case 'v': options->tell = STAGE_TELL; break;
	case 'p': options->tell = STAGE_PACKETS; break;
	default: return false;
	}
	return options->ask.servers_max - 1 < PLAN_SERVERS_MAX &&
		options->ask.clients_max - 1 < PLAN_CLIENTS_MAX && options->jobs - 1 < JOBS_MAX;
}

int main(int argc, char **argv)
{
	static const struct option names[] = {{"seeds", required_argument, NULL, 's'},
		{"servers", required_argument, NULL, 'n'},
		{"clients", required_argument, NULL, 'm'},
		{"climate", required_argument, NULL, 'c'}, {"jobs", required_argument, NULL, 'j'},
		{"twice", required_argument, NULL, 't'}, {"awkward", no_argument, NULL, 'a'},
		{"faults", no_argument, NULL, 'f'}, {"liars", no_argument, NULL, 'l'},
		{"parts", no_argument, NULL, 'q'}, {"lean", no_argument, NULL, 'e'},
		{"hopeless", no_argument, NULL, 'h'}, {"outsider", no_argument, NULL, 'o'},
		{"sabotage", required_argument, NULL, 'b'}, {"tell", no_argument, NULL, 'v'},
		{"packets", no_argument, NULL, 'p'}, {"curves", no_argument, NULL, 'x'}, {0}};
	struct options options = {.first = 1,
		.last = 100,
		.jobs = 1,
		.ask = {.servers_max = 1, .clients_max = 1, .climate = -1}};
	int option;
	while ((option = getopt_long(argc, argv, "", names, NULL)) >= 0)
		if (!option_take(&options, option)) {
			fprintf(stderr, "sim: see the top of tests/sim/main.c\n");
			return 2;
		}
	uint64_t count = options.last - options.first + 1;
	struct shared *shared = mmap(NULL, sizeof *shared + count * sizeof *shared->world_packets,
		PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	PEN_CHECK(shared != MAP_FAILED);
	atomic_store(&shared->next, options.first);
	int64_t begin_ns = pen_clock_ns();
	run(shared, &options);
	sizes_report(shared, count);
	report(shared, (double)(pen_clock_ns() - begin_ns) / PEN_NS_PER_S);
	return shared->failed ? 1 : 0;
}
