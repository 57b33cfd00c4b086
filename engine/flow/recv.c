#include "flow/recv.h"

#include <assert.h>
#include <string.h>

#include "base/bits.h"
#include "base/check.h"
#include "flow/rtt.h"

static_assert(PEN_RECV_PACKETS_MAX % 64 == 0, "bitmaps are whole words");

#define TIMES_MAX 255u
#define NS_PER_US 1000

void pen_recv_init(struct pen_recv *recv, uint32_t packets, const struct pen_recv_view *view)
{
	PEN_CHECK(packets > 0);
	PEN_CHECK(packets <= PEN_RECV_PACKETS_MAX);
	memset(recv, 0, sizeof *recv);
	recv->packets = packets;
	recv->last_ns = view->now_ns;
	pen_marks_init(&recv->marks, pen_loss_window_ns(view->loss, view->srtt_ns));
}

/* The bits of word w that are missing. */
static uint64_t missing_word(const struct pen_recv *recv, uint32_t w)
{
	uint32_t first = w * 64;
	if (first >= recv->packets)
		return 0;
	uint32_t left = recv->packets - first;
	uint64_t all = left >= 64 ? UINT64_MAX : (UINT64_C(1) << left) - 1;
	if (recv->held > first)
		all &= recv->held - first >= 64 ? 0 : UINT64_MAX << (recv->held - first);
	return all & ~recv->bits[w];
}

/* The first packet from index `from` on that is missing and not held; `packets` if there is none.
 * From reach on all such were asked for together, if at all. */
static uint32_t tail_from(const struct pen_recv *recv, uint32_t from)
{
	for (uint32_t w = from / 64; w < PEN_RECV_WORDS; w++) {
		uint64_t rest = missing_word(recv, w);
		if (w == from / 64)
			rest &= UINT64_MAX << from % 64;
		if (rest)
			return w * 64 + (uint32_t)__builtin_ctzll(rest);
	}
	return recv->packets;
}

/* The first gap that was not asked for may be another. */
static void settle(struct pen_recv *recv)
{
	while (recv->unasked < recv->packets) {
		uint32_t came = pen_bits_ones(recv->bits, recv->unasked);
		if (!came && !recv->times[recv->unasked])
			break;
		recv->unasked += came ? came : 1;
		PEN_CHECK(recv->unasked <= recv->packets);
	}
}

void pen_recv_again(struct pen_recv *recv, const struct pen_recv_view *view)
{
	recv->held = 0;
	recv->first = tail_from(recv, 0);
	/* What is whole may still wait for the server's word. */
	recv->first -= recv->first == recv->packets;
	recv->reach = 0;
	recv->unasked = 0;
	recv->awaited = 0;
	recv->ahead = recv->got - recv->first;
	recv->filled = recv->got;
	recv->last_ns = view->now_ns;
	recv->passed = false;
	memset(recv->times, 0, sizeof recv->times);
	settle(recv);
	pen_marks_init(&recv->marks, pen_loss_window_ns(view->loss, view->srtt_ns));
}

void pen_recv_hold(struct pen_recv *recv, uint32_t first)
{
	PEN_CHECK(first < recv->packets);
	PEN_CHECK(recv->got == 0);
	recv->first = recv->held = recv->unasked = first;
}

/* Has anything come from index `end` on? */
static bool came_beyond(const struct pen_recv *recv, uint32_t end)
{
	for (uint32_t w = end / 64; w < PEN_RECV_WORDS; w++) {
		uint64_t from = w == end / 64 ? UINT64_MAX << end % 64 : UINT64_MAX;
		if (recv->bits[w] & from)
			return true;
	}
	return false;
}

bool pen_recv_shrink(struct pen_recv *recv, uint32_t packets)
{
	PEN_CHECK(packets > 0);
	if (packets > recv->packets || packets < recv->reach || came_beyond(recv, packets))
		return false;
	recv->packets = packets;
	recv->held = recv->held < packets ? recv->held : packets;
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

/* The highest index that came rises. */
static void pass(struct pen_recv *recv, uint32_t reach)
{
	uint32_t from = recv->reach > recv->first ? recv->reach : recv->first;
	for (uint32_t i = from; recv->ahead && i < reach; i++)
		recv->ahead -= pen_recv_has(recv, i);
	recv->reach = reach;
}

void pen_recv_release(struct pen_recv *recv, bool known, int64_t now_ns)
{
	uint32_t first = recv->first < recv->packets ? recv->first : recv->packets;
	recv->held = 0;
	recv->unasked = 0;
	settle(recv);
	if (!known || recv->reach >= first || tail_from(recv, 0) >= first)
		return;
	recv->reach = first;
	/* As if the one behind them had come. */
	pen_marks_note(&recv->marks, (uint64_t)first + 1, now_ns);
}

void pen_recv_fill(struct pen_recv *recv, uint32_t index)
{
	PEN_CHECK(index < recv->packets);
	PEN_CHECK(!pen_recv_has(recv, index));
	recv->bits[index / 64] |= UINT64_C(1) << index % 64;
	recv->got++;
	recv->filled++;
	recv->awaited -= recv->times[index] > 0;
	settle(recv);
}

uint32_t pen_recv_fresh(const struct pen_recv *recv, uint32_t index)
{
	/* What came by another slot lies before `first`. */
	bool behind = index < recv->reach || index < recv->first || recv->ahead > 0;
	return behind || index >= recv->packets ? 0 : recv->packets - index;
}

enum pen_recv_came pen_recv_add(
	struct pen_recv *recv, uint32_t index, uint32_t count, int64_t now_ns)
{
	PEN_CHECK(recv->packets > 0);
	PEN_CHECK(count == 1 || (count > 0 && count <= pen_recv_fresh(recv, index)));
	if (index >= recv->packets)
		return PEN_RECV_OUTSIDE;
	recv->last_ns = now_ns;
	if (index + count > recv->reach) {
		pass(recv, index + count);
		pen_marks_note(&recv->marks, recv->reach, now_ns);
	}
	if (pen_recv_has(recv, index)) {
		recv->duplicates++;
		return PEN_RECV_DUPLICATE;
	}
	pen_bits_put(recv->bits, index, count, true);
	recv->got += count;
	for (uint32_t i = index; recv->awaited && i < index + count; i++)
		recv->awaited -= recv->times[i] > 0;
	settle(recv);
	return PEN_RECV_NEW;
}

void pen_recv_pass(struct pen_recv *recv, int64_t now_ns)
{
	PEN_CHECK(recv->packets > 0);
	if (recv->passed)
		return;
	recv->passed = true;
	recv->last_ns = now_ns;
}

/* When what was asked for so long ago is to be asked for again. */
static int64_t again_ns(const struct pen_recv_view *view, int64_t age_ns)
{
	/* Stamps wrap: one that lies ahead is very old. They are whole microseconds, so that what
	 * is left of the time would say something else at each moment. */
	int64_t now_ns = view->now_ns - view->now_ns % NS_PER_US;
	return age_ns < 0 ? now_ns : now_ns - age_ns + view->timeout_ns;
}

/* When a missing index is to be asked for (again). */
static int64_t index_due_ns(
	const struct pen_recv *recv, const struct pen_recv_view *view, uint32_t index)
{
	if (recv->times[index])
		return again_ns(view, pen_rtt_age_ns(recv->asked_us[index], view->now_ns));
	bool sent = view->tail || recv->passed;
	int64_t silent = sent ? recv->last_ns + view->timeout_ns : INT64_MAX;
	if (index >= recv->reach)
		return silent;
	if (recv->reach - 1 - index >= view->loss->packets)
		return view->now_ns;
	int64_t gap = pen_marks_passed_ns(&recv->marks, index);
	PEN_CHECK(gap < INT64_MAX);
	gap += pen_loss_window_ns(view->loss, view->srtt_ns);
	return gap < silent ? gap : silent;
}

uint32_t pen_recv_missing(const struct pen_recv *recv, const struct pen_recv_view *view,
	uint64_t missing[PEN_RECV_WORDS])
{
	PEN_CHECK(view->timeout_ns > 0);
	uint32_t count = 0, tail = tail_from(recv, recv->reach);
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
			recv->awaited += recv->times[index] == 0;
			if (recv->times[index] < TIMES_MAX)
				recv->times[index]++;
			if (recv->times[index] > recv->again)
				recv->again = recv->times[index];
		}
	}
	settle(recv);
}

int64_t pen_recv_gap_ns(const struct pen_recv *recv, const struct pen_recv_view *view)
{
	/* Of gaps that were not asked for, the first was left behind first. */
	return recv->unasked < recv->reach ? index_due_ns(recv, view, recv->unasked) : INT64_MAX;
}

/* When the first is to be asked for once more, of those below reach: the one asked for longest ago,
 * or whose stamp lies ahead. */
static int64_t awaited_ns(const struct pen_recv *recv, const struct pen_recv_view *view)
{
	uint32_t tail = tail_from(recv, recv->reach), left = recv->awaited;
	uint32_t now_us = pen_rtt_stamp(view->now_ns);
	int32_t oldest_us = -1, newest_us = INT32_MAX;
	for (uint32_t w = 0; left && w * 64 < tail; w++) {
		for (uint64_t rest = missing_word(recv, w); left && rest; rest &= rest - 1) {
			uint32_t index = w * 64 + (uint32_t)__builtin_ctzll(rest);
			if (index >= tail || !recv->times[index])
				continue;
			int32_t age_us = (int32_t)(now_us - recv->asked_us[index]);
			oldest_us = age_us > oldest_us ? age_us : oldest_us;
			newest_us = age_us < newest_us ? age_us : newest_us;
			left--;
		}
	}
	int64_t due = oldest_us < 0 ? INT64_MAX : again_ns(view, oldest_us * (int64_t)NS_PER_US);
	int64_t ahead = newest_us < 0 ? again_ns(view, -1) : INT64_MAX;
	return ahead < due ? ahead : due;
}

int64_t pen_recv_due_ns(const struct pen_recv *recv, const struct pen_recv_view *view)
{
	PEN_CHECK(view->timeout_ns > 0);
	uint32_t tail = tail_from(recv, recv->reach);
	int64_t due = tail < recv->packets ? index_due_ns(recv, view, tail) : INT64_MAX;
	int64_t gap = pen_recv_gap_ns(recv, view), awaited = awaited_ns(recv, view);
	due = gap < due ? gap : due;
	return awaited < due ? awaited : due;
}
