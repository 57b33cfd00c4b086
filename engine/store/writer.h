/*
 * writer: files that are there whole or not at all. A file is written under a temporary name, made
 * durable, and then renamed, so that whoever lists or opens names, now or after a crash, sees only
 * complete ones. One thread, the one that owns the disk.
 */
#ifndef PEN_STORE_WRITER_H
#define PEN_STORE_WRITER_H

#include "base/buf.h"
#include "base/err.h"
#include "port/disk.h"

/* Longest name of a directory for temporary files, with the end. */
#define PEN_WRITER_DIR_BYTES 32
/* Directory, '/', two u64 in hex, '-' and the end, with room. */
#define PEN_WRITER_TEMP_BYTES (PEN_WRITER_DIR_BYTES + 40)

struct pen_writer {
	struct pen_disk *disk; /* borrowed */
	char dir[PEN_WRITER_DIR_BYTES]; /* of temporary files, on the same disk */
	uint64_t nonce; /* random: names never meet those of another process */
	uint64_t count; /* files written so far */
};

/* Write through `disk` with temporary files in `dir`, which is made when it is first needed. */
void pen_writer_init(struct pen_writer *writer, struct pen_disk *disk, const char *dir);

/*
 * Make file `name` hold `bytes`, replacing what was there; *stat (may be NULL) says what it then
 * is. On return it is durable, directories included. 0 or -errno with a sentence; on an error
 * nothing is visible and the temporary file is gone.
 */
int pen_writer_put(struct pen_writer *writer, const char *name, struct pen_bytes bytes,
	struct pen_disk_stat *stat, struct pen_why *why);

/* A file that is written bit by bit. */
struct pen_writing {
	int file; /* of the disk; negative: none */
	uint64_t bytes; /* written so far */
	char temp[PEN_WRITER_TEMP_BYTES]; /* its temporary name */
};

/* Begin a file. 0 or -errno with a sentence. */
int pen_writing_begin(struct pen_writer *writer, struct pen_writing *writing, struct pen_why *why);

/* Add to its end, and wait. 0 or -errno with a sentence; the file is then to be dropped. */
int pen_writing_add(struct pen_writer *writer, struct pen_writing *writing, struct pen_bytes bytes,
	struct pen_why *why);

/* Make it `name`, as pen_writer_put does; it is ended either way. */
int pen_writing_end(struct pen_writer *writer, struct pen_writing *writing, const char *name,
	struct pen_why *why);

/* Drop it; one that has ended is fine. */
void pen_writing_drop(struct pen_writer *writer, struct pen_writing *writing);

/*
 * Remove temporary files that a writer before us left behind; only while nobody else can be
 * writing. 0 or -errno with a sentence.
 */
int pen_writer_clear(struct pen_writer *writer, struct pen_why *why);

/*
 * See that the directory of temporary files exists and can be written to. 0 or -errno with a
 * sentence.
 */
int pen_writer_probe(struct pen_writer *writer, struct pen_why *why);

#endif
