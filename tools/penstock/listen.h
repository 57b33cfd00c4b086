/*
 * listen: the socket that a server listens on, from what the user typed: ADDR:PORT, [V6]:PORT,
 * :PORT or PORT. Without an address it is 127.0.0.1: nobody serves to the world by accident.
 */
#ifndef PEN_TOOLS_LISTEN_H
#define PEN_TOOLS_LISTEN_H

#include "base/err.h"

/* "http://[v6 with zone]:65535" and the end. */
#define LISTEN_URL_BYTES 96

/*
 * Listen there; port 0 takes any free one. 0, *fd (non-blocking, closed on exec, the caller's to
 * close) and the URL that others can use in `url`; PEN_EUSAGE for what is no address, else -errno
 * with a sentence that names it.
 */
int listen_open(const char *text, int *fd, char url[LISTEN_URL_BYTES], struct pen_why *why);

#endif
