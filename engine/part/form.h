/*
 * form: how the bytes of a part lie in files and travel. The same part in two forms is the same
 * part of the same state, proved against the same root; they differ in bytes alone.
 */
#ifndef PEN_PART_FORM_H
#define PEN_PART_FORM_H

/* The numbers are our own; the wire has others (serve/tell.h says which is which). */
enum pen_form {
	PEN_FORM_NEARCORE = 0, /* a StatePart, as nearcore makes and takes it (part/envelope.h) */
	PEN_FORM_LEAN = 1, /* keys and values with the nodes that only prove; the rest is rebuilt */
	PEN_FORM_RAW = 2, /* an object that is no state: part 0 of 1 of the tree of its bytes */
};

#define PEN_FORMS 3u

/* A word for a form: "nearcore", "lean", "raw". */
const char *pen_form_text(enum pen_form form);

/* Read such a word. 0 or PEN_EINPUT. */
int pen_form_parse(const char *text, enum pen_form *out);

#endif
