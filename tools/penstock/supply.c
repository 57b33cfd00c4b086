#include "supply.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "drivers/table.h"

/* The gravest failure so far, and how to go on with another source. */
struct worst {
	int code;
	struct pen_why why;
};

int supply_open(struct supply *supply, const struct supply_ask *ask, struct pen_why *why)
{
	supply->ask = *ask;
	for (unsigned s = 0; s < ask->count; s++) {
		int err = pen_origin_open(ask->words[s], &supply->origins[s], why);
		if (err)
			return err;
	}
	return 0;
}

void supply_close(struct supply *supply)
{
	for (unsigned s = 0; s < supply->ask.count; s++) {
		if (supply->origins[s])
			supply->origins[s]->ops->close(supply->origins[s]);
	}
	*supply = (struct supply){0};
}

static void worst_note(struct worst *worst, int code, const struct pen_why *why)
{
	if (worst->code && pen_gravity(code) <= pen_gravity(worst->code))
		return;
	worst->code = code;
	worst->why = *why;
}

/* Ask all sources; those that fail have no offers afterwards. */
static int ask_all(struct supply *supply, const struct pen_hash *root, struct locate_offers *offers,
	struct worst *worst)
{
	for (unsigned s = 0; s < supply->ask.count; s++) {
		struct pen_why why = {0};
		struct locate_ask ask = {.word = supply->ask.words[s],
			.origin = supply->origins[s],
			.root = root,
			.tries = supply->ask.tries,
			.stall_ns = supply->ask.stall_ns,
			.stop = supply->ask.stop};
		int err = locate(&ask, &offers[s], &why);
		if (!err)
			continue;
		offers[s] = (struct locate_offers){0};
		worst_note(worst, err, &why);
		if (err == PEN_EINTERRUPTED) {
			*worst = (struct worst){err, why};
			return err;
		}
		if (supply->ask.count > 1)
			fprintf(stderr, "left out: %s\n", why.text);
	}
	return 0;
}

/* Whether a source can deliver the state in n parts; if not, why. */
static int source_check(const struct supply *supply, unsigned s, const struct locate_offers *offers,
	uint32_t n, struct pen_why *why)
{
	struct locate_offer offer;
	const char *label = supply->origins[s]->label;
	if (offers->memory_usage && n > pen_part_count_max(offers->memory_usage))
		return pen_fail(why, PEN_EREFUSED,
			"%s: a state of memory_usage %llu is not cut into %u parts: at most %llu",
			label, (unsigned long long)offers->memory_usage, n,
			(unsigned long long)pen_part_count_max(offers->memory_usage));
	if (!locate_find(offers, n, &offer))
		return pen_fail(why, PEN_ENOTFOUND, "%s: offers the state in %u parts%s, not in %u",
			label, offers->list[0].n, offers->count > 1 ? " and other numbers" : "", n);
	return 0;
}

static void sources_take(
	struct supply *supply, const struct locate_offers *offers, uint32_t n, struct worst *worst)
{
	for (unsigned s = 0; s < supply->ask.count; s++) {
		struct locate_offer offer;
		struct pen_why why;
		if (!offers[s].any && offers[s].count == 0)
			continue;
		int err = source_check(supply, s, &offers[s], n, &why);
		if (err) {
			worst_note(worst, err, &why);
			if (supply->ask.count > 1)
				fprintf(stderr, "left out: %s\n", why.text);
			continue;
		}
		locate_find(&offers[s], n, &offer);
		struct pen_source *source = &supply->sources[supply->count++];
		source->origin = supply->origins[s];
		memcpy(source->prefix, offer.prefix, sizeof source->prefix);
	}
}

static bool anybody(const struct locate_offers *offers, unsigned count)
{
	for (unsigned s = 0; s < count; s++) {
		if (offers[s].any)
			return true;
	}
	return false;
}

static int agree(struct supply *supply, const struct locate_offers *offers, uint32_t *n,
	struct worst *worst, struct pen_why *why)
{
	if (*n == 0)
		*n = locate_choose(offers, supply->ask.count);
	if (*n == 0 && anybody(offers, supply->ask.count))
		return pen_fail(why, PEN_EUSAGE,
			"a plain web server does not say into how many parts the state is cut: "
			"--of N is required");
	if (*n)
		sources_take(supply, offers, *n, worst);
	if (supply->count)
		return 0;
	return pen_fail(why, worst->code, "%s", worst->why.text);
}

int supply_locate(
	struct supply *supply, const struct pen_hash *root, uint32_t *n, struct pen_why *why)
{
	struct worst worst = {0};
	struct locate_offers *offers = calloc(supply->ask.count, sizeof *offers);
	if (!offers)
		return pen_fail(why, -ENOMEM, "no memory for the sources");
	int err = ask_all(supply, root, offers, &worst);
	err = err ? pen_fail(why, err, "%s", worst.why.text)
		  : agree(supply, offers, n, &worst, why);
	free(offers);
	return err;
}
