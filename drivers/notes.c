#include "drivers/notes.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void pen_notes_add(struct pen_notes *notes, const char *format, ...)
{
	if (!notes || notes->count == PEN_NOTES_MAX)
		return;
	char *text = notes->text[notes->count];
	va_list args;
	va_start(args, format);
	vsnprintf(text, PEN_NOTE_BYTES, format, args);
	va_end(args);
	for (unsigned i = 0; i < notes->count; i++) {
		if (!strcmp(notes->text[i], text))
			return;
	}
	notes->count++;
}

void pen_notes_add_ring(struct pen_notes *notes, const char *cost, int err, const char *release)
{
	if (err == -EPERM || err == -EACCES)
		pen_notes_add(notes,
			"io_uring is forbidden here: %s; mend it, as root: sysctl -w "
			"kernel.io_uring_disabled=0; in a container: --security-opt "
			"seccomp=unconfined",
			cost);
	else if (err == -ENOMEM)
		pen_notes_add(notes,
			"no memory that may be locked for io_uring: %s; mend it: ulimit -l "
			"unlimited",
			cost);
	else
		pen_notes_add(notes,
			"no io_uring (%s): %s; mend it with Linux %s or newer, and liburing 2.3 "
			"when this is built",
			strerror(-err), cost, release);
}
