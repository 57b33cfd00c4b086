/* The rate and what is left, of what takes long. */
#include "../../tools/penstock/meter.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/clock.h"

#define S PEN_NS_PER_S

/* What a test prints to goes nowhere near a terminal. */
static struct meter begun(bool quiet)
{
	struct meter meter;
	meter_begin(&meter, quiet, 100 * S);
	meter.terminal = false;
	return meter;
}

Test(tools_meter, shows_a_line_every_ten_seconds)
{
	struct meter meter = begun(false), muted = begun(true);
	cr_expect(!meter_due(&meter, 110 * S - 1));
	cr_expect(meter_due(&meter, 110 * S));
	cr_expect(!meter_due(&muted, 200 * S));
	meter_count(&meter, 1, 110 * S);
	cr_expect(!meter_due(&meter, 110 * S));
	meter.terminal = true;
	cr_expect(meter_due(&meter, 110 * S + S / 4), "a row is drawn four times a second");
}

Test(tools_meter, smooths_the_rate)
{
	struct meter meter = begun(false);
	meter_count(&meter, 1000, 110 * S);
	cr_expect_float_eq(meter.rate, 100, 1e-9);
	meter_count(&meter, 3000, 120 * S);
	cr_expect_float_eq(meter.rate, 0.7 * 100 + 0.3 * 200, 1e-9);
	meter_count(&meter, 2000, 130 * S);
	cr_expect_float_eq(meter.rate, 0.7 * 130, 1e-9, "a get that failed");
	cr_expect_eq(meter.shown_bytes, 2000);
}

Test(tools_meter, says_what_is_left)
{
	static const struct {
		uint32_t done, left;
		const char *said; /* ten seconds after the start */
	} rows[] = {
		{0, 5, ""},
		{5, 5, ", 10 s left"},
		{1, 11, ", 110 s left"},
		{1, 12, ", 2 min left"},
		{7, 0, ", 0 s left"},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct meter meter = begun(false);
		char *text = NULL;
		size_t len = 0;
		FILE *out = open_memstream(&text, &len);
		meter_eta(&meter, out, rows[i].done, rows[i].left, 110 * S);
		fclose(out);
		cr_expect_str_eq(text, rows[i].said, "row %zu", i);
		free(text);
	}
}
