/* A place against packets in any order, and against those that do not belong to it. */
#include "fetch/place.h"

#include <criterion/criterion.h>

#include "base/check.h"
#include "base/rng.h"

#define NONCE 77u

static uint8_t memory[PEN_BLOCK_BYTES], piece[PEN_BLOCK_BYTES];
static struct pen_block block;
/* Nothing is free in it. */
static struct pen_block_pool pool = {.blocks = &block, .count = 1, .first_free = 1, .last_free = 1};
static struct pen_block block = {.at = memory, .pool = &pool, .refs = 1};
static struct pen_place place;
static struct pen_loss loss;

static void open_place(uint32_t bytes, enum pen_wire_size size)
{
	pen_loss_init(&loss);
	struct pen_recv_view view = {.loss = &loss, .srtt_ns = 1, .timeout_ns = 1};
	struct pen_place_ask ask = {
		.slot = 9, .nonce = NONCE, .size = size, .bytes = bytes, .block = &block};
	if (place.state != PEN_PLACE_FREE)
		pen_place_close(&place);
	pen_place_open(&place, &ask, &view);
}

/* Packet `index` with `len` bytes of the piece, its payload apart from its header. */
static enum pen_place_came put(uint32_t index, uint32_t len)
{
	uint8_t tail[8192];
	struct pen_wire_data data = {
		.type = PEN_WIRE_DATA, .slot = 9, .nonce = NONCE, .index = index};
	struct pen_slice slice = {
		.head = (const uint8_t *)&data, .tail = tail, .bytes = (uint16_t)(32 + len)};
	uint64_t from = (uint64_t)index * pen_wire_size_bytes(place.size);
	for (uint32_t i = 0; i < len; i++)
		tail[i] = from + i < sizeof piece ? piece[from + i] : 0;
	return pen_place_put(&place, &(struct pen_run){&slice, 1}, 0);
}

static void fill_piece(void)
{
	struct pen_rng rng = {1};
	pen_rng_bytes(&rng, piece, sizeof piece);
	memset(memory, 0, sizeof memory);
}

Test(fetch_place, takes_what_fits)
{
	static const struct {
		const char *name;
		uint32_t bytes; /* known; 0: not */
		enum pen_wire_size size;
		struct {
			uint32_t index, len;
		} packets[3]; /* len 0 ends them */
		enum pen_place_came came; /* of the last */
		uint32_t left;
	} rows[] = {
		{"full", 3000, 0, {{0, 1200}}, PEN_PLACE_NEW, 2},
		{"twice", 3000, 0, {{1, 1200}, {1, 1200}}, PEN_PLACE_DUPLICATE, 2},
		{"the last", 3000, 0, {{2, 600}}, PEN_PLACE_NEW, 2},
		{"the last, full", 3000, 0, {{2, 1200}}, PEN_PLACE_LENGTH, 3},
		{"the last, shorter", 3000, 0, {{2, 599}}, PEN_PLACE_LENGTH, 3},
		{"short in the middle", 3000, 0, {{1, 600}}, PEN_PLACE_LENGTH, 3},
		{"beyond", 3000, 0, {{3, 1200}}, PEN_PLACE_LENGTH, 3},
		{"far beyond", 3000, 0, {{UINT32_MAX, 1200}}, PEN_PLACE_LENGTH, 3},
		{"whole multiple", 2400, 0, {{1, 1200}}, PEN_PLACE_NEW, 1},
		{"one byte", 1, 4, {{0, 1}}, PEN_PLACE_NEW, 0},
		{"unknown length", 0, 0, {{873, 976}}, PEN_PLACE_NEW, 873},
		{"beyond a piece", 0, 0, {{873, 1200}}, PEN_PLACE_LENGTH, 874},
		{"a short one ends it", 0, 0, {{2, 600}}, PEN_PLACE_NEW, 2},
		{"and nothing follows", 0, 0, {{2, 600}, {3, 1200}}, PEN_PLACE_LENGTH, 2},
		{"a short one too early", 0, 0, {{3, 1200}, {2, 600}}, PEN_PLACE_LENGTH, 873},
		{"larger payload", 100000, 4, {{12, 1696}}, PEN_PLACE_NEW, 12},
		{"longer than any", 100000, 4, {{0, 1200}}, PEN_PLACE_LENGTH, 13},
	};
	fill_piece();
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		enum pen_place_came came = PEN_PLACE_CAMES;
		open_place(rows[i].bytes, rows[i].size);
		for (unsigned k = 0; k < PEN_COUNT(rows[i].packets); k++) {
			if (rows[i].packets[k].len)
				came = put(rows[i].packets[k].index, rows[i].packets[k].len);
		}
		cr_expect_eq(came, rows[i].came, "%s: %d", rows[i].name, came);
		cr_expect_eq(pen_place_left(&place), rows[i].left, "%s: %u left", rows[i].name,
			pen_place_left(&place));
	}
}

Test(fetch_place, empty_and_foreign)
{
	struct pen_wire_data data = {.type = PEN_WIRE_DATA, .slot = 9, .nonce = NONCE + 1};
	struct pen_slice slice = {.head = (const uint8_t *)&data, .tail = piece, .bytes = 1232};
	fill_piece();
	open_place(3000, 0);
	cr_expect_eq(pen_place_put(&place, &(struct pen_run){&slice, 1}, 0), PEN_PLACE_NONCE);
	data.nonce = NONCE;
	slice.bytes = 32;
	cr_expect_eq(pen_place_put(&place, &(struct pen_run){&slice, 1}, 0), PEN_PLACE_LENGTH);
	cr_expect_eq(memory[0] | memory[1199] | memory[1200], 0, "nothing was written");
}

/* Every size, lengths around its multiples, packets shuffled: the bytes come out as they were. */
Test(fetch_place, puts_pieces_together)
{
	static const uint32_t lengths[] = {
		1, 1199, 1200, 1201, 50000, PEN_BLOCK_BYTES - 1, PEN_BLOCK_BYTES};
	struct pen_rng rng = {2};
	fill_piece();
	for (unsigned i = 0; i < PEN_COUNT(lengths) * PEN_WIRE_SIZES * 2; i++) {
		enum pen_wire_size size = i / 2 % PEN_WIRE_SIZES;
		uint32_t bytes = lengths[i / 2 / PEN_WIRE_SIZES];
		uint32_t packets = pen_wire_packets(bytes, size), order[PEN_RECV_PACKETS_MAX];
		uint32_t payload = pen_wire_size_bytes(size);
		memset(memory, 0, sizeof memory);
		open_place(i % 2 ? bytes : 0, size);
		for (uint32_t k = 0; k < packets; k++) {
			uint32_t at = (uint32_t)pen_rng_below(&rng, k + 1);
			order[k] = order[at];
			order[at] = k;
		}
		for (uint32_t k = 0; k < packets; k++) {
			uint32_t left = bytes - order[k] * payload;
			cr_assert_neq(place.state, PEN_PLACE_WHOLE);
			cr_assert_eq(put(order[k], left < payload ? left : payload), PEN_PLACE_NEW);
			if (k == packets / 2)
				cr_assert(pen_place_opened(&place, bytes, 1));
		}
		cr_assert_eq(place.state, PEN_PLACE_WHOLE, "%u bytes, size %d", bytes, size);
		cr_assert_eq(memcmp(memory, piece, bytes), 0);
		cr_assert_eq(pen_place_left_bytes(&place), 0);
	}
}

Test(fetch_place, is_told_its_length)
{
	static const struct {
		const char *name;
		uint32_t known, index, len, opened; /* len 0: no packet came before */
		bool fine;
		enum pen_place_state state;
	} rows[] = {
		{"new", 0, 0, 0, 3000, true, PEN_PLACE_OPENED},
		{"the same", 3000, 0, 0, 3000, true, PEN_PLACE_OPENED},
		{"another", 3000, 0, 0, 3001, false, PEN_PLACE_ASKED},
		{"as a packet said", 0, 2, 600, 3000, true, PEN_PLACE_OPENED},
		{"not as a packet said", 0, 2, 600, 3001, false, PEN_PLACE_ASKED},
		{"less than came", 0, 2, 1200, 2400, false, PEN_PLACE_ASKED},
		{"within a full packet", 0, 2, 1200, 3599, false, PEN_PLACE_ASKED},
		{"just what came", 0, 0, 1200, 1200, true, PEN_PLACE_WHOLE},
	};
	fill_piece();
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		open_place(rows[i].known, PEN_WIRE_SIZE_1200);
		if (rows[i].len)
			cr_assert_eq(put(rows[i].index, rows[i].len), PEN_PLACE_NEW);
		cr_expect_eq(pen_place_opened(&place, rows[i].opened, 2), rows[i].fine, "%s",
			rows[i].name);
		cr_expect_eq(place.state, rows[i].state, "%s", rows[i].name);
		if (!rows[i].fine)
			continue;
		cr_expect(pen_place_opened(&place, rows[i].opened, 2), "once more");
		cr_expect(!pen_place_opened(&place, rows[i].opened, 3), "of other blocks");
	}
	cr_expect_eq(pen_place_close(&place), &block);
	cr_expect_eq(place.state, PEN_PLACE_FREE);
	cr_expect_eq(pen_place_left(&place), 0);
}

/* A full block may be the first of several: only OPENED tells. */
/* What has come is noted when a PULL leaves, and is nothing at first and of an unknown length. */
Test(fetch_place, notes_what_came_by_a_pull)
{
	static const struct {
		uint32_t bytes, packets, came; /* known; come; noted, less what headers take */
	} rows[] = {{6000, 0, 0}, {6000, 3, 3536}, {6000, 5, 6000}, {0, 3, 0}};
	fill_piece();
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		open_place(rows[i].bytes, PEN_WIRE_SIZE_1200);
		cr_expect_eq(place.came_bytes, 0, "row %zu", i);
		for (uint32_t k = 0; k < rows[i].packets; k++)
			put(k, 1200);
		cr_expect_eq(place.came_bytes, 0, "row %zu", i);
		pen_place_pulled(&place);
		cr_expect_eq(place.came_bytes, rows[i].came, "row %zu: %u", i, place.came_bytes);
	}
}

Test(fetch_place, a_full_block_waits_for_opened)
{
	for (unsigned parted = 0; parted < 2; parted++) {
		fill_piece();
		open_place(0, PEN_WIRE_SIZE_1200);
		place.parted = parted;
		uint32_t packets = pen_wire_packets(PEN_WIRE_PIECE_BYTES_MAX, PEN_WIRE_SIZE_1200);
		for (uint32_t i = 0; i < packets; i++)
			put(i, i + 1 < packets ? 1200 : PEN_WIRE_PIECE_BYTES_MAX % 1200);
		cr_expect_eq(place.state == PEN_PLACE_WHOLE, !parted);
		cr_expect(pen_place_opened(&place, PEN_WIRE_PIECE_BYTES_MAX, 3));
		cr_expect_eq(place.state, PEN_PLACE_WHOLE);
	}
}

/* What was put last is where the first packet goes, and the rest. */
Test(fetch_place, goes_to_a_warm_block)
{
	struct pen_arena arena;
	struct pen_block_pool two;
	struct pen_arena_ask ask = {.bytes = 2 * PEN_BLOCK_BYTES, .node = PEN_NODE_ANY};
	cr_assert_eq(pen_arena_open(&arena, &ask, NULL), 0);
	cr_assert_eq(pen_block_pool_init(&two, &arena, 2), 0);
	fill_piece();
	open_place(2400, PEN_WIRE_SIZE_1200);
	struct pen_block *cold = pen_block_take_cold(&two);
	place.block = cold;
	cr_expect_eq(put(0, 1199), PEN_PLACE_LENGTH);
	cr_expect_eq(place.block, cold, "nothing has come");
	cr_expect_eq(put(1, 1200), PEN_PLACE_NEW);
	struct pen_block *warm = place.block;
	cr_expect_neq(warm, cold);
	cr_expect_eq(put(0, 1200), PEN_PLACE_NEW);
	cr_expect_eq(pen_place_close(&place), warm);
	cr_expect_eq(memcmp(warm->at, piece, 2400), 0);
	pen_block_put(warm);
	cr_expect_eq(two.free, 2);
	pen_block_pool_fini(&two);
	pen_arena_close(&arena);
}

/* A place with a trial of `packets` of `size`. */
static void open_trial(uint32_t bytes, enum pen_wire_size size, uint32_t packets)
{
	fill_piece();
	pen_loss_init(&loss);
	struct pen_recv_view view = {.loss = &loss, .srtt_ns = 1, .timeout_ns = 1};
	struct pen_place_ask ask = {.slot = 9,
		.nonce = NONCE,
		.bytes = bytes,
		.block = &block,
		.trial = {.slot = 8, .nonce = NONCE + 1, .size = size, .packets = packets}};
	if (place.state != PEN_PLACE_FREE)
		pen_place_close(&place);
	pen_place_open(&place, &ask, &view);
}

static enum pen_place_came put_tried(uint32_t index, uint32_t len)
{
	uint8_t tail[8192];
	struct pen_wire_data data = {
		.type = PEN_WIRE_DATA, .slot = 8, .nonce = NONCE + 1, .index = index};
	struct pen_slice slice = {
		.head = (const uint8_t *)&data, .tail = tail, .bytes = (uint16_t)(32 + len)};
	uint64_t from = (uint64_t)index * pen_wire_size_bytes(place.trial.size);
	for (uint32_t i = 0; i < len; i++)
		tail[i] = from + i < sizeof piece ? piece[from + i] : 0;
	return pen_place_put(&place, &(struct pen_run){&slice, 1}, 0);
}

/* All packets of the slot's own size that are missing, in order. */
static unsigned put_missing(void)
{
	unsigned count = 0;
	for (uint32_t i = 0; i < place.recv.packets; i++) {
		uint32_t payload = pen_wire_size_bytes(place.size),
			 left = place.bytes - i * payload;
		if (pen_recv_has(&place.recv, i))
			continue;
		cr_expect_eq(put(i, left < payload ? left : payload), PEN_PLACE_NEW);
		count++;
	}
	return count;
}

/* Whatever of a trial comes stays, the rest comes in the slot's size, and the piece is right. */
Test(fetch_place, a_trial)
{
	static const struct {
		const char *name;
		uint32_t bytes, opened; /* known before; said before packets come, 0: it is not */
		enum pen_wire_size size;
		uint32_t packets, came; /* bits */
		bool behind; /* something behind it came, too */
		enum pen_place_verdict verdict;
		uint32_t own; /* packets in the slot's size that are missing then */
	} rows[] = {
		{"all", 1 << 20, 0, PEN_WIRE_SIZE_8192, 8, 255, false, PEN_PLACE_PASSED, 874 - 54},
		{"half", 1 << 20, 0, PEN_WIRE_SIZE_8192, 8, 0x0f, true, PEN_PLACE_PASSED, 874 - 27},
		{"few", 1 << 20, 0, PEN_WIRE_SIZE_8192, 8, 0x05, true, PEN_PLACE_UNDECIDED,
			874 - 6 - 6},
		{"none", 1 << 20, 0, PEN_WIRE_SIZE_1408, 8, 0, true, PEN_PLACE_FAILED, 874},
		{"nothing", 1 << 20, 0, PEN_WIRE_SIZE_1408, 8, 0, false, PEN_PLACE_UNDECIDED, 874},
		{"small", 9000, 0, PEN_WIRE_SIZE_8192, 1, 1, false, PEN_PLACE_PASSED, 2},
		{"not known", 0, 100000, PEN_WIRE_SIZE_8192, 8, 255, false, PEN_PLACE_PASSED,
			84 - 54},
		{"ends in it", 0, 20000, PEN_WIRE_SIZE_8192, 8, 7, false, PEN_PLACE_PASSED, 0},
		{"ends in it, lost", 0, 20000, PEN_WIRE_SIZE_8192, 8, 4, false, PEN_PLACE_UNDECIDED,
			14},
		{"all of it, lost", 0, 5000, PEN_WIRE_SIZE_1408, 8, 0, false, PEN_PLACE_FAILED, 5},
		{"below one", 0, 8000, PEN_WIRE_SIZE_8192, 8, 1, false, PEN_PLACE_UNDECIDED, 0},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		open_trial(rows[i].bytes, rows[i].size, rows[i].packets);
		if (rows[i].opened)
			cr_expect(pen_place_opened(&place, rows[i].opened, 1));
		uint32_t payload = pen_wire_size_bytes(rows[i].size);
		for (uint32_t j = 0; j < 8; j++) {
			uint32_t left = place.bytes - j * payload;
			if (!(rows[i].came >> j & 1))
				continue;
			cr_expect_eq(put_tried(j, left < payload ? left : payload), PEN_PLACE_NEW,
				"%s %u", rows[i].name, j);
			if (place.state != PEN_PLACE_WHOLE)
				cr_expect_eq(put_tried(j, left < payload ? left : payload),
					PEN_PLACE_DUPLICATE);
		}
		if (rows[i].behind)
			cr_expect_eq(put(500, 1200), PEN_PLACE_NEW);
		cr_expect_eq(pen_place_tried(&place), rows[i].verdict, "%s", rows[i].name);
		pen_place_try_end(&place, 0);
		cr_expect_eq(put_missing() + rows[i].behind, rows[i].own, "%s", rows[i].name);
		cr_expect(pen_place_opened(&place, place.bytes, 1));
		cr_expect_eq(place.state, PEN_PLACE_WHOLE, "%s", rows[i].name);
		cr_expect_arr_eq(memory, piece, place.bytes, "%s", rows[i].name);
	}
}

/* The block is changed for a warm one before anything is in it, and not when a part of what the
 * first packet of the slot's own will be is. */
Test(fetch_place, a_trial_goes_to_a_warm_block)
{
	struct pen_arena arena;
	struct pen_block_pool two;
	struct pen_arena_ask ask = {.bytes = 2 * PEN_BLOCK_BYTES, .node = PEN_NODE_ANY};
	cr_assert_eq(pen_arena_open(&arena, &ask, NULL), 0);
	cr_assert_eq(pen_block_pool_init(&two, &arena, 2), 0);
	open_trial(100000, PEN_WIRE_SIZE_1408, 8);
	struct pen_block *cold = pen_block_take_cold(&two);
	place.block = cold;
	cr_expect_eq(put_tried(1, 1408), PEN_PLACE_NEW);
	struct pen_block *warm = place.block;
	cr_expect_neq(warm, cold);
	cr_expect_eq(place.recv.got, 0, "none of the slot's packets is here with that");
	cr_expect_eq(put(50, 1200), PEN_PLACE_NEW);
	cr_expect_eq(put_tried(0, 1408), PEN_PLACE_NEW);
	cr_expect_eq(put_tried(2, 1408), PEN_PLACE_NEW);
	pen_place_try_end(&place, 0);
	put_missing();
	cr_expect_eq(pen_place_close(&place), warm);
	cr_expect_eq(memcmp(warm->at, piece, 100000), 0);
	pen_block_put(warm);
	cr_expect_eq(two.free, 2);
	pen_block_pool_fini(&two);
	pen_arena_close(&arena);
}

/* OPENED may come after all packets of a small piece. */
Test(fetch_place, a_trial_says_where_a_piece_ends)
{
	open_trial(0, PEN_WIRE_SIZE_1408, 8);
	for (uint32_t i = 0; i < 4; i++)
		cr_expect_eq(put_tried(i, 1408), PEN_PLACE_NEW);
	cr_expect(!pen_place_all_tried(&place), "it may be longer");
	cr_expect_eq(put_tried(3, 265), PEN_PLACE_LENGTH, "more of it came");
	cr_expect_eq(put_tried(4, 265), PEN_PLACE_NEW);
	cr_expect_eq(place.bytes, 4 * 1408 + 265);
	cr_expect_eq(place.state, PEN_PLACE_WHOLE);
	cr_expect(pen_place_all_tried(&place));
	cr_expect(!pen_place_opened(&place, 4 * 1408 + 266, 1));
	cr_expect(pen_place_opened(&place, 4 * 1408 + 265, 1));
	cr_expect_arr_eq(memory, piece, place.bytes);
}

Test(fetch_place, what_is_none_of_a_trial)
{
	open_trial(1 << 20, PEN_WIRE_SIZE_8192, 8);
	cr_expect_eq(put_tried(8, 8192), PEN_PLACE_LENGTH, "beyond it");
	cr_expect_eq(put_tried(0, 8191), PEN_PLACE_LENGTH);
	cr_expect_eq(put_tried(0, 1200), PEN_PLACE_LENGTH);
	place.trial.nonce++;
	cr_expect_eq(put_tried(0, 8192), PEN_PLACE_NONCE);
	cr_expect_eq(place.recv.got, 0);
	cr_expect_eq(pen_place_left(&place), 8 + 874 - 54);
}

/* In another size what came stays, but for packets that came in part. */
Test(fetch_place, another_size)
{
	static const struct {
		enum pen_wire_size from, to;
		uint32_t bytes, first, got; /* got: of those to come, the first so many came */
		uint32_t asked; /* the first that is asked for then */
	} rows[] = {
		{PEN_WIRE_SIZE_8192, PEN_WIRE_SIZE_1200, 1 << 20, 0, 0, 0},
		{PEN_WIRE_SIZE_8192, PEN_WIRE_SIZE_1200, 1 << 20, 0, 100, 682},
		{PEN_WIRE_SIZE_8192, PEN_WIRE_SIZE_1200, 1 << 20, 1, 100, 0},
		{PEN_WIRE_SIZE_1408, PEN_WIRE_SIZE_1200, 100001, 0, 70, 82},
		{PEN_WIRE_SIZE_1200, PEN_WIRE_SIZE_8192, 1 << 20, 0, 100, 14},
		{PEN_WIRE_SIZE_1200, PEN_WIRE_SIZE_1408, 100001, 83, 1, 0},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++) {
		struct pen_recv_view view = {.loss = &loss, .srtt_ns = 1, .timeout_ns = 1};
		uint32_t payload = pen_wire_size_bytes(rows[i].from);
		fill_piece();
		open_place(rows[i].bytes, rows[i].from);
		cr_expect(pen_place_opened(&place, rows[i].bytes, 1));
		for (uint32_t j = rows[i].first; j < rows[i].first + rows[i].got; j++) {
			uint32_t left = rows[i].bytes - j * payload;
			cr_expect_eq(put(j, left < payload ? left : payload), PEN_PLACE_NEW);
		}
		pen_place_resize(&place, rows[i].to, 9, NONCE, &view);
		cr_expect_eq(place.state, PEN_PLACE_ASKED);
		cr_expect_eq(place.recv.first, rows[i].asked, "row %zu: %u", i, place.recv.first);
		cr_expect(pen_place_opened(&place, rows[i].bytes, 1));
		uint32_t want = (rows[i].bytes - rows[i].got * payload) /
			pen_wire_size_bytes(rows[i].to);
		cr_expect_leq(put_missing(), want + 3, "row %zu", i);
		cr_expect_eq(place.state, PEN_PLACE_WHOLE);
		cr_expect_arr_eq(memory, piece, rows[i].bytes, "row %zu", i);
	}
}
