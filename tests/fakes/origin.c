#include "fakes/origin.h"

#include <errno.h>
#include <stdio.h>

#include "base/check.h"

static struct fake_origin *self(struct pen_origin *origin)
{
	return (struct fake_origin *)origin;
}

static unsigned submit(struct pen_origin *origin, const struct pen_origin_get *gets, unsigned count)
{
	struct fake_origin *fake = self(origin);
	for (unsigned i = 0; i < count; i++) {
		if (fake->count == PEN_COUNT(fake->gets))
			return i;
		struct fake_get *get = &fake->gets[fake->count++];
		*get = (struct fake_get){.get = gets[i], .begin_ns = *fake->now_ns};
		uint32_t k, n;
		const char *name = strstr(gets[i].name, "state_part_");
		PEN_CHECK(name && sscanf(name, "state_part_%u_of_%u", &k, &n) == 2);
		fake->script(fake->context, k, fake->asked[k]++, &get->answer);
		if (get->answer.pieces == 0)
			get->answer.pieces = 1;
		fake->asked_all++;
		if (fake->count > fake->gets_max)
			fake->gets_max = fake->count;
	}
	return count;
}

static void arrive(struct fake_get *get, int64_t now_ns)
{
	struct fake_answer *answer = &get->answer;
	while (!get->cancelled && !get->large && !answer->silent && get->arrived < answer->pieces &&
		get->begin_ns + (get->arrived + 1) * answer->piece_ns <= now_ns) {
		size_t from = answer->body.len * get->arrived / answer->pieces;
		size_t to = answer->body.len * ++get->arrived / answer->pieces;
		get->large = to > get->get.bytes_max;
		if (get->large)
			return;
		if (to > from)
			PEN_CHECK(
				!pen_buf_append(get->get.into, answer->body.at + from, to - from));
	}
}

static unsigned reap(
	struct pen_origin *origin, struct pen_origin_done *done, unsigned max, int64_t wait_ns)
{
	struct fake_origin *fake = self(origin);
	unsigned ended = 0, kept = 0;
	(void)wait_ns;
	for (unsigned i = 0; i < fake->count; i++) {
		struct fake_get get = fake->gets[i];
		arrive(&get, *fake->now_ns);
		bool whole = !get.answer.silent && get.arrived == get.answer.pieces;
		if (get.large && !get.cancelled)
			get.answer.result = PEN_EINPUT;
		if (ended == max || !(whole || get.cancelled || get.large)) {
			fake->gets[kept++] = get;
			continue;
		}
		done[ended] = (struct pen_origin_done){.tag = get.get.tag,
			.result = get.cancelled ? -ECANCELED : get.answer.result,
			.retry_after_ns = get.answer.retry_after_ns,
			.bytes_wire = get.answer.body.len * get.arrived / get.answer.pieces};
		if (done[ended].result)
			pen_fail(&done[ended].why, 0, "%s/%s: scripted", origin->label,
				get.get.name);
		ended++;
	}
	fake->count = kept;
	return ended;
}

static void cancel(struct pen_origin *origin, uint64_t tag)
{
	struct fake_origin *fake = self(origin);
	for (unsigned i = 0; i < fake->count; i++)
		fake->gets[i].cancelled |= fake->gets[i].get.tag == tag;
}

static const struct pen_origin_ops ops = {.submit = submit, .reap = reap, .cancel = cancel};

void fake_origin_init(struct fake_origin *fake, const char *label, int64_t *now_ns)
{
	memset(fake, 0, sizeof *fake);
	fake->origin = (struct pen_origin){
		.ops = &ops, .label = label, .depth_max = PEN_COUNT(fake->gets), .wake = -1};
	fake->now_ns = now_ns;
}

int64_t fake_origin_next(const struct fake_origin *fake)
{
	int64_t next = INT64_MAX;
	for (unsigned i = 0; i < fake->count; i++) {
		const struct fake_get *get = &fake->gets[i];
		int64_t at = get->begin_ns + (get->arrived + 1) * get->answer.piece_ns;
		if (!get->answer.silent && at < next)
			next = at;
	}
	return next;
}
