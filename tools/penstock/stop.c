#include "stop.h"

#include <signal.h>

static volatile sig_atomic_t asked;

/* Both are given back at once, so that INT followed by TERM ends the process too. */
static void remember(int number)
{
	(void)number;
	asked = 1;
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
}

void stop_install(void)
{
	struct sigaction action = {.sa_handler = remember};
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

bool stop_asked(void)
{
	return asked;
}
