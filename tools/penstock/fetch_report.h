/*
 * fetch_report: what a fetch says while it runs (meter.h) and at its end: what each source gave,
 * and the sum, as text or JSON.
 */
#ifndef PEN_TOOLS_FETCH_REPORT_H
#define PEN_TOOLS_FETCH_REPORT_H

#include "fetch.h"
#include "meter.h"

struct fetch_report {
	const struct fetch *fetch; /* borrowed */
	struct meter meter;
};

/* Looks whether stderr is a terminal. Says what memory is divided into, and what is kept. */
void fetch_report_begin(struct fetch_report *report, const struct fetch *fetch, int64_t now_ns);

/* Show something if it is time. Cheap; call it each turn. */
void fetch_report_turn(struct fetch_report *report, int64_t now_ns);

/* Leave the terminal's line, and say what each source gave. */
void fetch_report_end(struct fetch_report *report);

/* Sums of a run over one form or several; text goes to stderr, JSON to stdout. */
struct fetch_sum {
	bool raw;
	struct pen_hash root;
	uint32_t n, kept, parts; /* of the state; here before; stored now. Of an object: its
				    blocks, those that were here before, and 1 if it is stored */
	uint32_t stored[PEN_FORMS];
	uint64_t bytes, wire_bytes; /* of files stored; of payload that came */
	double seconds, prove_seconds, store_seconds;
};

/* Add what a fetch came to. */
void fetch_sum_add(struct fetch_sum *sum, const struct fetch *fetch);

void fetch_sum_text(const struct fetch_sum *sum);

/* `err` and `why` of a run that failed. */
void fetch_sum_json(const struct fetch_sum *sum, int err, const struct pen_why *why);

#endif
