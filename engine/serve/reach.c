#include "serve/reach.h"

#include <errno.h>

#include "base/check.h"
#include "part/lean.h"
#include "serve/tell.h"

void pen_reach_end(struct pen_reacher *reacher, struct pen_reach *reach)
{
	if (reach->head != PEN_REACH_NONE)
		pen_cache_put(reacher->cache, reach->head);
	if (reach->handle != PEN_REACH_NONE)
		pen_handles_put(reacher->handles, reach->handle);
	reach->head = PEN_REACH_NONE;
	reach->handle = PEN_REACH_NONE;
}

static enum pen_reach_state give_up(
	struct pen_reacher *reacher, struct pen_reach *reach, enum pen_reach_state state)
{
	pen_reach_end(reacher, reach);
	return state;
}

static enum pen_reach_state open_state(int err)
{
	/* A file that went or changed since the catalog was made is one that we have no more. */
	if (err == -ENOENT || err == -ESTALE)
		return PEN_REACH_NOT_HELD;
	return err == -EBUSY ? PEN_REACH_BUSY : PEN_REACH_FAILED;
}

static enum pen_reach_state found(struct pen_reacher *reacher, const struct pen_located *place,
	bool cached, struct pen_reach *reach)
{
	struct pen_cache_ask ask = {reach->handle, place->offset, place->bytes};
	reach->offset = place->offset;
	reach->bytes = place->bytes;
	reach->blocks = place->blocks;
	if (!cached)
		return PEN_REACH_FOUND;
	int entry = pen_cache_find(reacher->cache, &ask);
	if (entry < 0)
		return give_up(reacher, reach, PEN_REACH_NOT_CACHED);
	pen_cache_put(reacher->cache, (uint32_t)entry);
	return PEN_REACH_FOUND;
}

static uint64_t file_bytes(const struct pen_reacher *reacher, const struct pen_reach *reach)
{
	return pen_handles_at(reacher->handles, reach->handle)->bytes;
}

/* All that the head of a lean part can be. */
static struct pen_cache_ask head_ask(
	const struct pen_reacher *reacher, const struct pen_reach *reach)
{
	uint64_t bytes = file_bytes(reacher, reach);
	return (struct pen_cache_ask){reach->handle, 0,
		bytes < PEN_LEAN_HEAD_BYTES_MAX ? (uint32_t)bytes
						: (uint32_t)PEN_LEAN_HEAD_BYTES_MAX};
}

static enum pen_reach_state locate_frame(struct pen_reacher *reacher,
	const struct pen_wire_object *object, bool cached, struct pen_reach *reach)
{
	struct pen_located place = {.by_head = true};
	struct pen_cache_ask ask = head_ask(reacher, reach);
	struct pen_bytes head = {
		pen_cache_at(reacher->cache, reach->head, 0, ask.bytes), ask.bytes};
	bool there = pen_locate_frame(object, head, file_bytes(reacher, reach), &place);
	pen_cache_put(reacher->cache, reach->head);
	reach->head = PEN_REACH_NONE;
	return there ? found(reacher, &place, cached, reach)
		     : give_up(reacher, reach, PEN_REACH_NOT_HELD);
}

enum pen_reach_state pen_reach_head(
	struct pen_reacher *reacher, const struct pen_wire_object *object, struct pen_reach *reach)
{
	PEN_CHECK(reach->head != PEN_REACH_NONE);
	switch (pen_cache_state(reacher->cache, reach->head)) {
	case PEN_CACHE_READY: return locate_frame(reacher, object, false, reach);
	case PEN_CACHE_FAILED: return give_up(reacher, reach, PEN_REACH_FAILED);
	default: return PEN_REACH_LATER;
	}
}

static enum pen_reach_state begin_head(struct pen_reacher *reacher,
	const struct pen_wire_object *object, bool cached, struct pen_reach *reach)
{
	struct pen_cache_ask ask = head_ask(reacher, reach);
	if (ask.bytes == 0)
		return give_up(reacher, reach, PEN_REACH_NOT_HELD);
	int entry = cached ? pen_cache_find(reacher->cache, &ask)
			   : pen_cache_get(reacher->cache, &ask);
	if (entry < 0)
		return give_up(reacher, reach, cached ? PEN_REACH_NOT_CACHED : PEN_REACH_BUSY);
	reach->head = (uint32_t)entry;
	if (pen_cache_state(reacher->cache, reach->head) == PEN_CACHE_READY)
		return locate_frame(reacher, object, cached, reach);
	return PEN_REACH_LATER;
}

enum pen_reach_state pen_reach_begin(struct pen_reacher *reacher,
	const struct pen_wire_object *object, bool cached, struct pen_reach *reach)
{
	struct pen_located place;
	*reach = (struct pen_reach){.handle = PEN_REACH_NONE, .head = PEN_REACH_NONE};
	if (!pen_locate(&reacher->room, object, &place))
		return PEN_REACH_NOT_HELD;
	struct pen_handle_ask ask = {
		place.disk, place.name, place.file_bytes, place.mtime_ns, place.buffered};
	int handle = cached ? pen_handles_find(reacher->handles, &ask)
			    : pen_handles_get(reacher->handles, &ask);
	if (handle < 0)
		return cached ? PEN_REACH_NOT_CACHED : open_state(handle);
	reach->handle = (uint32_t)handle;
	if (place.by_head)
		return begin_head(reacher, object, cached, reach);
	if (!pen_locate_rest(object, file_bytes(reacher, reach), &place))
		return give_up(reacher, reach, PEN_REACH_NOT_HELD);
	return found(reacher, &place, cached, reach);
}

/* The part that a file's name says it is. */
static bool named_part(
	const struct pen_handle *handle, const struct pen_catalog_set *set, uint32_t *k)
{
	const char *slash = strrchr(handle->name, '/');
	enum pen_form form;
	uint32_t n;
	*k = 0;
	if (set->form == PEN_FORM_RAW)
		return true;
	return pen_part_name_parse(slash ? slash + 1 : handle->name, &form, k, &n) == 0 &&
		form == set->form && n == set->n;
}

void pen_reach_cached(struct pen_reacher *reacher, const struct pen_catalog_set *set,
	uint32_t first, uint32_t count, uint8_t *bits)
{
	struct pen_wire_object object = {
		.n = set->n, .form = pen_tell_wire_form(set->form), .kind = PEN_WIRE_KIND_PIECE};
	memcpy(object.root, set->root.bytes, sizeof object.root);
	for (uint32_t i = 0; i < reacher->handles->count; i++) {
		const struct pen_handle *handle = &reacher->handles->handles[i];
		struct pen_reach reach;
		uint32_t k;
		if (!handle->id || !named_part(handle, set, &k) || k < first || k - first >= count)
			continue;
		uint32_t bit = k - first;
		object.part = k;
		if (pen_reach_begin(reacher, &object, true, &reach) == PEN_REACH_FOUND)
			bits[bit / 8] |= (uint8_t)(1u << bit % 8);
		pen_reach_end(reacher, &reach);
	}
}
