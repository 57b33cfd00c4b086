#include "hall_counts.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "serve_stage.h"

static char *print_two(const struct hall_counts *one, const struct hall_counts *other)
{
	struct pen_buf out = {0};
	const struct hall_counts_of halls[] = {{one, "10.0.0.1:1"}, {other, "[::1]:2"}};
	cr_assert_eq(hall_counts_print(halls, 2, &out), 0);
	char *text = strndup((const char *)out.at, out.len);
	pen_buf_fini(&out);
	return text;
}

static unsigned count_of(const char *text, const char *what)
{
	unsigned count = 0;
	for (const char *at = text; (at = strstr(at, what)); at += strlen(what))
		count++;
	return count;
}

/* What a server counted is what is printed, under its address. */
Test(tools_hall_counts, says_what_happened)
{
	struct stage stage;
	struct caller caller;
	struct hall_counts counts, none = {0};
	stage_open(&stage);
	stage_call(&stage, &caller, 1);
	struct pen_wire_object object = house_object(
		&stage.house, PEN_WIRE_FORM_NEARCORE, PEN_WIRE_KIND_PIECE, 3, 0, 0);
	caller_open(&caller, &object, 1, 1, PEN_WIRE_SIZE_1200);
	object.root[0] ^= 1;
	caller_open(&caller, &object, 2, 1, PEN_WIRE_SIZE_1200);
	caller_pull(&caller, 20, NULL);
	stage_run(&stage);
	hall_counts_take(&counts, &stage.serve);
	char *text = print_two(&counts, &none);
	static const char *const lines[] = {
		"penstock_udp_sessions{listen=\"10.0.0.1:1\"} 1\n",
		"penstock_udp_sessions{listen=\"[::1]:2\"} 0\n",
		"penstock_udp_sessions_total{listen=\"10.0.0.1:1\"} 1\n",
		"penstock_udp_handshakes_total{listen=\"10.0.0.1:1\",packet=\"cookie\"} 1\n",
		"penstock_udp_data_packets_total{listen=\"10.0.0.1:1\"} 20\n",
		"penstock_udp_data_bytes_total{listen=\"10.0.0.1:1\"} 24640\n",
		"penstock_udp_pulls_total{listen=\"10.0.0.1:1\"} 1\n",
		"penstock_udp_opens_total{listen=\"10.0.0.1:1\"} 2\n",
		"penstock_udp_slots_total{listen=\"10.0.0.1:1\",answer=\"opened\"} 1\n",
		"penstock_udp_slots_total{listen=\"10.0.0.1:1\",answer=\"not_held\"} 1\n",
		"penstock_cache_gets_total{listen=\"10.0.0.1:1\",outcome=\"miss\"} 1\n",
		"penstock_files_opened_total{listen=\"10.0.0.1:1\"} 1\n",
	};
	for (size_t i = 0; i < PEN_COUNT(lines); i++)
		cr_expect_eq(count_of(text, lines[i]), 1, "%s", lines[i]);
	/* Each name has one help and one type, whatever labels its values have. */
	for (char *at = text; (at = strstr(at, "# TYPE ")); at++) {
		char name[128];
		cr_assert_eq(sscanf(at, "# TYPE %127s", name), 1);
		char type[160];
		snprintf(type, sizeof type, "# TYPE %s ", name);
		cr_expect_eq(count_of(text, type), 1, "%s", name);
		snprintf(type, sizeof type, "# HELP %s ", name);
		cr_expect_eq(count_of(text, type), 1, "%s", name);
	}
	cr_expect_eq(count_of(text, "listen=\"10.0.0.1:1\""), count_of(text, "listen=\"[::1]:2\""));
	free(text);
	stage_close(&stage);
}
