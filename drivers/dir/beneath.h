/*
 * beneath: open names below a directory and never leave it, whatever the name says and whatever
 * links lie on the way. A name is checked by its text first (relative, no empty component, no "."
 * or ".."), then resolved by the kernel with openat2(RESOLVE_BENEATH); where the kernel has no
 * openat2, component by component without following any link. Only regular files and directories
 * are opened, and opening never waits for a pipe. `root` is a descriptor of the directory; nothing
 * is kept, so any thread may call at any time.
 */
#ifndef PEN_DRIVERS_BENEATH_H
#define PEN_DRIVERS_BENEATH_H

#include <stdbool.h>

struct stat;

/* Longest component of a name on Linux, and the end. */
#define PEN_BENEATH_BASE_BYTES 256
/* Longest name, with the end: PATH_MAX. */
#define PEN_BENEATH_NAME_BYTES 4096

/* 0, or -EXDEV (absolute, ".."), -EACCES (empty component, "."), -ENAMETOOLONG. */
int pen_beneath_check(const char *name);

/*
 * Open `name` ("" is the root) with open(2) flags (O_CLOEXEC is added); fills *stat if not NULL.
 * A descriptor or -errno: -EXDEV or -EACCES for a name or link that leads out, -EACCES for what is
 * neither file nor directory.
 */
int pen_beneath_open(int root, const char *name, int flags, struct stat *stat);

/*
 * Open the directory that holds `name` and copy its last component into `base`; `make` makes
 * missing directories, each durable in its parent. A descriptor or -errno.
 */
int pen_beneath_parent(int root, const char *name, bool make, char base[PEN_BENEATH_BASE_BYTES]);

#endif
