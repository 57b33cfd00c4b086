#include <criterion/criterion.h>

#include "base/check.h"
#include "base/clock.h"
#include "make/crew.h"

/* Pieces of work that are counted, one of which may fail. */
struct pieces {
	unsigned next, all, done[64];
	unsigned fails_at, looks;
	int look_err;
};

static void work(struct pen_crew *crew, void *context, unsigned worker)
{
	struct pieces *pieces = context;
	struct pen_why why = {"piece is bad"};
	(void)worker;
	pen_crew_lock(crew);
	while (!pen_crew_stopped(crew) && pieces->next < pieces->all) {
		unsigned piece = pieces->next++;
		pieces->done[piece]++;
		pen_crew_unlock(crew);
		if (piece >= pieces->fails_at)
			pen_crew_fail(crew, piece, PEN_EINPUT - (int)piece, &why);
		pen_clock_sleep_ns(PEN_NS_PER_MS / 10);
		pen_crew_lock(crew);
	}
	pen_crew_unlock(crew);
}

Test(make_crew, every_piece_once)
{
	static const unsigned jobs[] = {1, 2, 7};
	for (size_t i = 0; i < PEN_COUNT(jobs); i++) {
		struct pieces pieces = {.all = 50, .fails_at = 64};
		struct pen_crew_work todo = {.run = work, .context = &pieces};
		cr_assert_eq(pen_crew_run(&todo, jobs[i], NULL), 0);
		for (unsigned k = 0; k < 50; k++)
			cr_assert_eq(pieces.done[k], 1);
	}
}

Test(make_crew, the_first_failure_ends_it)
{
	struct pieces pieces = {.all = 50, .fails_at = 9};
	struct pen_crew_work todo = {.run = work, .context = &pieces};
	struct pen_why why = {0};
	cr_expect_eq(pen_crew_run(&todo, 3, &why), PEN_EINPUT - 9);
	cr_expect_str_eq(why.text, "piece is bad");
	cr_expect_eq(pieces.done[40], 0);
}

static int look(void *context)
{
	struct pieces *pieces = context;
	pieces->looks++;
	return pieces->look_err;
}

Test(make_crew, whoever_looks_on_can_stop_it)
{
	struct pieces pieces = {.all = 64, .fails_at = 65, .look_err = PEN_EINTERRUPTED};
	struct pen_crew_work todo = {
		.run = work, .context = &pieces, .look = look, .look_context = &pieces};
	cr_expect_eq(pen_crew_run(&todo, 2, NULL), PEN_EINTERRUPTED);
	cr_expect_gt(pieces.looks, 0);
}
