/* A test whose arithmetic is undefined and whose assertion holds: it must be called failed. */
#include <criterion/criterion.h>
#include <limits.h>

Test(net, undefined)
{
	volatile int sum = INT_MAX;
	sum = sum + 1;
	cr_assert(sum);
}
