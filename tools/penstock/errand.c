#include "errand.h"

#include <errno.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/clock.h"
#include "depot.h"

struct errand_bench {
	struct depot *depot;
	void *own; /* the depot's bench */
	struct pen_zstd zstd; /* of frames, when a part has failed */
	struct pen_buf joined, scratch;
};

enum errand_verdict errand_verdict(int err)
{
	if (err == 0)
		return ERRAND_DONE;
	if (err == PEN_ELARGE)
		return ERRAND_LARGE;
	return pen_err_exit(err) == PEN_EXIT_PROOF ? ERRAND_REFUTED : ERRAND_BROKEN;
}

struct errand_bench *errand_bench_open(struct depot *depot, struct pen_why *why)
{
	struct errand_bench *bench = calloc(1, sizeof *bench);
	if (!bench) {
		pen_fail(why, -ENOMEM, "no memory for a worker");
		return NULL;
	}
	bench->depot = depot;
	if (depot->ops->bench_open(depot, &bench->own, why)) {
		errand_bench_close(bench);
		return NULL;
	}
	return bench;
}

void errand_bench_trim(struct errand_bench *bench)
{
	bench->depot->ops->bench_trim(bench->own);
	pen_buf_fini(&bench->joined);
	pen_buf_fini(&bench->scratch);
	pen_zstd_fini(&bench->zstd);
}

void errand_bench_close(struct errand_bench *bench)
{
	if (!bench)
		return;
	if (bench->own)
		errand_bench_trim(bench);
	bench->depot->ops->bench_close(bench->own);
	free(bench);
}

static void broken(struct errand *errand, int err)
{
	errand->verdict = ERRAND_BROKEN;
	errand->err = err;
}

/* Whoever sent it is asked for it: the loop would stand still while it is hashed. */
static void sum_up(struct errand *errand)
{
	errand->sum = (struct pen_sum){0};
	for (uint32_t u = 0; u < errand->parcel->is.units; u++)
		pen_sum_add(&errand->sum, parcel_piece(errand->parcel, u));
}

/* Why is it no part? */
static void refute(struct errand_bench *bench, struct errand *errand)
{
	int wrong = errand->parcel
		? parcel_wrong(errand->parcel, &bench->zstd, &bench->scratch, errand->bits)
		: 0;
	if (wrong < 0)
		broken(errand, wrong);
	else if (wrong)
		errand->verdict = ERRAND_WRONG;
	else if (errand->parcel && parcel_as_named(errand->parcel))
		errand->verdict = ERRAND_AS_NAMED;
	else
		errand->verdict = ERRAND_REFUTED;
	if (errand->verdict == ERRAND_REFUTED && errand->parcel)
		sum_up(errand);
}

/* Whose pieces were others the first time? */
static int compare(struct errand_bench *bench, struct errand *errand)
{
	errand->others = 0;
	if (!errand->before)
		return 0;
	int others = parcel_others(errand->before, errand->parcel, &bench->zstd, errand->bits);
	errand->others = others > 0 ? (unsigned)others : 0;
	return others < 0 ? others : 0;
}

static void part_run(struct errand_bench *bench, struct errand *errand)
{
	struct pen_bytes whole = errand->bytes;
	int64_t start_ns = pen_clock_ns();
	int err = errand->parcel ? parcel_join(errand->parcel, &bench->joined, &whole, &errand->why)
				 : 0;
	errand->store_ns = 0;
	errand->err = err;
	errand->verdict = err ? errand_verdict(err)
			      : bench->depot->ops->part(bench->own, errand, whole);
	errand->prove_ns = pen_clock_ns() - start_ns - errand->store_ns;
	if (errand->verdict == ERRAND_REFUTED)
		refute(bench, errand);
	else if (errand->verdict == ERRAND_DONE && (err = compare(bench, errand)))
		broken(errand, err);
	if (errand->allowance->alone)
		errand_bench_trim(bench);
}

void errand_run(struct errand_bench *bench, struct errand *errand)
{
	PEN_CHECK(bench);
	PEN_CHECK(errand->kind != ERRAND_PART || errand->allowance);
	if (errand->kind == ERRAND_PART)
		part_run(bench, errand);
	else
		bench->depot->ops->object(bench->own, errand);
}
