/* A test that leaks and passes its assertion: the test run must call it failed. */
#include <criterion/criterion.h>
#include <stdlib.h>

Test(net, leak)
{
	volatile char *lost = malloc(100);
	cr_assert(lost);
	lost[0] = 1;
	lost = NULL;
}
