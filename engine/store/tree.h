/*
 * tree: the directories of a store that may hold parts, and the part files of one. A store is
 * walked to the depth of nearcore's layout and no further; the root itself counts too, as a plain
 * directory of parts, and so does the directory of raw objects, whose files are called by their
 * roots. Names with other characters than [A-Za-z0-9._=-] are passed over. For the
 * thread that owns the disk.
 */
#ifndef PEN_STORE_TREE_H
#define PEN_STORE_TREE_H

#include "base/buf.h"
#include "base/sha.h"
#include "part/form.h"
#include "port/disk.h"

/* A file whose name is a part's, whatever it holds. */
struct pen_tree_file {
	enum pen_form form;
	struct pen_hash root; /* of a raw object; else zero */
	uint32_t n, k; /* 1 and 0 of a raw object */
	uint64_t bytes;
	int64_t mtime_ns;
};

/*
 * Put the directories into `names`, replaced: sorted, each with its end; the first is "", the
 * root. One on the way down that may not be listed is among them, so that pen_tree_files says why
 * nothing of it is here. 0, -ENOMEM, PEN_EREFUSED beyond PEN_CATALOG_DIRS_MAX, or -errno.
 */
int pen_tree_dirs(struct pen_disk *disk, struct pen_buf *names);

/*
 * Put the part files of `dir` into `files` (struct pen_tree_file), replaced: sorted by n, k, form,
 * root.
 * A directory that is gone has none. 0, -ENOMEM, PEN_EREFUSED beyond PEN_CATALOG_FILES_MAX, -errno
 * (-EACCES: it may not be listed).
 */
int pen_tree_files(struct pen_disk *disk, const char *dir, struct pen_buf *files);

#endif
