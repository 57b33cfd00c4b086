#include "stop.h"

#include <signal.h>

#include "base/clock.h"

/* A supervisor that forwards a signal to a process and to its whole group sends two of one wish. */
#define STOP_ECHO_NS (200 * PEN_NS_PER_MS)

static volatile sig_atomic_t asked;
static int64_t asked_ns;

static void remember(int number)
{
	int64_t now = pen_clock_ns();
	if (!asked) {
		asked_ns = now;
		asked = 1;
		return;
	}
	if (now - asked_ns < STOP_ECHO_NS)
		return;
	signal(number, SIG_DFL);
	raise(number);
}

void stop_install(void)
{
	struct sigaction action = {.sa_handler = remember};
	/* One handler at a time: it reads what the first one wrote. */
	sigaddset(&action.sa_mask, SIGINT);
	sigaddset(&action.sa_mask, SIGTERM);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

bool stop_asked(void)
{
	return asked;
}
