#include <criterion/criterion.h>

#include "base/check.h"
#include "part/header.h"
#include "util.h"

/* A header as the format draws it: tag, chunk with the state root in it, other fields, root node.
 */
static void write_header(struct pen_buf *out, uint8_t tag, const struct pen_hash *chunk_root,
	struct pen_bytes node, uint64_t memory_usage)
{
	uint8_t number[8] = {tag}, filler[100];
	memset(filler, 0xab, sizeof filler);
	out->len = 0;
	pen_buf_append(out, number, 1);
	pen_buf_append(out, filler, 67);
	pen_buf_append(out, chunk_root->bytes, PEN_HASH_BYTES);
	pen_buf_append(out, filler, sizeof filler);
	pen_put_le32(number, (uint32_t)node.len);
	pen_buf_append(out, number, 4);
	pen_buf_append(out, node.at, node.len);
	pen_put_le64(number, memory_usage);
	pen_buf_append(out, number, 8);
}

/* The root node of the genesis state. */
static void root_node(struct test_state *state, struct pen_bytes *node)
{
	test_state_load(state, "mainnet-genesis.hex");
	uint32_t at = pen_entries_find(&state->entries, &state->sum.root);
	struct pen_entry *entry = pen_entries_at(&state->entries, at);
	*node = (struct pen_bytes){entry->at, entry->len};
}

Test(part_header, finds_the_root_node)
{
	struct test_state state;
	struct pen_bytes node;
	struct pen_buf header = {0};
	struct pen_header out;
	root_node(&state, &node);
	for (uint8_t tag = 0; tag < 3; tag++) {
		write_header(&header, tag, &state.sum.root, node, 238135);
		cr_assert_eq(pen_header_decode(pen_buf_bytes(&header), NULL, &out, NULL), 0);
		cr_expect_eq(out.version, tag + 1u);
		cr_expect(pen_hash_equal(&out.root, &state.sum.root));
		cr_expect_eq(out.memory_usage, 238135);
		cr_expect_eq(out.parts, 1);
		cr_expect_eq(
			pen_header_decode(pen_buf_bytes(&header), &state.sum.root, &out, NULL), 0);
	}
	pen_buf_fini(&header);
	test_state_fini(&state);
}

Test(part_header, refuses)
{
	struct test_state state;
	struct pen_bytes node;
	struct pen_buf header = {0};
	struct pen_header out;
	struct pen_hash other = {{1}};
	root_node(&state, &node);
	write_header(&header, 1, &other, node, 238135);
	cr_expect_eq(pen_header_decode(pen_buf_bytes(&header), NULL, &out, NULL), PEN_EINPUT);
	cr_expect_eq(pen_header_decode(pen_buf_bytes(&header), &other, &out, NULL), PEN_EINPUT);
	cr_expect_eq(pen_header_decode(pen_buf_bytes(&header), &state.sum.root, &out, NULL), 0);
	write_header(&header, 1, &state.sum.root, node, 238136);
	cr_expect_eq(pen_header_decode(pen_buf_bytes(&header), NULL, &out, NULL), PEN_EINPUT);
	write_header(&header, 3, &state.sum.root, node, 238135);
	cr_expect_eq(pen_header_decode(pen_buf_bytes(&header), NULL, &out, NULL), PEN_EINPUT);
	write_header(&header, 1, &state.sum.root, node, 238135);
	for (size_t cut = 0; cut < header.len; cut++)
		cr_expect_eq(
			pen_header_decode((struct pen_bytes){header.at, cut}, NULL, &out, NULL),
			PEN_EINPUT);
	pen_buf_fini(&header);
	test_state_fini(&state);
}

/* One wrong bit in the node or behind it never gives another root. */
Test(part_header, one_wrong_bit)
{
	struct test_state state;
	struct pen_bytes node;
	struct pen_buf header = {0};
	struct pen_header out;
	root_node(&state, &node);
	write_header(&header, 1, &state.sum.root, node, 238135);
	size_t begin = header.len - 8 - node.len - 4;
	for (size_t bit = begin * 8; bit < header.len * 8; bit++) {
		header.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
		cr_expect_eq(
			pen_header_decode(pen_buf_bytes(&header), NULL, &out, NULL), PEN_EINPUT);
		header.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	pen_buf_fini(&header);
	test_state_fini(&state);
}
