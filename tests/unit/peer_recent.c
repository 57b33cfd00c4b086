#include <criterion/criterion.h>

#include "base/check.h"
#include "peer/recent.h"

static struct pen_recent recent;

Test(peer_recent, finds_until_it_is_over)
{
	pen_recent_init(&recent);
	struct pen_recent_entry entry = {.name = 77, .session = 5, .until_ns = 100};
	cr_expect_eq(pen_recent_find(&recent, 77, 0), 0);
	cr_expect(pen_recent_add(&recent, &entry, 0));
	cr_expect_eq(pen_recent_find(&recent, 77, 99), 5);
	cr_expect_eq(pen_recent_find(&recent, 77, 100), 0);
	cr_expect_eq(pen_recent_find(&recent, 77 + PEN_RECENT_SETS, 50), 0);
	cr_expect_eq(pen_recent_find(&recent, 0, 50), 0);
}

Test(peer_recent, refuses_what_has_no_place)
{
	pen_recent_init(&recent);
	struct pen_recent_entry entry = {.session = 1, .until_ns = 100};
	for (unsigned i = 0; i < PEN_RECENT_WAYS; i++) {
		entry.name = 3 + i * PEN_RECENT_SETS;
		entry.session = 1 + i;
		cr_expect(pen_recent_add(&recent, &entry, 0));
	}
	entry.name += PEN_RECENT_SETS;
	cr_expect_not(pen_recent_add(&recent, &entry, 99));
	for (unsigned i = 0; i < PEN_RECENT_WAYS; i++)
		cr_expect_eq(pen_recent_find(&recent, 3 + i * PEN_RECENT_SETS, 99), 1 + i);
	entry.until_ns = 200;
	cr_expect(pen_recent_add(&recent, &entry, 100), "all others are over");
	cr_expect_eq(pen_recent_find(&recent, entry.name, 150), entry.session);
}
