/* disk: the end of a disk of plain files, which pen_disk_open_dir opened (drivers/table.h). */
#ifndef PEN_DRIVERS_DIR_DISK_H
#define PEN_DRIVERS_DIR_DISK_H

struct pen_disk;

/* Nothing is in flight. */
void pen_dir_disk_shut(struct pen_disk *disk);

#endif
