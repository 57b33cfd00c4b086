/* The survey's crew: who builds which stretch, and in what order its limbs are taken. */
#include <errno.h>

#include "base/check.h"
#include "base/clock.h"
#include "make/crew.h"
#include "make/make.h"

/* The tour under way. Under the crew's lock while workers run. */
struct tour {
	const struct pen_make *make;
	const struct pen_survey_watch *watch;
	struct pen_survey *survey;
	struct pen_make_time *time;
	struct pen_feed feed; /* cuts the stretches off, one worker at a time */
	uint64_t cut; /* stretches cut off */
	uint64_t added; /* stretches whose limbs are in the survey */
	bool ended;
};

/* One worker's memory. */
struct guide {
	struct pen_stretch stretch;
	struct pen_limbs limbs;
	struct pen_make_time time;
};

/* Cut the next stretch off. 1, 0 at the end, or an error. Under the lock. */
static int next_stretch(struct tour *tour, struct guide *guide, struct pen_why *why)
{
	if (tour->ended)
		return 0;
	int64_t begin = pen_clock_ns();
	int got = pen_feed_next(&tour->feed, &guide->stretch, why);
	guide->time.read += pen_clock_ns() - begin;
	tour->ended = got <= 0;
	tour->cut += got > 0;
	return got;
}

/* Limbs go into the survey in order of the file: wait for those before. Under the lock. */
static int add_in_turn(
	struct pen_crew *crew, struct tour *tour, struct guide *guide, uint64_t number)
{
	while (tour->added < number && !pen_crew_stopped(crew))
		pen_crew_wait(crew);
	if (pen_crew_stopped(crew))
		return 0;
	int64_t begin = pen_clock_ns();
	int err = pen_survey_add(tour->survey, &guide->limbs);
	guide->time.build += pen_clock_ns() - begin;
	tour->added++;
	pen_crew_signal(crew);
	return err;
}

static int build_stretch(struct tour *tour, struct guide *guide, struct pen_why *why)
{
	int64_t begin = pen_clock_ns();
	/* The feed's format and label do not change: no lock. */
	int err = pen_stretch_decode(&tour->feed, &guide->stretch, why);
	guide->time.read += pen_clock_ns() - begin;
	return err ? err : pen_survey_build(&guide->stretch, &guide->limbs, &guide->time);
}

static void work(struct pen_crew *crew, void *context, unsigned worker)
{
	struct tour *tour = context;
	struct guide guide = {0};
	struct pen_why why = {0};
	uint64_t number = 0;
	int err = 0;
	(void)worker;
	pen_crew_lock(crew);
	while (!err && !pen_crew_stopped(crew)) {
		number = tour->cut;
		err = next_stretch(tour, &guide, &why);
		if (err <= 0)
			break;
		pen_crew_unlock(crew);
		err = build_stretch(tour, &guide, &why);
		pen_crew_lock(crew);
		if (!err)
			err = add_in_turn(crew, tour, &guide, number);
	}
	pen_make_time_add(tour->time, &guide.time);
	pen_crew_unlock(crew);
	if (err < 0)
		pen_crew_fail(crew, number, err, &why);
	pen_stretch_fini(&guide.stretch);
	pen_limbs_fini(&guide.limbs);
}

/* The starter's look: how far the feed is, which only grows. */
static int look(void *context)
{
	struct tour *tour = context;
	return tour->watch && tour->watch->fn
		? tour->watch->fn(tour->watch->context, tour->survey->keys, tour->feed.offset,
			  tour->feed.stat.bytes)
		: 0;
}

int pen_make_survey(const struct pen_make *make, const struct pen_survey_watch *watch,
	struct pen_survey *survey, struct pen_make_time *time, struct pen_why *why)
{
	struct tour tour = {.make = make, .watch = watch, .survey = survey, .time = time};
	struct pen_crew_work crew = {
		.run = work, .context = &tour, .look = look, .look_context = &tour};
	struct pen_pairs_from from = make->from;
	from.disk = make->hands[0].source;
	pen_survey_init(survey);
	int err = pen_feed_open(&tour.feed, &from, why);
	if (err)
		return err;
	tour.feed.stretch_bytes = pen_survey_stretch(tour.feed.stat.bytes);
	err = pen_survey_expect(survey, tour.feed.stat.bytes);
	if (!err)
		err = pen_crew_run(&crew, make->jobs, why);
	if (!err)
		err = pen_feed_unchanged(&tour.feed, why);
	if (!err)
		err = pen_survey_finish(survey);
	pen_feed_close(&tour.feed);
	if (err && why && !why->text[0])
		pen_fail(why, err, "%s: %s", make->from.label, pen_err_text(err));
	return err;
}
