/* make_parts: penstock make --from parts:DIR: lean files for parts in nearcore's form. */
#ifndef PEN_TOOLS_MAKE_PARTS_H
#define PEN_TOOLS_MAKE_PARTS_H

#include <stdbool.h>

#include "base/err.h"
#include "store/layout.h"

struct make_parts {
	const char *dir; /* a store, or a directory of parts */
	const char *store; /* where lean files go; NULL: to the same */
	const struct pen_labels *labels; /* NULL: each keeps the directory of its part */
	uint32_t n; /* parts of this N only; 0: of any */
	const char *parts; /* --parts, NULL: all; needs n */
	unsigned jobs;
	int level;
	bool json;
};

/* Make them, and print what was done. 0 or an error with a sentence; *printed: the result, whatever
 * it is, is on standard output. */
int make_parts_run(const struct make_parts *want, bool *printed, struct pen_why *why);

#endif
