/*
 * without: what drivers are told to do without, as on a machine that has not got it: to see what
 * that costs, to test that they go on, and to get around a kernel that has it and gets it wrong.
 */
#ifndef PEN_DRIVERS_WITHOUT_H
#define PEN_DRIVERS_WITHOUT_H

#include "base/err.h"

enum pen_without {
	PEN_WITHOUT_IO_URING = 1 << 0, /* disks: one operation at a time */
	PEN_WITHOUT_MULTISHOT = 1 << 1, /* UDP: receive by plain calls, not by io_uring */
	PEN_WITHOUT_REGISTERED = 1 << 2, /* disks: no memory is registered with the kernel */
	PEN_WITHOUT_DIRECT = 1 << 3, /* disks: everything goes through the page cache */
	PEN_WITHOUT_GRO = 1 << 4, /* UDP: a call or buffer for each packet that comes */
	PEN_WITHOUT_GSO = 1 << 5, /* UDP: one message for each packet that leaves */
	PEN_WITHOUT_HUGEPAGES = 1 << 6, /* for who opens arenas (mem/arena.h) */
};

/*
 * Read names, "gso,gro", of: io_uring, multishot, registered, direct, gro, gso, hugepages. NULL
 * and the empty text are nothing. 0 and *without, of enum pen_without; PEN_EUSAGE with a sentence.
 */
int pen_without_parse(const char *text, unsigned *without, struct pen_why *why);

#endif
