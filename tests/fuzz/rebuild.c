/*
 * Lean parts out of any bytes: what is accepted is a part, the same in nearcore's form, and the
 * only bytes that say so but for how they are compressed. Two ways, by the first byte:
 *
 *   hostile     the input is a part as it stands, its checksum put right
 *   forged      the input is proof nodes and raw frames; nodes name each other and so have a root,
 *               frames are sealed, the head says what is so
 *
 * And an honest part of a state that the input seeds goes there and back.
 */
#include "fuzz.h"

#include "fakes/lean.h"
#include "part/collect.h"
#include "part/lean_frame.h"
#include "part/press.h"
#include "part/rebuild.h"

#define NODES_MAX 16u

static struct pen_rebuild rebuild;
static struct pen_proof proof;
static struct pen_press press;
static struct pen_zstd zstd;

static const struct pen_rebuild_limits limits[] = {
	{.scratch_bytes = 1 << 20}, {.keep = true, .kept_bytes = 1 << 20}};

/* Everything that must be so of a part that was accepted. */
static void check_accepted(const struct pen_part_id *id, struct pen_bytes part)
{
	struct pen_buf content = {0}, again = {0}, scratch = {0};
	struct pen_part_counts ours, theirs;
	struct pen_lean_head heads[2];
	struct pen_hash names[2];
	PEN_CHECK(pen_rebuild_check(&rebuild, id, part, &limits[1], NULL) == 0);
	PEN_CHECK(pen_rebuild_content(&rebuild, &content, NULL) == 0);
	PEN_CHECK(pen_proof_check(&proof, id, pen_buf_bytes(&content), NULL) == 0);
	pen_rebuild_counts(&rebuild, &ours);
	pen_proof_counts(&proof, &theirs);
	PEN_CHECK(memcmp(&ours, &theirs, sizeof ours) == 0);
	PEN_CHECK(pen_press_proof(&press, &proof, 1, &again, NULL) == 0);
	PEN_CHECK(pen_lean_decode(part, &heads[0], NULL) == 0);
	PEN_CHECK(pen_lean_decode(pen_buf_bytes(&again), &heads[1], NULL) == 0);
	PEN_CHECK(pen_lean_name(&heads[0], part, &scratch, &names[0]) == 0);
	PEN_CHECK(pen_lean_name(&heads[1], pen_buf_bytes(&again), &scratch, &names[1]) == 0);
	PEN_CHECK(pen_hash_equal(&names[0], &names[1]));
	pen_buf_fini(&content);
	pen_buf_fini(&again);
	pen_buf_fini(&scratch);
}

/* The verdict is the same whether things stay or not, unless a limit spoke. */
static void judge(const struct pen_part_id *id, struct pen_bytes part)
{
	int err[2];
	for (int keep = 0; keep < 2; keep++)
		err[keep] = pen_rebuild_check(&rebuild, id, part, &limits[keep], NULL);
	if (err[0] != PEN_ELARGE && err[1] != PEN_ELARGE)
		PEN_CHECK(err[0] == err[1]);
	if (err[1] == 0)
		check_accepted(id, part);
}

static void judge_bytes(struct pen_bytes bytes)
{
	struct pen_buf part = {0};
	struct pen_lean_head head;
	PEN_CHECK(pen_buf_append(&part, bytes.at, bytes.len) == 0);
	int64_t len = pen_lean_head_bytes(bytes, NULL);
	if (len > 8 && (uint64_t)len <= bytes.len)
		fake_part_mend(&part, (uint32_t)len);
	if (pen_lean_decode(pen_buf_bytes(&part), &head, NULL) == 0)
		judge(&head.id, pen_buf_bytes(&part));
	pen_buf_fini(&part);
}

/* What is left of the input. */
struct input {
	const uint8_t *at;
	size_t len;
};

static uint8_t next(struct input *input)
{
	if (!input->len)
		return 0;
	input->len--;
	return *input->at++;
}

static struct pen_bytes next_bytes(struct input *input, size_t len)
{
	struct pen_bytes bytes = {input->at, len < input->len ? len : input->len};
	input->at += bytes.len;
	input->len -= bytes.len;
	return bytes;
}

/* A hash in a node that begins with a number and this mark names so many nodes on. */
#define MARK UINT16_C(0xeeee)

static void link_node(
	const struct pen_bytes *nodes, const struct pen_hash *hashes, uint32_t i, uint32_t count)
{
	struct pen_node node;
	if (pen_node_decode(nodes[i], &node) || i + 1 == count)
		return;
	unsigned children = node.kind == PEN_EXTENSION ? 1
						       : (unsigned)__builtin_popcount(node.mask);
	for (unsigned c = 0; c < children; c++) {
		uint8_t *hash = (uint8_t *)(uintptr_t)node.children + c * PEN_HASH_BYTES;
		if (pen_le16(hash + 1) == MARK)
			memcpy(hash, hashes[i + 1 + hash[0] % (count - i - 1)].bytes,
				PEN_HASH_BYTES);
	}
}

/* Read proof nodes, the root first. */
static void forge_nodes(
	struct input *input, struct pen_buf *proof_bytes, struct pen_lean_head *head)
{
	static uint8_t bytes[NODES_MAX][256];
	struct pen_bytes nodes[NODES_MAX];
	struct pen_hash hashes[NODES_MAX];
	uint32_t count = 1 + next(input) % NODES_MAX;
	struct pen_node root;
	for (uint32_t i = 0; i < count; i++) {
		struct pen_bytes from = next_bytes(input, next(input));
		bytes[i][0] = 0;
		if (from.len)
			memcpy(bytes[i], from.at, from.len);
		nodes[i] = (struct pen_bytes){bytes[i], from.len ? from.len : 1};
	}
	for (uint32_t i = count; i-- > 0;) {
		link_node(nodes, hashes, i, count);
		pen_sha256(nodes[i], &hashes[i]);
	}
	for (uint32_t i = 0; i < count; i++) {
		uint8_t len[2];
		pen_put_le16(len, (uint16_t)nodes[i].len);
		fake_append(proof_bytes, len, sizeof len);
		fake_append(proof_bytes, nodes[i].at, nodes[i].len);
	}
	head->proof_nodes = count;
	head->proof = pen_buf_bytes(proof_bytes);
	head->id.root = hashes[0];
	head->memory_usage = pen_node_decode(nodes[0], &root) ? 1 : root.memory_usage;
}

/* Read raw frames, and seal them. */
static void forge_frames(
	struct input *input, struct pen_buf *rows, struct pen_buf *body, struct pen_lean_head *head)
{
	while (input->len > PEN_LEAN_COLUMNS_BYTES) {
		uint8_t row_bytes[PEN_LEAN_ROW_BYTES];
		struct pen_lean_row row = {.pairs = next(input)};
		size_t len = (size_t)next(input) << 8;
		len |= next(input);
		struct pen_bytes raw = next_bytes(input, len);
		struct pen_lean_frame_reader reader;
		if (pen_lean_frame_begin(&reader, raw, NULL))
			return;
		PEN_CHECK(pen_lean_frame_seal(&zstd, raw, 1, body, &row, NULL) == 0);
		pen_lean_row_encode(&row, row_bytes);
		fake_append(rows, row_bytes, sizeof row_bytes);
		head->frames++;
		head->pairs += row.pairs;
		head->raw_bytes += raw.len;
	}
}

static void judge_forged(struct input input)
{
	struct pen_buf nodes = {0}, rows = {0}, body = {0}, part = {0};
	struct pen_lean_head head = {0};
	head.id.n = 1 + next(&input) % 8;
	head.id.k = next(&input) % head.id.n;
	head.scratch_bytes = next(&input);
	head.endless = next(&input) & 1;
	if (!head.endless)
		head.end = next_bytes(&input, next(&input) % 16);
	forge_nodes(&input, &nodes, &head);
	forge_frames(&input, &rows, &body, &head);
	head.rows = pen_buf_bytes(&rows);
	PEN_CHECK(pen_lean_encode(&head, &part, NULL) == 0);
	fake_append(&part, body.at, body.len);
	judge(&head.id, pen_buf_bytes(&part));
	pen_buf_fini(&nodes);
	pen_buf_fini(&rows);
	pen_buf_fini(&body);
	pen_buf_fini(&part);
}

static void there_and_back(struct pen_rng rng)
{
	struct fake_state state;
	struct fake_part part;
	struct pen_part_id id;
	struct pen_buf lean = {0}, content = {0}, again = {0};
	struct pen_collect collect = {0};
	fake_state_random(&state, &rng);
	fake_part_pick(&state, &rng, &id);
	fake_part_open(&part, &state, id.k, id.n);
	fake_part_write(&part, &lean);
	PEN_CHECK(pen_rebuild_check(&rebuild, &id, pen_buf_bytes(&lean),
			  &(struct pen_rebuild_limits){.keep = true}, NULL) == 0);
	PEN_CHECK(pen_rebuild_content(&rebuild, &again, NULL) == 0);
	PEN_CHECK(pen_collect_part(&collect, &state.entries, &id, &content, NULL) == 0);
	PEN_CHECK(fuzz_same(pen_buf_bytes(&again), pen_buf_bytes(&content)));
	pen_collect_fini(&collect);
	pen_buf_fini(&lean);
	pen_buf_fini(&content);
	pen_buf_fini(&again);
	fake_part_fini(&part);
	fake_state_fini(&state);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len < 9)
		return 0;
	switch (data[0] % 4) {
	case 0: judge_bytes((struct pen_bytes){data + 1, len - 1}); break;
	case 1: there_and_back((struct pen_rng){pen_le64(data + 1)}); break;
	default: judge_forged((struct input){data + 1, len - 1});
	}
	return 0;
}
