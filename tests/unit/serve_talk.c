#include "serve_stage.h"

#include "serve/talk.h"

Test(serve_talk, says_it_under_the_guests_tag)
{
	struct stage stage;
	struct caller caller;
	stage_open(&stage);
	stage_call(&stage, &caller, 1);
	struct pen_guest *guest = &stage.serve.guests.places[0];
	struct pen_opened opened = {.count = 0};
	pen_talk_opened(&stage.serve, guest, &opened);
	cr_expect_eq(stage.serve.outbox.count, 0, "nothing to say");
	opened.count = 2;
	opened.slots[0] = (struct pen_wire_slot_answer){
		.slot = 5, .bytes = 9, .blocks = 1, .state = PEN_WIRE_SLOT_OPENED};
	opened.slots[1] = (struct pen_wire_slot_answer){.slot = 6, .state = PEN_WIRE_SLOT_FULL};
	pen_talk_opened(&stage.serve, guest, &opened);
	stage_run(&stage);
	caller_look_all(&caller, stage.now_ns);
	cr_expect_eq(stage_opened(&caller)->slot, 5);
	struct pen_wire_attested attested = {.object = house_object(&stage.house, PEN_WIRE_FORM_RAW,
						     PEN_WIRE_KIND_PIECE, 0, 0, 0),
		.state = PEN_WIRE_ATTESTED_BUSY};
	pen_talk_attested(&stage.serve, guest, &attested);
	stage_run(&stage);
	caller_look_all(&caller, stage.now_ns);
	cr_expect_eq(caller.heard_type, PEN_WIRE_ATTESTED);
	pen_talk_end(&stage.serve, guest, PEN_WIRE_CLOSE_BROKEN);
	cr_expect_eq(stage.serve.guests.open, 0);
	stage_run(&stage);
	caller_look_all(&caller, stage.now_ns);
	cr_expect(caller.over);
	stage_close(&stage);
}

/* Whoever goes gives back all that it held. */
Test(serve_talk, forgets_everything)
{
	struct stage stage;
	struct caller caller;
	stage_open(&stage);
	stage_call(&stage, &caller, 1);
	struct pen_wire_object object = house_object(
		&stage.house, PEN_WIRE_FORM_NEARCORE, PEN_WIRE_KIND_PIECE, 3, 0, 0);
	stage.house.disk.allowed = 0;
	caller_open(&caller, &object, 1, 1, PEN_WIRE_SIZE_1200);
	object.form = PEN_WIRE_FORM_LEAN;
	object.part = 1;
	caller_open(&caller, &object, 2, 2, PEN_WIRE_SIZE_1200);
	caller_pull(&caller, 10, NULL);
	stage_run(&stage);
	pen_talk_forget(&stage.serve, &stage.serve.guests.places[0]);
	stage.house.disk.allowed = UINT_MAX;
	stage_run(&stage);
	for (uint32_t i = 0; i < stage.serve.handles.count; i++)
		cr_expect_eq(stage.serve.handles.handles[i].refs, 0);
	for (uint32_t i = 0; i < stage.serve.cache.count; i++)
		cr_expect_eq(stage.serve.cache.entries[i].refs, 0);
	cr_expect_eq(stage.serve.fair.standing, 0);
	stage_close(&stage);
}
