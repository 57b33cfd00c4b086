#include "engine.h"

const char *pen_version(void)
{
	return PEN_VERSION;
}
