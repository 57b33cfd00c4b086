/* The front of a build without libmicrohttpd: there is none. */
#include "base/check.h"
#include "front.h"

int front_check(struct pen_why *why)
{
	return pen_fail(why, PEN_EUSAGE,
		"this build has no HTTP (libmicrohttpd was missing); --listen serves by UDP");
}

int front_open(const struct front_config *config, struct front **front, struct pen_why *why)
{
	(void)config, (void)front;
	return front_check(why);
}

void front_close(struct front *front, int64_t wait_ns)
{
	(void)wait_ns;
	PEN_CHECK(!front);
}
