#include "serve/tell.h"

#include "base/check.h"
#include "wire/piece.h"

static_assert(PEN_WIRE_PARTS_MAX == PEN_PARTS_MAX, "all parts that are can be told");
static_assert(PEN_WIRE_CHAIN_BYTES_MAX == PEN_CHAIN_BYTES_MAX, "a label fits");

enum pen_form pen_tell_form(uint8_t wire_form)
{
	switch (wire_form) {
	case PEN_WIRE_FORM_RAW: return PEN_FORM_RAW;
	case PEN_WIRE_FORM_LEAN: return PEN_FORM_LEAN;
	default: PEN_CHECK(wire_form == PEN_WIRE_FORM_NEARCORE); return PEN_FORM_NEARCORE;
	}
}

uint8_t pen_tell_wire_form(enum pen_form form)
{
	switch (form) {
	case PEN_FORM_RAW: return PEN_WIRE_FORM_RAW;
	case PEN_FORM_LEAN: return PEN_WIRE_FORM_LEAN;
	default: PEN_CHECK(form == PEN_FORM_NEARCORE); return PEN_WIRE_FORM_NEARCORE;
	}
}

static struct pen_hash hash_of(const uint8_t bytes[PEN_HASH_BYTES])
{
	struct pen_hash hash;
	memcpy(hash.bytes, bytes, PEN_HASH_BYTES);
	return hash;
}

static const struct pen_catalog_set *set_of(
	const struct pen_catalog *catalog, const uint8_t root[32], uint32_t n, uint8_t form)
{
	struct pen_hash hash = hash_of(root);
	return pen_catalog_set(catalog, &hash, n, pen_tell_form(form));
}

static void write_state(const struct pen_listing *listing, const struct pen_listing_row *row,
	struct pen_wire_state *out)
{
	const struct pen_catalog_set *set = pen_listing_set(listing, row);
	size_t chain = strlen(row->labels.chain);
	*out = (struct pen_wire_state){.epoch_height = row->labels.epoch_height,
		.shard = row->labels.shard,
		.memory_usage = set->memory_usage,
		.n = set->n,
		.held = set->have,
		.form = pen_tell_wire_form(set->form),
		.chain_bytes = (uint8_t)chain};
	memcpy(out->root, set->root.bytes, PEN_HASH_BYTES);
	memcpy(out->epoch_id, row->labels.epoch_id.bytes, PEN_HASH_BYTES);
	memcpy(out->chain, row->labels.chain, chain);
}

size_t pen_tell_list(
	const struct pen_listing *listing, const struct pen_wire_list *list, uint8_t *body)
{
	struct pen_wire_state states[PEN_WIRE_STATES_MAX];
	char chain[PEN_CHAIN_BYTES_MAX + 1] = "";
	struct pen_hash root = hash_of(list->root);
	memcpy(chain, list->chain, list->chain_bytes);
	struct pen_listing_filter filter = {.root = list->filters & PEN_WIRE_BY_ROOT ? &root : NULL,
		.chain = list->filters & PEN_WIRE_BY_CHAIN ? chain : NULL,
		.by_epoch = list->filters & PEN_WIRE_BY_EPOCH,
		.by_shard = list->filters & PEN_WIRE_BY_SHARD,
		.by_form = list->filters & PEN_WIRE_BY_FORM,
		.epoch_height = list->epoch_height,
		.shard = list->shard};
	if (filter.by_form)
		filter.form = pen_tell_form(list->form);
	struct pen_wire_listed listed = {
		.from = list->from, .next = PEN_WIRE_LIST_END, .generation = listing->generation};
	uint32_t passed = 0, rows = pen_listing_count(listing);
	for (uint32_t i = 0; i < rows; i++) {
		const struct pen_listing_row *row = pen_listing_at(listing, i);
		if (!pen_listing_passes(listing, row, &filter) || passed++ < list->from)
			continue;
		if (listed.count == PEN_WIRE_STATES_MAX) {
			listed.next = list->from + listed.count;
			break;
		}
		write_state(listing, row, &states[listed.count++]);
	}
	return pen_wire_listed_encode(&listed, states, body);
}

const struct pen_catalog_set *pen_tell_window_set(
	const struct pen_catalog *catalog, const struct pen_wire_window *want)
{
	return set_of(catalog, want->root, want->n, want->form);
}

size_t pen_tell_want(const struct pen_catalog *catalog, const struct pen_wire_window *want,
	const uint8_t *cached, uint8_t *body)
{
	uint8_t bits[PEN_WIRE_WINDOW_BYTES] = {0};
	const struct pen_catalog_set *set = pen_tell_window_set(catalog, want);
	struct pen_wire_window have = *want;
	have.held = set ? set->have : 0;
	have.flags = want->flags & PEN_WIRE_WINDOW_CACHED;
	uint32_t bytes = pen_wire_window_bytes(want->n, want->window);
	uint32_t first = (uint32_t)want->window * PEN_WIRE_WINDOW_PARTS;
	if (set)
		memcpy(bits, pen_catalog_bits(catalog, set) + first / 8, bytes);
	for (uint32_t i = 0; i < bytes && !(want->flags & PEN_WIRE_WINDOW_ALL); i++)
		bits[i] &= want->bits[i];
	for (uint32_t i = 0; i < bytes && have.flags; i++)
		bits[i] &= cached[i];
	return pen_wire_window_encode(&have, bits, body);
}

static void write_entry(const struct pen_catalog_set *set, const struct pen_catalog_file *file,
	struct pen_wire_entry *out)
{
	*out = (struct pen_wire_entry){.bytes = file->bytes};
	/* The object of no bytes is told by its root alone; there is nothing to fetch. */
	if (file->bytes == 0)
		return;
	memcpy(out->id, set->form == PEN_FORM_RAW ? set->root.bytes : file->blob, sizeof out->id);
	out->head_bytes = file->head_bytes;
	out->pieces = set->form == PEN_FORM_LEAN
		? 1 + file->frames
		: (uint32_t)((file->bytes + PEN_WIRE_PIECE_BYTES_MAX - 1) /
			  PEN_WIRE_PIECE_BYTES_MAX);
}

size_t pen_tell_catalog(
	const struct pen_catalog *catalog, const struct pen_wire_catalog *ask, uint8_t *body)
{
	struct pen_wire_entry entries[PEN_WIRE_ENTRIES_MAX] = {{.bytes = 0}};
	const struct pen_catalog_set *set = set_of(catalog, ask->root, ask->n, ask->form);
	for (uint32_t i = 0; set && i < ask->count; i++) {
		const struct pen_catalog_file *file = pen_catalog_part(
			catalog, set, ask->first + i);
		if (file)
			write_entry(set, file, &entries[i]);
	}
	return pen_wire_entries_encode(ask, entries, body);
}
