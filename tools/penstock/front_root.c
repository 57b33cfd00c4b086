#include "front_root.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "metric.h"
#include "part/id.h"
#include "store/layout.h"

/* The longest piece of JSON written below. */
#define LINE_BYTES_MAX 256

static int print(struct pen_buf *out, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int print(struct pen_buf *out, const char *format, ...)
{
	char line[LINE_BYTES_MAX];
	va_list args;
	va_start(args, format);
	int len = vsnprintf(line, sizeof line, format, args);
	va_end(args);
	return pen_buf_append(out, line, (size_t)len < sizeof line ? (size_t)len : sizeof line - 1);
}

static unsigned bad_request(struct pen_buf *body, const char *what)
{
	print(body, "{\"error\": \"%s\"}\n", what);
	return MHD_HTTP_BAD_REQUEST;
}

/* What is not known is not there, once everything was looked at. */
static unsigned unknown(const struct shelf_view *view, struct pen_buf *body, const char *what)
{
	print(body, "{\"error\": \"%s\", \"scanning\": %s}\n", what,
		view->complete ? "false" : "true");
	return view->complete ? MHD_HTTP_NOT_FOUND : MHD_HTTP_SERVICE_UNAVAILABLE;
}

/* All that is here of one state. */
struct state {
	const struct pen_catalog *catalog;
	const struct pen_catalog_set *sets; /* by n and form */
	uint32_t count;
};

/* The number behind the last set that has the n of this one. */
static uint32_t cut_end(const struct state *state, uint32_t at)
{
	uint32_t end = at + 1;
	while (end < state->count && state->sets[end].n == state->sets[at].n)
		end++;
	return end;
}

/* Parts of one n, sets [at, end), that are here in any form. */
static uint32_t cut_have(const struct state *state, uint32_t at, uint32_t end)
{
	uint32_t have = 0;
	for (uint32_t byte = 0; byte < (state->sets[at].n + 7) / 8; byte++) {
		unsigned any = 0;
		for (uint32_t i = at; i < end; i++)
			any |= pen_catalog_bits(state->catalog, &state->sets[i])[byte];
		have += (uint32_t)__builtin_popcount(any);
	}
	return have;
}

/* Parts of one n that are here in this form. */
static uint32_t cut_have_form(
	const struct state *state, uint32_t at, uint32_t end, enum pen_form form)
{
	for (; at < end; at++)
		if (state->sets[at].form == form)
			return state->sets[at].have;
	return 0;
}

static bool has_form(const struct state *state, enum pen_form form)
{
	return cut_have_form(state, 0, state->count, form) > 0;
}

/* How many parts of each n are here in one form. */
static void form_print(const struct state *state, enum pen_form form, struct pen_buf *body)
{
	print(body, "\"%s\": [", pen_form_text(form));
	for (uint32_t at = 0, end; at < state->count; at = end) {
		end = cut_end(state, at);
		print(body, "%s%" PRIu32, at ? ", " : "", cut_have_form(state, at, end, form));
	}
	print(body, "]");
}

/* Bytes of an answer from which on no more sets are written: who reads it takes 64 KiB. */
#define SETS_BYTES_MAX 32768u

/* Parts of one n, sets [at, end), that are here with fewer bytes in nearcore form than in lean
 * form, or not in that, as a set: "0-2,7". Left out where it would be too long: it only saves
 * requests. */
static void smaller_print(
	const struct state *state, uint32_t at, uint32_t end, struct pen_buf *body)
{
	const struct pen_catalog_set *nearcore = &state->sets[at], *lean = nearcore + 1;
	size_t before = body->len;
	uint32_t first = UINT32_MAX;
	if (end - at < 2 || nearcore->form != PEN_FORM_NEARCORE || lean->form != PEN_FORM_LEAN)
		return;
	for (uint32_t k = 0; k <= nearcore->n && body->len < SETS_BYTES_MAX; k++) {
		const struct pen_catalog_file *a = pen_catalog_part(state->catalog, nearcore, k);
		const struct pen_catalog_file *b = pen_catalog_part(state->catalog, lean, k);
		bool smaller = a && (!b || a->bytes < b->bytes);
		if (smaller && first == UINT32_MAX)
			first = k;
		if (smaller || first == UINT32_MAX)
			continue;
		print(body, "%s%" PRIu32, body->len > before ? "," : "", first);
		if (k - 1 > first)
			print(body, "-%" PRIu32, k - 1);
		first = UINT32_MAX;
	}
	if (body->len >= SETS_BYTES_MAX)
		body->len = before;
}

/* Lists of one length: N, how many of its parts are here, whether that is all, which of them have
 * fewer bytes in nearcore form, and how many there are in each form that is here. */
static void sets_print(const struct state *state, struct pen_buf *body)
{
	const struct pen_catalog_set *sets = state->sets;
	bool first = true;
	for (uint32_t at = 0; at < state->count; at = cut_end(state, at))
		print(body, "%s%" PRIu32, at ? ", " : "\"of\": [", sets[at].n);
	for (uint32_t at = 0, end; at < state->count; at = end) {
		end = cut_end(state, at);
		print(body, "%s%" PRIu32, at ? ", " : "], \"have\": [", cut_have(state, at, end));
	}
	for (uint32_t at = 0, end; at < state->count; at = end) {
		end = cut_end(state, at);
		print(body, "%s%s", at ? ", " : "], \"complete\": [",
			cut_have(state, at, end) == sets[at].n ? "true" : "false");
	}
	for (uint32_t at = 0, end; at < state->count; at = end) {
		end = cut_end(state, at);
		print(body, "%s\"", at ? ", " : "], \"nearcore_smaller\": [");
		smaller_print(state, at, end, body);
		print(body, "\"");
	}
	print(body, "], \"forms\": {");
	for (unsigned form = 0; form < PEN_FORMS; form++) {
		if (!has_form(state, (enum pen_form)form))
			continue;
		print(body, "%s", first ? "" : ", ");
		form_print(state, (enum pen_form)form, body);
		first = false;
	}
	print(body, "}");
}

static unsigned root_print(
	const struct shelf_view *view, const struct pen_hash *root, struct pen_buf *body)
{
	struct state state = {.catalog = &view->catalog};
	char text[PEN_HASH_TEXT_BYTES];
	state.sets = pen_catalog_root(&view->catalog, root, &state.count);
	if (!state.sets)
		return unknown(view, body, "no part of this state is here");
	/* Of a raw object the catalogue has its bytes there (store/catalog.h). */
	const char *size = state.sets->form == PEN_FORM_RAW ? "bytes" : "memory_usage";
	print(body, "{\"root\": \"%s\", \"%s\": %" PRIu64 ", ", pen_base58(root, text), size,
		state.sets->memory_usage);
	sets_print(&state, body);
	print(body, ", \"scanning\": %s}\n", view->complete ? "false" : "true");
	return MHD_HTTP_OK;
}

/* What is asked for: a part in one form. */
struct wanted {
	struct pen_hash root;
	enum pen_form form;
	uint32_t k, n;
};

static unsigned part_find(const struct shelf_view *view, const struct wanted *wanted,
	struct root_part *part, struct pen_buf *body)
{
	const struct pen_catalog_set *set = pen_catalog_set(
		&view->catalog, &wanted->root, wanted->n, wanted->form);
	const struct pen_catalog_file *file = set ? pen_catalog_part(&view->catalog, set, wanted->k)
						  : NULL;
	if (!file)
		return unknown(view, body, "this part is not here");
	pen_catalog_path(&view->catalog, file, part->path);
	part->bytes = file->bytes;
	part->mtime_ns = file->mtime_ns;
	return ROOT_IS_PART;
}

/* Read "of/N/state_part_K_of_N", or lean_part. */
static bool part_parse(const char *text, struct wanted *wanted)
{
	char number[8];
	uint64_t n;
	if (strncmp(text, "of/", 3) != 0)
		return false;
	text += 3;
	size_t len = strcspn(text, "/");
	if (len >= sizeof number || !text[len] ||
		pen_part_name_parse(text + len + 1, &wanted->form, &wanted->k, &wanted->n))
		return false;
	memcpy(number, text, len);
	number[len] = 0;
	return pen_number_parse(number, PEN_PARTS_MAX, &n) == 0 && wanted->n == n &&
		wanted->k < wanted->n;
}

unsigned root_answer(const struct shelf_view *view, const char *rest, struct root_part *part,
	struct pen_buf *body)
{
	char text[PEN_HASH_HEX_BYTES];
	struct wanted wanted;
	size_t len = strcspn(rest, "/");
	if (len >= sizeof text)
		return bad_request(body, "expected a root of 32 bytes in base58 or hex");
	memcpy(text, rest, len);
	text[len] = 0;
	if (pen_hash_parse(text, &wanted.root))
		return bad_request(body, "expected a root of 32 bytes in base58 or hex");
	if (!rest[len])
		return root_print(view, &wanted.root, body);
	if (!part_parse(rest + len + 1, &wanted))
		return bad_request(
			body, "expected /root/R/of/N/state_part_K_of_N or lean_part_K_of_N");
	return part_find(view, &wanted, part, body);
}

struct numbers {
	uint32_t roots; /* states of which a part is here */
	uint64_t parts[PEN_FORMS]; /* distinct parts offered in each form */
	uint32_t refused;
};

static struct numbers count(const struct pen_catalog *catalog)
{
	struct numbers numbers = {0};
	uint32_t sets_count;
	const struct pen_catalog_set *sets = pen_catalog_sets(catalog, &sets_count);
	for (uint32_t i = 0; i < sets_count; i++) {
		numbers.roots += !i || !pen_hash_equal(&sets[i].root, &sets[i - 1].root);
		numbers.parts[sets[i].form] += sets[i].have;
	}
	for (uint32_t i = 0; i < pen_catalog_file_count(catalog); i++)
		numbers.refused += pen_catalog_file_at(catalog, i)->refused;
	return numbers;
}

static int classes(struct reply_counts *counts, struct pen_buf *body)
{
	static const struct metric metric = {
		"http_requests_total", "counter", "Requests answered, by class of status."};
	char label[16];
	int err = metric_begin(body, &metric);
	for (int i = 2; !err && i <= 5; i++) {
		snprintf(label, sizeof label, "class=\"%dxx\"", i);
		err = metric_value(body, metric.name, label, atomic_load(&counts->by_class[i]));
	}
	return err;
}

static int offered(const struct numbers *numbers, struct pen_buf *body)
{
	static const struct metric metric = {
		"parts_offered", "gauge", "Distinct parts that are proved and served."};
	char label[32];
	int err = metric_begin(body, &metric);
	for (unsigned i = 0; !err && i < PEN_FORMS; i++) {
		snprintf(label, sizeof label, "form=\"%s\"", pen_form_text((enum pen_form)i));
		err = metric_value(body, metric.name, label, numbers->parts[i]);
	}
	return err;
}

int root_metrics(const struct shelf_view *view, struct reply_counts *counts, struct pen_buf *body)
{
	struct numbers numbers = count(&view->catalog);
	uint64_t closed = atomic_load(&counts->closed), accepted = atomic_load(&counts->accepted);
	const struct {
		struct metric metric;
		uint64_t value;
	} rows[] = {
		{{"http_sent_bytes_total", "counter", "Bytes of bodies sent whole."},
			atomic_load(&counts->bytes)},
		{{"http_requests_cut_total", "counter", "Requests that ended before their answer."},
			atomic_load(&counts->cut)},
		{{"http_connections_total", "counter", "Connections accepted."}, accepted},
		{{"http_connections", "gauge", "Connections open now."}, accepted - closed},
		{{"roots", "gauge", "States of which a part is offered."}, numbers.roots},
		{{"files_refused", "gauge", "Part files that did not prove."}, numbers.refused},
		{{"catalog_complete", "gauge", "1 once every part file was looked at."},
			view->complete},
		{{"files_unproved", "gauge", "Part files not looked at yet."}, view->left},
		{{"files_unread", "gauge", "Files and directories that cannot be read."},
			view->unread},
	};
	int err = classes(counts, body);
	if (!err)
		err = offered(&numbers, body);
	for (size_t i = 0; !err && i < sizeof rows / sizeof rows[0]; i++)
		err = metric_one(body, &rows[i].metric, rows[i].value);
	return err;
}
