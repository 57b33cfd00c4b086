/* Parts of one fetch, and the forms in which they may come. */
#include "../../tools/penstock/docket.h"

#include <criterion/criterion.h>

#include "base/clock.h"

#define BOTH (1u << PEN_FORM_NEARCORE | 1u << PEN_FORM_LEAN)

Test(tools_docket, counts)
{
	struct docket docket;
	struct pen_why why = {"too large"}, other = {"another"};
	cr_assert_eq(docket_open(&docket, 10, BOTH, 5), 0);
	cr_expect_eq(docket.count[DOCKET_OPEN], 10);
	cr_expect(docket_wants(&docket, 3, PEN_FORM_LEAN));
	cr_expect(docket_wants(&docket, 3, PEN_FORM_NEARCORE));
	cr_expect(!docket_wants(&docket, 3, PEN_FORM_RAW));
	docket_set(&docket, 0, DOCKET_OUT);
	docket_set(&docket, 1, DOCKET_HERE);
	docket_store(&docket, 2, PEN_FORM_LEAN, 100);
	docket_store(&docket, 3, PEN_FORM_NEARCORE, 50);
	docket_lose(&docket, 4, PEN_ELARGE, &why);
	docket_lose(&docket, 5, PEN_ENOTFOUND, &other);
	cr_expect_eq(docket.count[DOCKET_OPEN], 4);
	cr_expect_eq(docket.count[DOCKET_HERE], 3);
	cr_expect_eq(docket.count[DOCKET_OUT], 1);
	cr_expect_eq(docket.count[DOCKET_LOST], 2);
	cr_expect_eq(docket_stored(&docket), 2);
	cr_expect_eq(docket.bytes, 150);
	cr_expect_eq(docket.code, PEN_ELARGE, "the first");
	cr_expect_str_eq(docket.why.text, "too large");
	for (uint32_t k = 0; k < 6; k++)
		cr_expect(!docket_wants(&docket, k, PEN_FORM_LEAN), "part %u", k);
	docket_close(&docket);
	docket_close(&docket);
}

/* A part keeps its form as long as somebody has it. */
Test(tools_docket, forms)
{
	struct docket docket;
	int64_t now = 0;
	cr_assert_eq(docket_open(&docket, 2, BOTH, now), 0);
	docket_prefer(&docket, 0, PEN_FORM_LEAN);
	docket_prefer(&docket, 1, PEN_FORM_NEARCORE);
	cr_expect(docket_wants(&docket, 0, PEN_FORM_LEAN));
	cr_expect(!docket_wants(&docket, 0, PEN_FORM_NEARCORE));
	cr_expect(!docket_wants(&docket, 1, PEN_FORM_LEAN));
	for (; now < 10 * PEN_NS_PER_S; now += PEN_NS_PER_S)
		cr_expect(!docket_look(&docket, 0, true, now), "it is offered");
	int64_t last = now - PEN_NS_PER_S;
	cr_expect(!docket_look(&docket, 0, false, last + DOCKET_DEAD_NS - 1), "for a moment");
	cr_expect(!docket_wants(&docket, 0, PEN_FORM_NEARCORE));
	cr_expect(docket_look(&docket, 0, false, last + DOCKET_DEAD_NS));
	cr_expect(docket_wants(&docket, 0, PEN_FORM_NEARCORE));
	cr_expect(docket_wants(&docket, 0, PEN_FORM_LEAN), "whoever comes first");
	cr_expect(!docket_look(&docket, 0, false, last + 2 * DOCKET_DEAD_NS), "only once");
	docket_close(&docket);
}

/* What radios cannot bring may come otherwise. */
Test(tools_docket, refused)
{
	struct docket docket;
	const struct pen_why why = {"fails its proof"};
	cr_assert_eq(docket_open(&docket, 2, BOTH, 0), 0);
	docket_refuse(&docket, 1, PEN_FORM_LEAN, PEN_EMISSING, &why);
	cr_expect(docket_wants(&docket, 1, PEN_FORM_LEAN));
	cr_expect(!docket_airs(&docket, 1, PEN_FORM_LEAN));
	cr_expect(docket_airs(&docket, 1, PEN_FORM_NEARCORE));
	cr_expect(docket_airs(&docket, 0, PEN_FORM_LEAN));
	cr_expect_eq(docket.code, PEN_EMISSING);
	cr_expect_eq(docket.count[DOCKET_OPEN], 2);
	docket_store(&docket, 1, PEN_FORM_NEARCORE, 1);
	cr_expect(!docket_airs(&docket, 1, PEN_FORM_NEARCORE));
	docket_close(&docket);
}
