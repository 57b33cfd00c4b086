/* clock: the only caller of clock_gettime. Everything else takes the time as an argument. */
#ifndef PEN_BASE_CLOCK_H
#define PEN_BASE_CLOCK_H

#include <stdint.h>

#define PEN_NS_PER_S INT64_C(1000000000)
#define PEN_NS_PER_MS INT64_C(1000000)

/* Nanoseconds of the monotonic clock; never negative, never going back. Any thread. */
int64_t pen_clock_ns(void);

/* Sleep for `ns` nanoseconds of the monotonic clock; a signal may end it early. */
void pen_clock_sleep_ns(int64_t ns);

#endif
