#include "drivers/table.h"

static const char *const names[] = {
	"dir",
#ifdef PEN_HAVE_HTTP
	"http",
#endif
#ifdef PEN_HAVE_ROCKS
	"rocks",
#endif
	NULL,
};

const char *const *pen_driver_names(void)
{
	return names;
}
