/* scratch: a directory of its own for one test, gone when the test is over. */
#ifndef PEN_TESTS_SCRATCH_H
#define PEN_TESTS_SCRATCH_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct scratch {
	char path[256];
};

static inline struct scratch scratch_open(void)
{
	struct scratch scratch;
	const char *base = getenv("TMPDIR");
	snprintf(scratch.path, sizeof scratch.path, "%s/penstock-XXXXXX", base ? base : "/tmp");
	if (!mkdtemp(scratch.path))
		abort();
	return scratch;
}

static inline int scratch_remove(
	const char *path, const struct stat *stat, int kind, struct FTW *walk)
{
	(void)stat, (void)kind, (void)walk;
	return remove(path);
}

static inline void scratch_close(struct scratch *scratch)
{
	nftw(scratch->path, scratch_remove, 16, FTW_DEPTH | FTW_PHYS);
}

/* The path of `name` in it; valid until the fourth call from here. */
static inline const char *scratch_at(const struct scratch *scratch, const char *name)
{
	static char paths[4][1024];
	static unsigned next;
	char *path = paths[next++ % 4];
	snprintf(path, sizeof paths[0], "%s/%s", scratch->path, name);
	return path;
}

static inline void scratch_write(const struct scratch *scratch, const char *name, const char *text)
{
	FILE *file = fopen(scratch_at(scratch, name), "w");
	if (!file || fputs(text, file) < 0 || fclose(file))
		abort();
}

#endif
