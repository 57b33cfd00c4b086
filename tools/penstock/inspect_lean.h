/* inspect_lean: what stands in the head of a lean part, and its frames. For inspect part. */
#ifndef PEN_TOOLS_INSPECT_LEAN_H
#define PEN_TOOLS_INSPECT_LEAN_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

/* Print the head of a lean part. 0, or PEN_EHEAD with a sentence. */
int inspect_lean_print(struct pen_bytes stored, bool json, struct pen_why *why);

/* Write its PartialState to standard output, rebuilt and proved against the root that it names. 0,
 * or what is wrong with it. */
int inspect_lean_raw(struct pen_bytes stored, struct pen_why *why);

#endif
