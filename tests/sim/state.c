/*
 * The lean parts of a small state that follows from a seed, as makers store them who compress at
 * levels of their own: other bytes of the same raw frames. And each part as a liar tells it.
 */
#include <string.h>

#include "base/check.h"
#include "fakes/lean.h"
#include "part/press.h"
#include "sim/object.h"

/* A quarter of the chunks occurred before, so that levels find other matches. */
#define CHUNK_BYTES 64u
/* In every other state one value has up to so many bytes. */
#define LARGE_BYTES_MAX PEN_VALUE_BYTES_MAX
#define SMALL_BITS_MAX 18u
#define KEY_BYTES 6u

static const int levels[OBJECT_MAKERS] = {-5, 1, 9};

/* Chunks that occurred before, here and there in the object's random bytes. */
static void repeat(struct pen_buf *bytes, struct pen_rng *rng)
{
	for (size_t at = CHUNK_BYTES; at + CHUNK_BYTES <= bytes->len; at += CHUNK_BYTES) {
		size_t back = CHUNK_BYTES * (1 + pen_rng_below(rng, at / CHUNK_BYTES));
		if (pen_rng_below(rng, 4) == 0)
			memcpy(bytes->at + at, bytes->at + at - back, CHUNK_BYTES);
	}
}

/* The object's bytes, cut into values under ascending keys. */
static void state_make(struct fake_state *state, const struct pen_buf *bytes, struct pen_rng *rng)
{
	struct pen_buf pairs = {0}, keys = {0};
	uint32_t large = pen_rng_below(rng, 2) ? (uint32_t)pen_rng_below(rng, 8) : UINT32_MAX;
	uint64_t number = 0;
	PEN_CHECK(!pen_buf_reserve(&keys, KEY_BYTES * (bytes->len / 16 + 1)));
	for (size_t at = 0, i = 0; at < bytes->len; i++) {
		size_t len = (size_t)16 << pen_rng_below(rng, SMALL_BITS_MAX - 3);
		len += pen_rng_below(rng, len);
		if (i == large)
			len = 1 + pen_rng_below(rng, LARGE_BYTES_MAX);
		if (len > bytes->len - at)
			len = bytes->len - at;
		number += 1 + pen_rng_below(rng, 1u << 20);
		uint8_t *key = keys.at + keys.len;
		for (unsigned b = 0; b < KEY_BYTES; b++)
			key[b] = (uint8_t)(number >> 8 * (KEY_BYTES - 1 - b));
		keys.len += KEY_BYTES;
		const struct pen_pair pair = {{key, KEY_BYTES}, {bytes->at + at, len}};
		fake_append(&pairs, &pair, sizeof pair);
		at += len;
	}
	fake_state_of(state, fake_pairs(&pairs), fake_pairs_count(&pairs));
	pen_buf_fini(&pairs);
	pen_buf_fini(&keys);
}

static void press(
	struct fake_state *state, const struct fake_part *part, int level, struct pen_buf *out)
{
	struct pen_press press = {0};
	const struct pen_reader reader = fake_state_reader(state);
	out->len = 0;
	PEN_CHECK(!pen_press_open(&press, &part->id, &reader, level, NULL));
	for (size_t i = 0; i < fake_pairs_count(&part->pairs); i++)
		PEN_CHECK(!pen_press_push(&press, &fake_pairs(&part->pairs)[i], NULL, NULL));
	PEN_CHECK(!pen_press_close(&press, out, NULL));
	pen_press_fini(&press);
}

/* Open all frames of a part one behind the other. */
static void frames_open(struct pen_bytes part, struct pen_buf *raw)
{
	struct pen_zstd zstd = {0};
	struct pen_lean_head head;
	PEN_CHECK(!pen_lean_decode(part, &head, NULL));
	PEN_CHECK(!pen_buf_reserve(raw, head.raw_bytes + 1));
	raw->len = 0;
	size_t at = head.bytes;
	for (uint32_t i = 0; i < head.frames; i++) {
		struct pen_lean_frame_place place = pen_lean_frame_place(&head, i);
		struct pen_bytes stored = {part.at + at, place.row.stored_bytes};
		PEN_CHECK(!pen_lean_frame_open(&zstd, &place, stored, raw->at + raw->len, NULL));
		raw->len += place.row.raw_bytes;
		at += place.row.stored_bytes;
	}
	pen_zstd_fini(&zstd);
}

/* The last byte of one frame, of a value, is another: only the proof can tell. A part without any
 * has another proof. */
static void forge(
	struct pen_bytes part, struct pen_bytes raw, struct pen_rng *rng, struct pen_buf *out)
{
	struct pen_zstd zstd = {0};
	struct pen_lean_head head;
	struct pen_buf rows = {0}, body = {0}, frame = {0}, proof = {0};
	PEN_CHECK(!pen_lean_decode(part, &head, NULL));
	fake_append(&proof, head.proof.at, head.proof.len);
	PEN_CHECK(proof.len > 0);
	proof.at[proof.len - 1] ^= head.frames == 0;
	head.proof = pen_buf_bytes(&proof);
	uint32_t wrong = head.frames ? (uint32_t)pen_rng_below(rng, head.frames) : 0;
	for (uint32_t i = 0, at = 0; i < head.frames; i++) {
		struct pen_lean_row row = pen_lean_row(&head, i);
		uint8_t bytes[PEN_LEAN_ROW_BYTES];
		frame.len = 0;
		fake_append(&frame, raw.at + at, row.raw_bytes);
		at += row.raw_bytes;
		frame.at[frame.len - 1] ^= i == wrong;
		PEN_CHECK(!pen_lean_frame_seal(&zstd, pen_buf_bytes(&frame), 1, &body, &row, NULL));
		pen_lean_row_encode(&row, bytes);
		fake_append(&rows, bytes, sizeof bytes);
	}
	head.rows = pen_buf_bytes(&rows);
	out->len = 0;
	PEN_CHECK(!pen_lean_encode(&head, out, NULL));
	fake_append(out, body.at, body.len);
	pen_buf_fini(&rows);
	pen_buf_fini(&body);
	pen_buf_fini(&frame);
	pen_buf_fini(&proof);
	pen_zstd_fini(&zstd);
}

void object_make_part(struct object_part *part, struct fake_state *state, unsigned k, unsigned n,
	struct pen_rng *rng)
{
	struct pen_catalog_file file = {.k = k};
	struct pen_buf scratch = {0};
	struct fake_part apart;
	fake_part_open(&apart, state, k, n);
	for (unsigned i = 0; i < OBJECT_MAKERS; i++)
		press(state, &apart, levels[i], &part->made[i]);
	fake_part_fini(&apart);
	frames_open(pen_buf_bytes(&part->made[0]), &part->raw);
	forge(pen_buf_bytes(&part->made[0]), pen_buf_bytes(&part->raw), rng, &part->forged);
	PEN_CHECK(!pen_catalog_lean(pen_buf_bytes(&part->made[0]), &scratch, &file));
	PEN_CHECK(file.frames < OBJECT_PIECES_MAX);
	memcpy(part->blob, file.blob, sizeof part->blob);
	part->bytes = pen_buf_bytes(&part->raw);
	pen_buf_fini(&scratch);
}

void object_make_lean(struct object *object, const struct plan *plan, struct pen_rng *rng)
{
	struct fake_state state;
	PEN_CHECK(object->n == plan->parts);
	object->own.len = 0;
	fake_append(&object->own, object->bytes.at, object->bytes.len);
	object->bytes = pen_buf_bytes(&object->own);
	repeat(&object->own, rng);
	state_make(&state, &object->own, rng);
	object->root = state.sum.root;
	for (unsigned k = 0; k < object->n; k++)
		object_make_part(&object->parts[k], &state, k, object->n, rng);
	fake_state_fini(&state);
}
