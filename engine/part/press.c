#include "part/press.h"

#include <errno.h>

#include "base/check.h"
#include "part/frontier.h"

void pen_press_fini(struct pen_press *press)
{
	if (!press)
		return;
	pen_buf_fini(&press->proof);
	pen_entries_fini(&press->seen);
	pen_pack_fini(&press->pack);
	pen_zstd_fini(&press->zstd);
	pen_buf_fini(&press->rows);
	pen_buf_fini(&press->body);
	*press = (struct pen_press){0};
}

/* A reader that notes what it reads, each node once. */
struct notes {
	struct pen_press *press;
	const struct pen_reader *reader;
};

static int note_node(struct pen_press *press, struct pen_bytes node)
{
	uint8_t len[2];
	/* Longer than any node: what was fetched is none, and the walk will say so. */
	if (node.len > PEN_NODE_BYTES_MAX)
		return 0;
	pen_put_le16(len, (uint16_t)node.len);
	int err = pen_buf_append(&press->proof, len, sizeof len);
	if (!err)
		err = pen_buf_append(&press->proof, node.at, node.len);
	press->proof_nodes++;
	return err;
}

static int note_fetch(void *context, const struct pen_hash *hash, struct pen_fetched *out)
{
	struct notes *notes = context;
	const struct pen_hash wanted = *hash;
	int err = notes->reader->fetch(notes->reader->context, &wanted, out);
	if (err)
		return err;
	err = pen_entries_add(&notes->press->seen, &wanted, (struct pen_bytes){0});
	return err > 0 ? note_node(notes->press, out->bytes) : err;
}

/* Read all path nodes; the pieces themselves come as pairs. */
static int note_paths(struct pen_press *press, const struct pen_reader *reader, struct pen_why *why)
{
	struct pen_frontier frontier = {0};
	struct pen_frontier_piece piece;
	int got;
	pen_frontier_init(&frontier, reader, &press->id.root, &press->begin, &press->end);
	while ((got = pen_frontier_next(&frontier, &piece, why)) > 0) {
	}
	pen_frontier_fini(&frontier);
	return got;
}

static int find_bounds(struct pen_press *press, const struct pen_reader *noting,
	const struct pen_reader *reader, struct pen_why *why)
{
	const struct pen_part_id *id = &press->id;
	int err = pen_trie_bound(noting, &id->root, id->k, id->n, &press->begin, why);
	if (!err)
		err = pen_trie_bound(reader, &id->root, id->k + 1, id->n, &press->end, why);
	if (err)
		return err;
	pen_frontier_begin(&press->begin);
	if (press->end.none)
		return 0;
	if (press->end.path.len % 2 || pen_path_compare(&press->begin.path, &press->end.path) > 0)
		return pen_fail(why, PEN_EINCONSISTENT,
			"StorageInconsistentState: part %llu of %llu ends at no key behind its "
			"beginning",
			(unsigned long long)id->k, (unsigned long long)id->n);
	return 0;
}

/* The root node is the first that is read. */
static int note_memory(struct pen_press *press, struct pen_why *why)
{
	struct pen_bytes left = pen_buf_bytes(&press->proof);
	struct pen_node root = {0};
	if (pen_hash_is_zero(&press->id.root))
		return 0;
	PEN_CHECK(press->proof_nodes > 0);
	if (pen_node_decode(pen_lean_node(&left), &root))
		return pen_fail(why, PEN_EINCONSISTENT, "StorageInconsistentState: at the root");
	press->memory_usage = root.memory_usage;
	return 0;
}

static int take_frame(void *context, uint32_t i, struct pen_bytes raw, uint32_t pairs)
{
	struct pen_press *press = context;
	struct pen_lean_row row = {.raw_bytes = (uint32_t)raw.len, .pairs = pairs};
	PEN_CHECK(i == press->rows.len / sizeof row);
	if (!press->fn) {
		int err = pen_lean_frame_seal(
			&press->zstd, raw, press->level, &press->body, &row, press->why);
		if (err)
			return err;
	}
	if (pen_buf_append(&press->rows, &row, sizeof row))
		return pen_fail(press->why, -ENOMEM, "no memory for a frame table");
	return press->fn ? press->fn(press->context, i, raw, pairs) : 0;
}

static void reset(struct pen_press *press, const struct pen_part_id *id, int level)
{
	press->id = *id;
	press->level = level;
	press->memory_usage = 0;
	press->proof.len = 0;
	press->proof_nodes = 0;
	pen_entries_reset(&press->seen);
	pen_pack_reset(&press->pack);
	press->pack.fn = take_frame;
	press->pack.context = press;
	press->rows.len = 0;
	press->body.len = 0;
}

int pen_press_open(struct pen_press *press, const struct pen_part_id *id,
	const struct pen_reader *reader, int level, struct pen_why *why)
{
	struct notes notes = {press, reader};
	const struct pen_reader noting = {note_fetch, &notes};
	PEN_CHECK(id->k < id->n);
	PEN_CHECK(level >= PEN_LEAN_LEVEL_MIN && level <= PEN_LEAN_LEVEL_MAX);
	reset(press, id, level);
	if (id->n > UINT32_MAX)
		return pen_fail(why, PEN_EREFUSED, "no lean form: too many parts");
	int err = find_bounds(press, &noting, reader, why);
	if (!err)
		err = note_paths(press, &noting, why);
	return err ? err : note_memory(press, why);
}

int pen_press_push(struct pen_press *press, const struct pen_pair *pair,
	const struct pen_hash *hash, struct pen_why *why)
{
	PEN_CHECK(press->pack.context == press);
	press->why = why;
	return pen_pack_push(&press->pack, pair, hash, why);
}

void pen_press_row(struct pen_press *press, uint32_t i, const struct pen_lean_row *row)
{
	PEN_CHECK(i < press->rows.len / sizeof *row);
	struct pen_lean_row *own = (struct pen_lean_row *)(void *)press->rows.at + i;
	PEN_CHECK(row->raw_bytes == own->raw_bytes);
	own->stored_bytes = row->stored_bytes;
	own->sum = row->sum;
}

int pen_press_flush(struct pen_press *press, struct pen_why *why)
{
	press->why = why;
	return pen_pack_close(&press->pack);
}

/* The frame table as it stands in the head. */
static int put_table(const struct pen_press *press, struct pen_buf *table)
{
	const struct pen_lean_row *rows = (const struct pen_lean_row *)(void *)press->rows.at;
	size_t count = press->rows.len / sizeof *rows;
	if (pen_buf_grow(table, count * PEN_LEAN_ROW_BYTES))
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		pen_lean_row_encode(&rows[i], table->at + i * PEN_LEAN_ROW_BYTES);
	table->len = count * PEN_LEAN_ROW_BYTES;
	return 0;
}

static int put_head(struct pen_press *press, const struct pen_buf *table, struct pen_buf *out,
	struct pen_why *why)
{
	uint8_t end[PEN_KEY_BYTES_MAX];
	const struct pen_pack *pack = &press->pack;
	struct pen_lean_head head = {.id = press->id,
		.memory_usage = press->memory_usage,
		.pairs = pack->pairs,
		.proof_nodes = press->proof_nodes,
		.frames = pack->frames,
		.raw_bytes = pack->raw_bytes,
		.scratch_bytes = pack->scratch_bytes,
		.endless = press->end.none,
		.proof = pen_buf_bytes(&press->proof),
		.rows = pen_buf_bytes(table)};
	if (!head.endless) {
		int len = pen_path_key(&press->end.path, end);
		PEN_CHECK(len >= 0);
		head.end = (struct pen_bytes){end, (size_t)len};
	}
	return pen_lean_encode(&head, out, why);
}

int pen_press_head(struct pen_press *press, struct pen_buf *out, struct pen_why *why)
{
	struct pen_buf table = {0};
	PEN_CHECK(press->pack.raw_pairs == 0);
	if (press->pack.pairs > press->memory_usage / PEN_LEAN_PAIR_MEMORY_MIN)
		return pen_fail(why, PEN_EREFUSED,
			"no lean form: %u pairs are more than a memory_usage of %llu can hold",
			press->pack.pairs, (unsigned long long)press->memory_usage);
	int err = put_table(press, &table) ? pen_fail(why, -ENOMEM, "no memory for a frame table")
					   : put_head(press, &table, out, why);
	pen_buf_fini(&table);
	return err;
}

int pen_press_close(struct pen_press *press, struct pen_buf *out, struct pen_why *why)
{
	PEN_CHECK(press->fn == NULL);
	int err = pen_press_flush(press, why);
	if (!err)
		err = pen_press_head(press, out, why);
	if (!err && pen_buf_append(out, press->body.at, press->body.len))
		err = pen_fail(why, -ENOMEM, "no memory for a lean part");
	return err;
}

static int proof_fetch(void *context, const struct pen_hash *hash, struct pen_fetched *out)
{
	const struct pen_proof *proof = context;
	uint32_t index = pen_entries_find(&proof->entries, hash);
	if (index == PEN_ENTRY_NONE)
		return PEN_EMISSING;
	const struct pen_entry *entry = pen_entries_at(&proof->entries, index);
	*out = (struct pen_fetched){{entry->at, entry->len}, index};
	return 0;
}

/* A proved part on its way into a press. */
struct turn {
	struct pen_press *press;
	const struct pen_proof *proof;
	struct pen_why *why;
};

static int turn_pair(void *context, const struct pen_item *item)
{
	struct turn *turn = context;
	uint8_t key[PEN_KEY_BYTES_MAX];
	int len = pen_path_key(item->path, key);
	if (len < 0)
		return pen_fail(turn->why, PEN_EREFUSED,
			"no lean form: a key of %u nibbles ends inside a byte", item->path->len);
	struct pen_pair pair = {{key, (size_t)len}, item->fetched.bytes};
	return pen_press_push(turn->press, &pair,
		pen_entries_hash(&turn->proof->entries, item->fetched.index), turn->why);
}

int pen_press_proof(struct pen_press *press, struct pen_proof *proof, int level,
	struct pen_buf *out, struct pen_why *why)
{
	const struct pen_reader reader = {proof_fetch, proof};
	struct turn turn = {press, proof, why};
	PEN_CHECK(proof->proved);
	press->fn = NULL;
	int err = pen_press_open(press, &proof->id, &reader, level, why);
	if (!err)
		err = pen_proof_visit(proof, turn_pair, &turn, why);
	return err ? err : pen_press_close(press, out, why);
}
