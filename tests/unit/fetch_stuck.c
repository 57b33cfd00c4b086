/* Why nothing comes. */
#include "fetch/stuck.h"

#include <criterion/criterion.h>

#include "base/check.h"
#include "fakes/lab.h"

Test(fetch_stuck, reasons)
{
	static const struct {
		const char *name;
		struct toy_manners manners[2];
		uint64_t backlog;
		int64_t at; /* when it is looked */
		enum pen_stuck_reason reason;
	} rows[] = {
		{"nobody answers", {{.mute = true}, {.mute = true}}, 1, LAB_S, PEN_STUCK_CALLING},
		{"nobody has it", {{.lacks = true}, {.lacks = true}}, 1, LAB_S, PEN_STUCK_NOBODY},
		{"nobody has said what he has", {{.untold = true}, {.untold = true}}, 1, LAB_S,
			PEN_STUCK_UNTOLD},
		{"one has nothing, one has not said", {{.lacks = true}, {.untold = true}}, 1, LAB_S,
			PEN_STUCK_UNTOLD},
		{"one lacks it, one is dead", {{.lacks = true}, {.mute = true}}, 1, LAB_S,
			PEN_STUCK_NOBODY},
		{"nothing is sent", {{.no_data = true}, {.no_data = true}}, 1, LAB_S,
			PEN_STUCK_SILENT},
		{"one has it and sends nothing", {{.lacks = true}, {.no_data = true}}, 1, LAB_S,
			PEN_STUCK_SILENT},
		{"nothing is taken", {{0}, {0}}, 0, LAB_S, PEN_STUCK_CALLER},
		{"it goes on", {{0}, {0}}, 1, 50 * LAB_MS, PEN_STUCK_NOT},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_stuck stuck;
		lab_open(40 << 20, 2);
		for (unsigned t = 0; t < 2; t++) {
			lab->toy[t].manners = rows[i].manners[t];
			lab->toy[t].manners.rate = 125 * LAB_MB;
		}
		lab_start();
		if (!rows[i].backlog)
			pen_client_backlog(lab->client, 0);
		cr_assert(!lab_run(rows[i].at));
		pen_stuck_look(lab->client, lab->now, &stuck);
		cr_expect_eq(stuck.reason, rows[i].reason, "%s: %s", rows[i].name,
			pen_stuck_text(stuck.reason));
		cr_expect_eq(stuck.part, 0, "%s", rows[i].name);
		lab_close();
	}
}

Test(fetch_stuck, nobody_is_left)
{
	struct pen_stuck stuck;
	lab_open(1 << 20, 1);
	lab->toy[0].manners.mute = true;
	lab_start();
	for (; lab->now < 60 * LAB_S; lab->now += 100 * LAB_MS)
		pen_client_turn(lab->client, lab->now);
	pen_stuck_look(lab->client, lab->now, &stuck);
	cr_expect_eq(stuck.reason, PEN_STUCK_GONE);
	cr_expect_eq(stuck.quiet_ns, INT64_MAX, "nothing ever came");
	lab_close();
}

Test(fetch_stuck, not_when_done)
{
	struct pen_stuck stuck;
	lab_open(1 << 20, 1);
	lab_start();
	cr_assert(lab_run(LAB_S));
	pen_stuck_look(lab->client, lab->now, &stuck);
	cr_expect_eq(stuck.reason, PEN_STUCK_NOT);
	cr_expect_leq(stuck.quiet_ns, LAB_MS);
	lab_close();
}

/* Who has it has sent it, and it failed its proof each time: so nobody has it. */
Test(fetch_stuck, what_always_fails_nobody_has)
{
	struct pen_stuck stuck;
	lab_open(5 << 20, 2);
	lab->config.form = PEN_WIRE_FORM_NEARCORE;
	lab->as_whole = true;
	lab->toy[0].manners.lie_every = 2;
	lab->toy[1].manners.lacks = true;
	lab_start();
	while (lab->refuted < 2)
		cr_assert(lab_turn());
	lab_run(lab->now + LAB_S);
	cr_assert_eq(lab->client->server[0].state, PEN_SERVER_READY);
	pen_stuck_look(lab->client, lab->now, &stuck);
	cr_expect_eq(stuck.reason, PEN_STUCK_NOBODY, "%s", pen_stuck_text(stuck.reason));
	cr_expect_eq(stuck.part, 0);
	lab_close();
}

/* Of an object whose size is not known, who has it has said so only with its size. */
Test(fetch_stuck, who_has_said_no_size_has_not_said_it)
{
	static const struct {
		struct toy_manners manners[2];
		enum pen_stuck_reason reason;
	} rows[] = {
		{{{.unnamed = true}, {.unnamed = true}}, PEN_STUCK_UNTOLD},
		{{{.lacks = true}, {.unnamed = true}}, PEN_STUCK_UNTOLD},
		{{{.garbles = true}, {.unnamed = true}}, PEN_STUCK_UNTOLD},
		{{{.garbles = true}, {.lacks = true}}, PEN_STUCK_NOBODY},
		{{{.lacks = true}, {.lacks = true}}, PEN_STUCK_NOBODY},
		{{{.other_id = true}, {.lacks = true}}, PEN_STUCK_NOBODY},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_stuck stuck;
		lab_open(3 << 20, 2);
		lab->config.sized = true;
		lab->toy[0].manners = rows[i].manners[0];
		lab->toy[1].manners = rows[i].manners[1];
		lab_start();
		cr_assert(!lab_run(LAB_S));
		pen_stuck_look(lab->client, lab->now, &stuck);
		cr_expect_eq(
			stuck.reason, rows[i].reason, "%zu: %s", i, pen_stuck_text(stuck.reason));
		lab_close();
	}
}
