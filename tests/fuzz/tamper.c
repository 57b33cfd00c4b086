/*
 * A seed makes a state, one of its parts in lean form, and one lie about it or none: in the pairs,
 * in the proof nodes, or in the bytes. The verdict must be right both ways: honest bytes are
 * accepted, and all others refused, but for those that differ in how they are compressed.
 */
#include "fuzz.h"

#include "fakes/liar.h"
#include "part/rebuild.h"

static struct pen_rebuild rebuild;

/* Cut bytes off, or change one of the head and put its checksum right, or of a frame. */
static void tamper(struct pen_buf *told, struct pen_rng *rng)
{
	uint32_t head = pen_le32(told->at + 8);
	switch (pen_rng_below(rng, 3)) {
	case 0: told->len = pen_rng_below(rng, told->len); return;
	case 1:
		told->at[pen_rng_below(rng, head - 8)] ^= (uint8_t)(1u << pen_rng_below(rng, 8));
		fake_part_mend(told, head);
		return;
	default:
		if (told->len > head)
			told->at[head + pen_rng_below(rng, told->len - head)] ^= (uint8_t)(1u
				<< pen_rng_below(rng, 8));
	}
}

/* Frames that are other bytes and the same pairs: a flipped bit that zstd does not look at. */
static bool says_the_same(struct pen_bytes honest, struct pen_bytes told)
{
	struct pen_lean_head a, b;
	struct pen_hash names[2];
	struct pen_buf scratch = {0};
	bool same = false;
	if (pen_lean_decode(honest, &a, NULL) == 0 && pen_lean_decode(told, &b, NULL) == 0) {
		PEN_CHECK(pen_lean_name(&a, honest, &scratch, &names[0]) == 0);
		PEN_CHECK(pen_lean_name(&b, told, &scratch, &names[1]) == 0);
		same = pen_hash_equal(&names[0], &names[1]);
	}
	pen_buf_fini(&scratch);
	return same;
}

static void judge(
	const struct pen_part_id *id, struct pen_bytes honest, struct pen_bytes told, bool keep)
{
	const struct pen_rebuild_limits limits = {.keep = keep};
	struct pen_why why = {0};
	int err = pen_rebuild_check(&rebuild, id, told, &limits, &why);
	if (fuzz_same(honest, told))
		PEN_CHECK(err == 0);
	else if (honest.len != told.len || !says_the_same(honest, told))
		PEN_CHECK(err < 0 && why.text[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len < 18)
		return 0;
	struct pen_rng seed = {pen_le64(data)}, rng = {pen_le64(data + 8)};
	unsigned lie = data[16] % (LIAR_LIES + 4u);
	struct fake_state state;
	struct fake_part part;
	struct pen_part_id id;
	struct pen_buf honest = {0}, told = {0};
	fake_state_random(&state, &seed);
	fake_part_pick(&state, &seed, &id);
	fake_part_open(&part, &state, id.k, id.n);
	fake_part_write(&part, &honest);
	if (lie < LIAR_LIES)
		liar_lie(&part, &state, (enum liar_lie)lie, &rng);
	fake_part_write(&part, &told);
	if (lie > LIAR_LIES)
		tamper(&told, &rng);
	judge(&id, pen_buf_bytes(&honest), pen_buf_bytes(&told), data[17] & 1);
	pen_buf_fini(&honest);
	pen_buf_fini(&told);
	fake_part_fini(&part);
	fake_state_fini(&state);
	return 0;
}
