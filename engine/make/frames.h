/*
 * frames: those of a lean part, sealed by more workers than the one that makes the part. Where
 * there are fewer parts than workers, and while the last parts of a make are under way, the others
 * would stand idle; compressing is the larger share of a lean part, and frames know nothing of each
 * other (part/lean_frame.h).
 *
 * Shared by the workers of one crew (make/crew.h), under its lock: raw frames wait in slots, first
 * come first served. A worker that finds no part any more helps until none is being made. One that
 * makes a part gives a frame away only if somebody helps and a slot is free; else it seals the
 * frame itself, so it never waits but for its last frames, and seals what still waits meanwhile.
 * The bytes of a part do not depend on who sealed what.
 *
 * Order, for the crew: open before it runs, close behind it. For a worker: enter and leave around
 * each part; between them, if the part is lean, begin, what pushes into the press, finish, end; and
 * help at last. Nobody hangs: whoever took a frame gives it back sealed, or with an error that
 * becomes the part's, even if the crew must stop; who only helps then goes; and a frame that nobody
 * took is sealed by the worker whose part it is.
 */
#ifndef PEN_MAKE_FRAMES_H
#define PEN_MAKE_FRAMES_H

#include "make/crew.h"
#include "part/press.h"

/* Slots a worker: a frame that it seals, those that wait for it, and one on its way back. */
#define PEN_FRAMES_SLOTS 4u
/* Frames that wait for each worker who helps: it finds the next one when it comes back. */
#define PEN_FRAMES_AHEAD 2u
/* Raw bytes in slots, for each worker: one frame of the largest, ten and more of the usual. */
#define PEN_FRAMES_RAW_BYTES ((size_t)PEN_LEAN_FRAME_RAW_MAX)
/* Most bytes that an empty slot keeps of each of its buffers. */
#define PEN_FRAMES_KEPT_BYTES ((size_t)2 * PEN_LEAN_FRAME_OPEN_MAX)
/* Memory of all that for each worker: raw and stored in use, and what empty slots keep. */
#define PEN_FRAMES_BYTES (2 * PEN_FRAMES_RAW_BYTES + PEN_FRAMES_SLOTS * 2 * PEN_FRAMES_KEPT_BYTES)

/* What seals a frame: pen_lean_frame_seal, or what a test puts in its place. Any thread. */
typedef int (*pen_frames_seal_fn)(struct pen_zstd *zstd, struct pen_bytes raw, int level,
	struct pen_buf *out, struct pen_lean_row *row, struct pen_why *why);

struct pen_frames_slot;

/* The slots. Under the crew's lock while workers run. Zeroed is without slots: only enter and
 * leave. */
struct pen_frames {
	pen_frames_seal_fn seal;
	struct pen_frames_slot *slots; /* all */
	unsigned count; /* of them */
	struct pen_frames_slot *free; /* list of those that are */
	struct pen_frames_slot *first, *last; /* frames that wait, in order of coming */
	unsigned waiting; /* how many */
	unsigned makers; /* workers with a part under way */
	unsigned helpers; /* workers that help */
	size_t raw_bytes, raw_bytes_max; /* in slots, and at most */
};

/* The frames of the part that one worker makes. Zeroed but for the first three is valid; kept from
 * part to part. Its worker's own, but for `sealed` and `away`. */
struct pen_frames_part {
	struct pen_frames *frames; /* borrowed, as the next two */
	struct pen_crew *crew;
	struct pen_press *press;
	struct pen_buf body; /* stored frames, as they came back */
	struct pen_buf places; /* where in it each is, by its number */
	struct pen_frames_slot *sealed; /* list; under the lock */
	unsigned away; /* frames in slots that are not sealed yet; under the lock */
	struct pen_why *why; /* of the call under way */
};

/* Take slots for `jobs` workers. 0 or -ENOMEM; close it in any case. */
int pen_frames_open(
	struct pen_frames *frames, unsigned jobs, pen_frames_seal_fn seal, struct pen_why *why);

/* Give the memory back; no worker is left. Zeroed is fine. It is zeroed. */
void pen_frames_close(struct pen_frames *frames);

/* A part is taken on, in one go under the lock with finding it. */
void pen_frames_enter(struct pen_frames *frames);

/* That part is done with, or has failed. Under the lock. */
void pen_frames_leave(struct pen_frames *frames, struct pen_crew *crew);

/*
 * Seal what waits until no part is under way or the crew must stop. Under the lock, which is let go
 * meanwhile. Adds the time spent with sealing to *spent_ns.
 */
void pen_frames_help(
	struct pen_frames *frames, struct pen_crew *crew, struct pen_zstd *zstd, int64_t *spent_ns);

/* Give the part's memory back; no frame is away. Zeroed is fine. */
void pen_frames_part_fini(struct pen_frames_part *part);

/* Frames of the part that is opened next in part->press come here. `why` (borrowed until finish)
 * is for errors that a push returns. Without the lock, as all below. */
void pen_frames_begin(struct pen_frames_part *part, struct pen_why *why);

/*
 * All pairs were pushed: wait for all frames and append the part to `out`, as pen_press_close
 * would. 0, what it would return, or the error of whoever sealed a frame.
 */
int pen_frames_finish(struct pen_frames_part *part, struct pen_buf *out, struct pen_why *why);

/* After begin in any case: wait for frames that are away and forget all that came back. */
void pen_frames_end(struct pen_frames_part *part);

#endif
