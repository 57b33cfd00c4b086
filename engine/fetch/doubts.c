#include "fetch/doubts.h"

#include <string.h>

#include "base/check.h"

bool pen_doubt_same(const struct pen_doubt *a, const struct pen_doubt *b)
{
	const struct pen_piece *one = &a->piece, *other = &b->piece;
	const struct pen_inquiry *ours = &a->inquiry, *theirs = &b->inquiry;
	return one->part == other->part && one->piece == other->piece && one->kind == other->kind &&
		one->block == other->block && pen_doubt_is_part(a) == pen_doubt_is_part(b) &&
		pen_hash_equal(&ours->came_sum, &theirs->came_sum) &&
		!memcmp(ours->came, theirs->came, sizeof ours->came);
}

void pen_doubts_put(struct pen_doubts *doubts, const struct pen_doubt *doubt)
{
	PEN_CHECK(doubt->inquiry.open);
	PEN_CHECK(doubts->count <= PEN_DOUBTS_MAX);
	for (unsigned i = 0; i < doubts->count; i++) {
		if (!pen_doubt_same(&doubts->list[i], doubt))
			continue;
		doubts->list[i].first |= doubt->first;
		return;
	}
	if (doubts->count < PEN_DOUBTS_MAX)
		doubts->list[doubts->count++] = *doubt;
	else if (doubt->first)
		doubts->list[PEN_DOUBTS_MAX - 1] = *doubt;
}

/* The smaller, the sooner. */
static unsigned rank(const struct pen_doubt *doubt)
{
	return doubt->first ? 0 : pen_doubt_is_part(doubt) ? 2 : 1;
}

bool pen_doubts_take(struct pen_doubts *doubts, bool pieces_only, struct pen_doubt *out)
{
	unsigned best = 0;
	for (unsigned i = 1; i < doubts->count; i++) {
		if (rank(&doubts->list[i]) < rank(&doubts->list[best]))
			best = i;
	}
	if (doubts->count == 0 || (pieces_only && pen_doubt_is_part(&doubts->list[best])))
		return false;
	*out = doubts->list[best];
	doubts->count--;
	memmove(&doubts->list[best], &doubts->list[best + 1],
		(doubts->count - best) * sizeof doubts->list[0]);
	return true;
}
