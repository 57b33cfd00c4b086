#include "wire/decode.h"

#include "base/check.h"
#include "wire/piece.h"

/* Whether a body is long enough for this struct to lie in it. */
#define HOLDS(body, type) ((body).len >= sizeof(type))

static bool all_zero(const void *at, size_t len)
{
	const uint8_t *byte = at;
	uint8_t sum = 0;
	for (size_t i = 0; i < len; i++)
		sum |= byte[i];
	return sum == 0;
}

static bool word_empty(const uint8_t *bits, uint32_t word)
{
	return pen_le64(bits + 8 * (size_t)word) == 0;
}

/* A state that can be: raw objects are never cut into parts. */
static bool state_fine(uint32_t n, uint8_t form)
{
	if (form < PEN_WIRE_FORM_RAW || form > PEN_WIRE_FORM_LEAN)
		return false;
	return n >= 1 && n <= (form == PEN_WIRE_FORM_RAW ? 1 : PEN_WIRE_PARTS_MAX);
}

/* A chain label of `len` bytes, and zeros behind. */
static bool chain_fine(const uint8_t *chain, uint8_t len)
{
	if (len > PEN_WIRE_CHAIN_BYTES_MAX)
		return false;
	for (unsigned i = 0; i < len; i++) {
		uint8_t c = chain[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
		if (!letter && c != '_' && c != '-')
			return false;
	}
	return all_zero(chain + len, PEN_WIRE_CHAIN_BYTES_MAX - len);
}

/* What must be zero depends on the kind: one piece has one address. */
static bool object_fine(const struct pen_wire_object *object)
{
	if (!state_fine(object->n, object->form) || object->zero || object->part >= object->n ||
		object->block >= PEN_WIRE_BLOCKS_MAX)
		return false;
	switch (object->kind) {
	case PEN_WIRE_KIND_PIECE: return object->form == PEN_WIRE_FORM_LEAN || object->block == 0;
	case PEN_WIRE_KIND_ROOT: return !object->part && !object->piece && !object->block;
	case PEN_WIRE_KIND_HEADER: return !object->part && !object->piece;
	case PEN_WIRE_KIND_TABLE: return !object->piece;
	default: return false;
	}
}

const struct pen_wire_head *pen_wire_head_decode(struct pen_bytes bytes, size_t packet_bytes)
{
	PEN_CHECK(bytes.len <= packet_bytes);
	if (!HOLDS(bytes, struct pen_wire_head) || packet_bytes > PEN_WIRE_PACKET_BYTES_MAX)
		return NULL;
	const struct pen_wire_head *head = (const void *)bytes.at;
	if (head->type == PEN_WIRE_DATA || head->zero ||
		head->body_bytes != packet_bytes - PEN_WIRE_HEAD_BYTES)
		return NULL;
	return head;
}

const struct pen_wire_data *pen_wire_data_decode(struct pen_bytes bytes, size_t packet_bytes)
{
	PEN_CHECK(bytes.len <= packet_bytes);
	if (!HOLDS(bytes, struct pen_wire_data) || packet_bytes == PEN_WIRE_HEAD_BYTES)
		return NULL;
	const struct pen_wire_data *data = (const void *)bytes.at;
	if (data->type != PEN_WIRE_DATA || data->flags & ~(PEN_WIRE_DATA_LAST | PEN_WIRE_DATA_ECHO))
		return NULL;
	return data;
}

bool pen_wire_cookie_absent(const struct pen_wire_cookie *cookie)
{
	return all_zero(cookie, sizeof *cookie);
}

/* The versions come first, without a gap. */
static bool versions_fine(const uint8_t versions[PEN_WIRE_VERSIONS_MAX])
{
	for (unsigned i = 1; i < PEN_WIRE_VERSIONS_MAX; i++) {
		if (versions[i] && !versions[i - 1])
			return false;
	}
	return versions[0] != 0;
}

const struct pen_wire_hello *pen_wire_hello_decode(struct pen_bytes body)
{
	if (body.len != sizeof(struct pen_wire_hello))
		return NULL;
	const struct pen_wire_hello *hello = (const void *)body.at;
	if (!hello->client || !versions_fine(hello->versions) || hello->size >= PEN_WIRE_SIZES ||
		hello->flags & ~PEN_WIRE_SUM_ABSENT_OK || hello->cookie.zero)
		return NULL;
	if (!all_zero(hello->zero, sizeof hello->zero) ||
		!all_zero(hello->padding, sizeof hello->padding))
		return NULL;
	if (pen_wire_cookie_absent(&hello->cookie) &&
		!all_zero(hello->signature, sizeof hello->signature))
		return NULL;
	return hello;
}

const struct pen_wire_cookie *pen_wire_cookie_decode(struct pen_bytes body)
{
	if (body.len != sizeof(struct pen_wire_cookie))
		return NULL;
	const struct pen_wire_cookie *cookie = (const void *)body.at;
	return cookie->zero || pen_wire_cookie_absent(cookie) ? NULL : cookie;
}

const struct pen_wire_welcome *pen_wire_welcome_decode(struct pen_bytes body)
{
	if (body.len != sizeof(struct pen_wire_welcome))
		return NULL;
	const struct pen_wire_welcome *welcome = (const void *)body.at;
	if (!welcome->session || !welcome->version || welcome->size >= PEN_WIRE_SIZES ||
		welcome->flags & ~PEN_WIRE_SUM_ABSENT_OK || welcome->zero)
		return NULL;
	if (!welcome->slots || welcome->slots > PEN_WIRE_SLOTS_MAX || !welcome->idle_s ||
		welcome->idle_s > PEN_WIRE_IDLE_S_MAX)
		return NULL;
	return welcome;
}

const struct pen_wire_busy *pen_wire_busy_decode(struct pen_bytes body)
{
	if (body.len != sizeof(struct pen_wire_busy))
		return NULL;
	return (const void *)body.at;
}

const struct pen_wire_close *pen_wire_close_decode(struct pen_bytes body)
{
	if (body.len != sizeof(struct pen_wire_close))
		return NULL;
	const struct pen_wire_close *close = (const void *)body.at;
	return close->zero ? NULL : close;
}

const struct pen_wire_path *pen_wire_path_decode(struct pen_bytes body)
{
	if (body.len != sizeof(struct pen_wire_path))
		return NULL;
	return (const void *)body.at;
}

/* A field counts if its filter is named, else it is zero. */
static bool filter_fine(
	const struct pen_wire_list *list, uint8_t filter, const void *at, size_t len)
{
	return list->filters & filter || all_zero(at, len);
}

const struct pen_wire_list *pen_wire_list_decode(struct pen_bytes body)
{
	if (body.len != sizeof(struct pen_wire_list))
		return NULL;
	const struct pen_wire_list *list = (const void *)body.at;
	bool chain = list->filters & PEN_WIRE_BY_CHAIN, form = list->filters & PEN_WIRE_BY_FORM;
	if (list->filters >= PEN_WIRE_BY_FORM << 1 || list->zero ||
		chain != (list->chain_bytes > 0) || !chain_fine(list->chain, list->chain_bytes) ||
		(form ? !state_fine(1, list->form) : list->form != 0))
		return NULL;
	if (!filter_fine(list, PEN_WIRE_BY_ROOT, list->root, sizeof list->root) ||
		(!(list->filters & PEN_WIRE_BY_EPOCH) && list->epoch_height) ||
		(!(list->filters & PEN_WIRE_BY_SHARD) && list->shard))
		return NULL;
	return list;
}

/* A state without a chain has no label at all. */
static bool listed_state_fine(const struct pen_wire_state *state)
{
	if (!state_fine(state->n, state->form) || !state->held || state->held > state->n ||
		!all_zero(state->zero, sizeof state->zero) ||
		!chain_fine(state->chain, state->chain_bytes))
		return false;
	return state->chain_bytes ||
		(all_zero(state->epoch_id, sizeof state->epoch_id) && !state->epoch_height &&
			!state->shard);
}

const struct pen_wire_listed *pen_wire_listed_decode(struct pen_bytes body)
{
	if (!HOLDS(body, struct pen_wire_listed))
		return NULL;
	const struct pen_wire_listed *listed = (const void *)body.at;
	if (listed->count > PEN_WIRE_STATES_MAX || !all_zero(listed->zero, sizeof listed->zero) ||
		body.len != sizeof *listed + listed->count * sizeof listed->states[0])
		return NULL;
	/* Whoever follows `next` comes to an end. */
	if (listed->next != PEN_WIRE_LIST_END && listed->next <= listed->from)
		return NULL;
	for (unsigned i = 0; i < listed->count; i++) {
		if (!listed_state_fine(&listed->states[i]))
			return NULL;
	}
	return listed;
}

/* WANT and HAVE but for what differs. */
static const struct pen_wire_window *window_decode(struct pen_bytes body, uint8_t flags)
{
	if (!HOLDS(body, struct pen_wire_window))
		return NULL;
	const struct pen_wire_window *window = (const void *)body.at;
	if (!state_fine(window->n, window->form) || window->flags & ~flags || window->zero ||
		(uint32_t)window->window * PEN_WIRE_WINDOW_PARTS >= window->n)
		return NULL;
	if (window->flags & PEN_WIRE_WINDOW_ALL)
		return body.len == sizeof *window ? window : NULL;
	uint32_t parts = pen_wire_window_parts(window->n, window->window);
	uint32_t bytes = pen_wire_window_bytes(window->n, window->window);
	if (body.len != sizeof *window + bytes)
		return NULL;
	if (parts % 8 && window->bits[bytes - 1] >> parts % 8)
		return NULL;
	return window;
}

const struct pen_wire_window *pen_wire_want_decode(struct pen_bytes body)
{
	const struct pen_wire_window *window = window_decode(
		body, PEN_WIRE_WINDOW_CACHED | PEN_WIRE_WINDOW_ALL);
	return window && !window->held ? window : NULL;
}

const struct pen_wire_window *pen_wire_have_decode(struct pen_bytes body)
{
	const struct pen_wire_window *window = window_decode(body, PEN_WIRE_WINDOW_CACHED);
	return window && window->held <= window->n ? window : NULL;
}

/* CATALOG and ENTRIES up to the entries. */
static const struct pen_wire_catalog *catalog_decode(struct pen_bytes body)
{
	if (!HOLDS(body, struct pen_wire_catalog))
		return NULL;
	const struct pen_wire_catalog *catalog = (const void *)body.at;
	if (!state_fine(catalog->n, catalog->form) ||
		!all_zero(catalog->zero, sizeof catalog->zero) || catalog->first >= catalog->n)
		return NULL;
	if (!catalog->count || catalog->count > PEN_WIRE_ENTRIES_MAX ||
		catalog->count > catalog->n - catalog->first)
		return NULL;
	return catalog;
}

const struct pen_wire_catalog *pen_wire_catalog_decode(struct pen_bytes body)
{
	const struct pen_wire_catalog *catalog = catalog_decode(body);
	return catalog && body.len == sizeof *catalog ? catalog : NULL;
}

static bool entry_fine(const struct pen_wire_entry *entry, uint8_t form)
{
	if (!entry->bytes)
		return all_zero(entry, sizeof *entry);
	if (form == PEN_WIRE_FORM_LEAN)
		return entry->head_bytes && entry->head_bytes <= entry->bytes && entry->pieces &&
			entry->head_bytes <= PEN_WIRE_BLOCKS_MAX * PEN_WIRE_PIECE_BYTES_MAX;
	uint64_t pieces = (entry->bytes - 1) / PEN_WIRE_PIECE_BYTES_MAX + 1;
	return !entry->head_bytes && entry->pieces == pieces;
}

const struct pen_wire_catalog *pen_wire_entries_decode(struct pen_bytes body)
{
	const struct pen_wire_catalog *catalog = catalog_decode(body);
	if (!catalog || body.len != sizeof *catalog + catalog->count * sizeof catalog->entries[0])
		return NULL;
	for (unsigned i = 0; i < catalog->count; i++) {
		if (!entry_fine(&catalog->entries[i], catalog->form))
			return NULL;
	}
	return catalog;
}

/* Packets that the largest piece has, in this size. */
static bool range_fine(const struct pen_wire_slot *slot)
{
	uint32_t most = pen_wire_packets(PEN_WIRE_PIECE_BYTES_MAX, slot->size);
	return slot->first < most && slot->packets <= most - slot->first;
}

static bool slot_fine(const struct pen_wire_open *open, const struct pen_wire_slot *slot)
{
	if (slot->act == PEN_WIRE_SLOT_CLOSE)
		return !slot->part && !slot->piece && !slot->kind && !slot->block && !slot->size &&
			!slot->first && !slot->packets;
	struct pen_wire_object object = {.n = open->n,
		.form = open->form,
		.kind = slot->kind,
		.block = slot->block,
		.part = slot->part,
		.piece = slot->piece};
	return slot->act == PEN_WIRE_SLOT_OPEN && slot->size < PEN_WIRE_SIZES && range_fine(slot) &&
		object_fine(&object);
}

const struct pen_wire_open *pen_wire_open_decode(struct pen_bytes body)
{
	if (!HOLDS(body, struct pen_wire_open))
		return NULL;
	const struct pen_wire_open *open = (const void *)body.at;
	if (!open->count || open->count > PEN_WIRE_OPEN_MAX || open->zero ||
		body.len != sizeof *open + open->count * sizeof open->slots[0])
		return NULL;
	if (!state_fine(open->n, open->form) || open->flags & ~PEN_WIRE_OPEN_CACHED)
		return NULL;
	for (unsigned i = 0; i < open->count; i++) {
		if (!slot_fine(open, &open->slots[i]))
			return NULL;
	}
	return open;
}

static bool slot_answer_fine(const struct pen_wire_slot_answer *slot)
{
	if (!all_zero(slot->zero, sizeof slot->zero) || slot->state > PEN_WIRE_SLOT_FAILED ||
		!slot->state)
		return false;
	if (slot->state != PEN_WIRE_SLOT_OPENED)
		return !slot->bytes && !slot->blocks;
	return slot->bytes && slot->bytes <= PEN_WIRE_PIECE_BYTES_MAX && slot->blocks &&
		slot->blocks <= PEN_WIRE_BLOCKS_MAX;
}

const struct pen_wire_opened *pen_wire_opened_decode(struct pen_bytes body)
{
	if (!HOLDS(body, struct pen_wire_opened))
		return NULL;
	const struct pen_wire_opened *opened = (const void *)body.at;
	if (!opened->count || opened->count > PEN_WIRE_OPEN_MAX ||
		!all_zero(opened->zero, sizeof opened->zero) ||
		body.len != sizeof *opened + opened->count * sizeof opened->slots[0])
		return NULL;
	for (unsigned i = 0; i < opened->count; i++) {
		if (!slot_answer_fine(&opened->slots[i]))
			return NULL;
	}
	return opened;
}

/* The proof: its bitmap is no longer than it must be, and tells of nothing that was not seen. */
static bool proof_fine(const struct pen_wire_pull *pull)
{
	if (!pull->proof_words)
		return !pull->proof_first && !pull->proof;
	if (pull->proof_first % 64 || pull->proof_first >= pull->seen ||
		word_empty(pull->behind, pull->proof_words - 1u))
		return false;
	unsigned last = pull->proof_words - 1u;
	unsigned top = 63 - (unsigned)__builtin_clzll(pen_le64(pull->behind + 8 * last));
	return pull->seen - pull->proof_first > 64 * last + top;
}

/* One section at the front of `rest`, which is cut; NULL if none is there. */
static const struct pen_wire_missing *missing_cut(struct pen_bytes *rest)
{
	if (!HOLDS(*rest, struct pen_wire_missing))
		return NULL;
	const struct pen_wire_missing *missing = (const void *)rest->at;
	size_t bytes = sizeof *missing + 8 * (size_t)missing->words;
	if (!missing->words || bytes > rest->len ||
		(uint32_t)missing->first_word + missing->words > PEN_WIRE_MISSING_WORDS_MAX ||
		word_empty(missing->bits, 0) || word_empty(missing->bits, missing->words - 1u))
		return NULL;
	*rest = (struct pen_bytes){rest->at + bytes, rest->len - bytes};
	return missing;
}

static bool sections_cut(struct pen_wire_pulled *out, struct pen_bytes rest)
{
	for (unsigned i = 0; i < out->pull->missing_count; i++) {
		out->missing[i] = missing_cut(&rest);
		if (!out->missing[i])
			return false;
		for (unsigned j = 0; j < i; j++) {
			if (out->missing[j]->slot == out->missing[i]->slot)
				return false;
		}
	}
	return rest.len == 0;
}

bool pen_wire_pull_decode(struct pen_bytes body, struct pen_wire_pulled *out)
{
	if (!HOLDS(body, struct pen_wire_pull))
		return false;
	const struct pen_wire_pull *pull = (const void *)body.at;
	size_t proof_bytes = 8 * (size_t)pull->proof_words;
	if (pull->proof_words > PEN_WIRE_PROOF_WORDS_MAX || body.len < sizeof *pull + proof_bytes ||
		pull->missing_count > PEN_WIRE_SLOTS_MAX)
		return false;
	if (pull->zero || !pull->lease_ms || pull->lost > pull->seen || !proof_fine(pull))
		return false;
	*out = (struct pen_wire_pulled){.pull = pull, .proof = pull->behind};
	size_t before = sizeof *pull + proof_bytes;
	return sections_cut(out, (struct pen_bytes){body.at + before, body.len - before});
}

const struct pen_wire_object *pen_wire_attest_decode(struct pen_bytes body)
{
	if (body.len != sizeof(struct pen_wire_object))
		return NULL;
	const struct pen_wire_object *object = (const void *)body.at;
	return object_fine(object) ? object : NULL;
}

const struct pen_wire_attested *pen_wire_attested_decode(struct pen_bytes body)
{
	if (body.len != sizeof(struct pen_wire_attested))
		return NULL;
	const struct pen_wire_attested *attested = (const void *)body.at;
	if (!object_fine(&attested->object) || !all_zero(attested->zero, sizeof attested->zero) ||
		!attested->state || attested->state > PEN_WIRE_ATTESTED_BUSY)
		return NULL;
	if (attested->state != PEN_WIRE_ATTESTED_HELD)
		return attested->bytes || !all_zero(attested->digest, sizeof attested->digest)
			? NULL
			: attested;
	return attested->bytes && attested->bytes <= PEN_WIRE_PIECE_BYTES_MAX ? attested : NULL;
}
