/* The post against a port that takes as much as it likes. */
#include "fetch/post.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/check.h"

#define TAG (UINT64_C(5) << 32)

static unsigned room; /* frames that the port takes now */
static struct {
	uint64_t tag;
	uint8_t first;
	uint16_t bytes, port;
} taken[2048];
static unsigned taken_count, back; /* tags before that are given back */

static unsigned take(struct pen_net *net, unsigned queue, int64_t now_ns,
	const struct pen_frame *frames, unsigned count)
{
	(void)net, (void)now_ns;
	cr_assert_eq(queue, 3);
	unsigned k = count < room ? count : room;
	room -= k;
	for (unsigned i = 0; i < k; i++) {
		taken[taken_count].tag = frames[i].tag;
		taken[taken_count].first = frames[i].payload[0];
		taken[taken_count].bytes = frames[i].payload_bytes;
		taken[taken_count++].port = frames[i].path->remote_port;
	}
	return k;
}

/* The newest first. */
static unsigned give(struct pen_net *net, unsigned queue, uint64_t *tags, unsigned max)
{
	(void)net;
	cr_assert_eq(queue, 3);
	unsigned count = taken_count - back < max ? taken_count - back : max;
	for (unsigned i = 0; i < count; i++)
		tags[i] = taken[back + count - 1 - i].tag;
	back += count;
	return count;
}

static const struct pen_net_ops ops = {.tx_burst = take, .tx_reap = give};

Test(fetch_post, keeps_order_and_gives_cells_back)
{
	struct pen_net net = {.ops = &ops};
	struct pen_why why;
	struct pen_arena arena;
	struct pen_block_pool pool;
	struct pen_arena_ask ask = {.bytes = 2 * PEN_BLOCK_BYTES, .node = PEN_NODE_ANY};
	static struct pen_post post;
	cr_assert_eq(pen_arena_open(&arena, &ask, &why), 0);
	cr_assert_eq(pen_block_pool_init(&pool, &arena, 1), 0);
	cr_assert_eq(pen_post_open(&post, &pool, TAG, 0), 0);
	unsigned put = 0;
	for (unsigned round = 0; round < 40; round++) {
		for (unsigned i = 0; i < 60; i++) {
			struct pen_wire_packet *packet = pen_post_write(&post);
			if (!packet)
				break;
			cr_assert_eq(pen_post_write(&post), packet, "written again");
			memset(packet, (int)(put & 0xff), 40);
			struct pen_net_path path = {.remote_port = (uint16_t)(put + 1)};
			pen_post_put(&post, 40 + put % 100, &path);
			put++;
		}
		room = round * 3;
		pen_post_flush(&post, &net, 3, 0);
		/* Tags come back late, the newest first. */
		if (round % 3 == 2)
			pen_post_reap(&post, &net, 3);
	}
	cr_expect_gt(post.full, 0, "it was full at times");
	room = UINT16_MAX;
	pen_post_flush(&post, &net, 3, 0);
	cr_expect_eq(taken_count, put, "none was lost");
	cr_expect_eq(post.sent, put);
	for (unsigned k = 0; k < put; k++) {
		cr_assert_eq(taken[k].first, k & 0xff, "in order");
		cr_assert_eq(taken[k].bytes, 40 + k % 100);
		cr_assert_eq(taken[k].port, (uint16_t)(k + 1));
	}
	pen_post_reap(&post, &net, 3);
	cr_expect(!pen_post_reaped(&post, 7), "somebody else's");
	cr_expect_geq(post.cells[0].free + 1, post.cells[0].count);
	pen_post_close(&post);
	pen_post_close(&post);
	cr_expect_eq(pool.free, 1);
	pen_block_pool_fini(&pool);
	pen_arena_close(&arena);
}

/* A device that keeps so many frames leaves room for one more. */
Test(fetch_post, room_beyond_what_lags)
{
	for (uint32_t lag = 0; lag <= 4096; lag += 64) {
		unsigned cells = pen_post_blocks(lag) *
			(unsigned)(PEN_BLOCK_BYTES / PEN_POST_CELL_BYTES);
		cr_assert_gt(cells, lag + PEN_POST_WAITING_MAX, "lag %u", lag);
	}
	cr_expect_eq(pen_post_blocks(0), 1);
	cr_expect_eq(pen_post_blocks(UINT32_MAX / 2), PEN_POST_BLOCKS_MAX);
}
