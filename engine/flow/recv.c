#include "flow/recv.h"

#include <assert.h>
#include <string.h>

#include "base/check.h"
#include "flow/rtt.h"

static_assert(PEN_RECV_PACKETS_MAX % 64 == 0, "bitmaps are whole words");

#define TIMES_MAX 255u

void pen_recv_init(struct pen_recv *recv, uint32_t packets, const struct pen_recv_view *view)
{
	PEN_CHECK(packets > 0);
	PEN_CHECK(packets <= PEN_RECV_PACKETS_MAX);
	memset(recv, 0, sizeof *recv);
	recv->packets = packets;
	recv->last_ns = view->now_ns;
	pen_marks_init(&recv->marks, pen_loss_window_ns(view->loss, view->srtt_ns));
}

void pen_recv_again(struct pen_recv *recv, const struct pen_recv_view *view)
{
	recv->reach = 0;
	recv->last_ns = view->now_ns;
	memset(recv->times, 0, sizeof recv->times);
	pen_marks_init(&recv->marks, pen_loss_window_ns(view->loss, view->srtt_ns));
}

bool pen_recv_shrink(struct pen_recv *recv, uint32_t packets)
{
	PEN_CHECK(packets > 0);
	if (packets > recv->packets || packets < recv->reach)
		return false;
	recv->packets = packets;
	return true;
}

bool pen_recv_has(const struct pen_recv *recv, uint32_t index)
{
	return index < recv->packets && recv->bits[index / 64] >> index % 64 & 1;
}

bool pen_recv_whole(const struct pen_recv *recv)
{
	PEN_CHECK(recv->got <= recv->packets);
	return recv->got == recv->packets;
}

enum pen_recv_came pen_recv_add(struct pen_recv *recv, uint32_t index, int64_t now_ns)
{
	PEN_CHECK(recv->packets > 0);
	if (index >= recv->packets)
		return PEN_RECV_OUTSIDE;
	recv->last_ns = now_ns;
	if (index >= recv->reach) {
		recv->reach = index + 1;
		pen_marks_note(&recv->marks, recv->reach, now_ns);
	}
	if (pen_recv_has(recv, index)) {
		recv->duplicates++;
		return PEN_RECV_DUPLICATE;
	}
	recv->bits[index / 64] |= UINT64_C(1) << index % 64;
	recv->got++;
	return PEN_RECV_NEW;
}

/* When a missing index is to be asked for (again). */
static int64_t index_due_ns(
	const struct pen_recv *recv, const struct pen_recv_view *view, uint32_t index)
{
	if (recv->times[index]) {
		int64_t age = pen_rtt_age_ns(recv->asked_us[index], view->now_ns);
		/* Stamps wrap: one that lies ahead is very old. */
		return age < 0 ? view->now_ns : view->now_ns - age + view->timeout_ns;
	}
	int64_t silent = view->tail ? recv->last_ns + view->timeout_ns : INT64_MAX;
	if (index >= recv->reach)
		return silent;
	if (recv->reach - 1 - index >= view->loss->packets)
		return view->now_ns;
	int64_t gap = pen_marks_passed_ns(&recv->marks, index);
	PEN_CHECK(gap < INT64_MAX);
	gap += pen_loss_window_ns(view->loss, view->srtt_ns);
	return gap < silent ? gap : silent;
}

/* The bits of word w that are missing. */
static uint64_t missing_word(const struct pen_recv *recv, uint32_t w)
{
	uint32_t first = w * 64;
	if (first >= recv->packets)
		return 0;
	uint32_t left = recv->packets - first;
	uint64_t all = left >= 64 ? UINT64_MAX : (UINT64_C(1) << left) - 1;
	return all & ~recv->bits[w];
}

/* Packets from reach on that are missing: all were asked for together, if at all. */
static uint32_t tail_from(const struct pen_recv *recv)
{
	return recv->reach < recv->packets ? recv->reach : recv->packets;
}

uint32_t pen_recv_missing(const struct pen_recv *recv, const struct pen_recv_view *view,
	uint64_t missing[PEN_RECV_WORDS])
{
	PEN_CHECK(view->timeout_ns > 0);
	uint32_t count = 0, tail = tail_from(recv);
	bool tail_due = tail < recv->packets && index_due_ns(recv, view, tail) <= view->now_ns;
	for (uint32_t w = 0; w < PEN_RECV_WORDS; w++) {
		missing[w] = 0;
		if (w * 64 >= tail && !tail_due)
			continue;
		for (uint64_t rest = missing_word(recv, w); rest; rest &= rest - 1) {
			uint32_t index = w * 64 + (uint32_t)__builtin_ctzll(rest);
			if (index < tail ? index_due_ns(recv, view, index) > view->now_ns
					 : !tail_due)
				continue;
			missing[w] |= rest & -rest;
			count++;
		}
	}
	return count;
}

void pen_recv_asked(struct pen_recv *recv, const uint64_t missing[PEN_RECV_WORDS], int64_t now_ns)
{
	uint32_t stamp = pen_rtt_stamp(now_ns);
	for (uint32_t w = 0; w < PEN_RECV_WORDS; w++) {
		for (uint64_t rest = missing[w]; rest; rest &= rest - 1) {
			uint32_t index = w * 64 + (uint32_t)__builtin_ctzll(rest);
			PEN_CHECK(index < recv->packets);
			recv->asked_us[index] = stamp;
			recv->asked++;
			if (recv->times[index] < TIMES_MAX)
				recv->times[index]++;
			if (recv->times[index] > recv->again)
				recv->again = recv->times[index];
		}
	}
}

int64_t pen_recv_due_ns(const struct pen_recv *recv, const struct pen_recv_view *view)
{
	PEN_CHECK(view->timeout_ns > 0);
	uint32_t tail = tail_from(recv);
	int64_t due = tail < recv->packets ? index_due_ns(recv, view, tail) : INT64_MAX;
	for (uint32_t w = 0; w * 64 < tail; w++) {
		for (uint64_t rest = missing_word(recv, w); rest; rest &= rest - 1) {
			uint32_t index = w * 64 + (uint32_t)__builtin_ctzll(rest);
			int64_t at = index < tail ? index_due_ns(recv, view, index) : INT64_MAX;
			due = at < due ? at : due;
		}
	}
	return due;
}
