#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void pen_check_failed(const char *expression, const char *file, int line)
{
	fprintf(stderr, "penstock: bug: %s does not hold (%s:%d)\n", expression, file, line);
	abort();
}
