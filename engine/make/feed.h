/*
 * feed: a state's file in stretches of whole records, one after the other, from any record on.
 *
 * A stretch is read into memory at once, so all its pairs can be looked at together and given to a
 * thread of their own. With it comes the key that follows, which says how the trie goes on to the
 * right. Cutting a stretch off looks at the lengths alone; decoding it, and checking its order,
 * is a call of its own that needs no feed.
 */
#ifndef PEN_MAKE_FEED_H
#define PEN_MAKE_FEED_H

#include "make/pairs.h"

/* Bytes of a stretch unless one record is larger: many nodes, and still in the cache. */
#define PEN_STRETCH_BYTES ((size_t)2 << 20)

/* Filled by pen_feed_open. One thread at a time. */
struct pen_feed {
	struct pen_pairs_from from;
	int file;
	struct pen_disk_stat stat; /* of the file when it was opened */
	uint64_t offset; /* of the next record, bytes */
	uint64_t record; /* records before it; 0 after a seek that does not know */
	size_t stretch_bytes; /* wanted length of a stretch */
	uint8_t last[PEN_KEY_BYTES_MAX]; /* the key before `offset` */
	size_t last_len;
	bool any; /* there is one, and it is known */
};

/* Whole records of a file. Zeroed is empty; kept from one to the next. */
struct pen_stretch {
	struct pen_buf bytes; /* as read: `len` of records, then the beginning of what follows */
	size_t len;
	uint64_t offset; /* of the first record in the file */
	uint64_t record; /* records of the file before it */
	uint32_t count; /* records */
	uint8_t before[PEN_KEY_BYTES_MAX]; /* the key before the first */
	size_t before_len;
	bool follows; /* there is one, and it is known: not after a seek */
	struct pen_buf pairs; /* struct pen_pair, borrowed from bytes and plain; after decode */
	struct pen_buf plain; /* hex only: the bytes that its digits stand for */
	bool last; /* nothing follows */
	struct pen_bytes next; /* the key that follows unless `last`; after decode */
};

/* Open the file. 0, PEN_EINPUT for a compressed one, -errno, -ENOMEM; the sentence names it. */
int pen_feed_open(struct pen_feed *feed, const struct pen_pairs_from *from, struct pen_why *why);

/* A zeroed feed is fine. */
void pen_feed_close(struct pen_feed *feed);

/* Go on at this record, which begins at `offset` and has `record` records before it. */
void pen_feed_seek(struct pen_feed *feed, uint64_t offset, uint64_t record);

/*
 * Read the next stretch. 1; 0 at the end of the file; PEN_EINPUT: a record that cannot be (a
 * length over its limit, a file cut short); -errno; -ENOMEM.
 */
int pen_feed_next(struct pen_feed *feed, struct pen_stretch *out, struct pen_why *why);

/*
 * Is the file still the one that was opened, by length and time of change? 0, PEN_EINPUT with a
 * sentence, or -errno.
 */
int pen_feed_unchanged(struct pen_feed *feed, struct pen_why *why);

/* Free its memory; pairs borrowed from it are gone. NULL and a zeroed one are fine. */
void pen_stretch_fini(struct pen_stretch *stretch);

/*
 * Find the pairs of a stretch and the key that follows. The feed (may be in use by another
 * thread) is only asked for format and label. 0; PEN_EINPUT naming the record: bad digits, a
 * limit, keys out of order, the key that follows included; -ENOMEM.
 */
int pen_stretch_decode(
	const struct pen_feed *feed, struct pen_stretch *stretch, struct pen_why *why);

/* The pairs of a decoded stretch, `count` of them, borrowed from it. */
static inline const struct pen_pair *pen_stretch_pairs(const struct pen_stretch *stretch)
{
	return (const struct pen_pair *)(const void *)stretch->pairs.at;
}

#endif
