/* A test that reads behind its buffer and passes its assertion: it must be called failed. */
#include <criterion/criterion.h>
#include <stdlib.h>

Test(net, overflow)
{
	volatile char *bytes = calloc(16, 1);
	volatile size_t behind = 16;
	volatile char seen = bytes[behind];
	cr_assert(seen == seen);
	free((void *)bytes);
}
