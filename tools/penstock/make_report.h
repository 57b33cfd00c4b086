/*
 * make_report: what `make` says about a state and its parts: a line now and then on stderr while it
 * goes on, and what there is in the end on stdout, as text or one JSON object. One thread.
 *
 * Order: begin; survey any number of times; parts_begin; part any number of times; print.
 */
#ifndef PEN_TOOLS_MAKE_REPORT_H
#define PEN_TOOLS_MAKE_REPORT_H

#include "make/make.h"

struct make_report {
	bool json, terminal; /* the caller's: stdout is to be JSON; stderr is a terminal */
	int64_t begun_ns, parts_begun_ns, shown_ns;
};

/* All of it, and the parts behind the survey, begin now. */
void make_report_begin(struct make_report *report);
void make_report_parts_begin(struct make_report *report);

/* So many keys and bytes of `of` are surveyed. Shown if it is time again. */
void make_report_survey(struct make_report *report, uint64_t keys, uint64_t bytes, uint64_t of);

/* So much of the parts is done. Likewise. */
void make_report_part(struct make_report *report, const struct pen_make_sum *sum);

/* Nothing goes on any more: a terminal's line is wiped. */
void make_report_end(const struct make_report *report);

/* What it came to. All is borrowed. */
struct make_report_all {
	const struct pen_make_sum *sum;
	const struct pen_survey *survey;
	const struct pen_make_time *survey_time;
	const struct pen_make_budget *budget;
	unsigned forms; /* that were asked for, as pen_make_want has them */
	unsigned jobs;
};

/* Print it. */
void make_report_print(const struct make_report *report, const struct make_report_all *all);

#endif
