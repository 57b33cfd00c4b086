/*
 * plain: the smallest test runner, for builds where Criterion cannot run (it aborts under TSan)
 * and for programs that drive whole processes. Rows of a table, one process, exit code 0, 1, or
 * 77 when everything was skipped.
 */
#ifndef PEN_TESTS_PLAIN_H
#define PEN_TESTS_PLAIN_H

#include <stdio.h>
#include <stdlib.h>

struct plain_test {
	const char *name;
	void (*run)(void);
};

static int plain_failures;

/* Count a failure and go on. */
#define PLAIN_EXPECT(condition) \
	do { \
		if (!(condition)) { \
			fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, \
				#condition); \
			plain_failures++; \
		} \
	} while (0)

/* Run all rows, say which failed, return the exit code of the program. */
static inline int plain_main(const struct plain_test *tests, size_t count)
{
	size_t failed = 0;
	for (size_t i = 0; i < count; i++) {
		int before = plain_failures;
		tests[i].run();
		int bad = plain_failures != before;
		printf("%s %s\n", bad ? "FAIL" : "ok  ", tests[i].name);
		failed += (size_t)bad;
	}
	printf("%zu passed, %zu failed\n", count - failed, failed);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
