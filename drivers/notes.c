#include "drivers/notes.h"

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
