/*
 * catch_sources: directories and web servers as sources of a raw object: what came from each, and
 * who is not asked any more, and why. One thread, the loop's.
 */
#ifndef PEN_TOOLS_CATCH_SOURCES_H
#define PEN_TOOLS_CATCH_SOURCES_H

#include "supply.h"

struct catch_source {
	uint64_t bytes; /* that came from it */
	uint32_t bad; /* times that what came was not the object */
	bool out; /* it is not asked any more: */
	int code;
	struct pen_why why;
};

/* Zeroed: nothing is known. */
struct catch_sources {
	struct catch_source list[SUPPLY_WORDS_MAX]; /* by the word's number */
	int code; /* the gravest of what those said that are out; 0: nobody is */
	struct pen_why why;
};

/* Ask it no more. What is said first of a source stays. */
void catch_sources_out(
	struct catch_sources *sources, unsigned word, int code, const struct pen_why *why);

/* Bytes that came from all of them. */
uint64_t catch_sources_bytes(const struct catch_sources *sources);

#endif
