#include "mem/budget.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/check.h"

#define MIB ((uint64_t)1 << 20)

void pen_budget_add(struct pen_budget_sum *sum, const char *name, uint64_t count, uint64_t each)
{
	PEN_CHECK(name);
	PEN_CHECK(!each || count <= UINT64_MAX / each);
	if (!count || !each)
		return;
	PEN_CHECK(sum->count < PEN_BUDGET_LINES_MAX);
	sum->lines[sum->count++] = (struct pen_budget_line){
		.name = name, .count = count, .each = each};
}

uint64_t pen_budget_total(const struct pen_budget_sum *sum)
{
	uint64_t total = 0;
	for (unsigned i = 0; i < sum->count; i++) {
		uint64_t bytes = sum->lines[i].count * sum->lines[i].each;
		if (bytes > UINT64_MAX - total)
			return UINT64_MAX;
		total += bytes;
	}
	return total;
}

static double mib(uint64_t bytes)
{
	return (double)bytes / (double)MIB;
}

/* Where text is written, and what is left of it: 1 when full, for the zero. */
struct room {
	char *at;
	size_t bytes;
};

static void say(struct room *room, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct room *room, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int len = vsnprintf(room->at, room->bytes, format, arguments);
	va_end(arguments);
	PEN_CHECK(len >= 0);
	size_t written = (size_t)len < room->bytes ? (size_t)len : room->bytes - 1;
	room->at += written;
	room->bytes -= written;
}

const char *pen_budget_text(const struct pen_budget_sum *sum, char text[PEN_BUDGET_TEXT_BYTES])
{
	struct room room = {text, PEN_BUDGET_TEXT_BYTES};
	for (unsigned i = 0; i < sum->count; i++) {
		const struct pen_budget_line *line = &sum->lines[i];
		say(&room, "%s", i ? " + " : "");
		if (line->count > 1)
			say(&room, "%llu ", (unsigned long long)line->count);
		say(&room, "%s %.1f MiB", line->name, mib(line->count * line->each));
	}
	say(&room, " = %.1f MiB", mib(pen_budget_total(sum)));
	return text;
}

int pen_budget_fit(
	const struct pen_budget_sum *sum, uint64_t cap_bytes, const char *flag, struct pen_why *why)
{
	uint64_t total = pen_budget_total(sum);
	if (total <= cap_bytes)
		return 0;
	char text[PEN_BUDGET_TEXT_BYTES];
	return pen_fail(why, PEN_EREFUSED, "%s %.6g MiB is too little: %s; %llu MiB would do", flag,
		mib(cap_bytes), pen_budget_text(sum, text),
		(unsigned long long)(total / MIB + (total % MIB != 0)));
}
