#include <criterion/criterion.h>

#include "base/check.h"
#include "drivers/without.h"

Test(drivers_without, reads_names)
{
	static const struct {
		const char *text;
		unsigned without;
		int err;
	} rows[] = {{NULL, 0, 0}, {"", 0, 0}, {"gso", PEN_WITHOUT_GSO, 0},
		{"gso,gro", PEN_WITHOUT_GSO | PEN_WITHOUT_GRO, 0},
		{"io_uring,multishot,registered,direct,gro,gso,hugepages", 127, 0},
		{"gso,", PEN_WITHOUT_GSO, 0}, {"x", 0, PEN_EUSAGE}, {"gs", 0, PEN_EUSAGE},
		{"gsox", 0, PEN_EUSAGE}, {"gso gro", 0, PEN_EUSAGE}, {",gso", 0, PEN_EUSAGE}};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		unsigned without = 1u << 30;
		struct pen_why why = {0};
		cr_expect_eq(pen_without_parse(rows[i].text, &without, &why), rows[i].err, "%s",
			rows[i].text);
		if (!rows[i].err)
			cr_expect_eq(without, rows[i].without, "%s", rows[i].text);
	}
}
