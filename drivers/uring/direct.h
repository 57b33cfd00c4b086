/*
 * direct: files that are read and written beside the page cache (O_DIRECT), and their way back into
 * it where that does not go. Any thread; a file belongs to one at a time.
 */
#ifndef PEN_DRIVERS_URING_DIRECT_H
#define PEN_DRIVERS_URING_DIRECT_H

#include <stdbool.h>
#include <stdint.h>

/* Whether this open file is direct. */
bool pen_direct_is(int file);

/* Use the page cache from now on. False if the file does already, or must not. */
bool pen_direct_leave(int file);

/* Leave it where the file system says that it wants more than `align` bytes of alignment, or that
 * it reads nothing so; not every one says. */
void pen_direct_bound(int file, uint32_t align);

#endif
