#include <criterion/criterion.h>
#include <signal.h>

#include "base/check.h"

Test(base_check, aborts_on_a_broken_promise, .signal = SIGABRT)
{
	PEN_CHECK(1 + 1 == 3);
}

Test(base_check, goes_on_when_it_holds)
{
	PEN_CHECK(1 + 1 == 2);
	PEN_DCHECK(1 + 1 == 2);
	int rows[3];
	cr_expect_eq(PEN_COUNT(rows), 3);
}
