/* Heads of lean parts: what is written is read, and every field that lies is refused. */
#include <criterion/criterion.h>
#include <xxhash.h>

#include "part/lean.h"

#define NODE "\0\1\0\0\0 rest of a node"

static const struct pen_lean_row rows[] = {
	{PEN_LEAN_CUT_BYTES + 5, 4000, 30, 11}, {500, 300, 7, 12}};

/* A head of two frames and two proof nodes, in `out`. */
static void write_head(struct pen_buf *out, struct pen_buf *parts, bool endless)
{
	uint8_t table[2 * PEN_LEAN_ROW_BYTES], len[2];
	struct pen_lean_head head = {.id = {.k = 3, .n = 9},
		.memory_usage = 3700,
		.pairs = 37,
		.proof_nodes = 2,
		.frames = 2,
		.raw_bytes = PEN_LEAN_CUT_BYTES + 505,
		.scratch_bytes = 64,
		.endless = endless,
		.end = {(const uint8_t *)"end", endless ? 0 : 3}};
	head.id.root.bytes[7] = 9;
	parts->len = 0;
	pen_put_le16(len, sizeof NODE);
	for (int i = 0; i < 2; i++) {
		pen_lean_row_encode(&rows[i], table + i * PEN_LEAN_ROW_BYTES);
		pen_buf_append(parts, len, sizeof len);
		pen_buf_append(parts, NODE, sizeof NODE);
	}
	head.proof = pen_buf_bytes(parts);
	head.rows = (struct pen_bytes){table, sizeof table};
	cr_assert_eq(pen_lean_encode(&head, out, NULL), 0);
	cr_expect_eq(head.bytes, out->len);
	cr_expect_eq(head.stored_bytes, 4300);
}

Test(part_lean, what_is_written_is_read)
{
	for (int endless = 0; endless < 2; endless++) {
		struct pen_buf out = {0}, parts = {0};
		struct pen_lean_head head;
		struct pen_why why = {0};
		write_head(&out, &parts, endless);
		pen_buf_append(&out, "frames", 6);
		cr_assert_eq(pen_lean_decode(pen_buf_bytes(&out), &head, &why), 0, "%s", why.text);
		cr_expect_eq(head.id.k, 3);
		cr_expect_eq(head.id.n, 9);
		cr_expect_eq(head.id.root.bytes[7], 9);
		cr_expect_eq(head.memory_usage, 3700);
		cr_expect_eq(head.bytes, out.len - 6);
		cr_expect_eq(head.pairs, 37);
		cr_expect_eq(head.raw_bytes, PEN_LEAN_CUT_BYTES + 505);
		cr_expect_eq(head.scratch_bytes, 64);
		cr_expect_eq(head.endless, endless);
		cr_expect_eq(head.end.len, endless ? 0 : 3);
		struct pen_lean_row row = pen_lean_row(&head, 1);
		cr_expect_eq(row.stored_bytes, 300);
		cr_expect_eq(row.sum, 12);
		struct pen_bytes left = head.proof;
		cr_expect_eq(pen_lean_node(&left).len, sizeof NODE);
		cr_expect_arr_eq(pen_lean_node(&left).at, NODE, sizeof NODE);
		cr_expect_eq(pen_lean_node(&left).len, 0);
		pen_buf_fini(&out);
		pen_buf_fini(&parts);
	}
}

static void mend_sum(struct pen_buf *head)
{
	pen_put_le64(head->at + head->len - 8, XXH3_64bits(head->at, head->len - 8));
}

/* Offsets of the rows and nodes in the head that write_head writes, with an end key of 3. */
#define NODES (PEN_LEAN_FIXED_BYTES + 3)
#define ROWS (NODES + 2 * (2 + sizeof NODE))

/* A field, and what no head may have there; the sentence names it. */
static const struct {
	size_t at;
	unsigned bytes;
	uint64_t value;
	const char *says;
} lies[] = {
	{0, 1, 'p', "no lean part"},
	{7, 1, 0, "lean version 0, this program knows version 1"},
	{7, 1, 2, "lean version 2, this program knows version 1"},
	{8, 4, 103, "it says that it has 103 bytes"},
	{8, 4, PEN_LEAN_HEAD_BYTES_MAX + 1, "it says that it has 1048577 bytes"},
	{8, 4, 1000, "ends too early"},
	{12, 4, 9, "no such part"},
	{16, 4, 0, "no such part"},
	{20, 4, 38, "38 pairs, more than a memory_usage of 3700"},
	{20, 4, UINT32_MAX, "4294967295 pairs"},
	{20, 4, 36, "its frames have 37 pairs"},
	{24, 4, 0, "only the empty state"},
	{24, 4, 1, "proof nodes do not fill"},
	{24, 4, 3, "proof nodes do not fill"},
	{24, 4, UINT32_MAX, "proof nodes do not fill"},
	{28, 4, 0, "sections do not fill"},
	{28, 4, UINT32_MAX, "sections do not fill"},
	{32, 4, 1, "sections do not fill"},
	{32, 4, UINT32_MAX, "sections do not fill"},
	{36, 4, 4, "sections do not fill"},
	{36, 4, UINT32_MAX - 1, "sections do not fill"},
	{36, 4, UINT32_MAX, "sections do not fill"},
	{40, 8, 0, "only the empty state"},
	{40, 8, 3699, "37 pairs, more than a memory_usage of 3699"},
	{48, 8, PEN_PART_BYTES_MAX + 1, "raw bytes"},
	{48, 8, PEN_LEAN_CUT_BYTES + 504, "it says 37 in 197112"},
	{56, 8, PEN_LEAN_CUT_BYTES + 506, "of scratch"},
	{56, 8, UINT64_MAX, "of scratch"},
	{NODES, 2, 0, "proof nodes do not fill"},
	{NODES, 2, sizeof NODE + 1, "proof nodes do not fill"},
	{NODES, 2, UINT16_MAX, "proof nodes do not fill"},
	{ROWS, 4, PEN_LEAN_FRAME_OPEN_MAX + 1, "frame 0 of 30 pairs"},
	{ROWS, 4, 8 + 89, "frame 0 of 30 pairs"},
	{ROWS, 4, PEN_LEAN_CUT_BYTES - 1, "frame 1 is cut elsewhere"},
	{ROWS + 4, 4, 0, "frame 0 of 30 pairs"},
	{ROWS + 4, 4, UINT32_MAX, "frame 0 of 30 pairs"},
	{ROWS + 8, 4, 0, "frame 0 of 0 pairs"},
	{ROWS + 8, 4, UINT32_MAX, "frame 0 of 4294967295 pairs"},
	{ROWS + 8, 4, 29, "its frames have 36 pairs"},
	{ROWS + PEN_LEAN_ROW_BYTES, 4, 501, "it says 37 in 197113"},
};

Test(part_lean, every_field_that_lies_is_refused)
{
	for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
		struct pen_buf out = {0}, parts = {0};
		struct pen_lean_head head;
		struct pen_why why = {0};
		write_head(&out, &parts, false);
		cr_assert_leq(lies[i].at + lies[i].bytes, out.len - 8);
		memcpy(out.at + lies[i].at, &lies[i].value, lies[i].bytes);
		mend_sum(&out);
		cr_expect_eq(
			pen_lean_decode(pen_buf_bytes(&out), &head, &why), PEN_EHEAD, "row %zu", i);
		cr_expect_not_null(strstr(why.text, lies[i].says), "row %zu: '%s'", i, why.text);
		pen_buf_fini(&out);
		pen_buf_fini(&parts);
	}
}

Test(part_lean, every_bit_that_flips_is_seen)
{
	struct pen_buf out = {0}, parts = {0};
	struct pen_lean_head head;
	write_head(&out, &parts, false);
	for (size_t bit = 0; bit < out.len * 8; bit++) {
		out.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
		cr_expect_eq(pen_lean_decode(pen_buf_bytes(&out), &head, NULL), PEN_EHEAD);
		out.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t len = 0; len < out.len; len++)
		cr_expect_eq(
			pen_lean_decode((struct pen_bytes){out.at, len}, &head, NULL), PEN_EHEAD);
	cr_expect_eq(pen_lean_decode(pen_buf_bytes(&out), &head, NULL), 0);
	pen_buf_fini(&out);
	pen_buf_fini(&parts);
}

/* What only a row's stored bytes tell apart has one name, everything else another. */
Test(part_lean, name_of_a_part)
{
	struct pen_buf out = {0}, parts = {0}, scratch = {0};
	struct pen_lean_head head;
	struct pen_hash name, other;
	static const size_t same[] = {ROWS + 4, ROWS + PEN_LEAN_ROW_BYTES + 4};
	static const size_t differ[] = {64, ROWS + 12, NODES + 3, PEN_LEAN_FIXED_BYTES};
	write_head(&out, &parts, false);
	cr_assert_eq(pen_lean_decode(pen_buf_bytes(&out), &head, NULL), 0);
	cr_assert_eq(pen_lean_name(&head, pen_buf_bytes(&out), &scratch, &name), 0);
	for (size_t i = 0; i < 6; i++) {
		size_t at = i < 2 ? same[i] : differ[i - 2];
		out.at[at]++;
		mend_sum(&out);
		cr_assert_eq(pen_lean_decode(pen_buf_bytes(&out), &head, NULL), 0);
		cr_assert_eq(pen_lean_name(&head, pen_buf_bytes(&out), &scratch, &other), 0);
		cr_expect_eq(pen_hash_equal(&name, &other), i < 2, "byte %zu", at);
		out.at[at]--;
	}
	pen_buf_fini(&out);
	pen_buf_fini(&parts);
	pen_buf_fini(&scratch);
}

Test(part_lean, a_head_too_long_is_no_lean_form)
{
	struct pen_buf out = {0}, proof = {0};
	struct pen_why why = {0};
	cr_assert_eq(pen_buf_reserve(&proof, PEN_LEAN_HEAD_BYTES_MAX), 0);
	struct pen_lean_head head = {.endless = true, .proof = {proof.at, PEN_LEAN_HEAD_BYTES_MAX}};
	cr_expect_eq(pen_lean_encode(&head, &out, &why), PEN_EREFUSED);
	cr_expect_not_null(strstr(why.text, "no lean form"));
	cr_expect_eq(out.len, 0);
	pen_buf_fini(&out);
	pen_buf_fini(&proof);
}
