#include "fetch/trouble.h"

#include <criterion/criterion.h>
#include <errno.h>

#include "base/check.h"

Test(fetch_trouble, keeps_the_gravest)
{
	static const int mild_to_grave[] = {
		0, PEN_ENOTFOUND, -EACCES, PEN_ENET, PEN_ESTALL, PEN_EMISSING};
	static struct pen_troubles troubles;
	struct pen_why why = {"net"};
	for (size_t i = 1; i < PEN_COUNT(mild_to_grave); i++)
		cr_expect_lt(pen_gravity(mild_to_grave[i - 1]), pen_gravity(mild_to_grave[i]));
	pen_troubles_note(&troubles, 5, PEN_ENET, &why);
	pen_troubles_note(&troubles, 5, PEN_ENOTFOUND, NULL);
	cr_expect_str_eq(pen_troubles_find(&troubles, 5)->why.text, "net");
	pen_troubles_note(&troubles, 5, PEN_EMISSING, NULL);
	cr_expect_str_eq(pen_troubles_find(&troubles, 5)->why.text, "MissingTrieValue");
	cr_expect_null(pen_troubles_find(&troubles, 6));
	for (uint32_t k = 100; k < 300; k++)
		pen_troubles_note(&troubles, k, PEN_ENET, &why);
	cr_expect_eq(troubles.count, PEN_TROUBLES_MAX);
	pen_troubles_forget(&troubles, 5);
	pen_troubles_forget(&troubles, 5);
	cr_expect_null(pen_troubles_find(&troubles, 5));
	cr_expect_eq(troubles.count, PEN_TROUBLES_MAX - 1);
}
