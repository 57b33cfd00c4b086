#include "make/make.h"

#include <stdio.h>

#include "base/check.h"
#include "make/craft.h"
#include "make/crew.h"
#include "make/found.h"
#include "store/index.h"

/* The run under way. Under the crew's lock while workers run. */
struct making {
	const struct pen_make *make;
	const struct pen_survey *survey;
	const struct pen_make_want *want;
	struct pen_make_sum *sum;
	struct pen_found found;
	struct pen_catalog catalog; /* the store's index, with the parts made */
	uint64_t next; /* part to be looked at next */
	struct pen_frames frames; /* of lean parts, for workers without a part */
	struct pen_why *why; /* of the run */
};

int pen_make_parts(
	const struct pen_trie_sum *state, uint64_t asked, uint64_t *parts, struct pen_why *why)
{
	uint64_t most = pen_part_count_max(state->memory_usage);
	*parts = asked ? asked : pen_part_count(state->memory_usage);
	if (*parts <= most)
		return 0;
	if (!most)
		return pen_fail(why, PEN_EREFUSED,
			"the state is empty and has no parts, %llu were asked for",
			(unsigned long long)*parts);
	return pen_fail(why, PEN_EREFUSED,
		"a state of memory_usage %llu is cut into at most %llu parts, not into %llu",
		(unsigned long long)state->memory_usage, (unsigned long long)most,
		(unsigned long long)*parts);
}

/* What we made need not be proved again by whoever serves it. */
static int note_files(struct making *making, struct pen_crafted *crafted)
{
	char dir[PEN_NAME_BYTES];
	int err = 0;
	pen_labels_dir(&making->want->labels, dir);
	for (unsigned form = 0; !err && form < PEN_FORMS; form++) {
		if (crafted->forms >> form & 1)
			err = pen_catalog_note(&making->catalog, dir, &crafted->files[form]);
	}
	return err;
}

/* The index can always be rebuilt: parts that are made are no failure for want of it. */
static void keep_index(struct making *making)
{
	if (making->sum->made && pen_catalog_settle(&making->catalog) == 0)
		pen_index_save(making->make->store, &making->catalog, NULL);
}

/* The empty state has a directory, so that it can be seen that it was made, and nothing in it. */
static int make_directory(struct making *making, struct pen_why *why)
{
	struct pen_store *store = making->make->store;
	char dir[PEN_NAME_BYTES], name[PEN_NAME_BYTES + 8];
	snprintf(name, sizeof name, "%s/.made", pen_labels_dir(&making->want->labels, dir));
	int err = pen_writer_put(&store->parts, name, (struct pen_bytes){0}, NULL, why);
	if (err)
		return err;
	err = store->disk->ops->unlink(store->disk, name);
	return err ? pen_fail(why, err, "cannot remove %s/%s: %s", store->disk->root, name,
			     pen_err_text(err))
		   : 0;
}

static int ask(const struct making *making)
{
	const struct pen_make_watch *watch = making->make->watch;
	return watch ? watch->fn(watch->context, making->sum) : 0;
}

/* A file that is there. */
static int keep_form(struct making *making, struct pen_found *found, uint64_t k, enum pen_form form)
{
	struct pen_make_files *files = &making->sum->forms[form];
	struct pen_why *why = making->why;
	if (!(pen_found_part(found, k)->forms >> form & 1))
		return 0;
	int err = ask(making);
	if (err)
		return pen_fail(
			why, err, "%s while looking at parts that are there", pen_err_text(err));
	err = pen_found_prove(found, k, form, why);
	if (err < 0)
		return err;
	making->sum->kept++;
	files->kept++;
	files->content_bytes += found->content_bytes;
	files->stored_bytes += found->stored_bytes;
	return 0;
}

/* Nothing is written before everything that is there was looked at. */
static int keep_proved(struct making *making, struct pen_found *found)
{
	int err = pen_found_look(found, making->why);
	for (uint64_t k = 0; k < found->parts && !err; k++) {
		for (unsigned form = 0; form < PEN_FORMS && !err; form++)
			err = keep_form(making, found, k, (enum pen_form)form);
	}
	return err;
}

static bool wanted(const struct pen_make_want *want, uint64_t k)
{
	return !want->only || (want->only[k >> 3] >> (k & 7) & 1);
}

/* What to make next, or false when there is nothing. Under the lock. */
static bool next_order(struct making *making, struct pen_craft_order *order)
{
	while (making->next < making->want->parts) {
		uint64_t k = making->next++;
		const struct pen_found_part *there = pen_found_part(&making->found, k);
		*order = (struct pen_craft_order){
			k, making->found.forms & ~there->forms, there->nearcore_bytes};
		if (order->forms && wanted(making->want, k))
			return true;
	}
	return false;
}

/* A part was made. Under the lock. */
static int count_part(struct making *making, struct pen_crafted *crafted)
{
	struct pen_make_sum *sum = making->sum;
	for (unsigned form = 0; form < PEN_FORMS; form++) {
		if (!(crafted->forms >> form & 1))
			continue;
		sum->made++;
		sum->forms[form].made++;
		sum->forms[form].content_bytes += crafted->content_bytes[form];
		sum->forms[form].stored_bytes += crafted->files[form].bytes;
	}
	sum->larger += crafted->larger;
	sum->spilled += crafted->spilled;
	return note_files(making, crafted);
}

/* Take parts until there are none. */
static void work(struct pen_crew *crew, void *context, unsigned number)
{
	struct making *making = context;
	struct pen_craft craft = {.survey = making->survey,
		.want = making->want,
		.frames = {.frames = &making->frames, .crew = crew}};
	struct pen_craft_order order = {0};
	struct pen_crafted crafted;
	struct pen_why why = {0};
	int err = pen_craft_open(&craft, making->make, number, &why);
	pen_crew_lock(crew);
	while (!err && !pen_crew_stopped(crew) && !(err = ask(making)) &&
		next_order(making, &order)) {
		pen_frames_enter(&making->frames);
		pen_crew_unlock(crew);
		err = pen_craft_part(&craft, &order, &crafted, &why);
		pen_crew_lock(crew);
		pen_frames_leave(&making->frames, crew);
		if (!err)
			err = count_part(making, &crafted);
	}
	if (!err && making->frames.count)
		pen_frames_help(&making->frames, crew, &craft.press.zstd, &craft.cut.time.compress);
	pen_make_time_add(&making->sum->time, &craft.cut.time);
	pen_crew_unlock(crew);
	if (err)
		pen_crew_fail(crew, order.k, err, &why);
	pen_craft_close(&craft);
}

static int make_missing(struct making *making)
{
	struct pen_why *why = making->why;
	struct pen_crew_work crew = {.run = work, .context = making};
	const struct pen_make_sum *sum = making->sum;
	if (!sum->parts)
		return make_directory(making, why);
	int err = 0;
	if (making->found.forms >> PEN_FORM_LEAN & 1)
		err = pen_frames_open(
			&making->frames, making->make->jobs, pen_lean_frame_seal, why);
	if (!err)
		err = pen_crew_run(&crew, making->make->jobs, why);
	pen_frames_close(&making->frames);
	if (err && why && !why->text[0])
		pen_fail(why, err,
			"%s; %llu of %llu files are in the store, the same command makes the rest",
			pen_err_text(err), (unsigned long long)(sum->made + sum->kept),
			(unsigned long long)sum->wanted);
	return err;
}

int pen_make_run(const struct pen_make *make, const struct pen_survey *survey,
	const struct pen_make_want *want, struct pen_make_sum *sum, struct pen_why *why)
{
	struct making making = {.make = make,
		.survey = survey,
		.want = want,
		.sum = sum,
		.why = why,
		.found = {.disk = make->store->disk,
			.labels = &want->labels,
			.root = survey->sum.root,
			.parts = want->parts,
			.forms = want->forms ? want->forms : 1u << PEN_FORM_NEARCORE}};
	PEN_CHECK(make->store->write);
	PEN_CHECK(want->parts <= pen_part_count_max(survey->sum.memory_usage));
	PEN_CHECK(!(making.found.forms >> PEN_FORM_RAW));
	making.found.judge.brief = true;
	*sum = (struct pen_make_sum){.parts = want->parts,
		.wanted = want->parts * (uint64_t)__builtin_popcount(making.found.forms)};
	/* A damaged index is an empty one. */
	pen_index_load(make->store, &making.catalog, NULL);
	int err = keep_proved(&making, &making.found);
	if (!err)
		err = make_missing(&making);
	keep_index(&making);
	pen_catalog_fini(&making.catalog);
	pen_found_fini(&making.found);
	return err;
}
