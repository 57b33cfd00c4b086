/*
 * tell: what a server says of what it has: the bodies of LISTED, HAVE and ENTRIES for LIST, WANT
 * and CATALOG (wire/wire.h), out of the store's catalog.
 *
 * Pure: questions come decoded, answers are bytes in `body`, at most PEN_WIRE_BODY_BYTES_MAX of
 * them, and how many is returned. Everything that can be asked has an answer, at worst "nothing".
 */
#ifndef PEN_SERVE_TELL_H
#define PEN_SERVE_TELL_H

#include "store/listing.h"
#include "wire/encode.h"

/* The catalog's word for a form on the wire, and back. The wire's is one that decoders passed. */
enum pen_form pen_tell_form(uint8_t wire_form);
uint8_t pen_tell_wire_form(enum pen_form form);

size_t pen_tell_list(
	const struct pen_listing *listing, const struct pen_wire_list *list, uint8_t *body);

/* `cached`: for a question with PEN_WIRE_WINDOW_CACHED the bitmap of those parts of the window that
 * can be sent without a disk (serve/reach.h), else not looked at. */
size_t pen_tell_want(const struct pen_catalog *catalog, const struct pen_wire_window *want,
	const uint8_t *cached, uint8_t *body);

/* The set that a window is of, or NULL. */
const struct pen_catalog_set *pen_tell_window_set(
	const struct pen_catalog *catalog, const struct pen_wire_window *want);

size_t pen_tell_catalog(
	const struct pen_catalog *catalog, const struct pen_wire_catalog *ask, uint8_t *body);

#endif
