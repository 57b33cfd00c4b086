#include "bench/whole.h"

#include <stdatomic.h>
#include <string.h>
#include <xxhash.h>

#include "make/crew.h"

/* Messages a thread takes at a time, as the builder alone has them hashed: bench/build.c. */
#define WINDOW_MESSAGES 4096u

/* A store that was never opened: there is no directory that could be locked. */
static struct pen_store open_nowhere(struct pen_disk *disk)
{
	struct pen_store store = {.disk = disk,
		.side = disk,
		.prefix = PEN_STORE_SIDE "/",
		.write = true,
		.lock = {.fd = -1, .held = true}};
	pen_writer_init(&store.parts, disk, PEN_STORE_SIDE "/tmp");
	pen_writer_init(&store.sides, disk, PEN_STORE_SIDE "/tmp");
	return store;
}

void bench_whole_init(struct bench_whole *whole, struct pen_bytes bytes, uint64_t parts)
{
	*whole = (struct bench_whole){.parts = parts};
	for (unsigned i = 0; i <= BENCH_WHOLE_JOBS_MAX; i++)
		bench_nowhere_init(&whole->nowhere[i]);
	for (unsigned i = 0; i < BENCH_WHOLE_JOBS_MAX; i++) {
		bench_memfile_init(&whole->files[i], bytes);
		whole->hands[i] = (struct pen_make_hand){
			&whole->files[i].disk, &whole->nowhere[i].disk};
	}
	whole->store = open_nowhere(&whole->nowhere[BENCH_WHOLE_JOBS_MAX].disk);
	whole->make = (struct pen_make){.from = bench_memfile_from(&whole->files[0]),
		.hands = whole->hands,
		.store = &whole->store};
}

static void reset(struct bench_whole *whole, unsigned jobs)
{
	whole->make.jobs = jobs;
	whole->sum = (struct pen_make_sum){0};
	whole->content_sum = 0;
	for (unsigned i = 0; i < BENCH_WHOLE_JOBS_MAX; i++) {
		whole->nowhere[i].sums = whole->sums;
		whole->nowhere[i].sum = 0;
	}
}

int bench_whole_parts(struct bench_whole *whole, const struct pen_survey *survey, unsigned jobs,
	int level, struct pen_why *why)
{
	struct pen_make_want want = {
		.labels = {.chain = "bench"}, .parts = whole->parts, .level = level};
	reset(whole, jobs);
	int err = pen_make_run(&whole->make, survey, &want, &whole->sum, why);
	pen_make_time_add(&whole->time, &whole->sum.time);
	for (unsigned i = 0; i < jobs; i++)
		whole->content_sum += whole->nowhere[i].sum;
	return err;
}

int bench_whole_make(struct bench_whole *whole, unsigned jobs, int level, struct pen_why *why)
{
	struct pen_survey survey = {0};
	struct pen_make_time time = {0};
	whole->make.jobs = jobs;
	int err = pen_make_survey(&whole->make, NULL, &survey, &time, why);
	if (!err)
		err = bench_whole_parts(whole, &survey, jobs, level, why);
	pen_make_time_add(&whole->time, &time);
	pen_survey_fini(&survey);
	return err;
}

/* Parts being cut. Under the crew's lock. */
struct cutting {
	struct bench_whole *whole;
	const struct pen_survey *survey;
	uint64_t next;
};

static int cut_part(struct cutting *cutting, struct pen_cut *cut, uint64_t k, struct pen_buf *out,
	struct pen_why *why)
{
	out->len = 0;
	int err = pen_cut_part(cut, k, cutting->whole->parts, why);
	return err ? err : pen_cut_content(cut, out, why);
}

static void cut_work(struct pen_crew *crew, void *context, unsigned worker)
{
	struct cutting *cutting = context;
	struct bench_whole *whole = cutting->whole;
	struct pen_pairs_from from = bench_memfile_from(&whole->files[worker]);
	struct pen_gather_spill never = {0};
	struct pen_cut cut = {0};
	struct pen_buf content = {0};
	struct pen_why why = {0};
	uint64_t k = 0;
	int err = pen_cut_open(&cut, cutting->survey, &from, &never, 0, &why);
	pen_crew_lock(crew);
	while (!err && !pen_crew_stopped(crew) && cutting->next < whole->parts) {
		k = cutting->next++;
		pen_crew_unlock(crew);
		err = cut_part(cutting, &cut, k, &content, &why);
		uint64_t sum = whole->sums && !err ? XXH3_64bits(content.at, content.len) : 0;
		pen_crew_lock(crew);
		whole->content_sum += sum;
	}
	pen_crew_unlock(crew);
	if (err)
		pen_crew_fail(crew, k, err, &why);
	pen_buf_fini(&content);
	pen_cut_close(&cut);
}

int bench_whole_cut(struct bench_whole *whole, unsigned jobs, struct pen_why *why)
{
	struct pen_survey survey = {0};
	struct pen_make_time time = {0};
	struct cutting cutting = {whole, &survey, 0};
	struct pen_crew_work crew = {.run = cut_work, .context = &cutting};
	reset(whole, jobs);
	int err = pen_make_survey(&whole->make, NULL, &survey, &time, why);
	if (!err)
		err = pen_crew_run(&crew, jobs, why);
	pen_survey_fini(&survey);
	return err;
}

/* Messages being hashed. */
struct hashing {
	const struct bench_messages *messages;
	size_t windows; /* once over all messages */
	size_t total; /* of all passes */
	atomic_size_t next;
};

static void hash_work(struct pen_crew *crew, void *context, unsigned worker)
{
	struct hashing *hashing = context;
	const struct bench_messages *messages = hashing->messages;
	struct pen_hash digests[WINDOW_MESSAGES];
	size_t window;
	(void)crew;
	(void)worker;
	while ((window = atomic_fetch_add(&hashing->next, 1)) < hashing->total) {
		size_t from = window % hashing->windows * WINDOW_MESSAGES;
		size_t count = messages->count - from;
		count = count < WINDOW_MESSAGES ? count : WINDOW_MESSAGES;
		pen_sha256_many(messages->list + from, count, digests);
	}
}

int bench_whole_hash(
	const struct bench_messages *messages, unsigned passes, unsigned jobs, struct pen_why *why)
{
	size_t windows = (messages->count + WINDOW_MESSAGES - 1) / WINDOW_MESSAGES;
	struct hashing hashing = {messages, windows, windows * passes, 0};
	struct pen_crew_work crew = {.run = hash_work, .context = &hashing};
	return pen_crew_run(&crew, jobs, why);
}
