/*
 * replay: a main for fuzz targets where there is no fuzzer: run every file of the directories
 * given, each in memory of exactly its size, so that ASan sees a read behind it.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "fuzz.h"

/* Far above any file of a corpus. */
#define INPUT_BYTES_MAX (1 << 24)

static int replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	if (!file || fseek(file, 0, SEEK_END))
		return -1;
	long len = ftell(file);
	if (len < 0 || len > INPUT_BYTES_MAX)
		return -1;
	rewind(file);
	uint8_t *data = malloc(len ? (size_t)len : 1);
	int err = !data || fread(data, 1, (size_t)len, file) != (size_t)len;
	if (!err)
		LLVMFuzzerTestOneInput(data, (size_t)len);
	free(data);
	fclose(file);
	return err ? -1 : 0;
}

/* Files replayed, or -1. */
static int replay_directory(const char *name)
{
	DIR *dir = opendir(name);
	if (!dir)
		return -1;
	int files = 0;
	for (struct dirent *entry = readdir(dir); entry && files >= 0; entry = readdir(dir)) {
		char path[4096];
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "%s/%s", name, entry->d_name);
		files = replay_file(path) ? -1 : files + 1;
	}
	closedir(dir);
	return files;
}

int main(int argc, char **argv)
{
	int files = 0;
	for (int i = 1; i < argc; i++) {
		int some = replay_directory(argv[i]);
		if (some < 0) {
			fprintf(stderr, "%s: cannot be read\n", argv[i]);
			return EXIT_FAILURE;
		}
		files += some;
	}
	printf("%d inputs replayed\n", files);
	return files ? EXIT_SUCCESS : EXIT_FAILURE;
}
