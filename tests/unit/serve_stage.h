/*
 * serve_stage: a whole server over fake disks and a fake port, with callers in front of it; time is
 * the test's.
 */
#ifndef PEN_TESTS_SERVE_STAGE_H
#define PEN_TESTS_SERVE_STAGE_H

#include "fakes/caller.h"
#include "serve/serve.h"
#include "serve_util.h"

#define STAGE_MS INT64_C(1000000)

struct stage {
	struct house house;
	struct fake_net net;
	struct pen_serve serve;
	int64_t now_ns;
};

static inline void stage_config(struct stage *stage, struct pen_serve_config *config)
{
	*config = (struct pen_serve_config){.net = &stage->net.net,
		.core = 3,
		.owner = 9,
		.disk = &stage->house.disk.disk,
		.side = &stage->house.side.disk,
		.side_prefix = "s/",
		.pool = &stage->house.pool,
		.blocks = 8,
		.files = 8,
		.guests = 4,
		.greet = {.size = PEN_WIRE_SIZE_8192,
			.slots = PEN_WIRE_SLOTS_MAX,
			.idle_s = 30,
			.reset_key = {5}},
		.seed = {8}};
	uint8_t own[32] = {1};
	pen_identity_init(&config->greet.identity, own);
}

/* Open with a config of the test's, made by stage_config and changed. */
static inline void stage_open_as(struct stage *stage, const struct pen_serve_config *config)
{
	stage->now_ns = 1000 * 1000 * STAGE_MS;
	cr_assert_eq(pen_serve_open(&stage->serve, config, stage->now_ns), 0);
	pen_serve_list(&stage->serve, &stage->house.listing);
}

static inline void stage_prepare(struct stage *stage)
{
	memset(stage, 0, sizeof *stage);
	house_open(&stage->house, 1, 12);
	fake_net_init(&stage->net);
}

static inline void stage_open(struct stage *stage)
{
	struct pen_serve_config config;
	stage_prepare(stage);
	stage_config(stage, &config);
	stage_open_as(stage, &config);
}

static inline void stage_close(struct stage *stage)
{
	pen_serve_close(&stage->serve);
	fake_net_fini(&stage->net);
	house_close(&stage->house);
}

/* Turns until nothing comes and nothing is read. */
static inline void stage_run(struct stage *stage)
{
	for (int i = 0; i < 20; i++)
		pen_serve_poll(&stage->serve, stage->now_ns);
}

/* A caller with an open session. */
static inline void stage_call(struct stage *stage, struct caller *caller, uint8_t host)
{
	caller_init(caller, &stage->net, host, stage->now_ns);
	caller->looked = stage->net.sent_count;
	for (int i = 0; i < 3 && !caller->open; i++) {
		stage_run(stage);
		caller_look_all(caller, stage->now_ns);
	}
	cr_assert(caller->open);
}

/* The answer for one slot of the OPENED that a caller heard last. */
static inline const struct pen_wire_slot_answer *stage_opened(const struct caller *caller)
{
	cr_assert_eq(caller->heard_type, PEN_WIRE_OPENED);
	const struct pen_wire_opened *opened = pen_wire_opened_decode(
		(struct pen_bytes){caller->heard.packet.body, caller->heard_bytes});
	cr_assert_not_null(opened);
	return &opened->slots[0];
}

#endif
