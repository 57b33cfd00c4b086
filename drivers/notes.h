/*
 * notes: what a driver found missing on this machine, and what that costs: sentences for the user,
 * each said once. A driver that can go on without something goes on, and leaves a note here; the
 * caller prints the list when the driver is open. One thread at a time.
 */
#ifndef PEN_DRIVERS_NOTES_H
#define PEN_DRIVERS_NOTES_H

/* More than all drivers together can miss; what comes after is dropped. */
#define PEN_NOTES_MAX 16u
/* Bytes of a sentence with its end: two lines of a terminal. */
#define PEN_NOTE_BYTES 240u

/* Zeroed is empty. */
struct pen_notes {
	unsigned count;
	char text[PEN_NOTES_MAX][PEN_NOTE_BYTES]; /* `count` sentences */
};

/* Add a printf-style sentence, unless it is there already. Too long ones are cut. NULL does
 * nothing. */
void pen_notes_add(struct pen_notes *notes, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Add that io_uring said `err` (negative), what that costs, as `cost`, and what mends it, where
 * Linux `release` is the first that has what is wanted. */
void pen_notes_add_ring(struct pen_notes *notes, const char *cost, int err, const char *release);

#endif
