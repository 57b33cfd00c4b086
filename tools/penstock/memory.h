/* memory: the cap on a command's memory: that the allocator keeps to it, and what it amounts to. */
#ifndef PEN_TOOLS_MEMORY_H
#define PEN_TOOLS_MEMORY_H

#include "core/budget.h"

/* Make malloc give large blocks back as soon as they are freed; before anything large is taken. */
void memory_fix(void);

/* Print the lines of the sum to stderr; less: only what is granted less than was asked for. */
void memory_say(const struct pen_budget *budget, bool less);

#endif
