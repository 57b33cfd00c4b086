#include "source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "drivers/table.h"

static const struct {
	const char *prefix;
	enum pen_pairs_format format;
} formats[] = {{"hex:", PEN_PAIRS_HEX}, {"kv:", PEN_PAIRS_KV}};

/* The file behind the prefix, or NULL. */
static const char *split(const char *src, enum pen_pairs_format *format)
{
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
		size_t len = strlen(formats[i].prefix);
		if (strncmp(src, formats[i].prefix, len) || !src[len])
			continue;
		*format = formats[i].format;
		return src + len;
	}
	return NULL;
}

/* A state is read from a file that stays as it is: what comes through a pipe is saved first. */
static int look(const char *src, const char *file, struct pen_why *why)
{
	struct stat stat_of;
	if (stat(file, &stat_of)) {
		int err = -errno;
		return pen_fail(why, err, "%s: cannot open it: %s", src, strerror(-err));
	}
	if (S_ISDIR(stat_of.st_mode))
		return pen_fail(why, -EISDIR, "%s: it is a directory", src);
	if (!S_ISREG(stat_of.st_mode))
		return pen_fail(why, PEN_EUSAGE,
			"%s is a pipe or device; save it as a file first: cat > STATE, or "
			"zstd -d -o STATE FILE.zst",
			src);
	return 0;
}

int source_disk(const struct source *source, struct pen_disk **disk, struct pen_why *why)
{
	return pen_disk_open_dir(*source->path ? source->path : "/", false, disk, why);
}

int source_open(struct source *source, const char *src, struct pen_why *why)
{
	struct pen_pairs_from from = {.label = src};
	*source = (struct source){0};
	const char *file = split(src, &from.format);
	if (!file)
		return pen_fail(why, PEN_EUSAGE,
			"'%s' is no state: expected hex:FILE (lines 'key value') or kv:FILE "
			"(records)",
			src);
	int err = look(src, file, why);
	if (err)
		return err;
	if (!realpath(file, source->path)) {
		err = -errno;
		return pen_fail(why, err, "%s: cannot open it: %s", src, strerror(-err));
	}
	char *slash = strrchr(source->path, '/');
	*slash = 0;
	from.name = slash + 1;
	err = source_disk(source, &source->disk, why);
	if (err)
		return err;
	from.disk = source->disk;
	source->from = from;
	err = pen_pairs_open(&source->pairs, &from, why);
	if (err) {
		pen_disk_shut(source->disk);
		source->disk = NULL;
	}
	return err;
}

void source_close(struct source *source)
{
	pen_pairs_close(&source->pairs);
	pen_disk_shut(source->disk);
	source->disk = NULL;
}
