#include "flow/seqs.h"

#include <assert.h>
#include <string.h>

#include "base/bits.h"
#include "base/check.h"

static_assert((PEN_SEQS_WINDOW & (PEN_SEQS_WINDOW - 1)) == 0, "numbers are taken modulo it");

/* Note that all numbers from..end-1, a window at most, came, or none of them. */
static void put(struct pen_seqs *seqs, uint64_t from, uint64_t end, bool came)
{
	uint64_t at = from % PEN_SEQS_WINDOW, count = end - from, rest = PEN_SEQS_WINDOW - at;
	PEN_CHECK(count <= PEN_SEQS_WINDOW);
	if (count > rest) {
		pen_bits_put(seqs->bits, 0, count - rest, came);
		count = rest;
	}
	pen_bits_put(seqs->bits, at, count, came);
}

void pen_seqs_init(struct pen_seqs *seqs)
{
	memset(seqs, 0, sizeof *seqs);
	pen_loss_init(&seqs->loss);
	pen_marks_init(&seqs->marks, PEN_LOSS_WINDOW_NS_MIN);
}

uint64_t pen_seqs_expand(const struct pen_seqs *seqs, uint32_t low)
{
	int32_t off = (int32_t)(low - (uint32_t)seqs->top);
	/* Before the first number there is none: what would be is far ahead, and refused as such.
	 */
	if (off < 0 && (uint64_t) - (int64_t)off > seqs->top)
		return low;
	return seqs->top + (uint64_t)(int64_t)off;
}

/* The oldest number whose bit is still kept. */
static uint64_t base_of(const struct pen_seqs *seqs)
{
	return seqs->top > PEN_SEQS_WINDOW ? seqs->top - PEN_SEQS_WINDOW : 0;
}

bool pen_seqs_has(const struct pen_seqs *seqs, uint64_t seq)
{
	if (seq >= seqs->top || seq < base_of(seqs))
		return false;
	return seqs->bits[seq % PEN_SEQS_WINDOW / 64] >> seq % 64 & 1;
}

uint64_t pen_seqs_word(const struct pen_seqs *seqs, uint64_t first)
{
	PEN_CHECK(first % 64 == 0);
	uint64_t base = base_of(seqs), end = first + 64 < seqs->top ? first + 64 : seqs->top;
	uint64_t from = first > base ? first : base;
	if (from >= end)
		return 0;
	return seqs->bits[first % PEN_SEQS_WINDOW / 64] & pen_bits_mask(from - first, end - first);
}

/* What lies between the old top and `from` did not come. */
static void raise_top(struct pen_seqs *seqs, uint64_t from, uint64_t top, int64_t now_ns)
{
	if (from > seqs->top)
		put(seqs, seqs->top, from, false);
	seqs->top = top;
	pen_marks_note(&seqs->marks, top, now_ns);
}

/* The floor goes past one number. */
static void step(struct pen_seqs *seqs)
{
	if (pen_seqs_has(seqs, seqs->floor))
		seqs->above--;
	else
		seqs->lost++;
	seqs->floor++;
}

/* The floor goes past what came. */
static void pass(struct pen_seqs *seqs)
{
	while (seqs->floor < seqs->top) {
		uint64_t came = pen_bits_ones(seqs->bits, seqs->floor % PEN_SEQS_WINDOW);
		came = came < seqs->top - seqs->floor ? came : seqs->top - seqs->floor;
		if (!came)
			return;
		PEN_CHECK(came <= seqs->above);
		seqs->above -= (uint32_t)came;
		seqs->floor += came;
	}
}

enum pen_seqs_came pen_seqs_add(struct pen_seqs *seqs, uint64_t seq, uint32_t count, int64_t now_ns)
{
	PEN_CHECK(now_ns >= 0);
	PEN_CHECK(seqs->floor <= seqs->top);
	PEN_CHECK(count == 1 || (count > 0 && count <= pen_seqs_fresh(seqs, seq)));
	enum pen_seqs_came came = PEN_SEQS_NEW;
	if (seq < base_of(seqs) || seq >= seqs->floor + PEN_SEQS_WINDOW)
		came = PEN_SEQS_STRAY;
	else if (pen_seqs_has(seqs, seq))
		came = PEN_SEQS_DUPLICATE;
	else if (seq < seqs->floor)
		came = PEN_SEQS_LATE;
	seqs->count[came] += count;
	if (came == PEN_SEQS_STRAY || came == PEN_SEQS_DUPLICATE)
		return came;
	uint64_t end = seq + count;
	if (end > seqs->top)
		raise_top(seqs, seq, end, now_ns);
	if (end > seqs->seen)
		seqs->seen = end;
	put(seqs, seq, end, true);
	if (came == PEN_SEQS_NEW) {
		seqs->above += count;
		pass(seqs);
		return came;
	}
	seqs->lost--;
	if (seq >= seqs->given)
		pen_loss_spurious(&seqs->loss, seqs->top - 1 - seq);
	return came;
}

uint32_t pen_seqs_settle(struct pen_seqs *seqs, int64_t srtt_ns, int64_t now_ns)
{
	PEN_CHECK(seqs->floor <= seqs->top);
	uint64_t lost = seqs->lost;
	pen_marks_window(&seqs->marks, pen_loss_window_ns(&seqs->loss, srtt_ns));
	while (seqs->floor < seqs->top) {
		uint64_t seq = seqs->floor;
		if (!pen_seqs_has(seqs, seq)) {
			int64_t passed = pen_marks_passed_ns(&seqs->marks, seq);
			int64_t waited = passed < now_ns ? now_ns - passed : 0;
			if (!pen_loss_is_lost(&seqs->loss, seqs->top - 1 - seq, waited, srtt_ns))
				break;
		}
		step(seqs);
	}
	return (uint32_t)(seqs->lost - lost);
}

uint32_t pen_seqs_give_up(struct pen_seqs *seqs, uint64_t granted)
{
	PEN_CHECK(granted >= seqs->top);
	PEN_CHECK(granted <= seqs->floor + PEN_SEQS_WINDOW);
	uint64_t lost = seqs->lost;
	put(seqs, seqs->top, granted, false);
	seqs->top = granted;
	while (seqs->floor < granted)
		step(seqs);
	seqs->given = granted;
	return (uint32_t)(seqs->lost - lost);
}

uint64_t pen_seqs_done(const struct pen_seqs *seqs)
{
	return seqs->floor + seqs->above;
}

int64_t pen_seqs_due_ns(const struct pen_seqs *seqs, int64_t srtt_ns)
{
	for (uint64_t seq = seqs->floor; seq < seqs->top; seq++) {
		if (pen_seqs_has(seqs, seq))
			continue;
		int64_t passed = pen_marks_passed_ns(&seqs->marks, seq);
		if (passed == INT64_MAX || seqs->top - 1 - seq >= seqs->loss.packets)
			return passed;
		return passed + pen_loss_window_ns(&seqs->loss, srtt_ns);
	}
	return INT64_MAX;
}
