/*
 * loss: when a gap is a loss. A packet is lost when so many later ones have come, or when the first
 * later one came so long ago, that reordering no longer explains it.
 *
 * As RACK (RFC 8985) the two thresholds learn: each packet that was called lost and came after all
 * raises them to what would have waited for it, up to limits; a quiet spell lowers them again. They
 * begin higher than TCP's three packets, because servers send runs of 16 and more that a path with
 * several queues deals out whole, and because nothing waits for the order here: a repair that is
 * asked for a little later costs nothing as long as the stream goes on. One thread.
 */
#ifndef PEN_FLOW_LOSS_H
#define PEN_FLOW_LOSS_H

#include <stdbool.h>
#include <stdint.h>

/* Later packets that make a gap a loss: at first, and at most (half of what is asked for at once).
 */
#define PEN_LOSS_PACKETS_MIN 32u
#define PEN_LOSS_PACKETS_MAX 1024u
/* The time threshold as a share of srtt: eighths, at first and at most (a whole srtt). */
#define PEN_LOSS_EIGHTHS_MIN 2u
#define PEN_LOSS_EIGHTHS_MAX 8u
/* The least time threshold: below it a host's own batching looks like loss. */
#define PEN_LOSS_WINDOW_NS_MIN INT64_C(200000)

struct pen_loss {
	uint32_t packets; /* later packets that make a gap a loss */
	uint32_t eighths; /* of srtt, of waiting that does */
	uint64_t spurious; /* packets that were called lost and came */
};

void pen_loss_init(struct pen_loss *loss);

/* How long a gap may last, given the smoothed round trip. */
int64_t pen_loss_window_ns(const struct pen_loss *loss, int64_t srtt_ns);

/* Is a packet lost, `behind` packets after which the newest came, the first later one `waited_ns`
 * ago? */
bool pen_loss_is_lost(
	const struct pen_loss *loss, uint64_t behind, int64_t waited_ns, int64_t srtt_ns);

/* A packet that was called lost came, `behind` packets after its place: wait longer from now on. */
void pen_loss_spurious(struct pen_loss *loss, uint64_t behind);

/* A second has passed without such a packet: go half the way back. */
void pen_loss_calm(struct pen_loss *loss);

#endif
