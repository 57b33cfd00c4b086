/*
 * lean: what the lean form of a state's parts takes on the wire against nearcore's form at the same
 * zstd level. Bytes, not time: the reading is the same in every run and on every machine.
 *
 *   lean/size   lean over nearcore, all parts of nearcore's number, zstd level 1; and what the
 *               lean bytes are: heads (proof nodes, frame tables, the rest), and what the columns
 * of keys, values and numbers come to when each is compressed alone, frame by frame
 *
 * Every lean part is proved, and turned back into the very bytes that nearcore's form has.
 */
#include <stdio.h>

#include "bench/machine.h"
#include "bench/memfile.h"
#include "make/cut.h"
#include "part/press.h"
#include "part/rebuild.h"

/* Parts of a run of --check, where a part of nearcore's size would be the whole state. */
#define PARTS_CHECK 5u
/* nearcore's default. */
#define LEVEL 1
/* Most that lean may be of nearcore's form. */
#define CEILING 0.42

/* Bytes of all parts. */
struct sums {
	uint64_t nearcore, content; /* stored; PartialState */
	uint64_t lean, raw; /* heads and stored frames; raw frames */
	uint64_t proof, tables, heads; /* of the heads: nodes, frame tables, all */
	uint64_t plain[3], alone[3]; /* keys, values, numbers: raw, and compressed by kind */
};

struct reading {
	struct bench *bench;
	struct bench_pairs pairs;
	struct pen_buf bytes; /* of the file */
	struct bench_memfile file;
	struct pen_survey survey;
	struct pen_cut cut;
	struct pen_zstd zstd;
	struct pen_proof proof;
	struct pen_press press;
	struct pen_rebuild rebuild;
	struct pen_buf content, again, lean, stored;
	struct sums sums;
	struct pen_why why;
};

/* What each column of a frame comes to. */
static int add_up_frame(struct reading *reading, struct pen_bytes raw)
{
	struct pen_lean_frame_reader frame;
	int err = pen_lean_frame_begin(&frame, raw, &reading->why);
	const struct pen_bytes columns[] = {frame.keys, frame.values, frame.numbers};
	for (size_t i = 0; i < 3 && !err; i++) {
		reading->sums.plain[i] += columns[i].len;
		reading->stored.len = 0;
		err = pen_envelope_seal(
			&reading->zstd, columns[i], LEVEL, &reading->stored, &reading->why);
		reading->sums.alone[i] += reading->stored.len - PEN_ENVELOPE_HEAD_BYTES;
	}
	return err;
}

/* The lean part just proved. */
static int add_up(struct reading *reading)
{
	const struct pen_lean_head *head = &reading->rebuild.head;
	struct sums *sums = &reading->sums;
	int err = 0;
	sums->lean += reading->lean.len;
	sums->raw += head->raw_bytes;
	sums->heads += head->bytes;
	sums->proof += head->proof.len;
	sums->tables += head->rows.len;
	for (uint32_t i = 0; i < head->frames && !err; i++) {
		struct pen_bytes raw = {
			pen_rebuild_room(&reading->rebuild, i), pen_lean_row(head, i).raw_bytes};
		err = add_up_frame(reading, raw);
	}
	return err;
}

/* The part in nearcore's form, into content, and what it takes stored. */
static int make_nearcore(struct reading *reading, const struct pen_part_id *id)
{
	struct pen_why *why = &reading->why;
	reading->content.len = 0;
	reading->stored.len = 0;
	int err = pen_cut_part(&reading->cut, id->k, id->n, why);
	if (!err)
		err = pen_cut_content(&reading->cut, &reading->content, why);
	if (!err)
		err = pen_envelope_seal(&reading->zstd, pen_buf_bytes(&reading->content), LEVEL,
			&reading->stored, why);
	reading->sums.content += reading->content.len;
	reading->sums.nearcore += reading->stored.len;
	return err;
}

static int make_lean(struct reading *reading, const struct pen_part_id *id)
{
	struct pen_why *why = &reading->why;
	static const struct pen_rebuild_limits keep = {.keep = true};
	reading->lean.len = 0;
	int err = pen_proof_check(&reading->proof, id, pen_buf_bytes(&reading->content), why);
	if (!err)
		err = pen_press_proof(&reading->press, &reading->proof, LEVEL, &reading->lean, why);
	if (!err)
		err = pen_rebuild_check(
			&reading->rebuild, id, pen_buf_bytes(&reading->lean), &keep, why);
	return err ? err : add_up(reading);
}

/* Does the lean part have everything that nearcore's has? */
static int check_back(struct reading *reading)
{
	reading->again.len = 0;
	int err = pen_rebuild_content(&reading->rebuild, &reading->again, &reading->why);
	if (!err &&
		pen_bytes_compare(pen_buf_bytes(&reading->again), pen_buf_bytes(&reading->content)))
		err = pen_fail(&reading->why, PEN_EBUG, "a lean part gave other bytes back");
	return err;
}

static int read_parts(struct reading *reading)
{
	const struct pen_trie_sum *sum = &reading->survey.sum;
	struct pen_part_id id = {sum->root, 0, PARTS_CHECK};
	int err = 0;
	if (!reading->bench->check)
		id.n = pen_part_count(sum->memory_usage);
	for (; id.k < id.n && !err; id.k++) {
		err = make_nearcore(reading, &id);
		if (!err)
			err = make_lean(reading, &id);
		if (!err)
			err = check_back(reading);
	}
	return err;
}

static int prepare(struct reading *reading)
{
	struct pen_gather_spill never = {0};
	int err = bench_memfile_write(&reading->pairs, &reading->bytes);
	if (err)
		return err;
	bench_memfile_init(&reading->file, pen_buf_bytes(&reading->bytes));
	err = bench_memfile_survey(&reading->file, &reading->survey, &reading->why);
	struct pen_pairs_from from = bench_memfile_from(&reading->file);
	return err ? err
		   : pen_cut_open(&reading->cut, &reading->survey, &from, &never, 0, &reading->why);
}

static void print(const struct reading *reading)
{
	static const char *const kinds[] = {"keys", "values", "numbers"};
	const struct sums *sums = &reading->sums;
	double value = (double)sums->lean / (double)sums->nearcore;
	printf("{\"name\":\"%s/size\",\"value\":%.4f,\"unit\":\"lean bytes / nearcore bytes\",",
		reading->bench->name, value);
	printf("\"ceiling\":%.2f,\"holds\":%s,", CEILING, value <= CEILING ? "true" : "false");
	printf("\"nearcore\":{\"stored_MB\":%.3f,\"PartialState_MB\":%.3f},",
		(double)sums->nearcore / 1e6, (double)sums->content / 1e6);
	printf("\"lean\":{\"stored_MB\":%.3f,\"raw_MB\":%.3f,\"heads_MB\":%.3f,"
	       "\"proof_nodes_MB\":%.3f,\"frame_tables_MB\":%.3f},",
		(double)sums->lean / 1e6, (double)sums->raw / 1e6, (double)sums->heads / 1e6,
		(double)sums->proof / 1e6, (double)sums->tables / 1e6);
	for (size_t i = 0; i < 3; i++)
		printf("\"%s\":{\"raw_MB\":%.3f,\"alone_MB\":%.3f},", kinds[i],
			(double)sums->plain[i] / 1e6, (double)sums->alone[i] / 1e6);
	printf("\"level\":%d,\"keys\":%llu,", LEVEL, (unsigned long long)reading->bench->keys);
	bench_machine_print();
	printf("}\n");
}

static void close_all(struct reading *reading)
{
	pen_cut_close(&reading->cut);
	pen_survey_fini(&reading->survey);
	pen_buf_fini(&reading->bytes);
	pen_zstd_fini(&reading->zstd);
	pen_proof_fini(&reading->proof);
	pen_press_fini(&reading->press);
	pen_rebuild_fini(&reading->rebuild);
	pen_buf_fini(&reading->content);
	pen_buf_fini(&reading->again);
	pen_buf_fini(&reading->lean);
	pen_buf_fini(&reading->stored);
	bench_pairs_close(&reading->pairs);
}

int main(int argc, char **argv)
{
	static struct reading reading;
	struct bench bench;
	bench_open(&bench, "lean", argc, argv);
	reading.bench = &bench;
	int err = bench_pairs_open(&reading.pairs, &bench);
	if (!err && (err = prepare(&reading)) == 0)
		err = read_parts(&reading);
	if (err)
		bench_fail(
			&bench, "%s", reading.why.text[0] ? reading.why.text : pen_err_text(err));
	else if (!bench.check)
		print(&reading);
	close_all(&reading);
	return bench_close(&bench);
}
