#include "fetch.h"

#include "base/check.h"
#include "base/clock.h"
#include "fetch_share.h"

/* The longest nap: how late a signal is seen. */
#define FETCH_NAP_NS (200 * PEN_NS_PER_MS)

static void pieces_take(struct fetch *fetch, struct radio *radio, int64_t now_ns)
{
	struct pen_client_piece piece;
	while ((!fetch->ask.raw || catch_raw_room(&fetch->object)) &&
		pen_client_next(radio->client, &piece, now_ns)) {
		if (fetch->ask.raw)
			catch_raw_piece(&fetch->object, &piece, now_ns);
		else
			catch_piece(&fetch->catch, radio, &piece, now_ns);
	}
	/* What workers have is not free for more. */
	pen_client_backlog(radio->client,
		(fetch->radios.pool.count - fetch->object.away_count) * PEN_BLOCK_BYTES);
}

/* Is it time to get the object from elsewhere alone? */
static bool web_is_due(const struct fetch *fetch, int64_t now_ns)
{
	if (!catch_web_is_open(&fetch->web) || fetch->web.begun)
		return false;
	if (!fetch->peers)
		return true;
	return fetch->object.phase != CATCH_RAW_END && !catch_side_hopes(&fetch->side) &&
		now_ns - fetch->radios.list[0].moved_ns >= FETCH_NOBODY_NS;
}

static void object_turn(struct fetch *fetch, int64_t now_ns)
{
	struct catch_raw *object = &fetch->object;
	if (fetch->peers)
		catch_raw_turn(object, now_ns);
	catch_side_turn(&fetch->side, now_ns);
	if (web_is_due(fetch, now_ns)) {
		if (fetch->peers)
			catch_raw_stop(object, now_ns);
		if (catch_raw_idle(object) && !catch_side_busy(&fetch->side))
			catch_web_begin(&fetch->web);
	}
	catch_web_turn(&fetch->web, now_ns);
	if (fetch->web.over && object->stopped)
		catch_raw_again(object, fetch->web.object.file + 1);
	/* What others do not use is theirs. */
	bool gets = catch_side_hopes(&fetch->side) || (fetch->web.begun && !fetch->web.over);
	radios_rate(&fetch->radios, gets ? fetch_rate(fetch) : fetch->ask.rate);
}

static void turn(struct fetch *fetch, int64_t now_ns)
{
	pen_wake_clear(workshop_wake(&fetch->workshop));
	workshop_turn(&fetch->workshop, now_ns);
	if (fetch->ask.raw)
		object_turn(fetch, now_ns);
	fetch_sweep(fetch, now_ns);
	for (unsigned i = 0; i < fetch->radios.count; i++) {
		struct radio *radio = &fetch->radios.list[i];
		radio_hear(radio, now_ns);
		fetch_claim(fetch, radio, now_ns);
		pieces_take(fetch, radio, now_ns);
		radio_speak(radio, now_ns);
		fetch_claim(fetch, radio, now_ns);
	}
	if (mirror_is_open(&fetch->mirror) &&
		now_ns - fetch->mirror.now_ns >= fetch_mirror_ns(fetch))
		mirror_turn(&fetch->mirror, now_ns);
	workshop_turn(&fetch->workshop, now_ns);
}

static int64_t sooner(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* When the mirror is to turn again: soon after anything came, which is not known before. */
static int64_t mirror_due_ns(const struct fetch *fetch)
{
	int64_t soon_ns = fetch->mirror.now_ns + fetch_mirror_ns(fetch);
	bool flies = fetch->radios.count && fetch->mirror.plan.flights_count;
	return flies || fetch->mirror.until_ns < soon_ns ? soon_ns : fetch->mirror.until_ns;
}

static void rest(struct fetch *fetch, int64_t now_ns)
{
	int64_t ns = FETCH_NAP_NS;
	for (unsigned i = 0; i < fetch->radios.count; i++) {
		struct radio *radio = &fetch->radios.list[i];
		ns = sooner(ns, radio_due_ns(radio, now_ns) - now_ns);
		ns = ns > 0 ? sooner(ns, radio_arm(radio, &fetch->nap)) : ns;
	}
	bool mirror = mirror_is_open(&fetch->mirror);
	if (mirror)
		ns = sooner(ns, mirror_due_ns(fetch) - now_ns);
	if (catch_side_busy(&fetch->side))
		ns = sooner(ns, fetch->side.now_ns + CATCH_SIDE_NS - now_ns);
	/* A raw object is shared by its blocks: no sweep. */
	if (fetch->radios.count && !fetch->ask.raw)
		ns = sooner(ns, fetch->swept_ns + fetch_sweep_ns(fetch) - now_ns);
	if (fetch->ask.busy || ns <= 0 || (fetch->ask.raw && catch_raw_ready(&fetch->object)))
		return;
	nap_set(&fetch->nap, ns);
	if (mirror)
		pen_pull_wait(&fetch->mirror.pull, FETCH_NAP_NS);
	else if (!fetch->web.begun || !catch_web_wait(&fetch->web, ns))
		nap_take(&fetch->nap);
}

static int broken(const struct fetch *fetch, struct pen_why *why)
{
	if (fetch->catch.err)
		return pen_fail(why, fetch->catch.err, "%s", fetch->catch.why.text);
	if (fetch->object.err)
		return pen_fail(why, fetch->object.err, "%s", fetch->object.why.text);
	if (fetch->web.err)
		return pen_fail(why, fetch->web.err, "%s", fetch->web.why.text);
	if (fetch->mirror.err)
		return pen_fail(why, fetch->mirror.err, "%s", fetch->mirror.why.text);
	return 0;
}

/* Is a server being asked what it holds of what failed its proof? */
static bool is_inquiring(const struct fetch *fetch)
{
	for (unsigned i = 0; i < fetch->radios.count; i++) {
		const struct pen_client *client = fetch->radios.list[i].client;
		for (unsigned s = 0; s < client->server_count; s++) {
			if (client->server[s].inquiry.open)
				return true;
		}
	}
	return false;
}

static bool is_done(struct fetch *fetch, int64_t now_ns)
{
	bool open = fetch->ask.raw ? !fetch->object.done && !fetch->web.done
				   : fetch->docket.count[DOCKET_OPEN] > 0;
	if (open || fetch->workshop.count)
		return false;
	if (!fetch->done_ns && fetch->object.done)
		catch_side_judge(&fetch->side);
	fetch->done_ns = fetch->done_ns ? fetch->done_ns : now_ns;
	/* Who lied is to be named. */
	return !is_inquiring(fetch) || now_ns - fetch->done_ns >= FETCH_VERDICT_NS;
}

/* What is whole is proved and stored; nothing else is begun. */
static void clear(struct fetch *fetch, int64_t now_ns)
{
	while (fetch->workshop.count && !fetch->ask.raw) {
		if (!workshop_turn(&fetch->workshop, now_ns))
			pen_wake_wait(workshop_wake(&fetch->workshop), FETCH_NAP_NS);
		pen_wake_clear(workshop_wake(&fetch->workshop));
	}
}

int fetch_next(struct fetch *fetch, bool stop, struct pen_why *why)
{
	int64_t now_ns = pen_clock_ns();
	if (stop) {
		clear(fetch, now_ns);
		return pen_fail(why, PEN_EINTERRUPTED, "interrupted; what was proved is in %s",
			fetch->depot->place);
	}
	turn(fetch, now_ns);
	int err = broken(fetch, why);
	/* What is under way may still succeed, and is then to be counted. */
	if (err)
		clear(fetch, now_ns);
	if (!err && is_done(fetch, now_ns)) {
		bool lost = !fetch->ask.raw && fetch->docket.count[DOCKET_LOST];
		return lost ? pen_fail(why, fetch->docket.code, "%s", fetch->docket.why.text) : 1;
	}
	if (!err && !fetch->done_ns)
		err = fetch_patience(fetch, now_ns, why);
	if (!err)
		rest(fetch, now_ns);
	return err;
}
