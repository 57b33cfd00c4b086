#include "drivers/rocks/errors.h"

#include <errno.h>
#include <rocksdb/c.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/check.h"

/* Where a row's text stands. Paths stand in the middle and may hold anything, so only texts that
 * RocksDB puts at the ends are looked for. */
enum place { AT_START, AT_END };

/* The first row that fits decides: the machine's reason stands last in a sentence. */
static const struct {
	enum place place;
	const char *text;
	int code;
} rows[] = {
	{AT_START, "IO error: No space left on device", -ENOSPC},
	{AT_END, "No space left on device", -ENOSPC},
	{AT_END, "Disk quota exceeded", -EDQUOT},
	{AT_END, "LOCK: Resource temporarily unavailable", PEN_ELOCKED},
	{AT_END, "LOCK: No locks available", PEN_ELOCKED},
	{AT_START, "IO error: lock hold by current process", PEN_ELOCKED},
	{AT_END, "Permission denied", -EACCES},
	{AT_END, "Operation not permitted", -EPERM},
	{AT_END, "Read-only file system", -EROFS},
	{AT_END, "does not exist (create_if_missing is false)", -ENOENT},
	{AT_END, "No such file or directory", -ENOENT},
	{AT_END, "Not a directory", -ENOTDIR},
	{AT_END, "Too many open files", -EMFILE},
	{AT_END, "Cannot allocate memory", -ENOMEM},
	{AT_END, "File too large", -EFBIG},
	{AT_START, "IO error: No such file or directory", -ENOENT},
	/* A table of a later format is whole, but not for this RocksDB. */
	{AT_START, "Corruption: Unknown Footer version", -EOPNOTSUPP},
	{AT_START, "Corruption: ", PEN_EVERIFY},
	{AT_START, "Not implemented: ", -EOPNOTSUPP},
	{AT_START, "Invalid argument: ", -EINVAL},
};

static bool fits(const char *sentence, enum place place, const char *text)
{
	size_t len = strlen(sentence), want = strlen(text);
	if (len < want)
		return false;
	return memcmp(sentence + (place == AT_START ? 0 : len - want), text, want) == 0;
}

int pen_rocks_code(const char *sentence)
{
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		if (fits(sentence, rows[i].place, rows[i].text))
			return rows[i].code;
	}
	return -EIO;
}

int pen_rocks_fail(struct pen_why *why, const char *label, const char *doing, char **sentence)
{
	if (!*sentence)
		return 0;
	int code = pen_rocks_code(*sentence);
	if (code == PEN_ELOCKED)
		pen_fail(why, code, "%s is opened by another process (%s)", label, *sentence);
	else
		pen_fail(why, code, "%s: %s: %s", label, doing, *sentence);
	rocksdb_free(*sentence);
	*sentence = NULL;
	return code;
}
