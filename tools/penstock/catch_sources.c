#include "catch_sources.h"

#include "base/check.h"

void catch_sources_out(
	struct catch_sources *sources, unsigned word, int code, const struct pen_why *why)
{
	PEN_CHECK(word < SUPPLY_WORDS_MAX);
	PEN_CHECK(code < 0);
	struct catch_source *source = &sources->list[word];
	if (!source->out) {
		source->out = true;
		source->code = code;
		source->why = *why;
	}
	if (pen_gravity(code) > pen_gravity(sources->code)) {
		sources->code = code;
		sources->why = *why;
	}
}

uint64_t catch_sources_bytes(const struct catch_sources *sources)
{
	uint64_t bytes = 0;
	for (unsigned s = 0; s < SUPPLY_WORDS_MAX; s++)
		bytes += sources->list[s].bytes;
	return bytes;
}
