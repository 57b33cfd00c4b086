/*
 * vet: read one part file of a store and find out what it is: which state it belongs to, and
 * whether it is exactly the part, in the form, that its name says. The root is tried in the order
 * of what costs least: the root that its neighbours have, then the one in the part itself
 * (store/root.h). A lean part names its root, and so does the name of a raw object.
 */
#ifndef PEN_STORE_VET_H
#define PEN_STORE_VET_H

#include "part/judge.h"
#include "store/catalog.h"
#include "store/object.h"
#include "store/root.h"

/* Below every -errno: the codes of our own (base/err.h). */
#define PEN_MACHINE_MAX (-4095)

/* The memory of one vetter, kept from file to file. Zeroed is valid. One thread at a time. */
struct pen_vet {
	struct pen_buf stored; /* the file */
	struct pen_buf head; /* of a lean part, while it is named */
	struct pen_root finder;
	struct pen_judge judge;
	struct pen_object object; /* the last raw object */
};

/* Give the memory back; zeroed and NULL are fine. It is not to be used again. */
void pen_vet_fini(struct pen_vet *vet);

/* A part's content must be allowed to have so much: nearcore cuts at 30 MiB of memory_usage. */
#define PEN_VET_CONTENT_MIN ((size_t)32 << 20)

/*
 * Keep to parts whose content has at most so many bytes (PEN_VET_CONTENT_MIN to
 * PEN_PART_BYTES_MAX), and ordinary numbers of entries; what is larger is PEN_ELARGE.
 */
void pen_vet_limit(struct pen_vet *vet, size_t content_bytes);

/* The memory that one with this limit takes at most. */
uint64_t pen_vet_bytes(size_t content_bytes);

/* What to look at. All is borrowed for the call. */
struct pen_vet_ask {
	struct pen_disk *disk;
	const char *name; /* of the file */
	const struct pen_hash *hint; /* the root to try first, or NULL */
	bool only_hint; /* accept no other root */
};

/*
 * Prove a file to be part file->k of file->n in form file->form; a raw one to be the object whose
 * root is file->root. On 0, file's root, memory_usage, blob, bytes and mtime_ns are set. Else, with
 * a sentence, the file's fault: what the proof says, PEN_EENVELOPE, PEN_EHEAD (not of its name's
 * form), PEN_EREFUSED (k or n that cannot be, or a part beyond our bounds), PEN_EVERIFY (no root in
 * it), PEN_EINPUT (too large), PEN_ELARGE (beyond pen_vet_limit); or the machine's: -errno. bytes
 * and mtime_ns are set whenever the file could be opened.
 */
int pen_vet_file(struct pen_vet *vet, const struct pen_vet_ask *ask, struct pen_catalog_file *file,
	struct pen_why *why);

/* The root node of the state whose part was vetted last, well; borrowed until the next. Empty for
 * the empty state and for a raw object. */
struct pen_bytes pen_vet_root_node(const struct pen_vet *vet, const struct pen_catalog_file *file);

/* True if `err` of pen_vet_file is the file's own fault, which stays until the file changes. */
static inline bool pen_vet_refuses(int err)
{
	return err < PEN_MACHINE_MAX;
}

/*
 * The state root that nearcore's header of the shard whose parts lie in `dir` carries, if there is
 * one that can be read. True and *root; a hint, no more.
 */
bool pen_vet_header(
	struct pen_vet *vet, struct pen_disk *disk, const char *dir, struct pen_hash *root);

#endif
