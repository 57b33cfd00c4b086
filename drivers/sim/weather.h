/*
 * weather: what a path between two hosts does to a packet, and what a link's rate and queue do.
 * Pure: chance comes in as a stream.
 */
#ifndef PEN_SIM_WEATHER_H
#define PEN_SIM_WEATHER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/rng.h"

/* A chance is a number of 32 bits: PEN_SIM_SURE times the probability. */
#define PEN_SIM_SURE UINT32_MAX
/* The chance of `n` in a million. */
#define PEN_SIM_PPM(n) ((uint32_t)((uint64_t)(n)*PEN_SIM_SURE / 1000000))

/* One direction between two hosts. Zeroed: nothing is lost, and nothing takes time. */
struct pen_sim_weather {
	int64_t delay_ns; /* of every packet */
	int64_t jitter_ns; /* up to so much more; packets stay in order */
	uint32_t loss; /* chance of a packet in good times */
	uint32_t loss_bad; /* and in bad ones (Gilbert and Elliott's two states) */
	uint32_t turn_bad, turn_good; /* chance at each packet that the state changes */
	uint32_t reorder; /* chance to be late by up to late_ns, and be passed by others */
	int64_t late_ns;
	uint32_t twice; /* chance to arrive a second time, up to late_ns later */
	uint32_t corrupt; /* chance that bits change on the way */
	uint32_t sly; /* chance that such a change keeps the UDP checksum */
	uint32_t payload_bytes; /* larger UDP payloads vanish without a word; 0: none do */
};

/* What becomes of one packet. */
struct pen_sim_fate {
	bool lost, corrupt, sly, late;
	int64_t delay_ns; /* from the sender's link to the receiver's */
	int64_t again_ns; /* the second copy's delay, or -1 */
};

/* Decide. *bad is the path's state of weather, kept by the caller; false at first. */
struct pen_sim_fate pen_sim_weather_fate(
	const struct pen_sim_weather *weather, bool *bad, struct pen_rng *rng);

/* True with that chance. */
static inline bool pen_sim_chance(uint32_t chance, struct pen_rng *rng)
{
	return chance && (uint32_t)(pen_rng_next(rng) >> 32) <= chance;
}

/* A link: packets leave one after the other, and wait in a queue that is bounded. */
struct pen_sim_link {
	uint64_t bits_per_s; /* 0: no limit */
	uint64_t queue_bytes; /* what may wait, beside the packet that is being sent */
	int64_t free_ns; /* when the last bit of all that was taken is gone */
};

/* Send `bytes` at now_ns: when the last bit is through, or -1 if the queue is full. */
int64_t pen_sim_link_send(struct pen_sim_link *link, int64_t now_ns, uint32_t bytes);

/* Take another rate; what waits is sent at it as well. */
void pen_sim_link_set(struct pen_sim_link *link, int64_t now_ns, uint64_t bits_per_s);

#endif
