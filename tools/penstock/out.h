/*
 * out: a file that appears whole or not at all. It is written under a name of its own beside its
 * place, made durable and renamed; what ends before that removes it. "-" is standard output, and a
 * device or pipe is written to as it stands.
 */
#ifndef PEN_TOOLS_OUT_H
#define PEN_TOOLS_OUT_H

#include <limits.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

/* Zeroed is nothing. One thread at a time. */
struct out {
	const char *name; /* as the user gave it, borrowed */
	int fd;
	bool open;
	bool renamed_later; /* written as `temp`, to become `place` */
	struct pen_buf buf; /* written when full */
	char place[PATH_MAX]; /* links resolved: what they point to is replaced, not they */
	char temp[PATH_MAX + 32];
};

/* Start the file. 0 or -errno with a sentence. */
int out_open(struct out *out, const char *name, struct pen_why *why);

/* Append bytes. 0, or -errno with a sentence. */
int out_write(struct out *out, struct pen_bytes bytes, struct pen_why *why);

/*
 * End the file: with `keep` write what is left, sync and rename; else, or if that fails, remove
 * it. 0 or -errno with a sentence. Zeroed or closed is fine.
 */
int out_close(struct out *out, bool keep, struct pen_why *why);

#endif
