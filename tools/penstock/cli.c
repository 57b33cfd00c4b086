#include "cli.h"

#include <stdio.h>
#include <stdlib.h>

int cli_end(const char *verb, int err, const struct pen_why *why)
{
	if (err >= 0)
		return PEN_EXIT_OK;
	fprintf(stderr, "penstock %s: %s\n", verb,
		why && why->text[0] ? why->text : pen_err_text(err));
	return (int)pen_err_exit(err);
}

void cli_parse(const struct argp *argp, const char *name, int argc, char **argv, void *input)
{
	char shown[64];
	snprintf(shown, sizeof shown, "%s", name);
	argp_err_exit_status = PEN_EXIT_USAGE;
	argv[0] = shown;
	argp_parse(argp, argc, argv, 0, NULL, input);
}

uint64_t cli_number(
	struct argp_state *state, const char *flag, const char *text, uint64_t min, uint64_t max)
{
	uint64_t value = 0;
	if (pen_number_parse(text, max, &value) || value < min)
		argp_error(state, "%s is '%s': expected a number from %llu to %llu", flag, text,
			(unsigned long long)min, (unsigned long long)max);
	return value;
}

struct pen_hash cli_hash(struct argp_state *state, const char *flag, const char *text)
{
	struct pen_hash hash = {0};
	if (pen_hash_parse(text, &hash))
		argp_error(state, "%s is '%s': expected a hash of 32 bytes in base58 or hex", flag,
			text);
	return hash;
}

struct pen_shard cli_shard(struct argp_state *state, const char *flag, const char *text)
{
	struct pen_shard shard = {0};
	if (pen_shard_parse(text, &shard))
		argp_error(state, "%s is '%s': expected a ShardUId such as s7.v3", flag, text);
	return shard;
}

void cli_json_string(const char *text)
{
	putchar('"');
	for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
		if (*at == '"' || *at == '\\')
			printf("\\%c", *at);
		else if (*at < 0x20)
			printf("\\u%04x", *at);
		else
			putchar(*at);
	}
	putchar('"');
}
