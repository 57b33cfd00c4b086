#include "shelf.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/check.h"
#include "base/clock.h"
#include "drivers/table.h"
#include "store/index.h"
#include "store/scan.h"

/* Proofs are made for so long before what was proved is shown to readers. */
#define SHELF_TURN_NS PEN_NS_PER_S
/* How soon a part that appears is offered. */
#define SHELF_WAIT_NS (2 * PEN_NS_PER_S)
/* A store of very many files is looked through less often, so that this takes but one hundredth of
 * a core; once a minute at least. */
#define SHELF_SHARE 100
#define SHELF_WAIT_NS_MAX (60 * PEN_NS_PER_S)

struct shelf {
	struct pen_disk *disk, *index;
	struct pen_store store;
	struct pen_scan scan;
	struct hush *hush;
	char refused[PEN_CATALOG_PATH_BYTES + PEN_WHY_BYTES]; /* of the thread: the file that was
								 refused last, and why */
	pthread_t thread;
	bool started;
	int64_t turn_end_ns; /* of the thread: no proof begins after it */
	int64_t wait_ns; /* of the thread: until the next look */
	bool dirty; /* of the thread: the index on disk is older than the view */
	bool keep; /* of the thread: the index can be written */
	struct pen_disk_stat seen; /* of the thread: the index's file as it was read or written
				      last; zero: there was none */
	struct pen_catalog learned; /* of the thread: the index that somebody else wrote since */
	pthread_mutex_t mutex; /* for all below */
	pthread_cond_t changed;
	struct shelf_view *view;
	bool stop;
};

static void say(const char *what, const struct pen_why *why)
{
	fprintf(stderr, "penstock serve: %s%s\n", what, why->text);
}

static bool stop_asked(struct shelf *shelf)
{
	pthread_mutex_lock(&shelf->mutex);
	bool stop = shelf->stop;
	pthread_mutex_unlock(&shelf->mutex);
	return stop;
}

static bool scan_more(void *context)
{
	struct shelf *shelf = context;
	return pen_clock_ns() < shelf->turn_end_ns && !stop_asked(shelf);
}

/* Name the last file that was refused; all of them are named by a verb of their own. */
static void name_refused(struct shelf *shelf, uint64_t count)
{
	hush_say(shelf->hush, HUSH_FILE, count, pen_clock_ns(),
		"%s; 'penstock verify store %s' names all such files", shelf->refused,
		shelf->disk->root);
}

static void scan_refused(void *context, const char *path, int err, const struct pen_why *why)
{
	struct shelf *shelf = context;
	const char *mend = err == PEN_ELARGE
		? ", and to prove it takes more memory than --memory leaves"
		: "";
	snprintf(shelf->refused, sizeof shelf->refused, "%s is not offered: %s%s", path,
		why->text[0] ? why->text : pen_err_text(err), mend);
	name_refused(shelf, 1);
}

/* Who asks for it meanwhile is told that nobody has it: say why. */
static void scan_reads(void *context, const char *path, uint64_t bytes)
{
	struct shelf *shelf = context;
	hush_say(shelf->hush, HUSH_READS, 1, pen_clock_ns(),
		"%s has no digests here: its %.1f MB are read before it is offered; 'penstock make "
		"--form raw' and 'fetch' leave them",
		path, (double)bytes / 1e6);
}

static void view_free(struct shelf_view *view)
{
	if (view)
		pen_catalog_fini(&view->catalog);
	free(view);
}

const struct shelf_view *shelf_get(struct shelf *shelf)
{
	pthread_mutex_lock(&shelf->mutex);
	struct shelf_view *view = shelf->view;
	view->users++;
	pthread_mutex_unlock(&shelf->mutex);
	return view;
}

static void view_put(struct shelf *shelf, struct shelf_view *view)
{
	pthread_mutex_lock(&shelf->mutex);
	PEN_CHECK(view->users > 0);
	bool last = --view->users == 0;
	pthread_mutex_unlock(&shelf->mutex);
	if (last)
		view_free(view);
}

void shelf_put(struct shelf *shelf, const struct shelf_view *view)
{
	view_put(shelf, (struct shelf_view *)(uintptr_t)view);
}

/* Show readers `fresh` from now on. */
static void view_replace(struct shelf *shelf, struct shelf_view *fresh)
{
	fresh->users = 1;
	pthread_mutex_lock(&shelf->mutex);
	struct shelf_view *old = shelf->view;
	shelf->view = fresh;
	pthread_mutex_unlock(&shelf->mutex);
	view_put(shelf, old);
}

/* What file the index is now. */
static struct pen_disk_stat index_stat(const struct shelf *shelf)
{
	char name[PEN_SIDE_NAME_BYTES];
	struct pen_disk_stat stat = {0};
	struct pen_disk *side = shelf->store.side;
	pen_store_side(&shelf->store, "index", name);
	int file = side->ops->open(side, name, PEN_DISK_RDONLY, &stat);
	side->ops->close(side, file);
	return file < 0 ? (struct pen_disk_stat){0} : stat;
}

/* Is that another than was read or written last? */
static bool index_is_other(const struct shelf *shelf, const struct pen_disk_stat *now)
{
	return now->bytes != shelf->seen.bytes || now->mtime_ns != shelf->seen.mtime_ns;
}

/* What `make`, a fetch, or another server has noted meanwhile need not be proved again. */
static void index_learn(struct shelf *shelf)
{
	const struct pen_disk_stat now = index_stat(shelf);
	if (!index_is_other(shelf, &now))
		return;
	shelf->seen = now;
	pen_index_load(&shelf->store, &shelf->learned, NULL);
	shelf->scan.also = &shelf->learned;
}

/* Write the index if it is due. A writer at work keeps it anyway, and may be gone next time. */
static void index_keep(struct shelf *shelf)
{
	struct pen_why why = {0};
	if (!shelf->dirty || !shelf->keep)
		return;
	int err = pen_store_lock(&shelf->store, &why);
	if (err == PEN_ELOCKED)
		return;
	/* What somebody else wrote would be lost: first it is learned. */
	const struct pen_disk_stat now = index_stat(shelf);
	if (!err && index_is_other(shelf, &now)) {
		pen_store_unlock(&shelf->store);
		return;
	}
	if (!err)
		err = pen_index_save(&shelf->store, &shelf->view->catalog, &why);
	shelf->seen = index_stat(shelf);
	pen_store_unlock(&shelf->store);
	shelf->dirty = false;
	if (!err)
		return;
	shelf->keep = false;
	say("no index is kept, so parts are proved again at each start (--index DIR helps): ",
		&why);
}

static int64_t wait_after(int64_t took_ns)
{
	int64_t wait_ns = took_ns * SHELF_SHARE;
	if (wait_ns < SHELF_WAIT_NS)
		return SHELF_WAIT_NS;
	return wait_ns < SHELF_WAIT_NS_MAX ? wait_ns : SHELF_WAIT_NS_MAX;
}

/* Look once. True if there is more to prove at once. */
static bool turn(struct shelf *shelf)
{
	struct pen_why why = {0};
	struct shelf_view *fresh = calloc(1, sizeof *fresh);
	int64_t since_ns = pen_clock_ns();
	shelf->turn_end_ns = since_ns + SHELF_TURN_NS;
	index_learn(shelf);
	int err = fresh ? pen_scan_run(&shelf->scan, &shelf->view->catalog, &fresh->catalog, &why)
			: pen_fail(&why, -ENOMEM, "no memory to scan the store");
	name_refused(shelf, 0);
	if (err) {
		hush_say(shelf->hush, HUSH_SCAN, 1, pen_clock_ns(), "%s", why.text);
		view_free(fresh);
		return false;
	}
	const struct pen_scan_sum *sum = &shelf->scan.sum;
	fresh->left = sum->left;
	fresh->unread = sum->unread;
	/* What vanished while it was read is not there the next time. */
	if (shelf->view->unread && sum->unread)
		hush_say(shelf->hush, HUSH_UNREAD, 1, since_ns,
			"%u files or directories of %s cannot be read and are not offered: who "
			"runs this must be let in (find DIR ! -readable)",
			sum->unread, shelf->disk->root);
	fresh->complete = sum->left == 0 || shelf->view->complete;
	shelf->dirty |= sum->proved || sum->gone;
	view_replace(shelf, fresh);
	/* A look that changed something says nothing of what one takes that does not. */
	shelf->wait_ns = sum->proved || sum->learned || sum->refused || sum->gone
		? SHELF_WAIT_NS
		: wait_after(pen_clock_ns() - since_ns);
	bool more = sum->left && sum->proved + sum->refused;
	if (!more) {
		/* All of it that is here is in the view now. */
		shelf->scan.also = NULL;
		pen_catalog_fini(&shelf->learned);
		shelf->learned = (struct pen_catalog){0};
		index_keep(shelf);
	}
	return more;
}

static void wait_for_change(struct shelf *shelf)
{
	struct timespec until;
	int64_t ns = pen_clock_ns() + shelf->wait_ns;
	until.tv_sec = (time_t)(ns / PEN_NS_PER_S);
	until.tv_nsec = (long)(ns % PEN_NS_PER_S);
	pthread_mutex_lock(&shelf->mutex);
	while (!shelf->stop)
		if (pthread_cond_timedwait(&shelf->changed, &shelf->mutex, &until))
			break;
	pthread_mutex_unlock(&shelf->mutex);
}

static void *run(void *context)
{
	struct shelf *shelf = context;
	struct pen_why why = {0};
	/* Nobody can have a catalogue of this view yet but by taking it, and it is empty: a new
	 * one is loaded and takes its place. */
	struct shelf_view *first = calloc(1, sizeof *first);
	if (first) {
		shelf->seen = index_stat(shelf);
		if (pen_index_load(&shelf->store, &first->catalog, &why))
			say("the index is made anew: ", &why);
		view_replace(shelf, first);
	}
	while (!stop_asked(shelf)) {
		if (!turn(shelf))
			wait_for_change(shelf);
	}
	return NULL;
}

static int disks_open(struct shelf *shelf, const struct shelf_config *config, struct pen_why *why)
{
	int err = pen_disk_open_dir(config->store, false, &shelf->disk, why);
	if (!err && config->index)
		err = pen_disk_open_dir(config->index, true, &shelf->index, why);
	const struct pen_store_config store = {.disk = shelf->disk, .index = shelf->index};
	return err ? err : pen_store_open(&shelf->store, &store, why);
}

static int thread_start(struct shelf *shelf, struct pen_why *why)
{
	shelf->view = calloc(1, sizeof *shelf->view);
	if (!shelf->view)
		return pen_fail(why, -ENOMEM, "no memory to look after the store");
	shelf->view->users = 1;
	int err = -pthread_create(&shelf->thread, NULL, run, shelf);
	shelf->started = !err;
	return err ? pen_fail(why, err, "cannot start a thread: %s", strerror(-err)) : 0;
}

static void sync_init(struct shelf *shelf)
{
	pthread_condattr_t attr;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&shelf->changed, &attr);
	pthread_condattr_destroy(&attr);
	pthread_mutex_init(&shelf->mutex, NULL);
}

int shelf_open(const struct shelf_config *config, struct shelf **out, struct pen_why *why)
{
	struct shelf *shelf = calloc(1, sizeof *shelf);
	if (!shelf)
		return pen_fail(why, -ENOMEM, "no memory to look after the store");
	sync_init(shelf);
	shelf->keep = true;
	shelf->wait_ns = SHELF_WAIT_NS;
	shelf->hush = config->hush;
	if (config->content_bytes)
		pen_vet_limit(&shelf->scan.vet, config->content_bytes);
	shelf->scan.store = &shelf->store;
	shelf->scan.hooks = (struct pen_scan_hooks){scan_more, scan_refused, scan_reads, shelf};
	int err = disks_open(shelf, config, why);
	if (!err)
		err = thread_start(shelf, why);
	if (err) {
		shelf_close(shelf);
		return err;
	}
	*out = shelf;
	return 0;
}

void shelf_close(struct shelf *shelf)
{
	if (!shelf)
		return;
	pthread_mutex_lock(&shelf->mutex);
	shelf->stop = true;
	pthread_cond_signal(&shelf->changed);
	pthread_mutex_unlock(&shelf->mutex);
	if (shelf->started)
		pthread_join(shelf->thread, NULL);
	pen_scan_fini(&shelf->scan);
	pen_catalog_fini(&shelf->learned);
	pen_store_close(&shelf->store);
	pen_disk_shut(shelf->index);
	pen_disk_shut(shelf->disk);
	view_free(shelf->view);
	pthread_cond_destroy(&shelf->changed);
	pthread_mutex_destroy(&shelf->mutex);
	free(shelf);
}
