/*
 * cli: what all commands share: how they are named, how they fail and how they speak.
 *
 * A command is one cmd_<verb>.c with one function; it parses its flags with argp, does its work
 * through the engine, prints to stdout what was asked for and to stderr what happened, and returns
 * an exit code of enum pen_exit.
 */
#ifndef PEN_TOOLS_CLI_H
#define PEN_TOOLS_CLI_H

#include <argp.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "part/id.h"
#include "store/layout.h"

struct cli_verb {
	const char *name;
	const char *summary; /* one line for --help */
	int (*run)(int argc, char **argv); /* argv[0] is the verb */
};

int cmd_fetch(int argc, char **argv);
int cmd_generate(int argc, char **argv);
int cmd_inspect(int argc, char **argv);
int cmd_make(int argc, char **argv);
int cmd_serve(int argc, char **argv);
int cmd_sync(int argc, char **argv);
int cmd_verify(int argc, char **argv);

/* Verbs that take a noun: `penstock inspect state ...`. argv[0] is the noun. */
int inspect_bounds(int argc, char **argv);
int inspect_header(int argc, char **argv);
int inspect_part(int argc, char **argv);
int inspect_state(int argc, char **argv);
int verify_db(int argc, char **argv);
int verify_part(int argc, char **argv);
int verify_store(int argc, char **argv);

/*
 * Run the row of `nouns` (ended by a row without name) that argv[1] names, with argv moved on by
 * one; without a noun or with an unknown one say which there are and return PEN_EXIT_USAGE.
 */
int cli_noun(const char *verb, const struct cli_verb *nouns, int argc, char **argv);

/*
 * Read a whole file into `out` (appended). 0; -errno; or PEN_EINPUT if it holds more than
 * `bytes_max`, all with a sentence that names the file.
 */
int cli_read(const char *path, size_t bytes_max, struct pen_buf *out, struct pen_why *why);

/* Write bytes to standard output. 0 or -errno with a sentence. */
int cli_write_bytes(struct pen_bytes bytes, struct pen_why *why);

/*
 * What to do about such a code, to be put behind `said`; "" if there is nothing to say, or if that
 * knows better and says it after "; ".
 */
const char *cli_way_out(int err, const char *said);

/*
 * End a command: on 0 return 0; else print "penstock <verb>: <sentence>" to stderr (the code's own
 * phrase if there is no sentence), with the way out, and return its exit code.
 */
int cli_end(const char *verb, int err, const struct pen_why *why);

/*
 * The same for a command that owes JSON and has printed none: on an error print an object with
 * "error", the code's own phrase, and "reason", the sentence, to stdout first.
 */
int cli_end_json(const char *verb, bool json, int err, const struct pen_why *why);

/*
 * Parse with argp so that every mistake exits with PEN_EXIT_USAGE and names the flag; --help and
 * --usage print and exit 0. `name` is what usage lines show, "penstock make".
 */
void cli_parse(const struct argp *argp, const char *name, int argc, char **argv, void *input);

/* The argument of a command that takes one, called `what` in its usage; `before` is what was given
 * already, or NULL. A second one ends the process with PEN_EXIT_USAGE. For argp parsers. */
const char *cli_one(
	struct argp_state *state, const char *what, const char *before, const char *text);

/*
 * Read a flag's value or end the process with PEN_EXIT_USAGE and a sentence that names the flag,
 * the value and what was expected. For argp parsers.
 */
uint64_t cli_number(
	struct argp_state *state, const char *flag, const char *text, uint64_t min, uint64_t max);
uint64_t cli_size(struct argp_state *state, const char *flag, const char *text);
uint64_t cli_rate(
	struct argp_state *state, const char *flag, const char *text); /* bytes a second */
struct pen_hash cli_hash(struct argp_state *state, const char *flag, const char *text);
struct pen_shard cli_shard(struct argp_state *state, const char *flag, const char *text);
/* Labels: a shard's number alone, or out of a ShardUId; a chain, as in struct pen_labels. */
uint64_t cli_shard_number(struct argp_state *state, const char *flag, const char *text);
void cli_chain(struct argp_state *state, const char *flag, const char *text,
	char chain[PEN_CHAIN_BYTES_MAX + 1]);

/*
 * A JSON string: `text` with quotes and escapes, to stdout. Bytes that are no UTF-8, which names of
 * files may hold, become U+FFFD, one each.
 */
void cli_json_string(const char *text);

/* Members "error", the code's own phrase, and "reason", this sentence with the way out, of an
 * object, to stdout. */
void cli_json_why(int err, const char *reason);

#endif
