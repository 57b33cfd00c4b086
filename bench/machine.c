#include "bench/machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#define LINE_BYTES 512

/* The text as a JSON string: what could end it early is left out. */
static void print_text(const char *name, const char *text)
{
	printf("\"%s\":\"", name);
	for (; *text; text++) {
		if (*text >= ' ' && *text != '"' && *text != '\\')
			putchar(*text);
	}
	putchar('"');
}

static void print_cpu(void)
{
	char line[LINE_BYTES];
	const char *model = "unknown";
	FILE *file = fopen("/proc/cpuinfo", "re");
	while (file && fgets(line, sizeof line, file)) {
		char *colon = strchr(line, ':');
		if (strncmp(line, "model name", 10) || !colon || !colon[1])
			continue;
		model = colon + 2;
		break;
	}
	print_text("cpu", model);
	if (file)
		fclose(file);
}

static void print_build(void)
{
	const char *commit = getenv("PEN_BENCH_COMMIT");
	printf("\"build\":{");
#ifdef __clang__
	print_text("compiler", "clang " __clang_version__);
#else
	print_text("compiler", "gcc " __VERSION__);
#endif
	printf(",\"buildtype\":\"%s\",\"optimization\":\"%s\",\"version\":\"%s\",", PEN_BUILDTYPE,
		PEN_OPTIMIZATION, PEN_VERSION);
	print_text("commit", commit ? commit : "unknown");
	printf("},");
}

void bench_machine_print(void)
{
	struct utsname name;
	char date[32];
	time_t now = time(NULL);
	struct tm utc;
	printf("\"machine\":{");
	print_cpu();
	printf(",\"cores\":%ld,", sysconf(_SC_NPROCESSORS_ONLN));
	print_text("kernel", uname(&name) ? "unknown" : name.release);
	printf("},");
	print_build();
	strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
	printf("\"date\":\"%s\"", date);
}
