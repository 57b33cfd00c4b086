/*
 * opening: what an OPEN does to the slots of a guest, and what is said of it (wire/wire.h, OPEN and
 * OPENED).
 *
 * A slot holds its file from its opening to its closing, and its stretch of the cache only while
 * packets of it may leave, so that a guest that does not PULL pins no memory. One thread.
 */
#ifndef PEN_SERVE_OPENING_H
#define PEN_SERVE_OPENING_H

#include "serve/guest.h"
#include "serve/reach.h"

/* Reads that wait for the disk beyond which new slots are told to come back, and when. */
#define PEN_OPENING_READS_MAX 256u
#define PEN_OPENING_RETRY_MS 100u

/* What guests are served with, and how. */
struct pen_opening {
	struct pen_reacher *reacher; /* borrowed */
	uint8_t slots; /* of one guest: 1 to PEN_WIRE_SLOTS_MAX */
	uint8_t size; /* largest enum pen_wire_size that is sent */
	bool leaving; /* nothing more is opened: all is BUSY */
};

/* Answers to one OPEN, or of slots that were found or failed later. */
struct pen_opened {
	uint32_t count; /* answers */
	uint32_t retry_ms; /* of those that are BUSY; 0: none is */
	struct pen_wire_slot_answer slots[PEN_WIRE_OPEN_MAX];
};

/*
 * Do what an OPEN (decoded) says. *opened gets an answer for each entry, but for those whose piece
 * has still to be located: their answer comes with pen_opening_settle. Whether there are such.
 */
bool pen_opening_do(const struct pen_opening *opening, struct pen_guest *guest,
	const struct pen_wire_open *open, struct pen_opened *opened);

/* What was read may tell where pieces are: answers for slots whose piece was located, or cannot be,
 * are added to *opened. Whether any slot still waits. */
bool pen_opening_settle(
	const struct pen_opening *opening, struct pen_guest *guest, struct pen_opened *opened);

/* The disk cannot read a slot's piece: close it, and say so in *opened. */
void pen_opening_fail(const struct pen_opening *opening, struct pen_guest *guest,
	struct pen_sending *slot, struct pen_opened *opened);

/* Let go of the stretches that the guest's slots hold, of all that are found. */
void pen_opening_rest(const struct pen_opening *opening, struct pen_guest *guest);

/* Close all slots of a guest. */
void pen_opening_end(const struct pen_opening *opening, struct pen_guest *guest);

#endif
