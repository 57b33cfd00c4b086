/* rocks_dir: a temporary directory of a test, removed with all that is in it. */
#ifndef PEN_TESTS_ROCKS_DIR_H
#define PEN_TESTS_ROCKS_DIR_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int rocks_dir_unlink(const char *name, const struct stat *stat, int flag, struct FTW *ftw)
{
	(void)stat, (void)flag, (void)ftw;
	return remove(name);
}

/* Remove a directory with all that is in it; a missing one is fine. */
static inline void rocks_dir_remove(const char *name)
{
	nftw(name, rocks_dir_unlink, 16, FTW_DEPTH | FTW_PHYS);
}

/* Make a new directory under /tmp; returns `name`. */
static inline char *rocks_dir_make(char name[64])
{
	strcpy(name, "/tmp/penstock-rocks-XXXXXX");
	if (!mkdtemp(name))
		abort();
	return name;
}

#endif
