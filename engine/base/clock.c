#include "base/clock.h"

#include <time.h>

int64_t pen_clock_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * PEN_NS_PER_S + now.tv_nsec;
}

void pen_clock_sleep_ns(int64_t ns)
{
	struct timespec time = {.tv_sec = ns / PEN_NS_PER_S, .tv_nsec = ns % PEN_NS_PER_S};
	nanosleep(&time, NULL);
}
