#include "make_report.h"

#include <stdio.h>

#include "base/clock.h"
#include "part/form.h"

/* A terminal is redrawn so often; a log gets a line so often. */
#define REDRAW_NS (PEN_NS_PER_S / 4)
#define LINE_NS (10 * PEN_NS_PER_S)

void make_report_begin(struct make_report *report)
{
	report->begun_ns = report->parts_begun_ns = report->shown_ns = pen_clock_ns();
}

void make_report_parts_begin(struct make_report *report)
{
	report->parts_begun_ns = pen_clock_ns();
}

/* True if it is time to show something again. */
static bool show_now(struct make_report *report)
{
	int64_t now = pen_clock_ns();
	if (now - report->shown_ns < (report->terminal ? REDRAW_NS : LINE_NS))
		return false;
	report->shown_ns = now;
	return true;
}

/* Seconds until all is done, if it goes on as since `begun`. */
static double eta(int64_t begun, double done, double all)
{
	double spent = (double)(pen_clock_ns() - begun) / 1e9;
	return done > 0 ? spent * (all - done) / done : 0;
}

static const char *line_end(const struct make_report *report)
{
	return report->terminal ? "   \r" : "\n";
}

void make_report_survey(struct make_report *report, uint64_t keys, uint64_t bytes, uint64_t of)
{
	if (show_now(report))
		fprintf(stderr, "survey: %llu keys, %.1f of %.1f MB, ETA %.0f s%s",
			(unsigned long long)keys, (double)bytes / 1e6, (double)of / 1e6,
			eta(report->begun_ns, (double)bytes, (double)of), line_end(report));
}

/* Of all forms. */
static struct pen_make_files total(const struct pen_make_sum *sum)
{
	struct pen_make_files all = {0};
	for (unsigned i = 0; i < PEN_FORMS; i++) {
		all.content_bytes += sum->forms[i].content_bytes;
		all.stored_bytes += sum->forms[i].stored_bytes;
	}
	return all;
}

void make_report_part(struct make_report *report, const struct pen_make_sum *sum)
{
	double spent = (double)(pen_clock_ns() - report->parts_begun_ns) / 1e9;
	double megabytes = (double)total(sum).content_bytes / 1e6;
	uint64_t done = sum->made + sum->kept + sum->larger;
	if (show_now(report))
		fprintf(stderr, "parts: %llu of %llu files, %.1f MB, %.1f MB/s, ETA %.0f s%s",
			(unsigned long long)done, (unsigned long long)sum->wanted, megabytes,
			megabytes / spent,
			eta(report->parts_begun_ns, (double)done, (double)sum->wanted),
			line_end(report));
}

void make_report_end(const struct make_report *report)
{
	if (report->terminal)
		fprintf(stderr, "\033[K");
}

static double seconds(int64_t ns)
{
	return (double)ns / 1e9;
}

/* Where the workers' time went. */
static void print_time(const struct make_report *report, const struct make_report_all *all)
{
	const struct pen_make_time *first = all->survey_time, *then = &all->sum->time;
	int64_t end = pen_clock_ns();
	printf(report->json ? ",\"memory_bytes\":{\"declared\":%zu,\"survey\":%zu,\"copies\":%u,"
			      "\"scratch\":%zu}"
			      ",\"jobs\":%llu,\"seconds\":%.3f,\"survey_seconds\":%.3f,"
			      "\"cpu_seconds\":{\"read\":%.3f,\"bounds\":%.3f,\"build\":%.3f,"
			      "\"hash\":%.3f,\"sort\":%.3f,\"press\":%.3f,\"compress\":%.3f,"
			      "\"write\":%.3f}}\n"
			    : "memory declared %zu bytes: survey %zu, and for each worker %u x %zu "
			      "of entries\n%llu workers, %.2f s (survey %.2f); of their time: read "
			      "%.2f, "
			      "bounds %.2f, build %.2f, hash %.2f, sort %.2f, press %.2f, "
			      "compress %.2f, write %.2f s\n",
		pen_make_budget_sum(all->budget), all->budget->survey, all->budget->copies,
		all->budget->scratch, (unsigned long long)all->jobs,
		seconds(end - report->begun_ns), seconds(report->parts_begun_ns - report->begun_ns),
		seconds(first->read + then->read), seconds(then->bounds),
		seconds(first->build + then->build), seconds(first->hash + then->hash),
		seconds(then->sort), seconds(then->press), seconds(then->compress),
		seconds(then->write));
}

/* What there is of each form, where more than nearcore's was asked for. */
static void print_forms(const struct make_report *report, const struct make_report_all *all)
{
	const struct pen_make_sum *sum = all->sum;
	bool json = report->json, first = true;
	if (!json && all->forms == 1u << PEN_FORM_NEARCORE)
		return;
	if (json)
		printf(",\"larger\":%llu,\"forms\":{", (unsigned long long)sum->larger);
	for (unsigned i = 0; i < PEN_FORMS; i++) {
		const struct pen_make_files *files = &sum->forms[i];
		if (!(all->forms >> i & 1) && !files->made)
			continue;
		if (json && !first)
			printf(",");
		first = false;
		printf(json ? "\"%s\":{\"made\":%llu,\"kept\":%llu,\"content_bytes\":%llu,"
			      "\"stored_bytes\":%llu}"
			    : "%s form: %llu made, %llu were there, %llu bytes, %llu stored\n",
			pen_form_text((enum pen_form)i), (unsigned long long)files->made,
			(unsigned long long)files->kept, (unsigned long long)files->content_bytes,
			(unsigned long long)files->stored_bytes);
	}
	if (json)
		printf("}");
	else if (sum->larger)
		printf("%llu parts have no lean file: it would be more than 2 %% + 4 KiB larger "
		       "than nearcore's form\n",
			(unsigned long long)sum->larger);
}

void make_report_print(const struct make_report *report, const struct make_report_all *all)
{
	char root[PEN_HASH_TEXT_BYTES];
	const struct pen_make_sum *sum = all->sum;
	const struct pen_make_files files = total(sum);
	printf(report->json ? "{\"root\":\"%s\",\"memory_usage\":%llu,\"keys\":%llu,\"of\":%llu,"
			      "\"made\":%llu,\"kept\":%llu,\"content_bytes\":%llu,"
			      "\"stored_bytes\":%llu,\"spilled\":%llu"
			    : "root %s, memory_usage %llu, %llu keys: %llu parts (%llu made, "
			      "%llu were there), %llu bytes, %llu stored, %llu went through the "
			      "disk\n",
		pen_base58(&all->survey->sum.root, root),
		(unsigned long long)all->survey->sum.memory_usage,
		(unsigned long long)all->survey->sum.keys, (unsigned long long)sum->parts,
		(unsigned long long)sum->made, (unsigned long long)sum->kept,
		(unsigned long long)files.content_bytes, (unsigned long long)files.stored_bytes,
		(unsigned long long)sum->spilled);
	print_forms(report, all);
	print_time(report, all);
}
