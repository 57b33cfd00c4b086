/*
 * disk: port/disk with real queues: reads, writes and syncs by io_uring, names by the disk of plain
 * files (drivers/dir).
 *
 * Reads of files that were opened DIRECT bypass the page cache; into memory of the arenas that the
 * disk was opened with they go without pinning pages each time, as far as the kernel lets us
 * register it (uring/fixed.h). A direct file whose alignment is coarser than disk->align, or that
 * is asked for bytes that are not aligned, goes on through the page cache, silently (port/disk.h).
 */
#ifndef PEN_DRIVERS_URING_DISK_H
#define PEN_DRIVERS_URING_DISK_H

#include "drivers/table.h"

/* As pen_disk_open_queued, but -ENOSYS and the like where there is no io_uring. */
int pen_uring_disk_open(const char *root, bool create, const struct pen_disk_options *options,
	struct pen_disk **disk, struct pen_why *why);

/* Whether it was opened by pen_uring_disk_open. */
bool pen_uring_disk_is(const struct pen_disk *disk);

/* Nothing is in flight. */
void pen_uring_disk_shut(struct pen_disk *disk);

/* As pen_disk_state_of. */
struct pen_disk_state pen_uring_disk_state(const struct pen_disk *disk);

/* Pieces of arenas that are registered: 0 if the kernel refused. */
unsigned pen_uring_disk_pieces(const struct pen_disk *disk);

#endif
