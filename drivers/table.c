#include "drivers/table.h"

#include <errno.h>
#include <string.h>

#include "base/check.h"
#include "drivers/dir/disk.h"
#include "drivers/dir/origin.h"
#ifdef PEN_HAVE_HTTP
#include "drivers/http/http.h"
#endif
#ifdef PEN_HAVE_URING
#include "drivers/uring/disk.h"
#endif

static const char *const names[] = {
	"dir",
#ifdef PEN_HAVE_HTTP
	"http",
#endif
#ifdef PEN_HAVE_ROCKS
	"rocks",
#endif
	"udp",
#ifdef PEN_HAVE_URING
	"uring",
#endif
	NULL,
};

const char *const *pen_driver_names(void)
{
	return names;
}

/* Origins by how their word begins. */
static const struct {
	const char *scheme;
	int (*open)(const char *source, const struct pen_origin_options *options,
		struct pen_origin **origin, struct pen_why *why);
} origins[] = {
	{"dir:", pen_origin_open_dir},
#ifdef PEN_HAVE_HTTP
	{"http://", pen_origin_open_http},
	{"https://", pen_origin_open_http},
#endif
};

int pen_origin_open(const char *source, const struct pen_origin_options *options,
	struct pen_origin **origin, struct pen_why *why)
{
	static const struct pen_origin_options usual;
	for (size_t i = 0; i < PEN_COUNT(origins); i++) {
		if (!strncmp(source, origins[i].scheme, strlen(origins[i].scheme)))
			return origins[i].open(source, options ? options : &usual, origin, why);
	}
	if (!strncmp(source, "http", 4) && strstr(source, "://"))
		return pen_fail(why, PEN_EUSAGE, "%s: this build has no http (libcurl was missing)",
			source);
	return pen_fail(why, PEN_EUSAGE,
		"%s: this build speaks HOST:PORT (UDP), http(s)://HOST[:PORT][/PATH] and dir:PATH "
		"only",
		source);
}

int pen_disk_open_queued(const char *root, bool create, const struct pen_disk_options *options,
	struct pen_disk **disk, struct pen_why *why)
{
	int err = -ENOSYS;
#ifdef PEN_HAVE_URING
	if (!(options->without & PEN_WITHOUT_IO_URING))
		err = pen_uring_disk_open(root, create, options, disk, why);
	/* Forbidden, unknown, or no memory that may be locked: the plain disk needs none of it. */
	if (err != -ENOSYS && err != -EPERM && err != -ENOMEM)
		return err;
#endif
	pen_notes_add_ring(options->notes, "one read of a disk at a time", err, "5.6");
	return pen_disk_open_dir(root, create, disk, why);
}

struct pen_disk_state pen_disk_state_of(const struct pen_disk *disk)
{
#ifdef PEN_HAVE_URING
	if (pen_uring_disk_is(disk))
		return pen_uring_disk_state(disk);
#endif
	(void)disk;
	return (struct pen_disk_state){.queued = false};
}

void pen_disk_shut(struct pen_disk *disk)
{
	if (!disk)
		return;
#ifdef PEN_HAVE_URING
	if (pen_uring_disk_is(disk)) {
		pen_uring_disk_shut(disk);
		return;
	}
#endif
	pen_dir_disk_shut(disk);
}

#ifndef PEN_HAVE_ROCKS
int pen_sink_open_rocks(const char *path, bool create, struct pen_sink **sink, struct pen_why *why)
{
	(void)create, (void)sink;
	return pen_fail(
		why, PEN_EUSAGE, "%s: this build has no RocksDB (librocksdb was missing)", path);
}
#endif
