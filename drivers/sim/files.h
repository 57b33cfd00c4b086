/*
 * files: a tree of files in memory, twice: as programs see it, and as it lies on the medium. What
 * was not made durable before a power cut is there afterwards, or is not, as chance has it: sector
 * by sector for bytes, one by one for names.
 *
 * Durable become: bytes and length by pen_sim_files_sync, a name by pen_sim_files_rename (and
 * directories at once). A file that was created and synced but never renamed may lose its name; one
 * that was unlinked may come back. One thread.
 */
#ifndef PEN_SIM_FILES_H
#define PEN_SIM_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"
#include "port/disk.h"

/* Longest name, with the zero. */
#define PEN_SIM_NAME_BYTES 256u
/* What the medium writes whole or not at all. */
#define PEN_SIM_SECTOR_BYTES 512u

enum pen_sim_file_state {
	PEN_SIM_FILE_FREE,
	PEN_SIM_FILE_NAMED,
	PEN_SIM_FILE_GHOST, /* unlinked; may be open still, or come back after a cut */
};

struct pen_sim_file {
	char name[PEN_SIM_NAME_BYTES]; /* as programs see it */
	uint8_t state; /* enum pen_sim_file_state */
	bool directory;
	bool name_durable; /* the medium knows it by this name */
	bool durable_once; /* it has had a durable name */
	const uint8_t *lent; /* content that nobody changed yet, borrowed; NULL: `live` has it */
	uint8_t *live, *medium; /* bytes_max each */
	bool used; /* live, medium or dirty were written since they were all zero */
	uint8_t *dirty; /* a bit a sector: live and medium may differ */
	uint64_t bytes, medium_bytes; /* lengths */
	int64_t mtime_ns;
	unsigned opens; /* handles on it */
};

struct pen_sim_files {
	struct pen_sim_file *files;
	unsigned count; /* slots */
	uint64_t file_bytes_max; /* of one file */
	uint64_t bytes_max, bytes; /* of all that are named; what they take */
	uint8_t *memory; /* reserved, and taken when written */
	size_t memory_bytes;
};

/* Room for `count` files, directories among them, of at most file_bytes_max each (whole MiB) and
 * bytes_max in all. 0 or -ENOMEM. */
int pen_sim_files_init(
	struct pen_sim_files *files, unsigned count, uint64_t file_bytes_max, uint64_t bytes_max);

/* NULL and zeroed are fine. */
void pen_sim_files_fini(struct pen_sim_files *files);

/* The file or directory of this name, or -1. "" is not found: it is always there. */
int pen_sim_files_find(const struct pen_sim_files *files, const char *name);

/* Make an empty file (or directory) and the directories above it. Its number; -ENOSPC if there is
 * no slot, -ENOTDIR, -ENAMETOOLONG. The name must not be there. */
int pen_sim_files_make(
	struct pen_sim_files *files, const char *name, bool directory, int64_t now_ns);

/* Move bytes in or out; as pread and pwrite do. A count, or -ENOSPC, -EFBIG. */
int64_t pen_sim_files_read(
	const struct pen_sim_files *files, int file, uint64_t offset, void *at, uint32_t bytes);
int64_t pen_sim_files_write(struct pen_sim_files *files, int file, uint64_t offset, const void *at,
	uint32_t bytes, int64_t now_ns);

/* An empty file gets this content, durable: borrowed until the file is written, truncated or gone.
 * 0, or as write. */
int64_t pen_sim_files_lend(
	struct pen_sim_files *files, int file, const void *at, uint32_t bytes, int64_t now_ns);

/* The file's content is to be changed: it is its own from now on, live and on the medium. */
void pen_sim_files_own(struct pen_sim_file *file);

/* What programs see of a file; borrowed until it is changed. */
static inline const uint8_t *pen_sim_file_at(const struct pen_sim_file *file)
{
	return file->lent ? file->lent : file->live;
}

/* Cut to no bytes. */
void pen_sim_files_truncate(struct pen_sim_files *files, int file, int64_t now_ns);

/* What was written is durable. */
void pen_sim_files_sync(struct pen_sim_files *files, int file);

/* Rename, replacing a file; durable. 0, -ENOENT, -EISDIR, -ENOTDIR, -ENOSPC. */
int pen_sim_files_rename(
	struct pen_sim_files *files, const char *from, const char *to, int64_t now_ns);

/* 0, -ENOENT, -ENOTEMPTY. */
int pen_sim_files_unlink(struct pen_sim_files *files, const char *name);

/* The power fails and comes back: what is left is decided by `rng`. No handle is open any more. */
void pen_sim_files_cut(struct pen_sim_files *files, struct pen_rng *rng);

#endif
