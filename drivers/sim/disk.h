/*
 * disk: port/disk in virtual time over files in memory (drivers/sim/files.h).
 *
 * Operations take their time and finish in any order; submit takes some; reads and writes fail by
 * chance; a power cut loses what was not durable. A read is short only at the end of a file, as the
 * port promises. Who waits in reap (wait_ns > 0) gets the operation that is next to finish at
 * once: the clock stands still for the control thread. Ends the program (pen_sim_breach) when a
 * file is closed with operations in flight, or memory of a write changes before it is reaped.
 */
#ifndef PEN_SIM_DISK_H
#define PEN_SIM_DISK_H

#include "base/err.h"
#include "drivers/sim/clock.h"
#include "drivers/sim/files.h"
#include "drivers/sim/queue.h"
#include "drivers/sim/weather.h"

/* Handles open at a time. */
#define PEN_SIM_HANDLES_MAX 256u
/* Operations in flight at most, of any disk. */
#define PEN_SIM_DEPTH_MAX 256u

/* How a disk behaves. Chances as in drivers/sim/weather.h. Zeroed fields: no delay, no trouble. */
struct pen_sim_habits {
	unsigned depth_max; /* 1 to PEN_SIM_DEPTH_MAX */
	unsigned align; /* bytes, as the port says; 0: 1 */
	uint64_t bits_per_s; /* of all operations together; 0: no limit */
	int64_t delay_ns, jitter_ns; /* of each operation: at least, and up to so much more */
	uint32_t refuse; /* chance that submit takes not all that it could */
	uint32_t bad_read, bad_write, bad_sync; /* chance of -EIO */
};

/* A quick disk without trouble. */
extern const struct pen_sim_habits pen_sim_habits_tame;

/* Some disk; `faults`: one whose operations may fail. */
struct pen_sim_habits pen_sim_habits_draw(struct pen_rng *rng, bool faults);

struct pen_sim_handle {
	int file; /* in files, -1: closed */
	bool writable;
	unsigned flights; /* operations of it in flight */
};

struct pen_sim_flight_op {
	struct pen_disk_op op;
	uint64_t hash; /* of a write's bytes as they were submitted */
};

struct pen_sim_disk {
	struct pen_disk disk; /* first */
	struct pen_sim_clock *clock;
	struct pen_rng rng;
	struct pen_sim_habits habits;
	struct pen_sim_files files;
	struct pen_sim_handle handles[PEN_SIM_HANDLES_MAX];
	struct pen_sim_flight_op ops[PEN_SIM_DEPTH_MAX];
	unsigned free_ops[PEN_SIM_DEPTH_MAX], free_count;
	struct pen_sim_queue queue; /* what finishes next: numbers of ops */
	struct pen_sim_link link;
	bool dead; /* between cut and revive */
	uint64_t reads, writes, syncs, failed, cuts; /* operations that finished, and power cuts */
	uint64_t read_bytes, written_bytes;
};

/* What a disk is opened with. */
struct pen_sim_disk_ask {
	struct pen_sim_clock *clock; /* borrowed until close */
	uint64_t stream; /* of the world's chance */
	struct pen_sim_habits habits;
	unsigned files; /* at most, with directories */
	uint64_t file_bytes_max, bytes_max; /* of one file (whole MiB), and of all */
	bool read_only;
};

/* 0 or -ENOMEM. */
int pen_sim_disk_open(struct pen_sim_disk *disk, const struct pen_sim_disk_ask *ask);

/* Nothing is in flight. NULL and zeroed are fine. */
void pen_sim_disk_close(struct pen_sim_disk *disk);

/* When an operation finishes next; INT64_MAX: none is in flight. */
static inline int64_t pen_sim_disk_next_ns(const struct pen_sim_disk *disk)
{
	return pen_sim_queue_next_ns(&disk->queue);
}

/*
 * The power fails. Operations in flight (their memory is still there) are done in part, or not;
 * they come back as -EIO, so that a user can still be closed, and so does everything until the
 * power is back. All files are closed.
 */
void pen_sim_disk_cut(struct pen_sim_disk *disk);

/* The power is back. Nothing is in flight. */
void pen_sim_disk_revive(struct pen_sim_disk *disk);

/* Put a whole durable file there, at once. 0 or as pen_sim_files_write. */
int pen_sim_disk_place(struct pen_sim_disk *disk, const char *name, const void *at, uint32_t bytes);

/* The same, of a name that is not there; the bytes are borrowed until somebody changes the file, or
 * the disk is closed. */
int pen_sim_disk_lend(struct pen_sim_disk *disk, const char *name, const void *at, uint32_t bytes);

/* A bit of the file's byte at `offset` changes, on the medium too: rot. The byte is there. */
void pen_sim_disk_rot(struct pen_sim_disk *disk, const char *name, uint64_t offset);

#endif
