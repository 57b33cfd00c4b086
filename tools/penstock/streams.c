#include "streams.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"

static int code_meant;

static void end(void)
{
	/* An earlier failure has set the error mark, and its reason is gone by now. */
	errno = 0;
	int failed = ferror(stdout);
	if (fflush(stdout) == 0 && !failed)
		return;
	int err = errno ? -errno : -EIO;
	if (code_meant)
		return;
	fprintf(stderr, "penstock: cannot write standard output: %s\n", strerror(-err));
	_exit((int)pen_err_exit(err));
}

void streams_open(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		/* The lowest free number is given: it is this one, as those below are open. */
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) < 0)
			_exit(PEN_EXIT_MACHINE);
	}
	atexit(end);
}

int streams_code(int code)
{
	code_meant = code;
	return code;
}
