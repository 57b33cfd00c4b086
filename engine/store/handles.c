#include "store/handles.h"

#include <errno.h>
#include <stdlib.h>

#include "base/check.h"

int pen_handles_open(struct pen_handles *handles, uint32_t count)
{
	PEN_CHECK(count > 0);
	PEN_CHECK(count <= PEN_HANDLES_MAX);
	*handles = (struct pen_handles){.count = count, .next_id = 1};
	handles->handles = calloc(count, sizeof *handles->handles);
	return handles->handles ? 0 : -ENOMEM;
}

static void drop(struct pen_handle *handle)
{
	PEN_CHECK(handle->refs == 0);
	handle->disk->ops->close(handle->disk, handle->file);
	*handle = (struct pen_handle){.id = 0};
}

void pen_handles_close(struct pen_handles *handles)
{
	if (!handles || !handles->handles)
		return;
	for (uint32_t i = 0; i < handles->count; i++)
		if (handles->handles[i].id)
			drop(&handles->handles[i]);
	free(handles->handles);
	*handles = (struct pen_handles){.count = 0};
}

static bool fits(const struct pen_handle_ask *ask, uint64_t bytes, int64_t mtime_ns)
{
	return (!ask->bytes || ask->bytes == bytes) &&
		(!ask->mtime_ns || ask->mtime_ns == mtime_ns);
}

static bool is_asked(const struct pen_handle *handle, const struct pen_handle_ask *ask)
{
	if (!handle->id || handle->disk != ask->disk || handle->buffered != ask->buffered)
		return false;
	return fits(ask, handle->bytes, handle->mtime_ns) && strcmp(handle->name, ask->name) == 0;
}

static struct pen_handle *find(struct pen_handles *handles, const struct pen_handle_ask *ask)
{
	for (uint32_t i = 0; i < handles->count; i++)
		if (is_asked(&handles->handles[i], ask))
			return &handles->handles[i];
	return NULL;
}

/* A free place, else that of the file that nobody has wanted for longest; NULL if all are in use.
 */
static struct pen_handle *make_room(struct pen_handles *handles)
{
	struct pen_handle *oldest = NULL;
	for (uint32_t i = 0; i < handles->count; i++) {
		struct pen_handle *handle = &handles->handles[i];
		if (!handle->id)
			return handle;
		if (handle->refs == 0 && (!oldest || handle->used < oldest->used))
			oldest = handle;
	}
	if (oldest)
		drop(oldest);
	return oldest;
}

static int open_at(
	struct pen_handles *handles, const struct pen_handle_ask *ask, struct pen_handle *handle)
{
	struct pen_disk *disk = ask->disk;
	struct pen_disk_stat stat;
	unsigned flags = ask->buffered ? PEN_DISK_RDONLY : PEN_DISK_RDONLY | PEN_DISK_DIRECT;
	int file = disk->ops->open(disk, ask->name, flags, &stat);
	if (file < 0)
		return file;
	if (stat.directory || !fits(ask, stat.bytes, stat.mtime_ns)) {
		disk->ops->close(disk, file);
		handles->stale++;
		return -ESTALE;
	}
	*handle = (struct pen_handle){.id = handles->next_id++,
		.disk = disk,
		.file = file,
		.buffered = ask->buffered,
		.bytes = stat.bytes,
		.mtime_ns = stat.mtime_ns};
	memcpy(handle->name, ask->name, strlen(ask->name) + 1);
	handles->opened++;
	return 0;
}

int pen_handles_get(struct pen_handles *handles, const struct pen_handle_ask *ask)
{
	PEN_CHECK(strlen(ask->name) < PEN_CATALOG_PATH_BYTES);
	struct pen_handle *handle = find(handles, ask);
	if (!handle) {
		handle = make_room(handles);
		if (!handle)
			return -EBUSY;
		int err = open_at(handles, ask, handle);
		if (err)
			return err;
	}
	handle->refs++;
	return (int)(handle - handles->handles);
}

int pen_handles_find(struct pen_handles *handles, const struct pen_handle_ask *ask)
{
	struct pen_handle *handle = find(handles, ask);
	if (!handle)
		return -ENOENT;
	handle->refs++;
	return (int)(handle - handles->handles);
}

bool pen_handles_full(const struct pen_handles *handles)
{
	for (uint32_t i = 0; i < handles->count; i++)
		if (handles->handles[i].refs == 0)
			return false;
	return true;
}

const struct pen_handle *pen_handles_at(const struct pen_handles *handles, uint32_t place)
{
	PEN_CHECK(place < handles->count);
	PEN_CHECK(handles->handles[place].refs > 0);
	return &handles->handles[place];
}

void pen_handles_keep(struct pen_handles *handles, uint32_t place)
{
	PEN_CHECK(place < handles->count);
	PEN_CHECK(handles->handles[place].refs > 0);
	handles->handles[place].refs++;
}

void pen_handles_put(struct pen_handles *handles, uint32_t place)
{
	PEN_CHECK(place < handles->count);
	PEN_CHECK(handles->handles[place].refs > 0);
	handles->handles[place].refs--;
	handles->handles[place].used = ++handles->turn;
}
