/*
 * lock: one writer at a time, by flock on a file that holds the writer's process id. The kernel
 * drops the lock when the process ends, however it ends, so a lock file that is left behind locks
 * nothing. Any thread; a lock belongs to the open file, so two of one process exclude each other.
 */
#ifndef PEN_BASE_LOCK_H
#define PEN_BASE_LOCK_H

#include <stdbool.h>

#include "base/err.h"

/* Zeroed is "not held". */
struct pen_lock {
	int fd;
	bool held;
};

/*
 * Take the lock of the file at `path`, which is made if missing (its directory is not). Never
 * waits. 0; PEN_ELOCKED with a sentence that names the process holding it; else -errno.
 */
int pen_lock_take(struct pen_lock *lock, const char *path, struct pen_why *why);

/* Let go; the file stays. A lock that is not held and NULL are fine. */
void pen_lock_drop(struct pen_lock *lock);

#endif
