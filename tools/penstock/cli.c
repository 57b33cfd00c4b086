#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What to do about it, in general. None is longer than this. */
#define WAY_OUT_BYTES 100
static const char *way_out(int err)
{
	switch (err) {
	case -ENOSPC:
	case -EDQUOT: return "; make room there (df -h, df -i) and start again";
	case -EACCES:
	case -EPERM: return "; let this user in, or name another place";
	case -EROFS: return "; make it writable, or name another place";
	case -ENOENT: return "; look whether the name is right";
	case -ENOTDIR: return "; name a directory";
	case PEN_ENOTFOUND: return "; look whether root and N are right, or add a source";
	case PEN_ENET: return "; start again when a source is there, or add another";
	case PEN_ESTALL: return "; look at the network, give it more --stall, or add a source";
	default: return "";
	}
}

const char *cli_way_out(int err, const char *said)
{
	return strstr(said, "; ") ? "" : way_out(err);
}

int cli_end(const char *verb, int err, const struct pen_why *why)
{
	if (err >= 0)
		return PEN_EXIT_OK;
	const char *said = why && why->text[0] ? why->text : pen_err_text(err);
	fprintf(stderr, "penstock %s: %s%s\n", verb, said, cli_way_out(err, said));
	return (int)pen_err_exit(err);
}

int cli_end_json(const char *verb, bool json, int err, const struct pen_why *why)
{
	if (json && err < 0) {
		printf("{");
		cli_json_why(err, why->text[0] ? why->text : pen_err_text(err));
		printf("}\n");
	}
	return cli_end(verb, err, why);
}

void cli_parse(const struct argp *argp, const char *name, int argc, char **argv, void *input)
{
	char shown[64];
	snprintf(shown, sizeof shown, "%s", name);
	argp_err_exit_status = PEN_EXIT_USAGE;
	argv[0] = shown;
	argp_parse(argp, argc, argv, 0, NULL, input);
}

const char *cli_one(
	struct argp_state *state, const char *what, const char *before, const char *text)
{
	if (before)
		argp_error(state, "one %s at a time, got '%s' too", what, text);
	return text;
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

uint64_t cli_size(struct argp_state *state, const char *flag, const char *text)
{
	uint64_t bytes = 0;
	if (pen_size_parse(text, &bytes))
		argp_error(state, "%s is '%s': expected a size such as 512MiB or 2GiB", flag, text);
	return bytes;
}

uint64_t cli_rate(struct argp_state *state, const char *flag, const char *text)
{
	uint64_t bytes_s = 0;
	if (pen_rate_parse(text, &bytes_s))
		argp_error(state, "%s is '%s': expected a rate such as 10Gbit/s or 200MiB/s", flag,
			text);
	return bytes_s;
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

uint64_t cli_shard_number(struct argp_state *state, const char *flag, const char *text)
{
	if (*text != 's')
		return cli_number(state, flag, text, 0, UINT64_MAX);
	return cli_shard(state, flag, text).id;
}

void cli_chain(struct argp_state *state, const char *flag, const char *text,
	char chain[PEN_CHAIN_BYTES_MAX + 1])
{
	if (!pen_chain_valid(text))
		argp_error(state,
			"%s is '%s': expected 1 to %d characters out of a-z, 0-9, _ and -", flag,
			text, PEN_CHAIN_BYTES_MAX);
	snprintf(chain, PEN_CHAIN_BYTES_MAX + 1, "%s", text);
}

/* Bytes of the UTF-8 character that begins here, 0 if none does (RFC 3629: no overlong form, no
 * surrogate, nothing above U+10FFFF). */
static unsigned utf8_bytes(const unsigned char *at)
{
	static const struct {
		unsigned char first, last; /* of the first byte */
		unsigned char second_min, second_max;
		unsigned char bytes;
	} rows[] = {{0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
		{0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3},
		{0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
		{0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4}};
	if (*at < 0x80)
		return 1;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (*at < rows[i].first || *at > rows[i].last)
			continue;
		if (at[1] < rows[i].second_min || at[1] > rows[i].second_max)
			return 0;
		for (unsigned j = 2; j < rows[i].bytes; j++) {
			if ((at[j] & 0xc0) != 0x80)
				return 0;
		}
		return rows[i].bytes;
	}
	return 0;
}

void cli_json_string(const char *text)
{
	unsigned bytes;
	putchar('"');
	for (const unsigned char *at = (const unsigned char *)text; *at; at += bytes ? bytes : 1) {
		bytes = utf8_bytes(at);
		if (*at == '"' || *at == '\\')
			printf("\\%c", *at);
		else if (*at < 0x20)
			printf("\\u%04x", *at);
		else if (bytes)
			fwrite(at, 1, bytes, stdout);
		else
			printf("\\ufffd");
	}
	putchar('"');
}

static void print_nouns(FILE *out, const char *verb, const struct cli_verb *nouns)
{
	fprintf(out, "Usage: penstock %s NOUN [FLAG...]\n\n", verb);
	for (; nouns->name; nouns++)
		fprintf(out, "  %-8s %s\n", nouns->name, nouns->summary);
	fprintf(out, "\n'penstock %s NOUN --help' lists a noun's flags.\n", verb);
}

int cli_noun(const char *verb, const struct cli_verb *nouns, int argc, char **argv)
{
	if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-?"))) {
		print_nouns(stdout, verb, nouns);
		return PEN_EXIT_OK;
	}
	for (const struct cli_verb *noun = nouns; argc > 1 && noun->name; noun++) {
		if (!strcmp(argv[1], noun->name))
			return noun->run(argc - 1, argv + 1);
	}
	if (argc > 1)
		fprintf(stderr, "penstock %s: there is no '%s' to %s\n", verb, argv[1], verb);
	print_nouns(stderr, verb, nouns);
	return PEN_EXIT_USAGE;
}

/* One read at the end of the buffer: bytes, 0 at the end, or -errno. */
static ssize_t read_more(int fd, struct pen_buf *out)
{
	ssize_t got;
	if (pen_buf_grow(out, 1 << 16))
		return -ENOMEM;
	do
		got = read(fd, out->at + out->len, out->cap - out->len);
	while (got < 0 && errno == EINTR);
	if (got > 0)
		out->len += (size_t)got;
	return got < 0 ? -errno : got;
}

int cli_read(const char *path, size_t bytes_max, struct pen_buf *out, struct pen_why *why)
{
	/* Without O_NONBLOCK a FIFO that nobody writes to would hang here for ever. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat stat;
	if (fd < 0 || fstat(fd, &stat)) {
		int err = -errno;
		if (fd >= 0)
			close(fd);
		return pen_fail(why, err, "%s: %s", path, pen_err_text(err));
	}
	size_t before = out->len;
	ssize_t got = S_ISREG(stat.st_mode) ? 1 : S_ISDIR(stat.st_mode) ? -EISDIR : -EINVAL;
	while (got > 0 && out->len - before <= bytes_max)
		got = read_more(fd, out);
	close(fd);
	if (got == -EINVAL)
		return pen_fail(why, -EINVAL, "%s: not a regular file", path);
	if (got < 0)
		return pen_fail(why, (int)got, "%s: %s", path, pen_err_text((int)got));
	if (got > 0)
		return pen_fail(why, PEN_EINPUT, "%s: larger than the %zu bytes that may be read",
			path, bytes_max);
	return 0;
}

int cli_write_bytes(struct pen_bytes bytes, struct pen_why *why)
{
	if (fwrite(bytes.at, 1, bytes.len, stdout) != bytes.len || fflush(stdout))
		return pen_fail(why, -errno, "stdout: %s", pen_err_text(-errno));
	return 0;
}

void cli_json_why(int err, const char *reason)
{
	char whole[PEN_WHY_BYTES + WAY_OUT_BYTES];
	snprintf(whole, sizeof whole, "%s%s", reason, cli_way_out(err, reason));
	printf("\"error\": ");
	cli_json_string(pen_err_text(err));
	printf(", \"reason\": ");
	cli_json_string(whole);
}
