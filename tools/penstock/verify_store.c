/* penstock verify store: prove every part that lies in a store. */
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "drivers/table.h"
#include "store/layout.h"
#include "store/tree.h"
#include "store/vet.h"

struct flags {
	const char *dir;
	bool json;
};

enum { FLAG_JSON = 1 };

static const struct argp_option options[] = {
	{"json", FLAG_JSON, NULL, 0, "print the result as JSON", 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct flags *flags = state->input;
	switch (key) {
	case FLAG_JSON: flags->json = true; return 0;
	case ARGP_KEY_ARG: flags->dir = cli_one(state, "DIR", flags->dir, arg); return 0;
	case ARGP_KEY_END:
		if (!flags->dir)
			argp_error(state, "DIR is required: a store or a directory of parts");
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

struct count {
	uint64_t files, bad, missing, bytes;
	uint64_t forms[PEN_FORMS]; /* of the files */
};

/* The parts of one directory that are of one N. Their root is that of the first part that is
 * proved, in the whole directory. */
struct place {
	const char *dir;
	bool known; /* a part is proved */
	bool hinted; /* no, but a header names the root */
	struct pen_hash root;
	uint32_t n;
	const struct pen_tree_file *files; /* by k */
	size_t files_count;
	struct count count;
};

struct verify {
	const struct flags *flags;
	struct pen_disk *disk;
	struct pen_vet vet;
	struct pen_buf dirs, files;
	struct count total;
	bool printed; /* the result is on standard output, whatever the verdict */
	uint64_t places; /* directories with parts, once for each N */
	uint64_t unread; /* bad only because the machine would not read them */
	uint64_t closed; /* directories that could not be listed */
	int unread_err; /* the first such code of either */
};

/* Say that a file is bad. In JSON it is one object of the directory's list. */
static void bad_print(const struct verify *verify, const char *path, int err,
	const struct pen_why *why, bool first)
{
	const char *reason = why->text[0] ? why->text : pen_err_text(err);
	fprintf(stderr, "%s: %s\n", path, reason);
	if (!verify->flags->json)
		return;
	printf("%s{\"file\": ", first ? "" : ", ");
	cli_json_string(path);
	printf(", ");
	cli_json_why(err, reason);
	printf("}");
}

/* All parts of a directory are of one state. */
static int agree(struct place *place, const struct pen_catalog_file *file, struct pen_why *why)
{
	char here[PEN_HASH_TEXT_BYTES], there[PEN_HASH_TEXT_BYTES];
	if (!place->known)
		place->root = file->root;
	place->known = true;
	if (pen_hash_equal(&file->root, &place->root))
		return 0;
	return pen_fail(why, PEN_EVERIFY,
		"it is a part of state %s, and others here are parts of %s",
		pen_base58(&file->root, here), pen_base58(&place->root, there));
}

static void unread_note(struct verify *verify, int err)
{
	if (!verify->unread_err)
		verify->unread_err = err;
}

static void file_verify(
	struct verify *verify, struct place *place, const struct pen_tree_file *there)
{
	struct pen_catalog_file file = {
		.root = there->root, .form = there->form, .n = there->n, .k = there->k};
	struct pen_why why = {0};
	char name[PEN_PART_NAME_BYTES], raw[PEN_HASH_TEXT_BYTES], path[PEN_CATALOG_PATH_BYTES];
	snprintf(path, sizeof path, "%s%s%s", place->dir, place->dir[0] ? "/" : "",
		there->form == PEN_FORM_RAW ? pen_base58(&there->root, raw)
					    : pen_part_name(there->form, there->k, there->n, name));
	struct pen_vet_ask ask = {
		verify->disk, path, place->known || place->hinted ? &place->root : NULL, false};
	int err = pen_vet_file(&verify->vet, &ask, &file, &why);
	if (!err)
		err = agree(place, &file, &why);
	place->count.files++;
	place->count.forms[there->form]++;
	place->count.bytes += file.bytes;
	if (!err)
		return;
	bad_print(verify, path, err, &why, place->count.bad++ == 0);
	if (pen_vet_refuses(err))
		return;
	verify->unread++;
	unread_note(verify, err);
}

/* The number of the first file behind `at` that is of another part, or n. */
static uint32_t next_number(const struct place *place, size_t *at)
{
	const struct pen_tree_file *files = place->files;
	uint32_t k = *at < place->files_count ? files[*at].k : place->n;
	while (*at < place->files_count && files[*at].k == k)
		++*at;
	return k;
}

/* Print the numbers that no file has, in any form, as a set, "3,5-7"; returns how many they are. */
static uint64_t missing_print(const struct place *place, bool print)
{
	uint64_t missing = 0;
	size_t at = 0;
	for (uint32_t k = 0; k < place->n;) {
		uint32_t end = next_number(place, &at);
		end = end < place->n ? end : place->n;
		if (print && end > k)
			printf("%s%u", missing ? "," : "", k);
		if (print && end > k + 1)
			printf("-%u", end - 1);
		missing += end - k;
		k = end + 1;
	}
	return missing;
}

static void place_print_json(const struct place *place)
{
	char root[PEN_HASH_TEXT_BYTES];
	printf("], \"of\": %u, \"files\": %llu, \"nearcore\": %llu, \"lean\": %llu, "
	       "\"bytes\": %llu, \"root\": ",
		place->n, (unsigned long long)place->count.files,
		(unsigned long long)place->count.forms[PEN_FORM_NEARCORE],
		(unsigned long long)place->count.forms[PEN_FORM_LEAN],
		(unsigned long long)place->count.bytes);
	if (!place->known) {
		printf("null}");
		return;
	}
	printf("\"%s\", \"missing\": \"", pen_base58(&place->root, root));
	if (place->count.missing)
		missing_print(place, true);
	printf("\"}");
}

static void place_print(const struct place *place)
{
	char root[PEN_HASH_TEXT_BYTES];
	printf("%s: of %u: %llu files, %llu bad, %llu bytes", place->dir[0] ? place->dir : ".",
		place->n, (unsigned long long)place->count.files,
		(unsigned long long)place->count.bad, (unsigned long long)place->count.bytes);
	if (place->count.forms[PEN_FORM_LEAN])
		printf(", %llu of them lean",
			(unsigned long long)place->count.forms[PEN_FORM_LEAN]);
	if (place->known)
		printf(", root %s", pen_base58(&place->root, root));
	if (place->count.missing) {
		printf(", missing ");
		missing_print(place, true);
	}
	printf("\n");
}

static void place_verify(struct verify *verify, struct place *place)
{
	bool json = verify->flags->json;
	if (json) {
		printf("%s{\"dir\": ", verify->places + verify->closed ? ", " : "");
		cli_json_string(place->dir);
		printf(", \"bad\": [");
	}
	for (size_t i = 0; i < place->files_count; i++)
		file_verify(verify, place, &place->files[i]);
	/* Numbers beyond N or an N that cannot be are bad files, and nothing is missing then. */
	if (place->count.bad < place->count.files)
		place->count.missing = missing_print(place, false);
	if (json)
		place_print_json(place);
	else
		place_print(place);
	verify->places++;
	verify->total.files += place->count.files;
	verify->total.bad += place->count.bad;
	verify->total.missing += place->count.missing;
	verify->total.bytes += place->count.bytes;
}

/* A directory may hold one state cut in several ways: each is a place of its own, and so is a raw
 * object. */
static void dir_verify(struct verify *verify, const char *dir)
{
	const struct pen_tree_file *files = (const void *)verify->files.at;
	size_t count = verify->files.len / sizeof *files;
	struct place place = {.dir = dir};
	/* A root to try first, until a part is proved; the parts decide. */
	place.hinted = pen_vet_header(&verify->vet, verify->disk, dir, &place.root);
	for (size_t at = 0, end; at < count; at = end) {
		bool raw = files[at].form == PEN_FORM_RAW;
		for (end = at + 1; end < count && files[end].n == files[at].n && !raw; end++)
			continue;
		place.known = place.known && !raw;
		place.n = files[at].n;
		place.files = files + at;
		place.files_count = end - at;
		place.count = (struct count){0};
		place_verify(verify, &place);
	}
}

/* A directory whose files are unknown: nobody can say that they are good. */
static void dir_closed(struct verify *verify, const char *dir, int err)
{
	const char *name = dir[0] ? dir : ".";
	fprintf(stderr, "%s: cannot be listed: %s\n", name, pen_err_text(err));
	if (verify->flags->json) {
		printf("%s{\"dir\": ", verify->places + verify->closed ? ", " : "");
		cli_json_string(dir);
		printf(", \"error\": ");
		cli_json_string(pen_err_text(err));
		printf("}");
	}
	verify->closed++;
	unread_note(verify, err);
}

static int verdict(const struct verify *verify, struct pen_why *why)
{
	const struct count *total = &verify->total;
	printf(verify->flags->json
			? "], \"sets\": %llu, \"files\": %llu, \"bytes\": %llu, \"bad\": %llu, "
			  "\"missing\": %llu}\n"
			: "%llu sets of parts, %llu files, %llu bytes, %llu bad, %llu missing\n",
		(unsigned long long)verify->places, (unsigned long long)total->files,
		(unsigned long long)total->bytes, (unsigned long long)total->bad,
		(unsigned long long)total->missing);
	if (total->bad == 0 && verify->closed)
		return pen_fail(why, verify->unread_err,
			"%llu directories of %s cannot be listed: what is in them is not verified",
			(unsigned long long)verify->closed, verify->flags->dir);
	if (total->bad == 0)
		return 0;
	/* Wrong bytes outweigh what merely could not be read. */
	int err = total->bad == verify->unread ? verify->unread_err : PEN_EVERIFY;
	return pen_fail(why, err, "%llu of %llu files in %s are bad",
		(unsigned long long)total->bad, (unsigned long long)total->files,
		verify->flags->dir);
}

static int run(struct verify *verify, struct pen_why *why)
{
	const char *dir = verify->flags->dir;
	int err = pen_disk_open_dir(dir, false, &verify->disk, why);
	if (err)
		return err;
	err = pen_tree_dirs(verify->disk, &verify->dirs);
	if (err)
		return pen_fail(why, err, "cannot list %s: %s", dir, pen_err_text(err));
	verify->printed = true;
	if (verify->flags->json)
		printf("{\"parts\": [");
	for (size_t at = 0; at < verify->dirs.len;) {
		const char *name = (const char *)verify->dirs.at + at;
		err = pen_tree_files(verify->disk, name, &verify->files);
		if (err)
			dir_closed(verify, name, err);
		else if (verify->files.len)
			dir_verify(verify, name);
		at += strlen(name) + 1;
	}
	return verdict(verify, why);
}

int verify_store(int argc, char **argv)
{
	static const struct argp argp = {options, parse, "DIR",
		"Prove every part, in nearcore and lean form, in every directory of the store DIR "
		"against the root that it carries, and that all parts of a directory are of one "
		"state. Exits 4 and names "
		"each bad file; missing parts are shown, and are no fault.",
		NULL, NULL, NULL};
	struct flags flags = {0};
	struct verify verify = {.flags = &flags};
	struct pen_why why = {0};
	cli_parse(&argp, "penstock verify store", argc, argv, &flags);
	int err = run(&verify, &why);
	pen_vet_fini(&verify.vet);
	pen_buf_fini(&verify.dirs);
	pen_buf_fini(&verify.files);
	pen_disk_shut(verify.disk);
	return cli_end_json("verify store", flags.json && !verify.printed, err, &why);
}
