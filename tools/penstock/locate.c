#include "locate.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/text.h"
#include "drivers/table.h"
#include "locate_dir.h"
#include "locate_peer.h"
#include "set.h"

/* How often a waiting get looks whether it should stop. */
#define LOCATE_LOOK_NS (200 * PEN_NS_PER_MS)

bool locate_find(const struct locate_offers *offers, uint32_t n, struct locate_offer *out)
{
	if (offers->any) {
		*out = (struct locate_offer){.n = n,
			.forms = offers->any_forms,
			.labelled = offers->any_labelled,
			.labels = offers->any_labels};
		return true;
	}
	for (unsigned i = 0; i < offers->count; i++) {
		if (offers->list[i].n != n)
			continue;
		*out = offers->list[i];
		return true;
	}
	return false;
}

uint32_t locate_choose(const struct locate_offers *offers, unsigned sources)
{
	uint32_t least = 0;
	for (unsigned s = 0; s < sources; s++) {
		uint64_t formula = pen_part_count(offers[s].memory_usage);
		for (unsigned i = 0; i < offers[s].count; i++) {
			uint32_t n = offers[s].list[i].n;
			if (n == formula)
				return n;
			if (least == 0 || n < least)
				least = n;
		}
	}
	return least;
}

/* In which forms some part of the N at `i` is there; a front without "forms" knows one only. */
static unsigned answer_forms(json_t *forms, size_t i)
{
	unsigned found = 0;
	if (!json_is_object(forms))
		return 1u << PEN_FORM_NEARCORE;
	for (unsigned form = 0; form < PEN_FORMS; form++) {
		json_t *list = json_object_get(forms, pen_form_text((enum pen_form)form));
		if (json_integer_value(json_array_get(list, i)) > 0)
			found |= 1u << form;
	}
	return found;
}

void locate_offers_fini(struct locate_offers *offers)
{
	pen_buf_fini(&offers->bits);
	memset(offers, 0, sizeof *offers);
}

/* Forget what was offered, keep the memory. */
static void offers_reset(struct locate_offers *offers)
{
	struct pen_buf bits = offers->bits;
	bits.len = 0;
	memset(offers, 0, sizeof *offers);
	offers->bits = bits;
}

int locate_smaller_add(struct locate_offers *offers, unsigned i, struct pen_bytes bits)
{
	struct locate_offer *offer = &offers->list[i];
	PEN_CHECK(bits.len >= (offer->n + 7) / 8);
	offer->smaller_at = offers->bits.len;
	offer->smaller = pen_buf_append(&offers->bits, bits.at, bits.len) == 0;
	return offer->smaller ? 0 : -ENOMEM;
}

/* The parts that are smaller in nearcore form, as a front says. What is no set says nothing. */
static void answer_smaller(json_t *sets, unsigned i, struct locate_offers *out)
{
	const char *text = json_string_value(json_array_get(sets, i));
	struct pen_buf bits = {0};
	if (text && *text && set_parse(text, out->list[i].n, &bits, NULL) == 0)
		locate_smaller_add(out, i, pen_buf_bytes(&bits));
	pen_buf_fini(&bits);
}

static int answer_offers(json_t *json, const char *root, struct locate_offers *out)
{
	json_t *list = json_object_get(json, "of");
	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *item = json_array_get(list, i);
		json_int_t n = json_is_integer(item) ? json_integer_value(item) : 0;
		if (n < 1 || n > PEN_PARTS_MAX)
			return PEN_EINPUT;
		if (out->count == LOCATE_OFFERS_MAX)
			return 0;
		struct locate_offer *offer = &out->list[out->count++];
		offer->n = (uint32_t)n;
		offer->forms = answer_forms(json_object_get(json, "forms"), i);
		snprintf(offer->prefix, sizeof offer->prefix, "root/%s/of/%u/", root, offer->n);
		answer_smaller(json_object_get(json, "nearcore_smaller"), (unsigned)i, out);
	}
	return 0;
}

static int answer_read(json_t *json, const struct pen_hash *root, struct locate_offers *out)
{
	char text[PEN_HASH_TEXT_BYTES];
	const char *name = json_string_value(json_object_get(json, "root"));
	json_t *usage = json_object_get(json, "memory_usage");
	json_t *list = json_object_get(json, "of");
	pen_base58(root, text);
	if (!name || strcmp(name, text) || !json_is_array(list))
		return PEN_EINPUT;
	if (json_is_integer(usage) && json_integer_value(usage) > 0)
		out->memory_usage = (uint64_t)json_integer_value(usage);
	return answer_offers(json, text, out);
}

int locate_answer(struct pen_bytes text, const struct pen_hash *root, struct locate_offers *out)
{
	json_error_t error;
	offers_reset(out);
	json_t *json = json_loadb((const char *)text.at, text.len, JSON_REJECT_DUPLICATES, &error);
	int err = json ? answer_read(json, root, out) : PEN_EINPUT;
	json_decref(json);
	return err;
}

/* Wait for the one get under way; a stall or a stop cancels it. */
static struct pen_origin_done get_wait(const struct locate_ask *ask, const struct pen_buf *into)
{
	const struct pen_origin_ops *ops = ask->origin->ops;
	struct pen_origin_done done;
	size_t seen = into->len;
	int64_t byte_ns = pen_clock_ns();
	/* As for a part: who drips holds us up and delivers nothing (fetch/pull.h). */
	int ended_by = 0;
	while (!ops->reap(ask->origin, &done, 1, LOCATE_LOOK_NS)) {
		int64_t now = pen_clock_ns();
		if (into->len - seen >= PEN_PULL_STEP_BYTES) {
			byte_ns = now;
			seen = into->len;
		}
		if (ask->stop(ask->context))
			ended_by = PEN_EINTERRUPTED;
		else if (now - byte_ns >= ask->stall_ns)
			ended_by = PEN_ESTALL;
		if (ended_by)
			ops->cancel(ask->origin, 0);
	}
	if (done.result == -ECANCELED)
		done.result = pen_fail(&done.why, ended_by,
			ended_by == PEN_ESTALL ? "%s: no byte, or too few to count, for %lld s"
					       : "%s: interrupted",
			ask->origin->label, (long long)(ask->stall_ns / PEN_NS_PER_S));
	return done;
}

static int get_once(
	const struct locate_ask *ask, const char *name, struct pen_buf *into, struct pen_why *why)
{
	struct pen_origin_get get = {
		.name = name, .bytes_max = LOCATE_ANSWER_BYTES_MAX, .into = into};
	into->len = 0;
	if (ask->origin->ops->submit(ask->origin, &get, 1) == 0)
		return pen_fail(why, -EAGAIN, "%s: takes no request", ask->origin->label);
	struct pen_origin_done done = get_wait(ask, into);
	if (done.result && why)
		*why = done.why;
	return done.result;
}

static void backoff_wait(const struct locate_ask *ask, unsigned failures)
{
	int64_t ns = PEN_BACKOFF_NS_MIN << (failures < 6 ? failures : 6);
	if (ns > PEN_BACKOFF_NS_MAX)
		ns = PEN_BACKOFF_NS_MAX;
	for (int64_t end = pen_clock_ns() + ns; pen_clock_ns() < end && !ask->stop(ask->context);)
		pen_clock_sleep_ns(LOCATE_LOOK_NS);
}

static int get(
	const struct locate_ask *ask, const char *name, struct pen_buf *into, struct pen_why *why)
{
	int err = PEN_ENET;
	for (unsigned i = 0; i < ask->tries && err == PEN_ENET; i++) {
		if (i)
			backoff_wait(ask, i - 1);
		if (ask->stop(ask->context))
			return pen_fail(why, PEN_EINTERRUPTED, "interrupted");
		err = get_once(ask, name, into, why);
	}
	return err;
}

/* A source may be the directory of one state in a store: then its path names the state. */
static bool path_labels(const char *word, struct pen_labels *out)
{
	char dir[PEN_NAME_BYTES];
	const char *at = strstr(word, "/chain_id=");
	size_t len = at ? strcspn(at + 1, "?#") : 0;
	if (!at || len >= sizeof dir)
		return false;
	memcpy(dir, at + 1, len);
	dir[len - (dir[len - 1] == '/')] = 0;
	return pen_labels_parse(dir, out) == 0;
}

static int locate_http(const struct locate_ask *ask, struct locate_offers *out, struct pen_why *why)
{
	struct pen_buf text = {0};
	char name[PEN_HASH_TEXT_BYTES + 8], root[PEN_HASH_TEXT_BYTES];
	snprintf(name, sizeof name, "root/%s", pen_base58(ask->root, root));
	int err = get(ask, name, &text, why);
	/* An object store says 403 for what is not there; a page larger than an answer is none. */
	if (err == PEN_ENOTFOUND || err == -EACCES || err == PEN_EINPUT ||
		(!err && locate_answer(pen_buf_bytes(&text), ask->root, out))) {
		offers_reset(out);
		out->any = true;
		out->any_labelled = path_labels(ask->word, &out->any_labels);
		out->any_forms = ask->forms & 1u << PEN_FORM_NEARCORE ? 1u << PEN_FORM_NEARCORE
								      : ask->forms;
		err = 0;
	} else if (!err && out->count == 0) {
		err = pen_fail(
			why, PEN_ENOTFOUND, "%s: has no part of %s", ask->origin->label, root);
	}
	pen_buf_fini(&text);
	return err;
}

/* Keep what is offered in a form that is wanted. */
static int offers_filter(
	const struct locate_ask *ask, struct locate_offers *out, struct pen_why *why)
{
	unsigned kept = 0, before = out->count;
	for (unsigned i = 0; i < out->count; i++) {
		struct locate_offer offer = out->list[i];
		offer.forms &= ask->forms;
		if (offer.forms)
			out->list[kept++] = offer;
	}
	out->count = kept;
	if (kept || !before)
		return 0;
	return pen_fail(why, PEN_ENOTFOUND, "%s: has the state, but no part of it in %s form",
		ask->origin->label, ask->forms & 1u << PEN_FORM_LEAN ? "lean" : "nearcore");
}

int locate(const struct locate_ask *ask, struct locate_offers *out, struct pen_why *why)
{
	offers_reset(out);
	if (ask->peer)
		return locate_peer(ask, out, why);
	int err = strncmp(ask->word, "dir:", 4) ? locate_http(ask, out, why)
						: locate_dir(ask, out, why);
	for (unsigned i = 0; i < out->count; i++) {
		struct locate_offer *offer = &out->list[i];
		if (!offer->prefix[0])
			offer->labelled = path_labels(ask->word, &offer->labels);
	}
	return err ? err : offers_filter(ask, out, why);
}
