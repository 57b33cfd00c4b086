/*
 * place: where an http source lies: its URL taken apart once, so that every name can be put behind
 * it and no message shows a password.
 */
#ifndef PEN_DRIVERS_HTTP_PLACE_H
#define PEN_DRIVERS_HTTP_PLACE_H

#include <stdbool.h>

#include "base/err.h"

/* Zeroed is empty and may be ended. */
struct http_place {
	char *base; /* the URL with credentials, without the last '/' */
	char *label; /* the same without credentials, for messages */
	bool secure; /* https: a redirect must stay so */
	bool loopback; /* this machine: proxies make no sense */
};

/* Read http(s)://[USER[:PASSWORD]@]HOST[:PORT][/PATH]. 0, PEN_EUSAGE with a sentence, -ENOMEM. */
int http_place_init(struct http_place *place, const char *source, struct pen_why *why);

/* Give the memory back; zeroed is fine. It is zeroed. */
void http_place_fini(struct http_place *place);

/* The URL of an object: base, '/', and the name with all but [A-Za-z0-9._~=/-] percent-encoded.
 * To be freed; NULL without memory. */
char *http_place_url(const struct http_place *place, const char *name);

#endif
