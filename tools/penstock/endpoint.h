/*
 * endpoint: one end of our protocol as a user types it: HOST:PORT, [V6]:PORT, :PORT or PORT to
 * listen at; HOST, HOST:PORT or [V6]:PORT to fetch from, where the port may be left out.
 */
#ifndef PEN_TOOLS_ENDPOINT_H
#define PEN_TOOLS_ENDPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* Of servers that say none. */
#define ENDPOINT_PORT "7070"
/* "[v6]:65535" and the end. */
#define ENDPOINT_TEXT_BYTES 64

struct endpoint {
	uint8_t address[16]; /* as in struct pen_net_path */
	uint32_t scope;
	uint16_t port;
};

/* Read one, and look its host up. `listen`: to listen at, on this machine alone without a host. 0;
 * PEN_EUSAGE for a word that is none; PEN_ENET for a host to fetch from that has no address; with a
 * sentence. */
int endpoint_parse(const char *text, bool listen, struct endpoint *out, struct pen_why *why);

/* Write address and port as a user would; returns `text`. */
const char *endpoint_text(const struct endpoint *endpoint, char text[ENDPOINT_TEXT_BYTES]);

#endif
