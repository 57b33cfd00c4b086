#include "locate_sizes.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"

/* An answer is waited for so long at first, and so long then. */
#define SIZES_FIRST_NS (300 * PEN_NS_PER_MS)
#define SIZES_WAIT_NS (500 * PEN_NS_PER_MS)

bool locate_is_due(unsigned *asks, int64_t *next_ns, int64_t now_ns)
{
	if (now_ns < *next_ns)
		return false;
	*next_ns = now_ns + (*asks ? SIZES_WAIT_NS : SIZES_FIRST_NS);
	++*asks;
	return true;
}

/* Done with an offer, or given up. */
static void offer_end(struct locate_sizes *sizes)
{
	free(sizes->question);
	free(sizes->bytes);
	sizes->question = NULL;
	sizes->bytes = NULL;
	sizes->questions = 0;
	sizes->offer++;
}

void locate_sizes_fini(struct locate_sizes *sizes)
{
	offer_end(sizes);
}

static uint64_t *bytes_of(struct locate_sizes *sizes, uint32_t part, bool lean)
{
	return &sizes->bytes[2 * (size_t)part + lean];
}

void locate_sizes_hear(struct locate_sizes *sizes, const struct pen_wire_catalog *entries)
{
	const struct locate_offer *offer = &sizes->out->list[sizes->offer];
	bool lean = entries->form == PEN_WIRE_FORM_LEAN;
	unsigned q = entries->first / PEN_WIRE_ENTRIES_MAX * 2 + lean;
	if (!sizes->bytes || entries->n != offer->n || q >= sizes->questions ||
		entries->first % PEN_WIRE_ENTRIES_MAX ||
		memcmp(entries->root, sizes->ask->root->bytes, sizeof entries->root))
		return;
	for (unsigned i = 0; i < entries->count; i++)
		*bytes_of(sizes, entries->first + i, lean) = entries->entries[i].bytes;
	sizes->question[q].open = false;
	sizes->question[q].answered = true;
}

static void catalog_fill(
	const struct locate_sizes *sizes, unsigned q, struct pen_wire_catalog *catalog)
{
	const struct locate_offer *offer = &sizes->out->list[sizes->offer];
	uint32_t first = q / 2 * PEN_WIRE_ENTRIES_MAX, left = offer->n - first;
	*catalog = (struct pen_wire_catalog){.n = offer->n,
		.first = first,
		.form = q % 2 ? PEN_WIRE_FORM_LEAN : PEN_WIRE_FORM_NEARCORE,
		.count = (uint8_t)(left < PEN_WIRE_ENTRIES_MAX ? left : PEN_WIRE_ENTRIES_MAX)};
	memcpy(catalog->root, sizes->ask->root->bytes, sizeof catalog->root);
}

/* Which parts have fewer bytes in nearcore form, or are there in no other. */
static void smaller_note(struct locate_sizes *sizes)
{
	const struct locate_offer *offer = &sizes->out->list[sizes->offer];
	struct pen_buf bits = {0};
	size_t bytes = ((size_t)offer->n + 7) / 8;
	if (pen_buf_reserve(&bits, bytes))
		return;
	memset(bits.at, 0, bytes);
	bits.len = bytes;
	for (uint32_t k = 0; k < offer->n; k++) {
		uint64_t nearcore = *bytes_of(sizes, k, false), lean = *bytes_of(sizes, k, true);
		if (nearcore && (!lean || nearcore < lean))
			bits.at[k >> 3] |= (uint8_t)(1u << (k & 7));
	}
	locate_smaller_add(sizes->out, sizes->offer, pen_buf_bytes(&bits));
	pen_buf_fini(&bits);
}

/* Begin to ask for the sizes of the next state in two forms; false if there is none. */
static bool offer_begin(struct locate_sizes *sizes)
{
	const unsigned both = 1u << PEN_FORM_NEARCORE | 1u << PEN_FORM_LEAN;
	for (; sizes->offer < sizes->out->count; sizes->offer++) {
		const struct locate_offer *offer = &sizes->out->list[sizes->offer];
		bool wanted = !sizes->ask->n || sizes->ask->n == offer->n;
		if (offer->forms != both || offer->n > LOCATE_SIZES_MAX || !wanted)
			continue;
		unsigned batches = (offer->n + PEN_WIRE_ENTRIES_MAX - 1) / PEN_WIRE_ENTRIES_MAX;
		sizes->questions = 2 * batches;
		sizes->question = calloc(sizes->questions, sizeof *sizes->question);
		sizes->bytes = calloc(2 * (size_t)offer->n, sizeof *sizes->bytes);
		return sizes->question && sizes->bytes;
	}
	return false;
}

/* A question of the window that is due: its number, or `questions`. *answered counts. */
static unsigned due_find(struct locate_sizes *sizes, unsigned *answered, int64_t now_ns)
{
	unsigned open = 0;
	for (unsigned q = 0; q < sizes->questions; q++) {
		struct locate_question *question = &sizes->question[q];
		*answered += question->answered;
		if (question->answered || (!question->open && open == LOCATE_SIZES_WINDOW))
			continue;
		open++;
		question->open = true;
		if (locate_is_due(&question->asks, &question->next_ns, now_ns))
			return q;
	}
	return sizes->questions;
}

enum locate_sizes_act locate_sizes_next(
	struct locate_sizes *sizes, struct pen_wire_catalog *catalog, int64_t now_ns)
{
	PEN_CHECK(sizes->out);
	while (sizes->question || offer_begin(sizes)) {
		unsigned answered = 0, q = due_find(sizes, &answered, now_ns);
		if (q < sizes->questions && sizes->question[q].asks <= LOCATE_ASKS_MAX) {
			catalog_fill(sizes, q, catalog);
			return LOCATE_SIZES_ASK;
		}
		if (q == sizes->questions && answered < sizes->questions)
			return LOCATE_SIZES_WAIT;
		if (answered == sizes->questions)
			smaller_note(sizes);
		offer_end(sizes);
	}
	return LOCATE_SIZES_OVER;
}
