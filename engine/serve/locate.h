/*
 * locate: where the bytes of a piece lie: from the names of wire/wire.h to a file and a stretch of
 * it.
 *
 * The catalog knows the file. Of raw and nearcore parts that is all that is needed; a lean part
 * must be read to know where its frames lie: first its head, then pen_locate_frame. The pages of a
 * raw object's digests lie in a side file, and so does a state's root
 * node (store/aside.h).
 *
 * Pure; what is returned borrows nothing. One thread.
 */
#ifndef PEN_SERVE_LOCATE_H
#define PEN_SERVE_LOCATE_H

#include "store/handles.h"
#include "store/listing.h"
#include "wire/wire.h"

/* Where files are looked for. All borrowed. */
struct pen_locate_room {
	const struct pen_listing *listing; /* and its catalog */
	struct pen_disk *disk; /* the store's */
	struct pen_disk *side; /* of its side files; NULL: there are none */
	const char *side_prefix; /* of names on it: ".penstock/" or "" */
};

/* A stretch of a file. */
struct pen_located {
	char name[PEN_CATALOG_PATH_BYTES]; /* of the file, on `disk` */
	struct pen_disk *disk;
	uint64_t file_bytes; /* its length; 0: what it has */
	int64_t mtime_ns; /* its time; 0: any */
	bool buffered; /* pieces begin at any byte */
	bool by_head; /* a lean part: offset, bytes and blocks follow from its head */
	uint64_t offset; /* of the piece in the file */
	uint32_t bytes; /* of it; 0: the rest of the file, cut into blocks */
	uint32_t blocks; /* of the whole piece; 0: likewise */
};

/* Find an object (decoded). False: it is not held here. */
bool pen_locate(const struct pen_locate_room *room, const struct pen_wire_object *object,
	struct pen_located *place);

/* The file is open, and has so many bytes: fill in what follows from that. False: there is no such
 * block in it. */
bool pen_locate_rest(
	const struct pen_wire_object *object, uint64_t file_bytes, struct pen_located *place);

/*
 * Find a piece of a lean part whose file begins with `head` (as much of it as there is, at most
 * PEN_LEAN_HEAD_BYTES_MAX). False: there is no such piece, or the head is none.
 */
bool pen_locate_frame(const struct pen_wire_object *object, struct pen_bytes head,
	uint64_t file_bytes, struct pen_located *place);

#endif
