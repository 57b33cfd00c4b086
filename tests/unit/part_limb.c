#include <criterion/criterion.h>

#include "part/limb.h"

static int take(void *context, const struct pen_limb *limb)
{
	struct pen_limb *out = context;
	static uint8_t path[8];
	*out = *limb;
	memcpy(path, limb->path, limb->path_len);
	out->path = path;
	return limb->is_value ? PEN_BATCH_NONE >> 1 : 0;
}

Test(part_limb, comes_with_hash_and_node)
{
	struct pen_limb_queue queue = {0};
	struct pen_batch batch = {0};
	struct pen_limb got = {0};
	static const uint8_t key[] = {0x12, 0x30};
	struct pen_limb_new limb = {
		.limb = {.path_len = 3, .memory_usage = 7}, .key = key, .last = 9};
	uint8_t *room = pen_batch_room(&batch, 5);
	memcpy(room, "abcde", 5);
	limb.waiting = pen_batch_add(&batch, 5, 0);
	cr_assert_eq(pen_limb_queue_push(&queue, &limb), 0);
	cr_assert_eq(pen_batch_run(&batch, NULL, NULL), 0);
	cr_assert_eq(pen_limb_queue_give(&queue, &batch, take, &got), 0);
	cr_expect_eq(memcmp(got.path, "\1\2\11", 3), 0);
	cr_expect_eq(memcmp(got.node.at, "abcde", 5), 0);
	cr_expect(pen_hash_equal(&got.hash, pen_batch_hash(&batch, limb.waiting)));
	/* Given once. */
	got.path_len = 99;
	cr_assert_eq(pen_limb_queue_give(&queue, &batch, take, &got), 0);
	cr_expect_eq(got.path_len, 99);
	pen_batch_fini(&batch);
	pen_limb_queue_fini(&queue);
	pen_limb_queue_fini(NULL);
}

Test(part_limb, holds_what_was_hashed_before)
{
	struct pen_limb_queue queue = {0};
	struct pen_batch batch = {0};
	struct pen_limb got = {0};
	struct pen_limb_new limb = {.limb = {.hash = {{5}}}, .waiting = PEN_BATCH_NONE, .last = -1};
	struct pen_held first;
	cr_assert_eq(
		pen_limb_queue_hold(&queue, (struct pen_bytes){(uint8_t *)"xyz", 3}, &first), 0);
	cr_assert_eq(
		pen_limb_queue_hold(&queue, (struct pen_bytes){(uint8_t *)"node", 4}, &limb.held),
		0);
	cr_assert_eq(pen_limb_queue_push(&queue, &limb), 0);
	cr_assert_eq(pen_limb_queue_give(&queue, &batch, take, &got), 0);
	cr_expect_eq(got.hash.bytes[0], 5);
	cr_expect_eq(got.node.len, 4);
	cr_expect_eq(memcmp(got.node.at, "node", 4), 0);
	limb.limb.is_value = true;
	cr_assert_eq(pen_limb_queue_push(&queue, &limb), 0);
	cr_expect_neq(pen_limb_queue_give(&queue, &batch, take, &got), 0);
	pen_limb_queue_reset(&queue);
	cr_expect_eq(queue.nodes.len, 0);
	pen_limb_queue_fini(&queue);
}
