/*
 * made: what the targets of messages of the wire share; each is of one message. What decodes is
 * made again from nothing but the fields that wire.h names, by hand or by the encoder, and must
 * come out as the same bytes: so what has to be zero is, and the length is what the counts say. And
 * each field is in the range that wire.h gives it.
 */
#ifndef PEN_TESTS_FUZZ_MADE_H
#define PEN_TESTS_FUZZ_MADE_H

#include "fuzz.h"
#include "wire/decode.h"
#include "wire/encode.h"

/* The struct is the whole body, byte by byte. */
#define MADE_CHECK(made, body) \
	PEN_CHECK(fuzz_same((struct pen_bytes){(const uint8_t *)&(made), sizeof(made)}, body))

/* What an encoder made is the whole body. */
static inline void made_same(struct pen_bytes again, struct pen_bytes body)
{
	PEN_CHECK(fuzz_same(again, body));
}

/* An array out of what was decoded. */
#define MADE_COPY(made, got, field) memcpy((made).field, (got)->field, sizeof((made).field))

/* A label of `len` letters, none of which may be another. */
static inline void made_chain(uint8_t *to, const uint8_t *chain, uint8_t len)
{
	PEN_CHECK(len <= PEN_WIRE_CHAIN_BYTES_MAX);
	for (unsigned i = 0; i < len; i++) {
		uint8_t c = chain[i];
		PEN_CHECK((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-');
		to[i] = c;
	}
}

/* The ranges of an address of bytes. */
static inline void made_object(const struct pen_wire_object *got)
{
	PEN_CHECK(got->n >= 1 && got->n <= PEN_WIRE_PARTS_MAX && got->part < got->n);
	PEN_CHECK(got->block < PEN_WIRE_BLOCKS_MAX && !got->zero);
	PEN_CHECK(got->form >= PEN_WIRE_FORM_RAW && got->form <= PEN_WIRE_FORM_LEAN);
	PEN_CHECK(got->kind >= PEN_WIRE_KIND_PIECE && got->kind <= PEN_WIRE_KIND_TABLE);
}

/* CATALOG and ENTRIES up to the entries. */
static inline struct pen_wire_catalog made_catalog(const struct pen_wire_catalog *got)
{
	struct pen_wire_catalog made = {
		.n = got->n, .first = got->first, .form = got->form, .count = got->count};
	MADE_COPY(made, got, root);
	PEN_CHECK(got->count >= 1 && got->count <= PEN_WIRE_ENTRIES_MAX);
	PEN_CHECK((uint64_t)got->first + got->count <= got->n && got->n <= PEN_WIRE_PARTS_MAX);
	return made;
}

/* WANT and HAVE. The encoder clears bits of parts that are not there. */
static inline void made_window(const struct pen_wire_window *got, struct pen_bytes body)
{
	if (!got)
		return;
	static uint8_t again[PEN_WIRE_BODY_BYTES_MAX];
	bool all = got->flags & PEN_WIRE_WINDOW_ALL;
	struct pen_wire_window made = {.n = got->n,
		.held = got->held,
		.window = got->window,
		.form = got->form,
		.flags = got->flags};
	MADE_COPY(made, got, root);
	size_t len = pen_wire_window_encode(&made, all ? NULL : got->bits, again);
	made_same((struct pen_bytes){again, len}, body);
	PEN_CHECK(got->held <= got->n && got->n <= PEN_WIRE_PARTS_MAX);
	PEN_CHECK(got->window * PEN_WIRE_WINDOW_PARTS < got->n);
}

#endif
